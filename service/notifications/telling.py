"""Telling many notices in one transaction: what they have in common is looked up once.

Fixed statements for a batch, and a few for each reader that notices of the batch are addressed to differently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import clock, history, ids
from service.auth.models import Account
from service.auth.proposal_notices import waits
from service.config import Mail, Wording
from service.config.notifications import KINDS, get_wording, name_of
from service.errors import Incident
from service.history import HistoryEvent, HistoryHead, OutboxEntry
from service.history.notices import Goal, Notice
from service.history.records import record
from service.ids import as_id
from service.notifications import letters
from service.notifications.audience import aims_of
from service.notifications.fields import TOLD
from service.notifications.models import Notification
from service.notifications.recipients import goal_of, recipients, who_see, with_substitutes
from service.notifications.rules import (
    ACCESS_PROPOSED,
    DIGEST,
    NOT_TO_DOER,
    ONLY_WHO_SEES,
    REASSIGNED,
    STALE_WHEN_DONE,
    case_of,
    is_for_liaison,
    values_of,
)
from service.notifications.vacancies import tell_of_vacancy
from service.notifications.words import Words
from service.people.queries import unit_names
from service.processes import standing
from service.processes.access import holder_of
from service.processes.incidents import open_incident
from service.processes.models import OPEN, Instance, UserTask
from service.rights import SYSTEM, TALENT_OFFICE


class NobodyToTell(Incident):
    """Nobody holds what the notice is addressed to: trying again without a person's help is no use."""


@dataclass(frozen=True, slots=True)
class Office:
    """How this office words its notices and which ways out it has."""

    wordings: Mapping[str, Wording]
    mail: Mail
    public_url: str = ""

    def wording(self, kind: str) -> Wording:
        """The wording of a kind; of one that the office has given up since, that of a plain reminder."""
        return get_wording(self.wordings, kind if kind in KINDS or kind in self.wordings else "reminder")


@dataclass(slots=True)
class Readers:
    """The readers of a notice, by sign-in name, and what is added to the words for some (for whom they get it)."""

    accounts: dict[str, Account] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)

    def add(self, accounts: Iterable[Account], why: str | None = None) -> None:
        """More of them; ``why`` is said to those who do not get it anyway."""
        for account in accounts:
            if account.username not in self.accounts:
                self.accounts[account.username] = account
                if why is not None:
                    self.instead[account.username] = why


def tell_all(session: Session, entries: Sequence[OutboxEntry], office: Office, *, now: datetime) -> None:
    """Puts notices into the inboxes of all whom they concern, owes what is to be sent elsewhere, and settles them.

    Telling the same event again changes nothing. A notice that asks for work that is done reaches nobody. A notice for
    the liaison of a unit that has none lets the Talent Office know of it, once (T4); of others without an account the
    office hears beside those who are told. Raises NobodyToTell when there is nobody else: a matter must not wait in
    silence for an office without an account.
    """
    if entries:
        _Batch(session, entries, office, now).tell()


