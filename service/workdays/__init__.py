"""Working days (W6, CLOCK): which days offices work, due dates with their reasons, notices, office hours. Pure."""

from service.workdays.calendar import GUESSED_YEARS, Calendar, DayNote, DueDate
from service.workdays.holiday_notices import (
    FIRST_YEAR,
    CalendarNotices,
    Closure,
    DayOff,
    HolidayNotice,
    load_notices,
    parse_notice_file,
)
from service.workdays.reminders import missing_notice_reminder, next_office_moment

__all__ = [
    "FIRST_YEAR",
    "GUESSED_YEARS",
    "Calendar",
    "CalendarNotices",
    "Closure",
    "DayNote",
    "DayOff",
    "DueDate",
    "HolidayNotice",
    "load_notices",
    "missing_notice_reminder",
    "next_office_moment",
    "parse_notice_file",
]
