"""A step's effects, written down: in the journal first, then on instance, user tasks, timers and clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service import clock, engine
from service.db.by_hand import Rows, columns_of, new_row, put
from service.db.lean import lean
from service.db.prepared import Prepared, listed, places, size_of
from service.history.notices import NOTICE
from service.processes import effects as fx
from service.processes import rounds
from service.processes.at_hand import taken
from service.processes.bundles import Compiled, compiled
from service.processes.clocks import Turn
from service.processes.effects import is_named
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
from service.processes.recording import Input, record
from service.processes.rules import described, stage_of
from service.processes.spans import keep
from service.processes.wiring import wiring
from service.rights import Actor


@lru_cache
def _asked(armed: int, opened: int) -> Prepared:
    """Asked at every step, so built once: how many tasks the case has had of so many places, and its timers."""
    # ``covered``: whoever changes a timer or a task tells the journal of its case, whose head is at hand
    case = bindparam("instance", type_=Timer.instance_id.type)
    columns = Timer.__table__.columns
    told: Any = select(*columns).where(Timer.instance_id == case, Timer.status == WAITING)
    if armed:
        # two searches, each by an index: with a plain "or" a database reads all timers that the case has ever had
        again = Timer.id.in_(places("armed", armed, Timer.id.type)), Timer.status != WAITING
        told = told.union_all(select(*columns).where(*again))
    timers = told.subquery()
    query = select(*rounds.columns(opened), *timers.c).select_from(Instance)
    return Prepared(
        query.outerjoin(timers, timers.c.instance_id == Instance.id).where(Instance.id == case), covered=True
    )


_TIMERS = Rows(Timer, lambda timers: timers)


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
    first: Callable[[], object] | None = None,
) -> None:
    """Journals effects, brings the projections (instance, user tasks, timers) in line, and says who is to be told.

    ``rows``, by id, are the tasks that were open before; new ones are added. ``first`` is done before anything is sent.
    """
    turn = put_down(
        session, instance, found, landing, rows=rows, seq=seq, actor=actor, now=now, cause=cause, timers=None
    )
    if first is not None:
        first()
    lean(session).follow(turn.send)
    keep(session, instance, now)


def put_down(
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
    timers: Sequence[Timer] | None,
) -> Turn:
    """As ``apply_effects``, without sending anything: the caller lets the turn of the clocks that this gives follow its
    rows, flushes, and keeps the case's stretch (``spans.keep``). ``timers`` are those that waited, None: they are read.
    """
    turn = Turn(clock.local(now).date(), cause.kind, instance.status == SUSPENDED)
    entered, moved = list[UserTask](), False
    # Nothing below reads back what it writes: all of it is sent at the end, the journal's rows in one statement.
    with session.no_autoflush:
        for effect in found:
            record(session, instance, kind=effect.kind, actor=actor, now=now, task=effect.task, data=effect.data)
            if effect.kind == fx.ENTERED and effect.task:
                made = _row(instance, effect.task, effect.data, landing.open_tasks[effect.task].data, seq, now)
                made.first_due_on = _first_due(session, made) if is_named(effect.data) else made.due_on
                # a step that was taken back and is done again brings the same later tasks, by the same ids
                moved |= effect.task in rows
                rows[effect.task] = session.merge(made) if effect.task in rows else _added(session, made)
                entered.append(rows[effect.task])
                turn.entered(rows[effect.task], made.due_on)
            elif effect.kind == fx.CANCELLED and effect.task:
                rows[effect.task].status = CANCELLED
                rows[effect.task].completed_at, rows[effect.task].asked_due_on = now, None
                turn.cancelled(rows[effect.task])
            elif effect.kind == fx.DUE_CHANGED and effect.task:
                before = rows[effect.task].due_on
                set_due(rows[effect.task], effect.data)
                if "kept" in effect.data:
                    rows[effect.task].kept, rows[effect.task].asked_due_on = effect.data["kept"], None
                turn.moved(rows[effect.task], before, rows[effect.task].due_on)
                wiring(session).date_moved(session, instance, rows[effect.task], actor, now)
            elif effect.kind == fx.RENEWED and effect.task:
                moved |= rounds.place_of(facts_of_row(rows[effect.task])) != rounds.place_of(effect.data)
                if renew(rows[effect.task], effect.data):
                    turn.handed_on(rows[effect.task])
            elif effect.kind == fx.REOPENED and effect.task:
                rows[effect.task] = session.get_one(UserTask, UUID(effect.task))
                _reopen(rows[effect.task])
                turn.reopened(rows[effect.task], rows[effect.task].due_on)
            elif effect.kind == fx.ENDED:
                instance.end, instance.end_name = effect.data["end"], effect.data["name"]
        instance.state, instance.lying = landing.state, landing.lying
        if landing.completed and instance.status in (RUNNING, SUSPENDED):  # a suspended case may end by being woken
            instance.status, instance.ended_at = COMPLETED, now
        counted = () if moved or cause.kind == "started" else entered  # of a moved case all are counted again below
        waiting, earlier = _before(session, instance, landing, counted, timers)
        _sync_timers(session, instance, landing, waiting)
        definition = compiled(session, instance.digest, instance.process)
        _sync_instance(instance, definition, [row.stage for row in rows.values() if row.status == OPEN])
        reason = str(cause.data.get("reason") or "")
        for word in words_of(found, rows, cause=cause.kind, reason=reason, actor=actor):
            told = notice_of(instance, word.template, task=word.task, text=word.text)
            record(session, instance, kind=NOTICE, actor=actor, now=now, task=str(word.task.id), data=told.data())
        rounds.number(session, instance, entered, before=None if moved else earlier)
    taken(session, instance.id, rows.values())
    return turn


def set_due(row: UserTask, data: Mapping[str, Any]) -> None:
    """Writes a computed due date onto the row of a user task."""
    put(
        row,
        due_on=date.fromisoformat(data["due_on"]) if data["due_on"] else None,
        warn_on=date.fromisoformat(data["warn_on"]) if data["warn_on"] else None,
        due_provisional=data["provisional"],
        due_basis=data["basis"],
        due_explanation=dict(data["explanation"]),
        revision=(row.revision or 0) + 1,
    )


def due_of_row(row: UserTask) -> dict[str, Any]:
    """The date in the row of a user task, in the words of an effect."""
    return {
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "warn_on": row.warn_on.isoformat() if row.warn_on else None,
        "provisional": row.due_provisional,
        "basis": row.due_basis,
    }


def facts_of_row(row: UserTask) -> dict[str, Any]:
    """The facts of a user task as its row has them, in the words of an effect."""
    leader = {"leader": str(row.leader_id)} if row.leader_id is not None else {}
    person = {"person": row.person_key} if row.person_key is not None else {}
    return columns_of(row, fx.FACTS) | leader | person


def renew(row: UserTask, data: Mapping[str, Any]) -> bool:
    """Writes onto the row what another version says of the task; whether its clock is another one's from now on."""
    before = (row.role, row.unit, row.paused)
    row.person_key = data.get("person")
    for name in fx.FACTS:
        setattr(row, name, data[name])
    row.leader_id = UUID(data["leader"]) if "leader" in data else None
    row.kept = data["kept"]
    row.revision += 1
    return (row.role, row.unit, row.paused) != before


