"""半年总结 (T6 R5): started by the calendar, one slot a liaison office, reminded, returned, accepted, rolled up."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from service import clock, people, reports
from service.audit.verifying.runs import Verifier
from service.auth.queries import units_held
from service.errors import Invalid
from service.ledger.counts import half_year_needs, need_counts
from service.processes import commands, extensions
from service.processes.calendars import current
from service.processes.stops import EXTENSION, stops_of
from service.reports import HalfYearReport
from service.usecases import half_years
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import at, begin, calendar_starts
from tests.factories.steps import complete, events, instance, mismatches, notices
from tests.factories.workers import at_once, work_all

WORDS = {"work": "走访 12 次，收集意见 5 条。", "plans": "继续走访。"}


def report_of(world, unit):
    with world.database.reading() as session:
        found = session.scalars(select(HalfYearReport).where(HalfYearReport.unit_code == unit)).one()
        session.expunge(found)
    return found


def first_half(world) -> None:
    """The Talent Office starts the round of the first half of 2026 by hand."""
    begin(world, "half_year_report", "office")
    world.do("office", "choose_period", {"year": 2026, "half": 1})


def terminated(world) -> None:
    """The Talent Office ends the round for good."""
    with world.transaction() as session:
        commands.terminate(
            session, instance_id=world.case, reason="重新发起", actor=world.actor("office"), now=world.clock.now
        )


def facts(world) -> list[list[str]]:
    """The lines in which the round says who takes part."""
    [found] = [one.data["result"]["lines"] for one in events(world, "action") if one.data["name"] == "round_facts"]
    return found


def test_a_report_sent_back_after_a_later_date_was_agreed_is_no_reply_for_the_time_being(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    own = {"actor": world.actor("office"), "now": clock.now()}
    with world.transaction() as session:
        task = world.task("submit_half_year", "hrss").id
        extensions.extend(session, task_id=task, due_on="2027-01-22", reason="人员变动", asked_by="区人社局", **own)
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    world.do("office", "review_report", {"decision": "return", "reason": "请补充意见建议"})
    with world.database.reading() as session:
        stops = stops_of(events(world), current(session), clock.today())
    assert [(one.kind, one.due) for one in stops] == [(EXTENSION, date(2027, 1, 22))]


@ON_BOTH
def test_a_later_date_that_was_agreed_holds_when_the_report_is_sent_back(world):
    """The report came back due on the round's own date, which had passed, and was late before it was there (W7)."""
    calendar_starts(world, "half_year_report", "every_half_year")
    agreed = date(2027, 1, 22)
    own = {"actor": world.actor("office"), "now": clock.now()}
    with world.transaction() as session:
        task = world.task("submit_half_year", "hrss").id
        extensions.extend(session, task_id=task, due_on=agreed, reason="人员变动", asked_by="区人社局", **own)
    world.clock.set(at("2027-01-20"))
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    report = report_of(world, "hrss")
    assert (report.due_on, report.late) == (agreed, False)
    world.do("office", "review_report", {"decision": "return", "reason": "请补充意见建议"})
    again = world.task("submit_half_year", "hrss")
    assert again.due_on == agreed
    assert world.task("submit_half_year", "edu").due_on == date(2027, 1, 15)
    with world.transaction() as session:  # who sends it back may agree on yet another date
        own["now"] = clock.now()
        extensions.extend(session, task_id=again.id, due_on="2027-01-26", reason="补充", asked_by="区人社局", **own)
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    world.do("office", "review_report", {"decision": "return", "reason": "请再补充"})
    assert world.task("submit_half_year", "hrss").due_on == date(2027, 1, 26)
    assert mismatches(world) == []


