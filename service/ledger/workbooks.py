"""Any table as a workbook of one sheet: texts stay texts, dates are dates, long cells break into lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from service import clock

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The media type of a workbook."""

Cell = str | int | date | datetime | None
"""The values that a cell may hold.

A moment is aware and stands in the sheet as Asia/Shanghai time; None is an empty cell.
"""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The characters that a spreadsheet would take for a formula."""

WIDTH = 20
"""Of a column, in characters of the heading's type."""
LONGEST = 32_767
"""Characters that a spreadsheet keeps in one cell."""
CUT = "……（内容过长，完整内容请在系统中查看）"
LONGEST_TITLE = 31
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"

_NOT_IN_TITLE = re.compile(r"[\\*?:/\[\]]")
_ALIGNED = Alignment(vertical="top", wrap_text=True)


def write_table(rows: Iterable[Sequence[Cell]], into: BinaryIO, *, columns: Sequence[str], title: str) -> int:
    """Writes a workbook with one sheet ``title``: ``columns`` as its heading, ``rows`` below; gives their number.

    Every text stays a text, whatever it looks like; what is too long for a cell says at its end that it was cut.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_NOT_IN_TITLE.sub(" ", title)[:LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    for number in range(1, len(columns) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = WIDTH
    heading = [WriteOnlyCell(sheet, value=name) for name in columns]
    for cell in heading:
        cell.font = Font(bold=True)
    sheet.append(heading)
    count, cells = 0, _Cells(sheet)
    for row in rows:
        sheet.append([cells.cell(value) for value in row])
        count += 1
    book.save(into)
    return count


class _Cells:
    """Makes the cells of one sheet. A style is set up once for all cells of a kind: setting it up is slow."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._plain, self._day, self._moment = self._styled(), self._styled(DAY), self._styled(MOMENT)
        self._formula = self._styled(quoted=True)

    def cell(self, value: Cell) -> Any:
        shown: Any = value
        style = self._plain
        if isinstance(value, datetime):
            shown, style = clock.local(value).replace(tzinfo=None), self._moment
        elif isinstance(value, date):
            style = self._day
        elif isinstance(value, str):
            shown = _text(value)
            # A text that looks like a formula must not become one when somebody edits the cell.
            style = self._formula if value.startswith(FORMULA) else self._plain
        cell: Any = WriteOnlyCell(self._sheet, value=shown)
        if isinstance(value, str):
            cell.data_type = "s"  # else a text that begins with = would be a formula
        cell._style = style  # noqa: SLF001 - the library has no other way to share a style between cells
        return cell

    def _styled(self, number_format: str = "General", *, quoted: bool = False) -> Any:
        cell: Any = WriteOnlyCell(self._sheet)
        cell.alignment, cell.number_format, cell.quotePrefix = _ALIGNED, number_format, quoted
        return cell._style  # noqa: SLF001 - as above


def _text(value: str) -> str:
    """``value`` without the characters that no workbook may hold, and no longer than a cell."""
    kept = "".join(sign for sign in value if (sign >= " " or sign in "\n\t") and sign not in "\ufffe\uffff")
    return kept if len(kept) <= LONGEST else kept[: LONGEST - len(CUT)] + CUT
