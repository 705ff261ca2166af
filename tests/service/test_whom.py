"""Word of events to everybody concerned: who gets it is in the table of the office, in words of the day (W10, R3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from service import auth, people
from service.clock import local
from service.config import Wording, load_notifications
from service.errors import Invalid
from service.notifications import Delivery, Notification, Office
from service.processes import operations
from service.processes.models import Instance
from service.processes.operations import notify
from service.rights import SYSTEM
from tests.factories.steps import assessed
from tests.factories.visitor import Visitor
from tests.factories.workers import incidents, looking, mismatches, owed, work_all
from tests.factories.world import CONFIG, World

LEADER = "leader"  # serves T0001


def _told(world: World, *templates: str) -> dict[str, list[str]]:
    """The readers of these kinds, in sign-in names: kind → names."""
    with looking(world) as session:
        rows = session.scalars(select(Notification).where(Notification.template.in_(templates)))
        found: dict[str, list[str]] = {template: [] for template in templates}
        for row in rows:
            found[row.template].append(row.username)
    return {template: sorted(names) for template, names in found.items()}


def _text(world: World, username: str, template: str) -> str:
    with looking(world) as session:
        mine = select(Notification.text).where(Notification.username == username, Notification.template == template)
        return session.scalars(mine).one()


def _late(world: World, days: int) -> None:
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    world.pass_days(days)


def _deliver(world: World, wordings: Mapping[str, Wording]) -> None:
    delivery = Delivery(world.database, Office(wordings, world.settings.mail))
    while delivery.deliver(world.clock.now):
        pass


def test_who_filed_a_need_hears_of_its_acceptance_with_the_number_and_of_its_end(world: World) -> None:
    world.accepted()
    work_all(world)
    assert _told(world, "accepted", "rejected") == {"accepted": ["liaison-hrss"], "rejected": []}
    assert "编号 2026-需-0001" in _text(world, "liaison-hrss", "accepted")
    world.finished(talent_id="T0001")
    work_all(world)
    told = _told(world, "result")["result"]
    assert "liaison-hrss" in told
    assert LEADER in told
    assert "已经结束" in _text(world, "liaison-hrss", "result")


def test_a_refused_need_is_no_result(world: World) -> None:
    world.recorded()
    world.do("office", "accept", {"decision": "reject", "reason": "不属于服务范围"})
    work_all(world)
    assert _told(world, "accepted", "rejected", "result") == {
        "accepted": [],
        "rejected": ["liaison-hrss"],
        "result": [],
    }


def test_lateness_is_told_once_to_who_filed_and_to_the_leader(world: World) -> None:
    _late(world, 12)  # the urge of the first working day after the 24th
    work_all(world)
    told = _told(world, "late", "urge")
    assert told["late"] == ["leader", "liaison-hrss"]
    assert "在区教育局的“办理”已于 2026-09-24（周四）到期，超期" in _text(world, LEADER, "late")
    world.pass_days(3)
    work_all(world)
    assert _told(world, "late")["late"] == ["leader", "liaison-hrss"]
    assert mismatches(world) == []


def test_urges_by_hand_do_not_keep_lateness_from_being_told(world: World) -> None:
    _late(world, 1)
    with world.transaction() as session:
        operations.urge(
            session, instance_id=world.case, text="请尽快办理", actor=world.actor("office"), now=world.clock.now
        )
    world.pass_days(11)
    work_all(world)
    assert _told(world, "late")["late"] == ["leader", "liaison-hrss"]
    world.pass_days(3)
    work_all(world)
    assert _told(world, "late")["late"] == ["leader", "liaison-hrss"]


@pytest.mark.parametrize("staffed", [True, False])
def test_a_reader_without_an_account_keeps_no_other_from_being_told(world: World, staffed: bool) -> None:
    world.dispatched("edu")
    work_all(world)
    with world.transaction() as session:
        case = session.get_one(Instance, world.case)
        case.initiator, case.initiator_unit = "gone", None  # filed by somebody of no unit, who has left since
        wordings = load_notifications(CONFIG)
        notify(session, case, "meeting", usernames=[], units=["edu"], actor=world.actor("office"), now=world.clock.now)
        if not staffed:
            for name in ("office", "office-2"):
                auth.disable_user(session, username=name, actor=SYSTEM, now=world.clock.now)
    _deliver(world, {**wordings, "meeting": replace(wordings["meeting"], whom=("登记人", "相关单位"))})
    told = _told(world, "meeting")["meeting"]
    assert {"handler-edu", "handler-edu-2"} <= set(told)
    assert ("office" in told) is staffed
    assert "请代为告知" not in _text(world, "handler-edu", "meeting")
    missing = "账号 gone 已停用或不存在"
    if staffed:
        assert f"{missing}，请代为告知" in _text(world, "office", "meeting")
    seen = [one.message for one in incidents(world) if missing in one.message]
    assert seen == ([] if staffed else [f"提醒「会议通知」只告知了一部分人：{missing}，请另行告知"])


def test_a_circular_goes_to_the_unit_and_to_its_head_or_the_office_hears_that_it_must_tell_them(world: World) -> None:
    _late(world, 26)
    world.do("office", "approve_circular", {"decision": "issue", "text": "逾期未回复，予以通报。"})
    work_all(world)
    told = _told(world, "circular", "circular_told")
    assert {"handler-edu", "handler-edu-2"} <= set(told["circular"])
    assert "office" in told["circular"]
    assert "区教育局没有登记负责人，请代为告知" in _text(world, "office", "circular")
    assert "请代为告知" not in _text(world, "handler-edu", "circular")
    assert told["circular_told"] == ["leader", "liaison-hrss"]


def test_the_head_of_the_unit_who_has_an_account_gets_the_circular(world: World) -> None:
    with world.transaction() as session:
        head = people.add_person(session, name="程砚农", unit_code="edu", actor=SYSTEM, now=world.clock.now)
        people.add_leader(
            session,
            person_id=head.id,
            klass="B",
            unit_code="edu",
            duty="principal",
            post="局长",
            starts_on=date(2026, 1, 1),
            actor=SYSTEM,
            now=world.clock.now,
        )
        auth.add_user(session, username="head-edu", person_id=head.id, actor=SYSTEM, now=world.clock.now)
    _late(world, 26)
    world.do("office", "approve_circular", {"decision": "issue", "text": "逾期未回复，予以通报。"})
    work_all(world)
    told = _told(world, "circular")["circular"]
    assert "head-edu" in told
    assert "office" not in told


def test_the_head_that_is_entered_counts_more_and_one_without_an_account_is_named_to_the_office(world: World) -> None:
    now = world.clock.now
    with world.transaction() as session:
        head = people.add_person(session, name="程砚农", unit_code="edu", actor=SYSTEM, now=now)
        people.name_head(session, unit_code="edu", person_id=head.id, actor=world.actor("office"), now=now)
    _late(world, 26)
    world.do("office", "approve_circular", {"decision": "issue", "text": "逾期未回复，予以通报。"})
    work_all(world)
    assert "区教育局负责人程砚农没有使用本系统，请代为告知" in _text(world, "office", "circular")
    page = Visitor(world, "office").get("/units/edu").text
    assert "程砚农" in page[page.index("<h2>负责人") : page.index("<h2>联络员")]
    with world.transaction() as session:
        people.name_head(session, unit_code="edu", person_id=None, actor=world.actor("office"), now=world.clock.now)
    api = world.api("office")
    told = api.get("/units/edu/head")
    assert told.get_json() == {"person_id": None, "name": None, "entered": False}
    named = api.post("/units/edu/head", {"person_id": str(head.id)}, headers={"If-Match": told.headers["ETag"]})
    assert (named.get_json()["name"], named.get_json()["entered"]) == ("程砚农", True)
    again = api.post("/units/edu/head", {"person_id": None}, headers={"If-Match": told.headers["ETag"]})
    assert again.status_code == 409
    assert world.api("handler-edu").post("/units/edu/head", {"person_id": None}).status_code == 403
    assert mismatches(world) == []


def test_who_acts_for_the_leader_on_leave_is_told_too(world: World) -> None:
    today = local(world.clock.now).date()
    with world.transaction() as session:
        absent, acting = (auth.get_account(session, name).person_id for name in (LEADER, "deputy-edu"))
        assert absent is not None
        assert acting is not None
        people.declare_substitute(
            session,
            person_id=absent,
            substitute_id=acting,
            starts_on=today,
            ends_on=today + timedelta(days=30),
            actor=SYSTEM,
            now=world.clock.now,
        )
    world.finished(talent_id="T0001")
    work_all(world)
    assert set(_told(world, "result")["result"]) == {"deputy-edu", "leader", "liaison-hrss"}


def test_the_units_of_a_meeting_hear_of_it_and_of_what_it_decided(world: World) -> None:
    assessed(world, "meeting")
    world.do("office", "convene_meeting", {**world.sample("convene_meeting"), "participants": ["edu", "housing"]})
    world.clock.advance(days=24)
    world.do(
        "office",
        "record_minutes",
        {**world.sample("record_minutes"), "decision": "settled", "decisions": "一、由区教育局于本月底前安排学位。"},
    )
    work_all(world)
    told = _told(world, "meeting", "decision")
    for kind in ("meeting", "decision"):
        assert {"handler-edu", "handler-housing"} <= set(told[kind])
        assert "handler-health" not in told[kind]
    assert "议定：一、由区教育局于本月底前安排学位" in _text(world, "handler-housing", "decision")
    assert mismatches(world) == []


def test_the_offices_table_says_to_whom_also_for_what_is_owed_already(world: World) -> None:
    world.accepted()
    wordings = dict(load_notifications(CONFIG))
    _deliver(world, wordings | {"accepted": replace(wordings["accepted"], whom=("区人才办", "联系领导"))})
    told = _told(world, "accepted")["accepted"]
    assert LEADER in told
    assert "office" in told
    assert "liaison-hrss" not in told


def test_a_kind_that_the_table_gives_to_nobody_reaches_nobody_and_is_no_incident(world: World) -> None:
    world.accepted()
    wordings = dict(load_notifications(CONFIG))
    _deliver(world, wordings | {"accepted": replace(wordings["accepted"], whom=())})
    assert _told(world, "accepted")["accepted"] == []
    assert (owed(world), incidents(world)) == ([], [])


@pytest.mark.parametrize(
    ("before", "after", "place", "said"),
    [
        (
            'result        = ["登记人", "联系领导"]',
            'result = ["登计人"]',
            "result",
            "没有“登计人”这种收件人。是否想写“登记人”？",
        ),
        ('result        = ["登记人", "联系领导"]', 'resalt = ["登记人"]', "resalt", "没有这种提醒"),
        ('result        = ["登记人", "联系领导"]', "result = true", "result", "应为文字的列表"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_line_and_the_way_out(
    tmp_path: Path, before: str, after: str, place: str, said: str
) -> None:
    text = (CONFIG / "notifications.toml").read_text()
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    (tmp_path / "notifications.toml").write_text(text.replace(before, after))
    with pytest.raises(Invalid) as refused:
        load_notifications(tmp_path)
    assert f"whom.{place}：第 {line} 行：" in str(refused.value)
    assert said in str(refused.value)


def test_an_unknown_variable_is_refused_with_its_line(tmp_path: Path) -> None:
    text = (CONFIG / "notifications.toml").read_text().replace("编号 {number}。办理", "编号 {nummer}。办理")
    line = text[: text.index("{nummer}")].count("\n") + 1
    (tmp_path / "notifications.toml").write_text(text)
    with pytest.raises(Invalid, match=rf"accepted.text：第 {line} 行：不能使用 {{nummer}}，可用的有：number"):
        load_notifications(tmp_path)


def test_a_file_of_an_earlier_release_has_the_usual_table(tmp_path: Path) -> None:
    text = (CONFIG / "notifications.toml").read_text()
    table = text[text.index("[whom]") : text.index("[task]\nsubject")]
    (tmp_path / "notifications.toml").write_text(text.replace(table, ""))
    found = load_notifications(tmp_path)
    assert found["late"].whom == ("登记人", "联系领导")
    assert found["meeting"].whom is None
