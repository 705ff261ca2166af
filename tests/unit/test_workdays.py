"""Due dates, their explanations, and a calendar kept as data."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.clock import SHANGHAI
from service.errors import Invalid
from service.workdays import (
    FIRST_YEAR,
    GUESSED_YEARS,
    Calendar,
    CalendarNotices,
    Closure,
    library,
    missing_notice_reminder,
    next_office_moment,
)

CALENDAR = Calendar.from_config()
LAST_NOTICE = max(CALENDAR.years)
DAYS = st.dates(CALENDAR.first + timedelta(days=400), CALENDAR.last - timedelta(days=400))
COUNTS = st.integers(min_value=1, max_value=100)
unhurried = settings(deadline=None)  # a busy machine is no wrong answer


def day(text: str) -> date:
    return date.fromisoformat(text)


def closed(first: str, last: str | None = None) -> Calendar:
    closure = Closure(day(first), day(last or first), "台风停工", "南防〔2018〕5号")
    return Calendar.from_config(CalendarNotices(closures=(closure,)))


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2018-12-27", "2019-01-08"),
        ("2019-01-24", "2019-02-02"),  # a Saturday that was worked
        ("2019-04-23", "2019-05-05"),  # a Sunday that was worked
        ("2019-09-25", "2019-10-10"),
        ("2025-01-20", "2025-02-05"),
        ("2026-02-10", "2026-02-26"),
        ("2026-09-16", "2026-09-24"),
        ("2026-09-28", "2026-10-13"),
        ("2026-11-20", "2026-12-01"),
        ("2026-10-03", "2026-10-15"),  # received on a day off
    ],
)
def test_seven_working_days_end_on_the_official_date(received: str, due: str) -> None:
    answer = CALENDAR.add(day(received), 7)
    assert answer.due == day(due)
    assert not answer.provisional


def test_a_date_past_the_last_notice_is_provisional_and_says_so() -> None:
    answer = CALENDAR.add(day("2026-12-24"), 7)
    assert answer.due == day("2027-01-05")
    assert answer.provisional
    in_2027 = [note for note in answer.explanation if note.date.year == 2027]
    assert in_2027
    assert all(note.provisional and "暂定：2027年" in note.reason for note in in_2027)
    assert not any(note.provisional for note in answer.explanation if note.date.year == 2026)


def test_counting_back_out_of_an_unknown_year_is_provisional() -> None:
    assert CALENDAR.add(day("2027-01-06"), -3).provisional
    assert not CALENDAR.add(day("2026-12-31"), -3).provisional


def test_a_count_that_starts_in_an_unknown_year_but_relies_on_known_days_only_is_final() -> None:
    assert not CALENDAR.add(day("2027-01-01"), -1).provisional
    assert CALENDAR.add(day("2027-01-04"), 0).provisional


def test_the_explanation_names_holiday_swap_weekend_and_notice() -> None:
    notices = CalendarNotices(library_numbers={2026: "国办发明电〔2025〕7号"})
    answer = Calendar.from_config(notices).add(day("2026-09-28"), 7)
    reasons = {note.date.isoformat(): note.reason for note in answer.explanation}
    assert reasons["2026-09-28"] == "起算日，不计入；周一，工作日"
    assert reasons["2026-09-29"] == "周二，工作日"
    assert reasons["2026-10-01"] == "周四，国庆节放假"
    assert reasons["2026-10-04"] == "周日，周末"
    assert reasons["2026-10-05"] == "周一，国庆节（补假）放假"
    assert reasons["2026-10-07"] == "周三，国庆节调休放假"
    assert reasons["2026-10-10"] == "周六，调休上班（换休 2026-10-07）"
    assert answer.notices == ("国办发明电〔2025〕7号",)
    numbers = {note.date.isoformat(): note.number for note in answer.explanation}
    assert numbers["2026-09-28"] == 0
    assert numbers["2026-10-10"] == 5
    assert numbers["2026-10-11"] is None
    assert numbers["2026-10-13"] == 7


def test_a_swapped_day_is_named_for_every_holiday_around_it() -> None:
    assert CALENDAR.reason(day("2025-10-08")) == "周三，国庆节、中秋节调休放假"


def test_a_local_closure_moves_the_due_date_and_stands_in_the_explanation() -> None:
    typhoon = closed("2018-09-17")
    assert CALENDAR.add(day("2018-09-14"), 1).due == day("2018-09-17")
    answer = typhoon.add(day("2018-09-14"), 1)
    assert answer.due == day("2018-09-18")
    note = next(note for note in answer.explanation if note.date == day("2018-09-17"))
    assert note.reason == "周一，本地停工（台风停工）"
    assert note.notice == "南防〔2018〕5号"
    assert "南防〔2018〕5号" in answer.notices
    assert not note.counted


def test_a_closure_closes_a_worked_weekend_too() -> None:
    assert CALENDAR.is_working_day(day("2026-09-20"))
    assert not closed("2026-09-20").is_working_day(day("2026-09-20"))


def test_zero_days_from_a_working_day_is_that_day() -> None:
    answer = CALENDAR.add(day("2026-09-28"), 0)
    assert answer.due == day("2026-09-28")
    assert [note.reason for note in answer.explanation] == ["起算日，周一，工作日"]


def test_zero_days_from_a_day_off_is_the_next_working_day() -> None:
    assert CALENDAR.add(day("2026-10-03"), 0).due == day("2026-10-08")


def test_counting_back_numbers_the_days_down() -> None:
    answer = CALENDAR.add(day("2026-10-09"), -2)
    assert answer.due == day("2026-09-30")
    assert [note.number for note in answer.explanation if note.counted] == [-1, -2]


@pytest.mark.parametrize("bad", ["2300-01-01", "1999-12-31", "0001-01-01", "9999-12-31"])
def test_a_date_outside_the_calendar_is_refused_with_its_bounds(bad: str) -> None:
    for ask in (CALENDAR.is_working_day, lambda d: CALENDAR.add(d, 7), lambda d: CALENDAR.between(d, CALENDAR.first)):
        with pytest.raises(Invalid, match=r"超出工作日历的范围（2005-01-01 至 \d{4}-12-31）"):
            ask(day(bad))


@pytest.mark.parametrize("n", [10**9, -(10**9)])
def test_a_count_that_leaves_the_calendar_is_refused(n: int) -> None:
    with pytest.raises(Invalid, match="超出工作日历的范围"):
        CALENDAR.add(day("2026-01-05"), n)


def test_a_moment_is_not_a_day() -> None:
    with pytest.raises(TypeError):
        CALENDAR.is_working_day(datetime(2026, 1, 5, tzinfo=UTC))


def test_the_calendar_ends_a_bounded_time_after_the_last_notice() -> None:
    assert CALENDAR.first == date(FIRST_YEAR, 1, 1)
    assert CALENDAR.last == date(LAST_NOTICE + GUESSED_YEARS, 12, 31)
    assert library.last_official_year() == LAST_NOTICE


def test_a_due_date_as_data_is_json() -> None:
    data = CALENDAR.add(day("2026-12-30"), 2).to_data()
    assert json.loads(json.dumps(data)) == data
    assert data["due"] == "2027-01-04"
    assert data["provisional"] is True


def test_a_kept_calendar_answers_alike_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    original = closed("2018-09-17")
    kept = json.dumps(original.to_data(), ensure_ascii=False)
    expected, digest = original.add(day("2018-09-12"), 7), original.digest

    def gone(*_: object) -> None:
        raise AssertionError("the library was asked")

    for name in ("year", "official_years", "last_official_year", "statutory_days"):
        monkeypatch.setattr(library, name, gone)
    again = Calendar.from_data(json.loads(kept))
    assert again.add(day("2018-09-12"), 7) == expected
    assert again.digest == digest
    assert json.dumps(again.to_data(), ensure_ascii=False) == kept


def test_the_digest_tells_calendars_apart_and_nothing_else() -> None:
    assert Calendar.from_config().digest == CALENDAR.digest
    assert closed("2018-09-17").digest != CALENDAR.digest
    assert len(CALENDAR.digest) == 64


@pytest.mark.parametrize(
    "change",
    [{"format": 99}, {"first": "soon"}, {"years": []}, {"years": {"x": ""}}, {"worked": {"2026-01-04": "?"}}],
)
def test_damaged_calendar_data_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="无法识别"):
        Calendar.from_data({**CALENDAR.to_data(), **change})


@unhurried
@given(DAYS, COUNTS, st.booleans())
def test_adding_counts_exactly_the_working_days_on_the_way(start: date, n: int, back: bool) -> None:
    answer = CALENDAR.add(start, -n if back else n)
    step = -1 if back else 1
    assert CALENDAR.is_working_day(answer.due)
    assert [note.date for note in answer.explanation] == [
        start + timedelta(days=step * i) for i in range(len(answer.explanation))
    ]
    assert answer.explanation[-1].date == answer.due
    assert not answer.explanation[0].counted
    for note in answer.explanation[1:]:
        assert note.counted == CALENDAR.is_working_day(note.date) == (note.number is not None)
    assert [note.number for note in answer.explanation if note.counted] == [step * i for i in range(1, n + 1)]


@unhurried
@given(DAYS, COUNTS, COUNTS)
def test_adding_twice_is_adding_the_sum(start: date, a: int, b: int) -> None:
    assert CALENDAR.add(CALENDAR.add(start, a).due, b).due == CALENDAR.add(start, a + b).due


@unhurried
@given(DAYS, COUNTS)
def test_between_undoes_adding(start: date, n: int) -> None:
    due = CALENDAR.add(start, n).due
    assert CALENDAR.between(start, due) == n
    assert CALENDAR.between(due, start) == -n
    assert CALENDAR.add(due, -n).due <= start or not CALENDAR.is_working_day(start)


@unhurried
@given(DAYS, DAYS, DAYS)
def test_between_adds_up_along_the_way(a: date, b: date, c: date) -> None:
    assert CALENDAR.between(a, b) + CALENDAR.between(b, c) == CALENDAR.between(a, c)


@unhurried
@given(DAYS, DAYS)
def test_between_counts_the_days_one_by_one(a: date, b: date) -> None:
    a, b = min(a, b), min(max(a, b), min(a, b) + timedelta(days=400))
    count = sum(CALENDAR.is_working_day(a + timedelta(days=i)) for i in range(1, (b - a).days + 1))
    assert CALENDAR.between(a, b) == count


@settings(max_examples=20, deadline=None)
@given(st.dates(date(2018, 1, 1), date(2026, 12, 1)), st.integers(0, 3), DAYS, COUNTS)
def test_a_closure_never_makes_a_due_date_earlier(first: date, length: int, start: date, n: int) -> None:
    shut = Calendar.from_config(CalendarNotices(closures=(Closure(first, first + timedelta(days=length), "台风"),)))
    assert shut.add(start, n).due >= CALENDAR.add(start, n).due
    assert Calendar.from_data(json.loads(json.dumps(shut.to_data()))) == shut


def test_lateness_over_a_weekend_is_no_working_day() -> None:
    friday, saturday, monday = day("2026-11-20"), day("2026-11-21"), day("2026-11-23")
    assert CALENDAR.between(friday, saturday) == 0
    assert CALENDAR.between(friday, monday) == 1
    assert CALENDAR.between(monday, friday) == -1


@pytest.mark.parametrize(
    ("today", "years"),
    [("2026-10-31", None), ("2026-11-01", "2027年"), ("2027-01-04", "2027年"), ("2027-11-01", "2027年、2028年")],
)
def test_administrators_are_asked_for_the_next_notice_from_november_on(today: str, years: str | None) -> None:
    reminder = missing_notice_reminder(CALENDAR, day(today))
    assert reminder is None if years is None else reminder is not None and reminder.startswith(f"{years}的放假安排")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-09-28T00:00", "2026-09-28T09:00"),
        ("2026-09-28T09:00", "2026-09-28T09:00"),
        ("2026-09-28T17:29", "2026-09-28T17:29"),
        ("2026-09-28T17:30", "2026-09-29T09:00"),
        ("2026-09-30T18:00", "2026-10-08T09:00"),  # over National Day
        ("2026-10-10T08:00", "2026-10-10T09:00"),  # a worked Saturday
        ("2026-10-11T12:00", "2026-10-12T09:00"),
    ],
)
def test_reminders_wait_for_office_hours(moment: str, expected: str) -> None:
    asked = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI).astimezone(UTC)
    told = next_office_moment(CALENDAR, asked, time(9), time(17, 30))
    assert told == datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)
