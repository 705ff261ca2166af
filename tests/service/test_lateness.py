"""Lateness as of a day, trap by trap: who is late, since when, and what later days must not change of it."""

from __future__ import annotations

from datetime import date, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Boolean, Column, MetaData, Table, insert, select, text
from sqlalchemy.orm import Session

from service.clock import SHANGHAI
from service.db import Database, migrate
from service.demonstration.organization import derived
from service.history.models import HistoryEvent
from service.ledger.counts import leader_answers, leader_needs, need_counts, unit_answers
from service.processes import backfill, commands, halting, lateness, operations
from service.processes.models import ClockRun, Instance, UserTask
from service.processes.moves import RECOUNT
from service.reports import Brief
from service.reports.papers import brief_paper
from service.reports.rules import brief_text
from service.rights import SYSTEM
from service.usecases.calendars import add_notices
from tests.factories.steps import instance
from tests.factories.versions import FIVE_DAYS, Edits, move, version
from tests.factories.workers import mismatches
from tests.factories.world import CONFIG, OFFICE, World

SINCE = date(2026, 9, 1)
DUE = date(2026, 9, 24)
"""Seven working days after the dispatch of 16 September."""

migration = import_module("service.db.migrations.versions.0014_clock_runs")
suspended = import_module("service.db.migrations.versions.0141_suspended_stay_asked")
moved = import_module("service.db.migrations.versions.0147_moved_stay_late")


def on(day: int, month: int = 9) -> date:
    return date(2026, month, day)


def go(world: World, day: int, month: int = 9, hour: int = 10) -> None:
    """It is that day; no timer fires meanwhile."""
    world.clock.set(datetime(2026, month, day, hour, tzinfo=SHANGHAI))


def standing(world: World, day: date) -> lateness.Standing:
    with world.database.reading() as session:
        return lateness.standings(session, [world.case], day).get(world.case, lateness.IN_TIME)


def lates(world: World, *days: date, steps: bool = False) -> list[bool]:
    """Whether the case is late as of each day: by the condition, which must say what the case's own standing says."""
    found = []
    for day in days:
        with world.database.reading() as session:
            late = world.case in session.scalars(lateness.late_cases(day, steps=steps)).all()
        one = standing(world, day)
        assert late == (one.late_steps if steps else one.late), day
        found.append(late)
    return found


def answers(world: World, until: date) -> dict[str, tuple[int, int]]:
    with world.database.reading() as session:
        return unit_answers(session, starts_on=SINCE, ends_on=until)


def act(world: World, user: str, operation: Any, **told: Any) -> None:
    with world.transaction() as session:
        operation(session, actor=world.actor(user), now=world.clock.now, **told)


@pytest.fixture
def handled(world: World) -> World:
    """A need that waits for edu's answer until 24 September; the talent has been told."""
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    assert world.task("handle").due_on == DUE
    return world


def test_a_brief_says_how_many_needs_are_late_in_both_ways(world: World) -> None:
    """The two figures overlap: whoever adds them up would count such a need twice."""
    world.dispatched("edu")  # nobody tells the talent, nobody answers
    world.dispatched("edu")
    world.do("handler-edu", "handle")
    go(world, 28)
    with world.database.reading() as session:
        needs = leader_needs(session, leader_id=derived("leader", "leader"), starts_on=SINCE, ends_on=on(30))
    facts = {"leader": "某", "talents": [], "contacts": [], "opinions": [], "interviews": [], "needs": needs}
    said = "其中曾超期 1 件（仍未答复 1 件），其他环节超过本系统默认时限 2 件（其中 1 件责任单位也曾超期）"
    assert said in brief_text(facts)


@pytest.mark.parametrize(
    ("status", "late", "told"),
    [
        ("办理", True, "办理（曾超期）"),
        ("办理（待上会）", True, "办理（待上会、曾超期）"),
        ("办理（待上会）", False, "办理（待上会）"),
    ],
)
def test_a_printed_brief_says_in_one_bracket_how_a_need_stands(status: str, late: bool, told: str) -> None:
    need = {"number": "2026-需-0001", "title": "子女入学", "talent": "某", "status": status, "late": late}
    facts = {"leader": "某", "post": "某", "starts_on": "2026-09-01", "ends_on": "2026-09-30", "talents": []}
    facts |= {"contacts": [], "opinions": [], "interviews": [], "needs": {"total": 1, "items": [need]}}
    made = brief_paper(Brief(year=2026, month=9, facts=facts, text=""))
    assert made["needs"][0]["status"] == told


