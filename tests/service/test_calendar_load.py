"""A loaded notice moves what is unanswered, nothing else, and leaves a trace (CLOCK)."""

from __future__ import annotations

from datetime import datetime

import pytest
from click.testing import CliRunner

from service import engine
from service.cli import liaison
from service.clock import SHANGHAI
from service.errors import NotAllowed
from service.processes import extensions, halting
from service.processes import timers as wake_ups
from service.processes.calendars import current
from service.processes.models import UserTask
from service.rights import SYSTEM
from service.usecases.calendars import Loaded, add_notices, recount
from tests.factories.workers import at_once, happened, inbox_of, mismatches, timers_of, work_all
from tests.factories.world import CONFIG

TYPHOON = """
[[closures]]
from = 2026-09-21
to = 2026-09-22
reason = "台风停工"
number = "南府通〔2026〕8号"
"""


def _load(world, content: str = TYPHOON, by=SYSTEM) -> int:
    with world.transaction() as session:
        return add_notices(
            session, content=content.encode(), name="notice.toml", config=CONFIG, actor=by, now=world.clock.now
        ).changed


def test_a_notice_moves_unanswered_items_and_says_from_when_to_when_and_why(world):
    world.dispatched("edu", "guicheng")
    world.do("office", "feedback_accepted")
    world.do("handler-guicheng", "handle", unit="guicheng")
    answered = world.done("handle")
    assert world.task("handle", "edu").due_on.isoformat() == "2026-09-24"
    before = [timer.fire_at for timer in timers_of(world)]
    assert _load(world) == 1
    task = world.task("handle", "edu")
    assert task.due_on.isoformat() == "2026-09-29"  # two days of typhoon, then the Mid-Autumn holiday
    assert "台风停工" in str(task.due_explanation)
    changed = {event.task: event.data for event in happened(world, "due_changed")}
    moved = changed[str(task.id)]
    assert (moved["old_due_on"], moved["due_on"], moved["notice"]) == ("2026-09-24", "2026-09-29", "南府通〔2026〕8号")
    assert str(answered.id) not in changed
    again = world.done("handle")
    assert (again.due_on, again.late_days) == (answered.due_on, answered.late_days)
    assert [timer.fire_at for timer in timers_of(world)] != before
    assert mismatches(world) == []


