"""Saved views of the ledger as tabs with counts; cases looked at again when a policy has changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from service import clock
from service.history import stream_events
from service.history.notices import NOTICE
from service.ledger import revisits
from service.processes import commands
from service.processes.calendars import current
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches, work_all
from tests.factories.world import LIAISON, OFFICE, World

pytestmark = ON_BOTH


def test_a_view_is_a_tab_with_its_count_for_who_may_see_it(world: World) -> None:
    world.dispatched("edu", title="子女入学")
    world.recorded(title="租房补贴")
    office, handler, other = (Visitor(world, user) for user in (OFFICE, "handler-edu", "handler-housing"))
    told = {"name": "入学", "shared": "yes", "query": "q=入学&sort=due&col=编号&offset=50"}
    assert office.post("/ledger/views", **told).status_code == 200
    assert handler.post("/ledger/views", name="我的", query="status=running").status_code == 200
    assert '入学 <span class="num">1</span>' in office.get("/ledger").text
    assert "我的 <span" not in office.get("/ledger").text
    page = handler.get("/ledger").text
    assert '入学 <span class="num">1</span>' in page
    assert '我的 <span class="num">1</span>' in page
    assert '入学 <span class="num">0</span>' in other.get("/ledger").text  # rights are the reader's, not the view's
    assert office.post("/ledger/views", **told | {"query": "town=mars"}).status_code == 422
    assert handler.post("/ledger/views", **told).status_code == 403
    assert mismatches(world) == []


def test_cases_of_a_changed_policy_are_looked_at_again(world: World) -> None:
    case = world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    limited = {"outcome": "policy_limited", "explanation": "没有这项政策", "policy_reference": "《住房办法》第五条"}
    world.do(OFFICE, "feedback_result", {**world.sample("feedback_result"), **limited})
    office = Visitor(world, OFFICE)
    assert "《住房办法》第五条（1 件）" in office.get("/revisits").text
    assert office.post("/revisits", policy="税收办法", told="改了").status_code == 422
    world.clock.set(datetime(2026, 12, 8, 10, tzinfo=clock.SHANGHAI))  # its 20 days go into a year without a notice
    address = office.post("/revisits", policy="住房办法", told="第五条已修订。").json["location"]
    page = office.get(address)
    assert "待研判" in page.text
    assert "第五条已修订" in page.text
    for one in (page, office.get("/revisits")):
        assert ">暂定</span>" in one.text
    work_all(world)
    assert "第五条已修订。有 1 件事项需要重新研判。" in office.get("/notices").text
    done = {"result": "solvable", "note": "修订后可以办理"}
    assert office.post(f"{address}/{case}", **done).status_code == 200
    assert office.post(f"{address}/{case}", **done).status_code == 409
    page = office.get(address)
    assert "修订后可以办理" in page.text
    assert "请联系该对象的联络员登记新的需求；登记后在其页面上关联 2026-需-0001" in page.text
    carried = Visitor(world, LIAISON).get("/cases/new", talent_id="T0001", leader_id=world.leader_id)
    assert (carried.status_code, "T0001" in carried.text, world.leader_id in carried.text) == (200, True, True)
    with world.database.reading() as session:
        [change] = revisits.changes(session)
        [(found, _)] = change.rows
        assert (change.open, found.result, found.done_by, found.done_at) == (0, "solvable", OFFICE, clock.now())
    assert Visitor(world, "handler-edu").get("/revisits").status_code == 403
    assert mismatches(world) == []


def limit(world: World, policy: str) -> UUID:
    """A need that ended as limited by a policy."""
    case = world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    limited = {"outcome": "policy_limited", "explanation": "没有这项政策", "policy_reference": policy}
    world.do(OFFICE, "feedback_result", {**world.sample("feedback_result"), **limited})
    return case


def test_looking_again_goes_by_the_interface_and_as_a_sheet(world: World) -> None:
    first, second = (limit(world, "《住房办法》第五条") for _ in range(2))
    api = world.api(OFFICE)
    [policy] = api.get("/limited-needs").json["items"]
    assert (policy["policy"], {one["instance"] for one in policy["cases"]}) == (
        "《住房办法》第五条",
        {str(first), str(second)},
    )
    refused = api.post("/policy-changes", {"policy": "税收办法", "told": "改了"})
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "/policy")
    made = api.post("/policy-changes", {"policy": "住房办法", "told": "第五条已修订"})
    assert (made.status_code, made.json["open"], made.json["late"]) == (201, 2, False)
    address = f"/policy-changes/{made.json['id']}"
    assert api.post(f"{address}/{first}", {"result": "maybe", "note": "x"}).status_code == 422
    done = api.post(f"{address}/{first}", {"result": "solvable", "note": "修订后可以办理"})
    assert (done.status_code, done.json["open"]) == (200, 1)
    assert api.post(f"{address}/{first}", {"result": "still", "note": "x"}).status_code == 409
    assert api.get(address).json == api.get("/policy-changes").json["items"][0] == done.json
    assert api.get("/policy-changes/00000000-0000-0000-0000-000000000000").status_code == 404
    rows = exported_rows(Visitor(world, OFFICE), "/revisits.xlsx")
    assert {(row[0].value, row[8].value, row[9].value) for row in rows} == {
        ("住房办法", "现在可以解决，另行登记需求办理", "修订后可以办理"),
        ("住房办法", "尚未研判", None),
    }
    assert Visitor(world, "handler-edu").get("/revisits.xlsx").status_code == 403


def test_a_term_that_passes_while_cases_wait_is_told_once(world: World) -> None:
    case = limit(world, "《住房办法》第五条")
    office = Visitor(world, OFFICE)
    address = office.post("/revisits", policy="住房办法", told="第五条已修订").json["location"]
    with world.database.reading() as session:
        [change] = revisits.changes(session)
        assert current(session).between(clock.today(), change.due_on) == revisits.WORKING_DAYS

    def reminded() -> int:
        with world.transaction() as session:
            return revisits.remind(session, now=clock.now())

    assert reminded() == 0
    assert "已逾期" not in office.get("/revisits").text
    world.clock.advance(days=(change.due_on - clock.today()).days)
    assert reminded() == 0  # the last day is in time
    world.clock.advance(days=1)
    assert "已逾期" in office.get("/revisits").text
    assert "已逾期" in office.get(address).text
    assert [reminded(), reminded()] == [1, 0]
    with world.database.reading() as session:
        said = [
            one.data for one in stream_events(session, "policy:" + address.rpartition("/")[2]) if one.kind == NOTICE
        ]
    assert [one["to"]["role"] for one in said if "还有 1 件没有研判" in one["text"]] == ["talent_office"]
    assert office.post(f"{address}/{case}", result="moot", note="已离开").status_code == 200
    assert "已逾期" not in office.get("/revisits").text
    world.clock.advance(days=30)
    assert reminded() == 0
    assert mismatches(world) == []


def test_before_the_first_need_the_ledger_says_when_it_begins(world: World) -> None:
    world.recorded()
    page = Visitor(world, OFFICE).get("/ledger", as_of="2020-01-01").text
    assert "截至 2020-01-01（周三），台账里还没有需求" in page
    assert "最早一件登记于 2026-09-16（周三）" in page
    assert "最早一件" not in Visitor(world, "handler-edu").get("/ledger", as_of="2020-01-01").text


def test_every_field_of_a_form_is_a_column_as_of_the_asked_day(world: World) -> None:
    world.dispatched("edu", "housing", description="孩子九月上小学")
    then = clock.today().isoformat()
    office = Visitor(world, OFFICE)
    chosen = {"col": ["record_need.description", "dispatch.lead_unit", "handle.reply"]}
    page = office.get("/ledger", **chosen).text
    assert "·需求（问题）内容</a></th>" in page
    assert "孩子九月上小学" in page
    assert ">区教育局<" in page
    world.do(OFFICE, "feedback_accepted")
    world.clock.advance(days=1)
    told = world.sample("handle")
    world.do("handler-edu", "handle", {**told, "reply": "已协调学位"}, unit="edu")
    world.do("handler-housing", "handle", {**told, "reply": "已登记公租房"}, unit="housing")
    assert "已协调学位；已登记公租房" in office.get("/ledger", **chosen).text
    assert "已协调学位" not in office.get("/ledger", **chosen, as_of=then).text
    book = exported_rows(office, "/ledger.xlsx?col=handle.reply")
    assert "已协调学位；已登记公租房" in [cell.value for row in book for cell in row]


def test_what_was_begun_and_not_filled_in_is_no_need_anywhere(world: World) -> None:
    world.recorded(title="子女入学")
    with world.transaction() as session:
        begun = commands.start(session, process="request", data={}, actor=world.actor(LIAISON), now=clock.now())
        draft = world.case = begun.id
    for user in (OFFICE, LIAISON):
        visitor = Visitor(world, user)
        for more in ({}, {"status": "running"}, {"late": "no"}, {"since": "2026-01-01"}, {"as_of": "2026-09-15"}):
            page = visitor.get("/ledger", **more).text
            assert ("子女入学" in page, "（尚未登记）" in page) == (True, False), (user, more)
        assert len(exported_rows(visitor, "/ledger.xlsx")) == 1
        listed = world.api(user).get("/requests").json
        assert (listed["total"], [one["title"] for one in listed["items"]]) == (1, ["子女入学"])
    assert "（尚未登记）" in Visitor(world, LIAISON).get("/cases/started").text
    on = clock.today()
    world.pass_days(1)
    world.do(LIAISON, "record_need", world.need(title="租房补贴"))
    office = Visitor(world, OFFICE)
    assert "租房补贴" in office.get("/ledger").text
    assert str(draft) in office.get("/ledger").text
    assert str(draft) not in office.get("/ledger", as_of=on.isoformat()).text
    assert mismatches(world) == []
