"""Finished cases run again by a changed process: the same way, another, or waiting for what nobody was asked."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from service import clock, jobs
from service.cli import liaison
from service.errors import Invalid
from service.processes.bundles import Compiled, compile_bundle
from service.processes.calendars import current
from service.studio import backtest, backtesting, drafts
from service.studio.supposing import Suppositions
from service.usecases.rehearsals import plan_of
from tests.factories.steps import INTERIM, NOT_OURS
from tests.factories.versions import FIVE_DAYS, Edits, changed
from tests.factories.world import CONFIG, HOME, OFFICE, World

SIGNED = '<bpmn:sequenceFlow id="signed" sourceRef="sign_off" targetRef="send_out" />'
SIGNING = """<bpmn:userTask id="sign_off" name="签批"><bpmn:extensionElements><spiffworkflow:properties>
<spiffworkflow:property name="candidates" value="talent_office" />
<spiffworkflow:property name="form" value="accept" />
</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>
"""
SIGN_OFF: Edits = {
    "bpmn/request.bpmn": [
        ('sourceRef="dispatch" targetRef="send_out" />', f'sourceRef="dispatch" targetRef="sign_off" />{SIGNED}'),
        ('<bpmn:userTask id="dispatch"', f'{SIGNING}<bpmn:userTask id="dispatch"'),
    ]
}


@pytest.fixture
def finished(world: World) -> World:
    """A case that took eight days to handle."""
    world.dispatched()
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(8)
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_result")
    return world


def tried(world: World, edits: Edits, suppose: dict[str, Any] | None = None) -> backtest.Tested:
    made: Compiled = compile_bundle(changed(edits), "request")
    plan = plan_of(world.settings, world.organization)
    with world.database.reading() as session:
        given = backtest.given(session, [world.case])
        supposing = Suppositions.read(suppose or {}).fitting(made, given)
        return backtest.tested(session, world.case, made, plan, current(session), supposing)


def test_the_shipped_process_goes_the_way_it_went(finished: World) -> None:
    one = tried(finished, {})
    assert (one.verdict, one.message) == (backtest.SAME, "")
    assert [due.days for due in one.dues] == [0] * len(one.dues)
    assert one.flows["request", "accept", "acceptance"] == 1


def test_shorter_days_move_dates_and_make_late(finished: World) -> None:
    one = tried(finished, FIVE_DAYS)
    [due] = [due for due in one.dues if due.days]
    assert (one.verdict, due.step, due.days, due.late_was, due.late_would) == (backtest.SAME, "办理", -2, False, True)
    summary = backtest.Summary()
    summary.take(one)
    assert summary.steps["办理"] == {"n": 1, "earlier": 1, "later": 0, "days": -2, "late_before": 0, "late_after": 1}
    assert backtest.Summary.read(summary.data()) == summary


def test_a_step_or_a_field_that_nobody_was_asked_for_is_named(finished: World) -> None:
    one = tried(finished, SIGN_OFF)
    assert (one.verdict, one.step) == (backtest.ASKED, "签批")
    assert one.message == "当时办的是「反馈受理情况」，新版会先等「签批」，当时没有这一步"
    form = (HOME / "forms/request/review_reply.json").read_text()
    needs = form.replace('"required": [', '"required": ["grade", ', 1).replace(
        '"properties": {', '"properties": {"grade": {"type": "string", "title": "评价等次"},', 1
    )
    one = tried(finished, {"forms/review_reply.json": [(form, needs)]})
    assert (one.verdict, one.step, one.fields) == (backtest.ASKED, "办理审核", ("评价等次",))


def test_a_supposed_answer_goes_on_and_shifts_all_that_comes_behind_it(finished: World) -> None:
    """People take the days that they took: the unit's eight begin when the new step is over, and its date with them."""
    signing = {"request/sign_off": {"data": {"decision": "accept"}, "days": 3}}
    one = tried(finished, SIGN_OFF, signing)
    assert (one.verdict, one.message, one.supposed) == (backtest.SAME, "", ("签批",))
    [handled] = [due for due in one.dues if due.step == "办理"]
    assert (handled.days, handled.late_was, handled.late_would) == (3, False, False)
    assert one.flows["request", "sign_off", "send_out"] == 1
    summary = backtest.Summary()
    summary.take(one)
    assert (summary.supposed, backtest.Summary.read(summary.data())) == ({"": 1, "签批": 1}, summary)
    as_most = tried(finished, SIGN_OFF, {"request/sign_off": {"data": {"decision": "$most"}, "days": 0}})
    assert (as_most.verdict, as_most.supposed) == (backtest.SAME, ("签批",))


