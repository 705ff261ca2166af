"""Lateness is one truth as of any day: over a played year all that shows it agrees, with each other and with what the
journal knew on that day; and a paper of a past day says what one made on that day said."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.config import load_organization
from service.demonstration import build, play
from service.demonstration.scenarios import FINISHED, STOPPED
from service.history.models import HistoryEvent
from service.ledger import COLUMNS, ledger_rows
from service.ledger.counts import leader_answers, leader_needs, need_counts, unit_answers
from service.people.models import Leader
from service.processes import lateness, replay, timers
from service.processes.models import Instance
from service.reports.facts import brief_facts, report_facts
from tests.conftest import FakeClock
from tests.factories.agreement import Step, agree, agree_today, late
from tests.factories.databases import copy_of
from tests.factories.demonstrations import UNTIL, fresh
from tests.factories.world import CONFIG, World

TODAY = UNTIL.date()
YEAR = date(2026, 1, 1)
JUNE, SEPTEMBER = date(2026, 6, 30), date(2026, 9, 30)
PAST = (date(2026, 5, 29), JUNE, date(2026, 8, 16), SEPTEMBER, date(2026, 10, 12), date(2026, 11, 10))
DAYS = (*PAST, TODAY)
UNITS = ("hrss", "district_office", None)


# --- The year, and what was counted in the evenings of its days ------------------------------------------------------


@dataclass
class Seen:
    """The figures of a day on paper: counted in its evening, or later as of then."""

    needs: dict[str | None, Any] = field(default_factory=dict)
    of_leader: dict[str, Any] = field(default_factory=dict)
    by_unit: dict[str, Any] = field(default_factory=dict)
    by_leader: dict[str, Any] = field(default_factory=dict)
    ledger: dict[str, list[Any]] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    briefs: dict[str, Any] = field(default_factory=dict)


def look(session: Session, on: date) -> Seen:
    """Counts as of ``on``; reports and briefs where it is the last day of what they are about."""
    seen, month = Seen(), on.replace(day=1)
    leaders = session.scalars(select(Leader).order_by(Leader.id)).all()
    for unit in UNITS:
        seen.needs[unit] = need_counts(session, unit=unit, starts_on=YEAR, ends_on=on)
        if on == JUNE and unit is not None:
            told = {"needs": seen.needs[unit], "now": clock.now()}
            seen.reports[unit] = report_facts(session, unit=unit, year=2026, half=1, **told)
    for leader in leaders:
        told = leader_needs(session, leader_id=leader.id, starts_on=month, ends_on=on)
        seen.of_leader[str(leader.id)] = told
        if on in (JUNE, SEPTEMBER):
            seen.briefs[str(leader.id)] = brief_facts(
                session, leader=leader, year=2026, month=on.month, needs=told, now=clock.now()
            )
    seen.by_unit = unit_answers(session, starts_on=YEAR, ends_on=on)
    seen.by_leader = leader_answers(session, starts_on=YEAR, ends_on=on)
    begun = session.scalars(
        select(Instance).where(Instance.process == "request", Instance.started_at < clock.end_of(on))
    ).all()
    table = ledger_rows(session, begun, load_organization(CONFIG), on)
    seen.ledger = {str(case.id): list(row) for case, row in zip(begun, table, strict=True)}
    return seen


def played(url: str) -> dict[date, Seen]:
    """Builds every scenario of the demonstration with its people side; looks around in the evening of each day."""
    seen: dict[date, Seen] = {}
    going_on = play.Play._next

    def watched(run: Any, session: Session) -> bool:
        due = timers.due_timers(session, now=UNTIL, limit=1)
        woken = [session.get_one(timers.Timer, due[0]).due_at] if due else []
        coming = min([*woken, *(turn.moment for turn in run.turns[:1])], default=UNTIL)
        for day in PAST:
            if day not in seen and clock.end_of(day) <= max(run.moment, coming):
                with clock.simulated(clock.end_of(day) - timedelta(minutes=1)):
                    seen[day] = look(session, day)
        return going_on(run, session)

    database = fresh(url)
    with patch.object(play.Play, "_next", watched):
        build(database, cases=len(FINISHED) + len(STOPPED), seed=1, until=UNTIL)
    database.dispose()
    return seen


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, dict[date, Seen]]]:
    """The played year as it stands at its end; built by the first worker of the test run that needs it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    path, told = shared / "year.db", shared / "year.pickle"
    with (shared / "year.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            seen = played(f"sqlite:///{path}")
            told.write_bytes(pickle.dumps(seen))
    own = copy_of(path, tmp_path_factory.mktemp("year") / "own.db")
    with ExitStack() as stack:
        made = World(f"sqlite:///{own}", FakeClock(stack))
        made.clock.set(UNTIL)
        yield made, pickle.loads(told.read_bytes())  # noqa: S301 - written above
        made.close()


# --- What the journal knew on a day ----------------------------------------------------------------------------------


def known(session: Session, on: date) -> dict[str, list[Step]]:
    """Case → its steps as they stood at the end of a day: of the journal's events up to then, none later."""
    found: dict[str, Told] = {}
    events = select(HistoryEvent).where(HistoryEvent.stream.like("instance:%"), HistoryEvent.at < clock.end_of(on))
    for event in session.scalars(events.order_by(HistoryEvent.id)):
        found.setdefault(event.stream.removeprefix("instance:"), Told()).take(event)
    for told in found.values():
        for step in told.steps.values():
            if step.open and step.due_on is not None and not step.paused:
                step.late = step.due_on < (told.suspended or on)
    return {case: list(told.steps.values()) for case, told in found.items()}


@dataclass
class Told:
    """A case on its way through the journal."""

    steps: dict[str, Step] = field(default_factory=dict)
    suspended: date | None = None
    cause: str = ""

    def take(self, event: HistoryEvent) -> None:
        kind, data, task = event.kind, event.data, event.task or ""
        if kind in ("started", "completed", "returned", "terminated", "timer_fired", "calendar_changed", "taken_back"):
            self.cause = kind
        if kind == "entered":
            self.steps[task] = Step(data["role"], data["unit"], day(data["due_on"]), data["paused"])
        elif kind in ("suspended", "resumed"):
            self.suspended = clock.local(event.at).date() if kind == "suspended" else None
        elif task in self.steps:
            self.change(self.steps[task], event, clock.local(event.at).date())

    def change(self, step: Step, event: HistoryEvent, today: date) -> None:
        kind, data = event.kind, event.data
        if kind in ("completed", "returned"):
            step.open, step.late = False, data["late_days"] > 0
            handed_back = kind == "returned" or data["data"].get("result") == "not_ours"
            step.answered = None if handed_back else today
        elif kind == "cancelled" and step.open:
            step.open = False
            step.late = step.due_on is not None and not step.paused and step.due_on < (self.suspended or today)
        elif kind == "due_changed":
            step.due_on = day(data["due_on"])
        elif kind == "reopened":
            step.open, step.late, step.answered = True, False, None


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# --- All agree -------------------------------------------------------------------------------------------------------


def test_there_is_something_to_agree_about(year: tuple[World, dict[date, Seen]]) -> None:
    world, seen = year
    assert set(seen) == set(PAST)
    with world.database.reading() as session:
        assert list(replay.verify(session)) == []
        kinds = set(session.scalars(select(lateness.ClockRun.ended).distinct()))
        assert kinds >= {None, "answered", "handed_back", "returned", "cancelled", "suspended"}
        assert session.scalars(select(lateness.ClockRun.void_on).where(lateness.ClockRun.void_on.is_not(None))).all()
        for on in DAYS:
            steps = known(session, on)
            assert any(late(told) or late(told, others=True) for told in steps.values()), on
        unanswered = [told for told in known(session, TODAY).values() for step in told if step.open and step.late]
        assert len(unanswered) > 5


@pytest.mark.parametrize("on", DAYS, ids=str)
def test_every_list_and_figure_tells_what_the_journal_knew(year: tuple[World, dict[date, Seen]], on: date) -> None:
    world, _ = year
    with world.database.reading() as session:
        facts = known(session, on)
    agree(world, facts, on, YEAR)


def test_desk_metrics_and_the_case_itself_tell_the_same_of_today(year: tuple[World, dict[date, Seen]]) -> None:
    world, _ = year
    with world.database.reading() as session:
        facts = known(session, TODAY)
    assert any(step.open and step.late and step.role == "responsible_unit" for told in facts.values() for step in told)
    agree_today(world, facts)


@pytest.mark.parametrize("on", PAST, ids=str)
def test_a_paper_of_a_past_day_says_what_one_made_on_that_day_said(
    year: tuple[World, dict[date, Seen]], on: date
) -> None:
    world, seen = year
    then = seen[on]
    with world.database.reading() as session:
        now = look(session, on)
    assert now.needs == then.needs
    assert now.by_unit == then.by_unit
    assert now.by_leader == then.by_leader
    for leader, told in then.of_leader.items():
        assert now.of_leader[leader] == told
    assert now.ledger.keys() == then.ledger.keys()
    for case, row in then.ledger.items():
        assert dict(zip(COLUMNS, now.ledger[case], strict=True)) == dict(zip(COLUMNS, row, strict=True))
    for unit, facts in then.reports.items():
        later = now.reports[unit]
        assert later["counted_on"] == facts["counted_on"] == JUNE.isoformat()
        assert later["quotas"] == facts["quotas"]
        assert later["needs"] == facts["needs"]
        said = {one["text"]: one["status"] for one in later["opinions"]}
        assert {one["text"]: one["status"] for one in facts["opinions"]}.items() <= said.items()
    for leader, facts in then.briefs.items():
        later = now.briefs[leader]
        assert later["talents"] == facts["talents"]
        assert later["needs"] == facts["needs"]
        said = {one["text"]: one["status"] for one in later["opinions"]}
        assert {one["text"]: one["status"] for one in facts["opinions"]}.items() <= said.items()
