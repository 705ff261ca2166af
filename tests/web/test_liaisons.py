"""联系关系、配额、工作团队、名单: a round through the pages, and who is shown what."""

from __future__ import annotations

import re

from sqlalchemy import select

from service.demonstration.organization import derived
from service.liaisons import LinkFilter, search_links
from service.people.models import Leader
from service.processes.models import UserTask
from service.talents import add_team
from tests.factories import serving
from tests.factories.rounds import begin
from tests.factories.visitor import Visitor
from tests.factories.world import World

SECOND, THIRD = derived("leader", "程望津"), derived("leader", "温如故")


def test_a_link_is_registered_handed_over_and_ended(world: World) -> None:
    office = Visitor(world, "office")
    page = office.get("/links/new", leader=str(SECOND), talent="T0001")
    assert "现由陈砚秋联系，请避免重复" in page.text
    body = {"leader_id": str(SECOND), "talent_id": "T0001", "starts_on": "2026-09-16"}
    refused = office.post("/links", **body)
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "/reason")
    assert office.post("/links", **{**body, "starts_on": "?"}).json["errors"][0]["path"] == "/starts_on"
    made = office.submit("/links", **body, reason="platform")
    assert made.status_code == 302
    shown = office.get(made.location)
    assert "程望津联系周慕白" in shown.text
    assert "这位人才另由陈砚秋联系" in shown.text
    taken = office.post(f"{made.location}/hand-over", successor_id=str(THIRD), starts_on="2026-09-20", note="已交接")
    text = office.get(taken.json["location"]).text
    assert "程望津移交给温如故" in text
    assert "已交接" in text
    assert "将于 2026-09-20（周日） 起联系" in text
    old = office.get("/links", status="ended").text
    assert ("程望津" in old, "请避免重复" in old) == (True, False)
    for status, told in (("all", False), ("nothing", True)):
        listed = office.get("/links", status=status).text
        assert ("没有按它筛选" in listed, "已结束</span>" in listed) == (told, not told), status
    ended = office.post(f"{taken.json['location']}/end", ends_on="2026-09-30", reason="避免重复")
    assert "避免重复" in office.get(ended.json["location"]).text
    assert office.post(f"{taken.json['location']}/end", ends_on="2026-09-30", reason="再次").status_code == 409


def test_the_list_shows_what_the_reader_may_see(world: World) -> None:
    total = {who: _total(Visitor(world, who).get("/links").text) for who in ("office", "leader", "liaison-hrss")}
    assert (total["office"], total["liaison-hrss"]) == (15, 0)
    assert 0 < total["leader"] < 15
    with world.database.reading() as session:
        link_id = search_links(session, LinkFilter(leader_id=THIRD)).items[0].id
    assert Visitor(world, "leader").get(f"/links/{link_id}").status_code == 404
    liaison = Visitor(world, "liaison-cppcc_office").get(f"/links/{link_id}").text
    assert "移交" not in liaison.split("<main", 1)[1]  # class A is the Talent Office's to change
    assert Visitor(world, "leader").get("/links/new").status_code == 404
    assert Visitor(world, "handler-edu").get("/links").status_code == 403


def test_quotas_of_today_and_before(world: World) -> None:
    office = Visitor(world, "office")
    assert "全部达到" in office.get("/quotas").text
    assert "没有符合条件的领导" in office.get("/quotas", on="2025-12-31").text
    with world.database.reading() as session:
        links = [link.id for link in search_links(session, LinkFilter(leader_id=SECOND)).items]
    for link_id in links[1:]:
        office.post(f"/links/{link_id}/end", ends_on="2026-09-15", reason="工作调整")
    assert "缺 1 名" in office.get("/quotas").text
    assert "缺 1 名" not in office.get("/quotas", on="2026-09-15").text


