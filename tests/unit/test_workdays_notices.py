"""Notices that an office writes by hand, and what is said about mistakes in them."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Finding, Invalid
from service.workdays import (
    Calendar,
    CalendarNotices,
    library,
    load_notices,
    missing_notice_reminder,
    parse_notice_file,
)
from tests.factories.holiday_notices import NOTICE_2027

CONFIG = Path(__file__).parents[2] / "config"


def calendar(text: str = NOTICE_2027) -> Calendar:
    return Calendar.from_config(parse_notice_file(text.encode()))


def refused(text: str, read: Callable[[str], object] = calendar) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(text)
    assert caught.value.findings
    return [(finding.path, finding.message) for finding in caught.value.findings]


def test_a_notice_ends_the_provisional_time_of_its_year() -> None:
    before, after = Calendar.from_config(), calendar()
    start = date(2026, 12, 24)
    assert before.add(start, 7).provisional
    answer = after.add(start, 7)
    assert not answer.provisional
    assert answer.due == date(2027, 1, 5)
    assert answer.notices == ("国办发明电〔2026〕99号",)
    assert not after.is_provisional(date(2027, 12, 31))
    assert after.is_provisional(date(2028, 1, 1))
    assert before.digest != after.digest


def test_a_notice_replaces_what_was_guessed_for_its_year() -> None:
    guessed, told = Calendar.from_config(), calendar()
    assert guessed.is_working_day(date(2027, 2, 11))
    assert not told.is_working_day(date(2027, 2, 11))
    assert told.is_working_day(date(2027, 1, 30))
    assert told.reason(date(2027, 1, 30)) == "周六，调休上班"
    assert told.reason(date(2027, 2, 11)) == "周四，春节放假"


def test_a_loaded_notice_quiets_the_reminder() -> None:
    assert missing_notice_reminder(Calendar.from_config(), date(2026, 12, 1)) is not None
    assert missing_notice_reminder(calendar(), date(2026, 12, 1)) is None


def test_a_notice_may_reach_into_the_december_before() -> None:
    text = NOTICE_2027.replace("worked_weekends = [", "worked_weekends = [2026-12-27, ")
    assert calendar(text).is_working_day(date(2026, 12, 27))
    assert "只能是 2027 年或 2026 年 12 月" in refused(text.replace("2026-12-27", "2026-11-29"))[0][1]


def test_a_notice_that_amends_changes_only_the_days_it_names() -> None:
    amending = """
[[notices]]
year = 2026
number = "国办发明电〔2026〕1号"
amends = "国办发明电〔2025〕7号"
days_off = [{ from = 2026-02-24, to = 2026-02-25, name = "春节延长假期" }]
worked_weekends = [2026-02-22]
"""
    plain, amended = Calendar.from_config(), calendar(amending)
    changed = [day for day in library.year(2026).days_off if plain.is_working_day(day) != amended.is_working_day(day)]
    assert changed == []
    assert plain.is_working_day(date(2026, 2, 24))
    assert not amended.is_working_day(date(2026, 2, 24))
    assert amended.is_working_day(date(2026, 2, 22))
    assert "国办发明电〔2026〕1号" in amended.add(date(2026, 2, 23), 1).notices


def test_an_amending_notice_may_undo_a_day_of_the_amended_one() -> None:
    amending = """
[[notices]]
year = 2027
number = "国办发明电〔2027〕1号"
amends = "国办发明电〔2026〕99号"
days_off = [{ from = 2027-02-13, name = "春节延长假期" }]
"""
    assert calendar().is_working_day(date(2027, 2, 13))
    assert not calendar(NOTICE_2027 + amending).is_working_day(date(2027, 2, 13))
    assert refused(amending) == [
        (
            "calendar.toml notices[0].amends",
            "2027 年的放假安排尚未录入，没有可变更的通知“国办发明电〔2026〕99号”",
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("from = 2027-06-09,", "from = 2027-05-05,", "notices[0].days_off[4]", "2027-05-05 与 notices[0].days_off[3]"),
        ("[2027-01-30,", "[2027-02-13,", "notices[0].worked_weekends[1]", "2027-02-13 与 notices[0].worked_week"),
        ("[2027-01-30,", "[2027-02-06,", "notices[0].worked_weekends[0]", "2027-02-06 与 notices[0].days_off[1] 重复"),
        ("[2027-01-30,", "[2027-02-01,", "notices[0].worked_weekends[0]", "2027-02-01 是周一，不是周末"),
        ("[2027-01-30,", '["一月三十日",', "notices[0].worked_weekends[0]", "不是日期"),
        ("year = 2027", "year = 2300", "notices[0].year", "应在 2005 到 2100 之间"),
        ("year = 2027", 'year = "2027"', "notices[0].year", "整数，不加引号"),
        ("year = 2027", "year = true", "notices[0].year", "整数"),
        ("year = 2027\n", "", "notices[0].year", "缺少此项"),
        ('number = "国办发明电〔2026〕99号"', 'number = " "', "notices[0].number", "不能为空"),
        ("worked_weekends", "worked_weekend", "notices[0].worked_weekend", "是否想写 worked_weekends"),
        ("[[notices]]", "[[notice]]", "notice", "是否想写 notices"),
        ("to = 2027-10-07", "to = 2027-09-07", "notices[0].days_off[6].to", "早于开始日期"),
        ("to = 2027-10-07", "to = 2028-10-07", "notices[0].days_off[6].to", "超过 31 天"),
        ("from = 2027-06-09", "from = 2027-06-09T10:00:00", "notices[0].days_off[4].from", "不是日期"),
        (', name = "端午节"', "", "notices[0].days_off[4].name", "缺少此项"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(old: str, new: str, place: str, message: str) -> None:
    assert old in NOTICE_2027
    findings = refused(NOTICE_2027.replace(old, new))
    assert any(path == place and message in text for path, text in findings), findings


@pytest.mark.parametrize("holiday", ["元旦", "春节", "劳动节", "国庆节"])
def test_a_whole_years_notice_without_a_statutory_holiday_is_refused(holiday: str) -> None:
    text = "\n".join(line for line in NOTICE_2027.splitlines() if holiday not in line)
    findings = refused(text)
    assert all(path == "calendar.toml notices[0].days_off" and "法定节假日" in message for path, message in findings)
    assert any(holiday in message for _, message in findings)


def test_a_notice_that_skips_a_year_is_refused() -> None:
    text = """
