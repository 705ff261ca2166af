"""A locked case at hand: what each step needs of it is read at once, right after the lock.

It is the head of its journal, its open tasks, whether any was ever cancelled, whether it was ever moved to another
version, and the calendar in force. All of it stays true until the transaction ends: whoever changes a case holds its
lock. A case is read as fast after a hundred rounds of rework as after one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    bindparam,
    cast,
    event,
    exists,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from service import history
from service.db.by_hand import Rows
from service.db.looking import proved_by
from service.db.prepared import Prepared, Values
from service.history import HistoryEvent, HistoryHead
from service.processes import calendars
from service.processes.models import CANCELLED, OPEN, CalendarVersion, Definition, Instance, UserTask
from service.processes.moves import MIGRATED
from service.processes.recording import stream_of

_HELD = "cases_at_hand"
"""In a session: what is at hand of each case that its transaction holds locked, by id."""


class AtHand:
    """The ``tasks`` of a locked case that were open under the lock or were opened since, by id.

    ``cancelled``: some were cancelled, and may come again by their ids. ``versions``: that of the case and the newest
    one of its process, where the case was never moved; None: look.
    """

    def __init__(
        self,
        tasks: Iterable[UserTask],
        *,
        cancelled: bool = True,
        versions: tuple[int, int] | None = None,
    ) -> None:
        self.tasks = {row.id: row for row in tasks}
        self.cancelled, self.versions = cancelled, versions

    def take(self, rows: Iterable[UserTask]) -> None:
        """A step has these tasks open, or has just ended them."""
        self.tasks.update({row.id: row for row in rows})
        self.cancelled |= any(row.status == CANCELLED for row in self.tasks.values())

    def stays(self, instance: Instance) -> bool:
        """Whether the case has been of its one version from its beginning on."""
        return self.versions is not None and self.versions[0] == instance.version

    def opened(self) -> list[UserTask]:
        """Those that are open now, in the order in which they opened."""
        found = [row for row in self.tasks.values() if row.status == OPEN]
        return sorted(found, key=lambda row: (row.entered_seq, row.id))


def at_hand(session: Session, instance: Instance) -> AtHand:
    """The case, which the caller has locked, at hand; read where it is not. One statement, then none.

    Changes that wait are sent first.
    """
    held: dict[UUID, AtHand] = session.info.setdefault(_HELD, {})
    if instance.id not in held:
        rows = _NAMED[False].asked.rows(session, {"of": instance.id})
        held[instance.id] = _taken_in(session, instance, rows)
    return held[instance.id]


def begun(session: Session, instance: Instance) -> AtHand:
    """A case that begins in this very transaction at hand: nothing is there yet."""
    held: dict[UUID, AtHand] = session.info.setdefault(_HELD, {})
    return held.setdefault(instance.id, AtHand((), cancelled=False))


def held(session: Session, instance_id: UUID) -> AtHand | None:
    """The case at hand; None where the transaction has not locked it."""
    found: AtHand | None = session.info.get(_HELD, {}).get(instance_id)
    return found


def taken(session: Session, instance_id: UUID, rows: Iterable[UserTask]) -> None:
    """``take`` of a case that is at hand."""
    if (found := held(session, instance_id)) is not None:
        found.take(rows)


def locked(session: Session, *, instance: UUID | None = None, task: UUID | None = None) -> Instance | None:
    """The case of this id, or of this task, locked until the transaction ends, and at hand; None where there is none.

    Two statements, of which the second sees what there is under the lock; PostgreSQL is waited for once. Changes that
    wait are sent first.
    """
    named = _NAMED[task is not None]
    given = {"of": instance if task is None else task}
    if instance is not None and held(session, instance) is not None:
        return named.lock.first(session, given)
    locks = named.lock.soon(session, given)
    rows = named.asked.rows(session, given)
    found = next(iter(locks()), None)
    if found is not None and held(session, found.id) is None:
        session.info.setdefault(_HELD, {})[found.id] = _taken_in(session, found, rows)
    return found


def _taken_in(session: Session, instance: Instance, rows: Sequence[Values]) -> AtHand:
    given = {"stream": stream_of(instance.id), "process": instance.process}
    proved_by(session, _STILL, given, [(rows[0][_OF_HEAD + 1], *rows[0][:2])] if rows else [])
    if not rows:  # its journal has no head: whoever verifies says so
        return AtHand(_OPEN_TASKS.all(session, {"instance": instance.id}))
    digest, newest, moved, cancelled = rows[0][:_OF_HEAD]
    calendars.hold(session, digest)
    history.hold(session, rows[0][_OF_HEAD:_OF_TASK])
    tasks = [_OPEN_TASKS.take(session, row[_OF_TASK:]) for row in rows if row[_OF_TASK] is not None]
    return AtHand(tasks, cancelled=bool(cancelled), versions=None if moved else (instance.version, newest or 0))


_CALENDAR = select(CalendarVersion.digest).order_by(CalendarVersion.id.desc()).limit(1).scalar_subquery()


def _newest(process: Any) -> Any:
    return select(func.max(Definition.version)).where(Definition.key == process).scalar_subquery()


def _stream(dialect: str) -> Any:
    """The name of the journal of a case (``stream_of``), as its database makes it of the id."""
    named: Any = literal_column("'instance:'", Text)
    if dialect != "sqlite":
        return named.concat(cast(Instance.id, Text))
    digits = type_coerce(Instance.id, Text)  # it is kept without its strokes
    parts = (func.substr(digits, first, count) for first, count in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)))
    for place, part in enumerate(parts):
        named = (named.concat("-") if place else named).concat(part)
    return named


_IT = aliased(UserTask)


def _asked(of: ColumnElement[bool]) -> Prepared:
    """Asks for what is at hand of the case that ``of`` names."""

    def make(dialect: str) -> Any:
        stream = _stream(dialect)
        return (
            select(
                _CALENDAR,
                _newest(Instance.process),
                exists().where(HistoryEvent.stream == stream, HistoryEvent.kind == literal_column(f"'{MIGRATED}'")),
                exists().where(_IT.instance_id == Instance.id, _IT.status == CANCELLED),
                *history.head_columns(),
                *UserTask.__table__.columns,
            )
            .select_from(Instance)
            .join(HistoryHead, HistoryHead.stream == stream)
            .outerjoin(UserTask, (UserTask.instance_id == Instance.id) & (UserTask.status == OPEN))
            .where(of)
            .order_by(UserTask.entered_seq, UserTask.id)
            .with_for_update(of=HistoryHead)
        )

    return Prepared(make, covered=True)


class _Named:
    """The questions about a case that is named in one of two ways: what locks it, and what there is under the lock."""

    def __init__(self, of: ColumnElement[bool]) -> None:
        self.lock = Rows(Instance, lambda cases: cases.where(of).with_for_update(of=Instance), fresh=True, covered=True)
        self.asked = _asked(of)


_OF: Any = bindparam("of", type_=UserTask.id.type)
_NAMED = {
    False: _Named(Instance.id == _OF),
    True: _Named(Instance.id == select(_IT.instance_id).where(_IT.id == _OF).scalar_subquery()),
}
_STILL = Prepared(
    select(HistoryHead.seq, _CALENDAR, _newest(bindparam("process"))).where(HistoryHead.stream == bindparam("stream")),
    covered=True,
)
"""Proves all that was read of a case: whatever changes it stands in its journal, but for what is in force beside it."""
_OPEN_TASKS = Rows(
    UserTask,
    lambda tasks: tasks.where(UserTask.instance_id == bindparam("instance"), UserTask.status == OPEN).order_by(
        UserTask.entered_seq, UserTask.id
    ),
    fresh=True,
)
_OF_HEAD = 4
_OF_TASK = _OF_HEAD + len(history.head_columns())
"""The places of the first column of the head, and of a task."""


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    """A lock ends with its transaction or savepoint, so what is known under the lock ends with it too."""
    session.info.pop(_HELD, None)