def test_only_who_keeps_a_leaders_links_is_led_to_the_form_of_the_team(world: World) -> None:
    """A button stands only where its page is allowed: a liaison of the three offices keeps no leader's links (Q2)."""
    for who, adds in (("office", True), ("liaison-cppcc_office", False), ("liaison-hrss", True)):
        visitor = Visitor(world, who)
        page = visitor.get("/service-teams").text.split("<main", 1)[1]
        assert ('href="/service-teams/new"' in page) is adds
        led = re.findall(r'href="(/service-teams/new\?[^"]+)"', page)
        assert bool(led) is (who == "office")
        assert {visitor.get(address).status_code for address in led} <= {200}
        assert visitor.get("/service-teams/new").status_code == (200 if adds else 404)
        assert ('href="/links/new"' in visitor.get("/links").text.split("<main", 1)[1]) is adds
        assert ("安排联系领导" in visitor.get("/talents/T0001").text) is adds


def test_a_team_lets_waiting_links_begin(world: World) -> None:
    office = Visitor(world, "office")
    assert "程望津" in office.get("/service-teams/new", leader=str(SECOND)).text
    person = {name: str(derived("person", name)) for name in ("程望津", "office", "liaison-district_office")}
    body = {"leader_id": str(SECOND), "head_id": person["程望津"], "starts_on": "2026-09-16"}
    refused = office.post("/service-teams", **body)
    assert {error["path"] for error in refused.json["errors"]} == {"/liaison_id", "/members"}
    body |= {"liaison_id": person["liaison-district_office"], "members": [person["office"]]}
    assert office.post("/service-teams", **body).status_code == 200
    assert _total(office.get("/service-teams", leader=str(SECOND), all="yes").text) == 2


def test_an_oddly_composed_team_is_told_of_when_it_is_set_and_in_the_list(world: World) -> None:
    """The form promises that a team of others than T2 and T3 ask for is told of: at once, not only at the links."""
    office = Visitor(world, "office")
    person = {name: str(derived("person", name)) for name in ("程望津", "office", "liaison-hrss", "liaison-edu")}
    body = {"leader_id": str(SECOND), "starts_on": "2026-09-16", "liaison_id": person["liaison-hrss"]}
    odd = ("不是责任领导本人，也不是区领导", "不是职能部门负责人", "不是区委办公室（区府办）的联络员")
    made = office.submit("/service-teams", **body, head_id=person["office"], **{"members[]": person["liaison-hrss"]})
    told = office.get(made.location).text
    said, listed = told.split("<tbody", 1)
    assert [one for one in odd if one not in said] == []
    assert [one for one in odd if one not in listed] == []
    assert all(one not in office.get("/service-teams", leader=str(THIRD)).text for one in odd)


def test_a_link_that_waits_shows_what_to_look_at_besides(world: World) -> None:
    """A talent whom somebody serves already is told of when the link is registered, not only once it has begun (Q2)."""
    office = Visitor(world, "office")
    starts = {"klass": "A", "body": "government", "unit_code": "district_office", "post": "副区长"}
    person = derived("person", "handler-edu")
    made = office.post(f"/people/{person}/posts", **starts, starts_on="2026-09-01")
    assert made.status_code == 200, made.text
    with world.database.reading() as session:
        leader = session.scalars(select(Leader.id).where(Leader.person_id == person)).one()
    link = office.submit("/links", leader_id=str(leader), talent_id="T0001", starts_on="2026-09-16", reason="known")
    text = office.get(link.location).text
    assert text.count("的工作团队尚未组建，请先组建") == 2  # what it waits for, and the journal
    assert "这位人才另由陈砚秋联系，请避免重复" in text
    assert "<li>尚未组建工作团队</li>" not in text


