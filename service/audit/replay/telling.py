"""The parts of a step that every replay tells alike, on the page and offline: why a date moved, what is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from service.audit.replay.drawn import drawing_of
from service.audit.replay.steps import DueChange, Happened, NoticeSent, Told
from service.history.notices import Notice
from service.processes.bundles import Compiled
from service.processes.moves import KEEP
from service.processes.standing import OF_PERSON
from service.processes.versions import Versions

WHY: Mapping[str, str] = {
    "set": "步骤到达时，按流程图规定计算",
    "calendar": "工作日历调整",
    "migrated": "换版本后重新计算",
    "taken_back": "撤回后，按现行工作日历计算",
    "extended": "同意延期",
    "shifted": "挂起期间不计，期限顺延",
}
"""Why a date is as it is."""


def off(one: Told) -> str:
    """Why a step counts no longer; '' where it counts."""
    return "已撤回" if one.taken_back is not None else "已退回重办" if one.redone is not None else ""


def migrated_dates(data: Mapping[str, Any], version: int, changes: Sequence[DueChange]) -> str:
    """Words the effect of a migration to ``version`` on the dates: kept, moved, or counted anew with the same days."""
    if data.get("due") == KEEP:
        return "期限不变"
    counted = f"期限按第 {version} 版重新计算"
    return counted if any(one.moved for one in changes) else f"{counted}，日期都没有变"


class Naming(Protocol):
    """The names of those to whom notices go."""

    def person(self, username: str | None) -> str: ...

    def unit(self, code: str | None) -> str: ...

    def role(self, role: str | None) -> str: ...

    def record(self, kind: str, value: str) -> str: ...


def goal_words(notice: NoticeSent, reached: Sequence[str], names: Naming) -> str:
    """To whom a notice went: where the office's table says to whom, those whom it ``reached``, else whom it names."""
    to = Notice.of(notice.data).to
    if to.units is not None and reached:
        return "、".join(names.person(name) for name in reached)
    if to.usernames:
        return "、".join(names.person(name) for name in to.usernames)
    if to.leader is not None:
        return names.record("leaders", to.leader)
    one = names.person(f"{OF_PERSON}{to.person}") if to.person else ""
    said = " ".join(part for part in (names.unit(to.unit), names.role(to.role), one) if part)
    return said or "、".join(names.person(name) for name in reached) or "尚无账号收到"


def notice_text(notice: NoticeSent, names: Naming) -> str:
    """The text of a notice, with the names of those whom it mentions."""
    return mentioning(str(notice.data.get("text") or ""), Notice.of(notice.data).to.usernames or (), names)


def mentioning(text: str, usernames: Iterable[str], names: Naming) -> str:
    """A text with the names of those whom it mentions by their sign-in names."""
    for username in sorted(usernames, key=len, reverse=True):  # one may begin another
        text = text.replace(f"@{username}", f"@{names.person(username)}")
    return text


def version_place(versions: Versions, one: Happened) -> int:
    """The place among the case's versions of the one in force after the step, counted from 0."""
    starts: Sequence[tuple[int, str, int]] = versions.starts
    return max(place for place, (seq, _, _) in enumerate(starts) if place == 0 or seq <= one.seq)


def active(made: Compiled, one: Happened) -> Iterator[tuple[str, str]]:
    """(process drawn, element) of each place where the case stood after a step of the version ``made``."""
    for process, _, node in one.marking:
        yield drawing_of(made, process) or process, node


def passed(made: Compiled, one: Happened) -> Iterator[tuple[str, str, str | None]]:
    """(process drawn, element, from which) of each element that the step passed."""
    for process, _, node, source in one.passed:
        yield drawing_of(made, process) or process, node, source
