"""Lateness is one truth as of any day: over a played year all that shows it agrees, with each other and with what the
journal knew on that day; and a paper of a past day says what one made on that day said."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from unittest.mock import patch

import pytest
from openpyxl import load_workbook
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.config import load_organization
from service.demonstration import build, play
from service.demonstration.scenarios import FINISHED, STOPPED
from service.history.models import HistoryEvent
from service.ledger import COLUMNS, ledger_rows
from service.ledger.counts import half_year_needs, leader_answers, leader_needs, need_counts, unit_answers
from service.people.models import Leader
from service.processes import lateness, queries, replay, timers
from service.processes.models import Instance
from service.reports.facts import brief_facts, report_facts
from tests.conftest import FakeClock
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
    own = tmp_path_factory.mktemp("year") / "own.db"
    own.write_bytes(path.read_bytes())
    with ExitStack() as stack:
        made = World(f"sqlite:///{own}", FakeClock(stack))
        made.clock.set(UNTIL)
        yield made, pickle.loads(told.read_bytes())  # noqa: S301 - written above
        made.close()


# --- What the journal knew on a day ----------------------------------------------------------------------------------


@dataclass
class Step:
    """A task as the journal tells of it."""

    role: str | None
    unit: str | None
    due_on: date | None
    paused: bool
    open: bool = True
    late: bool = False
    answered: date | None = None


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


def late(steps: list[Step], *, others: bool = False) -> bool:
    return any(step.late for step in steps if (step.role == "responsible_unit") != others)


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
        rows = session.execute(select(Instance.id, Instance.process, Instance.title, Instance.leader_id)).all()
        facts = known(session, on)
        mine = {str(key): (title, leader) for key, process, title, leader in rows if process == "request"}
        units = {case: late(told) for case, told in facts.items() if case in mine}
        steps = {case: late(told, others=True) for case, told in facts.items() if case in mine}

        # the one definition, by case and as a condition
        standings = lateness.standings(session, [key for key, *_ in rows], on)
        assert {str(key) for key, one in standings.items() if one.late and str(key) in mine} == those(units)
        assert {str(key) for key in session.scalars(lateness.late_cases(on)) if str(key) in mine} == those(units)
        assert {str(key) for key in session.scalars(lateness.late_cases(on, steps=True)) if str(key) in mine} == those(
            steps
        )

        # statistics, roll-up, briefs
        begun = queries.cases(session, world.actor("office"), filters=queries.CaseFilter(as_of=on), limit=500)
        assert begun.total == len(units)
        counted = need_counts(session, unit=None, starts_on=YEAR, ends_on=on)
        titled = [case for case in units if stood(session, case, on)]
        assert counted["started"] == len(titled)
        assert counted["late"] == sum(units[case] for case in titled)
        assert counted["late_steps"] == sum(steps[case] for case in titled)
        if on == JUNE:
            rolled = half_year_needs(session, year=2026, half=1)
            assert {name: rolled[name] for name in ("started", "late", "late_steps", "urges", "outcomes")} == {
                name: counted[name] for name in ("started", "late", "late_steps", "urges", "outcomes")
            }
        told = {}
        for leader in session.scalars(select(Leader)):
            brief = leader_needs(session, leader_id=leader.id, starts_on=YEAR, ends_on=on)
            assert brief["late"] == sum(one["late"] for one in brief["items"])
            told |= {one["id"]: (one["late"], one["late_steps"]) for one in brief["items"]}
        with_leader = [case for case in titled if mine[case][1]]
        assert set(with_leader) <= set(told)
        assert told == {case: (units[case], steps[case]) for case in told}

        # units: what they were asked, what of it was answered in time
        asked: Counter[str] = Counter()
        in_time: Counter[str] = Counter()
        for case in units:
            for step in facts[case]:
                if step.role == "responsible_unit" and step.due_on and (step.late or step.answered):
                    asked[str(step.unit)] += 1
                    in_time[str(step.unit)] += not step.late
        answers = unit_answers(session, starts_on=YEAR, ends_on=on)
        assert answers == {unit: (asked[unit], in_time[unit]) for unit in asked}
        by_leader = leader_answers(session, starts_on=YEAR, ends_on=on)
        assert sum(total for total, _ in by_leader.values()) == len(with_leader)
        assert sum(total - well for total, well in by_leader.values()) == sum(units[case] for case in with_leader)

    # the API and the assessment
    office = world.api("office")
    as_of = on.isoformat()
    listed = office.get("/requests", as_of=as_of, limit=200).json
    assert {one["id"]: (one["late"], one["late_steps"]) for one in listed["items"]} == {
        case: (units[case], steps[case]) for case in units
    }
    assert office.get("/requests", as_of=as_of, late="true", limit=1).json["total"] == sum(units.values())
    assert office.get("/requests", as_of=as_of, late="false", limit=1).json["total"] == len(units) - sum(units.values())
    assert office.get("/requests", as_of=as_of, late_steps="true", limit=1).json["total"] == sum(steps.values())
    sheet = office.get("/assessment", on=as_of).json
    figures = {row["id"]: {one["indicator"]: one for one in row["figures"]} for row in sheet["units"]}
    for unit, (total, well) in answers.items():
        assert (figures[unit]["answers_in_time"]["of"], figures[unit]["answers_in_time"]["done"]) == (total, well)
    for row in sheet["leaders"]:
        [needs] = [one for one in row["figures"] if one["indicator"] == "needs_in_time"]
        assert (needs["of"], needs["done"]) == by_leader.get(row["id"], (0, 0))

    # the ledger as people take it away
    pages = world.as_user("office")
    query = "&".join(f"col={name}" for name in ("编号", "是否超期", "环节超期"))
    book = load_workbook(BytesIO(pages.get(f"/ledger.xlsx?as_of={as_of}&{query}").data))
    heading, *cells = book.active.iter_rows(values_only=True)
    place = {name: heading.index(name) for name in ("是否超期", "环节超期")}
    assert Counter((row[place["是否超期"]], row[place["环节超期"]]) for row in cells) == Counter(
        ("是" if units[case] else "否", "是" if steps[case] else "否") for case in units
    )
    page = pages.get(f"/ledger?as_of={as_of}").get_data(as_text=True)
    assert "到期日已过仍未答复" in page


def test_desk_metrics_and_the_case_itself_tell_the_same_of_today(year: tuple[World, dict[date, Seen]]) -> None:
    world, _ = year
    with world.database.reading() as session:
        facts = known(session, TODAY)
        rows = session.execute(select(Instance.id, Instance.process, Instance.title)).all()
        needs = {str(key): title for key, process, title in rows if process == "request"}
        work = {one.unit: (one.open, one.overdue) for one in lateness.unit_work(session, TODAY)}
        red = queries.light_counts(session, world.actor("office"), today=TODAY)["red"]
    overdue = Counter(
        step.unit
        for told in facts.values()
        for step in told
        if step.open and step.late and step.role == "responsible_unit"
    )
    assert {unit: behind for unit, (_, behind) in work.items() if behind} == dict(overdue)
    office = sum(step.open and step.late and step.role == "talent_office" for told in facts.values() for step in told)
    assert red == office
    pages = world.as_user("office")
    desk = pages.get("/").get_data(as_text=True)
    for number in overdue.values():
        assert f"{number} 项" in desk
    families = {one.name: one for one in text_string_to_metric_families(pages.get("/metrics").get_data(as_text=True))}
    by = {sample.labels["by"]: sample.value for sample in families["liaison_needs_late"].samples}
    titled = {case: facts[case] for case, title in needs.items() if title}
    assert by == {
        "unit": sum(late(told) for told in titled.values()),
        "step": sum(late(told, others=True) for told in titled.values()),
    }
    gauges = {sample.labels["unit"]: sample.value for sample in families["liaison_answers_overdue"].samples}
    assert gauges == dict(overdue)
    lights = {sample.labels["light"]: sample.value for sample in families["liaison_tasks_open"].samples}
    assert lights["red"] == sum(step.open and step.late for told in facts.values() for step in told)
    api = world.api("office")
    board = api.get("/board").json
    assert {**board["lights"]} == {light: int(number) for light, number in lights.items()}
    counted: Counter[str] = Counter()
    for cell in board["cells"]:
        whose = {name: cell[name] for name in ("unit", "role", "process", "stage", "light") if cell[name] is not None}
        if cell["stage"] is not None:
            behind = api.get("/board/tasks", **whose, limit=200).json
            assert behind["total"] == len(behind["items"]) == cell["count"], whose
            assert {one["light"] for one in behind["items"]} == {cell["light"]}
        if cell["light"] == "red":
            counted[cell["unit"] or cell["role"]] += cell["count"]
    assert counted == Counter(
        step.unit or step.role for told in facts.values() for step in told if step.open and step.late
    )
    for case in needs:
        told = api.get(f"/instances/{case}").json
        assert (told["late"], told["late_steps"]) == (late(facts[case]), late(facts[case], others=True)), case


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


def those(told: dict[str, bool]) -> set[str]:
    return {case for case, said in told.items() if said}


def stood(session: Session, case: str, on: date) -> bool:
    """Whether the need had been written down by the end of a day."""
    events = select(HistoryEvent).where(HistoryEvent.stream == f"instance:{case}", HistoryEvent.at < clock.end_of(on))
    written = False
    for event in session.scalars(events.order_by(HistoryEvent.seq)):
        if event.kind == "completed" and event.data["step"] == "record_need":
            written = True
        elif event.kind == "taken_back" and event.data["step"] == "record_need":
            written = False
    return written
