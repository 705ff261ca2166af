"""The pages of units, people and talents: what a person sees, types, is refused, and finds in the history."""

from __future__ import annotations

import io
import re

import pytest

from service import people, talents
from service.people.filters import PersonFilter
from service.rights import SYSTEM
from tests.factories.record_pages import PNG, names, wrong
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import World


@pytest.fixture
def office(world: World) -> Visitor:
    """The Talent Office at the pages."""
    return Visitor(world, "office")


def person_of(world: World, name: str) -> str:
    with world.database.reading() as session:
        return str(people.search_people(session, PersonFilter(name)).items[0].id)


def test_lists_take_as_many_statements_for_many_as_for_one(world: World, office: Visitor) -> None:
    with world.transaction() as session:
        for lead in ("T0001", "T0002", "T0003"):
            members = [{"talent_id": "T0009"}, {"name": "外聘专家"}]
            talents.add_team(
                session, name=f"{lead}团队", lead_id=lead, members=members, actor=SYSTEM, now=world.clock.now
            )
    many_and_one = {
        "/units": "教育",
        "/people": "谭雅文",
        "/leaders": "chenyanqiu",
        "/talents": "周慕白",
        "/teams": "T0001",
    }
    for path, q in {**many_and_one, "/liaison-officers": "何静怡"}.items():
        office.get(path)  # what its buttons ask is remembered
        with counted(world) as many:
            assert len(names(office.get(path))) > 1, path
        with counted(world) as one:
            assert len(names(office.get(path, q=q))) == 1, path
        assert len(many) == len(one) <= 14, path


def test_a_unit_is_entered_changed_and_its_history_read(world: World, office: Visitor) -> None:
    page = office.submit("/units", code="Lab", name="季华实验室", kind="employer", town="")
    assert (page.status_code, wrong(page)) == (422, ["code"])
    assert 'value="季华实验室"' in page.text
    made = office.submit("/units", code="lab", name="季华实验室", kind="employer", town="")
    assert (made.status_code, made.location) == (302, "/units/lab")
    assert office.submit("/units", code="lab", name="别的", kind="employer").status_code == 409
    edited = office.submit("/units/lab", name="季华实验室", kind="employer", town="guicheng", active="yes")
    assert edited.status_code == 302
    shown = office.get("/units/lab").text
    assert "修改单位信息" in shown
    assert "桂城街道" in shown
    assert "梁文韬" in shown
    assert names(office.get("/units", q="jhsys")) == ["季华实验室"]
    assert "没有符合条件的单位" in office.get("/units", q="zzzz").text
    assert "登记单位" not in Visitor(world, "auditor").get("/units").text


def test_a_second_liaison_needs_a_tick(world: World, office: Visitor) -> None:
    who = person_of(world, "冯启明")
    naming = {"person_id": who, "starts_on": "2026-09-20"}
    assert wrong(office.submit("/units/hrss/liaison", person_id="", starts_on="")) == ["person_id", "starts_on"]
    refused = office.submit("/units/hrss/liaison", **naming)
    assert (refused.status_code, wrong(refused)) == (409, ["replace"])
    assert 'value="2026-09-20"' in refused.text
    assert "冯启明" in refused.text
    assert office.submit("/units/hrss/liaison", **naming, replace="yes").status_code == 302
    assert office.get("/units/hrss").text.count("现任") == 1
    assert Visitor(world, "handler-edu").submit("/units/edu/liaison", **naming).status_code == 403


def test_a_person_with_posts_and_substitutes(world: World, office: Visitor) -> None:
    liaison = Visitor(world, "liaison-hrss")
    fields = {"name": "何立", "unit_code": "hrss", "post": "局长"}
    made = liaison.submit("/people", **fields)
    assert made.status_code == 302
    again = liaison.submit("/people", **fields)
    assert again.status_code == 409
    assert "同一单位已有同名人员" in again.text
    assert liaison.submit("/people", **fields, confirm_duplicate="yes").status_code == 302
    who = made.location
    post = {"klass": "B", "unit_code": "hrss", "duty": "principal", "post": "局长", "starts_on": "2026-09-01"}
    assert wrong(liaison.submit(f"{who}/posts", **{**post, "starts_on": "2026年9月"})) == ["starts_on"]
    assert liaison.submit(f"{who}/posts", **post).status_code == 302
    clash = liaison.submit(f"{who}/posts", **{**post, "duty": "talent"})
    assert (clash.status_code, wrong(clash)) == (409, ["starts_on"])
    shown = liaison.get(who).text
    assert "成员单位领导（B类）" in shown
    end = re.search(r'href="(/posts/[^"]+/end)"', shown)
    assert end is not None
    assert wrong(liaison.submit(end[1], ends_on="2026-08-01")) == ["ends_on"]
    assert liaison.submit(end[1], ends_on="2026-09-30").status_code == 302
    period = {"substitute_id": person_of(world, "何静怡"), "starts_on": "2026-09-20", "ends_on": "2026-09-25"}
    assert liaison.submit(f"{who}/substitutes", **period).status_code == 403
    assert office.submit(f"{who}/substitutes", **period).status_code == 302
    assert wrong(office.submit(f"{who}/substitutes", **{**period, "ends_on": "2026-09-10"})) == ["ends_on"]
    shown = office.get(who).text
    for kind in ("登记领导任职", "结束领导任职", "指定代理人", "登记人员"):
        assert kind in shown, kind
    assert "liaison-hrss" not in shown
    known = Visitor(world, "admin").get(f"/people/{person_of(world, '何静怡')}").text
    assert "联络员（区人力资源和社会保障局）" in known
    assert names(office.get("/substitutes")) == ["何立"]
    assert names(office.get("/leaders", **{"class": "B"})) == ["何立"]


