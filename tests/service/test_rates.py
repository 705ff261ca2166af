"""改派率: the rules of a decision table counted from real cases, by replay; who did otherwise, and what was chosen."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from service.studio import rates
from tests.factories.jobs import work_off
from tests.factories.steps import NOT_OURS
from tests.factories.world import OFFICE, World

PERIOD = {"from": "2026-09-01", "to": "2026-12-31"}
FIRST, LAST = date(2026, 9, 1), date(2026, 12, 31)


def hits_of(world: World) -> list[rates.Hit]:
    with world.database.reading() as session:
        return rates.hits(session, world.case, FIRST, LAST, rates.Tables())


def dispatched_as_proposed(world: World, **changes: Any) -> None:
    """A need of schooling in 桂城, dispatched as the rule proposes but for ``changes``."""
    world.accepted()
    proposed = {"lead_unit": "edu", "assisting_units": ["guicheng"], "basis": "competent"}
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), **proposed, **changes})


def test_a_proposal_is_pending_taken_overruled_or_moved(world: World) -> None:
    world.accepted()
    [hit] = hits_of(world)
    assert (hit.decision, hit.rule, hit.decided, hit.changed) == ("dispatch", "rule_01", False, False)

    dispatched_as_proposed(world)
    [hit] = hits_of(world)
    assert (hit.decided, hit.changed) == (True, False)
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-guicheng", "handle", NOT_OURS, unit="guicheng")
    assert not hits_of(world)[0].moved
    world.do(OFFICE, "redispatch")
    [hit] = hits_of(world)
    assert (hit.overruled, hit.moved, hit.changed) == ((), True, True)

    dispatched_as_proposed(world, lead_unit="housing", assisting_units=[])
    [hit] = hits_of(world)
    assert hit.overruled == ("主办单位", "协办单位")
    assert hit.instead[0].startswith("主办单位：区住房城乡建设")
    assert hit.instead[1] == "协办单位：无"
    with world.database.reading() as session:
        assert rates.hits(session, world.case, date(2026, 1, 1), date(2026, 1, 2), rates.Tables()) == []


def test_owners_count_over_a_period_and_get_rates_cases_and_a_sheet(world: World) -> None:
    dispatched_as_proposed(world)
    dispatched_as_proposed(world, lead_unit="housing")
    api = world.api("owner")
    assert world.api(OFFICE).post("/definitions/request/rates", PERIOD).status_code == 403
    assert api.post("/definitions/nothing/rates", PERIOD).status_code == 404
    assert api.post("/definitions/request/rates", {**PERIOD, "to": "2026-08-01"}).status_code == 422
    job = api.post("/definitions/request/rates", PERIOD).json["id"]
    work_off(world)
    told = api.get(f"/jobs/{job}").json
    assert (told["status"], told["done"], told["result"]["unread"]) == ("done", 2, 0), told["message"]
    assert told["result"]["rules"] == {
        "dispatch": {"rule_01": {"hits": 2, "decided": 2, "overruled": 1, "moved": 0, "changed": 1}}
    }
    [item] = api.get(f"/jobs/{job}/items").json["items"]
    assert (item["data"]["instance"], item["data"]["overruled"]) == (str(world.case), ["主办单位"])
    sheet = load_workbook(BytesIO(api.get(f"/rates/{job}/xlsx").data)).active
    assert [cell.value for cell in sheet[2]][1:9] == [1, sheet["C2"].value, 2, 2, 1, 0, 1, "50%"]
