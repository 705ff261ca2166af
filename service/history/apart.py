"""A link of a chain told apart in words: (what should stand there, what does). Content is told by its hash alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from service import clock

Told = tuple[str, str]
NO_HEAD: Told = ("有链头", "没有链头")


def of_place(wanted: int, found: int) -> Told:
    """An entry that is missing or there twice."""
    return f"第 {wanted} 条", f"第 {found} 条"


def of_id(last: int, own: int) -> Told:
    """An entry whose number in the journal is not behind that of the one before it."""
    return f"编号大于 {last}", f"编号 {own}"


def of_end(wanted: tuple[int, Any] | None, found: tuple[int, Any]) -> Told:
    """The last entry as the head says (None: there is no head) and as it is."""
    there = f"末条：第 {found[0]} 条，{_hash(found[1])}"
    if wanted is None:
        return f"链头记着{there}", NO_HEAD[1]
    return f"末条：第 {wanted[0]} 条，{_hash(wanted[1])}", there


def of_form(column: str) -> Told:
    """A text that the service would not have written."""
    return "本系统写得出的时间" if column == "at" else "本系统写得出的内容", "别的文字"


def of_link(before: Any, named: Any) -> Told:
    """An entry that does not name the hash of the one before it."""
    return f"上一条的{_hash(before)}", f"记为上一条的{_hash(named)}"


def of_content(sealed: Any, made: Any) -> Told:
    """An entry whose content has another hash than when it was written."""
    return f"{_hash(sealed)}（写下时）", f"{_hash(made)}（按现在的内容算出）"


def of_moment(last: datetime, own: datetime) -> Told:
    """An entry that says to be earlier than the one before it."""
    return f"不早于 {clock.local(last):%Y-%m-%d %H:%M:%S}", f"{clock.local(own):%Y-%m-%d %H:%M:%S}"


def _hash(value: Any) -> str:
    return f"哈希 {value[:12]}…" if isinstance(value, str) and value else "读不出的哈希"
