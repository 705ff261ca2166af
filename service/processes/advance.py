"""One step of an instance, all of it in the caller's transaction: journal the input, run the engine, journal and
project the effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from service import clock, engine, history
from service.db.canonical import normalized
from service.errors import NotFound
from service.history.notices import NOTICE
from service.processes import effects as fx
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.clocks import TAKEN_BACK, Turn
from service.processes.contexts import context_of
from service.processes.models import (
    CANCELLED,
    COMPLETED,
    OPEN,
    RUNNING,
    SUSPENDED,
    WAITING,
    Instance,
    Timer,
    UserTask,
)
from service.processes.notices import notice_of, words_of
from service.processes.rules import NO_CASE, described, merged, stage_of
from service.processes.spans import keep
from service.processes.wiring import ActionCall, wiring
from service.rights import Actor

Run = Callable[[Compiled, engine.Context], engine.Landing]


# Asked at every step, so built once.
_OPEN_TASKS = (
    select(UserTask)
    .where(UserTask.instance_id == bindparam("instance"), UserTask.status == OPEN)
    .order_by(UserTask.entered_seq, UserTask.id)
)
_OPEN_OR_AGAIN = select(UserTask).where(
    UserTask.instance_id == bindparam("instance"),
    or_(UserTask.status == OPEN, UserTask.id.in_(bindparam("again", expanding=True))),
)
_WAITING_OR_ARMED = select(Timer).where(
    Timer.instance_id == bindparam("instance"),
    or_(Timer.status == WAITING, Timer.id.in_(bindparam("armed", expanding=True))),
)


def stream_of(instance_id: UUID) -> str:
    """The journal stream of an instance."""
    return f"instance:{instance_id}"


def record(
    session: Session,
    instance: Instance,
    *,
    kind: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any],
    task: str | None = None,
) -> history.HistoryEvent:
    """Appends an event to the instance's journal."""
    return history.append(
        session,
        stream=stream_of(instance.id),
        kind=kind,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data=data,
        task=task,
    )


@dataclass(frozen=True, slots=True)
class Input:
    """What moves an instance: its kind, data and the user task (or timer) that it is about."""

    kind: str
    data: Mapping[str, Any]
    task: str | None = None
    completes: bool = False


Judge = Callable[[Compiled, engine.Landing, DayFunctions], list[fx.Effect]]


def advance(
    session: Session,
    instance: Instance,
    what: Input,
    run: Run,
    *,
    actor: Actor,
    now: datetime,
    judge: Judge | None = None,
) -> int:
    """Journals ``what``, runs the engine, writes state, effects and projections. Gives the input's sequence number.

    With the input stands whatever of today the engine counts with, so that replay never asks for what is in force now.

    ``judge`` says what the effects are, where they are not those of a token that moved.

    The instance row is locked by the caller. Raises engine.EngineFailure when the diagram fails; the caller's
    transaction must then roll back.
    """
    calendar, opening = current(session), wiring(session).opening
    with session.no_autoflush:  # what the command changed so far is sent with the effects
        event = record(
            session,
            instance,
            kind=what.kind,
            actor=actor,
            now=now,
            task=what.task,
            data={
                **what.data,
                "calendar": calendar.digest,
                "opening": opening.isoformat(),
                "rules": engine.RULES,
            },
        )
    if what.completes and what.task:
        session.get_one(UserTask, UUID(what.task)).completed_seq = event.seq
    made = compiled(session, instance.digest, instance.process)
    days = DayFunctions(calendar, now)
    act = _actions(session, instance, what, actor, now)
    given = context_of(instance.id, event.seq, days, act, opening, engine.RULES)
    context = replace(given, instances=wiring(session).most_instances)
    landing = run(made, context)
    rows = _rows_of(session, instance, landing)
    before = frozenset(task_id for task_id, row in rows.items() if row.status == OPEN)
    if judge is not None:
        found = judge(made, landing, days)
    else:
        done = what.task if what.completes else None
        found = fx.effects_of(made, instance.frame, before, done, landing, days, engine.RULES)
    apply_effects(session, instance, found, landing, rows=rows, seq=event.seq, actor=actor, now=now, cause=what)
    return event.seq


