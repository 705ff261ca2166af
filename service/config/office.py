"""The part of the settings that is the office's own: hours, numbers, contact line, limits, weights.

An administrator may change it by a page as well (``editable.py``); it is read by the same rules wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType

from service.config import language
from service.config.language import NumberSeries
from service.config.reader import FromEnvironment, Table, braces

INDICATORS = (
    "quota",
    "contacts",
    "interviews",
    "entered_in_time",
    "opinions_handled",
    "needs_in_time",
    "answers_in_time",
    "reports_in_time",
)
"""The figures of leaders and units that are counted for a year's assessment (O1)."""

TAGS = {"stationed": "驻点直联", "warm_spring": "企业暖春行动", "research": "调研活动"}
"""Joint activities where the settings name none of their own (O3)."""

ProcessValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Contact:
    """How users reach the Talent Office (H2); empty until the office fills it in."""

    name: str
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """The limits of contact records and reports in working days [A], and the joint activities (O3) by code."""

    entry_days: int
    report_days: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Office:
    """The findings of ``read_office``, under the names that ``Settings`` has for it."""

    office_opens: time
    office_closes: time
    number_format: str
    circular_format: str
    most_instances: int
    extension_days: int
    counters: Mapping[str, NumberSeries]
    paper_formats: Mapping[str, str]
    contact: Contact
    contacts: Contacts
    assessment: Mapping[str, float]
    process: Mapping[str, ProcessValue]


def read_office(root: Table) -> Office:
    """The office's own settings; mistakes are added to the findings of ``root``."""
    opens, closes = _office_hours(root)
    return Office(
        office_opens=opens,
        office_closes=closes,
        number_format=_number_format(root, "number_format", "{year}-需-{seq:04d}"),
        circular_format=_number_format(root, "circular_format", "通报〔{year}〕{seq}号"),
        most_instances=root.integer("most_instances", 500, low=1, high=1000),
        extension_days=root.integer("extension_days", 20, low=1, high=250),
        counters=language.series(root.table("counters")),
        paper_formats=language.papers(root.table("papers") if root.has("papers") else None),
        contact=_contact(root.table("contact")),
        contacts=_contacts(root.table("contacts"), root.table("tags") if root.has("tags") else None),
        assessment=_assessment(root.table("assessment")),
        process=_process(root.table("process")),
    )


def _office_hours(root: Table) -> tuple[time, time]:
    clock, hint = r"([01][0-9]|2[0-3]):[0-5][0-9]", "应写成 09:00 的样子（24 小时制）"
    opens = time.fromisoformat(root.text("office_opens", "09:00", pattern=clock, hint=hint))
    closes = time.fromisoformat(root.text("office_closes", "17:30", pattern=clock, hint=hint))
    if opens >= closes:
        root.fault("office_closes", f"下班时间 {closes:%H:%M} 应晚于上班时间 {opens:%H:%M}")
    return opens, closes


def _number_format(root: Table, name: str, default: str) -> str:
    """The format may hold {year} and {seq} with a width only: anything else could read what it should not."""
    text = root.text(name, default, longest=40)
    try:
        fields = braces(text)
    except ValueError:
        fields = []
    years = [spec for field, spec, how in fields if field == "year" and not how]
    counts = [spec for field, spec, how in fields if field == "seq" and not how]
    good = len(years) == 1 and years[0] == "" and len(counts) == 1 and re.fullmatch(r"(0[1-9]d)?", counts[0] or "")
    if not good or len(fields) != 2:
        root.fault(name, "必须含 {year} 和 {seq}（或 {seq:04d}）各一次，不能有其他花括号，例如 " + default)
        return default
    return text


def _contact(table: Table) -> Contact:
    contact = Contact(
        name=table.text("name", "区人才办"),
        phone=table.text("phone", "", pattern=r"[0-9+()（）、 \-转]*", hint="只写数字、空格和 - + ( )"),
        email=table.text("email", "", pattern=r"[^@\s]+@[^@\s]+", hint="应写成 名称@域名"),
        address=table.text("address", ""),
    )
    table.close()
    return contact


def _tags(table: Table) -> dict[str, str]:
    names = {}
    for code in table.names():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", code):
            table.fault(code, "代码只能用小写字母、数字和下划线，以字母开头，最多 32 个字符")
        names[code] = table.text(code, code, longest=20)
    return names


def _contacts(table: Table, tags: Table | None) -> Contacts:
    names = TAGS if tags is None else _tags(tags)
    contacts = Contacts(
        entry_days=table.integer("entry_days", 3, low=0, high=60),
        report_days=table.integer("report_days", 10, low=1, high=120),
        tags=MappingProxyType(names),
    )
    table.close()
    return contacts


def _assessment(table: Table) -> Mapping[str, float]:
    """The weights of the indicators: none, and no score is computed (O1)."""
    found = {name: float(table.integer(name, 0, low=0, high=1000)) for name in INDICATORS if table.has(name)}
    table.close()
    return MappingProxyType(found)


def _process(table: Table) -> Mapping[str, ProcessValue]:
    """The values that expressions read as ``settings.<name>``: the office may add its own."""
    table.boolean("group_opinion_required", default=False)
    values: dict[str, ProcessValue] = {"group_opinion_required": False}
    for name in table.names():
        value = table.value(name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            table.fault(name, "名称只能用小写字母、数字和下划线，以字母开头")
        elif isinstance(value, FromEnvironment):
            values[name] = _plain(value)
        elif isinstance(value, bool | int | float | str):
            values[name] = value
        else:
            table.fault(name, "应为 true/false、数字或文字")
    return MappingProxyType(values)


def _plain(text: FromEnvironment) -> ProcessValue:
    """An environment's text as the value it looks like: true, 12 or words."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else str(text)
