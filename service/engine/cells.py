"""Cells of decision tables: ``?`` stands for the value of the column."""

from __future__ import annotations

from functools import lru_cache

PLACEHOLDER = "dmninputexpr"
"""The name that stands for ``?`` when the cell is evaluated."""


@lru_cache(maxsize=4096)
def asked(text: str) -> str:
    """``text`` with the placeholder for each ``?`` that stands outside quotes: an even number of them follows.

    As the library does it, but not in the square of the length.
    """
    done: list[str] = []
    outside = True
    for character in reversed(text):
        if character in "'\"":
            outside = not outside
        done.append(PLACEHOLDER if character == "?" and outside else character)
    return "".join(reversed(done))
