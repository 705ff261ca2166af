"""A locked case at hand: what each step needs of it is read at once, right after the lock.

It is the head of its journal, its open tasks, whether any was ever cancelled, whether it was ever moved to another
version, and the calendar in force. All of it stays true until the transaction ends: whoever changes a case holds its
lock. A case is read as fast after a hundred rounds of rework as after one.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, event, exists, func, literal_column, select
from sqlalchemy.orm import Session

from service import history
from service.db.by_hand import Rows
from service.db.looking import proved_by
from service.db.prepared import Prepared
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
        held[instance.id] = _read(session, instance)
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


def _read(session: Session, instance: Instance) -> AtHand:
    given = {"stream": stream_of(instance.id), "instance": instance.id, "process": instance.process}
    rows = _ASKED.rows(session, given)
    proved_by(session, _STILL, given, [(rows[0][_OF_HEAD + 1], *rows[0][:2])] if rows else [])
    if not rows:  # its journal has no head: whoever verifies says so
        return AtHand(_OPEN_TASKS.all(session, given))
    digest, newest, moved, cancelled = rows[0][:_OF_HEAD]
    calendars.hold(session, digest)
    history.hold(session, rows[0][_OF_HEAD:_OF_TASK])
    tasks = [_OPEN_TASKS.take(session, row[_OF_TASK:]) for row in rows if row[_OF_TASK] is not None]
    return AtHand(tasks, cancelled=bool(cancelled), versions=None if moved else (instance.version, newest or 0))


_STREAM: BindParameter[str] = bindparam("stream")
_CASE = bindparam("instance", type_=UserTask.instance_id.type)
_CALENDAR = select(CalendarVersion.digest).order_by(CalendarVersion.id.desc()).limit(1).scalar_subquery()
_NEWEST = select(func.max(Definition.version)).where(Definition.key == bindparam("process")).scalar_subquery()
_ASKED = Prepared(
    select(
        _CALENDAR,
        _NEWEST,
        exists().where(HistoryEvent.stream == _STREAM, HistoryEvent.kind == literal_column(f"'{MIGRATED}'")),
        exists().where(UserTask.instance_id == _CASE, UserTask.status == CANCELLED),
        *history.head_columns(),
        *UserTask.__table__.columns,
    )
    .select_from(HistoryHead)
    .outerjoin(UserTask, (UserTask.instance_id == _CASE) & (UserTask.status == OPEN))
    .where(HistoryHead.stream == _STREAM)
    .order_by(UserTask.entered_seq, UserTask.id)
    .with_for_update(of=HistoryHead),
    covered=True,
)
_STILL = Prepared(select(HistoryHead.seq, _CALENDAR, _NEWEST).where(HistoryHead.stream == _STREAM), covered=True)
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
