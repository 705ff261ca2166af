"""Text that people typed, made fit for paper. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from service.errors import Finding, Invalid
from service.spelling import is_noncharacter

LONGEST = 120_000
"""Letters in one document, all texts together: some hundred pages, a few seconds of typesetting."""

_NEW_LINES = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_ACCENTS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{2})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)
# Characters that cannot be seen: control and format characters (writing direction, zero width), halves of pairs. A
# character that this machine's own table does not know is none of them: it may be younger than the table.
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def printable(value: Any) -> Any:
    """``value`` (JSON) with every text fit for paper: no unseen characters, no heaped accents, line ends as ``\\n``.

    Raises Invalid where all texts together are longer than ``LONGEST``.
    """
    if _length(value) > LONGEST:
        raise Invalid("内容过长，不能打印", [Finding("", f"全部文字超过 {LONGEST} 个，请在网页上查看")])
    return _mapped(value)


def _mapped(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _mapped(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(one) for one in value]
    return value


def clean(text: str) -> str:
    """``text`` as ``printable`` makes it."""
    if not text.isprintable():  # what Python calls so has nothing unseen in it, no line end and no tab
        lines = _NEW_LINES.sub("\n", text).replace("\t", "  ")
        text = "".join(character for character in lines if character == "\n" or not _unseen(character))
    # Heaped accents would climb out of their line.
    return _ACCENTS.sub(r"\1", text)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or is_noncharacter(character)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_length(one) for one in value.values())
    if isinstance(value, list | tuple):
        return sum(_length(one) for one in value)
    return 0
