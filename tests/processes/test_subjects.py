"""A task that decides on what a unit did names the unit, its lateness and its urges, wherever the task is shown."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from service import clock
from service.notifications.models import Notification
from service.people.queries import unit_names
from service.processes import queries
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.processes.models import UserTask
from service.processes.subjects import Subject, subjects_of, titled
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.exports import exported_rows
from tests.factories.statements import counted
from tests.factories.steps import DONE, NOT_OURS, REFER, mismatches
from tests.factories.visitor import Visitor
from tests.factories.workers import work_all
from tests.factories.world import HOME, OFFICE, World

EDU, HOUSING = "handler-edu", "handler-housing"


def about(world: World, step: str) -> list[Sequence[Subject]]:
    """The units that the open tasks of ``step`` are about."""
    with world.database.reading() as session:
        page = queries.open_tasks(session, world.actor(OFFICE), today=clock.today())
        rows = [row for row in page.items if row.task == step and row.instance_id == world.case]
        found = subjects_of(session, rows)
        return [found.get(row.id, ()) for row in rows]


def name(world: World, code: str) -> str:
    with world.database.reading() as session:
        return unit_names(session, [code])[code]


def two_late(world: World) -> tuple[str, str]:
    """Two units of one need are so late that a circular is asked for each."""
    world.dispatched("edu", "housing")
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(25)
    assert [step for step, _ in world.open_steps()] == ["approve_circular"] * 2 + ["handle"] * 2
    return name(world, "edu"), name(world, "housing")


def test_two_late_units_of_one_need_are_two_different_tasks(world: World) -> None:
    edu, housing = two_late(world)
    late = world.task("handle", "edu")
    [(first,), (second,)] = sorted(about(world, "approve_circular"), key=lambda one: one[0].unit)
    assert [first.unit, second.unit] == ["edu", "housing"]
    assert (first.task, first.urges) == (late.id, 1)
    assert first.late_days >= 5
    titles = {titled("通报审批", [one]) for one in (first, second)}
    said = f"（超期 {first.late_days} 个工作日，催办 1 次）"
    assert titles == {f"通报审批：{edu}{said}", f"通报审批：{housing}{said}"}

    office = Visitor(world, OFFICE)
    for page in ("/", "/tasks", f"/cases/{world.case}"):
        text = office.get(page).text
        assert all(f"督办 · {title}" in text for title in titles), page
    cells = [str(cell.value) for row in exported_rows(office, "/tasks.xlsx") for cell in row]
    column = [cell for cell in cells if "通报审批" in cell]
    assert sorted(column) == sorted(f"督办 · {title}" for title in titles)
    items = world.api(OFFICE).get("/tasks", q="").json["items"]
    told = [one["about"] for one in items if one["task"] == "approve_circular"]
    assert sorted((one["unit"], one["unit_name"], one["late_days"], one["urges"]) for [one] in told) == [
        ("edu", edu, first.late_days, 1),
        ("housing", housing, first.late_days, 1),
    ]
    state = world.api(OFFICE).get(f"/instances/{world.case}").json
    assert sum(bool(one["about"]) for one in state["open_tasks"]) == 2
    assert all(not one["about"] for one in state["open_tasks"] if one["task"] == "handle")


def test_a_day_later_the_unit_is_a_day_later_until_it_answers(world: World) -> None:
    two_late(world)
    before = {one.unit: one.late_days for (one,) in about(world, "approve_circular")}
    world.clock.advance(days=7)
    assert {one.unit: one.late_days for (one,) in about(world, "approve_circular")} == {
        unit: days + 5 for unit, days in before.items()
    }
    world.do(EDU, "handle", DONE, unit="edu")
    world.clock.advance(days=7)
    [(answered,)] = about(world, "review_reply")
    assert answered.late_days == world.done("handle").late_days == before["edu"] + 5


def test_the_page_says_what_the_unit_answered_above_the_form(world: World) -> None:
    edu, housing = two_late(world)
    office = Visitor(world, OFFICE)
    circular = next(one for one in about(world, "approve_circular") if one[0].unit == "housing")[0]
    pages = [office.get(f"/tasks/{row}").text for row in open_ids(world, "approve_circular")]
    page = next(one for one in pages if f"<title>通报审批：{housing}" in one)
    assert f"<b>{housing}</b>（协办）" in page
    assert page.index("尚未回复") < page.index('data-form="form-data"')
    assert f"超期 {circular.late_days} 个工作日" in page
    assert "催办 1 次" in page

    world.do(EDU, "handle", {**DONE, "reply": "已协调入读第一小学"}, unit="edu")
    page = office.get(f"/tasks/{open_ids(world, 'review_reply')[0]}").text
    assert f"<b>{edu}</b>（主办）" in page
    assert page.index("已协调入读第一小学") < page.index('data-form="form-data"')
    assert "上一步：办理" not in page


def open_ids(world: World, step: str) -> list[object]:
    with world.database.reading() as session:
        found = select(UserTask.id).where(
            UserTask.instance_id == world.case, UserTask.task == step, UserTask.status == "open"
        )
        return list(session.scalars(found.order_by(UserTask.entered_seq, UserTask.id)))


def test_word_of_the_task_names_the_unit(world: World) -> None:
    edu, _ = two_late(world)
    world.do(EDU, "handle", DONE, unit="edu")
    world.clock.advance(days=7 - world.clock.now.weekday())  # a Monday: notices wait for office hours
    work_all(world)
    with world.database.reading() as session:
        mine = select(Notification).where(Notification.username == OFFICE, Notification.template == "task")
        told = [(one.title, one.text) for one in session.scalars(mine) if "办理审核" in one.title]
    days = world.done("handle").late_days
    assert [one for one, _ in told] == [f"新待办：办理审核：{edu}（超期 {days} 个工作日，催办 1 次）（子女入学）"]
    assert f"办理审核：{edu}" in told[0][1]


def test_an_assessment_names_the_units_that_were_referred(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do(OFFICE, "feedback_accepted")
    world.do(EDU, "handle", NOT_OURS, unit="edu")
    assert [one.unit for (one,) in about(world, "redispatch")] == ["edu"]
    world.do(OFFICE, "redispatch")  # to housing
    world.do(HOUSING, "handle", DONE, unit="housing")
    [(reviewed,)] = about(world, "review_reply")
    assert (reviewed.unit, reviewed.opened_for) == ("housing", "edu")
    world.do(OFFICE, "review_reply", REFER)
    world.do("handler-guicheng", "handle", DONE, unit="guicheng")
    world.do(OFFICE, "review_reply")
    [referred] = about(world, "assess")
    assert [one.unit for one in referred] == ["housing"]
    page = Visitor(world, OFFICE).get(f"/tasks/{world.task('assess').id}").text
    assert f"督办 · 研判：{name(world, 'housing')}" in page
    assert f"<b>{name(world, 'housing')}</b>（主办）" in page

    world.do(OFFICE, "assess", {"route": "redispatch", "comment": "另派"})
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": ["guicheng"]})
    world.do(OFFICE, "feedback_accepted")
    world.do(EDU, "handle", DONE, unit="edu")
    world.do(OFFICE, "review_reply", REFER)
    world.do("handler-guicheng", "handle", DONE, unit="guicheng")
    world.do(OFFICE, "review_reply", REFER)
    [referred] = about(world, "assess")
    assert sorted(one.unit for one in referred) == ["edu", "guicheng"]
    assert mismatches(world) == []


def test_a_case_of_an_older_diagram_takes_the_word_of_the_newest(world: World) -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    word = b"""<spiffworkflow:property name="about" value="slots:decision == 'refer'" />"""
    assert word in files["bpmn/request.bpmn"]
    older = {**files, "bpmn/request.bpmn": files["bpmn/request.bpmn"].replace(word, b"")}
    newer = {**files, "bpmn/request.bpmn": files["bpmn/request.bpmn"] + b"<!-- newer -->"}

    def publish(bundle: dict[str, bytes]) -> None:
        with world.transaction() as session:
            deploy(session, unchecked("request", bundle), actor=SYSTEM, now=clock.now())

    publish(older)
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    world.do(EDU, "handle", DONE, unit="edu")
    world.do(OFFICE, "review_reply", REFER)
    assert about(world, "assess") == [()]
    publish(newer)
    assert [one.unit for [one] in about(world, "assess")] == ["edu"]


@pytest.mark.parametrize(("word", "units"), [("lead_unit", ["edu"]), ("units", ["edu", "housing"]), ("title", None)])
def test_a_diagram_may_name_units_by_an_expression(world: World, word: str, units: list[str] | None) -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    before = b'<spiffworkflow:property name="form" value="feedback_accepted" />'
    after = before + f'<spiffworkflow:property name="about" value="{word}" />'.encode()
    made = {**files, "bpmn/request.bpmn": files["bpmn/request.bpmn"].replace(before, after)}
    with world.transaction() as session:
        deploy(session, unchecked("request", made), actor=SYSTEM, now=clock.now())
    world.dispatched("edu", "housing")
    [named] = about(world, "feedback_accepted")
    assert ([one.unit for one in named] or None) == units


def test_lists_take_as_many_statements_for_many_tasks_as_for_few(world: World) -> None:
    office = Visitor(world, OFFICE)
    sent = []
    for _ in range(2):
        two_late(world)
        world.do(EDU, "handle", DONE, unit="edu")
        office.get("/tasks")
        with counted(world) as statements:
            assert office.get("/tasks").status_code == 200
        sent.append(len(statements))
    assert sent[0] == sent[1]


def test_a_name_that_holds_the_unit_already_is_not_said_twice() -> None:
    assert titled("审核半年报告：区教育局", [Subject("edu", "区教育局")]) == "审核半年报告：区教育局"
    assert (
        titled("审核半年报告：区教育局", [Subject("edu", "区教育局", 2)]) == "审核半年报告：区教育局（超期 2 个工作日）"
    )
    assert titled("审核更正：某某", [Subject("edu", "区教育局")]) == "审核更正：某某（区教育局）"
    two = [Subject("edu", "区教育局", 0, 1), Subject("housing", "区住建局")]
    assert titled("研判", two) == "研判：区教育局（催办 1 次）、区住建局"
