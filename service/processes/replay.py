"""Verification by replay: the journal's inputs, run again on the stored definition, must give the recorded effects and
every column of the stored rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from service import history
from service.canonical import dumps, normalized
from service.db import raw_rows
from service.history import HistoryEvent, HistoryHead
from service.processes import counters
from service.processes.bundles import Compiled
from service.processes.calendars import LONGEST_SOURCE
from service.processes.clocks import runs_of
from service.processes.course import Replayer, steps_of, taken_back_effects
from service.processes.cycles import Cycle
from service.processes.deployed import DAMAGE, Mismatch, definitions_as_deployed
from service.processes.inputs import Course
from service.processes.models import (
    CalendarVersion,
    CaseSpan,
    ClockRun,
    CopyTo,
    Counter,
    Incident,
    Instance,
    Schedule,
    Timer,
    UserTask,
)
from service.processes.projections import Projection
from service.processes.recording import stream_of
from service.processes.scheduled_starts import MAX_ATTEMPTS as START_ATTEMPTS
from service.processes.spans import joined
from service.workdays import Calendar


def verify(
    session: Session,
    instance_ids: Sequence[UUID] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Mismatch]:
    """Checks definitions, calendars, chains, replays and rows; yields every mismatch, each named.

    Of all instances, or of ``instance_ids`` only. Anything that cannot be read or replayed is a mismatch, not an error.
    ``progress`` is told how many instances of how many are done.
    """
    definitions: dict[str, Compiled] = {}
    played = history.played_until(session)
    newest = yield from definitions_as_deployed(session, definitions)
    yield from _schedules(session, newest, definitions)
    calendars: dict[str, Calendar] = {}
    yield from _calendars(session, calendars)
    if instance_ids is None:
        instance_ids = yield from _instance_ids(session)
        yield from _streams(session, instance_ids, played)
        yield from _counters(session)
    for done, instance_id in enumerate(instance_ids):
        if progress is not None:
            progress(done, len(instance_ids))
        yield from _instance(session, instance_id, definitions, calendars, played)
        session.expunge_all()


def verify_instance(
    session: Session, instance: Instance, made: Iterable[Compiled], calendars: Mapping[str, Calendar]
) -> Iterator[Mismatch]:
    """Chain, effects and rows of one instance, whose definitions, one after the other, are ``made``."""
    return _instance(session, instance.id, {one.digest: one for one in made}, calendars)


# --- One instance ----------------------------------------------------------------------------------------------------


def _instance(
    session: Session,
    instance_id: UUID,
    definitions: Mapping[str, Compiled],
    calendars: Mapping[str, Calendar],
    played: datetime | None = None,
) -> Iterator[Mismatch]:
    stream = stream_of(instance_id)
    yield from _chain(session, stream, played)
    try:
        events = history.stream_events(session, stream)
        if not events or events[0].kind != "started":
            yield Mismatch(stream, None, "历史缺少启动记录")
            return
        digest = events[0].data["digest"]
        if digest not in definitions:
            yield Mismatch(stream, None, f"定义 {digest} 缺失或已损坏，无法重放")
            return
        replayer = Replayer(
            instance_id, events[0], lambda wanted: definitions[wanted], lambda wanted: calendars[wanted]
        )
        told = yield from replayed(stream, replayer, events)
    except DAMAGE as error:
        yield Mismatch(stream, None, f"无法重放：{error}")
        return
    yield from _rows(session, stream, told)
    yield from _runs(session, stream, instance_id, events)
    yield from _spans(session, stream, told)


def replayed(stream: str, replayer: Replayer, events: Sequence[HistoryEvent]) -> Generator[Mismatch, None, Projection]:
    """Replays a journal: yields each step that is not as recorded, gives the rows that it leads to."""
    course, told, steps = Course(), Projection(replayer.begun.instance_id, replayer.begun.made), steps_of(events)
    position_of = {step.event.seq: position for position, step in enumerate(steps)}
    for event in events:
        position = position_of.get(event.seq)
        if position is None:
            told.note(event)
            continue
        step = steps[position]
        if event.kind == "taken_back":
            before = course
            course = replayer.run(steps[: position + 1])
            found = taken_back_effects(before.open, before.due, before.facts, before.kept, course)
        else:
            found = replayer.step(course, step)
        told.step(event, found, course)
        wanted = [(effect.kind, effect.task, dumps(normalized(dict(effect.data)))) for effect in found]
        have = [(effect.kind, effect.task, dumps(effect.data)) for effect in step.effects]
        if wanted != have:
            yield Mismatch(stream, event.seq, f"重放「{event.kind}」得到的结果与记录不符")
    return told


def _rows(session: Session, stream: str, told: Projection) -> Iterator[Mismatch]:
    instance_id = told.instance["id"]
    have = raw_rows.rows(session, Instance, Instance.id == instance_id)
    if not have:
        yield Mismatch(stream, None, "没有这个事项", Instance.__tablename__)
        return
    for column in raw_rows.differences(session, Instance, have[0], told.instance):
        if column == "state":
            seal = hashlib.sha256(have[0]["state"].encode()).hexdigest()[:12]
            what = f"保存的状态（{seal}…）与重放结果不符"
        else:
            what = f"事项的 {column} 与历史不符"
        yield Mismatch(stream, None, what, Instance.__tablename__, told.instance["number"], column)
    tasks = raw_rows.rows(session, UserTask, UserTask.instance_id == instance_id)
    yield from _held(session, stream, UserTask, "任务", tasks, told.tasks)
    timers = raw_rows.rows(session, Timer, Timer.instance_id == instance_id)
    yield from _held(session, stream, Timer, "定时", timers, told.timers)
    copies = raw_rows.rows(session, CopyTo, CopyTo.instance_id == instance_id)
    yield from _held(session, stream, CopyTo, "抄送", copies, told.copies, key="username")


def _runs(session: Session, stream: str, instance_id: UUID, events: Sequence[HistoryEvent]) -> Iterator[Mismatch]:
    """The clocks of the tasks ran as the journal says: lateness is told by them."""
    have = [
        {name: value for name, value in row.items() if name != "id"}
        for row in raw_rows.rows(session, ClockRun, ClockRun.instance_id == instance_id)
    ]
    try:
        must = [raw_rows.form(session, ClockRun, row) for row in runs_of(instance_id, events)]
    except DAMAGE as error:
        yield Mismatch(stream, None, f"计时记录无法核对：{error}")
        return
    for column in _unlike(list(map(_plain, have)), list(map(_plain, must))):
        yield Mismatch(stream, None, "计时记录与历史不符", ClockRun.__tablename__, None, column)


def _spans(session: Session, stream: str, told: Projection) -> Iterator[Mismatch]:
    """How the case stood on each day is as the journal says: papers of past days are told by it."""
    have = [
        {name: value for name, value in row.items() if name not in ("id", "instance_id")}
        for row in raw_rows.rows(session, CaseSpan, CaseSpan.instance_id == told.instance["id"])
    ]
    must = [raw_rows.form(session, CaseSpan, row) for row in told.spans.rows]
    for column in _unlike(joined(have), joined(must)):
        yield Mismatch(stream, None, "各日状态的记录与历史不符", CaseSpan.__tablename__, None, column)


def _unlike(have: Sequence[Mapping[str, Any]], must: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """The columns in which the rows of a case differ; None where there are more or fewer of them."""
    left, lost = list(have), []
    for row in must:
        if row in left:
            left.remove(row)
        else:
            lost.append(row)
    if not left and not lost:
        return []
    if len(left) != len(lost):
        return [None]
    found: dict[str | None, None] = {}
    for row in lost:  # the stored row that says mostly the same is the one that is meant
        nearest = max(left, key=lambda other: sum(other.get(name) == value for name, value in row.items()))
        left.remove(nearest)
        found |= dict.fromkeys(name for name, value in row.items() if nearest.get(name) != value)
    return list(found)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if value is None else str(value) for name, value in row.items()}


def _held(
    session: Session,
    stream: str,
    model: type[UserTask | Timer | CopyTo],
    noun: str,
    have: Sequence[raw_rows.Row],
    must: Mapping[str, Mapping[str, Any]],
    key: str = "id",
) -> Iterator[Mismatch]:
    """Each row that is missing, too many, or says something else than it must."""
    found = {str(row[key]): row for row in have}
    for row in must.values():
        name = row.get("name") or row["username"]
        there = found.pop(str(raw_rows.form(session, model, {key: row[key]})[key]), None)
        if there is None:
            what = f"缺少{noun}「{name}」的记录"
            yield Mismatch(stream, row.get("entered_seq"), what, model.__tablename__, str(name))
            continue
        for column in raw_rows.differences(session, model, there, row):
            what = f"{noun}「{name}」的 {column} 与历史不符"
            yield Mismatch(stream, row.get("entered_seq"), what, model.__tablename__, str(name), column)
    for other in found:
        yield Mismatch(stream, None, f"{noun} {other} 没有历史", model.__tablename__, other)


# --- What all instances share ----------------------------------------------------------------------------------------


def _schedules(session: Session, newest: Mapping[str, str], definitions: Mapping[str, Compiled]) -> Iterator[Mismatch]:
    """Checks that the starts are those that the newest versions draw, each at the moment that its interval gives.

    Of a process whose newest version cannot run nothing is said: that it is damaged has been named.
    """
    again = {
        row["resolved_at"]
        for row in raw_rows.rows(session, Incident, Incident.kind == "schedule", Incident.resolved_at.is_not(None))
    }
    known = {key: definitions[digest] for key, digest in newest.items() if digest in definitions}
    must = {(key, start.event): start.cycle for key, made in known.items() for start in made.program.timer_starts}
    for row in raw_rows.rows(session, Schedule):
        process, event = row["process"], row["event"]
        if process in newest and process not in known:
            continue
        stream, cycle = f"schedule:{process}", must.pop((process, event), None)
        if (row["digest"], row["cycle"]) != (newest.get(process), cycle) or cycle is None:
            yield Mismatch(stream, None, f"定时开始「{event}」与最新版流程图不符")
        elif (problem := _planned(session, row, again)) is not None:
            yield Mismatch(stream, None, f"定时开始「{event}」的{problem}")
    for process, event in must:
        yield Mismatch(f"schedule:{process}", None, f"缺少定时开始「{event}」的记录")


def _planned(session: Session, row: raw_rows.Row, again: Collection[Any]) -> str | None:
    """The fault in the row's next start, which should be as planned, later after a failure, or at the moment
    (one of ``again``) when somebody had it tried again."""
    try:
        told = row["incident_id"] is not None
        if not 0 <= row["attempts"] <= START_ATTEMPTS or told != (row["attempts"] == START_ATTEMPTS):
            return "失败次数被改动"
        planned = Cycle.parse(row["cycle"]).moment(row["occurrence"])
        as_planned = row["next_at"] == raw_rows.form(session, Schedule, {"next_at": planned})["next_at"]
    except DAMAGE as error:
        return f"记录无法读取：{error}"
    right = as_planned or row["next_at"] in again if row["attempts"] == 0 else not as_planned
    return None if right else "下次启动时间或失败次数被改动"


def _calendars(session: Session, into: dict[str, Calendar]) -> Iterator[Mismatch]:
    """Each calendar is as it was loaded, and the newest is in force; ``into`` takes those that can be counted with."""
    rows = sorted(raw_rows.rows(session, CalendarVersion), key=lambda row: int(row["id"]))
    have = {row["digest"]: row for row in rows}
    must: dict[str, dict[str, Any]] = {}
    try:
        for event in history.stream_events(session, "calendar"):
            digest = str(event.data.get("digest"))
            if event.kind == "calendar_loaded" and digest != next(reversed(must), None):
                must.pop(digest, None)
                source = event.data["source"][:LONGEST_SOURCE]
                must[digest] = {"source": source, "loaded_at": event.at, "loaded_by": event.actor}
    except DAMAGE as error:
        yield Mismatch("calendar", None, f"载入记录无法读取：{error}")
    if list(have) != list(must):
        yield Mismatch("calendar", None, "工作日历的版本与载入记录不符")
    for digest, row in have.items():
        stream = f"calendar:{digest}"
        if (problem := _calendar(row, into)) is not None:
            yield Mismatch(stream, None, problem)
        for column in raw_rows.differences(session, CalendarVersion, row, must.get(digest, {})):
            what = f"工作日历的 {column} 与载入记录不符"
            yield Mismatch(stream, None, what, CalendarVersion.__tablename__, row["digest"], column)


def _calendar(row: raw_rows.Row, into: dict[str, Calendar]) -> str | None:
    try:
        data = json.loads(row["data"])
        calendar = Calendar.from_data(data)
    except DAMAGE as error:
        return f"工作日历无法读取：{error}"
    if calendar.digest != row["digest"]:
        return f"工作日历与摘要不符（实际 {calendar.digest[:12]}…）"
    into[row["digest"]] = calendar
    return None if row["data"] == dumps(calendar.to_data()) else "工作日历的内容被改动"


def _instance_ids(session: Session) -> Generator[Mismatch, None, list[UUID]]:
    found = []
    for stored_id in session.scalars(select(type_coerce(Instance.id, NullType())).order_by(Instance.started_at)):
        try:
            found.append(UUID(str(stored_id)))
        except ValueError:
            yield Mismatch(f"instance:{stored_id}", None, "事项的标识无法识别")
    return found


def _streams(session: Session, instance_ids: Sequence[UUID], played: datetime) -> Iterator[Mismatch]:
    """The chains of all streams but those of instances, and streams that nothing holds together."""
    for stream in history.streams(session):
        if not stream.startswith("instance:"):
            yield from _chain(session, stream, played)
    headless = ~exists().where(HistoryHead.stream == HistoryEvent.stream)
    for stream in session.scalars(select(HistoryEvent.stream).where(headless).distinct()):
        yield Mismatch(stream, None, "缺少链头")
    known = {stream_of(instance_id) for instance_id in instance_ids}
    for stream in history.streams(session, "instance:"):
        if stream not in known:
            yield Mismatch(stream, None, "有历史而没有事项记录")


def _counters(session: Session) -> Iterator[Mismatch]:
    """The last number under each name is as many as the journal tells to have been given.

    Of a journal that cannot be read nothing is said: the chains have named where it is damaged.
    """
    try:
        given = counters.given(session)
    except DAMAGE:
        return
    have = {row["name"]: row["value"] for row in raw_rows.rows(session, Counter)}
    ours = {name for name in have if str(name).startswith((counters.NUMBER, counters.CIRCULAR, counters.SERIES))}
    for name in sorted(given.keys() | ours):
        if have.get(name) != given.get(name, 0):
            used = f"已用到 {have[name]}" if name in have else "没有记录"
            yield Mismatch(f"counter:{name}", None, f"编号{used}，历史中给出的是 {given.get(name, 0)} 个")


def _chain(session: Session, stream: str, played: datetime | None) -> Iterator[Mismatch]:
    for found in history.verify_stream(session, stream, played=played):
        yield Mismatch(found.stream, found.seq, found.what)