class _Batch:
    def __init__(self, session: Session, entries: Sequence[OutboxEntry], office: Office, now: datetime) -> None:
        self.session, self.entries, self.office, self.now = session, entries, office, now
        self.today = clock.local(now).date()
        self.events = {entry.event_id: entry.event for entry in entries}
        self.notices = {number: Notice.of(event.data) for number, event in self.events.items()}
        tasks = [UUID(event.task) for event in self.events.values() if event.task]
        cases = [case for event in self.events.values() if (case := case_of(event.stream)) is not None]
        self.tasks = (
            {str(row.id): row for row in session.scalars(select(UserTask).where(UserTask.id.in_(tasks)))}
            if tasks
            else {}
        )
        self.cases = (
            {row.id: row for row in session.scalars(select(Instance).where(Instance.id.in_(cases)))} if cases else {}
        )
        self.words = Words(session, self.tasks.values(), self.today)
        self.people: dict[tuple[Goal, bool], tuple[Sequence[Account], str | None]] = {}
        self.goals: dict[tuple[Goal, UUID | None], Goal] = {}
        self.acting: dict[tuple[str, ...], Sequence[Account]] = {}
        self.vacant: set[str] = set()

    def tell(self) -> None:
        session, numbers = self.session, list(self.events)
        had: dict[int, set[str]] = {number: set() for number in numbers}
        there = select(Notification.event_id, Notification.username).where(Notification.event_id.in_(numbers))
        for number, username in session.execute(there):
            had[number].add(username)
        readers = {number: self._readers(number) for number in numbers}
        for unit in sorted(self.vacant):
            tell_of_vacancy(session, unit, now=self.now)
        told = {number: self._inboxes(number, found, had[number]) for number, found in readers.items()}
        session.add_all([row for rows in told.values() for row in rows])
        owed = letters.owe_all(
            session,
            {
                number: (
                    self.notices[number].template,
                    self.office.wording(self.notices[number].template),
                    tuple(found.accounts.values()),
                )
                for number, found in readers.items()
                if found.accounts
            },
            self.office.mail,
            self.office.wordings,
            now=self.now,
        )
        session.flush()
        self._note(told, owed)
        session.execute(delete(OutboxEntry).where(OutboxEntry.event_id.in_(numbers)))

    # --- To whom -----------------------------------------------------------------------------------------------------

    def _readers(self, number: int) -> Readers:
        """The readers of the notice today; nobody where it is pointless by now."""
        session, event, notice = self.session, self.events[number], self.notices[number]
        task, instance = self.tasks.get(event.task or ""), self._case(event)
        found, asks = Readers(), _asks(notice)
        if asks and task is not None and task.status != OPEN:
            return found
        if notice.template == REASSIGNED and task is not None and holder_of(task) not in (notice.to.usernames or ()):
            return found  # whom it was handed to has left since: all others were told so
        if notice.template == ACCESS_PROPOSED and not waits(session, event.at, self.now):
            return found  # decided on meanwhile
        aims = aims_of(session, notice, self.office.wording(notice.template), instance, on=self.today)
        goals = [self._goal(aim.goal, task if asks else None, instance) for aim in aims]
        missed: list[str] = []
        for aim, goal in zip(aims, goals, strict=True):
            spared = aim.spared or notice.template == DIGEST  # a letter of the day to who has left is owed to nobody
            accounts, instead = self._people(goal, spared=spared)
            if not accounts and not spared and not _is_vacancy(goal):
                missed.append(_missing(session, goal))
            found.add(accounts, aim.why or instead)
        if notice.template in ONLY_WHO_SEES:
            if instance is not None:
                seeing = who_see(session, list(found.accounts.values()), instance.id, on=self.today)
                found.accounts = {account.username: account for account in seeing}
        elif task is not None or notice.to.units is not None or any(goal.leader for goal in goals):
            found.add(self._standing_in(tuple(found.accounts.values())))
        if notice.template in NOT_TO_DOER:
            found.accounts.pop(event.actor, None)
        if missed:
            self._tell_of_missed(found, missed, number)
        return found

    def _tell_of_missed(self, found: Readers, missed: Sequence[str], number: int) -> None:
        """Of those whom a notice cannot reach the Talent Office hears, beside the others; where it has no account,
        whoever looks after incidents. Raises NobodyToTell where nobody else is told."""
        name = name_of(self.office.wordings, self.notices[number].template)
        why = "；".join(dict.fromkeys(missed))
        if not found.accounts:
            raise NobodyToTell(f"提醒「{name}」没有收件人：{why}，请在账号管理中处理后重试")
        office, _ = self._people(Goal(role=TALENT_OFFICE), spared=False)
        found.add(office)
        for account in office:
            said = found.instead.get(account.username)
            found.instead[account.username] = f"{f'{said}；' if said else ''}{why}，请代为告知"
        if not office:
            message = f"提醒「{name}」只告知了一部分人：{why}，请另行告知"
            instance_id = case_of(self.events[number].stream)
            open_incident(self.session, kind="notice", message=message, instance_id=instance_id, now=self.now)

    def _goal(self, to: Goal, task: UserTask | None, instance: Instance | None) -> Goal:
        """The goal as it stands today, asked for once where no task is to be done."""
        if task is not None:
            return goal_of(self.session, to, task, instance)
        key = (to, instance.id if instance is not None else None)
        if key not in self.goals:
            self.goals[key] = goal_of(self.session, to, None, instance)
        return self.goals[key]

    def _people(self, goal: Goal, *, spared: bool) -> tuple[Sequence[Account], str | None]:
        """The accounts that a goal means; where nobody is there, who stands in, and why it comes to them."""
        if (goal, spared) not in self.people:
            self.people[goal, spared] = self._found(goal, spared)
        return self.people[goal, spared]

    def _found(self, goal: Goal, spared: bool) -> tuple[Sequence[Account], str | None]:
        people = recipients(self.session, goal, on=self.today)
        if people or spared:
            return people, None
        if _is_vacancy(goal):
            self.vacant.add(str(goal.unit))
            return (), None
        if goal.usernames is not None or goal.role is None:
            return (), None
        whose = standing.Whose(goal.role, goal.unit, as_id(goal.leader or ""), goal.person)
        [absence] = standing.absences(self.session, [whose], self.today)
        # of a unit whose people are the stand-ins themselves, it comes to whom it was meant for
        why = absence.words if absence.stand_in != absence.name else None
        return standing.stand_in_accounts(self.session, absence, self.today), why

    def _standing_in(self, accounts: tuple[Account, ...]) -> Sequence[Account]:
        names = tuple(account.username for account in accounts)
        if names not in self.acting:
            self.acting[names] = with_substitutes(self.session, accounts, on=self.today)
        return self.acting[names]

    def _case(self, event: HistoryEvent) -> Instance | None:
        case = case_of(event.stream)
        return self.cases.get(case) if case is not None else None

    # --- In which words ----------------------------------------------------------------------------------------------

    def _inboxes(self, number: int, found: Readers, had: Collection[str]) -> list[Notification]:
        """The rows of those who have not got it yet."""
        fresh = [username for username in found.accounts if username not in had]
        if not fresh or self.notices[number].template == DIGEST:
            return []
        event = self.events[number]
        told = self.words.told(event)
        wording = self.office.wording(told.notice.template)
        known = values_of(
            told.notice, unit=self.words.unit_name(told.notice.to), due=told.due, by=self.words.doer(event)
        )
        subject, text = wording.render(known)
        return [
            Notification(
                id=ids.new(),
                username=username,
                event_id=number,
                template=told.notice.template,
                title=subject,
                text=f"{text}（{found.instead[username]}）" if username in found.instead else text,
                instance_id=case_of(event.stream),
                task_id=UUID(event.task) if event.task else None,
                receipt=wording.receipt,
                created_at=self.now,
            )
            for username in fresh
        ]

    # --- In the journal ----------------------------------------------------------------------------------------------

    def _note(self, told: Mapping[int, Sequence[Notification]], owed: Mapping[int, Sequence[tuple[str, str]]]) -> None:
        """Journals that notices were delivered: to whom, in which words, and which letters are owed."""
        session = self.session
        streams = {number: history.notice_stream(number) for number in told}
        heads = select(HistoryHead.stream).where(HistoryHead.stream.in_(list(streams.values())))
        begun = set(session.scalars(heads))
        said = {
            number: {
                "to": {str(one.id): {"username": one.username, "title": one.title, "text": one.text} for one in rows},
                "receipt": any(one.receipt for one in rows),
                "letters": [
                    {"channel": channel, "recipient": recipient} for channel, recipient in owed.get(number, ())
                ],
            }
            for number, rows in told.items()
        }
        first = {streams[number]: data for number, data in said.items() if streams[number] not in begun}
        history.begin_streams(session, kind=TOLD, actor=SYSTEM.username, at=self.now, data=first)
        history.lock_all(session, begun)
        for number, data in sorted(said.items()):
            if streams[number] in begun:  # it failed before, or is told once more
                record(session, streams[number], TOLD, data, actor=SYSTEM, now=self.now)
        session.flush()


def _asks(notice: Notice) -> bool:
    """Whether a notice about a task asks for work on it; those of the office's own kinds do."""
    return notice.template in STALE_WHEN_DONE or notice.template not in KINDS


def _is_vacancy(goal: Goal) -> bool:
    return is_for_liaison(goal) and goal.person is None


def _missing(session: Session, to: Goal) -> str:
    if to.usernames is not None:
        return f"账号 {'、'.join(to.usernames) or '（无）'} 已停用或不存在"
    unit = unit_names(session, [to.unit]).get(to.unit, to.unit) if to.unit else None
    return f"{f'{unit}没有' if unit else '没有'}人担任办理角色"