# --- Who does not answer ---------------------------------------------------------------------------------------------


def test_who_has_not_answered_is_late_in_every_figure(handled: World) -> None:
    go(handled, 28)
    assert lates(handled, on(23), DUE, on(25), on(28)) == [False, False, True, True]
    assert standing(handled, on(28)) == lateness.Standing(late=True, overdue=True)
    leader, own = UUID(handled.leader_id), derived("leader", "leader")
    with handled.database.reading() as session:
        counts = need_counts(session, unit="hrss", starts_on=SINCE, ends_on=on(30))
        brief = leader_needs(session, leader_id=own, starts_on=SINCE, ends_on=on(30))
        assert leader_answers(session, starts_on=SINCE, ends_on=on(30)) == {str(leader): (1, 0)}
        assert lateness.unit_work(session, on(28)) == [lateness.Work("edu", 1, 1)]
    assert (counts["on"], counts["late"], counts["late_steps"]) == ("2026-09-28", 1, 0)
    assert (brief["late"], brief["overdue"], brief["items"][0]["overdue"]) == (1, 1, True)
    facts = {"leader": "某", "talents": [], "contacts": [], "opinions": [], "interviews": [], "needs": brief}
    assert "其中曾超期 1 件（仍未答复 1 件）" in brief_text(facts)
    assert answers(handled, on(30)) == {"edu": (1, 0)}
    assert handled.api(OFFICE).get(f"/instances/{handled.case}").json["late"] is True


def test_a_day_off_past_the_due_date_is_late(handled: World) -> None:
    go(handled, 25)  # the Mid-Autumn holiday
    assert lates(handled, on(24), on(25)) == [False, True]


def test_a_late_answer_stays_late_and_a_timely_one_is_timely_for_good(handled: World) -> None:
    go(handled, 28)
    handled.do("handler-edu", "handle")
    assert lates(handled, DUE, on(25), on(27), on(28), on(30)) == [False, True, True, True, True]
    assert answers(handled, on(28)) == {"edu": (1, 0)}
    go(handled, 16)
    handled.dispatched("sci")
    go(handled, 24)
    handled.do("handler-sci", "handle")
    assert lates(handled, on(24), on(30)) == [False, False]
    assert answers(handled, on(24))["sci"] == (1, 1)


def test_the_offices_own_steps_are_told_apart(world: World) -> None:
    world.recorded()
    go(world, 18)
    world.do(OFFICE, "accept")  # due on the 17th
    assert lates(world, on(17), on(18), steps=True) == [False, True]
    assert lates(world, on(18)) == [False]
    api = world.api(OFFICE)
    [row] = api.get("/requests").json["items"]
    assert (row["late"], row["late_steps"]) == (False, True)
    assert api.get("/requests", late="true").json["total"] == 0
    assert api.get("/requests", late_steps="true").json["total"] == 1


# --- What is no answer -----------------------------------------------------------------------------------------------


def test_a_hand_back_in_time_is_no_answer_and_asks_for_none(handled: World) -> None:
    go(handled, 17)
    handled.do("handler-edu", "handle", {"result": "not_ours", "reason": "不归本单位管"})
    assert answers(handled, on(17)) == {}
    handled.do(OFFICE, "redispatch")
    go(handled, 30)
    assert lates(handled, on(24), on(28), on(30)) == [False, False, True]  # housing's own seven days end on the 28th
    assert answers(handled, on(30)) == {"housing": (1, 0)}


def test_a_late_hand_back_does_not_undo_the_lateness(handled: World) -> None:
    go(handled, 28)
    handled.do("handler-edu", "handle", {"result": "not_ours", "reason": "不归本单位管"})
    handled.do(OFFICE, "redispatch")
    handled.do("handler-housing", "handle")
    assert standing(handled, on(28)) == lateness.Standing(late=True)
    assert answers(handled, on(28)) == {"edu": (1, 0), "housing": (1, 1)}


def test_a_round_that_is_done_again_has_its_own_clock(handled: World) -> None:
    go(handled, 28)
    handled.do("handler-edu", "handle")
    handled.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
    handled.do("handler-edu", "handle")
    assert answers(handled, on(28)) == {"edu": (2, 1)}
    assert lates(handled, on(24), on(28)) == [False, True]


