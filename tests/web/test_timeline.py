"""The timeline of a case says of every step whose work it is about, where two units work at once."""

from __future__ import annotations

import re

from service import clock
from service.processes import commands, operations, queries
from service.processes.advance import open_tasks
from service.processes.models import UserTask
from tests.factories.rounds import begin
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import World


def told(world: World, username: str = "office") -> list[str]:
    """The entries of the timeline as a person reads them, the oldest first."""
    page = Visitor(world, username).get(f"/cases/{world.case}").text
    shown = page[page.index('id="timeline"') :]
    entries = re.findall(r"<li class=.*?</li>", shown, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in reversed(entries)]


def approval(world: World, unit: str) -> UserTask:
    """The open approval of a circular in the slot of ``unit``."""
    with world.database.reading() as session:
        found = [one for one in open_tasks(session, world.case) if one.task == "approve_circular" and one.slot == unit]
        session.expunge_all()
    assert len(found) == 1
    return found[0]


def test_approvals_and_reviews_of_two_late_units_are_told_apart(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do("office", "feedback_accepted")
    world.pass_days(30)
    for unit in ("edu", "guicheng"):
        task = approval(world, unit)
        with world.transaction() as session:
            commands.complete(
                session,
                task_id=task.id,
                data={"decision": "issue", "text": "现予通报。"},
                actor=world.actor("office"),
                now=world.clock.now,
            )
    world.do("handler-edu", "handle", unit="edu")
    said = told(world)
    for name in ("区教育局", "桂城街道办事处"):
        assert any(f"→ 通报审批（{name}）" in one for one in said)
        assert any("完成「通报审批」" in one and name in one for one in said)
        assert any("发出通报" in one and name in one for one in said)
    assert any("→ 办理审核（区教育局）" in one for one in said)


def test_a_step_of_a_round_names_its_unit_once_above_the_form(world: World) -> None:
    begin(world, "half_year_report", "office")
    world.do("office", "choose_period", {"year": 2026, "half": 1})
    page = Visitor(world, "liaison-hrss").get(f"/tasks/{world.task('submit_half_year', 'hrss').id}").text
    heading = re.search(r"<h2>([^<]*核对、补充并报送[^<]*)", page)
    assert heading is not None
    assert heading[1].count("区人力资源和社会保障局") == 1


def test_a_step_whose_name_says_nothing_of_its_unit_does_so_above_the_form(world: World) -> None:
    world.dispatched("edu")
    page = Visitor(world, "handler-edu").get(f"/tasks/{world.task('handle', 'edu').id}").text
    assert "<h2>办理 · 区教育局" in page


def test_what_counts_no_longer_is_marked_as_in_the_replay(world: World) -> None:
    world.dispatched("edu")
    task = world.done("dispatch")
    with world.transaction() as session:
        operations.take_back(session, task_id=task.id, reason="派错单位", actor=world.actor("office"), now=clock.now())
    marked = [one for one in told(world) if "已撤回" in one]
    assert len(marked) == 1
    assert "派单" in marked[0]
    replay = Visitor(world, "office").get(f"/cases/{world.case}/replay").text
    assert replay.count("已撤回") >= 1


def test_a_finished_step_leads_to_what_was_seen_and_a_moved_date_to_its_reason(world: World) -> None:
    world.dispatched("edu")
    page = Visitor(world, "office").get(f"/cases/{world.case}").text
    with world.database.reading() as session:
        _, _, events = queries.journal(session, world.case, world.actor("office"))
        done = {one.seq for one in events if one.kind == "completed"}
    linked = {int(one) for one in re.findall(r'/replay\?at=(\d+)">当时看到的表单', page)}
    assert linked == done


def test_a_page_reads_the_journal_of_its_case_once(world: World) -> None:
    world.dispatched("edu")
    visitor = Visitor(world, "office")
    visitor.get(f"/cases/{world.case}")
    with counted(world) as sent:
        assert visitor.get(f"/cases/{world.case}").status_code == 200
    assert len([one for one in sent if "FROM history_event" in one and "history_event.prev_hash" in one]) == 1
