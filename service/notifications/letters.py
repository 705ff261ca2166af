"""Letters that are owed: what a notice still has to send by mail or another channel, each on its own.

An inbox waits for no mail server, and no letter for another: each has its own attempts, its own next moment and its own
reason why it is still here. Plain functions in the caller's transaction; none commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from service import clock, history
from service.auth.accounts import ACCESS
from service.auth.models import Account
from service.config import Mail, Wording
from service.errors import NotFound
from service.history.records import record
from service.notifications.channels import groups
from service.notifications.digests import daily_channels
from service.notifications.fields import AGAIN, DROPPED, FAILED, SENT
from service.notifications.models import NotificationDelivery, OwedLetter
from service.notifications.rules import DIGEST, next_letter
from service.notifications.ways import NOW, Ways, open_channels
from service.processes.incidents import close_incident, open_incident
from service.processes.models import Incident
from service.rights import SYSTEM, Actor, require

LEAST_ATTEMPTS = 8
"""Nobody gives a letter up after fewer: the office was closed over a holiday for most of the hours that it waited."""
INCIDENT = "mail"
"""The kind of the incident that says that letters were given up; one is open at a time."""

Key = tuple[int, str, str]
"""Event, channel and recipient: what is sent once."""


Told = tuple[str, Wording, Sequence[Account]]
"""Of a notice that was told: its kind, its wording, and to whom."""


def owe_all(
    session: Session, told: Mapping[int, Told], mail: Mail, wordings: Mapping[str, Wording], *, now: datetime
) -> dict[int, list[tuple[str, str]]]:
    """Owes the letters of notices (by the ids of their events) that are neither sent nor owed yet, to each person as
    chosen; gives all that are owed now."""
    if not told or not (open_channels(mail) or groups(mail)):
        return {}
    names = sorted({account.username for _, _, people in told.values() for account in people})
    ways = Ways(session, names, mail, clock.local(now).date())
    known: dict[int, set[tuple[str, str]]] = {number: set() for number in told}
    owed: dict[int, list[tuple[str, str]]] = {number: [] for number in told}
    for table in (NotificationDelivery, OwedLetter):
        rows = select(table.event_id, table.channel, table.recipient).where(table.event_id.in_(list(told)))
        for number, channel, recipient in session.execute(rows):
            known[number].add((channel, recipient))
            if table is OwedLetter:
                owed[number].append((channel, recipient))
    for number, (kind, wording, people) in told.items():
        goals = [
            (channel, account.username)
            for account in people
            for channel in (
                daily_channels(ways, account.username, wordings.values())
                if kind == DIGEST
                else [one for one, way in ways.of(account.username, kind, outside=wording.outside) if way == NOW]
            )
        ]
        if people and wording.outside and kind != DIGEST:
            goals += groups(mail)
        owed[number] += [goal for goal in dict.fromkeys(goals) if goal not in known[number]]
        owed[number].sort()
    session.add_all(
        OwedLetter(event_id=number, channel=channel, recipient=recipient, due_at=now, attempts=0)
        for number, goals in owed.items()
        for channel, recipient in goals
        if (channel, recipient) not in known[number]
    )
    session.flush()
    return owed


def take(session: Session, channels: Collection[str], *, now: datetime, until: datetime, limit: int = 1) -> list[Key]:
    """The letters that wait longest of those due over ``channels``, kept from other workers ``until`` then.

    A command that makes letters due at once (``wake``, ``retry_all``) leaves that lease: who sends it may be at it
    right now.
    """
    due = (
        select(OwedLetter)
        .where(OwedLetter.channel.in_(sorted(channels)), OwedLetter.due_at <= now, OwedLetter.given_up.is_(False))
        .where(OwedLetter.leased_until.is_(None) | (OwedLetter.leased_until <= now))
        .order_by(OwedLetter.due_at, OwedLetter.event_id, OwedLetter.recipient)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(due).all()
    for owed in found:
        owed.leased_until = until
    session.flush()
    return [(owed.event_id, owed.channel, owed.recipient) for owed in found]


def give_back(session: Session, keys: Sequence[Key], *, leased_until: datetime) -> None:
    """Letters that were taken and not tried: anybody may take them at once."""
    session.execute(
        update(OwedLetter)
        .where(_KEY.in_(list(keys)), OwedLetter.leased_until == leased_until)
        .values(leased_until=None)
        .execution_options(synchronize_session=False)
    )


def settle(session: Session, keys: Mapping[Key, bool], *, now: datetime) -> None:
    """Letters have gone out (True), or are not owed any more. One that another worker has settled stays so.

    Seven statements, whatever the number of letters; two of them only where some are not owed any more.
    """
    found = [(row.event_id, row.channel, row.recipient) for row in session.execute(_THERE, {"keys": list(keys)})]
    if not found:
        return
    said = {key: (history.notice_stream(key[0]), {"channel": key[1], "recipient": key[2]}) for key in found}
    sent, dropped = ([key for key in found if keys[key] is way] for way in (True, False))
    if sent and dropped:  # in one order, as all who lock many
        history.lock_all(session, {stream for stream, _ in said.values()})
    told = [said[key] for key in sent]
    history.extend_streams(session, kind=SENT, actor=SYSTEM.username, at=now, data=told)
    told = [said[key] for key in dropped]
    history.extend_streams(session, kind=DROPPED, actor=SYSTEM.username, at=now, data=told)
    if sent:
        rows = [{"event_id": key[0], "channel": key[1], "recipient": key[2], "sent_at": now} for key in sent]
        session.execute(insert(NotificationDelivery), rows)
    session.execute(_GONE, {"keys": found}, execution_options={"synchronize_session": False})


_ORDER = (OwedLetter.event_id, OwedLetter.channel, OwedLetter.recipient)
"""The order in which all lock letters, and after them the journals: nobody waits for another in a ring."""
_KEY = tuple_(*_ORDER)
# Asked for every few letters, so built once.
_THERE = select(*_ORDER).where(_KEY.in_(bindparam("keys", expanding=True))).order_by(*_ORDER).with_for_update()
_GONE = delete(OwedLetter).where(_KEY.in_(bindparam("keys", expanding=True)))


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
    rows = session.scalars(waiting.order_by(*_ORDER).with_for_update()).all()
    history.lock_all(session, {history.notice_stream(owed.event_id) for owed in rows})
    for owed in rows:
        owed.due_at = now
        _note(session, owed, AGAIN, SYSTEM, now)


def retry(session: Session, key: Key, *, actor: Actor, now: datetime) -> None:
    """Tries one letter that has failed again at once. Raises NotAllowed, NotFound where it is not owed any more."""
    require(actor, "retry_incidents")
    owed = session.get(OwedLetter, key, with_for_update=True)
    if owed is None:
        raise NotFound("没有这封待发的信：已经发出，或不用再发，请刷新后查看")
    _again(session, owed, actor, now)
    number, channel, recipient = key
    said = {"letter": f"日志第 {number} 条 {channel} {recipient}"}
    record(session, ACCESS, "letter_retried", said, actor=actor, now=now)
    session.flush()


def _again(session: Session, owed: OwedLetter, actor: Actor, now: datetime) -> None:
    owed.attempts, owed.due_at, owed.given_up, owed.failing_since = 0, now, False, None
    _note(session, owed, AGAIN, actor, now)


def retry_all(session: Session, *, actor: Actor, now: datetime) -> int:
    """Tries every letter that has failed again at once, given up or not; gives how many. Raises NotAllowed."""
    require(actor, "retry_incidents")
    tried = select(OwedLetter).where(OwedLetter.attempts > 0)
    rows = session.scalars(tried.order_by(*_ORDER).with_for_update()).all()
    history.lock_all(session, {history.notice_stream(owed.event_id) for owed in rows})
    for owed in rows:
        _again(session, owed, actor, now)
    open_ones = select(Incident).where(Incident.kind == INCIDENT, Incident.resolved_at.is_(None))
    for incident in session.scalars(open_ones):
        close_incident(session, incident, actor=actor, now=now)
    session.flush()
    if rows:
        record(session, ACCESS, "letters_retried", {"letters": len(rows)}, actor=actor, now=now)
    return len(rows)


def _show(session: Session, error: str, now: datetime) -> None:
    """One incident for all letters that are given up: a mail server that is gone would bury people otherwise."""
    history.lock(session, INCIDENT)
    there = select(Incident.id).where(Incident.kind == INCIDENT, Incident.resolved_at.is_(None))
    if session.scalar(there.limit(1)) is None:
        message = f"有邮件等提醒发送失败，已停止自动重试，请排除原因后在“未发出的邮件”中全部重试：{error}"
        open_incident(session, kind=INCIDENT, message=message, now=now)
    session.flush()
