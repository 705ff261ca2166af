"""Letters for people to look at: what is owed, what failed and why, what went out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.auth.models import Account
from service.config.notifications import KINDS
from service.db.lists import Page, page
from service.fields import condition
from service.history import HistoryEvent
from service.history.notices import Notice
from service.notifications.channels import CHANNELS
from service.notifications.models import NotificationDelivery, OwedLetter
from service.notifications.rules import DIGEST
from service.notifications.ways import PERSONAL

WAITING, RETRYING, GIVEN_UP, SENT = "waiting", "retrying", "given_up", "sent"
STATES: Mapping[str, str] = {
    WAITING: "待发",
    RETRYING: "自动重试中",
    GIVEN_UP: "不再自动重试",
    SENT: "已发出",
}
"""The states of a letter, in the words of people."""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter: what it is about, to whom, what became of it, and what comes next.

    ``state`` is of ``STATES``. ``name`` is of the account, None for an address of the settings. ``since``: of the first
    failure; ``due_at``: from when on it is tried next, unless it was given up; ``error``: why it is not sent.
    """

    event_id: int
    channel: str
    recipient: str
    state: str
    kind: str
    number: str | None
    username: str | None
    name: str | None
    attempts: int
    since: datetime | None
    due_at: datetime | None
    sent_at: datetime | None
    error: str

    @property
    def given_up(self) -> bool:
        """Whether nobody tries it again by itself."""
        return self.state == GIVEN_UP


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """A choice of letters: of a state (None: all that are owed), over a channel, to an account."""

    state: str | None = condition(choices=STATES, note="without it: those that are owed")
    channel: str | None = condition(choices=CHANNELS)
    username: str | None = condition(page="to", note="the account that it is for")


def unsent(session: Session, *, limit: int = 50, offset: int = 0) -> Page[LetterRow]:
    """The letters that have failed and are still owed, the longest first; four statements."""
    query = select(OwedLetter).where(OwedLetter.attempts > 0)
    longest = (OwedLetter.failing_since, OwedLetter.event_id, OwedLetter.recipient)
    found = page(session, query.order_by(*longest), limit=limit, offset=offset)
    return _rows(session, found)


def letters(session: Session, wanted: LetterFilter, *, limit: int = 50, offset: int = 0) -> Page[LetterRow]:
    """The letters that are ``wanted``: owed ones in the order in which they are due, sent ones the latest first; four
    statements."""
    if wanted.state == SENT:
        sent = _narrowed(select(NotificationDelivery), NotificationDelivery, wanted)
        latest = (NotificationDelivery.event_id.desc(), NotificationDelivery.channel, NotificationDelivery.recipient)
        return _rows(session, page(session, sent.order_by(*latest), limit=limit, offset=offset))
    owed = _narrowed(select(OwedLetter), OwedLetter, wanted)
    if wanted.state is not None:
        owed = owed.where(OwedLetter.given_up.is_(wanted.state == GIVEN_UP))
    if wanted.state in (WAITING, RETRYING):
        owed = owed.where(OwedLetter.attempts > 0 if wanted.state == RETRYING else OwedLetter.attempts == 0)
    soonest = (OwedLetter.given_up.desc(), OwedLetter.due_at, OwedLetter.event_id, OwedLetter.recipient)
    return _rows(session, page(session, owed.order_by(*soonest), limit=limit, offset=offset))


Table = TypeVar("Table", OwedLetter, NotificationDelivery)


def _narrowed(query: Select[Table], table: type[Table], wanted: LetterFilter) -> Select[Table]:
    if wanted.channel is not None:
        query = query.where(table.channel == wanted.channel)
    if wanted.username is not None:
        query = query.where(table.recipient == wanted.username, table.channel.in_(list(PERSONAL)))
    return query


def _rows(session: Session, found: Page[Table]) -> Page[LetterRow]:
    events = [one.event_id for one in found.items]
    names = [one.recipient for one in found.items if one.channel in PERSONAL]
    told = {one.id: one for one in session.scalars(select(HistoryEvent).where(HistoryEvent.id.in_(events)))}
    accounts = {one.username: one for one in session.scalars(select(Account).where(Account.username.in_(names)))}
    rows = tuple(_row(one, told[one.event_id], accounts.get(one.recipient)) for one in found.items)
    return Page(rows, found.total, found.limit, found.offset)


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


def _row(letter: OwedLetter | NotificationDelivery, event: HistoryEvent, account: Account | None) -> LetterRow:
    notice, owed = Notice.of(event.data), letter if isinstance(letter, OwedLetter) else None
    state = SENT if owed is None else GIVEN_UP if owed.given_up else RETRYING if owed.attempts else WAITING
    return LetterRow(
        event_id=letter.event_id,
        channel=letter.channel,
        recipient=letter.recipient,
        state=state,
        kind="每日汇总" if notice.template == DIGEST else KINDS.get(notice.template, KINDS["reminder"]),
        number=notice.number,
        username=letter.recipient if letter.channel in PERSONAL else None,
        name=account.name if account is not None else None,
        attempts=owed.attempts if owed is not None else 0,
        since=owed.failing_since if owed is not None else None,
        due_at=owed.due_at if owed is not None else None,
        sent_at=letter.sent_at if isinstance(letter, NotificationDelivery) else None,
        error=owed.last_error or "" if owed is not None else "",
    )