def test_a_talent_is_compared_with_the_registry_before_it_is_saved(world: World, office: Visitor) -> None:
    file = {
        "name": "周慕白",
        "employer": "岭南先进材料研究院",
        "category": "1",
        "in_district": "yes",
        "id_tail": "12x4",
    }
    assert wrong(office.submit("/talents", **file, phone="打给我")) == ["phone"]
    warned = office.submit("/talents", **file)
    assert warned.status_code == 409
    assert "T0001 周慕白" in warned.text
    assert "姓名相同、工作单位相同" in warned.text
    assert 'value="岭南先进材料研究院"' in warned.text
    made = office.submit("/talents", **file, confirm_duplicate="yes")
    assert (made.status_code, made.location) == (302, "/talents/T0016")
    refused = office.submit("/talents", name="", employer="", phone="x", type="5", works_from="昨天")
    assert wrong(refused) == ["works_from"]
    refused = office.submit("/talents", name="", employer="", phone="x", type="5")
    assert wrong(refused) == ["name", "type_reason", "employer", "phone"]
    page = office.get("/talents/T0016").text
    assert "12X4" in page
    assert "12X4" not in Visitor(world, "liaison-hrss").get("/talents/T0016").text


def test_a_talent_is_changed_approved_confirmed(world: World, office: Visitor) -> None:
    old = re.findall(r'name="(\w+)" value="([^"]*)"', office.get("/talents/T0008/edit").text)
    fields = {name: value for name, value in old if name not in ("csrf_token", "once")}
    fields |= {
        "category": "",
        "type": "5",
        "type_reason": "行业\r\n带头人",
        "town": "xiqiao",
        "source": "变动报告 2026-变-0001",
        "phone": "13800000000",
        "active": "yes",
        "works_from": "",
        "works_until": "2027-06-30",
    }
    assert office.submit("/talents/T0008", **fields).status_code == 302
    page = office.get("/talents/T0008").text
    assert "尚待区人才办审核同意" in page
    assert "来源：变动报告 2026-变-0001" in page
    assert "（至 2027-06-30）" in page
    assert "13800000000" in page
    masked = Visitor(world, "auditor").get("/talents/T0008").text
    assert "13800000000" not in masked
    assert "138****0000" in masked
    assert names(office.get("/talents", eligible="no")) == ["秦砚书"]
    assert office.submit("/talents/T0008/approve").status_code == 302
    assert office.submit("/talents/T0008/confirm").status_code == 302
    assert "2026-09-16" in office.get("/talents/T0008").text
    assert "秦砚书" not in names(office.get("/talents", confirmed="stale"))
    assert names(office.get("/talents", sort="-id", category="4"))[0] == "孟扶摇"
    assert Visitor(world, "auditor").submit("/talents/T0008/confirm").status_code == 403


def test_a_photo_is_a_picture_and_nothing_else(world: World, office: Visitor) -> None:
    def send(content: bytes, name: str) -> int:
        data = {"photo": (io.BytesIO(content), name), "csrf_token": office.token()}
        return office.client.post("/talents/T0001/photo", data=data).status_code

    assert send(b"<script>alert(1)</script>", "photo.png") == 422
    assert send(b"", "") == 422
    assert office.get("/talents/T0001/photo").status_code == 404
    assert send(PNG, "照片.html") == 302
    answer = Visitor(world, "auditor").get("/talents/T0001/photo")
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert 'src="/talents/T0001/photo"' in office.get("/talents/T0001").text
    assert office.submit("/talents/T0001/photo/withdraw").status_code == 302


def test_a_team_with_members_of_both_kinds(world: World, office: Visitor) -> None:
    fields = {"name": "新材料团队", "lead_id": "T0001", "member_ids[]": ["T0002"], "others": "张三，高级工程师\r\n李四"}
    refused = office.submit("/teams", **{**fields, "member_ids[]": ["T0001"]})
    assert wrong(refused) == ["member_ids"]
    assert "张三，高级工程师\n李四" in refused.text
    assert wrong(office.submit("/teams", **{**fields, "others": "张\x07三"})) == ["others"]
    assert wrong(office.submit("/teams", **{**fields, "name": "", "lead_id": ""})) == ["lead_id"]
    made = office.submit("/teams", **fields)
    assert made.status_code == 302
    page = office.get(made.location).text
    for shown in ("高级工程师", "沈清越", "成员（4 人"):
        assert shown in page
    edited = office.submit(made.location, **{**fields, "others": "", "active": "yes"})
    assert edited.status_code == 302
    assert "修改团队信息" in office.get(made.location).text
    assert names(office.get("/teams")) == ["新材料团队"]
