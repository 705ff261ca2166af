"""Workbooks read back, and records whose texts a spreadsheet could take for formulas."""

from __future__ import annotations

from io import BytesIO

from openpyxl import load_workbook
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from service import clock, liaisons, talents
from service.demonstration.organization import derived
from service.rights import SYSTEM
from service.talents import Talent
from service.web import exports
from tests.factories import serving
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, World

SECRET = "近期情绪低落，家中老人住院"


FORMULA = '=HYPERLINK("http://example.org","点我")'


LEADER = derived("leader", "leader")


def fill(world: World) -> None:
    """Three of everything, some of it beginning like a formula."""
    office, keeper = Visitor(world, "office"), Visitor(world, "liaison-district_office")
    world.dispatched(title=FORMULA, talent_id="T0002")
    cases = [world.case, world.recorded(title="住房", talent_id="T0003"), world.accepted()]
    for case in cases:
        assert Visitor(world, LIAISON).post(f"/cases/{case}/copy", to=["office"]).status_code == 200
    with world.transaction() as session:
        whose = serving.leader_b(session)
        serving.service_team(session, whose)
        served = [session.get_one(Talent, talent_id) for talent_id in ("T0001", "T0002", "T0003")]
        links = [serving.link(session, whose, talent) for talent in served]
        for scope, lines in (
            ("A", liaisons.search_links(session, liaisons.LinkFilter(klass="A")).items),
            ("hrss", links),
        ):
            items = [
                {"leader_id": one.leader_id, "talent_id": one.talent_id, "reason": one.reason, "note": FORMULA}
                for one in lines
            ]
            liaisons.draft_roster(session, scope=scope, items=items, actor=SYSTEM, now=clock.now())
        for name, lead in (("新材料团队", "T0001"), ("芯片团队", "T0002"), ("医学团队", "T0003")):
            talents.add_team(session, name=name, lead_id=lead, fields=FORMULA, actor=SYSTEM, now=clock.now())
    for number, unit in enumerate(("hrss", "sci", "district_office"), 1):
        day, name = f"2026-09-0{number}", f"{FORMULA} {number}"
        contact = {"leader_id": str(LEADER), "talent": ["T0001"], "form": "visit", "topic": ["4"], "held_on": day}
        said = {"summary": name, "opinion_0": name, "restricted": SECRET}
        activity = {"name": name, "kind": "symposium", "held_on": day, "unit": "hrss", "talent": ["T0001", "T0002"]}
        matter = {"unit": "hrss", "talent": "T0001", "title": name, "description": name, "raised_on": day}
        for answer in (
            keeper.post("/contacts", **contact, **said),
            office.post("/activities", **activity),
            office.post("/matters", **matter),
            office.post("/reports", unit=unit, year="2026", half="2" if number == 1 else "1"),
            office.post("/briefs", year="2026", month=str(number + 5)),
        ):
            assert answer.status_code == 200, answer.text


def exported_rows(visitor: Visitor, address: str) -> list[tuple[Cell, ...]]:
    """The rows below the heading."""
    answer = visitor.get(address)
    assert (answer.status_code, answer.mimetype) == (200, exports.XLSX), answer.text
    assert ".xlsx" in answer.headers["Content-Disposition"]
    sheet = load_workbook(BytesIO(answer.data)).active
    assert isinstance(sheet, Worksheet)
    heading, *rows = sheet.iter_rows()
    assert all(cell.value for cell in heading)
    return rows  # type: ignore[return-value]  # none of the cells is merged
