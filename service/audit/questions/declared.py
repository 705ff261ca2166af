"""A question of the auditors as it is declared once, for pages, sheets and API: its filters, columns and query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service.clock import FIRST_DAY, LAST_DAY
from service.config import Organization
from service.db.lists import Page
from service.errors import Finding, Invalid
from service.rights import Actor
from service.spelling import half_width

TEXT, DAY, CHOICE, CASE, TALENT, PERSON, UNIT = "text", "day", "choice", "case", "talent", "person", "unit"
"""Kinds of filters: words; a day; one of ``choices``; the number of a case; a talent, an account or
a unit, by name or code."""
MOMENT, NUMBER = "moment", "number"
"""Kinds of columns beside text and days."""
LONGEST = 100
REFUSED = "不能这样查询"

Row = Mapping[str, Any]
"""A line of an answer: the value of each column by its name, and under ``links`` column → (kind of record, its key)."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition of the address. Without a ``required`` one nothing is asked."""

    name: str
    label: str
    kind: str = TEXT
    choices: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the answer. A ``wide`` one may break into lines."""

    name: str
    title: str
    kind: str = TEXT
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is asked: by whom, with which values of its filters, which part of the answer."""

    session: Session
    reader: Actor
    organization: Organization
    values: Mapping[str, Any]
    limit: int
    offset: int

    def text(self, name: str) -> str:
        """A text among the values; empty where it is not asked for."""
        return str(self.values.get(name) or "")

    def day(self, name: str) -> date | None:
        """A day among the values."""
        value = self.values.get(name)
        return value if isinstance(value, date) else None


Find = Callable[[Asked], Page[Row]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question. ``name`` stands in its address, ``right`` says who may ask it, ``purpose`` what it answers."""

    name: str
    title: str
    purpose: str
    right: str
    filters: Sequence[Filter]
    columns: Sequence[Column]
    find: Find

    def read(self, given: Mapping[str, str], beside: Collection[str] = ()) -> dict[str, Any]:
        """The values of the filters in an address, which may say what is ``beside`` them as well.

        Raises Invalid naming each that cannot be read, and what is no filter: an answer to another question than was
        asked would be taken for the answer to it.
        """
        values: dict[str, Any] = {}
        labels = "、".join(f"{one.label}（{one.name}）" for one in self.filters) or "无"
        faults = [
            Finding(f"/{name}", f"没有“{name[:LONGEST]}”这个条件；可用的条件：{labels}")
            for name in given
            if name not in beside and all(one.name != name for one in self.filters)
        ]
        for one in self.filters:
            text = half_width(given.get(one.name, "").strip())[:LONGEST]
            if not text:
                continue
            if one.kind == DAY:
                day = _day(text)
                if day is not None:
                    values[one.name] = day
                else:
                    faults.append(Finding(f"/{one.name}", f"{one.label}请写成 2026-01-31 的格式"))
            elif one.kind == CHOICE and text not in one.choices:
                faults.append(Finding(f"/{one.name}", f"{one.label}只能是：{'、'.join(one.choices.values())}"))
            else:
                values[one.name] = text
        if faults:
            raise Invalid(REFUSED, faults)
        return self.checked(values)

    def checked(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values, which fit together. Raises Invalid for a period that ends before it begins."""
        first, last = values.get(SINCE.name), values.get(UNTIL.name)
        if first is not None and last is not None and first > last:
            raise Invalid(REFUSED, [Finding(f"/{SINCE.name}", f"“从”{first}晚于“到”{last}，请改正日期")])
        return values

    def lacking(self, values: Mapping[str, Any]) -> list[Filter]:
        """The required filters that are not given."""
        return [one for one in self.filters if one.required and one.name not in values]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= LAST_DAY else None


SINCE, UNTIL = Filter("since", "从", DAY), Filter("until", "到", DAY)
OF_CASE = Filter("case", "事项编号", CASE)
OF_PERSON = Filter("person", "人员", PERSON, note="姓名或用户名")
OF_TALENT = Filter("talent", "人才", TALENT, note="姓名或编号")
AT, WHO, BEHALF = Column("at", "时间", MOMENT), Column("who", "谁"), Column("behalf", "代谁")
ABOUT, WHAT, DETAIL = (
    Column("about", "事项或记录", wide=True),
    Column("what", "做了什么"),
    Column("detail", "内容", wide=True),
)
