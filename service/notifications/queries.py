"""Reading the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.orm import Session

from service.db.lists import Page, page
from service.db.prepared import Prepared
from service.history import HistoryEvent
from service.notifications.models import MailAddress, Notification
from service.notifications.rules import FOR_ADMINISTRATORS
from service.processes import pools
from service.processes.register_models import Urge
from service.processes.waiting import waiting_tasks
from service.rights import Actor, administers_only

_ASKED_AT = (
    select(HistoryEvent.at).where(HistoryEvent.id == Notification.event_id).correlate(Notification).scalar_subquery()
)
_SO_FAR = (Urge.task_id == Notification.task_id, Urge.urged_at <= _ASKED_AT)
_SIGNED = and_(
    select(Urge.seq).where(*_SO_FAR, Urge.received_at >= _ASKED_AT).correlate(Notification).exists(),
    ~select(Urge.seq).where(*_SO_FAR, Urge.received_at.is_(None)).correlate(Notification).exists(),
)
"""The notices about a task for which somebody has signed since: a receipt is the unit's, one is enough."""
_UNSIGNED = (Notification.receipt, Notification.read_at.is_(None), ~_SIGNED)
"""The notices that wait for 签收."""


def inbox(
    session: Session,
    actor: Actor,
    *,
    unread: bool = False,
    to_sign: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> Page[Notification]:
    """The actor's notices, the latest first. Two statements.

    With ``unread`` only those not read yet, with ``to_sign`` only those that ``receipts_owed`` counts.
    """
    query = select(Notification).where(*own_notices(actor))
    if to_sign:
        query = query.where(*_UNSIGNED)
    if unread:
        query = query.where(Notification.read_at.is_(None))
    return page(session, query.order_by(Notification.created_at.desc(), Notification.id), limit=limit, offset=offset)


def signed_for(session: Session, notices: Iterable[Notification]) -> frozenset[UUID]:
    """Those of these notices that ask for no 签收 any more, for a colleague has signed. One statement, none where none
    of them asks."""
    asked = [one.id for one in notices if one.receipt and one.read_at is None and one.task_id is not None]
    if not asked:
        return frozenset()
    return frozenset(session.scalars(select(Notification.id).where(Notification.id.in_(asked), _SIGNED)))


def received(session: Session, event_ids: Iterable[int]) -> dict[int, list[tuple[str, datetime]]]:
    """Entry of the journal → who has signed for its notice, or read it, and when, in order; none where nobody has. One
    statement."""
    query = select(Notification.event_id, Notification.username, Notification.read_at)
    query = query.where(Notification.event_id.in_(list(event_ids)), Notification.receipt)
    found: dict[int, list[tuple[str, datetime]]] = {}
    for event, username, at in session.execute(query.order_by(Notification.read_at, Notification.username)):
        if at is not None:
            found.setdefault(event, []).append((username, at))
    return found


def reached(session: Session, instance_id: UUID) -> dict[int, list[str]]:
    """Number of the entry of a case's journal → the sign-in names of those whose inbox its notice reached.

    One statement.
    """
    query = (
        select(HistoryEvent.seq, Notification.username)
        .join(HistoryEvent, HistoryEvent.id == Notification.event_id)
        .where(Notification.instance_id == instance_id)
    )
    found: dict[int, list[str]] = {}
    for seq, username in session.execute(query.order_by(HistoryEvent.seq, Notification.username)):
        found.setdefault(seq, []).append(username)
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many tasks and unread notices wait for somebody; of tasks ``processes.waiting.MOST`` at most are counted."""

    tasks: int
    unread: int


def waiting(session: Session, actor: Actor, today: date) -> Waiting:
    """The numbers of the menu; one statement beside those that say whose open tasks are (``pools``). No record is
    read."""
    if administers_only(actor):
        unread = select(func.count()).where(*own_notices(actor), Notification.read_at.is_(None))
        return Waiting(0, session.scalar(unread) or 0)
    given = {"username": actor.username}
    # of who has no task at all nothing is asked about tasks
    [(tasks, unread)] = _WAITING.rows(session, actor, today, given) or [(0, *_UNREAD.rows(session, given)[0])]
    return Waiting(tasks, unread)


_OWN_UNREAD = select(func.count()).where(Notification.username == bindparam("username"), Notification.read_at.is_(None))
_UNREAD = Prepared(_OWN_UNREAD)
_WAITING = pools.Question(lambda mine: select(waiting_tasks(mine).scalar_subquery(), _OWN_UNREAD.scalar_subquery()))


def receipts_owed(session: Session, actor: Actor) -> int:
    """How many urges and circulars wait for the actor's 签收; one statement."""
    asked = select(func.count()).where(*own_notices(actor), *_UNSIGNED)
    return session.scalar(asked) or 0


def own_notices(actor: Actor) -> Sequence[ColumnElement[bool]]:
    """The actor's notices; to a separated administrator (三员分立) none of an earlier role."""
    mine = Notification.username == actor.username
    return (mine, Notification.template.in_(FOR_ADMINISTRATORS)) if administers_only(actor) else (mine,)


def mail_address(session: Session, username: str) -> str | None:
    """Where the account's mail goes, or None."""
    found = session.get(MailAddress, username)
    return found.address if found is not None else None
