"""A loaded notice moves what is unanswered, nothing else, and leaves a trace (CLOCK)."""

from __future__ import annotations

from datetime import datetime

import pytest
from click.testing import CliRunner

from service.cli import liaison
from service.clock import SHANGHAI
from service.errors import NotAllowed
from service.processes import commands
from service.processes import timers as wake_ups
from service.processes.calendars import current
from service.rights import SYSTEM
from service.usecases.calendars import add_notices, recount
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
        )


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


def test_loading_the_same_notice_again_changes_nothing(world):
    world.dispatched("edu")
    assert _load(world) == 1
    before = len(happened(world, "due_changed"))
    assert _load(world) == 0
    with world.transaction() as session:
        assert recount(session, actor=SYSTEM, now=world.clock.now) == 0
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
        assert recount(session, actor=SYSTEM, now=world.clock.now) == 1
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
        commands.suspend(session, instance_id=world.case, reason="等", actor=world.actor("office"), now=world.clock.now)
    assert _load(world) == 1
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


def test_a_notice_and_an_answer_at_the_same_moment(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    done = at_once(lambda: _load(world), lambda: world.do("handler-edu", "handle"))
    assert not any(isinstance(one, Exception) for one in done), done
    assert mismatches(world) == []
    with world.transaction() as session:
        assert wake_ups.due_timers(session, now=world.clock.now) == []
