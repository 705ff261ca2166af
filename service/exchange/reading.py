"""Reads an uploaded Excel file with suspicion: what is in it is data from a person, never code. Pure.

Everything that could be misread is refused with its row and column, instead of being guessed: formulas, merged cells,
texts that are no dates, unknown columns. Encrypted files, macros and other kinds of files are refused at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries

from service.errors import Invalid, LiaisonError
from service.exchange.inspection import MAX_ROWS, inspect

MAX_COLUMNS = 100
LAST_ROW = 1 << 20
"""No sheet of Excel has more rows; a file that names a later one is made to be read for ever."""
MAX_FINDINGS = 500
"""Findings that are kept: who sees so many begins anew with the template."""

HEADER_ROW = 1
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
MARKS = re.compile(r"[、，,;；\n]")
FLAGS = {"是": True, "否": False}
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3}\d{1,7}(?::[A-Z]{1,3}\d{1,7})?)\"")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where: ``row`` as Excel counts (0: the whole file), ``column`` a heading or ``""``."""

    row: int
    column: str
    message: str

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {"row": self.row, "column": self.column, "message": self.message}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a template: ``kind`` is text, digits, date, flag, choice or many (``choices``: word -> value)."""

    key: str
    title: str
    required: bool = False
    kind: str = "text"
    help: str = ""
    example: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)
    hidden: bool = False
    """Whether the preview keeps its text to itself."""
    sure: str = ""
    """Of digits: as which a cell that Excel holds for a number can have lost no 0 at its beginning (a pattern)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of data: its number in the sheet and its values by column key (absent cells are ``None``)."""

    number: int
    values: dict[str, Any]


def read_rows(content: bytes, columns: Sequence[Column]) -> tuple[list[Row], list[Fault]]:
    """The rows of the first sheet and every fault of form. Raises ``Invalid`` where it is no readable file at all."""
    inspect(content)
    try:
        # Read as a stream: half a million cells would fill 300 MB as a whole sheet.
        book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = _first(book.worksheets)
        return _read(sheet, _merged(content, sheet), columns)
    except LiaisonError:
        raise
    except Exception as error:  # whatever the library stumbles over, it is the file that is damaged
        raise Invalid(
            "文件已损坏或不是标准的 .xlsx 工作簿，请用 Excel 或 WPS 另存为“Excel 工作簿（*.xlsx）”后重试"
        ) from error


def _first(sheets: Sequence[Any]) -> Any:
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if not visible:
        raise Invalid("文件里没有可见的工作表，请使用模板填写")
    return visible[0]


def _merged(content: bytes, sheet: Any) -> list[str]:
    """The first merged ranges of a sheet, which a stream of rows does not tell of."""
    path = sheet._worksheet_path  # noqa: SLF001 - the library has no public way from a sheet to its part
    with ZipFile(BytesIO(content)) as packed:
        part = packed.read(path)
    return [found.decode() for found in dict.fromkeys(MERGED.findall(part))][:MAX_FINDINGS]


def _read(sheet: Any, merged: Sequence[str], columns: Sequence[Column]) -> tuple[list[Row], list[Fault]]:
    faults: list[Fault] = []
    sheet.reset_dimensions()  # what a file says of its own size need not be so
    places: dict[str, int] = {}
    rows: list[Row] = []
    for number, cells in enumerate(sheet.iter_rows(), HEADER_ROW):
        if number > LAST_ROW:
            raise Invalid("文件已损坏：行号超出 Excel 的范围，请使用模板重新填写")
        if len(cells) > MAX_COLUMNS:
            raise Invalid(f"表格超过 {MAX_COLUMNS} 列，请使用模板，不要增加列")
        if number == HEADER_ROW:
            places = _headings(cells, columns, faults)
        elif len(faults) > MAX_FINDINGS:
            break
        elif not all(cell.value is None or (isinstance(cell.value, str) and not cell.value.strip()) for cell in cells):
            rows.append(Row(number, _values(cells, places, columns, number, faults)))
    titles = {place: column.title for column in columns if (place := places.get(column.key)) is not None}
    for one in merged:
        left, top, _, _ = range_boundaries(one)
        title = titles.get((left or 1) - 1, get_column_letter(left or 1))
        faults.append(Fault(top or HEADER_ROW, title, f"合并的单元格（{one}），请取消合并"))
    if len(rows) > MAX_ROWS:
        raise Invalid(f"一次最多导入 {MAX_ROWS} 行，现有 {len(rows)} 行；请分成几个文件导入")
    if not rows and not faults:
        raise Invalid("表格里没有数据，请从第 2 行起填写")
    return rows, faults


def _values(
    cells: Sequence[Any], places: Mapping[str, int], columns: Sequence[Column], number: int, faults: list[Fault]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in columns:
        place = places.get(column.key)
        if place is None:
            values[column.key] = None
        elif place < len(cells):
            values[column.key] = _value(cells[place], column, number, faults)
        else:
            values[column.key] = _value(None, column, number, faults)
    return values


def _headings(cells: Sequence[Any], columns: Sequence[Column], faults: list[Fault]) -> dict[str, int]:
    """Column key -> place in the row, by the headings of the first row."""
    known = {column.title: column for column in columns}
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        title = str(cell.value).strip().rstrip("*＊") if cell.value is not None else ""
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


def _value(cell: Any, column: Column, row: int, faults: list[Fault]) -> Any:
    """The value of a cell, or ``None`` with a fault noted where it cannot be meant."""
    value = cell.value if cell is not None else None
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value).strip() or None
    if value is None:
        if column.required:
            faults.append(Fault(row, column.title, f"“{column.title}”不能为空"))
        return None
    if cell.data_type == "f" or type(value).__name__ in ("ArrayFormula", "DataTableFormula"):
        faults.append(Fault(row, column.title, "单元格是公式，请复制后“选择性粘贴—数值”"))
        return None
    if cell.data_type == "e":
        faults.append(Fault(row, column.title, f"单元格是错误值 {value}，请更正"))
        return None
    return _READERS[column.kind](value, column, row, faults)


def _text(value: Any, column: Column, row: int, faults: list[Fault]) -> str | None:
    if isinstance(value, bool | datetime | date):
        faults.append(Fault(row, column.title, f"“{column.title}”须是文字，请把单元格格式改为文本后重新填写"))
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _digits(value: Any, column: Column, row: int, faults: list[Fault]) -> str | None:
    """A text of digits; a number only where no 0 can be missing at its beginning."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = str(int(value)) if float(value).is_integer() else str(value)
        if re.fullmatch(column.sure, text):
            return text
        faults.append(
            Fault(
                row,
                column.title,
                f"“{column.title}”被 Excel 当作数字 {text}，开头的 0 可能已丢失；"
                "请把该列的单元格格式改为“文本”后重新填写",
            )
        )
        return None
    return _text(value, column, row, faults)


