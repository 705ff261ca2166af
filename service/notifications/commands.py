"""Telling people what the journal owes them. Plain functions in the caller's transaction; none commits.

Delivering and reading a notice is no part of the matter's history: it stands in the journal of the notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, history, ids
from service.auth.accounts import ACCESS
from service.auth.models import Account
from service.auth.queries import find_account, get_account
from service.config import Mail, Wording
from service.config.notifications import KINDS, get_wording
from service.errors import Finding, Incident, Invalid, NotFound
from service.history import HistoryEvent, OutboxEntry
from service.history.folding import Digest
from service.history.notices import NOTICE, Goal, Notice
from service.history.records import owe_notice, record
from service.ids import as_id
from service.notifications import letters
from service.notifications.fields import READ, TOLD
from service.notifications.models import MailAddress, Notification
from service.notifications.recipients import goal_of, recipients, who_see, with_substitutes
from service.notifications.rules import (
    CASE,
    NOT_TO_DOER,
    ON_PAPER_TOO,
    ONLY_WHO_SEES,
    REASSIGNED,
    STALE_WHEN_DONE,
    VACANCY,
    Due,
    Told,
    is_for_liaison,
    next_attempt,
    values_of,
)
from service.people.queries import unit_names
from service.processes import calendars, standing
from service.processes.access import holder_of
from service.processes.incidents import open_incident
from service.processes.models import OPEN, Instance, UserTask
from service.processes.rules import one_line
from service.processes.subjects import subjects_of, titled
from service.rights import SYSTEM, TALENT_OFFICE, Actor, require

AGAIN_AFTER = timedelta(days=30)
"""How long the Talent Office is left to name a liaison before it hears of the same vacancy again."""


class NobodyToTell(Incident):
    """Nobody holds what the notice is addressed to: trying again without a person's help is no use."""


@dataclass(frozen=True, slots=True)
class Office:
    """How this office words its notices and which ways out it has."""

    wordings: Mapping[str, Wording]
    mail: Mail
    public_url: str = ""


def tell(session: Session, event: HistoryEvent, office: Office, *, now: datetime) -> list[Notification]:
    """Puts the notice ``event`` into the inboxes of all whom it concerns, and owes what is to be sent elsewhere.

    Telling the same event again changes nothing. A notice that asks for work that is done reaches nobody. A notice for
    the liaison of a unit that has none lets the Talent Office know of it, once (T4). Raises NobodyToTell when there is
    nobody else: a matter must not wait in silence for an office without an account. Gives what came into inboxes.
    """
    notice, today = Notice.of(event.data), clock.local(now).date()
    instance_id = _instance_of(event)
    task = session.get(UserTask, UUID(event.task)) if event.task else None
    asks = _asks(notice)
    if asks and task is not None and task.status != OPEN:
        return []
    if notice.template == REASSIGNED and task is not None and holder_of(task) not in (notice.to.usernames or ()):
        return []  # whom it was handed to has left since: all others were told so
    instance = session.get(Instance, instance_id) if instance_id is not None else None
    to = goal_of(session, notice.to, task if asks else None, instance)
    people = recipients(session, to, on=today)
    if not people and notice.template in ON_PAPER_TOO:
        return []
    if not people and is_for_liaison(to):
        _tell_of_vacancy(session, str(to.unit), today=today, now=now)
        return []
    absence = None
    if not people and to.usernames is None and to.role is not None:
        [absence] = standing.absences(session, [(to.role, to.unit, as_id(to.leader or ""))], today)
        people = standing.stand_in_accounts(session, absence, today)
    if not people:
        raise NobodyToTell(f"提醒「{KINDS.get(notice.template, notice.template)}」没有收件人：{_missing(session, to)}")
    if (task is not None or to.leader) and notice.template not in ONLY_WHO_SEES:
        people = with_substitutes(session, people, on=today)
    if notice.template in ONLY_WHO_SEES and instance_id is not None:
        people = who_see(session, people, instance_id, on=today)
    if notice.template in NOT_TO_DOER:
        people = [account for account in people if account.username != event.actor]
    told = told_of(session, event, now)
    filled = _fill_inboxes(
        session, event, people, office, told, now, instead=absence.words if absence is not None else None
    )
    if _wording(office, notice).outside:
        letters.owe(session, event, people, office.mail, now=now)
    return filled


