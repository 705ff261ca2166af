"""专报 (R3): started by the calendar or by hand, one brief a leader, worded and released or held by a person, told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from service import clock, people, reports
from service.demonstration.organization import derived
from service.errors import Conflict, Invalid
from service.ledger.counts import leader_needs
from service.liaisons.models import Link
from service.notifications import Notification
from service.processes import operations, scheduled_starts
from service.processes.models import Instance
from service.processes.rules import NAMED
from service.reports import Brief
from service.rights import SYSTEM
from service.usecases.briefs import release_from_page
from tests.factories.briefs import RELEASE, brief_of, sign, signing
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import at, begin, calendar_starts
from tests.factories.steps import detail, instance, mismatches, notices, tasks
from tests.factories.visitor import Visitor
from tests.factories.workers import inbox_of, incidents, owed, work_all

HOLD = {"decision": "hold", "reason": "数据尚待核实。"}
LEADERS = ["程望津", "温如故", "陈砚秋"]


def on_its_page(world, operation, name="陈砚秋", **fields):
    """Somebody does something with the brief on its own page."""
    with world.transaction() as session:
        operation(
            session, brief_id=brief_of(world, name).id, actor=world.actor("office"), now=world.clock.now, **fields
        )


def by_hand(world, year, month):
    begin(world, "leader_brief", "office")
    world.do("office", "choose_month", {"year": year, "month": month})


def refused(world, year, month):
    with pytest.raises(Invalid) as found:
        by_hand(world, year, month)
    [finding] = found.value.findings
    assert finding.path == "/data/month"
    return finding.message


@ON_BOTH
def test_a_month_runs_from_the_calendar_to_the_leaders_inbox(world):
    calendar_starts(world, "leader_brief", "every_month")
    assert instance(world).title == "专报：2026年11月"
    assert sorted(task.slot.removeprefix(NAMED) for task in tasks(world, "sign_brief")) == sorted(LEADERS)
    task = signing(world)
    assert (task.due_on.isoformat(), task.role, task.stage) == ("2026-12-08", "talent_office", "release")
    assert detail(world, "office", task).data == {"text": brief_of(world).text}
    sign(world)
    assert (brief_of(world).text, brief_of(world).released_by) == ("本月情况正常。", "office")
    assert brief_of(world, "温如故").released_at is None
    work_all(world)
    assert inbox_of(world, "leader") == [("brief", "专报：2026年11月联系服务高层次人才情况专报")]
    with world.database.reading() as session:
        query = select(Notification.stream).where(Notification.template == "brief")
        assert session.scalars(query).all() == [f"brief:{brief_of(world).id}"]
    for name in LEADERS[:2]:
        sign(world, name)
    work_all(world)
    assert (owed(world), incidents(world)) == ([], [])  # who has no account reads it on paper
    assert instance(world).end_name == "本月专报 处理完毕"
    assert mismatches(world) == []


def test_the_calendar_begins_a_month_once(world):
    calendar_starts(world, "leader_brief", "every_month")
    with world.transaction() as session:
        assert not scheduled_starts.fire(session, process="leader_brief", event="every_month", now=clock.now())
    work_all(world)
    world.clock.set(at("2027-01-01T09:00:00"))
    work_all(world)
    with world.database.reading() as session:
        titles = session.scalars(select(Instance.title).where(Instance.process == "leader_brief")).all()
        assert session.scalar(select(func.count()).select_from(Brief)) == 2 * len(LEADERS)
    assert sorted(titles) == ["专报：2026年11月", "专报：2026年12月"]


def test_the_office_may_begin_a_month_by_hand_and_draw_it_up_anew(world):
    world.clock.set(at("2026-10-08T10:00:00"))
    by_hand(world, 2026, 9)
    first = world.case
    assert instance(world).title == "专报：2026年9月"
    sign(world)
    assert refused(world, 2026, 9) == (
        "「专报：2026年9月」已于 2026-10-08 发起，正在办理；请在待办里办完，或先终止该事项"
    )
    world.case = first
    for name in LEADERS[:2]:
        sign(world, name, HOLD | {"text": "草稿。"})
    by_hand(world, 2026, 9)
    assert sorted(task.slot.removeprefix(NAMED) for task in tasks(world, "sign_brief")) == sorted(LEADERS[:2])
    assert brief_of(world, month=9).text == "本月情况正常。"


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ((2026, 9), "2026年9月尚未结束，请在 2026-09-30 之后编制专报"),
        ((2026, 10), "2026年10月尚未开始，不能编制专报"),
        ((2020, 1), "2020年1月没有应呈送专报的区领导：当月都没有联系对象"),
    ],
)
def test_a_month_that_cannot_be_reported_is_refused_at_its_field(world, month, said):
    assert refused(world, *month) == said
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Brief)) == 0


@ON_BOTH
def test_only_district_leaders_in_office_with_talents_get_one_and_of_these_alone(world):
    with world.transaction() as session:
        posts = {one.person.name: one for one in people.search_leaders(session).items}
        for link in session.scalars(select(Link).where(Link.leader_id == posts["温如故"].id)):
            link.status, link.ends_on = "ended", link.starts_on
        people.end_leader(
            session,
            leader_id=posts["程望津"].id,
            ends_on=at("2026-11-29T00:00:00").date(),
            actor=SYSTEM,
            now=world.clock.now,
        )
        people.add_leader(
            session,
            person_id=world.actor("handler-edu").person_id,
            klass="B",
            unit_code="edu",
            duty="principal",
            post="局长",
            starts_on=at("2026-09-01T00:00:00").date(),
            actor=SYSTEM,
            now=world.clock.now,
        )
    world.recorded(talent_id="T0006", leader_id=str(posts["陈砚秋"].id), title="实验室用地")
    calendar_starts(world, "leader_brief", "every_month")
    assert [task.slot.removeprefix(NAMED) for task in tasks(world, "sign_brief")] == ["陈砚秋"]
    assert "实验室用地" not in str(_lines(world, "陈砚秋"))  # told to the leader, of a talent who is not the leader's
    desk = Visitor(world, "leader").get("/").text.partition('id="running"')[2]
    assert "实验室用地" in desk.partition("登记为向您反映的其他人才的在办需求")[2]


def _lines(world, name):
    return dict(signing(world, name).data)["brief"]["lines"]


def test_a_brief_that_is_not_released_keeps_its_reason_and_stays_a_draft(world):
    calendar_starts(world, "leader_brief", "every_month")
    for data in ({"decision": "hold", "text": "草稿。"}, {"text": "草稿。"}, {"decision": "release", "text": " "}):
        with pytest.raises(Invalid):
            sign(world, data=data)
    sign(world, data={**HOLD, "text": brief_of(world).text})
    assert brief_of(world).released_at is None
    work_all(world)
    assert inbox_of(world, "leader") == []
    for name in LEADERS[:2]:
        sign(world, name)
    assert instance(world).end_name == "本月专报 处理完毕"
    on_its_page(world, reports.release_brief)
    work_all(world)
    assert [template for template, _ in inbox_of(world, "leader")] == ["brief"]
    assert mismatches(world) == []


def test_a_brief_released_on_its_own_page_stays_so_and_the_step_goes_on(world):
    calendar_starts(world, "leader_brief", "every_month")
    on_its_page(world, reports.edit_brief, text="页面上的话。")
    on_its_page(world, reports.release_brief)
    with pytest.raises(Invalid) as found:
        sign(world, data={**HOLD, "text": "草稿。"})
    assert [finding.path for finding in found.value.findings] == ["/data/decision"]
    sign(world)
    assert brief_of(world).text == "页面上的话。"
    work_all(world)
    assert len(inbox_of(world, "leader")) == 1
    assert mismatches(world) == []


def test_the_button_on_the_page_takes_the_step_of_the_round(world):
    calendar_starts(world, "leader_brief", "every_month")
    on_its_page(world, reports.edit_brief, text="页面上的话。")
    on_its_page(world, release_from_page)
    assert [task.submitted for task in tasks(world, "sign_brief") if task.slot == f"{NAMED}陈砚秋"] == [
        {"decision": "release", "text": "页面上的话。"}
    ]
    with world.transaction() as session:
        operations.claim(
            session, task_id=signing(world, "程望津").id, actor=world.actor("office-2"), now=world.clock.now
        )
    on_its_page(world, release_from_page, name="程望津")
    assert brief_of(world, "程望津").released_by == "office"
    assert signing(world, "程望津").assignee == "office-2"
    with pytest.raises(Conflict):
        on_its_page(world, release_from_page)
    assert mismatches(world) == []


def test_the_calendar_does_not_ask_twice_for_a_month_that_is_under_way(world):
    world.clock.set(at("2026-12-01T08:30:00"))
    by_hand(world, 2026, 11)
    first = world.case
    calendar_starts(world, "leader_brief", "every_month")
    assert world.case != first
    assert instance(world).status == "completed"
    assert tasks(world, "sign_brief") == []


def test_words_changed_on_the_page_meanwhile_are_not_overwritten_unseen(world):
    calendar_starts(world, "leader_brief", "every_month")
    on_its_page(world, reports.edit_brief, text="页面上的话。")
    with pytest.raises(Invalid) as found:
        sign(world)
    assert [finding.path for finding in found.value.findings] == ["/data/text"]
    sign(world, data={"decision": "release", "text": "页面上的话。"})
    assert brief_of(world).text == "页面上的话。"


def test_one_drawn_up_on_its_page_before_is_worded_on(world):
    world.clock.set(at("2026-11-30T10:00:00"))
    with world.transaction() as session:
        leader = next(one for one in people.search_leaders(session).items if one.person.name == "陈砚秋")
        needs = leader_needs(session, leader_id=leader.id, starts_on=clock.today(), ends_on=clock.today())
        made = reports.draft_brief(
            session,
            leader_id=leader.id,
            year=2026,
            month=11,
            needs=needs,
            actor=world.actor("office"),
            now=world.clock.now,
        )
        reports.edit_brief(
            session, brief_id=made.id, text="先写的话。", actor=world.actor("office"), now=world.clock.now
        )
    calendar_starts(world, "leader_brief", "every_month")
    assert detail(world, "office", signing(world)).data == {"text": "先写的话。"}


def test_the_office_is_reminded_and_nothing_is_released_by_itself(world):
    calendar_starts(world, "leader_brief", "every_month")
    for _ in range(15):
        work_all(world)
        world.clock.set(world.clock.now + timedelta(days=1))
    kinds = [one["template"] for one in notices(world) if one["step"] == "签发专报：陈砚秋"]
    assert kinds == ["due_soon", "due_today"]
    assert brief_of(world).released_at is None
    sign(world)
    assert world.standing.late_steps
    assert mismatches(world) == []


def test_slots_keep_the_leaders_apart(world):
    calendar_starts(world, "leader_brief", "every_month")
    sign(world)
    slots = instance(world).data["slots"]
    assert list(slots.values()) == [{"name": "陈砚秋", **RELEASE}]


def test_a_circular_is_told_to_the_leader_at_once_and_stands_in_the_months_brief(world):
    world.dispatched(talent_id="T0001", leader_id=str(derived("leader", "leader")))
    late = world.case
    world.do("office", "feedback_accepted")
    world.pass_days(26)
    world.do("office", "approve_circular", {"decision": "issue", "text": "逾期未回复，予以通报。"})
    work_all(world)
    told = [(template, title) for template, title in inbox_of(world, "leader") if template == "circular_told"]
    assert told == [("circular_told", "通报情况：子女入学")]
    with world.database.reading() as session:
        told_to = select(Notification).where(Notification.template == "circular_told")
        [notice, filer] = session.scalars(told_to.order_by(Notification.username))
        assert (notice.username, filer.username) == ("leader", "liaison-hrss")
        assert "区人才办已向区教育局发出通报〔2026〕1号：逾期未回复，予以通报。" in notice.text
        assert (notice.instance_id, notice.receipt) == (late, False)
    assert mismatches(world) == []
    world.clock.set(at("2026-11-03T10:00:00"))
    by_hand(world, 2026, 10)
    assert "因办理超期，本月发出通报 1 份（通报〔2026〕1号）。" in brief_of(world, month=10).text
    assert "通报〔2026〕1号" in dict(_lines(world, "陈砚秋"))["需求"]
    assert "通报〔2026〕1号" not in str(_lines(world, "温如故"))


def test_a_circular_about_a_need_of_a_leader_without_an_account_is_no_incident(world):
    world.dispatched(talent_id="T0002", leader_id=str(derived("leader", "程望津")))
    world.do("office", "feedback_accepted")
    world.pass_days(26)
    world.do("office", "approve_circular", {"decision": "issue", "text": "逾期未回复，予以通报。"})
    work_all(world)
    assert [one["to"]["units"] for one in notices(world, "circular_told")] == [["edu"]]
    assert (owed(world), incidents(world)) == ([], [])
