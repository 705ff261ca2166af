"""Roles, towns, categories, units, and the wording of notices."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from service.config import load_notifications, load_organization
from service.config.notifications import KINDS, PLACEHOLDERS, Wording, get_wording
from service.errors import Invalid, NotFound
from service.rights import OWN_ROLES

CONFIG = Path(__file__).parents[2] / "config"

SMALL = """
[[roles]]
id = "liaison"
name = "联络员"
scope = "origin"

[[towns]]
code = "dali"
name = "大沥镇"

[[categories]]
code = "other"
name = "其他"

[[kinds]]
code = "town"
name = "镇（街道）"

[[units]]
code = "dali"
name = "大沥镇人民政府"
kind = "town"
town = "dali"
"""


def refused(tmp_path: Path, text: str, name: str = "organization.toml") -> dict[str, str]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        (load_organization if name == "organization.toml" else load_notifications)(tmp_path)
    return {finding.path: finding.message for finding in caught.value.findings}


def test_the_shipped_organization_has_the_lanes_and_the_demonstrated_units() -> None:
    organization = load_organization(CONFIG)
    assert organization.get_role("responsible_unit").data_name == "unit"
    assert organization.get_role("liaison").data_name is None
    assert {"liaison", "talent_office", "leader", "employer", "auditor", "owner", "admin"} <= set(organization.roles)
    assert {"hrss", "edu", "housing", "health", "guicheng"} <= set(organization.units)
    assert list(organization.towns) == ["guicheng", "jiujiang", "xiqiao", "danzao", "shishan", "dali", "lishui"]
    assert list(organization.categories)[-1] == "other"
    assert all(organization.units[code].town == code for code in organization.towns)


def test_what_is_not_there_is_not_found() -> None:
    organization = load_organization(CONFIG)
    with pytest.raises(NotFound, match="没有单位"):
        organization.get_unit("nobody")
    with pytest.raises(NotFound, match="没有角色"):
        organization.get_role("king")


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ('scope = "origin"', 'scope = "everything"', "roles[0].scope", "data:数据名"),
        ('scope = "origin"', 'scope = "data:"', "roles[0].scope", "data:数据名"),
        ('id = "liaison"', 'id = "联络员"', "roles[0].id", "小写字母"),
        ('name = "联络员"\n', "", "roles[0].name", "缺少此项"),
        ('kind = "town"', 'kind = "village"', "units[0].kind", "应为：town"),
        ('\ntown = "dali"', '\ntown = "paris"', "units[0].town", "应为：dali"),
        ('\ntown = "dali"', '\nis_member_unit = "是"', "units[0].is_member_unit", "true"),
        ('\ntown = "dali"', '\ntwon = "dali"', "units[0].twon", "是否想写 town"),
        ("[[kinds]]", "[[kind]]", "kind", "是否想写 kinds"),
        ("[[towns]]", "[towns]", "towns", "应为列表"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(tmp_path: Path, old: str, new: str, path: str, message: str) -> None:
    assert old in SMALL
    assert message in refused(tmp_path, SMALL.replace(old, new))[path]


def test_a_code_used_twice_is_named(tmp_path: Path) -> None:
    again = SMALL[SMALL.index("[[units]]") :]
    assert "重复" in refused(tmp_path, SMALL + again)["units[1].code"]


def test_the_shipped_wording_covers_every_kind_and_reads_well() -> None:
    wordings = load_notifications(CONFIG)
    assert set(wordings) == {*KINDS, "meeting", "decision"}  # what the shipped diagrams send beside the product's own
    values = dict.fromkeys(PLACEHOLDERS, "甲")
    for kind in KINDS:
        subject, text = get_wording(wordings, kind).render(values)
        assert subject
        assert "{" not in subject + text
    assert wordings["urge"].receipt
    assert not wordings["task"].receipt
    with pytest.raises(NotFound):
        get_wording(wordings, "greeting")


def test_what_a_notice_does_not_know_is_left_open() -> None:
    subject, text = load_notifications(CONFIG)["urge"].render({"title": "子女入学", "number": None, "more": 1})
    assert subject == "催办：子女入学"
    assert text.startswith("“子女入学”，请尽快")


@pytest.mark.parametrize(
    ("kind", "values", "reads"),
    [
        ("reminder", {"title": "", "text": "本年访谈尚不足。"}, ("工作提醒", "本年访谈尚不足。")),
        ("task", {"title": "名单报备", "task": "确定名单", "deadline": "今天到期"},
         ("新待办：确定名单（名单报备）", "“名单报备”已到“确定名单”，请办理，今天到期。")),
        ("task", {"title": "", "task": "确定名单", "deadline": "今天到期"},
         ("新待办：确定名单", "该事项已到“确定名单”，请办理，今天到期。")),
    ],
)  # fmt: skip
def test_no_mark_stands_around_a_name_that_a_case_has_not_yet(
    kind: str, values: dict[str, object], reads: tuple[str, str]
) -> None:
    assert load_notifications(CONFIG)[kind].render(values) == reads


@pytest.mark.parametrize("ending", ["", "。", "；", "，", ".", "；。", " ", "。\n"])
def test_what_ends_its_own_sentence_gets_no_second_full_stop(ending: str) -> None:
    values = {"title": "子女入学", "reason": f"不属于服务范围{ending}"}
    _, text = load_notifications(CONFIG)["rejected"].render(values)
    assert text.replace("\n", "") == "“子女入学”不予受理，原因：不属于服务范围。请向联系对象说明。"


ENDINGS = ("", "。", "；", "，", "、", "：", "！", "？", "……", ".", ";", "。 ", "。\n", "”。", "。”", "）。")
DOUBLED = re.compile(r"[，；、：,;.][\s”]*[。；，、：]|。\s*[；，、：]|[。！？…][\s”]*。")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_notice_has_two_marks_where_one_ends_a_text(kind: str, ending: str) -> None:
    wording = load_notifications(CONFIG)[kind]
    for name in PLACEHOLDERS:
        told = "\n\n".join(wording.render({**dict.fromkeys(PLACEHOLDERS, "甲"), name: f"乙{ending}"}))
        assert DOUBLED.search(told) is None, told
        assert ("乙" in told) == ("{" + name + "}" in wording.subject + wording.text)


@pytest.mark.parametrize(
    ("value", "reads"),
    [
        ("请尽快落实。", "“请尽快落实”。请答复，再说：请尽快落实"),
        ("请尽快落实", "“请尽快落实”。请答复，再说：请尽快落实"),
        ("能否落实？", "“能否落实？”请答复，再说：能否落实？"),
        ("请尽快落实；", "“请尽快落实”。请答复，再说：请尽快落实"),
    ],
)
def test_a_mark_stands_once_whether_the_text_or_the_wording_has_it(value: str, reads: str) -> None:
    wording = Wording("opinion", "甲", "“{text}”。请答复，再说：{text}；完", receipt=False)
    assert wording.render({"text": value})[1] == f"{reads}；完"


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ("{reason}。请向", "{cause}。请向", "rejected.text", "可用的有"),
        ("{reason}。请向", "{reason.__class__}。请向", "rejected.text", "可用的有"),
        ("{reason}。请向", "{reason:>9999999}。请向", "rejected.text", "可用的有"),
        ("{reason}。请向", "{reason。请向", "rejected.text", "花括号不成对"),
        ("[rejected]", "[refused]", "rejected", "不予受理"),
        ("receipt = true", "receipt = 1", "urge.receipt", "true"),
    ],
)
def test_bad_wording_is_named(tmp_path: Path, old: str, new: str, path: str, message: str) -> None:
    shipped = (CONFIG / "notifications.toml").read_text(encoding="utf-8")
    assert old in shipped
    assert message in refused(tmp_path, shipped.replace(old, new), "notifications.toml")[path]


STATION = """
[[roles]]
id = "station"
name = "人才服务站"
scope = "all"
"""


def test_a_role_that_is_added_has_the_rights_of_its_line(tmp_path: Path) -> None:
    lines = (
        STATION.replace('"all"', '"origin"')
        + '[roles.rights]\nview_reports = "unit"\nview_activities = "all"\nrecord_needs = "all"\n'
    )
    (tmp_path / "organization.toml").write_text(SMALL + lines, encoding="utf-8")
    organization = load_organization(tmp_path)
    station = organization.roles["station"].rights
    assert station.of_unit
    assert station.delegable
    # of a right that is gone an older file may still speak
    assert dict(station.rights) == {"view_reports": "unit", "view_activities": "all"}
    assert replace(organization.roles["liaison"].rights, name="") == OWN_ROLES["liaison"]


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        (
            '[roles.rights]\nview_report = "unit"\n',
            "rights.view_report",
            "是不是 view_reports（查看半年报告）？",
        ),
        (
            '[roles.rights]\noperate_cases = "unit"\n',
            "rights.operate_cases",
            "“督办和管理办件”的范围应为：all（不分单位）",
        ),
        ('[roles.rights]\nview_reports = "unit"\n', "rights.view_reports", "这个角色不分单位；请写 of_unit = true"),
        ('of_unit = "yes"\n', "of_unit", "true"),
        ("[roles.rights]\nview_contacts = 1\n", "rights.view_contacts", "all（不分单位）、unit（本单位）、own（本人）"),
        ('rights = ["view_reports"]\n', "rights", "应为一张表"),
    ],
)
def test_a_wrong_right_of_a_role_is_told_with_the_way_out(tmp_path: Path, lines: str, place: str, words: str) -> None:
    found = refused(tmp_path, SMALL + STATION + lines)
    assert words in found[f"roles[1].{place}"]


def test_the_rights_of_the_products_own_roles_stand_in_the_product(tmp_path: Path) -> None:
    found = refused(
        tmp_path, SMALL.replace('scope = "origin"\n', 'scope = "origin"\n[roles.rights]\nsupervise = "all"\n', 1)
    )
    assert "权限由产品规定" in found["roles[0].rights"]