def apply_effects(
    session: Session,
    instance: Instance,
    found: Sequence[fx.Effect],
    landing: engine.Landing,
    *,
    rows: dict[str, UserTask],
    seq: int,
    actor: Actor,
    now: datetime,
    cause: Input,
) -> None:
    """Journals effects, brings the projections (instance, user tasks, timers) in line, and says who is to be told.

    ``rows``, by id, are the tasks that were open before; new ones are added.
    """
    turn = Turn(clock.local(now).date(), cause.kind == TAKEN_BACK, instance.status == SUSPENDED)
    # Nothing below reads back what it writes: all of it is sent at the end, the journal's rows in one statement.
    with session.no_autoflush:
        for effect in found:
            record(session, instance, kind=effect.kind, actor=actor, now=now, task=effect.task, data=effect.data)
            if effect.kind == fx.ENTERED and effect.task:
                made = _row(instance, effect.task, effect.data, landing.open_tasks[effect.task].data, seq, now)
                # a step that was taken back and is done again brings the same later tasks, by the same ids
                rows[effect.task] = session.merge(made) if effect.task in rows else _added(session, made)
                turn.entered(rows[effect.task], made.due_on)
            elif effect.kind == fx.CANCELLED and effect.task:
                rows[effect.task].status = CANCELLED
                rows[effect.task].completed_at = now
                turn.cancelled(rows[effect.task])
            elif effect.kind == fx.DUE_CHANGED and effect.task:
                before = rows[effect.task].due_on
                set_due(rows[effect.task], effect.data)
                turn.moved(rows[effect.task], before, rows[effect.task].due_on)
            elif effect.kind == fx.REOPENED and effect.task:
                rows[effect.task] = session.get_one(UserTask, UUID(effect.task))
                _reopen(rows[effect.task])
                turn.reopened(rows[effect.task], rows[effect.task].due_on)
            elif effect.kind == fx.ENDED:
                instance.end, instance.end_name = effect.data["end"], effect.data["name"]
        instance.state = landing.state
        if landing.completed and instance.status in (RUNNING, SUSPENDED):  # a suspended case may end by being woken
            instance.status, instance.ended_at = COMPLETED, now
        _sync_timers(session, instance, landing)
        definition = compiled(session, instance.digest, instance.process)
        _sync_instance(instance, definition, [row.stage for row in rows.values() if row.status == OPEN])
        reason = str(cause.data.get("reason") or "")
        for word in words_of(found, rows, cause=cause.kind, reason=reason, actor=actor):
            told = notice_of(instance, word.template, task=word.task, text=word.text)
            record(session, instance, kind=NOTICE, actor=actor, now=now, task=str(word.task.id), data=told.data())
    session.flush()
    turn.send(session)
    keep(session, instance, now)


def open_tasks(session: Session, instance_id: UUID) -> list[UserTask]:
    """The rows of the instance's open user tasks, in the order in which they opened."""
    return list(session.scalars(_OPEN_TASKS, {"instance": instance_id}))


def _rows_of(session: Session, instance: Instance, landing: engine.Landing) -> dict[str, UserTask]:
    """The instance's tasks that are open, or were there before and are open again, by id; as the caller left them."""
    again = [UUID(task_id) for task_id in landing.open_tasks]
    with session.no_autoflush:
        return {str(row.id): row for row in session.scalars(_OPEN_OR_AGAIN, {"instance": instance.id, "again": again})}


