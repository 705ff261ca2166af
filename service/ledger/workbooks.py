"""Any table as a workbook of one sheet: texts stay texts, dates are dates, long cells break into lines.

The library makes the workbook and its heading. The rows are written here, as it would write them: cell by cell it works
four times as long, and that was a third of an export.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from service import clock
from service.errors import Invalid

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The media type of a workbook."""

Cell = str | int | date | datetime | None
"""The values that a cell may hold.

A moment is aware and stands in the sheet as Asia/Shanghai time; None is an empty cell.
"""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The characters that a spreadsheet would take for a formula."""

MOST_ROWS = 1_048_575
"""Rows that a sheet holds below its heading."""
WIDTH = 20
"""Of a column, in characters of the heading's type."""
LONGEST = 32_767
"""Characters that a spreadsheet keeps in one cell."""
CUT = "……（内容过长，完整内容请在系统中查看）"
LONGEST_TITLE = 31
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"

_NOT_IN_TITLE = re.compile(r"[\\*?:/\[\]]")
_SPECIAL = re.compile(r"[&<>_\x00-\x1f\ufffe\uffff]|^\s|\s$")
"""Texts that are not written into the sheet as they stand."""
_CODED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
"""The sign of a text that a spreadsheet would take for the code of another sign."""
_FIRST_DAY = date(1899, 12, 31).toordinal()
_NO_SUCH_DAY = 59
"""The days of a spreadsheet go on behind this one with 29 February 1900, which never was."""


def write_table(rows: Iterable[Sequence[Cell]], into: BinaryIO | Path, *, columns: Sequence[str], title: str) -> int:
    """Writes a workbook with one sheet ``title``: ``columns`` as its heading, ``rows`` below; gives their number.

    Every text stays a text, whatever it looks like; what is too long for a cell says at its end that it was cut. One
    row is held in memory at a time. Raises Invalid beyond ``MOST_ROWS`` rows.
    """
    with TemporaryDirectory(prefix="workbook-") as place:  # nothing of it stays where a row cannot be made
        if isinstance(into, Path):
            with into.open("wb") as file:
                return _written(rows, file, columns, title, place)
        return _written(rows, into, columns, title, place)


def _written(rows: Iterable[Sequence[Cell]], into: BinaryIO, columns: Sequence[str], title: str, tmpdir: str) -> int:
    book = Workbook(into, {"constant_memory": True, "tmpdir": tmpdir, "use_zip64": True})
    sheet = book.add_worksheet(_NOT_IN_TITLE.sub(" ", title)[:LONGEST_TITLE])
    try:
        count = _filled(book, sheet, rows, columns)
        book.close()
    finally:
        sheet.row_data_fh.close()  # which otherwise only a book does that is complete
    return count


def _filled(book: Workbook, sheet: Worksheet, rows: Iterable[Sequence[Cell]], columns: Sequence[str]) -> int:
    sheet.freeze_panes(1, 0)
    if columns:
        sheet.set_column(0, len(columns) - 1, WIDTH)
    bold = book.add_format({"bold": True})
    for place, name in enumerate(columns):
        sheet.write_string(0, place, _text(name), bold)
    sheet._write_single_row(1)  # noqa: SLF001 - the heading has to be in the file before the rows that we write there
    sheet.dim_rowmin, sheet.dim_colmin, sheet.dim_colmax = 0, 0, max(len(columns) - 1, 0)
    cells = _Cells(book)
    count = 0
    for row in rows:
        count += 1
        if count > MOST_ROWS:
            raise Invalid(f"一张表最多 {MOST_ROWS} 行，请缩小范围后再导出")
        sheet.row_data_fh.write(cells.row(count + 1, row))
    sheet.dim_rowmax = count
    return count


class _Cells:
    """Writes the cells of one sheet, each in the style of its kind."""

    def __init__(self, book: Workbook) -> None:
        aligned = {"valign": "top", "text_wrap": True}
        kinds: list[dict[str, object]] = [{}, {"num_format": DAY}, {"num_format": MOMENT}, {"quote_prefix": True}]
        made = [book.add_format({**aligned, **kind}) for kind in kinds]
        styles = [one._get_xf_index() for one in made]  # noqa: SLF001 - by which the rows that we write name it
        self._plain, self._day, self._moment, self._formula = styles
        self._places: list[str] = []

    def row(self, number: int, values: Sequence[Cell]) -> str:
        """A row as it stands in the sheet, which counts from 1; of what is none, or an empty text, nothing."""
        places = self._places
        while len(places) < len(values):
            places.append(xl_col_to_name(len(places)))
        told = [
            self._cell(f"{place}{number}", value)
            for place, value in zip(places, values, strict=False)
            if value is not None and value != ""
        ]
        return f'<row r="{number}">{"".join(told)}</row>' if told else ""

    def _cell(self, place: str, value: Cell) -> str:
        if isinstance(value, str):
            # A text that looks like a formula must not become one when somebody edits the cell.
            style, kept = self._formula if value.startswith(FORMULA) else self._plain, ""
            if len(value) > LONGEST or _SPECIAL.search(value):
                value, kept = _written_out(_text(value)), ' xml:space="preserve"'
            return f'<c r="{place}" s="{style}" t="inlineStr"><is><t{kept}>{value}</t></is></c>'
        if isinstance(value, datetime):
            local = clock.local(value)
            seconds = local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1_000_000
            return f'<c r="{place}" s="{self._moment}"><v>{_day(local) + seconds / 86400:.16G}</v></c>'
        if isinstance(value, date):
            return f'<c r="{place}" s="{self._day}"><v>{_day(value)}</v></c>'
        return f'<c r="{place}" s="{self._plain}"><v>{value:.16G}</v></c>'


def _day(day: date) -> int:
    """A day as spreadsheets count days."""
    number = day.toordinal() - _FIRST_DAY
    return number + 1 if number > _NO_SUCH_DAY else number


def _written_out(text: str) -> str:
    """A text as XML."""
    coded = _CODED.sub("_x005F_", text)
    return coded.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(value: str) -> str:
    """``value`` without the characters that no workbook may hold, and no longer than a cell."""
    kept = "".join(sign for sign in value if (sign >= " " or sign in "\n\t") and sign not in "\ufffe\uffff")
    return kept if len(kept) <= LONGEST else kept[: LONGEST - len(CUT)] + CUT
