"""Reading a notice on holidays as it is published, or days off one a line: text that people paste. Pure.

Understood are the State Council's sentences (一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日上班。)
and lines with whole dates (2027-01-01 至 2027-01-03 元旦；2027-01-30 上班). The rest of a text is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from service.clock import FIRST_DAY, LAST_DAY
from service.errors import Finding, Invalid
from service.spelling import half_width

LONGEST = 20_000
_BRACKETS = re.compile(r"[（(][^（）()]*[）)]")
_HEADING = re.compile(r"^\s*(?:[一二三四五六七八九十]+、|\d+[.、])?\s*([\u4e00-\u9fff、]{2,20})\s*[：:](.*)$")
_YEAR = re.compile(r"(20\d\d)\s*年(?:部分)?节假日安排|关于\s*(20\d\d)\s*年")
_NUMBER = re.compile(r"(国办发明电\s*〔\s*20\d\d\s*〕\s*\d+\s*号)")
_DAY = r"(?:(?:(\d{4})\s*年\s*)?(\d{1,2})\s*月\s*)?(\d{1,2})\s*日"
_OFF = re.compile(rf"{_DAY}(?:\s*(?:至|到|-|—|~)\s*{_DAY})?\s*(?:放假|休息|调休)")
_WORKED = re.compile(rf"((?:{_DAY}\s*(?:[、，,和]\s*)?){{1,40}})(?:正常)?上班")
_ISO = r"(\d{4}-\d{1,2}-\d{1,2})"
_LINE = re.compile(rf"^{_ISO}(?:\s*(?:至|到|~|—|–)\s*{_ISO})?\s*(.*)$")


@dataclass(slots=True)
class Announcement:
    """The days that a text names. ``year`` and ``number`` are None where it does not say them."""

    year: int | None = None
    number: str | None = None
    days_off: list[tuple[date, date, str]] = field(default_factory=list)
    worked: list[date] = field(default_factory=list)


def read_announcement(text: str, year: int | None = None) -> Announcement:
    """The days of a pasted notice; ``year`` is the one that it arranges, where the text does not say so.

    Raises Invalid at ``/text``, naming the line, for a day that the calendar does not have, a date without a year, or a
    text in which no day is named.
    """
    if len(text) > LONGEST:
        raise _at(f"最多 {LONGEST} 个字，请只粘贴放假安排的正文")
    plain = half_width(text).replace("(", "（").replace(")", "）").replace(":", "：")
    found = Announcement(year=year)
    if match := _YEAR.search(plain):
        found.year = year or int(match[1] or match[2])
    if match := _NUMBER.search(plain):
        found.number = re.sub(r"\s", "", match[1])
    for count, line in enumerate(plain.splitlines(), 1):
        bare = _BRACKETS.sub("", line).strip()
        if match := _LINE.match(bare):
            _whole_dates(found, match, count)
        elif match := _HEADING.match(bare):
            _sentences(found, match[1], match[2], count)
    if not found.days_off and not found.worked:
        way_out = "请粘贴通知里“一、元旦：1月1日至3日放假……”的各条，或每行写一段，例如 2027-01-01 至 2027-01-03 元旦"
        raise _at(f"没有认出放假或上班的日期：{way_out}")
    if found.year is None:
        found.year = max([last.year for _, last, _ in found.days_off] or [day.year for day in found.worked])
    return found


def _whole_dates(found: Announcement, match: re.Match[str], line: int) -> None:
    first = _iso(match[1], line)
    last = _iso(match[2], line) if match[2] else first
    words = match[3].strip(" ，。,;；")
    if words in ("上班", "调休上班"):
        found.worked += [first] if first == last else [first, last]
        return
    name = words.removesuffix("放假").strip()
    if not name:
        raise _at(f"第 {line} 行请在日期后写明是什么节日，或写“上班”")
    found.days_off.append((first, last, name))


def _sentences(found: Announcement, name: str, text: str, line: int) -> None:
    """The days of one holiday; a month that a day does not say is that of the day before it."""
    month: int | None = None
    off = _OFF.search(text)
    if off:
        first = _day(found, off[1], off[2], off[3], None, line)
        month = first.month
        last = _day(found, off[4], off[5], off[6], first, line) if off[6] else first
        if last < first:
            raise _at(f"第 {line} 行的结束日期 {last} 早于开始日期 {first}")
        found.days_off.append((first, last, name))
        text = text[off.end() :]
        month = last.month
    for listed in _WORKED.finditer(text):
        for one in _each(listed[1]):
            given = one[2] or (str(month) if month else None)
            day = _day(found, one[1], given, one[3], None, line)
            month = day.month
            found.worked.append(_nearest(day, found))


def _each(text: str) -> Iterator[re.Match[str]]:
    return re.finditer(_DAY, text)


def _nearest(day: date, found: Announcement) -> date:
    """A worked December day of a notice for January lies in the year before."""
    if day.month == 12 and found.days_off and found.days_off[-1][0].month == 1:
        return day.replace(year=day.year - 1) if day.year == found.year else day
    return day


def _day(found: Announcement, year: str | None, month: str | None, day: str, after: date | None, line: int) -> date:
    given = int(year) if year else found.year
    number = int(month) if month else after.month if after is not None else None
    if given is None:
        raise _at(f"第 {line} 行没有年份，请在“年份”一栏填写是哪一年的安排")
    if number is None:
        raise _at(f"第 {line} 行的 {day} 日没有月份")
    try:
        made = date(given, number, int(day))
    except ValueError:
        raise _at(f"第 {line} 行：{given} 年没有 {number} 月 {day} 日") from None
    if made.year <= FIRST_DAY.year or made > LAST_DAY:  # of a January the December before is asked for, too
        raise _at(f"第 {line} 行：{made} 超出日历的范围")
    return made


def _iso(text: str, line: int) -> date:
    try:
        found = date(*map(int, text.split("-")))
    except ValueError:
        raise _at(f"第 {line} 行：{text} 不是日期") from None
    if not FIRST_DAY <= found <= LAST_DAY:
        raise _at(f"第 {line} 行：{text} 超出日历的范围")
    return found


def _at(message: str) -> Invalid:
    return Invalid("放假安排没有读懂", [Finding("/text", message)])
