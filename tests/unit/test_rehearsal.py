"""A rehearsal runs a bundle in memory: the same steps, the same state; what a real case refuses it refuses."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from service import clock
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.rehearsal.core import Rehearsal
from service.rehearsal.samples import filled
from tests.factories import engines
from tests.factories.rehearsals import MONDAY, NEED, begun, calendar, handed_out, made_of, plan

ANSWER = {"result": "done", "reply": "已办"}
EMPTY = b'{"type": "object", "properties": {}, "additionalProperties": true}'


def labels(rehearsal: Rehearsal) -> list[str]:
    return [one.label for one in rehearsal.state.open]


def test_a_need_runs_from_record_to_its_end() -> None:
    rehearsal = handed_out()
    assert labels(rehearsal) == ["handle/edu", "handle/dali"]
    assert rehearsal.state.due["handle/edu"] == date(2026, 3, 11)
    for unit in ("edu", "dali"):
        rehearsal.do("handle", ANSWER, unit=unit, by=f"responsible_unit@{unit}")
        rehearsal.do("review_reply", {"decision": "accept"}, unit=unit)
    form = rehearsal.made.forms["feedback_result"]
    rehearsal.do("feedback_result", filled(form, {}, today=rehearsal.today, calendar=calendar()))
    state = rehearsal.state
    assert (state.end, state.end_name, state.open, state.timers, state.marking) == ("end_done", "办结", (), (), ())
    assert state.data["number"] == "2026-需-0001"
    assert state.decided == (("dispatch_table", "rule_01"),)
    assert [one.label for one in state.done][:3] == ["record_need", "accept", "dispatch"]
    assert ("answered_now", "record_need") in [(one.node, one.source) for one in state.path]


def test_waiting_fires_what_is_due_on_the_way_in_order_each_at_its_own_time() -> None:
    rehearsal = handed_out()
    rehearsal.do("handle", ANSWER, unit="dali")
    coming = rehearsal.state.timers[0]
    assert (coming.event, coming.of) == ("due_soon", "handle/edu")
    rehearsal.wait(working_days=14)
    state = rehearsal.state
    assert state.fired == ("due_soon", "due_today", "overdue", "long_overdue")
    sent = {one.kind: clock.local(one.at) for one in state.notices if one.of == "handle/edu" and one.kind != "task"}
    assert {kind: f"{at:%m-%d %H:%M}" for kind, at in sent.items()} == {
        "due_soon": "03-06 09:00",
        "due_today": "03-11 09:00",
        "urge": "03-12 09:00",
    }
    assert rehearsal.today == date(2026, 3, 20)
    assert clock.local(rehearsal.now).hour == 9
    assert [one.light(rehearsal.today) for one in state.open if one.task == "handle"] == ["red"]
    rehearsal.do("approve_circular", {"decision": "issue", "text": "逾期未办"}, unit="edu")
    rehearsal.do("handle", ANSWER, unit="edu")
    assert rehearsal.state.done[-1].late_days == 7
    assert [(one.role, one.unit) for one in rehearsal.state.notices if one.kind == "circular"] == [
        ("responsible_unit", "edu")
    ]


def test_the_same_steps_always_lead_to_the_same_state() -> None:
    one, other = handed_out(), handed_out()
    for each in (one, other):
        each.wait(working_days=9)
    assert one.state == other.state


def test_a_fork_goes_its_own_way() -> None:
    rehearsal = handed_out()
    before = rehearsal.state
    other = rehearsal.fork()
    other.wait(working_days=20)
    other.do("handle", ANSWER, unit="edu")
    assert rehearsal.state == before
    assert other.state != before


def test_a_step_is_given_back_to_one_that_was_done() -> None:
    rehearsal = begun()
    rehearsal.do("record_need", NEED)
    rehearsal.do("accept", {"decision": "accept"})
    rehearsal.give_back("accept", "类别有误")
    assert labels(rehearsal) == ["accept"]
    assert rehearsal.state.notices[-1].kind == "returned"
    assert rehearsal.state.notices[-1].text == "类别有误"
    rehearsal.do("accept", {"decision": "accept"})
    assert rehearsal.state.data["number"] == "2026-需-0001", "a number is given once"
    with pytest.raises(NotFound, match="没有步骤可以退回到那里；待办：「派单」"):
        rehearsal.give_back("handle", "不能")


@pytest.mark.parametrize(
    ("task", "data", "unit", "by", "error", "says"),
    [
        ("handle", {"result": "done"}, "edu", None, Invalid, "1 处"),
        ("handle", ANSWER, None, None, NotFound, "同时有几份，请写明单位"),
        (
            "handle",
            ANSWER,
            "housing",
            None,
            NotFound,
            "「办理」（区住房城乡建设和水利局）不在待办；待办：「办理」（区教育局）",
        ),
        ("handle", ANSWER, "edu", "responsible_unit@dali", NotAllowed, "由责任单位（区教育局）办理"),
        ("handle", ANSWER, "edu", "talent_office", NotAllowed, "区人才办不能办理"),
        ("handle", ANSWER, "edu", "responsible_unit@", Invalid, "办理人写法不对"),
        ("accept", {"decision": "accept"}, None, None, NotFound, "不在待办"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    task: str, data: dict[str, str], unit: str | None, by: str | None, error: type[Exception], says: str
) -> None:
    rehearsal = handed_out()
    before = rehearsal.state
    with pytest.raises(error, match=says):
        rehearsal.do(task, data, unit=unit, by=by)
    assert rehearsal.state == before


def test_a_unit_that_is_none_is_refused() -> None:
    rehearsal = begun()
    rehearsal.do("record_need", NEED)
    rehearsal.do("accept", {"decision": "accept"})
    with pytest.raises(Invalid) as refused:
        rehearsal.do("dispatch", {"opinion": "请办", "basis": "competent", "lead_unit": "nowhere"})
    assert [(one.path, one.message) for one in refused.value.findings] == [
        ("/data/lead_unit", "主办单位：没有单位 nowhere")
    ]


def test_time_does_not_go_back_and_a_wait_is_of_days() -> None:
    rehearsal = begun()
    with pytest.raises(Invalid, match="时间不能倒退"):
        rehearsal.until(MONDAY - timedelta(minutes=1))
    with pytest.raises(Invalid, match="等待天数不对"):
        rehearsal.wait(working_days=0)
    rehearsal.until(datetime(2026, 3, 2, 18, 0, tzinfo=clock.SHANGHAI))
    assert rehearsal.state.fired == ()


def test_an_action_answers_what_it_is_told_to() -> None:
    leader = {"leader_id": "80ebf2c0-e1c5-5486-b772-68e4b6491f56"}
    handover = {"title": "移交", "klass": "A", "unit": None, "ended_on": "2026-03-02", "lines": []}
    rehearsal = begun("liaison_change", by="talent_office", data=leader, answers={"open_handover": handover})
    assert labels(rehearsal) == ["plan_a"]
    with pytest.raises(NotFound, match="没有服务动作 nothing"):
        rehearsal.answer("nothing", 1)
    with pytest.raises(NotFound, match="没有服务动作 nothing"):
        begun(answers={"nothing": 1})


def test_a_message_moves_what_waits_for_it() -> None:
    body = (
        engines.start("wait")
        + '<bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition id="wait_for" messageRef="withdrawn" />'
        + "</bpmn:intermediateCatchEvent>"
        + engines.flow("wait", "finish")
        + engines.end()
    )
    files = engines.bpmn('<bpmn:message id="withdrawn" name="withdrawn" />' + engines.process(body))
    rehearsal = Rehearsal(made_of(files, {}), calendar(), plan(), MONDAY)
    assert (rehearsal.state.messages, rehearsal.state.marking) == (("withdrawn",), (("p", "", "wait"),))
    with pytest.raises(Conflict, match="没有步骤在等待消息「other」"):
        rehearsal.message("other")
    rehearsal.message("withdrawn", {"why": "已解决"})
    assert rehearsal.state.end == "finish"


def test_the_marking_names_what_holds_a_token_joins_and_calls_too() -> None:
    rehearsal = handed_out()
    held = {(process, node) for process, _, node in rehearsal.state.marking}
    assert {("request", "unit_slots"), ("request", "all_back"), ("unit_handling", "handle")} <= held
    assert ("request", "accept") not in held
    timers = [node for process, _, node in rehearsal.state.marking if process == "unit_handling" and node == "overdue"]
    assert len(timers) == 2, "one a unit"


def test_a_step_for_nobody_is_shown_and_cannot_be_taken() -> None:
    body = engines.start("ask") + engines.user("ask") + engines.flow("ask", "finish") + engines.end()
    made = made_of(engines.bpmn(engines.process(body)), {"ask": EMPTY})
    rehearsal = Rehearsal(made, calendar(), plan(), MONDAY)
    assert [one.role for one in rehearsal.state.open] == [None]
    with pytest.raises(Invalid, match="没有人可以办理"):
        rehearsal.do("ask", {})


def test_a_diagram_that_wakes_itself_for_ever_is_stopped() -> None:
    body = (
        engines.start("ask")
        + engines.user("ask", candidates="talent_office")
        + engines.timer("again", "ask", "PT1M", cancels=True, kind="timeDuration").replace(">PT1M<", ">'PT1M'<")
        + engines.flow("again", "ask")
        + engines.flow("ask", "finish")
        + engines.end()
    )
    rehearsal = Rehearsal(made_of(engines.bpmn(engines.process(body)), {"ask": EMPTY}), calendar(), plan(), MONDAY)
    before = rehearsal.state
    with pytest.raises(Conflict, match="触发超过 60 次"):
        rehearsal.wait(working_days=30)
    assert rehearsal.state == before