[[notices]]
year = 2029
number = "x"
days_off = [{ from = 2029-01-01, name = "元旦" }]
"""
    assert ("calendar.toml notices[0].year", "缺少 2028 年的通知，请先录入，或检查年份 2029 是否写错") in refused(text)


def test_two_notices_for_one_year_are_refused() -> None:
    findings = refused(NOTICE_2027 + NOTICE_2027)
    assert findings[0][0] == "notices[1].year"
    assert "已在 notices[0]" in findings[0][1]


def test_closures_that_overlap_are_refused() -> None:
    text = """
closures = [
  { from = 2026-08-20, to = 2026-08-21, reason = "台风停工" },
  { from = 2026-08-21, reason = "暴雨停工" },
]
"""
    assert refused(text) == [("closures[1]", "2026-08-21 与 closures[0] 重复，同一天只能写一次")]


def test_a_closure_on_a_day_off_of_the_same_file_is_refused() -> None:
    text = NOTICE_2027 + '[[closures]]\nfrom = 2027-10-07\nreason = "台风停工"\n'
    assert refused(text)[0][0] == "closures[0]"


def test_a_number_for_a_year_that_is_not_in_the_library_is_refused() -> None:
    assert refused('[library_numbers]\n2027 = "x"\n')[0][0] == "library_numbers.2027"
    assert refused('[library_numbers]\nnext = "x"\n')[0][0] == "library_numbers.next"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe[", "UTF-8"),
        (b"[[notices", "TOML"),
        (b"a = " + b"[" * 5000, "TOML"),
        (b"#" * 1_000_001, "超过上限"),
        (b"notices = 3", "应为列表"),
        (b"notices = [3]", "应为一张表"),
        (b"[[notices]]\nyear = 2027\nnumber = 'x'", "没有写放假日期"),
        ("emoji = '😀'".encode(), "没有这个设置项"),
    ],
)
def test_a_file_that_is_no_notice_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        parse_notice_file(content)


def test_an_empty_file_adds_nothing() -> None:
    assert parse_notice_file(b"") == CalendarNotices()


def test_loading_the_same_notice_twice_changes_nothing() -> None:
    once = parse_notice_file(NOTICE_2027.encode(), "a.toml")
    assert once.merged(parse_notice_file(NOTICE_2027.encode(), "b.toml")) == once


def test_merging_files_that_disagree_names_both_places() -> None:
    other = NOTICE_2027.replace("99号", "98号")
    findings = refused(
        other,
        lambda text: parse_notice_file(NOTICE_2027.encode(), "a.toml").merged(
            parse_notice_file(text.encode(), "b.toml")
        ),
    )
    assert findings[0][0] == "b.toml notices[0].year"
    assert "a.toml notices[0]" in findings[0][1]


def test_notices_survive_as_data() -> None:
    text = (
        NOTICE_2027
        + '[[closures]]\nfrom = 2027-08-20\nreason = "台风停工"\nnumber = "x"\n[library_numbers]\n2026 = "y"\n'
    )
    notices = parse_notice_file(text.encode())
    again = CalendarNotices.from_data(json.loads(json.dumps(notices.to_data())))
    assert again == notices
    assert Calendar.from_config(again).digest == Calendar.from_config(notices).digest


def test_the_order_of_notices_does_not_matter() -> None:
    closures = ['[[closures]]\nfrom = 2026-08-20\nreason = "a"\n', '[[closures]]\nfrom = 2026-08-21\nreason = "b"\n']
    assert calendar("".join(closures)).digest == calendar("".join(reversed(closures))).digest


def test_the_shipped_calendar_file_is_right_and_numbers_recent_years() -> None:
    shipped = Calendar.from_config(load_notices(CONFIG))
    assert shipped.years[2026] == "国办发明电〔2025〕7号"
    assert shipped.add(date(2018, 12, 27), 7).notices == ("国办发明电〔2017〕12号", "国办发明电〔2018〕15号")


def test_a_missing_calendar_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"calendar\.toml.*文件不存在"):
        load_notices(tmp_path)


def findings_of(read: Callable[[], object]) -> tuple[Finding, ...] | None:
    """The findings, None for none; any other error fails the test."""
    try:
        read()
    except Invalid as error:
        return error.findings
    return None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert findings_of(lambda: parse_notice_file(content)) != ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["notices", "closures", "library_numbers", "year", "number", "days_off", "from", "to", "2026", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["notices", "closures", "library_numbers", "x"]), JSON, max_size=3))
def test_any_structure_is_read_or_refused(data: dict[str, object]) -> None:
    assert findings_of(lambda: Calendar.from_config(CalendarNotices.from_data(data))) != ()
