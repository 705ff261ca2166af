"""How names are spelled and searched, and what people may type."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth.rules import normal_name
from service.errors import Invalid
from service.fields import NAME_LENGTH, Checks
from service.spelling import PERSON_READINGS, folded, plain, search_key, spell, terms, tidy, written_ways
from service.spelling.characters import CONTROLS, is_noncharacter, unusable
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


@pytest.mark.parametrize("name", ["", "   ", "张\x00三", "张\n三", "张\ufffe三", "张😀", "张" * 41, None, 7])
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


RARE = {
    "extension B": "\U00020bb7",
    "extension G": "\U00030edd",
    "extension H": "\U000313c4",
    "extension I": "\U0002ebf3",
    "private use": "\ue863",
}


@pytest.mark.parametrize("character", RARE.values(), ids=RARE)
def test_a_rare_character_of_a_name_is_kept_and_searched(character):
    checks = Checks()
    assert checks.name("/name", "姓名", f"试{character}") == f"试{character}"
    assert checks.findings == []
    assert plain(f"试{character}") == f"试{character}"
    assert terms(f"{character} 试{character}") == [character, f"试{character}"]
    assert character in search_key(spell(f"试{character}").keys)
    assert character not in search_key(spell("试验").keys)


def test_radicals_of_a_pdf_file_become_their_characters():
    checks = Checks()
    kangxi = "".join(map(chr, range(0x2F00, 0x2FD6)))
    assert not any(0x2E80 <= ord(character) <= 0x2FDF for character in tidy(kangxi + "⻢⻓⻳"))
    assert checks.name("/name", "姓名", "⻢⽂⽆") == "马文无"
    assert checks.text("/post", "职务", "⻓江学者") == "长江学者"
    assert checks.text("/post", "职务", "⽤⼾⻘年") == "用户青年"
    assert checks.passage("/summary", "摘要", "⼀\r\n⼆") == "一\n二"
    assert checks.findings == []
    assert plain("⻢⽂") == plain("马文")


def test_what_nobody_sees_is_taken_out_and_what_harms_is_named_with_its_place():
    checks = Checks()
    assert checks.name("/name", "姓名", "\ufeff张\u200b三\u202e四\u200d\u3000") == "张三四"
    assert checks.phone("/phone", "电话", "\u202d13800138000\u202c") == "13800138000"
    assert checks.findings == []
    checks.name("/name", "姓名", "欧阳\x07修")
    checks.text("/post", "职务", "\x1b主任")
    checks.name("/other", "别名", "张😀")
    told = {finding.path: finding.message for finding in checks.findings}
    assert "“欧阳”之后（第 3 个字）" in told["/name"]
    assert "U+0007" in told["/name"]
    assert "开头（第 1 个字）" in told["/post"]
    assert "第 2 个字“😀”" in told["/other"]


def test_full_width_signs_are_half_width_in_numbers_codes_and_addresses():
    checks = Checks()
    assert checks.phone("/phone", "电话", "＋８６－１３８　００１３ ８０００") == "+86-138 0013 8000"
    assert checks.phone("/phone", "电话", "0757—86300000") == "0757-86300000"
    assert checks.email("/email", "邮箱", "ａ＠ｂ．ｃｎ") == "a@b.cn"
    assert checks.code("/code", "代码", "ｓｃｉ＿１") == "sci_1"
    assert checks.text("/post", "职务", "ＣＥＯ（兼）") == "ＣＥＯ（兼）", "in a text they are style"
    assert checks.findings == []
    assert normal_name(" Ｏｆｆｉｃｅ　") == "office"


@pytest.mark.parametrize(
    ("traditional", "simple"), [("陳曾賢", "陈曾贤"), ("單解覃", "单解覃"), ("鍾麗華", "钟丽华"), ("區樂", "区乐")]
)
def test_traditional_and_simplified_signs_are_searched_alike(traditional, simple):
    assert plain(traditional) == plain(simple)
    assert terms(simple)[0] in search_key(spell(traditional).keys)
    assert terms(traditional)[0] in search_key(spell(simple).keys)
    assert traditional in written_ways(simple)
    assert simple in written_ways(traditional)


# Of characters that the 1955 table called variants and the 2013 table holds again, and of others that stand in names.
VARIANTS = [
    "喆哲嚞",
    "峯峰",
    "昇升陞",
    "堃坤",
    "淼渺",
    "犇奔",
    "甦苏蘇",
    "邨村",
    "迺乃",
    "頫俯",
    "祕秘",
    "甯宁寧",
    "脩修",
    "钜巨鉅",
    "菸烟",
    "薰熏",
    "珮佩",
    "龢和",
    "勣绩績",
    "頴颖穎",
    "晧皜皓",
    "煇辉輝",
    "谿溪",
    "玨珏",
    "瑠琉",
    "閆阎",
    "鍾锺钟",
    "耑专",
    "飏扬",
    "訢欣",
    "琁璇",
    "叡睿",
    "濬浚",
    "祐佑",
    "澂澄",
    "皙晰",
    "仝同",
    "秊年",
    "旾春",
    "麐麟",
    "崐昆",
    "勲勋",
    "煕熙",
    "凃涂",
    "贠员",
]


@pytest.mark.parametrize("group", VARIANTS)
def test_variants_of_a_sign_are_searched_alike(group):
    one, *others = group
    for other in others:
        assert plain(f"王{one}") == plain(f"王{other}")
        assert terms(f"王{one}")[0] in search_key(spell(f"王{other}").keys)
        assert terms(f"王{other}")[0] in search_key(spell(f"王{one}").keys)
        assert {f"王{one}", f"王{other}"} <= {*written_ways(f"王{one}"), *written_ways(f"王{other}")}
    assert tidy(group) == group, "what is kept stays as it was typed"


def test_a_search_of_running_text_tries_variants_and_never_too_many_ways():
    assert {"王喆", "王哲", "王嚞"} <= set(written_ways("王喆")) & set(written_ways("王哲"))
    assert len(written_ways("喆峯昇堃犇" * 8)) == 16


@pytest.mark.parametrize("pair", ["芸艺", "沈沉", "煊暄", "晔烨", "畅昶", "惠慧", "邱丘", "浩皓", "后候"])
def test_signs_that_only_sound_or_look_alike_stay_apart(pair):
    assert plain(pair[0]) != plain(pair[1])


@given(st.text(max_size=20))
def test_what_is_folded_once_is_folded(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=30))
def test_folding_a_key_again_changes_nothing(text):
    assert plain(plain(text)) == plain(text)
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("贠某", ["yunmou"]),
        ("薄某", ["bomou", "baomou"]),
        ("牟某", ["mumou", "moumou"]),
        ("卜某", ["bumou"]),
        ("阚某", ["kanmou"]),
        ("區某", ["oumou", "qumou"]),
        ("單某", ["shanmou", "danmou"]),
        ("樂某", ["yuemou", "lemou"]),
        ("解某", ["xiemou", "jiemou"]),
        ("覃某", ["qinmou", "tanmou"]),
        ("仇某", ["qiumou", "choumou"]),
        ("查某", ["zhamou", "chamou"]),
        ("乐正某", ["yuezhengmou", "lezhengmou"]),
        ("单于某", ["chanyumou", "shanyumou"]),
        ("尉遲某", ["yuchimou", "weichimou"]),
    ],
)
def test_a_surname_is_read_as_a_surname_and_found_by_every_reading(name, readings):
    spelling = spell(name)
    assert spelling.pinyin == readings[0]
    assert set(readings) <= set(spelling.sounds)


def test_a_line_ends_with_one_sign():
    assert tidy("a\r\nb\rc\n") == "a\nb\nc\n"
    assert tidy("甲\r\n\r\n乙") == "甲\n\n乙"


def test_no_character_that_cannot_be_used_is_overlooked() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    known = [one for one in every if unicodedata.category(one) in CONTROLS or is_noncharacter(one)]
    assert [one for one in every if unusable(one)] == known
    assert len(known) == 65 + 2048 + 66
