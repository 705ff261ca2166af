"""The words that an office adds for its diagrams: counters of numbers, kinds of notices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from service.config.notifications import KINDS
from service.config.reader import Table, braces, read_file

YEARLY, MONTHLY, NEVER = "year", "month", "never"
RESTARTS: Mapping[str, str] = MappingProxyType({YEARLY: "每年", MONTHLY: "每月", NEVER: "从不"})
"""When a counter begins again at 1."""
LONGEST_CODE, LONGEST_FORMAT, LONGEST_PART = 20, 60, 20
"""Characters of a counter's code, of a format, and of the part (``per``) that is counted apart."""
PAPERS: Mapping[str, str] = MappingProxyType(
    {
        "meeting_notice": "会议通知〔{year}〕{seq}号",
        "meeting_minutes": "会议纪要〔{year}〕{seq}号",
        "submission": "请示〔{year}〕{seq}号",
        "reply_letter": "函〔{year}〕{seq}号",
        "brief": "专报〔{year}〕{seq}号",
        "half_year_report": "半年报告〔{year}〕{seq}号",
        "roll_up": "汇总〔{year}〕{seq}号",
    }
)
"""How the papers of the house are numbered where the settings do not say."""
LONGEST_PAPER = 60
"""Characters of the name of a print template."""
_NAMES = ("year", "month", "seq", "per")


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """A series of numbers that diagrams may give out: how they read, and when they begin again at 1."""

    code: str
    name: str
    format: str
    restart: str = YEARLY


def series(table: Table) -> Mapping[str, NumberSeries]:
    """The table ``[counters]``: a table a series."""
    found = {}
    for code in table.names():
        one = table.table(code)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", code) or len(code) > LONGEST_CODE:
            table.fault(code, f"代码只能用小写字母、数字和下划线，以字母开头，最多 {LONGEST_CODE} 个字符")
        restart = one.text("restart", YEARLY, choices=RESTARTS)
        text = one.text("format", longest=LONGEST_FORMAT)
        if text and (problem := format_problem(text, restart)):
            one.fault("format", problem)
        found[code] = NumberSeries(code, one.text("name", longest=20), text, restart)
        one.close()
    return MappingProxyType(found)


def papers(table: Table | None) -> Mapping[str, str]:
    """The table ``[papers]``: the name of a print template, and how its papers are numbered in each year.

    Without the table ``PAPERS`` holds.
    """
    if table is None:
        return PAPERS
    found = {}
    for name in table.names():
        text = table.text(name, longest=LONGEST_FORMAT)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST_PAPER:
            table.fault(name, f"应是打印模板的名称：小写字母、数字和下划线，最多 {LONGEST_PAPER} 个字符")
        elif text and (problem := "不能写 {per}" if "{per}" in text else format_problem(text, YEARLY)):
            table.fault(name, problem)
        found[name] = text
    table.close()
    return MappingProxyType(found)


def format_problem(text: str, restart: str) -> str | None:
    """Why numbers cannot be written so, for people; None where they can.

    A number says in which year (and month) it was counted, or two would read alike.
    """
    try:
        fields = braces(text)
    except ValueError:
        return "花括号不成对"
    for name, spec, how in fields:
        if name not in _NAMES or how or (spec and not (name == "seq" and re.fullmatch(r"0[1-9]d", spec))):
            return f"花括号里只能写 {'、'.join(f'{{{one}}}' for one in _NAMES)}（或 {{seq:04d}}）"
    named = [name for name, _, _ in fields]
    needed = {YEARLY: ["seq", "year"], MONTHLY: ["seq", "year", "month"], NEVER: ["seq"]}[restart]
    missing = [name for name in needed if named.count(name) != 1]
    if missing:
        words = "、".join(f"{{{name}}}" for name in missing)
        return f"{RESTARTS[restart]}重编的编号，必须含 {words} 一次，否则会有两个一样的"
    return None


def number_in(text: str, *, year: int, month: int, seq: int, per: str) -> str:
    """A number as ``text`` writes it, once ``format_problem`` has found nothing."""
    return text.format(year=year, month=f"{month:02d}", seq=seq, per=per)


def own_kinds(path: Path) -> Mapping[str, str]:
    """Code → name of the kinds of notices that the office has added in the file of wordings (which may be missing).

    ``load_notifications`` says where they are wrong.
    """
    if not path.is_file():
        return MappingProxyType({})
    found = {
        code: str(one.get("name") or code)
        for code, one in read_file(path).items()
        if code not in KINDS and isinstance(one, dict)
    }
    return MappingProxyType(found)
