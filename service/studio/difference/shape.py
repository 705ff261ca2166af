"""One change, and all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.studio.sameness import Sort

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
LONGEST = 80
"""Characters of a value that a sentence quotes."""
_DAYS = re.compile(r"(?:due\s*=\s*)?working_days\(\s*(-?\d+)\s*\)")


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
    """A value as a sentence quotes it."""
    if given is None or given == "":
        return "（没有）"
    if isinstance(given, bool):
        return "是" if given else "否"
    text = str(given)
    days = _DAYS.fullmatch(text)
    text = f"{days[1]} 个工作日" if days else " ".join(text.split())
    return f"“{text if len(text) <= LONGEST else text[:LONGEST] + '…'}”"


def other(what: str, before: Any, after: Any) -> str:
    """``what`` is other than before, as a sentence says it."""
    if before in (None, ""):
        return f"{what}新写为{value(after)}"
    if after in (None, ""):
        return f"{what}{value(before)}不再写"
    return f"{what}由{value(before)}改为{value(after)}"
