"""Reads an uploaded Excel file with suspicion: what is in it is data from a person, never code. Pure.

Everything that could be misread is refused with its row and column, instead of being guessed: formulas, merged cells,
texts that are no dates, unknown columns. Encrypted files, macros and other kinds of files are refused at once. Anything
in the file that was not read is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from service.errors import Invalid, LiaisonError
from service.exchange.cells import Column, Fault, is_empty, value_of
from service.exchange.inspection import MAX_ROWS, inspect
from service.exchange.left_out import left_out, listed
from service.exchange.sheet_facts import SheetFacts
from service.exchange.slim import slimmed
from service.spelling import half_width

MAX_COLUMNS = 100
LAST_ROW = 1 << 20
"""No sheet of Excel has more rows; a file that names a later one is made to be read for ever."""
MAX_FINDINGS = 500
"""Findings that are kept: who sees so many begins anew with the template."""

HEADER_ROW = 1
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of data: its number in the sheet and its values by column key (absent cells are ``None``)."""

    number: int
    values: dict[str, Any]
    hidden: bool = False
    """Whether whoever looks at the sheet does not see it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows read from a file, their faults, and in words the other parts of the file."""

    rows: list[Row]
    faults: list[Fault]
    notes: list[Fault]


def read_rows(content: bytes, columns: Sequence[Column]) -> Reading:
    """The rows of the first sheet and every fault of form. Raises ``Invalid`` where it is no readable file at all."""
    inspect(content)
    try:
        return _parsed(content, columns)
    except LiaisonError:
        raise
    except Exception as error:  # whatever the library stumbles over, it is the file that is damaged
        raise Invalid(
            "文件已损坏或不是标准的 .xlsx 工作簿，请用 Excel 或 WPS 另存为“Excel 工作簿（*.xlsx）”后重试"
        ) from error


def _parsed(content: bytes, columns: Sequence[Column]) -> Reading:
    slim, facts = slimmed(content)
    # Read as a stream: half a million cells would fill 300 MB as a whole sheet.
    book = load_workbook(BytesIO(slim), read_only=True, data_only=False, keep_links=False)
    sheet = _first(book.worksheets)
    path = sheet._worksheet_path  # noqa: SLF001 - the library has no public way from a sheet to its part
    told = facts.get(path, SheetFacts(unclear=True))
    read = _read(sheet, told, columns)
    if told.unclear:
        raise Invalid("无法确定表格里哪些行、列被隐藏；请用 Excel 或 WPS 打开，重新保存后再导入")
    if not read.rows and not read.faults:
        raise Invalid("表格里没有数据，请从第 2 行起填写")
    read.notes.extend(Fault(0, "", said) for said in left_out(content, book.worksheets, sheet))
    return read


def _first(sheets: Sequence[Any]) -> Any:
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if not visible:
        raise Invalid("文件里没有可见的工作表，请使用模板填写")
    return visible[0]


def _read(sheet: Any, facts: SheetFacts, columns: Sequence[Column]) -> Reading:
    read = Reading([], [], [])
    sheet.reset_dimensions()  # what a file says of its own size need not be so
    places: dict[str, int] = {}
    headed: set[int] = set()
    unread: set[int] = set()
    for number, cells in enumerate(sheet.iter_rows(), HEADER_ROW):
        if number > LAST_ROW:
            raise Invalid("文件已损坏：行号超出 Excel 的范围，请使用模板重新填写")
        if len(cells) > MAX_COLUMNS:
            raise Invalid(f"表格超过 {MAX_COLUMNS} 列，请使用模板，不要增加列")
        if number == HEADER_ROW:
            places = _headings(cells, columns, read.faults)
            headed = {place for place, cell in enumerate(cells) if not is_empty(cell.value)}
            continue
        if len(read.faults) > MAX_FINDINGS:
            break
        filled = {place for place, cell in enumerate(cells) if not is_empty(cell.value)}
        unread |= filled - headed
        if filled & headed:
            values = _values(cells, places, columns, number, read.faults)
            read.rows.append(Row(number, values, number in facts.hidden_rows))
    if len(read.rows) > MAX_ROWS:
        raise Invalid(f"一次最多导入 {MAX_ROWS} 行，现有 {len(read.rows)} 行；请分成几个文件导入")
    read.faults.extend(_merged(facts, places, columns, read.rows))
    read.notes.extend(_noted(facts, read.rows, headed, unread))
    return read


def _merged(
    facts: SheetFacts, places: Mapping[str, int], columns: Sequence[Column], rows: Sequence[Row]
) -> list[Fault]:
    """Merged cells that are read: of cells elsewhere it does not matter."""
    titles = {place: column.title for column in columns if (place := places.get(column.key)) is not None}
    last = rows[-1].number if rows else HEADER_ROW
    faults: list[Fault] = []
    for left, top, right, bottom in facts.merged:
        read = [place for place in titles if left <= place + 1 <= right]
        if read and top <= last and len(faults) <= MAX_FINDINGS:
            cells = f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"
            faults.append(Fault(top, titles[read[0]], f"合并的单元格（{cells}），请取消合并，每行分别填写"))
    return faults


def _noted(facts: SheetFacts, rows: Sequence[Row], headed: set[int], unread: set[int]) -> list[Fault]:
    """The parts that the viewer of the sheet does not see, and those that were not read."""
    notes = []
    if hidden := [row.number for row in rows if row.hidden]:
        how = "隐藏（筛选）" if facts.filtered else "隐藏"
        notes.append(f"第 {listed(hidden)} 行被{how}，共 {len(hidden)} 行；这些行也已读取，导入前请决定是否一并导入")
    if columns := [get_column_letter(place + 1) for place in sorted(headed) if place + 1 in facts.hidden_columns]:
        notes.append(f"{'、'.join(columns)} 列被隐藏，也已读取")
    if unread:
        letters = "、".join(get_column_letter(place + 1) for place in sorted(unread))
        notes.append(f"{letters} 列第 1 行没有列名，没有读取")
    if facts.empty_rows:
        notes.append(f"有 {facts.empty_rows} 行只有格式、没有内容的空行，已略过")
    return [Fault(0, "", said) for said in notes]


def _values(
    cells: Sequence[Any], places: Mapping[str, int], columns: Sequence[Column], number: int, faults: list[Fault]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in columns:
        place = places.get(column.key)
        if place is None:
            values[column.key] = None
        elif place < len(cells):
            values[column.key] = value_of(cells[place], column, number, faults)
        else:
            values[column.key] = value_of(None, column, number, faults)
    return values


def _headings(cells: Sequence[Any], columns: Sequence[Column], faults: list[Fault]) -> dict[str, int]:
    """Column key -> place in the row, by the headings of the first row."""
    known = {title: column for column in columns for title in (*column.also, column.title)}
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        title = _BLANKS.sub("", half_width(str(cell.value))).rstrip("*") if cell.value is not None else ""
        if not title:
            continue
        if title not in known:
            faults.append(Fault(HEADER_ROW, title, f"不认识的列“{title[:20]}”，请使用模板的列名"))
        elif known[title].key in places:
            faults.append(Fault(HEADER_ROW, title, f"列“{title}”重复，请只保留一列"))
        else:
            places[known[title].key] = place
    faults.extend(
        Fault(HEADER_ROW, column.title, f"缺少必填的列“{column.title}”，请下载模板对照")
        for column in columns
        if column.required and column.key not in places
    )
    return places
