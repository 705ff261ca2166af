"""A batch of cases that move to another version in one transaction: read at once, locked at once, sent at once.

A case alone costs mostly its statements. Where a case cannot be moved, nothing of it has been changed when that
is known, so that the others of the batch go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import engine, history
from service.db.lean import lean
from service.errors import Conflict, LiaisonError
from service.processes import effects as fx
from service.processes.advance import of_today
from service.processes.applying import put_down
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.clocks import Turn
from service.processes.contexts import context_of
from service.processes.migrating import (
    RIGHT,
    Choices,
    frame_now,
    known_of,
    require_choices,
    said_of,
    version_of,
)
from service.processes.models import OPEN, RUNNING, SUSPENDED, WAITING, Definition, Instance, Timer, UserTask
from service.processes.moves import MIGRATED, Known, Move, no_action
from service.processes.recording import Input, record, stream_of
from service.processes.rules import NO_CASE
from service.processes.spans import keep
from service.processes.wiring import wiring
from service.rights import Actor, require

T = TypeVar("T")
See = Callable[[Sequence[UserTask], Sequence[Timer], Compiled], T]
"""A look at the open tasks and the waiting timers of a case before it goes, and at its version."""


@dataclass(frozen=True, slots=True)
class Gone(Generic[T]):
    """A case that went to the other version: its number, the version ``before``, what was ``seen`` of its open tasks
    and waiting timers there, what is known of its tasks, where it landed on ``new``, and the effects."""

    case: UUID
    number: str | None
    before: int
    seen: T
    known: Mapping[str, Known]
    new: Compiled
    landing: engine.Landing
    found: Sequence[fx.Effect]


@dataclass(frozen=True, slots=True)
class Stayed:
    """A case that could not go, its number and version, and why."""

    case: UUID
    number: str | None
    before: int | None
    error: LiaisonError


class Batch:
    """Moves cases of a process to its version ``to`` within the caller's transaction. Raises NotAllowed, NotFound."""

    def __init__(
        self, session: Session, process: str, to: int, choices: Choices, *, actor: Actor, now: datetime
    ) -> None:
        require(actor, RIGHT)
        self.session, self.choices, self.actor, self.now = session, choices, actor, now
        self.target = version_of(session, process, to)
        self.new = compiled(session, self.target.digest, process)
        self.frame, self.calendar = frame_now(session), current(session)
        self._here: dict[int, Definition] = {}

    def move(self, ids: Sequence[UUID], see: See[T]) -> list[Gone[T] | Stayed]:
        """The outcome of each of the cases, in order. The caller must undo its transaction after any error."""
        wanted = select(Instance).where(Instance.id.in_(ids)).order_by(Instance.id).with_for_update()
        rows = {one.id: one for one in self.session.scalars(wanted.execution_options(populate_existing=True))}
        history.lock_all(self.session, [stream_of(one) for one in rows])
        tasks, timers = self._tasks(ids), self._timers(ids)
        found: list[Gone[T] | Stayed] = []
        moved = list[Instance]()
        with self.session.no_autoflush:
            for case in ids:
                instance = rows.get(case)
                if instance is None or instance.process != self.target.key:
                    found.append(Stayed(case, None, None, Conflict(NO_CASE)))
                    continue
                open_tasks, waiting = tasks.get(case, []), timers.get(case, [])
                try:
                    gone = self._looked(instance, open_tasks, waiting, see)
                except LiaisonError as error:
                    found.append(Stayed(case, instance.number, instance.version, error))
                    continue
                turn = self._put_down(instance, gone, open_tasks, waiting)
                lean(self.session).follow(turn.send)
                moved.append(instance)
                found.append(gone)
        self.session.flush()
        for instance in moved:
            keep(self.session, instance, self.now)
        return found

    def _looked(self, instance: Instance, tasks: Sequence[UserTask], timers: Sequence[Timer], see: See[T]) -> Gone[T]:
        """The outcome that the case would have. Nothing is changed yet."""
        if instance.status not in (RUNNING, SUSPENDED):
            raise Conflict("该事项已经结束，不能迁移")
        here = self._version(instance)
        if (self.target.digest, self.target.prints) == (instance.digest, here.prints):
            raise Conflict(f"该事项已经按第 {self.target.version} 版办理，无需迁移")
        old = compiled(self.session, instance.digest, instance.process)
        require_choices(self.choices, old, self.new)
        move = Move.of(self._said(instance), old, self.new, instance.frame, self.frame)
        days, known = DayFunctions(self.calendar, self.now), known_of(tasks)
        plan, seq = wiring(self.session), history.next_seq(self.session, stream_of(instance.id))
        given = context_of(instance.id, seq, days, no_action, plan.opening, engine.RULES)
        landing = move.land(instance.state, known, self.calendar, replace(given, instances=plan.most_instances))
        effects = move.effects(landing, known, days, engine.RULES)
        seen = see(tasks, timers, old)
        return Gone(instance.id, instance.number, instance.version, seen, known, self.new, landing, effects)

    def _put_down(self, instance: Instance, gone: Gone[T], tasks: Sequence[UserTask], timers: Sequence[Timer]) -> Turn:
        cause = Input(MIGRATED, self._said(instance))
        instance.version, instance.digest, instance.frame = self.target.version, self.target.digest, self.frame
        event = record(
            self.session,
            instance,
            kind=MIGRATED,
            actor=self.actor,
            now=self.now,
            data={**cause.data, **of_today(self.calendar, wiring(self.session).opening)},
        )
        return put_down(
            self.session,
            instance,
            gone.found,
            gone.landing,
            rows={str(row.id): row for row in tasks},
            seq=event.seq,
            actor=self.actor,
            now=self.now,
            cause=cause,
            timers=timers,
        )

    def _said(self, instance: Instance) -> dict[str, Any]:
        return said_of(instance, self.target, self.choices, self.frame)

    def _version(self, instance: Instance) -> Definition:
        if instance.version not in self._here:
            self._here[instance.version] = version_of(self.session, instance.process, instance.version)
        return self._here[instance.version]

    def _tasks(self, ids: Sequence[UUID]) -> dict[UUID, list[UserTask]]:
        found: dict[UUID, list[UserTask]] = {}
        query = select(UserTask).where(UserTask.instance_id.in_(ids), UserTask.status == OPEN)
        for task in self.session.scalars(query.order_by(UserTask.entered_seq, UserTask.id)):
            found.setdefault(task.instance_id, []).append(task)
        return found

    def _timers(self, ids: Sequence[UUID]) -> dict[UUID, list[Timer]]:
        found: dict[UUID, list[Timer]] = {}
        for timer in self.session.scalars(select(Timer).where(Timer.instance_id.in_(ids), Timer.status == WAITING)):
            found.setdefault(timer.instance_id, []).append(timer)
        return found
