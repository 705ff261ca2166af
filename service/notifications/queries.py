"""Reading the inbox."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.lists import Page, page
from service.notifications.models import MailAddress, Notification
from service.rights import Actor


def inbox(
    session: Session, actor: Actor, *, unread: bool = False, limit: int = 50, offset: int = 0
) -> Page[Notification]:
    """The actor's notices, the latest first; with ``unread`` only those not read yet. Two statements."""
    query = select(Notification).where(Notification.username == actor.username)
    if unread:
        query = query.where(Notification.read_at.is_(None))
    return page(session, query.order_by(Notification.created_at.desc(), Notification.id), limit=limit, offset=offset)


def unread_count(session: Session, actor: Actor) -> int:
    """How many notices the actor has not read; one statement."""
    found = select(func.count()).where(Notification.username == actor.username, Notification.read_at.is_(None))
    return session.scalar(found) or 0


def mail_address(session: Session, username: str) -> str | None:
    """Where the account's mail goes, or None."""
    found = session.get(MailAddress, username)
    return found.address if found is not None else None