def test_an_agreed_later_date_counts_from_its_agreement(handled: World) -> None:
    go(handled, 22)
    handled.do(
        "handler-edu", "handle",
        {"result": "interim", "reason": "需分步解决", "progress": "已联系学校",
         "next_date": "2026-10-20"},
    )  # fmt: skip
    handled.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-20"})
    go(handled, 22, 10)
    assert lates(handled, on(25), on(20, 10), on(21, 10)) == [False, False, True]
    assert answers(handled, on(20, 10)) == {"edu": (1, 1)}
    assert answers(handled, on(22, 10)) == {"edu": (2, 1)}
    with handled.database.reading() as session:
        runs = session.scalars(select(ClockRun.due_on).where(lateness.by_unit()).order_by(ClockRun.id)).all()
    assert runs == [DUE, on(20, 10)]


# --- Clocks that stand -----------------------------------------------------------------------------------------------


def test_nobody_becomes_late_while_the_case_is_suspended(handled: World) -> None:
    go(handled, 23)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    go(handled, 9, 10)
    assert lates(handled, on(25), on(26), on(30), on(9, 10)) == [False] * 4
    assert handled.api(OFFICE).get("/requests", late="true").json["total"] == 0
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    assert lates(handled, on(25), on(30), on(8, 10), on(9, 10)) == [False, False, False, True]
    assert mismatches(handled) == []


@pytest.mark.parametrize("due", [halting.SHIFT, halting.KEEP])
def test_who_was_late_before_a_suspension_stays_late(handled: World, due: str) -> None:
    go(handled, 28)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国", due=due)
    go(handled, 9, 10)
    assert lates(handled, DUE, on(25), on(28), on(30), on(9, 10)) == [False, True, True, True, True]
    # nobody owes an answer now: it stood still, and was late before
    assert standing(handled, on(9, 10)) == lateness.Standing(late=True)
    assert standing(handled, on(25)) == lateness.Standing(late=True, overdue=True)
    assert handled.api(OFFICE).get("/requests", late="true").json["total"] == 1
    assert answers(handled, on(30)) == {"edu": (1, 0)}
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    assert lates(handled, on(28), on(9, 10)) == [True, True]
    go(handled, 12, 10)
    handled.do("handler-edu", "handle")
    assert standing(handled, on(12, 10)) == lateness.Standing(late=True)
    assert answers(handled, on(12, 10)) == {"edu": (1, 0)}
    assert mismatches(handled) == []


def test_who_was_late_by_days_off_alone_stays_late_when_its_date_is_put_off(handled: World) -> None:
    go(handled, 26)  # a Saturday after a holiday: no working day has passed since the 24th
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国", due=halting.SHIFT)
    go(handled, 9, 10)
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    assert handled.task("handle").due_on == on(9, 10)
    assert lates(handled, DUE, on(25), on(30), on(9, 10)) == [False, True, True, True]
    assert standing(handled, on(9, 10)) == lateness.Standing(late=True)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国", due=halting.SHIFT)
    go(handled, 12, 10)
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    assert lates(handled, on(10, 10), on(12, 10)) == [True, True]
    handled.do("handler-edu", "handle")
    assert answers(handled, on(12, 10)) == {"edu": (2, 1)}  # by its first date and by the one put off, as an extension
    assert mismatches(handled) == []


LONGER: Edits = {"bpmn/unit_handling.bpmn": [("else working_days(7)", "else working_days(20)")]}
_FORM = 'name="form" value="handle" />'
WAITING: Edits = {
    "bpmn/unit_handling.bpmn": [(_FORM, f'{_FORM}<spiffworkflow:property name="clock" value="paused" />')],
}


@pytest.mark.parametrize("edits", [LONGER, WAITING])
@pytest.mark.parametrize("halted", [False, True])
def test_who_was_late_before_another_version_gave_a_later_date_stays_late(
    handled: World, edits: Edits, halted: bool
) -> None:
    go(handled, 28)
    if halted:
        act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
        go(handled, 29)
    move(handled, version(handled, edits), due=RECOUNT)
    assert edits is WAITING or handled.task("handle").due_on > on(10, 10)
    assert mismatches(handled) == []
    assert lates(handled, DUE, on(25), on(28), on(29)) == [False, True, True, True]
    assert standing(handled, on(30)) == lateness.Standing(late=True)
    if halted:
        act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
        assert mismatches(handled) == []
    go(handled, 30)
    handled.do("handler-edu", "handle")
    assert lates(handled, on(28), on(30)) == [True, True]
    asked, in_time = answers(handled, on(30))["edu"]
    assert asked - in_time == 1
    assert mismatches(handled) == []


