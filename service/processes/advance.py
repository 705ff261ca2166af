"""One step of an instance, all of it in the caller's transaction: journal the input, run the engine with the actions
that it calls, apply the effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service import engine
from service.canonical import normalized
from service.db.by_hand import Rows, loaded
from service.db.prepared import listed, places, size_of
from service.errors import NotFound
from service.history.notices import NOTICE
from service.processes import effects as fx
from service.processes.applying import apply_effects
from service.processes.at_hand import at_hand, held, locked
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.case_link import INTO, CaseLink
from service.processes.contexts import context_of
from service.processes.ending import WITH, along
from service.processes.models import OPEN, Instance, UserTask
from service.processes.notices import notice_of
from service.processes.recording import Input, record
from service.processes.rules import NEED, NO_CASE
from service.processes.wiring import ActionCall, wiring
from service.rights import Actor
from service.workdays import Calendar

Run = Callable[[Compiled, engine.Context], engine.Landing]
Judge = Callable[[Compiled, engine.Landing, DayFunctions], list[fx.Effect]]

# Asked at every step, so built once.
_JOINED = (
    select(Instance)
    .join(CaseLink, CaseLink.instance_id == Instance.id)
    .where(CaseLink.other_id == bindparam("main"), CaseLink.kind == INTO, Instance.ended_at.is_(None))
    .order_by(Instance.id)
    .with_for_update(of=Instance)
    .execution_options(populate_existing=True)
)
ENDED_WITH = "随并入的事项一并办结"
"""The reason of the end of a case that another took along."""


_OPEN_TASKS = Rows(
    UserTask,
    lambda tasks: tasks.where(UserTask.instance_id == bindparam("instance"), UserTask.status == OPEN).order_by(
        UserTask.entered_seq, UserTask.id
    ),
)


@lru_cache
def _again(size: int) -> Rows[UserTask]:
    return Rows(UserTask, lambda tasks: tasks.where(UserTask.id.in_(places("again", size, UserTask.id.type))))


def advance(
    session: Session,
    instance: Instance,
    what: Input,
    run: Run,
    *,
    actor: Actor,
    now: datetime,
    judge: Judge | None = None,
    first: Callable[[], object] | None = None,
) -> int:
    """Journals ``what``, runs the engine, writes state, effects and projections. Gives the input's sequence number.

    With the input stands whatever of today the engine counts with, so that replay never asks for what is in force now.

    ``judge`` says what the effects are, where they are not those of a token that moved. ``first`` is what is written
    before all else: when the diagram calls its first action, or at the end.

    The instance row is locked by the caller. Raises engine.EngineFailure when the diagram fails; the caller's
    transaction must then roll back.
    """
    opening = wiring(session).opening
    with session.no_autoflush:  # what the command changed so far is sent with the effects
        calendar = current(session)
        event = record(
            session,
            instance,
            kind=what.kind,
            actor=actor,
            now=now,
            task=what.task,
            data={**what.data, **of_today(calendar, opening)},
        )
    if what.completes and what.task:
        loaded(session, UserTask, UUID(what.task)).completed_seq = event.seq
    made = compiled(session, instance.digest, instance.process)
    days = DayFunctions(calendar, now)
    begin = cache(first or _nothing)
    act = _actions(session, instance, what, begin, actor, now)
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
    apply_effects(
        session, instance, found, landing, rows=rows, seq=event.seq, actor=actor, now=now, cause=what, first=begin
    )
    if instance.ended_at is not None:
        _tell_result(session, instance, what, actor=actor, now=now)
        _take_along(session, instance, actor=actor, now=now)
    return event.seq


def of_today(calendar: Calendar, opening: time) -> dict[str, Any]:
    """The part of an input that says what of today the engine counts with."""
    return {"calendar": calendar.digest, "opening": opening.isoformat(), "rules": engine.RULES}


def _tell_result(session: Session, ended: Instance, what: Input, *, actor: Actor, now: datetime) -> None:
    """Word that a need has ended and how, to whom the office's table names; one that was never accepted has its own
    word (``rejected``), and so has one that ends with another (``joined_ended``)."""
    if ended.process != NEED or ended.number is None or WITH in what.data:
        return
    reason = what.data.get("reason")
    text = "".join((ended.end_name or "办结", f"，{reason}" if reason else ""))
    told = notice_of(ended, "result", usernames=[], units=(), text=text)
    record(session, ended, kind=NOTICE, actor=actor, now=now, data=told.data())


def _take_along(session: Session, ended: Instance, *, actor: Actor, now: datetime) -> None:
    """The cases that were joined to one that has ended (并案) end in the same way, with its result; who began them is
    told."""
    for case in session.scalars(_JOINED, {"main": ended.id}).all():
        at_hand(session, case)
        said = along(ended.status, ended.end, ended.end_name, ended.data)
        case.status, case.ended_at = said["status"], now
        case.end, case.end_name, case.data = said["end"], said["end_name"], {**case.data, **said["data"]}
        state = case.state
        advance(
            session,
            case,
            Input("terminated", {"reason": ENDED_WITH, WITH: said}),
            lambda made, context, state=state: engine.cancel(made.program, state, context),  # type: ignore[misc]
            actor=actor,
            now=now,
        )
        told = notice_of(case, "joined_ended", usernames=[case.initiator], text=ended.end_name or "")
        record(session, case, kind=NOTICE, actor=actor, now=now, data=told.data())


def open_tasks(session: Session, instance_id: UUID) -> list[UserTask]:
    """The rows of the instance's open user tasks, in the order in which they opened; no statement where the
    transaction has locked it."""
    hand = held(session, instance_id)
    return hand.opened() if hand is not None else _OPEN_TASKS.all(session, {"instance": instance_id})


def _rows_of(session: Session, instance: Instance, landing: engine.Landing) -> dict[str, UserTask]:
    """The instance's tasks that are open, or were there before and are open again, by id; as the caller left them."""
    hand = at_hand(session, instance)
    rows = {str(row.id): row for row in hand.tasks.values()}
    again = [UUID(task_id) for task_id in landing.open_tasks if task_id not in rows]
    if again and hand.cancelled:
        with session.no_autoflush:
            found = _again(size_of(again)).all(session, listed("again", again))
        rows |= {str(row.id): row for row in found}
    return rows


def lock(session: Session, instance_id: UUID) -> Instance:
    """The instance, locked until the transaction ends, and at hand. Raises NotFound."""
    found = locked(session, instance=instance_id)
    if found is None:
        raise NotFound(NO_CASE)
    return found


def _nothing() -> None:
    """Nothing has to be written first."""


def _actions(
    session: Session, instance: Instance, what: Input, begin: Callable[[], object], actor: Actor, now: datetime
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
        begin()
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
