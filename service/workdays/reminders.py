"""When people are reminded: in office hours of working days, and of a missing notice."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from service.clock import SHANGHAI, local
from service.workdays.calendar import Calendar

_NOTICE_EXPECTED_FROM_MONTH = 11


def missing_notice_reminder(calendar: Calendar, today: date) -> str | None:
    """The reminder to administrators if a notice is missing, else None.

    Next year's notice is asked for from 1 November on; this year's at any time.
    """
    missing = [] if today.year in calendar.years else [today.year]
    if today.month >= _NOTICE_EXPECTED_FROM_MONTH and today.year + 1 not in calendar.years:
        missing.append(today.year + 1)
    if not missing:
        return None
    years = "、".join(f"{year}年" for year in missing)
    return (
        f"{years}的放假安排通知尚未录入，涉及的办理期限均为暂定。"
        "请在国务院办公厅发布通知后，在“工作日历”页录入，或用 liaison calendar load 载入放假安排文件。"
    )


def next_office_moment(calendar: Calendar, moment: datetime, opens: time, closes: time) -> datetime:
    """The first moment from ``moment`` (aware) on that lies in office hours of a working day, Asia/Shanghai.

    Office hours run from ``opens`` to just before ``closes``. Reminders wait for it, so none comes at midnight or on
    a holiday. Raises ``Invalid`` where the calendar ends.
    """
    here = local(moment)
    if calendar.is_working_day(here.date()):
        if here.time() < opens:
            return datetime.combine(here.date(), opens, SHANGHAI)
        if here.time() < closes:
            return here
    following = calendar.add(here.date() + timedelta(days=1), 0).due
    return datetime.combine(following, opens, SHANGHAI)