def note_told(session: Session, entry: OutboxEntry, told: Sequence[Notification], *, now: datetime) -> None:
    """Journals that a notice was delivered: to whom, in which words, and which letters are owed."""
    to = {str(one.id): {"username": one.username, "title": one.title, "text": one.text} for one in told}
    said = {"to": to, "receipt": any(one.receipt for one in told), "letters": letters.owed(session, entry.event_id)}
    stream = history.notice_stream(entry.event_id)
    if entry.last_error is not None or history.count(session, stream):  # it failed before, or is told once more
        record(session, stream, TOLD, said, actor=SYSTEM, now=now)
    else:  # the first event of its stream
        history.begin_streams(session, kind=TOLD, actor=SYSTEM.username, at=now, data={stream: said})


def told_of(session: Session, event: HistoryEvent, now: datetime) -> Told:
    """The notice as of ``now``, with the step's full title and the date by which to act."""
    notice, today = Notice.of(event.data), clock.local(now).date()
    task = session.get(UserTask, UUID(event.task)) if event.task else None
    return Told(replace(notice, step=_step(session, notice, task, today)), _due(session, notice, task, today))


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
        instance_id=_instance_of(entry.event),
        event_id=event_id,
        message=error if hopeless else f"提醒连续 {times} 次发送失败：{error}",
        now=now,
    )
    session.flush()


def mark_read(session: Session, *, notification_id: UUID, actor: Actor, now: datetime) -> Notification:
    """The actor has read a notice of the own inbox. Raises NotFound for any other."""
    found = session.get(Notification, notification_id)
    if found is None or found.username != actor.username:
        raise NotFound("没有这条提醒")
    if found.read_at is None:
        found.read_at = now
        _note_read(session, [found], actor, now)
        session.flush()
    return found


def mark_all_read(session: Session, *, actor: Actor, now: datetime) -> None:
    """The actor has read the whole inbox."""
    mine = select(Notification).where(Notification.username == actor.username, Notification.read_at.is_(None))
    rows = session.scalars(mine.order_by(Notification.id).with_for_update(of=Notification)).all()
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


def set_mail_address(session: Session, *, username: str, address: str | None, actor: Actor, now: datetime) -> None:
    """Where the account's notices are mailed to; None: nowhere. For the account itself and administrators.

    The journal says that it changed, not to what: nothing is ever forgotten there. Raises NotFound, NotAllowed,
    Invalid.
    """
    account = get_account(session, username)
    if actor.username != account.username:
        require(actor, "manage_accounts")
    if address is not None and not _is_address(address):
        raise Invalid("邮箱地址有误", [Finding("/address", "邮箱：应写成 名称@域名，请改正")])
    row = session.get(MailAddress, account.username)
    if address is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(MailAddress(username=account.username, address=address))
    else:
        row.address = address
    said = {"username": account.username}
    if address is not None:
        sealed = Digest.salted(address, ids.new().hex)
        said |= {"salt": sealed.salt, "sealed": sealed.sha256}
    kind = "mail_address_set" if address is not None else "mail_address_removed"
    record(session, ACCESS, kind, said, actor=actor, now=now)
    session.flush()


def _fill_inboxes(
    session: Session,
    event: HistoryEvent,
    people: Sequence[Account],
    office: Office,
    told: Told,
    now: datetime,
    instead: str | None,
) -> list[Notification]:
    """``instead``: why it comes to who stands in, and for whom. Gives what came in."""
    had = set(session.scalars(select(Notification.username).where(Notification.event_id == event.id)))
    fresh = [account for account in people if account.username not in had]
    if not fresh:
        return []
    notice = told.notice
    wording = _wording(office, notice)
    known = values_of(notice, unit=_unit_name(session, notice.to), due=told.due, by=_name(session, event))
    subject, text = wording.render(known)
    rows = [
        Notification(
            id=ids.new(),
            username=account.username,
            event_id=event.id,
            template=notice.template,
            title=subject,
            text=f"{text}（{instead}）" if instead else text,
            instance_id=_instance_of(event),
            task_id=UUID(event.task) if event.task else None,
            receipt=wording.receipt,
            created_at=now,
        )
        for account in fresh
    ]
    session.add_all(rows)
    session.flush()
    return rows


