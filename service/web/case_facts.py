"""The facts that every page about a case shows: the need, what service tasks found out, the timeline, the diagrams."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from service import clock
from service.attachments import Files
from service.audit.replay import case_replay
from service.errors import Conflict
from service.history import HistoryEvent
from service.http.context import actor, db
from service.liaisons import leaders_of
from service.processes import queries
from service.processes.bundles import Compiled
from service.processes.calendars import current
from service.processes.drawings import drawings
from service.processes.filing import filing
from service.processes.models import OPEN, Instance, UserTask
from service.processes.rules import DEFAULT_BASIS, NAMED, NEED, one_line
from service.processes.versions import Versions, versions_of
from service.processes.visibility import is_round, may_speak
from service.rights import may
from service.talents.queries import find_talent, phone_for
from service.usecases.names import Line, Names
from service.web import attachments, diagrams
from service.web.instructions import instructions_on
from service.web.prints import papers
from service.web.related import related
from service.web.stops import standing_words, stops_on
from service.web.timeline import Entry, timeline

RECORDS: Mapping[str, Callable[[str], str]] = {
    "brief_id": lambda key: url_for("web.briefs.brief", brief_id=key),
    "report_id": lambda key: url_for("web.reports.report", report_id=key),
    "roster_id": lambda key: url_for("web.rosters.roster", roster_id=key),
    "roll_up": lambda key: url_for("web.roll_ups.roll_up", year=key[:4], half=key[5:]),
}
"""The key under which a service task tells of a record -> the address of the record's page."""


@dataclass(frozen=True, slots=True)
class Before:
    """A step that was done before the one on the page, and what it said."""

    step: str
    unit: str
    who: str
    at: datetime
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a service task found out in somebody's ``slot``, and the ``page`` of the record it made, if any.

    ``cases`` are (address, name) of the cases that it names.
    """

    slot: str
    lines: Sequence[Line]
    page: str
    cases: Sequence[tuple[str, str]] = ()


def about(
    instance: Instance, made: Compiled, names: Names, task: UserTask | None = None, *, shown: Collection[str] = ()
) -> dict[str, Any]:
    """The common parts of all pages about a case: the need, the talent, the timeline, the diagrams.

    With ``task`` only its own slot's facts stand there, and the diagram that it stands in shows only its slot's path.
    ``shown`` are the tasks whose answers stand on the page already.
    """
    events = queries.timeline(db(), instance.id, actor())
    versions = versions_of(db(), instance, events)
    told, damaged = _told(instance, names)  # first, since it learns all names at once: a round asks every unit
    first = _first(events, made)
    need = names.lines(versions.form_of(first), first.data["data"]) if first is not None else []
    need += _filed(instance, events)
    told_already = {*shown, *([str(first.task)] if first is not None else [])}
    talent = find_talent(db(), instance.talent_id) if instance.talent_id else None
    leaders = leaders_of(db(), [talent.id], clock.today())[talent.id] if talent else ()
    drawn = _drawn(instance, task)
    return {
        "instance": instance,
        "process_name": made.title_of({}) if instance.process == NEED else str(made.program.spec.description),
        "facts": _facts(events, names, task),
        "names": names,
        "need": need,
        "before": _before(events, versions, names, task, frozenset(told_already)) if task else [],
        "talent": talent,
        "talent_phone": phone_for(actor(), talent, leaders) if talent else None,
        "timeline": told,
        "damaged": damaged,
        "stops": (stops := stops_on(events, names)),
        "still": standing_words(stops),
        "drawn": drawn,
        "island": diagrams.island(drawn, task.process if task else _present(drawn)),
        "papers": papers(instance),
        "files": _files(instance),
        "instructions": instructions_on(instance.id, names),
        "may_speak": may_speak(db(), instance, actor()),
        "names_people": may(actor(), "view_directory"),
        "related": related(instance),
        "operates": may(actor(), "operate_cases"),
    }


def _told(instance: Instance, names: Names) -> tuple[list[Entry], str]:
    """The timeline; of a case whose journal was damaged none, and words about that."""
    try:
        found = case_replay(db(), instance.id, actor())
        return timeline(found.course, found.versions, names), ""
    except Conflict as error:
        return [], str(error)


def _files(instance: Instance) -> Files | None:
    """The files of the case; None of a round in whose steps the reader sees none, for nothing is attached beside."""
    found = attachments.of_record(f"instance:{instance.id}")
    return None if is_round(instance) and not found.items else found


def _first(events: Sequence[HistoryEvent], made: Compiled) -> HistoryEvent | None:
    """The first step, as it was filled in last (a return may have had it corrected): what the case is about.

    Of a round that the calendar began there is none: what one slot says is not what the case is about.
    """
    filled = [event for event in events if event.kind == "completed"]
    filled = [event for event in filled if event.data["process"] == made.program.key]
    return [event for event in filled if event.data["step"] == filled[0].data["step"]][-1] if filled else None


def _filed(instance: Instance, events: Sequence[HistoryEvent]) -> list[Line]:
    """The words about a need that was filed late (W2); no line of any other."""
    found = filing(events, current(db())) if instance.process == NEED else None
    if found is None or not found.late:
        return []
    said = f"收到次日起第 {found.took} 个工作日，超过 {found.within} 个工作日（{DEFAULT_BASIS}）"
    return [Line("填报", said)]


def _facts(events: Sequence[HistoryEvent], names: Names, task: UserTask | None) -> list[Facts]:
    """The facts that the service tasks have found out, the latest of each action and slot; in a slot, of that alone.

    Facts about the whole case come first.
    """
    slots = {event.data["scope"]: event.data for event in events if event.kind == "entered"}
    latest: dict[tuple[str, str], Facts] = {}
    for event in events:
        result, scope = event.data.get("result"), str(event.data.get("scope") or "")
        if event.kind != "action" or not isinstance(result, dict) or not isinstance(result.get("lines"), list):
            continue
        if task is None or not task.scope or scope in ("", task.scope):
            record = next((name for name in RECORDS if name in result), None)
            lines = [Line(str(title), str(said)) for title, said in result["lines"]]
            slot = _slot(slots[scope], names) if scope and scope in slots else ""
            found = Facts(slot, lines, _record_page(record, result), _cases(result))
            latest[scope, record or str(event.data["name"])] = found
    return sorted((facts for facts in latest.values() if facts.lines), key=lambda facts: bool(facts.slot))


def _cases(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = result.get("cases")
    return (
        [(url_for("web.cases.case", instance_id=key), said) for key, said in named] if isinstance(named, list) else []
    )


def _slot(data: Mapping[str, Any], names: Names) -> str:
    """The slot of a task: the unit, or whom the diagram names."""
    slot = str(data.get("slot") or "")
    return slot.removeprefix(NAMED) if slot.startswith(NAMED) else names.unit(slot or data["unit"])


def _record_page(record: str | None, result: Mapping[str, Any]) -> str:
    """Where the record that a service task made stands; a brief that is not released is the Talent Office's alone."""
    if record is None:
        return ""
    if record == "brief_id" and not result.get("released") and not may(actor(), "release_briefs"):
        return ""
    return RECORDS[record](str(result[record]))