def test_reminders_follow_the_moved_deadline(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    _load(world)
    world.clock.set(datetime(2026, 9, 24, 10, 0, tzinfo=SHANGHAI))  # the old due date
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-edu")] == ["due_changed", "due_soon"]
    world.clock.set(datetime(2026, 9, 29, 10, 0, tzinfo=SHANGHAI))
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-edu")] == ["due_changed", "due_soon", "due_today"]
    assert mismatches(world) == []


def test_a_reminder_that_rang_before_a_notice_moved_the_date_later_rings_again(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    for day in (21, 24):  # the day of the reminder, the due date
        world.clock.set(datetime(2026, 9, day, 10, 0, tzinfo=SHANGHAI))
        work_all(world)
    told = ["due_soon", "due_today"]
    assert [template for template, _ in inbox_of(world, "handler-edu")] == told
    assert _load(world) == 1  # the typhoon is told late: due on the 29th
    assert _load(world) == 0
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-edu")] == [*told, "due_changed"], "none at once"
    world.clock.set(datetime(2026, 9, 29, 10, 0, tzinfo=SHANGHAI))
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-edu")][3:] == ["due_today"]
    assert mismatches(world) == []


def test_a_notice_that_was_loaded_by_the_rules_before_replays_as_it_ran(world, monkeypatch):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    for day in (21, 24):
        world.clock.set(datetime(2026, 9, day, 10, 0, tzinfo=SHANGHAI))
        work_all(world)
    with monkeypatch.context() as before:
        before.setattr(engine, "RULES", 5)
        assert _load(world) == 1
    world.clock.set(datetime(2026, 9, 29, 10, 0, tzinfo=SHANGHAI))
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-edu")] == ["due_soon", "due_today", "due_changed"]
    assert mismatches(world) == []


def test_loading_the_same_notice_again_changes_nothing(world):
    world.dispatched("edu")
    assert _load(world) == 1
    before = len(happened(world, "due_changed"))
    assert _load(world) == 0
    with world.transaction() as session:
        assert recount(session, actor=SYSTEM, now=world.clock.now) == Loaded()
    assert len(happened(world, "due_changed")) == before
    assert mismatches(world) == []


def test_a_case_that_began_with_the_old_calendar_is_recounted(world, monkeypatch):
    with world.database.reading() as session:
        old = current(session)
    _load(world)
    monkeypatch.setattr("service.processes.advance.current", lambda _: old)
    world.dispatched("edu")
    monkeypatch.undo()
    assert world.task("handle", "edu").due_on.isoformat() == "2026-09-24"
    with world.transaction() as session:
        assert recount(session, actor=SYSTEM, now=world.clock.now).changed == 1
    assert world.task("handle", "edu").due_on.isoformat() == "2026-09-29"
    assert mismatches(world) == []


def test_lateness_stays_frozen_when_a_later_notice_would_have_excused_it(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    world.clock.set(datetime(2026, 9, 28, 10, 0, tzinfo=SHANGHAI))
    world.do("handler-edu", "handle")
    assert world.done("handle").late_days == 1
    _load(world)
    assert world.done("handle").late_days == 1
    assert mismatches(world) == []


def test_a_suspended_case_is_recounted_too(world):
    world.dispatched("edu")
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="等", actor=world.actor("office"), now=world.clock.now)
    assert _load(world) == 1
    assert mismatches(world) == []


def test_days_that_stood_still_are_counted_by_the_notice_too(world):
    world.dispatched("edu")
    with world.transaction() as session:
        office = world.actor("office")
        halting.suspend(
            session, instance_id=world.case, reason="等", due=halting.SHIFT, actor=office, now=world.clock.now
        )
    world.clock.advance(days=5)
    with world.transaction() as session:
        halting.resume(session, instance_id=world.case, reason="", actor=office, now=world.clock.now)
    # 17, 18, 20 (调休) and 21 September stood still: 28, 29, 30 September, 8 October
    assert world.task("handle", "edu").due_on.isoformat() == "2026-10-08"
    assert _load(world) == 1
    # 21 and 22 are off: seven days end on 29 September, and three of them stood still: 30 September, 8, 9 October
    assert world.task("handle", "edu").due_on.isoformat() == "2026-10-09"
    assert world.task("handle", "edu").first_due_on.isoformat() == "2026-09-24"
    assert mismatches(world) == []


def test_a_later_date_that_was_agreed_on_stays(world):
    world.dispatched("edu")
    with world.transaction() as session:
        extensions.extend(
            session,
            task_id=world.task("handle", "edu").id,
            due_on="2026-09-30",
            reason="等待批复",
            asked_by="来电",
            actor=world.actor("office"),
            now=world.clock.now,
        )
    _load(world)
    assert world.task("handle", "edu").due_on.isoformat() == "2026-09-30"
    assert mismatches(world) == []


def test_a_date_that_people_agreed_on_stays(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    interim = {"result": "interim", "reason": "需分步", "progress": "已协调学校", "next_date": "2026-09-30"}
    world.do("handler-edu", "handle", interim)
    world.do("office", "confirm_interim", {"decision": "agree", "agreed_date": "2026-09-30"})
    due = world.task("handle", "edu").due_on
    _load(world)
    assert world.task("handle", "edu").due_on == due
    assert mismatches(world) == []


def test_only_who_keeps_the_calendar_may_load_a_notice(world):
    for username in ("handler-edu", "liaison-hrss", "auditor"):
        with pytest.raises(NotAllowed):
            _load(world, by=world.actor(username))
    assert _load(world, by=world.actor("admin")) == 0


def test_the_command_prints_each_moved_deadline(world, tmp_path):
    world.dispatched("edu")
    (tmp_path / "typhoon.toml").write_text(TYPHOON)
    url = world.database.url.render_as_string(hide_password=False)
    call = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None})
    shown = call.invoke(liaison, ["calendar", "load", str(tmp_path / "typhoon.toml")])
    assert shown.exit_code == 0, shown.output
    assert "2026-需-0001 子女入学 办理 edu：2026-09-24 → 2026-09-29" in shown.stdout
    again = call.invoke(liaison, ["calendar", "load", str(tmp_path / "typhoon.toml")])
    assert (again.exit_code, "→" in again.stdout) == (0, False)


def test_the_command_counts_each_case_by_itself_and_says_how_many_it_could_not(world, tmp_path):
    world.dispatched("edu")
    broken = world.task("handle", "edu").id
    world.dispatched("edu")
    whole = world.task("handle", "edu").id
    with world.transaction() as session:
        words = {"due": "working_days(2000)", "warn": None, "due_basis": "", "settings": {}}
        session.get_one(UserTask, broken).kept = words
    (tmp_path / "typhoon.toml").write_text(TYPHOON)
    url = world.database.url.render_as_string(hide_password=False)
    call = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None})
    shown = call.invoke(liaison, ["calendar", "load", str(tmp_path / "typhoon.toml")])
    assert shown.exit_code == 0, shown.output
    assert "有 1 件没有算成" in shown.stdout
    with world.database.reading() as session:
        assert str(session.get_one(UserTask, whole).due_on) == "2026-09-29"
        assert str(session.get_one(UserTask, broken).due_on) == "2026-09-24"


def test_a_notice_and_an_answer_at_the_same_moment(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    done = at_once(lambda: _load(world), lambda: world.do("handler-edu", "handle"))
    assert not any(isinstance(one, Exception) for one in done), done
    assert mismatches(world) == []
    with world.transaction() as session:
        assert wake_ups.due_timers(session, now=world.clock.now) == []