def _asks(notice: Notice) -> bool:
    """Whether a notice about a task asks for work on it; those of the office's own kinds do."""
    return notice.template in STALE_WHEN_DONE or notice.template not in KINDS


def _wording(office: Office, notice: Notice) -> Wording:
    """The wording of a notice; of a kind that the office has given up since, that of a plain reminder."""
    kind = notice.template
    return get_wording(office.wordings, kind if kind in KINDS or kind in office.wordings else "reminder")


def _tell_of_vacancy(session: Session, unit: str, *, today: date, now: datetime) -> None:
    """Owes the Talent Office word that a unit has no liaison, unless it heard so since the last change, and lately.

    Every notice of a round goes to the same vacancy: told each time it would bury the office.
    """
    stream = f"unit:{unit}"
    history.lock(session, stream)
    past = history.stream_events(session, stream)
    changed = max((event.seq for event in past if event.kind in ("liaison_named", "liaison_ended")), default=0)
    since = now - AGAIN_AFTER
    told = [event for event in past if event.kind == NOTICE and event.seq > changed and event.at > since]
    if any(event.data.get("template") == VACANCY for event in told):
        return
    name = unit_names(session, [unit]).get(unit, unit)
    text = "目前没有能办理的联络员，请尽快指定（并开通账号）；指定前，其任务可由区人才办代为办理。"
    owe_notice(session, stream, VACANCY, title=name, text=text, role=TALENT_OFFICE, actor=SYSTEM, now=now)


def _instance_of(event: HistoryEvent) -> UUID | None:
    return UUID(event.stream.removeprefix(CASE)) if event.stream.startswith(CASE) else None


def _unit_name(session: Session, to: Goal) -> str | None:
    return unit_names(session, [to.unit]).get(to.unit, to.unit) if to.unit else None


def _step(session: Session, notice: Notice, task: UserTask | None, today: date) -> str | None:
    """The full title of the step, with the units that it is about where somebody else decides on what they did."""
    name = notice.step
    if task is None or not name:
        return one_line(name) or None
    return titled(name, subjects_of(session, [task], today=today).get(task.id, ()))


def _due(session: Session, notice: Notice, task: UserTask | None, today: date) -> Due | None:
    """The date by which to act, as it stands today: a notice of the calendar may have moved it since the event."""
    told = notice.due_on
    day = task.due_on if told and task is not None and _asks(notice) else told
    if day is None:
        return None
    calendar = calendars.current(session)
    left = max(1, calendar.between(today, day)) if day > today else 0
    own = task is not None and task.due_on == day
    provisional = task.due_provisional if task is not None and own else calendar.is_provisional(day)
    return Due(day, left, calendars.days_late(calendar, day, today), provisional)


def _name(session: Session, event: HistoryEvent) -> str:
    """The name of the actor who caused the notice, with whom it was done for: both names are kept (代理)."""
    names = []
    stood_in = standing.behalf_names(session, [event.on_behalf_of])
    for username in (event.actor, event.on_behalf_of):
        if username:
            account = find_account(session, username)
            names.append(account.name if account is not None else stood_in.get(username, "系统"))
    return "代".join(names)


def _missing(session: Session, to: Goal) -> str:
    if to.usernames is not None:
        return f"账号 {'、'.join(to.usernames) or '（无）'} 已停用或不存在"
    unit = _unit_name(session, to)
    return f"{f'{unit}没有' if unit else '没有'}人担任办理角色，请在账号管理中指定后重试"


def _is_address(address: str) -> bool:
    name, at, domain = address.partition("@")
    plain = address.isascii() and address.isprintable() and " " not in address and "@" not in domain
    return bool(name and at and domain) and plain and len(address) <= 254 and not set(address) & set('<>,;"\\()')