def _before(
    events: Sequence[HistoryEvent], versions: Versions, names: Names, task: UserTask, shown: frozenset[str]
) -> list[Before]:
    """The steps that ``task`` answers to: the last step done in its own scope, and what the slots have said since."""
    entered = {event.task: event.data for event in events if event.kind == "entered"}
    latest: dict[str, HistoryEvent] = {}
    for event in events:
        if event.kind == "completed" and event.task in entered and event.task != str(task.id):
            latest[str(entered[event.task]["scope"])] = event
    own = latest.get(task.scope)
    since = own.seq if own is not None else 0
    wanted = [
        event for scope, event in latest.items() if event is own or (not task.scope and scope and event.seq > since)
    ]
    return [
        Before(
            step=one_line(event.data["name"]),
            unit=names.unit(entered[event.task].get("unit")),
            who=names.person(event.actor),
            at=event.at,
            lines=names.lines(versions.form_of(event), event.data["data"]),
        )
        for event in sorted(wanted, key=lambda one: one.seq)
        if event.task not in shown
    ]


def _drawn(instance: Instance, task: UserTask | None) -> list[diagrams.Picture]:
    shown = drawings(db(), instance.id, actor())
    found = [diagrams.Picture(one.key, one.title, one.xml, active=list(one.present)) for one in shown]
    passed = [
        (one.key, step["node"], step["from"])
        for one in shown
        for step in one.trail
        if task is None or one.process != task.process or step["scope"] == task.scope
    ]
    if task is not None:
        for picture in found:
            if picture.id == task.process:
                picture.active = [task.task] if task.status == OPEN else []
    past = {one.key for one in shown if one.version is not None}  # nobody stands on those: each is drawn by itself
    present = diagrams.travelled([picture for picture in found if picture.id not in past], passed)
    return [*present, *(diagrams.travelled([picture], passed)[0] for picture in found if picture.id in past)]


def _present(drawn: list[diagrams.Picture]) -> str | None:
    """The diagram to open first: the innermost one in which somebody must act."""
    return next((picture.id for picture in reversed(drawn) if picture.active), None)