def test_another_version_counts_a_lateness_once_and_makes_none_of_a_date_that_had_not_passed(handled: World) -> None:
    first = instance(handled).version
    five = version(handled, FIVE_DAYS)
    go(handled, 21)
    move(handled, five, due=RECOUNT)
    move(handled, first, due=RECOUNT)
    assert lates(handled, on(21), DUE, on(25)) == [False, False, True]
    go(handled, 28)
    move(handled, five, due=RECOUNT)
    assert standing(handled, on(28)) == lateness.Standing(late=True, overdue=True)
    assert answers(handled, on(28)) == {"edu": (1, 0)}
    assert mismatches(handled) == []


def test_an_upgrade_makes_clocks_anew_that_another_version_had_ended(handled: World) -> None:
    go(handled, 28)
    move(handled, version(handled, LONGER), due=RECOUNT)
    with handled.transaction() as session:
        must = _rows(session)
        # as the clocks were kept before: from the new date on they counted no more
        session.execute(text("UPDATE clock_run SET void_on = until_on WHERE ended = 'moved'"))
    assert lates(handled, on(28)) == [False]
    assert mismatches(handled) != []
    with handled.transaction() as session:
        session.execute(text(moved.EMPTIED))
        assert backfill.fill_spans(session) == 1
        assert _rows(session) == must
    assert lates(handled, on(28)) == [True]
    assert mismatches(handled) == []


def test_papers_tell_what_stands_still_apart_from_what_goes_on(handled: World) -> None:
    def told(day: date) -> tuple[int, int, str]:
        leader = derived("leader", "leader")
        with handled.database.reading() as session:
            counts = need_counts(session, unit=None, starts_on=SINCE, ends_on=day)["outcomes"]
            brief = leader_needs(session, leader_id=leader, starts_on=SINCE, ends_on=day)
        assert {name: number for name, number in brief["outcomes"].items() if number} == {
            name: number for name, number in counts.items() if number
        }
        return counts["running"], counts["suspended"], brief["items"][0]["status"]

    go(handled, 21)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    go(handled, 22)
    assert told(on(20)) == (1, 0, "办理")
    assert told(on(21)) == (0, 1, "办理（已挂起）")
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    assert told(on(22)) == (1, 0, "办理")


def test_a_late_case_that_ends_while_suspended_was_late(handled: World) -> None:
    go(handled, 28)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    go(handled, 29)
    act(handled, OFFICE, commands.terminate, instance_id=handled.case, reason="本人放弃")
    go(handled, 30)
    assert lates(handled, on(27), on(28), on(29), on(30)) == [True] * 4
    assert answers(handled, on(30)) == {"edu": (1, 0)}
    assert mismatches(handled) == []


def test_a_notice_that_is_loaded_while_a_case_is_suspended_counts_its_lateness_anew(handled: World) -> None:
    go(handled, 26)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    go(handled, 27)
    with handled.transaction() as session:
        add_notices(session, content=NOTICE.encode(), name="n.toml", config=CONFIG, actor=SYSTEM, now=handled.clock.now)
    assert handled.task("handle").due_on == on(29)
    assert lates(handled, on(26), on(27), on(30)) == [True, False, False]
    assert mismatches(handled) == []
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    go(handled, 30)
    assert lates(handled, on(26), on(27), on(30)) == [True, False, True]
    assert mismatches(handled) == []


def test_a_case_that_ends_takes_no_lateness_with_it(handled: World) -> None:
    go(handled, 28)
    act(handled, OFFICE, commands.terminate, instance_id=handled.case, reason="本人放弃")
    go(handled, 30)
    assert standing(handled, on(30)) == lateness.Standing(late=True)
    assert answers(handled, on(30)) == {"edu": (1, 0)}


def test_a_case_that_ends_while_suspended_was_not_late(handled: World) -> None:
    go(handled, 21)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    go(handled, 28)
    act(handled, OFFICE, commands.terminate, instance_id=handled.case, reason="本人放弃")
    assert lates(handled, on(25), on(28)) == [False, False]
    assert answers(handled, on(28)) == {}
    assert mismatches(handled) == []


