"""Telling people what the journal owes them. Plain functions in the caller's transaction; none commits.

Delivering and reading a notice is no part of the matter's history: it stands in the journal of the notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service import history
from service.errors import NotFound
from service.history import OutboxEntry
from service.history.records import record
from service.notifications.fields import READ
from service.notifications.models import Notification
from service.notifications.rules import case_of, next_attempt
from service.processes.incidents import open_incident
from service.rights import Actor


def failed(session: Session, event_id: int, error: str, *, hopeless: bool, now: datetime) -> None:
    """Telling failed (its transaction is gone): later again; after some attempts an incident that people see.

    ``hopeless``: trying again without a person's help is no use.
    """
    entry = session.get(OutboxEntry, event_id, with_for_update=True)
    if entry is None:
        return
    if not hopeless and entry.attempts + 1 < history.MAX_ATTEMPTS:
        history.postpone(session, entry, until=next_attempt(entry.attempts, now), error=error[:2000])
        history.note_failure(session, entry, now=now)
        return
    times = entry.attempts + 1
    history.give_up(session, entry, error=error[:2000])
    history.note_failure(session, entry, now=now)
    open_incident(
        session,
        kind="notice",
        instance_id=case_of(entry.event.stream),
        event_id=event_id,
        message=error if hopeless else f"提醒连续 {times} 次发送失败：{error}",
        now=now,
    )
    session.flush()


def mark_read(session: Session, *, notification_id: UUID, actor: Actor, now: datetime) -> Notification:
    """The actor has read a notice of the own inbox. Raises NotFound for any other."""
    found = own_notice(session, notification_id, actor)
    if found.read_at is None:
        found.read_at = now
        _note_read(session, [found], actor, now)
        session.flush()
    return found


def own_notice(session: Session, notification_id: UUID, actor: Actor) -> Notification:
    """A notice of the own inbox. Raises NotFound for any other."""
    found = session.get(Notification, notification_id)
    if found is None or found.username != actor.username:
        raise NotFound("没有这条提醒")
    return found


def mark_signed(session: Session, *, task_id: UUID, actor: Actor, now: datetime) -> None:
    """The actor has signed for a task: the own notices about it that ask for 签收 are read."""
    asked = select(Notification).where(
        *(Notification.username == actor.username, Notification.task_id == task_id),
        *(Notification.receipt, Notification.read_at.is_(None)),
    )
    _read(session, asked, actor, now)


def mark_all_read(session: Session, *, actor: Actor, now: datetime) -> None:
    """The actor has read the whole inbox."""
    mine = select(Notification).where(Notification.username == actor.username, Notification.read_at.is_(None))
    _read(session, mine, actor, now)


def _read(session: Session, asked: Select[Notification], actor: Actor, now: datetime) -> None:
    rows = session.scalars(asked.order_by(Notification.id).with_for_update(of=Notification)).all()
    for one in rows:
        one.read_at = now
    _note_read(session, rows, actor, now)
    session.flush()


def _note_read(session: Session, rows: Sequence[Notification], actor: Actor, now: datetime) -> None:
    """Journals that notices were read."""
    streams = {one.id: history.notice_stream(one.event_id) for one in rows}
    history.lock_all(session, set(streams.values()))
    for one in rows:
        record(session, streams[one.id], READ, {"notice": str(one.id)}, actor=actor, now=now)
