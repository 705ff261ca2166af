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
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import Invalid

MAX_ROWS = 20_000
"""Rows of data in one file; more is split into several files."""
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 300 * 1024 * 1024
MAX_COLUMNS = 100
MAX_FINDINGS = 500
"""Findings that are kept: who sees so many begins anew with the template."""

ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of a compound file: an old .xls, or a new file under a password."""
HEADER_ROW = 1
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
MARKS = re.compile(r"[、，,;；\n]")
FLAGS = {"是": True, "否": False}


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
    """A column of a template: ``kind`` is text, date, flag, number, phone or choice (``choices``: word -> value)."""

    key: str
    title: str
    required: bool = False
    kind: str = "text"
    help: str = ""
    example: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of data: its number in the sheet and its values by column key (absent cells are ``None``)."""

    number: int
    values: dict[str, Any]


def read_rows(content: bytes, columns: Sequence[Column]) -> tuple[list[Row], list[Fault]]:
    """The rows of the first sheet and every fault of form. Raises ``Invalid`` where it is no readable file at all."""
    inspect(content)
    try:
        book = load_workbook(BytesIO(content), read_only=False, data_only=False, keep_links=False)
    except Exception as error:  # whatever the library stumbles over, it is the file that is damaged
        raise Invalid(
            "文件已损坏或不是标准的 .xlsx 工作簿，请用 Excel 或 WPS 另存为“Excel 工作簿（*.xlsx）”后重试"
        ) from error
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise Invalid("文件里没有可见的工作表，请使用模板填写")
    return _read(sheets[0], columns)


def inspect(content: bytes) -> None:
    """Refuses what is not a plain workbook of a bearable size, before a parser sees it."""
    if not content:
        raise Invalid("文件是空的，请选择填写好的模板")
    if len(content) > MAX_BYTES:
        raise Invalid(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件导入")
    if content.startswith(ENCRYPTED):
        raise Invalid("文件设有打开密码，或是旧的 .xls 格式；请去掉密码，另存为“Excel 工作簿（*.xlsx）”后重试")
    try:
        with ZipFile(BytesIO(content)) as packed:
            names = {info.filename for info in packed.infolist()}
            if sum(info.file_size for info in packed.infolist()) > MAX_UNPACKED:
                raise Invalid("文件解压后过大，请删去图片和空行，或分成几个文件导入")
            if any(info.flag_bits & 1 for info in packed.infolist()):
                raise Invalid("文件设有密码，请去掉密码后重试")
            if "xl/workbook.xml" not in names:
                raise Invalid("不是 Excel 工作簿（.xlsx），请下载模板填写后上传")
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise Invalid("文件带有宏，请另存为不带宏的“Excel 工作簿（*.xlsx）”后重试")
            for name in names:
                if name.endswith((".xml", ".rels")):
                    _inspect_part(packed, name)
    except (BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise Invalid("不是 Excel 工作簿（.xlsx），或文件已损坏；请下载模板填写后上传") from error


def _inspect_part(packed: ZipFile, name: str) -> None:
    """No document type (and so no entity), and not more rows than one file may hold."""
    rows, last = 0, b""
    with packed.open(name) as part:
        while block := part.read(1 << 20):
            seen = last + block
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise Invalid("文件里有不允许的内容（文档类型声明），请用 Excel 或 WPS 重新保存后上传")
            if name.startswith("xl/worksheets/"):
                rows += len(re.findall(rb"<(?:\w+:)?row[ >]", seen)) - len(re.findall(rb"<(?:\w+:)?row[ >]", last))
                if rows > MAX_ROWS + 1000:  # a thousand empty, formatted rows do no harm
                    raise Invalid(f"一次最多导入 {MAX_ROWS} 行，请分成几个文件导入")
            last = block[-16:]


def _read(sheet: Worksheet, columns: Sequence[Column]) -> tuple[list[Row], list[Fault]]:
    faults = [
        Fault(merged.min_row, get_column_letter(merged.min_col), f"合并的单元格（{merged}），请取消合并")
        for merged in sheet.merged_cells.ranges
    ]
    if (sheet.max_column or 0) > MAX_COLUMNS:
        raise Invalid(f"表格超过 {MAX_COLUMNS} 列，请使用模板，不要增加列")
    places = _headings(sheet, columns, faults)
    rows: list[Row] = []
    for number, cells in enumerate(sheet.iter_rows(min_row=HEADER_ROW + 1), HEADER_ROW + 1):
        if all(cell.value is None or (isinstance(cell.value, str) and not cell.value.strip()) for cell in cells):
            continue
        values: dict[str, Any] = {}
        for column in columns:
            place = places.get(column.key)
            cell = cells[place] if place is not None and place < len(cells) else None
            values[column.key] = _value(cell, column, number, faults) if cell is not None else None
        rows.append(Row(number, values))
    if len(rows) > MAX_ROWS:
        raise Invalid(f"一次最多导入 {MAX_ROWS} 行，现有 {len(rows)} 行；请分成几个文件导入")
    if not rows and not faults:
        raise Invalid("表格里没有数据，请从第 2 行起填写")
    return rows, faults


def _headings(sheet: Worksheet, columns: Sequence[Column], faults: list[Fault]) -> dict[str, int]:
    """Column key -> place in the row, by the headings of the first row."""
    known = {column.title: column for column in columns}
    places: dict[str, int] = {}
    for place, cell in enumerate(next(sheet.iter_rows(min_row=HEADER_ROW, max_row=HEADER_ROW), ())):
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
    value = cell.value
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


_READERS = {"text": _text, "date": _date, "flag": _flag, "choice": _choice, "many": _many}