def _first_due(session: Session, row: UserTask) -> date | None:
    """The date that the step first had: a date that a form named (阶段反馈) took the place of that of its last time."""
    earlier = select(UserTask.first_due_on).where(
        *(UserTask.instance_id == row.instance_id, UserTask.process == row.process, UserTask.task == row.task),
        *(UserTask.scope == row.scope, UserTask.entered_seq < row.entered_seq),
    )
    found = session.scalar(earlier.order_by(UserTask.entered_seq.desc()).limit(1))
    return found or row.due_on


def _added(session: Session, row: UserTask) -> UserTask:
    session.add(row)
    return row


def _reopen(row: UserTask) -> None:
    row.status, row.revision = OPEN, row.revision + 1
    _undone(row)


def _undone(row: UserTask) -> None:
    put(row, **_NOT_DONE)


_NOT_DONE: Mapping[str, None] = dict.fromkeys(
    ("completed_at", "completed_by", "on_behalf_of", "late_days", "completed_seq", "submitted")
)


def _row(
    instance: Instance, task_id: str, data: Mapping[str, Any], snapshot: Mapping[str, Any], seq: int, now: datetime
) -> UserTask:
    row = new_row(
        UserTask,
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
        person_key=data.get("person"),
        slot=data["slot"],
        status=OPEN,
        revision=0,
        data=dict(snapshot),
        entered_at=now,
        entered_seq=seq,
        kept=None,
        paused=data["paused"],
        urges=0,
        round=1,  # until it is counted (rounds.number)
        assignee=None,
        first_due_on=None,
        asked_due_on=None,
        **_NOT_DONE,
    )
    set_due(row, data)
    return row


def _before(
    session: Session,
    instance: Instance,
    landing: engine.Landing,
    entered: Iterable[UserTask],
    timers: Sequence[Timer] | None,
) -> tuple[Sequence[Timer], dict[rounds.Place, int]]:
    """The timers that wait, or may come back to life, and how many tasks there have been of the places of those that
    were ``entered``; at most one statement, where these are no more than ``rounds.MOST``, else two."""
    asked = list({(row.process, row.task, row.scope): None for row in entered})
    counts: dict[rounds.Place, int] = {}
    if len(asked) > rounds.MOST:
        asked, counts = [], rounds.of_case(session, instance.id)
    if timers is not None and not asked:
        return timers, counts
    armed = [UUID(timer_id) for timer_id in landing.timers] if timers is None else []
    question = _asked(size_of(armed) if armed else 0, size_of(asked) if asked else 0)
    given = {"instance": instance.id, **(listed("armed", armed) if armed else {}), **rounds.asked(asked)}
    rows = question.rows(session, given)
    wide = size_of(asked) if asked else 0
    if timers is None:
        timers = [_TIMERS.take(session, row[wide:]) for row in rows if row[wide] is not None]
    told = {place: count for place, count in zip(asked, rows[0] if rows else (), strict=False) if count}
    return timers, counts | told


def _sync_timers(session: Session, instance: Instance, landing: engine.Landing, waiting: Sequence[Timer]) -> None:
    rows = {str(row.id): row for row in waiting}
    for timer_id, row in rows.items():
        armed = landing.timers.get(timer_id)
        if armed is None:
            if row.status == WAITING:  # and not the one that fires
                row.status = CANCELLED
        elif row.status != WAITING:  # a taken-back step brings its timers back to life
            row.status, row.fire_at, row.due_at, row.attempts = WAITING, armed.fire_at, armed.fire_at, 0
        elif armed.fire_at != row.fire_at:
            row.fire_at = row.due_at = armed.fire_at
        if armed is not None:  # another version may draw it under another name
            put(row, process=armed.process, event=armed.event, name=armed.name)
    for timer_id, armed in landing.timers.items():
        if timer_id in rows:
            continue
        session.add(
            new_row(
                Timer,
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
    stage = stage_of(stages, order=made.stages, ended=ended, before=instance.stage)
    put(instance, stage=stage, **described(instance.data, instance.number, made.title_of(instance.data)))