def test_a_roster_is_drafted_decided_and_printed(world: World) -> None:
    office = Visitor(world, "office")
    page = office.get("/rosters/new", scope="A").text
    fields = dict(re.findall(r'name="((?:line|leader|talent)_\d+)" value="([^"]+)"', page))
    assert sum(name.startswith("leader_") for name in fields) == 15
    reasons = {f"reason_{n}": "known" for n in range(20)}
    wrong = {**fields, **reasons, "leader_15": str(SECOND), "talent_15": "T9999"}
    refused = office.post("/rosters", scope="A", **wrong)
    assert refused.json["errors"] == [
        {"path": "/talent_15", "message": "第 16 行：人才信息库中没有这位人才，请从名单中选择"}
    ]
    kept = {name: value for name, value in fields.items() if name != "line_0"}
    draft = office.post("/rosters", scope="A", note="年中调整", **kept, **reasons).json["location"]
    assert "没有更早的一版可比" in office.get(draft).text
    assert office.post(f"{draft}/decide", document_no="南人才办〔2026〕3号", decided_on="2026-09-16").status_code == 200
    assert _total(office.get("/links").text) == 14
    refused = office.post(f"{draft}/file", on="2026-09-16")
    assert (refused.status_code, "不需备案" in refused.text) == (409, True)
    assert "备案</button>" not in office.get(draft).text
    paper = office.get(f"{draft}.pdf")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
    assert Visitor(world, "liaison-hrss").get(draft).status_code == 404
    assert Visitor(world, "liaison-hrss").get("/rosters/new", scope="A").status_code == 404


def test_a_draft_tells_of_a_talent_whom_several_leaders_serve(world: World) -> None:
    """One talent may have several leaders, with a warning (Q2): before a unit's list is decided, not only after."""
    with world.transaction() as session:
        first = serving.leader_b(session)
        second = serving.leader_b(session, name="沈砚之", duty="talent", post="副局长")
        leaders = [str(first.id), str(second.id)]
    liaison = Visitor(world, "liaison-hrss")
    lines = [(leaders[0], "T0001"), (leaders[0], "T0002"), (leaders[1], "T0002")]
    sent = {
        f"{name}_{place}": value
        for place, (leader, talent) in enumerate(lines)
        for name, value in (
            ("line", "1"), ("leader", leader), ("talent", talent), ("reason", "related"), ("note", "本部门主管"),
        )
    }  # fmt: skip
    text = liaison.get(liaison.post("/rosters", scope="hrss", **sent).json["location"]).text
    told = re.findall(r"<li>重复：(.*?)</li>", text)
    assert told == [
        "周慕白：由冯启明、陈砚秋同时联系，请避免重复",
        "沈清越：由冯启明、沈砚之、程望津同时联系，请避免重复",
    ]


def test_a_units_roster_is_filed_by_the_office(world: World) -> None:
    with world.transaction() as session:
        leader_id = str(serving.leader_b(session).id)
    liaison, office = Visitor(world, "liaison-hrss"), Visitor(world, "office")
    line = {"line_0": "1", "leader_0": leader_id, "talent_0": "T0001", "reason_0": "related", "note_0": "人才政策兑现"}
    draft = liaison.post("/rosters", scope="hrss", **line).json["location"]
    assert "备案</button>" not in office.get(draft).text
    assert liaison.post(f"{draft}/decide", document_no="南人社〔2026〕3号", decided_on="2026-09-16").status_code == 200
    assert "备案</button>" in office.get(draft).text
    refused = office.post(f"{draft}/file", on="2026-09-15")
    assert [error["path"] for error in refused.json["errors"]] == ["/on"]
    assert office.post(f"{draft}/file", on="2026-09-16").status_code == 200
    assert "已备案" in office.get(draft).text


def test_a_draft_shows_what_is_held_and_the_list_what_to_look_at(world: World) -> None:
    office = Visitor(world, "office")
    assert office.submit(f"/posts/{THIRD}/end", ends_on="2026-09-15").status_code == 302
    page = office.get("/rosters/new", scope="A").text
    waiting = page.split('id="waiting"', 1)[1]
    assert "温如故联系江照野" in waiting
    assert "温如故" not in page.split('id="waiting"', 1)[0].split("<table", 1)[1]
    fields = dict(re.findall(r'name="((?:line|leader|talent)_\d+)" value="([^"]+)"', page))
    kept = {name: value for name, value in fields.items() if name.endswith("_0")}
    draft = office.post("/rosters", scope="A", **kept, reason_0="known").json["location"]
    shown = office.get(draft).text
    assert "列入 1 人，不足 2 人" in shown
    assert "没有列入" in shown
    assert office.post(f"{draft}/decide", document_no="3号", decided_on="2026-09-16").status_code == 200
    with world.database.reading() as session:
        assert {link.status for link in search_links(session, LinkFilter(leader_id=THIRD)).items} == {"held"}
    listed = office.get("/links", status="held")
    assert (listed.status_code, "区人才办代管" in listed.text) == (200, True)