def test_a_supposed_field_fills_the_form_of_then(finished: World) -> None:
    form = (HOME / "forms/request/review_reply.json").read_text()
    needs = form.replace('"required": [', '"required": ["grade", ', 1).replace(
        '"properties": {', '"properties": {"grade": {"type": "string", "title": "评价等次"},', 1
    )
    edits = {"forms/review_reply.json": [(form, needs)]}
    one = tried(finished, edits, {"unit_handling/review_reply": {"data": {"grade": "好"}}})
    assert (one.verdict, one.supposed) == (backtest.SAME, ("办理审核",))


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"sign_off": {}}, "/suppose/sign_off"),
        ({"request/sign_off": {"days": -1}}, "/suppose/request/sign_off/days"),
        ({"request/nowhere": {"days": 1}}, "/suppose/request/nowhere"),
        ({"request/sign_off": {"data": {"mood": 1}}}, "/suppose/request/sign_off/data/mood"),
        ({"request/sign_off": {"data": {"reject_reason": "$most"}}}, "/suppose/request/sign_off/data/reject_reason"),
    ],
)
def test_what_cannot_be_supposed_is_refused_at_its_place(said: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        Suppositions.read(said).fitting(compile_bundle(changed(SIGN_OFF), "request"), {})
    assert [one.path for one in refused.value.findings] == [path]


def test_another_way_is_told_where_it_parts(finished: World) -> None:
    one = tried(finished, {"bpmn/request.bpmn": [("decision == 'accept'", "decision == 'taken'")]})
    assert one.verdict in (backtest.OTHER, backtest.ASKED)
    assert "当时办的是「派单」" in one.message
    summary = backtest.Summary()
    summary.take(one)
    assert summary.reasons == {one.verdict: {one.message: 1}}
    gone = {(flow, was, would) for flow, was, would in backtest.unlike(summary.before, summary.flows)}
    assert (("request", "accept", "acceptance"), 1, 1) in gone
    assert {(was, would) for (_, source, _), was, would in gone if source == "dispatch"} == {(1, 0)}


def test_a_draft_changed_while_its_backtest_paused_is_not_mixed_with_what_was_tested(finished: World) -> None:
    owner = finished.actor("owner")
    with finished.transaction() as session:
        draft = drafts.create(session, process="request", files=changed({}), actor=owner, now=clock.now()).id
        wish = backtesting.Wish("request", date(2026, 9, 1), date(2026, 12, 31), draft)
        job = backtesting.submit(session, wish=wish, actor=owner, now=clock.now())
        job.state, job_id = {"after": "", "summary": {}, "revision": 7}, job.id
    _work(finished)
    with finished.database.reading() as session:
        told = jobs.job_of(session, job_id)
        assert (told.status, told.message) == ("failed", "暂停期间草稿又有改动，已测的和没有测的不是同一份；请重新回测")


def test_rounds_and_returned_steps_go_the_way_they_went(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(3)
    world.do("handler-guicheng", "handle", NOT_OURS, unit="guicheng")
    world.do(OFFICE, "redispatch")
    world.do("handler-edu", "handle", INTERIM, unit="edu")
    world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": INTERIM["next_date"]})
    world.pass_days(20)
    world.do("handler-housing", "handle", unit="housing")
    world.do(OFFICE, "review_reply")
    world.do("handler-edu", "handle", unit="edu")
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_result")
    one = tried(world, {})
    assert (one.verdict, one.message) == (backtest.SAME, "")
    assert {due.days for due in one.dues} == {0}


def test_owners_test_a_draft_by_a_job_and_get_a_sheet(finished: World) -> None:
    api = finished.api("owner")
    with finished.transaction() as session:
        draft = drafts.create(
            session, process="request", files=changed(FIVE_DAYS), actor=finished.actor("owner"), now=clock.now()
        ).id
    body = {"from": "2026-09-01", "to": "2026-12-31"}
    assert finished.api(OFFICE).post(f"/drafts/{draft}/backtest", body).status_code == 403
    assert api.post(f"/drafts/{draft}/backtest", {**body, "to": "2026-08-01"}).status_code == 422
    job = api.post(f"/drafts/{draft}/backtest", body).json["id"]
    _work(finished)
    told: dict[str, Any] = api.get(f"/jobs/{job}").json
    assert (told["status"], told["done"], told["counts"]) == ("done", 1, {"same": 1}), told["message"]
    assert told["result"]["steps"]["办理"]["late_after"] == 1
    assert told["result"]["flows"]["request/accept/acceptance"] == 1
    [item] = api.get(f"/jobs/{job}/items").json["items"]
    assert UUID(item["key"]) == finished.case
    assert "子女入学" not in str(item)
    sheet = load_workbook(BytesIO(api.get(f"/backtests/{job}/xlsx").data)).active
    assert [cell.value for cell in sheet[2]][1:] == [
        "走法相同",
        None,
        "办理",
        *[cell.value for cell in sheet[2]][4:6],
        -2,
        "否",
        "是",
        None,
    ]


def test_the_command_line_tests_a_folder(finished: World) -> None:
    environ = {"LIAISON_DATABASE_URL": finished.settings.database_url}
    words = ["--config", str(CONFIG), "backtest", str(HOME / "bpmn/request")]
    days = ["--from", "2026-09-01", "--to", "2026-12-31"]
    same = CliRunner().invoke(liaison, [*words, *days], env=environ)
    assert (same.exit_code, "走法相同 1 件" in same.output) == (0, True), same.output
    wrong = CliRunner().invoke(liaison, [*words, "--from", "2026-09-02", "--to", "2026-09-01"], env=environ)
    assert (wrong.exit_code, "结束日期不能早于开始日期" in wrong.output) == (1, True)


def _work(world: World) -> None:
    while jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: False, clock.now()):
        pass
