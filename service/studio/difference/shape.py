"""One change, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.studio.sameness import Sort

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
LONGEST = 200
"""Characters of a value that a sentence quotes whole."""
AROUND = 15
"""Characters told beside what differs in a longer one."""


@dataclass(frozen=True, slots=True)
class Change:
    """An element that is other than before.

    ``kind`` is ADDED, REMOVED, CHANGED or MOVED (on the drawing alone); ``where`` its process, table or form;
    ``element`` its id (a field's name); ``lines`` whole sentences.
    """

    kind: str
    file: str
    where: str
    element: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes; ``sort`` whether anything happens otherwise, the layout alone changed, or nothing."""

    sort: Sort
    changes: tuple[Change, ...]

    @property
    def lines(self) -> list[str]:
        """Every sentence; what was only moved is counted, not listed."""
        told = [line for one in self.changes if one.kind != MOVED for line in one.lines]
        moved = sum(one.kind == MOVED for one in self.changes)
        return [*told, *([f"另有 {moved} 处只是在图上移动了位置"] if moved else [])]

    @property
    def elements(self) -> Mapping[str, Mapping[str, str]]:
        """Process → element id → kind of change, for the drawing."""
        found: dict[str, dict[str, str]] = {}
        for one in self.changes:
            if one.file.endswith(".bpmn"):
                found.setdefault(one.where, {})[one.element] = one.kind
        return found


def value(given: Any) -> str:
    """A value as a sentence quotes it, whole unless it is very long."""
    if given is None or given == "":
        return "（没有）"
    if isinstance(given, bool):
        return "是" if given else "否"
    text = " ".join(str(given).split())
    return quoted(text if len(text) <= LONGEST else f"{text[:LONGEST]}…（共 {len(text)} 字）")


def quoted(text: str) -> str:
    """A text in quotation marks that it does not hold itself."""
    return f"「{text}」" if "“" in text and "「" not in text else f"“{text}”"


def other(what: str, before: Any, after: Any) -> str:
    """``what`` is other than before, as a sentence says it; of long texts the part that differs."""
    if before in (None, ""):
        return f"{what}新写为{value(after)}"
    if after in (None, ""):
        return f"{what}{value(before)}不再写"
    mine, theirs = (" ".join(str(one).split()) for one in (before, after))
    if max(len(mine), len(theirs)) > LONGEST and not isinstance(before, bool):
        mine, theirs = _apart(mine, theirs)
        return f"{what}有改动：{value(mine)}改为{value(theirs)}"
    return turned(what, value(before), value(after))


def turned(what: str, before: str, after: str) -> str:
    """``what`` is other than before, where both are in words already."""
    none = value(None)
    if before == none:
        return f"{what}新写为{after}"
    return f"{what}{before}不再写" if after == none else f"{what}由{before}改为{after}"


def _apart(before: str, after: str) -> tuple[str, str]:
    """The parts of two texts that differ, with a few characters around them."""
    shorter = min(len(before), len(after))
    start = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    rest = shorter - start
    end = next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)
    left = max(0, start - AROUND)

    def part(text: str) -> str:
        right = min(len(text), len(text) - end + AROUND)
        return f"{'…' if left else ''}{text[left:right]}{'…' if right < len(text) else ''}"

    return part(before), part(after)