def _total(page: str) -> int:
    found = re.search(r"共 (\d+) 条", page)
    return int(found[1]) if found else 0


def test_a_date_of_the_address_that_is_none_is_said_and_not_passed_over(world):
    page = world.as_user("office").get("/quotas?on=2026-02-30").get_data(as_text=True)
    assert "2026-02-30”不是一个日期" in page
    assert "不是一个日期" not in world.as_user("office").get("/quotas?on=2026-02-28").get_data(as_text=True)


def test_a_step_of_the_round_leads_to_its_list_and_the_list_to_its_step(world: World) -> None:
    office = Visitor(world, "office")
    begin(world, "roster", "office")
    world.do("office", "start_district_list", {})
    task = f"/tasks/{world.task('draft_a').id}"
    assert "起草名单" in office.get(task).text
    page = office.get("/rosters/new", scope="A").text
    fields = dict(re.findall(r'name="((?:line|leader|talent)_\d+)" value="([^"]+)"', page))
    reasons = {f"reason_{n}": "known" for n in range(20)}
    draft = office.post("/rosters", scope="A", **fields, **reasons).json["location"]
    assert f'href="{draft}"' in office.get(task).text
    assert f'href="{task}"' in office.get(draft).text


def test_a_handover_leads_to_the_needs_that_are_open(world: World) -> None:
    case = world.accepted(leader_id=str(SECOND), talent_id="T0002")
    office = Visitor(world, "office")
    office.submit(f"/posts/{SECOND}/end", ends_on="2026-09-15")
    with world.database.reading() as session:
        task = session.scalars(select(UserTask).where(UserTask.task == "plan_a")).one().id
    page = office.get(f"/tasks/{task}").text
    assert f'href="/cases/{case}">2026-需-0001 子女入学（沈清越）' in page
    assert "应不晚于 2026-09-29" in page
    assert "待移交的联系对象" in page
    picked = office.get(f"/tasks/{task}/records").text
    assert ("沈清越" in picked, "周慕白" in picked) == (True, False)


def test_a_page_of_a_leader_leads_on(world: World) -> None:
    office = Visitor(world, "office")
    page = office.get(f"/people/{derived('person', '程望津')}").text
    for shown in ("沈清越", "工作团队：组长程望津", "安排联系对象", "调整工作团队"):
        assert shown in page, shown
    assert (
        "沈清越"
        not in Visitor(world, "handler-edu").get(f"/people/{derived('person', '程望津')}").text.split("变更记录")[0]
    )
    talent = office.get("/talents/T0002").text
    assert "安排联系领导" in talent
    assert f"/contacts/new?leader={SECOND}&amp;talent=T0002" in talent
    assert "安排联系领导" not in Visitor(world, "handler-edu").get("/talents/T0002").text


def test_a_team_of_talents_is_served_in_the_browser(world: World) -> None:
    office = Visitor(world, "office")
    with world.transaction() as session:
        team = add_team(session, name="石墨烯团队", lead_id="T0001", actor=world.actor("office"), now=world.clock.now)
    assert "石墨烯团队" in office.get("/links/new", leader=str(SECOND), talent="T0001").text
    body = {"leader_id": str(SECOND), "talent_id": "T0001", "starts_on": "2026-09-16", "reason": "known"}
    made = office.submit("/links", **body, team_id=str(team.id))
    assert "石墨烯团队" in office.get(made.location).text
