"""Any table as a workbook of one sheet: texts stay texts, dates are dates, long cells break into lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from tempfile import TemporaryDirectory
from typing import BinaryIO

from xlsxwriter import Workbook
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


def write_table(rows: Iterable[Sequence[Cell]], into: BinaryIO, *, columns: Sequence[str], title: str) -> int:
    """Writes a workbook with one sheet ``title``: ``columns`` as its heading, ``rows`` below; gives their number.

    Every text stays a text, whatever it looks like; what is too long for a cell says at its end that it was cut. One
    row is held in memory at a time. Raises Invalid beyond ``MOST_ROWS`` rows.
    """
    with TemporaryDirectory(prefix="workbook-") as place:  # nothing of it stays where a row cannot be made
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
    cells = _Cells(book, sheet)
    count = 0
    for row in rows:
        count += 1
        if count > MOST_ROWS:
            raise Invalid(f"一张表最多 {MOST_ROWS} 行，请缩小范围后再导出")
        for place, value in enumerate(row):
            cells.write(count, place, value)
    return count


class _Cells:
    """Writes the cells of one sheet, each in the style of its kind."""

    def __init__(self, book: Workbook, sheet: Worksheet) -> None:
        aligned = {"valign": "top", "text_wrap": True}
        self._sheet = sheet
        self._plain = book.add_format(aligned)
        self._day = book.add_format({**aligned, "num_format": DAY})
        self._moment = book.add_format({**aligned, "num_format": MOMENT})
        self._formula = book.add_format({**aligned, "quote_prefix": True})

    def write(self, row: int, place: int, value: Cell) -> None:
        """Writes a value; of one that is none, or an empty text, nothing."""
        if value is None or value == "":
            return
        if isinstance(value, str):
            # A text that looks like a formula must not become one when somebody edits the cell.
            style = self._formula if value.startswith(FORMULA) else self._plain
            self._sheet.write_string(row, place, _text(value), style)
        elif isinstance(value, datetime):
            self._sheet.write_datetime(row, place, clock.local(value).replace(tzinfo=None), self._moment)
        elif isinstance(value, date):
            self._sheet.write_datetime(row, place, value, self._day)
        else:
            self._sheet.write_number(row, place, value, self._plain)


def _text(value: str) -> str:
    """``value`` without the characters that no workbook may hold, and no longer than a cell."""
    kept = "".join(sign for sign in value if (sign >= " " or sign in "\n\t") and sign not in "\ufffe\uffff")
    return kept if len(kept) <= LONGEST else kept[: LONGEST - len(CUT)] + CUT
