"""联络员小结: summaries by liaison, unit and period, and who may read it (T5)."""

from __future__ import annotations

import re

from service import clock, people
from service.demonstration.organization import derived
from service.rights import SYSTEM
from tests.factories.contact_pages import LIAISON, record
from tests.factories.exports import exported_rows
from tests.factories.visitor import Visitor
from tests.factories.world import World

HRSS, SECRET = "liaison-hrss", "近期情绪低落"


def ids(page: str, name: str) -> dict[str, str]:
    """The choices of a box: words and values."""
    [box] = re.findall(rf'<select [^>]*name="{name}">(.*?)</select>', page, re.DOTALL)
    return {text: value for value, text in re.findall(r'value="([^"]+)"[^>]*>([^<]+)<', box)}


def test_contacts_that_a_liaison_entered_are_read_by_liaison_unit_and_period(world: World) -> None:
    contact = record(world, restricted=SECRET)
    mine = Visitor(world, LIAISON).get("/summaries").text
    assert "走访了解近况" in mine
    assert f'href="/contacts/{contact}"' in mine
    assert SECRET not in mine
    office = Visitor(world, "office")
    page = office.get("/summaries").text
    assert "走访了解近况" in page
    assert len(ids(page, "liaison")) > 1
    person = ids(mine, "liaison")
    assert len(person) == 1
    assert "走访了解近况" in office.get("/summaries", liaison=next(iter(person.values()))).text
    other = next(value for name, value in ids(page, "liaison").items() if name not in person)
    assert "没有符合条件的小结" in office.get("/summaries", liaison=other).text
    assert "没有符合条件的小结" in office.get("/summaries", liaison="nobody").text
    assert "走访了解近况" in office.get("/summaries", unit="district_office", since="2026-09-01").text
    assert "没有符合条件的小结" in office.get("/summaries", unit="hrss").text
    assert "没有符合条件的小结" in office.get("/summaries", since="2027-01-01").text
    [row] = exported_rows(office, "/summaries.xlsx")
    assert "走访了解近况" in str(row[7].value)
    told = world.api("office").get("/summaries?unit=district_office").json
    assert [(one["id"], one["kind"]) for one in told["items"]] == [(str(contact), "contact")]
    assert world.api("office").get("/summaries?kind=other").status_code == 422
    for reader in (HRSS, "handler-edu", "admin"):
        assert "走访了解近况" not in Visitor(world, reader).get("/summaries").text
        assert world.api(reader).get("/summaries").json["total"] == 0


def as_office(world: World) -> None:
    """The Talent Office enters a contact itself."""
    answer = Visitor(world, "office").post(
        "/contacts",
        leader_id=str(derived("leader", "leader")),
        talent=["T0001"],
        form="visit",
        held_on="2026-09-15",
        topic=["3"],
        summary="走访了解近况",
    )
    assert answer.status_code == 200, answer.text


def test_a_contact_that_somebody_else_entered_is_no_summary_of_a_liaison(world: World) -> None:
    as_office(world)
    assert "走访了解近况" in Visitor(world, "office").get("/contacts").text
    assert "还没有小结" in Visitor(world, "office").get("/summaries").text


def test_the_head_of_the_unit_reads_its_liaisons_summaries_but_no_record_of_others(world: World) -> None:
    contact = record(world)
    head = "handler-edu"
    with world.transaction() as session:
        person = world.actor(head).person_id
        assert person is not None
        people.name_head(session, unit_code="district_office", person_id=person, actor=SYSTEM, now=clock.now())
    page = Visitor(world, head).get("/summaries").text
    assert "走访了解近况" in page
    assert f"/contacts/{contact}" not in page
    assert Visitor(world, head).get(f"/contacts/{contact}").status_code == 404


def test_needs_that_a_liaison_registered_tell_what_the_talent_was_told(world: World) -> None:
    world.recorded(title="子女小学转学学位", description="希望协调子女转学")
    page = Visitor(world, HRSS).get("/summaries", kind="need").text
    assert "子女小学转学学位" in page
    assert "尚未反馈办理结果" in page
    assert "子女小学转学学位" in Visitor(world, "office").get("/summaries", kind="need", unit="hrss").text
    assert "没有符合条件的小结" in Visitor(world, LIAISON).get("/summaries", kind="need").text
    world.do("office", "accept")
    world.do("office", "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": []})
    world.do("office", "feedback_accepted")
    world.do("handler-edu", "handle")
    world.do("office", "review_reply")
    world.do("office", "feedback_result", {**world.sample("feedback_result"), "content": "学位已落实"})
    page = Visitor(world, HRSS).get("/summaries", kind="need").text
    assert "学位已落实" in page
    assert "尚未反馈办理结果" not in page
    assert world.api(HRSS).get("/summaries?kind=need").json["items"][0]["text"] == "学位已落实"
    assert "没有符合条件的小结" in Visitor(world, "office").get("/summaries", kind="need", until="2020-01-01").text


def test_staff_find_the_page_where_they_look(world: World) -> None:
    for page in ("/", "/contacts"):
        assert 'href="/summaries"' in Visitor(world, LIAISON).get(page).text