@ON_BOTH
def test_a_round_runs_from_the_calendar_to_the_roll_up(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    assert instance(world).title == "半年总结：2026年下半年"
    units = [unit for step, unit in world.open_steps() if step == "submit_half_year"]
    assert "hrss" in units
    assert world.task("submit_half_year", "hrss").due_on.isoformat() == "2027-01-15"
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    world.do("office", "review_report", {"decision": "return", "reason": "请补充意见建议"})
    assert report_of(world, "hrss").status == "returned"
    with world.database.reading() as session:
        assert stops_of(events(world), current(session), clock.today()) == [], "no reply for the time being"
        named = units_held(session, "liaison", world.clock.now.date())
    for unit in units:  # for a unit that has no liaison the Talent Office may act
        world.do(f"liaison-{unit}" if unit in named else "office", "submit_half_year", WORDS, unit=unit)
        world.do("office", "review_report", {"decision": "accept"})
    assert (report_of(world, "hrss").status, report_of(world, "hrss").late) == ("accepted", False)
    world.do("office", "roll_up", {"summary": "各单位均已报送。"})
    assert instance(world).end_name == "本期总结完成"
    assert mismatches(world) == []


def sent_from_its_page(world, unit="hrss") -> None:
    """The liaison words the report on its own page and sends it there."""
    report = report_of(world, unit)
    with world.transaction() as session:
        doer = world.actor(f"liaison-{unit}")
        reports.edit_report(
            session, report_id=report.id, sections={"plans": "继续走访。"}, actor=doer, now=world.clock.now
        )
        half_years.send_report(session, report_id=report.id, actor=doer, now=world.clock.now)


def test_a_report_sent_from_its_page_takes_the_step_and_nobody_is_reminded_of_it(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    sent_from_its_page(world)
    assert ("submit_half_year", "hrss") not in world.open_steps()
    assert world.task("review_report").name == "审核：区人力资源和社会保障局"
    for _ in range(25):
        work_all(world)
        world.clock.advance(days=1)
    assert [one["template"] for one in notices(world) if one["to"]["unit"] == "hrss"] == []
    assert mismatches(world) == []


def test_a_report_returned_from_its_page_comes_back_to_its_liaison_as_a_step(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    sent_from_its_page(world)
    report = report_of(world, "hrss")
    with world.transaction() as session:
        half_years.give_back_report(
            session, report_id=report.id, reason="请补充意见建议", actor=world.actor("office"), now=world.clock.now
        )
    assert report_of(world, "hrss").status == "returned"
    assert ("submit_half_year", "hrss") in world.open_steps()
    sent_from_its_page(world)
    with world.transaction() as session:
        half_years.take_report(session, report_id=report.id, actor=world.actor("office"), now=world.clock.now)
    assert report_of(world, "hrss").status == "accepted"
    assert [step for step, _ in world.open_steps() if step == "review_report"] == []
    assert mismatches(world) == []


def test_what_a_report_lacks_is_said_where_it_is_filled_in(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    report = report_of(world, "hrss")
    with pytest.raises(Invalid) as refused:
        world.do("liaison-hrss", "submit_half_year", {}, unit="hrss")
    assert [one.path for one in refused.value.findings] == ["/data/plans"]
    with pytest.raises(Invalid) as refused, world.transaction() as session:
        half_years.send_report(session, report_id=report.id, actor=world.actor("liaison-hrss"), now=world.clock.now)
    assert [one.path for one in refused.value.findings] == ["/sections/plans"]


def test_a_report_that_is_not_sent_is_not_accepted(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    sent_from_its_page(world)
    report = report_of(world, "hrss")
    with world.transaction() as session:  # as a version of this service did that knew nothing of the round
        reports.return_report(
            session, report_id=report.id, reason="请补充", actor=world.actor("office"), now=world.clock.now
        )
    with pytest.raises(Invalid) as refused:
        world.do("office", "review_report", {"decision": "accept"})
    assert [one.path for one in refused.value.findings] == ["/data/decision"]
    world.do("office", "review_report", {"decision": "return", "reason": "请补充"})
    assert ("submit_half_year", "hrss") in world.open_steps()


def test_words_that_the_report_would_not_hold_are_refused(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    report = report_of(world, "hrss")
    doer = world.actor("liaison-hrss")
    with world.transaction() as session:  # as a version of this service did that knew nothing of the round
        reports.edit_report(session, report_id=report.id, sections=WORDS, actor=doer, now=world.clock.now)
        reports.submit_report(session, report_id=report.id, needs={}, actor=doer, now=world.clock.now)
    with pytest.raises(Invalid) as refused:
        world.do("liaison-hrss", "submit_half_year", {**WORDS, "work": "另一种说法"}, unit="hrss")
    assert [one.path for one in refused.value.findings] == ["/data/work"]
    world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    assert report_of(world, "hrss").sections["work"] == WORDS["work"]


@ON_BOTH
def test_the_roll_up_counts_a_need_once_and_keeps_what_the_office_wrote(world):
    world.start("liaison-hrss", received_on="2026-06-15")  # through another office's leader: in two reports
    with world.database.reading() as session:
        counted = half_year_needs(session, year=2026, half=2)
        of_units = [
            need_counts(session, unit=unit, starts_on=date(2026, 7, 1), ends_on=date(2026, 12, 31))["started"]
            for unit in ("hrss", "district_office")
        ]
    assert (counted["started"], of_units) == (1, [1, 1])
    calendar_starts(world, "half_year_report", "every_half_year")
    units = [unit for step, unit in world.open_steps()]
    with world.database.reading() as session:
        named = units_held(session, "liaison", world.clock.now.date())
    for unit in units:
        world.do(f"liaison-{unit}" if unit in named else "office", "submit_half_year", WORDS, unit=unit)
        world.do("office", "review_report", {"decision": "accept"})
    [found] = [one.data["result"] for one in events(world, "action") if one.data["name"] == "sum_reports"]
    assert found["roll_up"] == "2026-2"
    assert next(said for name, said in found["lines"] if name == "全区需求").startswith("1 件")
    world.do("office", "roll_up", {"summary": "全区开展顺利。"})
    with world.database.reading() as session:
        [written] = [one.submitted for one in half_years.summaries(session, year=2026, half=2)]
    assert written == {"summary": "全区开展顺利。"}
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
    assert world.standing.late_steps
    assert mismatches(world) == []


def test_the_office_may_begin_a_round_by_hand(world):
    begin(world, "half_year_report", "office")
    world.do("office", "choose_period", {"year": 2026, "half": 1})
    assert instance(world).title == "半年总结：2026年上半年"
    assert world.task("submit_half_year", "hrss").due_on.isoformat() == "2026-07-14"


def test_a_report_accepted_in_an_earlier_round_is_not_said_to_be_returned(world):
    for _ in range(2):
        first_half(world)
        world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
        if report_of(world, "hrss").status == "accepted":
            with pytest.raises(Invalid) as refused:
                world.do("office", "review_report", {"decision": "return", "reason": "请补充。"})
            assert [finding.path for finding in refused.value.findings] == ["/data/decision"]
        world.do("office", "review_report", {"decision": "accept"})
        terminated(world)
    assert report_of(world, "hrss").status == "accepted"


# --- Rounds beside each other ----------------------------------------------------------------------------------------


def test_a_half_that_is_being_reported_on_is_not_started_again_by_hand(world):
    first_half(world)
    begin(world, "half_year_report", "office")
    with pytest.raises(Invalid) as refused:
        world.do("office", "choose_period", {"year": 2026, "half": 1})
    [finding] = refused.value.findings
    assert finding.path == "/data/half"
    assert "「半年总结：2026年上半年」已于 2026-09-16 发起，正在办理" in finding.message
    assert "终止" in finding.message
    assert world.open_steps() == [("choose_period", None)]
    world.do("office", "choose_period", {"year": 2025, "half": 2})
    assert instance(world).title == "半年总结：2025年下半年"
    assert mismatches(world) == []


def test_a_half_that_is_finished_is_not_started_again_by_hand(world):
    first_half(world)
    for _, unit in world.open_steps():
        task = world.task("submit_half_year", unit)
        who = "office" if unit not in ("hrss", "sci", "district_office", "cppcc_office") else f"liaison-{unit}"
        complete(world, who, task.id, WORDS)
        world.do("office", "review_report", {"decision": "accept"})
    world.do("office", "roll_up", {"summary": "均已报送。"})
    assert instance(world).status == "completed"
    with pytest.raises(Invalid) as refused:
        first_half(world)
    [finding] = refused.value.findings
    assert finding.path == "/data/half"
    assert "已完成，不能重复发起；还没有报送的单位，请在“半年报告”页面编制、报送" in finding.message


def test_a_half_that_has_not_begun_is_refused_and_a_terminated_round_is_no_obstacle(world):
    begin(world, "half_year_report", "office")
    with pytest.raises(Invalid) as refused:
        world.do("office", "choose_period", {"year": 2062, "half": 1})
    assert [finding.path for finding in refused.value.findings] == ["/data/year"]
    first_half(world)
    terminated(world)
    first_half(world)
    assert ("submit_half_year", "hrss") in world.open_steps()


@ON_BOTH
def test_of_two_who_start_the_same_half_at_once_one_succeeds(world):
    rounds = []
    for _ in range(2):
        begin(world, "half_year_report", "office")
        rounds.append(world.task("choose_period").id)
    done = at_once(*(lambda task=task: complete(world, "office", task, {"year": 2026, "half": 1}) for task in rounds))
    assert sorted(type(one).__name__ for one in done) == ["Invalid", "NoneType"]


def test_the_calendars_round_asks_only_who_was_not_asked(world):
    world.clock.set(at("2026-12-31T10:00:00"))
    begin(world, "half_year_report", "office")
    world.do("office", "choose_period", {"year": 2026, "half": 2})
    by_hand = world.open_steps()
    with world.transaction() as session:
        people.update_unit(
            session,
            code="guicheng",
            changes={"is_member_unit": True},
            organization=world.organization,
            actor=world.actor("office"),
            now=world.clock.now,
        )
    calendar_starts(world, "half_year_report", "every_half_year")
    assert world.open_steps() == [("submit_half_year", "guicheng")]
    assert ("submit_half_year", "hrss") in by_hand
    assert any("已在「半年总结：2026年下半年」中" in said for _, said in facts(world))
    assert mismatches(world) == []


def test_the_calendars_round_ends_at_once_where_everybody_was_asked_and_says_so(world):
    world.clock.set(at("2026-12-31T10:00:00"))
    begin(world, "half_year_report", "office")
    world.do("office", "choose_period", {"year": 2026, "half": 2})
    calendar_starts(world, "half_year_report", "every_half_year")
    assert (instance(world).status, instance(world).end_name) == ("completed", "本期已另行开展")
    [told] = notices(world, "reminder")
    assert "没有需要参加的单位" in told["text"]
    assert "「半年总结：2026年下半年」" in told["text"]
    assert mismatches(world) == []


# --- Without a liaison -----------------------------------------------------------------------------------------------


def test_a_unit_without_a_liaison_takes_part_and_the_office_hears_of_it(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    assert ("submit_half_year", "police") in world.open_steps()
    [said] = [text for title, text in facts(world) if title == "没有能办理的联络员"]
    assert "开通账号" in said
    assert "区公安局" in said
    [told] = [one for one in notices(world, "reminder") if one["to"]["role"] == "talent_office"]
    assert "没有能办理的联络员" in told["text"]


# --- Its date, while it is owed --------------------------------------------------------------------------------------


def owed(world, on: date | None = None) -> set[str]:
    """The units whose report is past its date, as the roll-up counts."""
    with world.database.reading() as session:
        needs = half_year_needs(session, year=2026, half=2)
        found = reports.roll_up(session, year=2026, half=2, needs=needs, on=on)
    return {row["unit"] for row in found["units"] if row["overdue"]}


@ON_BOTH
def test_a_report_that_is_owed_has_the_date_that_its_step_has(world):
    """It was 逾期未报送 by the round's own date, though a later one was agreed on (T6)."""
    calendar_starts(world, "half_year_report", "every_half_year")
    own = {"actor": world.actor("office"), "now": clock.now()}
    with world.transaction() as session:
        task = world.task("submit_half_year", "hrss").id
        extensions.extend(session, task_id=task, due_on="2027-01-22", reason="人员变动", asked_by="区人社局", **own)
    assert (report_of(world, "hrss").due_on, report_of(world, "edu").due_on) == (date(2027, 1, 22), date(2027, 1, 15))
    world.clock.set(at("2027-01-20"))
    with world.transaction() as session:  # whoever counts the figures anew agrees on no date
        liaison = world.actor("liaison-hrss")
        half_years.begin_report(session, unit_code="hrss", year=2026, half=2, days=10, actor=liaison, now=clock.now())
    assert report_of(world, "hrss").due_on == date(2027, 1, 22)
    assert "edu" in owed(world)
    assert "hrss" not in owed(world)
    world.clock.set(at("2027-02-01"))
    assert "hrss" in owed(world)
    assert "hrss" not in owed(world, date(2027, 1, 20))
    assert mismatches(world) == []
    assert Verifier(world.database, "test", 1).verify(full=True).findings == []
