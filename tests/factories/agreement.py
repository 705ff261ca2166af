"""All that tells of lateness says the same: brief, roll-up, half-year report, assessment, ledger, statistics of any
day; of today also desk, board, gauges and each case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from openpyxl import load_workbook
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import clock
from service.history.models import HistoryEvent
from service.ledger import statistics
from service.ledger.counts import half_year_needs, leader_answers, leader_needs, need_counts, unit_answers
from service.liaisons.models import Link
from service.liaisons.rules import PROPOSED
from service.people.models import Leader
from service.processes import lateness, queries
from service.processes.models import Instance
from tests.factories.world import World

Facts = Mapping[str, Sequence["Step"]]
"""Case → its steps, as the journal knew them by the end of a day."""


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


def late(steps: list[Step], *, others: bool = False) -> bool:
    return any(step.late for step in steps if (step.role == "responsible_unit") != others)


def agree(world: World, facts: Facts, on: date, since: date) -> None:
    """All lists and figures of the needs since ``since`` tell ``facts``, as of the end of ``on``."""
    with world.database.reading() as session:
        rows = session.execute(select(Instance.id, Instance.process, Instance.title, Instance.leader_id)).all()
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
        counted = need_counts(session, unit=None, starts_on=since, ends_on=on)
        titled = [case for case in units if stood(session, case, on)]
        assert begun.total == len(titled)
        assert counted["started"] == len(titled)
        assert counted["late"] == sum(units[case] for case in titled)
        assert counted["late_steps"] == sum(steps[case] for case in titled)
        assert counted["late_both"] == sum(units[case] and steps[case] for case in titled)
        found = statistics.statistics(
            session, world.actor("office"), statistics.StatisticsFilter(since=since, until=on)
        )
        assert (found.total.counts["registered"], found.total.counts["late"]) == (len(titled), counted["late"])
        told = {}
        for leader in session.scalars(select(Leader)):
            brief = leader_needs(session, leader_id=leader.id, starts_on=since, ends_on=on)
            assert brief["late"] == sum(one["late"] for one in brief["items"])
            assert brief["late_both"] == sum(one["late"] and one["late_steps"] for one in brief["items"])
            told |= {one["id"]: (one["late"], one["late_steps"]) for one in brief["items"]}
        with_leader = [case for case in titled if mine[case][1]]
        assert set(told) == set(titled) & of_served(session, since, on)
        assert told == {case: (units[case], steps[case]) for case in told}

        # units: what they were asked, what of it was answered in time
        asked: Counter[str] = Counter()
        in_time: Counter[str] = Counter()
        for case in units:
            for step in facts[case]:
                if step.role == "responsible_unit" and step.due_on and (step.late or step.answered):
                    asked[str(step.unit)] += 1
                    in_time[str(step.unit)] += not step.late
        answers = unit_answers(session, starts_on=since, ends_on=on)
        assert answers == {unit: (asked[unit], in_time[unit]) for unit in asked}
        assert {unit: (one.asked, one.in_time) for unit, one in found.answers.items()} == answers
        by_leader = leader_answers(session, starts_on=since, ends_on=on)
        assert sum(total for total, _ in by_leader.values()) == len(with_leader)
        assert sum(total - well for total, well in by_leader.values()) == sum(units[case] for case in with_leader)
        rows_of = {one.key: (one.counts["registered"], one.counts["late"]) for one in found.rows["leader"] if one.key}
        assert rows_of == {leader: (total, total - well) for leader, (total, well) in by_leader.items()}

    _agree_half_year(world, titled, units, steps, on)

    # the API and the assessment
    office = world.api("office")
    as_of = on.isoformat()
    listed = office.get("/requests", as_of=as_of, limit=200).json
    assert {one["id"]: (one["late"], one["late_steps"]) for one in listed["items"]} == {
        case: (units[case], steps[case]) for case in titled
    }
    assert office.get("/requests", as_of=as_of, late="true", limit=1).json["total"] == sum(
        units[case] for case in titled
    )
    assert office.get("/requests", as_of=as_of, late="false", limit=1).json["total"] == len(titled) - sum(
        units[case] for case in titled
    )
    assert office.get("/requests", as_of=as_of, late_steps="true", limit=1).json["total"] == sum(
        steps[case] for case in titled
    )
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
        ("是" if units[case] else "否", "是" if steps[case] else "否") for case in titled
    )
    page = pages.get(f"/ledger?as_of={as_of}").get_data(as_text=True)
    assert ("到期日已过仍未答复" in page) == bool(titled)


def _agree_half_year(
    world: World, titled: Sequence[str], units: Mapping[str, bool], steps: Mapping[str, bool], on: date
) -> None:
    """The reports of the half-year in which ``on`` is, and their roll-up, count the needs that were begun in it."""
    half = 1 if on.month < 7 else 2
    first = date(on.year, 1 if half == 1 else 7, 1)
    with world.database.reading() as session:
        begun = {
            str(one.id): one for one in session.scalars(select(Instance)) if clock.local(one.started_at).date() >= first
        }
        of_half = [case for case in titled if case in begun]
        rolled = half_year_needs(session, year=on.year, half=half, on=on)
        told = (len(of_half), sum(units[case] for case in of_half), sum(steps[case] for case in of_half))
        assert tuple(rolled[name] for name in ("started", "late", "late_steps")) == told
        wish = statistics.StatisticsFilter(since=first, until=on)
        counts = statistics.statistics(session, world.actor("office"), wish).total.counts
        assert (counts["registered"], counts["late"]) == told[:2]
        assert sum(rolled["outcomes"].values()) == len(of_half)
    sheet = world.api("office").get("/reports/roll-up", year=on.year, half=half, as_of=on.isoformat()).json
    assert tuple(sheet["totals"][name] for name in ("needs", "needs_late", "needs_late_steps")) == told


def agree_today(world: World, facts: Facts) -> None:
    """Desk, board, gauges and the cases themselves, which know today alone, tell ``facts`` too."""
    today = clock.today()
    with world.database.reading() as session:
        rows = session.execute(select(Instance.id, Instance.process, Instance.title)).all()
        needs = {str(key): title for key, process, title in rows if process == "request"}
        work = {one.unit: (one.open, one.overdue) for one in lateness.unit_work(session, today)}
        red = queries.light_counts(session, world.actor("office"), today=today)["red"]
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


def of_served(session: Session, since: date, on: date) -> set[str]:
    """The cases of the talents whom some leader served within a period (R3)."""
    begun = (Link.status != PROPOSED, Link.starts_on <= on)
    ends = (or_(Link.ends_on.is_(None), Link.ends_on >= since), or_(Link.held_from.is_(None), Link.held_from > since))
    linked = select(Link.talent_id).where(*begun, *ends)
    return {str(case) for case in session.scalars(select(Instance.id).where(Instance.talent_id.in_(linked)))}


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
