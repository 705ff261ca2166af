"""A scenario goes on through what a draft adds; what becomes of the case otherwise is said, never taken silently."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from service.processes.bundles import Compiled, compile_bundle
from service.rehearsal.scenarios import mending, run_file
from service.rehearsal.scenarios.expecting import Change
from service.rehearsal.scenarios.mending import Mended, Versions
from service.workdays import Calendar
from tests.factories.rehearsals import HOME, calendar, plan, shipped
from tests.factories.versions import FIVE_DAYS, RENAMED, SIGNED, Edits, changed

SHIPPED = {path.name: path.read_bytes() for path in sorted((HOME / "bpmn/request/scenarios").glob("*.yaml"))}
SIGN = ("request", "sign_off")


def dated(_names: Sequence[str]) -> Calendar:
    return calendar()


@cache
def signed() -> Compiled:
    return compile_bundle(changed(SIGNED), "request")


def mended(name: str, new: Compiled, **answers: Any) -> Mended:
    versions = Versions(shipped("request"), new, {SIGN: answers} if answers else {})
    return mending.mend(SHIPPED[name], name, versions, plan(), dated)


def passes(one: Mended, new: Compiled) -> bool:
    assert one.content is not None, one.reason
    return run_file(one.content.encode(), one.file, new, plan(), dated).passed


def told(one: Mended) -> list[tuple[str, str, Any, Any, bool]]:
    return [(each.item, each.label, each.before, each.after, each.named) for each in one.changes]


def test_a_scenario_that_stops_at_a_new_step_takes_it_when_it_comes_and_goes_on() -> None:
    found = mended("plain.yaml", signed())
    assert [(one.task, one.data["signed"]) for one in found.taken] == [(SIGN, "yes")]
    assert told(found) == [
        ("passed", "accept", [], ["sign_off"], True),
        ("due", "sign_off", None, "2026-03-03", True),
    ]
    assert found.plain
    assert passes(found, signed())


def test_every_shipped_scenario_goes_on_through_a_step_more() -> None:
    stopped = [name for name, one in SHIPPED.items() if not run_file(one, name, signed(), plan(), dated).walked]
    assert len(stopped) > 8
    for name in stopped:
        found = mended(name, signed())
        assert (found.reason, found.plain) == ("", True), (name, found.reason, told(found))
        assert passes(found, signed()), name


def test_the_answer_of_the_new_step_is_chosen_once_for_all() -> None:
    found = mended("plain.yaml", signed(), signed="no", sign_note="请补材料")
    assert found.taken[0].data == {"signed": "no", "sign_note": "请补材料"}
    assert mending.choices_of(signed().form_of(*SIGN)) == {"signed": [("yes", "同意"), ("no", "不同意")]}


def test_a_date_that_is_counted_otherwise_is_the_drafts_own_change_and_what_follows_is_not() -> None:
    """With five days the unit is late in the scenario that spares it with seven: that is no matter of course."""
    five = compile_bundle(changed(FIVE_DAYS), "request")
    found = {name: mended(name, five) for name in SHIPPED}
    plain = found["plain.yaml"]
    assert told(plain)[-1] == ("due", "handle/edu", "2026-03-11", "2026-03-09", True)
    others = {one.item for each in found.values() for one in each.changes if not one.named}
    assert others & {"fired", "notices", "late", "passed"}
    assert any(not one.plain for one in found.values())


def test_what_was_expected_and_comes_no_longer_is_a_change() -> None:
    """A unit's own share is expected by ``reply/edu``: renewing kept only what stood in the case's data."""
    text = SHIPPED["plain.yaml"].decode().replace("reply: 已安排", "reply: 已转").encode()
    found = mending.mend(text, "plain.yaml", Versions(shipped("request"), shipped("request")), plan(), dated)
    assert found.changes == (Change("data", "reply/edu", "已安排入学", "已转入学"),)
    assert "reply/edu: 已转入学" in (found.content or "")


def test_a_step_that_is_gone_is_left_out_and_said() -> None:
    renamed = compile_bundle(changed(RENAMED), "request")
    found = mended("plain.yaml", renamed)
    assert (found.dropped, [one.label for one in found.taken]) == (("受理审核",), ["take_in"])
    assert ("passed", "record_need", ["accept"], ["take_in"], True) in told(found)
    assert passes(found, renamed)


def test_what_no_longer_fits_is_said_and_nothing_is_proposed() -> None:
    edits: Edits = {"bpmn/request.bpmn": [("decision == 'accept'", "decision == 'taken'")]}
    files = changed(edits)
    files["forms/accept.json"] = files["forms/accept.json"].replace(b'"accept"', b'"taken"')
    found = mended("plain.yaml", compile_bundle(files, "request"))
    assert found.content is None
    assert "审核意见" in found.reason
