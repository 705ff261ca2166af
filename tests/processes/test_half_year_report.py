"""半年总结 (T6 R5): started by the calendar, one slot a liaison office, reminded, returned, accepted, rolled up."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service.errors import Invalid
from service.reports import HalfYearReport
from tests.factories.workers import work_all
from tests.processes.rounds import begin, calendar_starts
from tests.processes.steps import instance, mismatches, notices

WORDS = {"work": "走访 12 次，收集意见 5 条。", "plans": "继续走访。"}


def report_of(world, unit):
    with world.database.reading() as session:
        found = session.scalars(select(HalfYearReport).where(HalfYearReport.unit_code == unit)).one()
        session.expunge(found)
    return found


def test_a_round_runs_from_the_calendar_to_the_roll_up(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    assert instance(world).title == "半年总结：2026年下半年"
    units = [unit for step, unit in world.open_steps() if step == "submit_half_year"]
    assert "hrss" in units
    assert world.task("submit_half_year", "hrss").due_on.isoformat() == "2027-01-15"
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    world.do("office", "review_report", {"decision": "return", "reason": "请补充意见建议"})
    assert report_of(world, "hrss").status == "returned"
    for unit in units:
        world.do(f"liaison-{unit}", "submit_half_year", WORDS, unit=unit)
        world.do("office", "review_report", {"decision": "accept"})
    assert (report_of(world, "hrss").status, report_of(world, "hrss").late) == ("accepted", False)
    world.do("office", "roll_up", {"summary": "各单位均已报送。"})
    assert instance(world).end_name == "本期总结完成"
    assert mismatches(world) == []


def test_reminders_go_out_five_and_one_days_before_and_on_the_day_and_nothing_ends_by_itself(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    units = [unit for step, unit in world.open_steps()]
    for _ in range(25):
        work_all(world)
        world.clock.advance(days=1)
    kinds = [one["template"] for one in notices(world) if one["to"]["unit"] == "hrss" and one["template"] != "task"]
    assert kinds == ["due_soon", "due_soon", "due_today"]
    assert [unit for step, unit in world.open_steps()] == units
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    assert report_of(world, "hrss").late is True
    assert instance(world).late is True
    assert mismatches(world) == []


def test_the_office_may_begin_a_round_by_hand(world):
    begin(world, "half_year_report", "office")
    world.do("office", "choose_period", {"year": 2026, "half": 1})
    assert instance(world).title == "半年总结：2026年上半年"
    assert world.task("submit_half_year", "hrss").due_on.isoformat() == "2026-07-14"


def test_a_report_accepted_in_an_earlier_round_is_not_said_to_be_returned(world):
    for _ in range(2):
        begin(world, "half_year_report", "office")
        world.do("office", "choose_period", {"year": 2026, "half": 1})
        world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
        if report_of(world, "hrss").status == "accepted":
            with pytest.raises(Invalid) as refused:
                world.do("office", "review_report", {"decision": "return", "reason": "请补充。"})
            assert [finding.path for finding in refused.value.findings] == ["/data/decision"]
        world.do("office", "review_report", {"decision": "accept"})
    assert report_of(world, "hrss").status == "accepted"