def lock(session: Session, instance_id: UUID) -> Instance:
    """The instance, locked until the transaction ends. Raises NotFound."""
    found = session.scalar(
        select(Instance).where(Instance.id == instance_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(NO_CASE)
    return found


def set_due(row: UserTask, data: Mapping[str, Any]) -> None:
    """Writes a computed due date onto the row of a user task."""
    row.due_on = date.fromisoformat(data["due_on"]) if data["due_on"] else None
    row.warn_on = date.fromisoformat(data["warn_on"]) if data["warn_on"] else None
    row.due_provisional = data["provisional"]
    row.due_basis = data["basis"]
    row.due_explanation = dict(data["explanation"])
    row.revision = (row.revision or 0) + 1


def due_of_row(row: UserTask) -> dict[str, Any]:
    """What the row of a user task says of its date, as an effect would say it."""
    return {
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "warn_on": row.warn_on.isoformat() if row.warn_on else None,
        "provisional": row.due_provisional,
    }


def merge_data(
    instance: Instance, task: UserTask, fields: Mapping[str, Any], drop: frozenset[str], own: frozenset[str]
) -> None:
    """Brings a completed form into the case's data, without the fields that are its ``own`` step's alone."""
    instance.data = merged(instance.data, task.scope, task.slot, fields, drop, own)


def _actions(
    session: Session, instance: Instance, what: Input, actor: Actor, now: datetime
) -> Callable[[engine.Call], Any]:
    known = wiring(session).actions

    def run(call: engine.Call) -> Any:
        action = known.get(call.name)
        if action is None:
            raise engine.EngineFailure(f"流程图调用了未知的动作 {call.name}")
        named = set(call.parameters)
        if missing := [name for name in action.parameters if name not in named]:
            raise engine.EngineFailure(f"动作 {action.title}（{call.name}）缺少参数 {'、'.join(missing)}")
        if unknown := sorted(named - set(action.parameters) - set(action.optional)):
            raise engine.EngineFailure(f"动作 {action.title}（{call.name}）不认识参数 {'、'.join(unknown)}")
        result = normalized(
            action.run(
                session,
                ActionCall(
                    instance=instance,
                    task=call.task,
                    parameters=call.parameters,
                    data=call.data,
                    actor=actor,
                    now=now,
                    scope=call.scope,
                    overtaken=bool(what.data.get("overtaken")),
                ),
            )
        )
        record(
            session,
            instance,
            kind="action",
            actor=actor,
            now=now,
            task=call.task,
            data={
                "name": call.name,
                "parameters": normalized(dict(call.parameters)),
                "variable": call.variable,
                "scope": call.scope,
                "result": result,
            },
        )
        if not call.scope:
            instance.data = {**instance.data, call.variable: result}
        return result

    return run


def _added(session: Session, row: UserTask) -> UserTask:
    session.add(row)
    return row


def _reopen(row: UserTask) -> None:
    row.status, row.revision = OPEN, row.revision + 1
    _undone(row)


def _undone(row: UserTask) -> None:
    row.completed_at = row.completed_by = row.on_behalf_of = row.late_days = None
    row.completed_seq = row.submitted = None


def _row(
    instance: Instance, task_id: str, data: Mapping[str, Any], snapshot: Mapping[str, Any], seq: int, now: datetime
) -> UserTask:
    row = UserTask(
        id=UUID(task_id),
        instance_id=instance.id,
        process=data["process"],
        task=data["task"],
        name=data["name"],
        scope=data["scope"],
        stage=data["stage"],
        role=data["role"],
        unit=data["unit"],
        leader_id=UUID(data["leader"]) if "leader" in data else None,
        slot=data["slot"],
        status=OPEN,
        revision=0,
        data=dict(snapshot),
        entered_at=now,
        entered_seq=seq,
        paused=data["paused"],
        urges=0,
        assignee=None,
    )
    _undone(row)
    set_due(row, data)
    return row


def _sync_timers(session: Session, instance: Instance, landing: engine.Landing) -> None:
    armed_ids = [UUID(timer_id) for timer_id in landing.timers]
    known = session.scalars(_WAITING_OR_ARMED, {"instance": instance.id, "armed": armed_ids})
    rows = {str(row.id): row for row in known}
    for timer_id, row in rows.items():
        armed = landing.timers.get(timer_id)
        if armed is None:
            row.status = CANCELLED
        elif row.status != WAITING:  # a taken-back step brings its timers back to life
            row.status, row.fire_at, row.due_at, row.attempts = WAITING, armed.fire_at, armed.fire_at, 0
        elif armed.fire_at != row.fire_at:
            row.fire_at = row.due_at = armed.fire_at
    for timer_id, armed in landing.timers.items():
        if timer_id in rows:
            continue
        session.add(
            Timer(
                id=UUID(timer_id),
                instance_id=instance.id,
                task_id=UUID(armed.task) if armed.task else None,
                process=armed.process,
                event=armed.event,
                name=armed.name,
                fire_at=armed.fire_at,
                due_at=armed.fire_at,
                status=WAITING,
                attempts=0,
            )
        )


def _sync_instance(instance: Instance, made: Compiled, stages: Sequence[str | None]) -> None:
    ended = instance.ended_at is not None
    instance.stage = stage_of(stages, order=made.stages, ended=ended, before=instance.stage)
    for name, value in described(instance.data, instance.number, made.title_of(instance.data)).items():
        setattr(instance, name, value)
