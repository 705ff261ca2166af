"""Two independent calendars, day by day."""

from datetime import date, timedelta

import chinese_calendar

from service.workdays import Calendar

KNOWN_DISAGREEMENTS = {
    # 2005-12-31, a Saturday, was worked for 2006-01-03: the notice for 2006 says so, chinese_calendar does not.
    date(2005, 12, 31): True,
}


def test_every_day_from_2005_to_2026_agrees_with_an_independent_calendar() -> None:
    calendar = Calendar.from_config()
    first, last = date(2005, 1, 1), date(2026, 12, 31)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    disagreements = {
        day: calendar.is_working_day(day)
        for day in days
        if calendar.is_working_day(day) != chinese_calendar.is_workday(day)
    }
    assert disagreements == KNOWN_DISAGREEMENTS
