"""Replay: the journal's inputs, run again on the stored definition, must give the recorded effects and stored state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.db.canonical import dumps, normalized
from service.errors import LiaisonError
from service.history import HistoryEvent
from service.processes.advance import stream_of
from service.processes.bundles import Compiled, compile_bundle, digest_of, files_of
from service.processes.course import Course, Replayer, Step, standing, steps_of, taken_back_effects
from service.processes.models import (
    WAITING,
    CalendarVersion,
    Definition,
    Instance,
    Timer,
    UserTask,
)
from service.processes.projections import instance_faults, task_faults
from service.workdays import Calendar

__all__ = ["Mismatch", "Step", "standing", "steps_of", "verify", "verify_instance"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as the journal says. ``seq`` is the event, None for the stored rows."""

    stream: str
    seq: int | None
    what: str


def verify(
    session: Session,
    instance_ids: Sequence[UUID] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Mismatch]:
    """Checks definitions, calendars, chains and replays; yields every mismatch, each named.

    Of all instances, or of ``instance_ids`` only. Whatever cannot be read or replayed is a mismatch, not an error.
    ``progress`` is told how many instances of how many are done.
    """
    definitions = dict(_verified_definitions(session))
    for digest, (_, problem) in definitions.items():
        if problem:
            yield Mismatch(f"definition:{digest}", None, problem)
    calendars: dict[str, Calendar] = {}
    for version in session.scalars(select(CalendarVersion)):
        problem = _calendar_problem(version, calendars)
        if problem:
            yield Mismatch(f"calendar:{version.digest}", None, problem)
    if instance_ids is None:
        for stream in history.streams(session):
            if not stream.startswith("instance:"):
                yield from _chain(session, stream)
        yield from _orphans(session)
        instance_ids = list(session.scalars(select(Instance.id).order_by(Instance.started_at, Instance.id)))
    for done, instance_id in enumerate(instance_ids):
        if progress is not None:
            progress(done, len(instance_ids))
        instance = session.get(Instance, instance_id)
        if instance is None:
            yield Mismatch(stream_of(instance_id), None, "没有这个事项")
            continue
        made, _ = definitions.get(instance.digest, (None, None))
        yield from verify_instance(session, instance, made, calendars)
        session.expunge_all()


def verify_instance(
    session: Session, instance: Instance, made: Compiled | None, calendars: Mapping[str, Calendar]
) -> Iterator[Mismatch]:
    """Chain, effects and final state of one instance."""
    stream = stream_of(instance.id)
    yield from _chain(session, stream)
    if made is None:
        yield Mismatch(stream, None, f"定义 {instance.digest} 缺失或已损坏，无法重放")
        return
    events = history.stream_events(session, stream)
    steps = steps_of(events)
    if not steps or steps[0].event.kind != "started":
        yield Mismatch(stream, None, "历史缺少启动记录")
        return
    course: Course
    try:
        frame = steps[0].event.data["frame"]
        if frame != instance.frame or steps[0].event.data["digest"] != instance.digest:
            yield Mismatch(stream, 1, "事项记录的定义或设置与启动时不符")
        replayer = Replayer(instance.id, instance.frame, made, lambda digest: calendars[digest])
        course = yield from _replayed(stream, replayer, steps)
    except (LiaisonError, KeyError, TypeError, ValueError, AttributeError) as error:
        # a damaged journal can fail in any way; each is a finding
        yield Mismatch(stream, None, f"无法重放：{error}")
        return
    yield from _rows(session, instance, course, events)


def _replayed(stream: str, replayer: Replayer, steps: Sequence[Step]) -> Generator[Mismatch, None, Course]:
    course = Course()
    for position, step in enumerate(steps):
        if step.event.kind == "taken_back":
            before = course
            course = replayer.run(steps[: position + 1])
            found = taken_back_effects(before.open, before.due, course)
        else:
            found = replayer.step(course, step)
        wanted = [(effect.kind, effect.task, dumps(normalized(dict(effect.data)))) for effect in found]
        have = [(event.kind, event.task, dumps(event.data)) for event in step.effects]
        if wanted != have:
            yield Mismatch(stream, step.event.seq, f"重放「{step.event.kind}」得到的结果与记录不符")
    return course


def _rows(session: Session, instance: Instance, course: Course, events: Sequence[HistoryEvent]) -> Iterator[Mismatch]:
    stream, landing = stream_of(instance.id), course.landing
    if landing is None or landing.state != instance.state:
        have = hashlib.sha256(instance.state.encode()).hexdigest()[:12]
        yield Mismatch(stream, None, f"保存的状态（{have}…）与重放结果不符")
    if landing is None:
        return
    if dumps(course.data) != dumps(instance.data):
        yield Mismatch(stream, None, "事项数据与历史不符")
    rows = list(
        session.scalars(
            select(UserTask).where(UserTask.instance_id == instance.id).order_by(UserTask.entered_seq, UserTask.id)
        )
    )
    for what in instance_faults(instance, rows, landing, events):
        yield Mismatch(stream, None, what)
    for seq, what in task_faults(rows, landing, events):
        yield Mismatch(stream, seq, what)
    waiting = session.scalars(select(Timer).where(Timer.instance_id == instance.id, Timer.status == WAITING))
    if {(str(row.id), row.fire_at) for row in waiting} != {
        (timer.id, timer.fire_at) for timer in landing.timers.values()
    }:
        yield Mismatch(stream, None, "定时器与重放结果不符")


def _verified_definitions(session: Session) -> Iterator[tuple[str, tuple[Compiled | None, str | None]]]:
    for digest, key in session.execute(select(Definition.digest, Definition.key).order_by(Definition.deployed_at)):
        try:
            files = files_of(session, digest)
            actual = digest_of(files)
            if actual != digest:
                yield digest, (None, f"流程 {key} 的定义文件与摘要不符（实际 {actual[:12]}…）")
            else:
                yield digest, (compile_bundle(files, key), None)
        except LiaisonError as error:
            yield digest, (None, f"流程 {key} 的定义无法读取：{error}")


def _calendar_problem(version: CalendarVersion, into: dict[str, Calendar]) -> str | None:
    try:
        calendar = Calendar.from_data(version.data)
    except (LiaisonError, KeyError, TypeError, ValueError, AttributeError) as error:
        return f"工作日历无法读取：{error}"
    if calendar.digest != version.digest:
        return f"工作日历与摘要不符（实际 {calendar.digest[:12]}…）"
    into[version.digest] = calendar
    return None


def _chain(session: Session, stream: str) -> Iterator[Mismatch]:
    for found in history.verify_stream(session, stream):
        yield Mismatch(found.stream, found.seq, found.what)


def _orphans(session: Session) -> Iterator[Mismatch]:
    known = {stream_of(instance_id) for instance_id in session.scalars(select(Instance.id))}
    for stream in history.streams(session, "instance:"):
        if stream not in known:
            yield Mismatch(stream, None, "有历史而没有事项记录")
