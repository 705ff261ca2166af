"""Facts of a sheet beside its cells: hidden rows and columns, merged cells, filters. Pure.

The stream of rows from which the cells are read tells none of it. A parser reads the tags here too: attributes come in
any order, in either kind of quotes, and a row need not say its number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_COLUMNS = 16_384
"""No sheet of Excel has more."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_MERGED = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")


@dataclass(slots=True)
class SheetFacts:
    """Facts of one sheet beside its cells; rows and columns are counted from 1."""

    empty_rows: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(first column, first row, last column, last row)."""
    filtered: bool = False
    unclear: bool = False
    """Whether the part could not be followed to its end."""


class Noting:
    """Notes the facts of one part that is fed to it piece by piece; a document type has been refused before."""

    def __init__(self, facts: SheetFacts) -> None:
        self._facts = facts
        self._row = 0  # the last one told of
        self._hides = False  # whether rows are hidden unless they say that they are not
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._begin
        self._kinds = {
            f"{_MAIN}row": self._note_row,
            f"{_MAIN}col": self._note_columns,
            f"{_MAIN}sheetFormatPr": self._note_format,
            f"{_MAIN}mergeCell": self._note_merged,
            f"{_MAIN}autoFilter": self._note_filter,
            f"{_MAIN}filterColumn": self._note_filter,
        }

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """The next bytes of the part, whose tags may be cut anywhere."""
        if self._facts.unclear:
            return
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, ValueError):  # no XML, or a number that is none
            self._facts.unclear = True

    def _begin(self, name: str, told: dict[str, str]) -> None:
        if noting := self._kinds.get(name):
            noting(told)

    def _note_row(self, told: Mapping[str, str]) -> None:
        self._row = int(told["r"]) if "r" in told else self._row + 1
        if _hides(told, "ht", default=self._hides):
            self._facts.hidden_rows.add(self._row)

    def _note_columns(self, told: Mapping[str, str]) -> None:
        if _hides(told, "width", default=False):
            first, last = int(told.get("min", 1)), int(told.get("max", 0))
            self._facts.hidden_columns.update(range(max(first, 1), min(last, MOST_COLUMNS) + 1))

    def _note_format(self, told: Mapping[str, str]) -> None:
        self._hides = _is_yes(told.get("zeroHeight"))

    def _note_merged(self, told: Mapping[str, str]) -> None:
        if area := _MERGED.fullmatch(told.get("ref", "").strip()):
            left, top, right, bottom = area.groups()
            place = column_number(left), int(top), column_number(right or left), int(bottom or top)
            self._facts.merged.append(place)

    def _note_filter(self, _: Mapping[str, str]) -> None:
        self._facts.filtered = True


def column_number(letters: str) -> int:
    """A → 1, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _hides(told: Mapping[str, str], size: str, *, default: bool) -> bool:
    """Whether nobody sees the row or column: it says so, or has no height or width."""
    hidden = _is_yes(told["hidden"]) if "hidden" in told else default
    return hidden or (size in told and float(told[size]) <= 0)


def _is_yes(attribute: str | None) -> bool:
    return attribute is not None and attribute.strip().lower() in {"1", "true", "on"}