def test_waiting_for_a_meeting_has_no_clock(handled: World) -> None:
    handled.do("handler-edu", "handle")
    handled.do(OFFICE, "review_reply", {"decision": "refer", "comment": "需上会"})
    handled.do(OFFICE, "assess")
    go(handled, 18)
    handled.do(OFFICE, "submit_topic")
    go(handled, 30, 11)
    assert handled.open_steps() == [("record_decision", None)]
    assert lates(handled, on(30, 11)) == lates(handled, on(30, 11), steps=True) == [False]
    with handled.database.reading() as session:
        own = {"leader_id": derived("leader", "leader"), "starts_on": SINCE}
        briefs = [leader_needs(session, ends_on=day, **own) for day in (on(16), on(30), on(30, 11))]
    assert [brief["items"][0]["status"] for brief in briefs] == ["办理", "办理（待上会）", "办理（待上会）"]


# --- What was known on the day ---------------------------------------------------------------------------------------


def test_an_answer_that_is_taken_back_was_an_answer_until_then(handled: World) -> None:
    go(handled, 22)
    handled.do("handler-edu", "handle")
    go(handled, 28)
    act(handled, "handler-edu", operations.take_back, task_id=handled.done("handle").id, reason="附件传错")
    assert lates(handled, on(22), on(25), on(27), on(28)) == [False, False, False, True]
    assert answers(handled, on(27)) == {"edu": (1, 1)}
    assert answers(handled, on(28)) == {"edu": (1, 0)}
    go(handled, 29)
    handled.do("handler-edu", "handle")
    assert lates(handled, on(27), on(28), on(29)) == [False, True, True]
    assert answers(handled, on(29)) == {"edu": (1, 0)}
    assert mismatches(handled) == []


def test_who_was_late_when_the_dispatch_is_taken_back_stays_late(world: World) -> None:
    world.dispatched("edu")
    go(world, 28)
    act(world, OFFICE, operations.take_back, task_id=world.done("dispatch").id, reason="派错单位")
    assert lates(world, on(24), on(25), on(27), on(28)) == [False, True, True, True]
    assert (standing(world, on(28)).late, standing(world, on(28)).overdue) == (True, False)
    assert answers(world, on(28)) == {"edu": (1, 0)}
    # dispatched again, answered in time and taken back, the unit is late by its first time alone
    world.do(OFFICE, "dispatch")
    world.do("handler-edu", "handle")
    act(world, "handler-edu", operations.take_back, task_id=world.done("handle").id, reason="附件传错")
    assert standing(world, on(28)).late
    assert not standing(world, on(28)).overdue
    world.do("handler-edu", "handle")
    assert answers(world, on(28)) == {"edu": (2, 1)}
    assert mismatches(world) == []


def test_who_was_asked_by_a_dispatch_that_is_taken_back_in_time_was_not_asked(world: World) -> None:
    world.dispatched("edu")
    go(world, 23)
    act(world, OFFICE, operations.take_back, task_id=world.done("dispatch").id, reason="派错单位")
    go(world, 28)
    assert lates(world, on(23), on(25), on(28)) == [False] * 3
    assert answers(world, on(28)) == {}
    assert mismatches(world) == []


NOTICE = """
[[closures]]
from = 2026-09-21
to = 2026-09-22
reason = "台风停工"
number = "南府通〔2026〕8号"
"""


def test_a_date_that_a_notice_moves_later_counted_on_the_days_before(handled: World) -> None:
    go(handled, 26)
    with handled.transaction() as session:
        add_notices(session, content=NOTICE.encode(), name="n.toml", config=CONFIG, actor=SYSTEM, now=handled.clock.now)
    assert handled.task("handle").due_on == on(29)
    go(handled, 30)
    assert lates(handled, DUE, on(25), on(26), on(29), on(30)) == [False, True, False, False, True]
    assert answers(handled, on(25)) == {"edu": (1, 0)}
    assert answers(handled, on(29)) == {}
    assert mismatches(handled) == []


# --- Lists that are asked for a day ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"as_of": "2026-13-01"}, "as_of"),
        ({"as_of": "gestern"}, "as_of"),
        ({"as_of": "2026-09-30"}, "as_of"),
    ],
)
def test_a_bad_day_is_named(world: World, query: dict[str, str], field: str) -> None:
    answer = world.api(OFFICE).get("/requests", **query)
    assert answer.status_code == 422
    assert [one["path"].strip("/").split("/")[-1] for one in answer.json["errors"]] == [field]
    if field != "status":
        page = world.as_user(OFFICE).get("/ledger", query_string=query)
        assert page.status_code == 422


