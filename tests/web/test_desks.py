"""The desk of each role shows first what its people must do first."""

from __future__ import annotations

import re
from html import unescape

import pytest

from service.people import search_leaders
from service.people.queries import leader_posts
from service.processes import halting, sharing
from service.web import desks
from tests.factories.change_reports import known, reported
from tests.factories.contact_pages import record
from tests.factories.statements import counted
from tests.factories.steps import act, instance
from tests.factories.visitor import Visitor
from tests.factories.workers import work_all
from tests.factories.world import World

FIGURE = r'<a href="([^"]+)">(.*?)</a>'


def heads(page: str) -> list[str]:
    """The headings of the parts of a desk, in their order."""
    return re.findall(r"<h2[^>]*>([^<]+)</h2>", page)


def test_the_office_sees_its_steps_by_stage_and_the_units_that_are_late(world: World) -> None:
    world.dispatched("edu")
    world.recorded()
    record(world, opinion_0="希望增加班车")
    world.pass_days(20)
    page = Visitor(world, "office").get("/").text
    assert heads(page)[:4] == ["按环节", "待我办理", "各责任单位在办", "待处理的意见建议"]
    assert "希望增加班车" in page
    stages = page.partition("按环节")[2].partition("</section>")[0]
    assert "受理 <b" in stages
    assert "超期" in stages
    assert "全区在办的需求</h2>" not in page


@pytest.mark.parametrize("user", ["office", "auditor"])
def test_a_units_work_on_the_desk_is_what_its_links_open(world: World, user: str) -> None:
    late = world.dispatched("edu", "guicheng")
    words = {"leader_id": instance(world).leader_id, "about_case": str(late), "instruction": "请妥善解决"}
    begun = Visitor(world, "leader").post("/cases/new/instruction", data={**words, "carried_by": "unit", "unit": "edu"})
    assert begun.status_code == 200  # a step of the unit that is no handling of a need
    world.dispatched("edu")
    world.pass_days(20)
    world.dispatched("housing")
    act(world, "office", halting.suspend, instance_id=world.case, reason="出国")
    world.dispatched("edu")
    reader = Visitor(world, user)
    part = reader.get("/").text.partition("各责任单位在办")[2].partition("</section>")[0]
    rows = {
        unit: [(unescape(address), int(re.findall(r"\d+", text)[-1])) for address, text in re.findall(FIGURE, cells)]
        for unit, cells in re.findall(r"<tr><td>([^<]+)</td>(.*?)</tr>", part)
    }
    assert {unit: [number for _, number in figures] for unit, figures in rows.items()} == {
        "区教育局": [3, 2],
        "桂城街道办事处": [1, 1],
        "区住房城乡建设和水利局": [1],
    }
    for figures in rows.values():
        for address, number in figures:
            steps = reader.get(address).text.count('name="task[]" value=')
            assert steps == number, address


def test_a_leader_sees_own_talents_needs_by_light_and_when_each_was_met_last(world: World) -> None:
    world.dispatched("edu")
    record(world, held_on="2026-09-10", topic=["1"], opinion_0="")
    leader = Visitor(world, "leader")
    page = leader.get("/").text
    assert heads(page)[:2] == ["我联系的人才", "我联系的人才的在办需求"]
    tiles = dict(re.findall(r"(需求\w+)</span><b>(\d+)</b>", page))
    assert sum(map(int, tiles.values())) == 1
    assert tiles["需求正常"] == "1"
    assert "2026-09-10（周四）" in page
    world.pass_days(20)
    late = leader.get("/").text
    assert dict(re.findall(r"(需求\w+)</span><b>(\d+)</b>", late)) == {
        "需求超期": "1",
        "需求环节超期": "1",
        "需求临期": "0",
        "需求正常": "0",
        "需求不计时": "0",
    }
    assert "没有待办事项" not in page  # who has tasks now and then is not told of none


def test_a_leader_sees_what_is_anothers_talents_apart(world: World) -> None:
    """R3: what was told to the leader, or only copied, about a talent whom somebody else serves is no own need."""
    with world.database.reading() as session:
        posts = {one.person.name: str(one.id) for one in search_leaders(session).items}
    world.dispatched("edu", title="自己的")
    world.dispatched("edu", title="向领导反映的", talent_id="T0006", leader_id=posts["陈砚秋"])
    copied = world.dispatched("edu", title="只抄送的", talent_id="T0006", leader_id=posts["温如故"])
    act(world, "office", sharing.copy, instance_id=copied, to=["leader"], note="供参阅")
    part = Visitor(world, "leader").get("/").text.partition('id="running"')[2].partition("</section>")[0]
    own, named, rest = re.split(r"<h3[^>]*>登记为向您反映的其他人才的在办需求</h3>|<h3[^>]*>抄送给您[^<]*</h3>", part)
    assert [title for title in ("自己的", "向领导反映的", "只抄送的") if title in own] == ["自己的"]
    assert [title for title in ("自己的", "向领导反映的", "只抄送的") if title in named] == ["向领导反映的"]
    assert [title for title in ("自己的", "向领导反映的", "只抄送的") if title in rest] == ["只抄送的"]


