"""Letters that are owed: what a notice still has to send by mail or another channel, each on its own.

An inbox waits for no mail server, and no letter for another: each has its own attempts, its own next moment and its own
reason why it is still here. Plain functions in the caller's transaction; none commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import history
from service.auth.accounts import ACCESS
from service.auth.models import Account
from service.auth.queries import find_account, is_usable
from service.config import Mail
from service.config.notifications import KINDS
from service.db.lists import Page, page
from service.history import HistoryEvent
from service.history.notices import Notice
from service.history.records import record
from service.notifications.channels import APPRISE, MAIL, Letter, recipient_of
from service.notifications.fields import AGAIN, DROPPED, FAILED, SENT
from service.notifications.models import MailAddress, NotificationDelivery, OwedLetter
from service.notifications.rules import CASE, SAYS_WHEN, STALE_WHEN_DONE, Told, next_letter, outside_text
from service.processes.incidents import close_incident, open_incident
from service.processes.models import OPEN, Incident, UserTask
from service.rights import SYSTEM, Actor, require

LEAST_ATTEMPTS = 8
"""Nobody gives a letter up after fewer: the office was closed over a holiday for most of the hours that it waited."""
INCIDENT = "mail"
"""The kind of the incident that says that letters were given up; one is open at a time."""

Key = tuple[int, str, str]
"""Event, channel and recipient: what is sent once."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A letter that has failed at least once: what it is about, to whom, why it is not sent, and what comes next.

    ``given_up``: nobody tries again by itself; else again from ``due_at`` on. ``name`` is of the account, None for an
    address of the settings.
    """

    event_id: int
    channel: str
    kind: str
    number: str | None
    username: str | None
    name: str | None
    attempts: int
    since: datetime
    due_at: datetime
    given_up: bool
    error: str


def owe(session: Session, event: HistoryEvent, people: Sequence[Account], mail: Mail, *, now: datetime) -> None:
    """Owes the letters of a notice that are neither sent nor owed yet."""
    goals: list[tuple[str, str]] = []
    if people and mail.enabled:
        names = [account.username for account in people]
        found = select(MailAddress.username).where(MailAddress.username.in_(names)).order_by(MailAddress.username)
        goals += [(MAIL, username) for username in session.scalars(found)]
    if people:
        goals += [(APPRISE, recipient_of(url)) for url in mail.apprise_urls]
    if not goals:
        return
    known: set[tuple[str, str]] = set()
    for table in (NotificationDelivery, OwedLetter):
        rows = session.execute(select(table.channel, table.recipient).where(table.event_id == event.id))
        known |= {(row.channel, row.recipient) for row in rows}
    fresh = [goal for goal in dict.fromkeys(goals) if goal not in known]
    for channel, recipient in fresh:
        session.add(OwedLetter(event_id=event.id, channel=channel, recipient=recipient, due_at=now, attempts=0))
    session.flush()


def owed(session: Session, event_id: int) -> list[dict[str, str]]:
    """The letters that a notice still owes, as its journal names them; one statement."""
    query = select(OwedLetter.channel, OwedLetter.recipient).where(OwedLetter.event_id == event_id)
    listed = session.execute(query.order_by(OwedLetter.channel, OwedLetter.recipient))
    return [{"channel": channel, "recipient": recipient} for channel, recipient in listed]


def take(session: Session, channels: Collection[str], *, now: datetime, until: datetime) -> Key | None:
    """The letter that waits longest of those due over ``channels``, kept from other workers ``until`` then.

    A command that makes letters due at once (``wake``, ``retry_all``) leaves that lease: who sends it may be at it
    right now.
    """
    due = (
        select(OwedLetter)
        .where(OwedLetter.channel.in_(sorted(channels)), OwedLetter.due_at <= now, OwedLetter.given_up.is_(False))
        .where(OwedLetter.leased_until.is_(None) | (OwedLetter.leased_until <= now))
        .order_by(OwedLetter.due_at, OwedLetter.event_id, OwedLetter.recipient)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(due).first()
    if found is None:
        return None
    found.leased_until = until
    session.flush()
    return found.event_id, found.channel, found.recipient


def written(session: Session, key: Key, mail: Mail, public_url: str, told: Told) -> Letter | None:
    """The letter as it is sent today; None where there is nothing to send any more.

    The work is done, the account is disabled, or it has no address any longer.
    """
    event_id, channel, recipient = key
    event = session.get_one(HistoryEvent, event_id)
    template = Notice.of(event.data).template
    task = session.get(UserTask, UUID(event.task)) if event.task else None
    if template in STALE_WHEN_DONE and task is not None and task.status != OPEN:
        return None
    if channel == MAIL:
        account, row = find_account(session, recipient), session.get(MailAddress, recipient)
        address = row.address if row is not None and account is not None and is_usable(account) else None
    else:
        address = next((url for url in mail.apprise_urls if recipient_of(url) == recipient), None)
    if address is None:
        return None
    case = event.stream.removeprefix(CASE) if event.stream.startswith(CASE) else None
    link = f"{public_url}/cases/{case}" if public_url and case is not None else None
    due, name = told.due, KINDS.get(template, KINDS["reminder"])
    if due is not None and template in SAYS_WHEN:
        name = due.state
    subject, body = outside_text(name, told.notice, due, link or public_url or None)
    return Letter(channel, recipient, address, subject, body, f"{event.hash[:32]}.{recipient[:32]}")


def settle(session: Session, key: Key, *, sent_at: datetime | None, now: datetime) -> None:
    """The letter has gone out, or (``None``) is not owed any more."""
    event_id, channel, recipient = key
    owed = session.get(OwedLetter, key)
    if owed is not None:
        session.delete(owed)
    if sent_at is not None:
        session.merge(NotificationDelivery(event_id=event_id, channel=channel, recipient=recipient, sent_at=sent_at))
    said = {"channel": channel, "recipient": recipient}
    kind = SENT if sent_at is not None else DROPPED
    record(session, history.notice_stream(event_id), kind, said, actor=SYSTEM, now=now)
    session.flush()


def failed(
    session: Session,
    key: Key,
    error: str,
    *,
    leased_until: datetime,
    hopeless: bool,
    of_channel: bool,
    retry_for: timedelta,
    now: datetime,
) -> None:
    """An attempt failed: later again, until it has been tried for ``retry_for``; a ``hopeless`` one waits for people.

    ``of_channel``: the way out failed for all letters, not for this one. A worker whose lease (``leased_until``) ended
    meanwhile says nothing: another worker has the letter.
    """
    owed = session.get(OwedLetter, key, with_for_update=True)
    if owed is None or owed.leased_until != leased_until:
        return
    owed.leased_until = None
    owed.attempts += 1
    owed.failing_since = owed.failing_since or now
    owed.last_error, owed.of_channel = error[:2000], of_channel
    tried = now - owed.failing_since >= retry_for and owed.attempts >= LEAST_ATTEMPTS
    if hopeless or tried:
        owed.given_up = True
    else:
        owed.due_at = next_letter(owed.attempts, now, of_channel=of_channel)
    _note(session, owed, FAILED, SYSTEM, now)
    session.flush()
    if owed.given_up:
        _show(session, owed.last_error or "", now)


def _note(session: Session, owed: OwedLetter, kind: str, actor: Actor, now: datetime) -> None:
    """Journals how the letter stands after it failed, or when it is due again."""
    said = {
        "channel": owed.channel,
        "recipient": owed.recipient,
        "due_at": owed.due_at.isoformat(),
        "attempts": owed.attempts,
        "given_up": owed.given_up,
        "of_channel": owed.of_channel,
        "failing_since": owed.failing_since.isoformat() if owed.failing_since is not None else None,
        "last_error": owed.last_error,
    }
    record(session, history.notice_stream(owed.event_id), kind, said, actor=actor, now=now)


def wake(session: Session, channel: str, *, now: datetime) -> None:
    """The way out works again: what waited for it alone goes out at once."""
    waiting = select(OwedLetter).where(
        OwedLetter.channel == channel, OwedLetter.of_channel, OwedLetter.given_up.is_(False), OwedLetter.due_at > now
    )
    rows = session.scalars(waiting.order_by(OwedLetter.event_id, OwedLetter.recipient).with_for_update()).all()
    history.lock_all(session, {history.notice_stream(owed.event_id) for owed in rows})
    for owed in rows:
        owed.due_at = now
        _note(session, owed, AGAIN, SYSTEM, now)


def retry_all(session: Session, *, actor: Actor, now: datetime) -> int:
    """Tries every letter that has failed again at once, given up or not; gives how many. Raises NotAllowed."""
    require(actor, "retry_incidents")
    rows = list(session.scalars(select(OwedLetter).where(OwedLetter.attempts > 0).with_for_update()))
    for owed in rows:
        owed.attempts, owed.due_at, owed.given_up, owed.failing_since = 0, now, False, None
        _note(session, owed, AGAIN, actor, now)
    open_ones = select(Incident).where(Incident.kind == INCIDENT, Incident.resolved_at.is_(None))
    for incident in session.scalars(open_ones):
        close_incident(session, incident, actor=actor, now=now)
    session.flush()
    if rows:
        record(session, ACCESS, "letters_retried", {"letters": len(rows)}, actor=actor, now=now)
    return len(rows)


def unsent(session: Session, *, limit: int = 50, offset: int = 0) -> Page[Unsent]:
    """The letters that have failed and are still owed, the longest first; four statements."""
    query = select(OwedLetter).where(OwedLetter.attempts > 0)
    found = page(
        session,
        query.order_by(OwedLetter.failing_since, OwedLetter.event_id, OwedLetter.recipient),
        limit=limit,
        offset=offset,
    )
    events = [owed.event_id for owed in found.items]
    names = [owed.recipient for owed in found.items if owed.channel == MAIL]
    told = {one.id: one for one in session.scalars(select(HistoryEvent).where(HistoryEvent.id.in_(events)))}
    accounts = {one.username: one for one in session.scalars(select(Account).where(Account.username.in_(names)))}
    return Page(
        tuple(_unsent(owed, told[owed.event_id], accounts.get(owed.recipient)) for owed in found.items),
        found.total,
        found.limit,
        found.offset,
    )


def counts(session: Session) -> dict[str, int]:
    """How many letters wait for their first attempt, for another one, and for a person; one statement."""
    rows = session.execute(
        select(OwedLetter.given_up, (OwedLetter.attempts > 0).label("tried"), func.count()).group_by(
            "given_up", "tried"
        )
    )
    found = {"waiting": 0, "retrying": 0, "given_up": 0}
    for given_up, tried, number in rows:
        found["given_up" if given_up else "retrying" if tried else "waiting"] += number
    return found


def _unsent(owed: OwedLetter, event: HistoryEvent, account: Account | None) -> Unsent:
    notice = Notice.of(event.data)
    return Unsent(
        event_id=owed.event_id,
        channel=owed.channel,
        kind=KINDS.get(notice.template, KINDS["reminder"]),
        number=notice.number,
        username=owed.recipient if owed.channel == MAIL else None,
        name=account.name if account is not None else None,
        attempts=owed.attempts,
        since=owed.failing_since or owed.due_at,
        due_at=owed.due_at,
        given_up=owed.given_up,
        error=owed.last_error or "",
    )


def _show(session: Session, error: str, now: datetime) -> None:
    """One incident for all letters that are given up: a mail server that is gone would bury people otherwise."""
    history.lock(session, INCIDENT)
    there = select(Incident.id).where(Incident.kind == INCIDENT, Incident.resolved_at.is_(None))
    if session.scalar(there.limit(1)) is None:
        message = f"有邮件等提醒发送失败，已停止自动重试，请排除原因后在“未发出的邮件”中全部重试：{error}"
        open_incident(session, kind=INCIDENT, message=message, now=now)
    session.flush()
