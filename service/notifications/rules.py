"""Rules for the words and the readers of a notice: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from service.history.notices import Goal, Notice
from service.rights import LIAISON

STALE_WHEN_DONE = frozenset(
    {
        "task",
        "due_soon",
        "due_today",
        "urge",
        "reassigned",
        "returned",
        "due_changed",
        "claim_ended",
        "extension_asked",
        "extension_refused",
    }
)
"""Notices that ask for work on a task: pointless, and wrong, once the task is done (no urge after the answer)."""

REASSIGNED = "reassigned"
"""Word for one person alone to whom a task was handed (转办)."""

SAYS_WHEN = frozenset({"due_soon", "due_today"})
"""Reminders that are named by how the due date stands on the day of delivery, however late that is."""

ACCESS_PROPOSED, ACCESS_DECIDED = "access_proposed", "access_decided"
"""Word that a proposal about rights waits, and of its end."""

NOT_TO_DOER = frozenset({"task", "returned", "due_changed"})
"""Notices of what an operation led to: whoever did it knows."""

ONLY_WHO_SEES = frozenset({"mentioned"})
"""Notices for whomever somebody named: who may not see the case may not know of it either."""

ON_PAPER_TOO = frozenset({"brief", "circular_told", "sealed", "verification_failed", ACCESS_PROPOSED, ACCESS_DECIDED})
"""Notices that nobody reading here is no fault of: leaders and auditors without an account are given it on paper, and
an administrator whose account has ended since waits for no word."""

WITHOUT_MATTER = frozenset({"incident", "stuck"})
"""Notices for administrators and owners, who keep things running and have no business with the matters themselves."""

FOR_ADMINISTRATORS = frozenset({*WITHOUT_MATTER, "calendar_missing", "vacancy", ACCESS_PROPOSED, ACCESS_DECIDED})
"""All notices that a separated administrator (三员分立) reads: nothing of matters, also not of an earlier role's."""

DIGEST = "digest"
"""The day's letter: it reaches no inbox, and says what stands in one."""

CASE = "instance:"
"""How the names of the streams of cases begin."""


def case_of(stream: str) -> UUID | None:
    """The case whose journal a stream is; None for any other."""
    return UUID(stream.removeprefix(CASE)) if stream.startswith(CASE) else None


VACANCY = "vacancy"
"""Word that a unit has no liaison."""

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
LONGEST_CHANNEL_WAIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Due:
    """A due date as of the day on which people are told: working days ``left`` (0 on the day), or ``late``.

    ``provisional``: the days off of that year are not announced yet, and the date may move.
    """

    on: date
    left: int
    late: int
    provisional: bool = False

    @property
    def state(self) -> str:
        """In a word."""
        return "已超期" if self.late else "即将到期" if self.left else "今日到期"

    def __str__(self) -> str:
        """In a clause that is true on that day."""
        if self.late:
            return f"已于 {self.day}到期，超期 {self.late} 个工作日"
        if self.left:
            return f"将于 {self.day}到期，还剩 {self.left} 个工作日"
        return f"今天到期，期限为 {self.day}"

    @property
    def day(self) -> str:
        """2026-10-13（周二）, or 2027-01-12（周二，暂定）."""
        return f"{self.on}（周{'一二三四五六日'[self.on.weekday()]}{'，暂定' if self.provisional else ''}）"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words as of the day of delivery: with the step's full title, and the date."""

    notice: Notice
    due: Due | None


def values_of(notice: Notice, *, unit: str | None, due: Due | None, by: str) -> dict[str, object]:
    """Values for the wording: ``notice`` has its ``step`` as it is told, ``unit`` is a name."""
    return {
        "number": notice.number,
        "title": notice.title if notice.template not in WITHOUT_MATTER else None,
        "task": notice.step or None,
        "unit": unit,
        "due_on": due.day if due else None,
        "days": due.left if due else None,
        "state": due.state if due else None,
        "deadline": due,
        "reason": notice.text or None,
        "by": by,
        "text": notice.text,
    }


def is_for_liaison(to: Goal) -> bool:
    """Whether a notice is for whoever is liaison of a unit."""
    return to.usernames is None and to.role == LIAISON and bool(to.unit)


def outside_text(name: str, notice: Notice, due: Due | None, link: str | None) -> tuple[str, str]:
    """Subject and body for channels that leave the service: what to do and by when, nothing of the matter itself."""
    known: list[tuple[str, str | None]] = [
        ("编号", notice.number),
        ("任务", notice.step or None),
        ("期限", due.day if due else None),
    ]
    lines = [f"您有一条新的提醒：{name}。", *(f"{label}：{value}" for label, value in known if value)]
    lines.append(way_in(link))
    return f"【直联平台】{name}{f'（{notice.number}）' if notice.number else ''}", "\n".join(lines)


def way_in(link: str | None) -> str:
    """The last line of what leaves the service: where the rest stands."""
    return f"请登录直联平台查看：{link}" if link else "请登录直联平台查看。"


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after ``attempts`` failures before this one: 1, 2, 4, 8 … minutes."""
    wait: timedelta = FIRST_WAIT * 2**attempts
    return now + wait


def next_letter(attempts: int, now: datetime, *, of_channel: bool) -> datetime:
    """When to send a letter again after ``attempts`` failures: after 1, 2, 4 … minutes, at most an hour.

    ``of_channel``: the way out failed for all letters. It is tried oftener, because all wait for it.
    """
    longest = LONGEST_CHANNEL_WAIT if of_channel else LONGEST_WAIT
    return now + min(FIRST_WAIT * (1 << min(attempts - 1, 10)), longest)