def test_a_leaders_late_needs_are_those_that_the_ledger_calls_late(world: World) -> None:
    world.recorded(title="等区人才办受理")
    world.dispatched("edu", title="两处都超期")
    world.dispatched("edu", title="已告知")
    world.do("office", "feedback_accepted")
    world.pass_days(20)
    world.do("handler-edu", "handle")
    world.accepted(title="挂起的事项")
    act(world, "office", halting.suspend, instance_id=world.case, reason="出国")
    leader = Visitor(world, "leader")
    page = leader.get("/").text
    tiles = {
        word: (unescape(address), int(number))
        for address, word, number in re.findall(
            r'<a class="tile" href="([^"]+)">.*?>([^<>]+)</span><b>(\d+)</b>', page, re.DOTALL
        )
    }
    assert {word: number for word, (_, number) in tiles.items()} == {
        "需求超期": 2,
        "需求环节超期": 2,
        "需求临期": 0,
        "需求正常": 0,
        "需求不计时": 0,
        "需求已挂起": 1,
    }
    for word in ("需求超期", "需求环节超期", "需求已挂起"):
        address, number = tiles[word]
        assert leader.get(address).text.partition("<tbody>")[2].count("/cases/") == number, address
    talents = page.partition("我联系的人才")[2].partition("</section>")[0]
    told = re.findall(r">(\w+) (\d+) 件<", talents)
    assert dict(told) == {"超期": "2", "环节超期": "2", "已挂起": "1"}


def test_a_leaders_figures_count_the_needs_that_the_desk_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.dispatched("edu", title="我联系的人才的事项")
    with world.database.reading() as session:
        post = leader_posts(session, world.actor("leader").person_id)[0].id
    world.recorded(talent_id="T0003", leader_id=str(post), title="别人联系的人才、报给我的事项")
    leader = Visitor(world, "leader")

    def tiles() -> dict[str, int]:
        page = leader.get("/").text
        assert {"我联系的人才的事项", "别人联系的人才、报给我的事项"} <= set(
            re.findall(r">([^<>]+)</a>", page.partition('id="running"')[2])
        )
        return {word: int(number) for word, number in re.findall(r"(需求\w+)</span><b>(\d+)</b>", page)}

    assert sum(tiles().values()) == 2
    world.pass_days(20)
    late = tiles()
    monkeypatch.setattr(desks, "MOST_STANDING", 1)  # of a district's needs the late ones alone are told
    assert tiles() == {word: late[word] for word in ("需求超期", "需求环节超期")}


def test_a_leaders_late_needs_come_first(world: World) -> None:
    world.dispatched("edu", title="早先的事项")
    world.pass_days(20)
    world.accepted(title="新来的事项")
    listed = Visitor(world, "leader").get("/").text.partition('id="running"')[2]
    assert listed.index("早先的事项") < listed.index("新来的事项")


def test_a_liaison_sees_what_nobody_has_answered_and_whom_to_interview(world: World) -> None:
    record(world, opinion_0="希望增加班车")
    page = Visitor(world, "liaison-district_office").get("/").text
    assert heads(page)[:2] == ["待我办理", "待处理的意见建议"]
    assert "希望增加班车" in page
    assert "希望增加班车" not in Visitor(world, "liaison-hrss").get("/").text


def test_a_handler_signs_urges_first_and_sees_no_talk(world: World) -> None:
    world.dispatched("edu")
    record(world, opinion_0="希望增加班车")
    assert world.api("office").post(f"/instances/{world.case}/urge", {"text": "请抓紧办理"}).status_code == 200
    work_all(world)
    handler = Visitor(world, "handler-edu")
    page = handler.get("/").text
    assert "待签收" in page
    assert page.index("待签收") < page.index("待我办理")
    assert heads(page) == ["待我办理", "按环节", "与我有关的在办需求", "我可以发起的事项"]
    assert "希望增加班车" not in page


def test_a_desk_takes_as_many_statements_for_many_as_for_few(world: World) -> None:
    for user in ("office", "leader", "liaison-district_office", "handler-edu"):
        world.dispatched("edu")
        record(world, opinion_0="希望增加班车", summary=f"走访 {user}")
        reader = Visitor(world, user)
        reader.get("/")
        with counted(world.database.engine) as few:
            reader.get("/")
        for n in range(3):
            world.dispatched("edu")
            record(world, opinion_0=f"第 {n} 条", summary=f"走访 {user} {n}")
        with counted(world.database.engine) as many:
            reader.get("/")
        assert len(many) == len(few), user


def test_stages_that_two_processes_call_alike_are_told_apart(world: World) -> None:
    reported(world, "office", "report_by_office", leaves_district=True)
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    world.api("office").patch("/talents/T0002", {"in_district": False})
    page = Visitor(world, "office").get("/").text
    chips = re.findall(r'stage=eligibility">([^<]+?) <b class="num">1<', page)
    assert sorted(chips) == ["资格复核", "资格复核（重大事项报告）"]


def test_units_beyond_the_second_are_counted_in_the_row_of_a_case(world: World) -> None:
    world.dispatched("edu", "guicheng", "housing")
    world.do("office", "feedback_accepted")
    handler = Visitor(world, "handler-edu")
    assert handler.get("/").text.count("<small>另有 1 项</small>") == 1
    world.do("handler-guicheng", "handle", unit="guicheng")
    world.do("office", "review_reply")
    assert "另有" not in handler.get("/").text
