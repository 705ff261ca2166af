"""One cell of an uploaded sheet: the value that is meant, or why none can be. Pure.

The reader does not guess back from Excel's changes: a number where digits were meant may have lost zeros at its
beginning and, beyond fifteen digits, figures at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from service.fields import CHOICE, DATE, DIGITS, FLAG, NUMBER, PHONE, PICK, SEVERAL, Field
from service.spelling import half_width, tidy

DAY = re.compile(
    r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))"
    r"(?: 0?0:00(?::00)?)?"
)
MARKS = re.compile(r"[、，,;；\n]")
FLAGS = {"是": True, "否": False}
EXACT = 10**15
"""From here on Excel keeps fifteen figures and makes the others zero."""
SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}")
"""A long number as Excel shows it, kept as a text."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and its place: ``row`` as Excel counts (0: the whole file), ``column`` a heading or ``""``."""

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
    also: tuple[str, ...] = ()
    """Former titles, which older files still have."""


TEXT_CELL = "单元格须是文本格式，开头的 0 才不会丢失"
BY_NAME = "名录中的全称或代码"
_KINDS = {
    PHONE: "digits",
    DIGITS: "digits",
    DATE: "date",
    FLAG: "flag",
    CHOICE: "choice",
    NUMBER: "choice",
    SEVERAL: "many",
}


def columns_of(fields: Iterable[Field]) -> list[Column]:
    """The columns of a sheet from the table of a record's fields; choices are given by their words."""
    return [
        Column(
            key=one.name,
            title=one.label,
            required=one.required,
            kind=_KINDS.get(one.kind, "text"),
            help="；".join(filter(None, [one.note, _how(one)])),
            example=one.example,
            choices={word: value for value, word in one.choices.items()},
            sure=one.sure,
            also=one.also,
        )
        for one in fields
    ]


def _how(one: Field) -> str:
    if one.kind == DIGITS:
        return TEXT_CELL
    if one.kind == PICK and one.pick == "units":
        return BY_NAME
    return ("不填为“是”" if one.default else "不填为“否”") if one.kind == FLAG else ""


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing that anybody could have meant."""
    return value is None or (isinstance(value, str) and not tidy(value).strip())


def value_of(cell: Any, column: Column, row: int, faults: list[Fault]) -> Any:
    """The value of a cell of ``column``, or ``None`` with a fault noted where it cannot be meant."""
    value = cell.value if cell is not None else None
    if isinstance(value, str):
        value = tidy(value.replace("_x000D_", "")).strip() or None  # a line end as some programs write it
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
    if _spoiled(value):
        faults.append(Fault(row, column.title, _lost(column)))
        return None
    return _number(value) if isinstance(value, int | float) else str(value)


def _spoiled(value: Any) -> bool:
    """Whether Excel has taken figures from what was typed: a number too long for it, as a number or as it shows one."""
    if isinstance(value, str):
        return SCIENTIFIC.fullmatch(half_width(value)) is not None
    return isinstance(value, int | float) and (abs(value) >= EXACT or "e" in _number(value))


def _number(value: float) -> str:
    """A number as Excel shows it: of fifteen figures at most."""
    return str(int(value)) if float(value).is_integer() else f"{value:.15g}"


def _lost(column: Column) -> str:
    return f"“{column.title}”被 Excel 当作数字，末几位可能已丢失；请把该列的单元格格式改为“文本”后按原文重新填写"


def _digits(value: Any, column: Column, row: int, faults: list[Fault]) -> str | None:
    """A text of digits; a number only where no 0 can be missing at its beginning."""
    if isinstance(value, str):
        value = half_width(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and not _spoiled(value):
        text = _number(value)
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
    """A date cell, or a text or number such as 2026-01-31, 2026年1月31日 or 20260131 that can mean one day only."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    shown = half_width(value) if isinstance(value, str) else value
    text = str(shown) if isinstance(shown, int) and not isinstance(shown, bool) else shown
    if isinstance(text, str) and (found := DAY.fullmatch(text)):
        try:
            return date(*(int(part) for part in found.groups() if part is not None)).isoformat()
        except ValueError:
            faults.append(Fault(row, column.title, f"没有“{shown}”这一天，请更正"))
            return None
    how = "请把单元格格式改为日期，或写成 2026-01-31 的样子"
    why = "不是日期，而是没有设为日期格式的数字" if isinstance(value, int | float) else "不是日期"
    faults.append(Fault(row, column.title, f"“{shown}”{why}，{how}"))
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
    known = word if word in column.choices else half_width(word)
    if known in column.choices:
        return column.choices[known]
    for value in column.choices.values():
        if str(value) == known:  # a code is as good as its word
            return value
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