def _date(value: Any, column: Column, row: int, faults: list[Fault]) -> str | None:
    """A date cell, or a text such as 2026-01-31 that can mean one day only."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and (found := DATE.fullmatch(value)):
        try:
            return date(*map(int, found.groups())).isoformat()
        except ValueError:
            faults.append(Fault(row, column.title, f"没有“{value}”这一天，请更正"))
            return None
    faults.append(Fault(row, column.title, f"“{value}”不是日期，请把单元格格式改为日期，或写成 2026-01-31 的样子"))
    return None


def _flag(value: Any, column: Column, row: int, faults: list[Fault]) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in FLAGS:
        return FLAGS[value]
    faults.append(Fault(row, column.title, f"“{column.title}”须填“是”或“否”"))
    return None


def _choice(value: Any, column: Column, row: int, faults: list[Fault]) -> Any:
    word = _text(value, column, row, faults)
    if word is None:
        return None
    if word in column.choices:
        return column.choices[word]
    faults.append(Fault(row, column.title, f"“{column.title}”须是下列之一：{'、'.join(column.choices)}"))
    return None


def _many(value: Any, column: Column, row: int, faults: list[Fault]) -> list[Any] | None:
    """Several words with 、 or another mark between them, each one of the choices where there are some.

    A choice may hold a mark itself, so whole choices are looked for first.
    """
    text, chosen = str(value), []
    for word in sorted(column.choices, key=len, reverse=True):
        if word in text:
            chosen.append(word)
            text = text.replace(word, "、")
    words = [word.strip() for word in MARKS.split(text) if word.strip()]
    if column.choices and words:
        options = "；".join(column.choices)
        faults.append(Fault(row, column.title, f"没有“{words[0]}”，“{column.title}”须从下列选取：{options}"))
        return None
    if column.choices:
        return [code for word, code in column.choices.items() if word in chosen]
    return words


_READERS = {"text": _text, "digits": _digits, "date": _date, "flag": _flag, "choice": _choice, "many": _many}
