"""Where the office's templates stand, and what kinds of files are made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TEMPLATE_FOLDER = Path(__file__).resolve().parents[2] / "forms" / "print"
"""The templates of what is printed, the office's own to change."""

COMMON, SHEET, CIRCULAR = "common.typ", "sheet.typ", "circular.typ"
"""The part that all templates share; 需求处理单 of a need; 通报 of a process that issues them."""
_STEPS = re.compile(r"^//\s*步骤：\s*([^\n]+)$", re.MULTILINE)
_ENTRIES = re.compile(r"^//\s*记录：\s*([^\n]+)$", re.MULTILINE)
_OPTIONAL = re.compile(r"^//\s*可以没有：\s*([^\n]+)$", re.MULTILINE)
_TITLE = re.compile(r"\A\ufeff?\s*//\s*([^\n]+)")
_HEAD = 600
"""Bytes at the beginning of a template in which it says what it is for."""


@dataclass(frozen=True, slots=True)
class About:
    """The head of a template: its ``title``; the ``steps`` (ids of a diagram) and ``entries`` of a case's journal each
    of which gives one paper. A template with neither is one paper of the whole case. ``optional`` are the fields that
    it prints of forms which have them."""

    title: str
    steps: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def each(self) -> bool:
        """Whether it makes a paper of each step or entry."""
        return bool(self.steps or self.entries)


@lru_cache(maxsize=512)
def about(template: bytes) -> About:
    """The head of a template (.typ): comments ``// title``, ``// 步骤：a、b``, ``// 记录：a``, ``// 可以没有：c``."""
    head = template[:_HEAD].decode(errors="replace").replace("\r", "")
    title = _TITLE.match(head)
    named = (_named(one, head) for one in (_STEPS, _ENTRIES, _OPTIONAL))
    return About(title[1].strip()[:60] if title else "", *named)


def _named(pattern: re.Pattern[str], head: str) -> tuple[str, ...]:
    found = pattern.search(head)
    return tuple(one for one in re.split(r"[、,，\s]+", found[1].strip()) if one) if found else ()


def house_templates(folder: Path = TEMPLATE_FOLDER) -> dict[str, bytes]:
    """The templates of the house that cases print with, by the name of their file.

    The shared part, 需求处理单, 通报, all that are made of a step or an entry, and the Word templates of the same name.
    Versions of processes keep them and may replace them; the others are those of reports.
    """
    found = {one.name: one.read_bytes() for one in sorted(folder.glob("*.typ"))}
    named = {COMMON, SHEET, CIRCULAR}
    typst = {name: content for name, content in found.items() if name in named or about(content).each}
    word = (folder / name.replace(".typ", ".docx") for name in typst)
    return typst | {one.name: one.read_bytes() for one in word if one.is_file()}


PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES: Mapping[str, str] = {"pdf": PDF, "docx": WORD}
"""Kind of file, which is also how its name ends → media type."""
