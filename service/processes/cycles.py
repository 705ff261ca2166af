"""Repeating intervals (ISO 8601, ``R/2026-01-01T09:00:00+08:00/P6M``) by the calendar: a month stays a month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta

from service import clock

CYCLE = re.compile(r"R(?P<times>\d*)/(?P<first>[^/]+)/(?P<length>P[^/]+)")
LENGTH = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?"
)


@dataclass(frozen=True, slots=True)
class Cycle:
    """``first`` (aware, Asia/Shanghai), then every ``length``; ``times`` in all, without end where it is None."""

    first: datetime
    length: relativedelta
    times: int | None = None

    @classmethod
    def parse(cls, text: str) -> Cycle:
        """Reads an interval as drawn. Raises ValueError, in Chinese, saying what is wrong."""
        parts = CYCLE.fullmatch(text.strip())
        if parts is None:
            raise ValueError("应为 ISO 8601 重复间隔，例如 R/2027-01-01T09:00:00+08:00/P6M")
        try:
            first = datetime.fromisoformat(parts["first"])
        except ValueError:
            raise ValueError("的起点不是日期或时间，例如 2027-01-01T09:00:00+08:00") from None
        found = LENGTH.fullmatch(parts["length"])
        if found is None:
            raise ValueError("的间隔不是 ISO 8601 时长，例如 P6M")
        named = {unit: int(n) for unit, n in found.groupdict().items() if n is not None}
        if not any(named.get(unit) for unit in ("years", "months", "weeks", "days")):
            raise ValueError("的间隔短于一天")
        begin = first.replace(tzinfo=clock.SHANGHAI) if first.tzinfo is None else clock.local(first)
        return cls(begin, relativedelta(**named), int(parts["times"]) if parts["times"] else None)

    def moment(self, n: int) -> datetime | None:
        """The ``n``-th occurrence (from 0), aware UTC; None after the last one.

        Counted from the first, so that the 31st comes back after a shorter month.
        """
        if self.times is not None and n >= self.times:
            return None
        try:
            moment: datetime = self.first + self.length * n
        except (OverflowError, ValueError):
            return None
        return moment.astimezone(UTC)

    def after(self, moment: datetime) -> int:
        """The number of the first occurrence that is later than ``moment`` (aware)."""
        ahead = 1
        while (there := self.moment(ahead)) is not None and there <= moment:
            ahead *= 2
        low, high = 0, ahead
        while low < high:
            middle = (low + high) // 2
            there = self.moment(middle)
            low, high = (low, middle) if there is None or there > moment else (middle + 1, high)
        return low