def test_the_ledger_of_a_past_day_shows_the_cases_as_they_stood(handled: World) -> None:
    first = str(handled.case)
    go(handled, 28)
    handled.do("handler-edu", "handle")
    handled.do(OFFICE, "review_reply")
    handled.do(OFFICE, "feedback_result")
    handled.recorded(title="人才公寓续租")
    api = handled.api(OFFICE)
    [row] = api.get("/requests", as_of="2026-09-25").json["items"]
    assert (row["id"], row["status"], row["stage"], row["ended_at"]) == (first, "running", "handling", None)
    assert (row["light"], row["due_on"], row["units"], row["late"]) == ("red", "2026-09-24", ["edu"], True)
    assert api.get("/requests", as_of="2026-09-25", status="completed").json["total"] == 0
    assert api.get("/requests", as_of="2026-09-25", status="running").json["total"] == 1
    now = {one["id"]: one for one in api.get("/requests", as_of="2026-09-28").json["items"]}
    assert (len(now), now[first]["status"], now[first]["late"]) == (2, "completed", True)


# --- Clocks of what began before ------------------------------------------------------------------------------------


def _rows(session: Session) -> list[Any]:
    columns = [column for column in ClockRun.__table__.columns if column.name != "id"]
    return sorted(map(str, session.execute(select(*columns)).all()))


_LATER = {"kept", "lying", "about_id", "person_key", "first_due_on", "asked_due_on", "round"}
"""Columns that were not there yet."""


def _then(model: type[Any]) -> list[Any]:
    return [column for column in model.__table__.columns if column.name not in _LATER]


def _table_then(model: type[Any]) -> Table:
    table: Table = model.__table__.to_metadata(MetaData())
    for later in _LATER & set(table.columns.keys()):
        table._columns.remove(table.columns[later])
    return table


def test_cases_that_began_before_get_their_clocks_from_the_journal(handled: World, empty_database: Database) -> None:
    go(handled, 22)
    handled.do("handler-edu", "handle")
    go(handled, 23)
    act(handled, "handler-edu", operations.take_back, task_id=handled.done("handle").id, reason="附件传错")
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    act(handled, OFFICE, halting.resume, instance_id=handled.case, reason="")
    handled.dispatched("sci", "guicheng")
    with handled.database.reading() as session:
        told = _rows(session)
        kept = {
            model: [dict(row) for row in session.execute(select(*_then(model))).mappings()]
            for model in (Instance, UserTask, HistoryEvent)
        }
    assert len(told) > 8
    migrate.upgrade(empty_database, migration.down_revision)
    before = _table_then(Instance)
    before.append_column(Column("late", Boolean))
    with empty_database.engine.begin() as connection:
        connection.execute(insert(before), [{**row, "late": False} for row in kept.pop(Instance)])
        for model, rows in kept.items():
            connection.execute(insert(_table_then(model)), rows)
    migrate.upgrade(empty_database)
    with Session(empty_database.engine) as session:
        assert _rows(session) == told


def test_an_upgrade_makes_clocks_anew_that_a_suspension_had_ended(handled: World) -> None:
    go(handled, 28)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="本人出国")
    go(handled, 29)
    with handled.transaction() as session:
        must = _rows(session)
        # as the clocks were kept before: from the suspension on they counted no more
        session.execute(text("UPDATE clock_run SET void_on = until_on WHERE ended = 'suspended'"))
    assert lates(handled, on(28)) == [False]
    assert mismatches(handled) != []
    with handled.transaction() as session:
        session.execute(text(suspended.EMPTIED))
        assert backfill.fill_spans(session) == 1
        assert _rows(session) == must
    assert lates(handled, on(28)) == [True]
    assert mismatches(handled) == []


def test_a_clock_that_was_tampered_with_is_found(handled: World) -> None:
    assert mismatches(handled) == []
    with handled.transaction() as session:
        session.execute(text("UPDATE clock_run SET due_on = '2026-12-31' WHERE role = 'responsible_unit'"))
    assert [one.split(": ")[1] for one in mismatches(handled)] == ["计时记录「办理」的到期日（due_on）与历史不符"]
