"""How names are spelled and searched, and what people may type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Invalid
from service.people.checks import NAME_LENGTH, Checks
from service.people.rules import PERSON_READINGS, plain, search_key, spell, terms
from service.talents.rules import likeness


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("陈志明", "chenzhiming", "czm"),
        ("单晓红", "shanxiaohong", "sxh"),
        ("曾庆", "zengqing", "zq"),
        ("区健", "oujian", "oj"),
        ("欧阳修远", "ouyangxiuyuan", "oyxy"),
        ("尉迟敏", "yuchimin", "ycm"),
        ("阿迪力·买买提", "adilimaimaiti", "adlmmt"),
        ("Li Wei", "liwei", "liwei"),
    ],
)
def test_a_persons_name_is_spelled_with_its_surname_read_as_a_surname(name, pinyin, initials):
    spelling = spell(name)
    assert (spelling.pinyin, spelling.initials) == (pinyin, initials)


def test_a_units_name_is_no_surname():
    assert spell("区卫生健康局", of_person=False).initials == "qwsjkj"


@pytest.mark.parametrize("tried", ["曾", "zeng", "ceng", "zq", "cq"])
def test_every_reading_of_a_surname_can_be_searched(tried):
    assert plain(tried) in search_key(spell("曾庆").keys)


@pytest.mark.parametrize("tried", ["lvfang", "lufang", "lf"])
def test_the_two_dots_of_lv_need_not_be_typed(tried):
    assert tried in search_key(spell("吕芳").keys)


def test_a_search_is_cut_into_comparable_words():
    assert terms(" Ｚhang  san' %_ 张三\x00 ") == ["zhang", "san", "张三"]


def test_no_match_spans_two_names():
    assert "ab" not in search_key("a", "b")


@given(st.text(max_size=NAME_LENGTH))
def test_any_text_can_be_spelled_and_searched(text):
    spelling = spell(text)
    assert len(spelling.pinyin) <= 600
    assert len(spelling.initials) <= 100
    assert all(term in search_key(text.split()) for term in terms(text) if len(text) <= 60)


@given(st.text(max_size=60))
def test_a_checked_name_is_one_readable_line_or_refused(text):
    checks = Checks()
    name = checks.name("/name", "姓名", text)
    if not checks.findings:
        assert name == name.strip() != ""
        assert len(name) <= NAME_LENGTH
        assert name.isprintable() or "\u3000" in name or "\xa0" in name or not name.isascii()
        assert "\x00" not in name


@pytest.mark.parametrize("name", ["", "   ", "张\x00三", "张\n三", "张\u202e三", "张😀", "张" * 41, None, 7])
def test_bad_names_are_refused_at_their_field(name):
    checks = Checks()
    checks.name("/name", "姓名", name)
    with pytest.raises(Invalid) as refused:
        checks.done()
    assert [finding.path for finding in refused.value.findings] == ["/name"]


def test_a_post_may_hold_a_picture_but_no_control_character():
    checks = Checks()
    assert checks.text("/post", "职务", "主任👩‍🔬") == "主任👩‍🔬"
    assert checks.findings == []
    checks.text("/post", "职务", "主\x07任")
    assert len(checks.findings) == 1


def test_every_mistake_is_told_at_once():
    checks = Checks()
    checks.name("/name", "姓名", "")
    checks.phone("/phone", "联系电话", "打给我")
    checks.period(date(2300, 1, 1), date(2026, 1, 1))
    with pytest.raises(Invalid) as refused:
        checks.done()
    assert [f.path for f in refused.value.findings] == ["/name", "/phone", "/starts_on", "/ends_on"]
    assert "姓名不能为空" in refused.value.message


@pytest.mark.parametrize("phone", ["138 0000 0000", "+86-757-8630000", "0757-86300000"])
def test_usual_telephone_numbers_pass(phone):
    checks = Checks()
    assert checks.phone("/phone", "联系电话", phone) == phone
    assert checks.findings == []


@pytest.mark.parametrize("tried", ["guzhangfeng", "guchangfeng", "gzf", "gcf"])
def test_every_reading_of_a_given_name_can_be_searched(tried):
    assert tried in search_key(spell("顾长风").keys)


def test_a_unit_is_found_by_an_unusual_reading_however_long_its_name_is():
    assert "qcskjyxgs" in search_key(spell("佛山市南海区长盛科技有限公司", of_person=False).keys)


def test_a_name_of_many_ways_keeps_no_more_keys_than_a_search_can_bear():
    assert len(spell("重" * NAME_LENGTH).sounds) <= PERSON_READINGS
    assert len(spell("重" * 100, of_person=False, readings=1).sounds) == 1


def test_names_of_one_sound_are_alike_whichever_reading_meets():
    @dataclass
    class File:
        name: str = "顾长风"
        employer: str = "南海研究院"
        id_tail: str | None = None

    assert likeness(File(), name="顾常风", employer="南海研究院", id_tail=None) == (1, "姓名读音相同、工作单位相同")
    assert likeness(File(), name="顾昌峰", employer="别的研究院", id_tail=None) is None
    assert likeness(File(), name="顾国风", employer="南海研究院", id_tail=None) is None
