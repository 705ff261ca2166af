"""The inbox page: what one is told is counted, read, confirmed, and only one's own."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from service.auth import add_user, grant_role
from service.history.records import owe_notice
from service.people import add_person
from service.processes import operations, queries
from service.processes.urges import receipts
from service.rights import SYSTEM
from tests.factories.visitor import Visitor
from tests.factories.workers import work_all
from tests.factories.world import World


def _urged(world: World) -> Visitor:
    world.dispatched("edu")
    with world.transaction() as session:
        operations.urge(
            session, instance_id=world.case, text="请尽快办理", actor=world.actor("office"), now=world.clock.now
        )
    world.clock.set(world.clock.now + timedelta(minutes=1))
    work_all(world)
    return Visitor(world, "handler-edu")


def _address(page: str, operation: str) -> str:
    found = re.search(rf'action="(/notices/[0-9a-f-]+/{operation})"', page)
    assert found is not None
    return found[1]


def test_an_urge_is_counted_in_the_menu_and_confirmed_into_the_history(world: World) -> None:
    handler = _urged(world)
    page = handler.get("/notices").text
    assert "请尽快办理" in page
    assert 'aria-label="2 条未读">' in handler.get("/tasks").text
    answer = handler.submit(_address(page, "receipt"))
    assert answer.status_code == 302
    assert 'aria-label="1 条未读">' in handler.get("/notices").text
    with world.database.reading() as session:
        kinds = [event.kind for event in queries.timeline(session, world.case, world.actor("handler-edu"))]
    assert kinds[-1] == "acknowledged"


def test_a_task_is_signed_for_once_and_again_after_an_urge(world: World) -> None:
    world.dispatched("edu")
    handler, path = Visitor(world, "handler-edu"), f"/tasks/{world.task('handle').id}"
    sign = f'action="{path}/acknowledge"'
    assert sign in handler.get(path).text
    assert handler.post(f"{path}/acknowledge").status_code == 200
    page = handler.get(path).text
    assert sign not in page
    assert " 签收</dd>" in page.replace("　", "")
    assert "签收</dd>" in Visitor(world, "office").get(path).text
    with world.transaction() as session:
        operations.urge(
            session, instance_id=world.case, text="请抓紧", actor=world.actor("office"), now=world.clock.now
        )
    assert sign in handler.get(path).text


def _told_twice(world: World) -> Visitor:
    """A handler who was told of a task and twice urged to it."""
    handler = _urged(world)
    with world.transaction() as session:
        operations.urge(
            session, instance_id=world.case, text="再次催办", actor=world.actor("office"), now=world.clock.now
        )
    world.clock.set(world.clock.now + timedelta(minutes=1))
    work_all(world)
    return handler


def _to_sign(handler: Visitor) -> int:
    """How many the desk says that there are to be signed; its link opens just those."""
    found = re.search(r'<a href="([^"]+)">有 (\d+) 份[^<]*待签收</a>', handler.get("/").text)
    if found is None:
        return 0
    listed = handler.get(unescape(found[1])).text
    assert listed.count(">签收</button>") == listed.count('class="notice-head"') == int(found[2])
    return int(found[2])


@pytest.mark.parametrize("way", ["task", "notice", "api"])
def test_a_receipt_is_one_wherever_it_is_given(world: World, way: str) -> None:
    handler, task = _told_twice(world), world.task("handle").id
    assert _to_sign(handler) == 2
    if way == "task":
        assert handler.post(f"/tasks/{task}/acknowledge").status_code == 200
    elif way == "notice":
        assert handler.submit(_address(handler.get("/notices").text, "receipt")).status_code == 302
    else:
        assert world.api("handler-edu").post(f"/tasks/{task}/acknowledge").status_code == 200
    assert _to_sign(handler) == 0
    assert ">签收</button>" not in handler.get("/notices").text
    assert f'action="/tasks/{task}/acknowledge"' not in handler.get(f"/tasks/{task}").text
    assert 'aria-label="1 条未读">' in handler.get("/notices").text  # the task itself, which asks for no receipt
    with world.database.reading() as session:
        assert receipts(session, [task]) == {task: 2}


def test_a_receipt_of_a_colleague_is_the_units_and_reads_nobody_elses_notice(world: World) -> None:
    with world.transaction() as session:
        person = add_person(session, name="沈若溪", unit_code="edu", actor=SYSTEM, now=world.clock.now)
        add_user(session, username="shen", person_id=person.id, actor=SYSTEM, now=world.clock.now)
        grant_role(
            session, username="shen", role="responsible_unit", unit_code="edu", actor=SYSTEM, now=world.clock.now
        )
    handler, task = _told_twice(world), world.task("handle").id
    colleague = Visitor(world, "shen")
    assert (_to_sign(handler), _to_sign(colleague)) == (2, 2)
    world.clock.set(world.clock.now + timedelta(minutes=1))
    assert colleague.post(f"/tasks/{task}/acknowledge").status_code == 200
    assert (_to_sign(handler), _to_sign(colleague)) == (0, 0)
    page = handler.get("/notices").text
    assert (page.count(">签收</button>"), page.count("本单位已签收"), page.count(">未读<")) == (0, 2, 3)
    with world.transaction() as session:
        operations.urge(session, instance_id=world.case, text="三催", actor=world.actor("office"), now=world.clock.now)
    world.clock.set(world.clock.now + timedelta(minutes=1))
    work_all(world)
    assert (_to_sign(handler), _to_sign(colleague)) == (1, 1)


def test_a_receipt_after_the_answer_only_reads_the_notice(world: World) -> None:
    handler = _urged(world)
    address = _address(handler.get("/notices").text, "receipt")
    world.do("handler-edu", "handle")
    assert handler.submit(address).status_code == 302
    assert "无需签收" in handler.get("/notices").text


def test_a_notice_opens_its_case_and_everything_can_be_read_at_once(world: World) -> None:
    handler = _urged(world)
    opened = handler.submit(_address(handler.get("/notices").text, "open"))
    assert opened.headers["Location"] == f"/cases/{world.case}"
    assert handler.submit("/notices/read").status_code == 302
    assert "没有未读的提醒" in handler.get("/notices", unread="1").text


def test_word_of_a_record_leads_to_its_page_and_stands_in_no_history_of_it(world: World) -> None:
    with world.transaction() as session:
        for stream in ("talent:T0001", "calendar"):
            owe_notice(
                session,
                stream,
                "reminder",
                title="人才信息",
                text="请核对。",
                role="talent_office",
                actor=world.actor("office"),
                now=world.clock.now,
            )
    work_all(world)
    office = Visitor(world, "office")
    page = office.get("/notices").text
    assert page.count(">查看</button>") == page.count(">标为已读</button>") == 1
    opened = {
        office.submit(address).headers["Location"] for address in re.findall(r'"(/notices/[0-9a-f-]+/open)"', page)
    }
    assert opened == {"/talents/T0001", "/notices"}
    assert "请核对。" not in office.get("/talents/T0001").text
    assert "notice" not in {entry["kind"] for entry in world.api("office").get("/talents/T0001/history").json["items"]}


def test_another_persons_notice_does_not_exist(world: World) -> None:
    handler = _urged(world)
    address = _address(handler.get("/notices").text, "open")
    assert Visitor(world, "handler-health").submit(address).status_code == 404


def test_an_empty_inbox_says_when_word_is_delivered(world: World) -> None:
    assert "工作日 09:00 至 17:30 送达" in Visitor(world, "auditor").get("/notices").text


def test_the_unit_that_handed_a_need_back_is_not_called_in_time(world: World) -> None:
    world.dispatched("edu")
    world.do("handler-edu", "handle", {"result": "not_ours", "reason": "属住房保障职责"})
    page = Visitor(world, "office").get(f"/tasks/{world.task('redispatch').id}").text
    assert "退回改派，不算答复" in page
    assert "按期" not in page


def test_the_ledger_shows_the_column_that_its_filter_is_about(world: World) -> None:
    world.dispatched("edu")
    world.pass_days(3)  # the office's own step is late
    page = Visitor(world, "office").get("/ledger", late="steps").text
    assert "<th" in page
    assert "环节超期</th>" in page.replace("</a>", "")
    assert "环节超期</th>" not in Visitor(world, "office").get("/ledger").text.replace("</a>", "")
