"""Notices: who is told what, once, and what happens when telling fails."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select

from service import auth, clock, history, notifications, people
from service.actions.telling import NOTICE_KINDS
from service.cli import liaison
from service.clock import local
from service.config import load_notifications
from service.errors import Invalid, NotAllowed, NotFound
from service.history import HistoryEvent, OutboxEntry
from service.history.records import owe_notice
from service.notifications import Delivery, Notification, Office
from service.processes import commands, operations, sharing, timers
from service.rights import SYSTEM
from service.workdays import Calendar, Closure, load_notices
from tests.factories.mail import sink
from tests.factories.rounds import calendar_starts
from tests.factories.workers import inbox_of, incidents, looking, mismatches, owed, timers_of, work_all, worker_of
from tests.factories.world import CONFIG


def _copy(world, *to, by="office", note="请阅") -> None:
    with world.transaction() as session:
        sharing.copy(
            session, instance_id=world.case, to=list(to), actor=world.actor(by), now=world.clock.now, note=note
        )


def _urge(world, text="请尽快办理") -> None:
    with world.transaction() as session:
        operations.urge(session, instance_id=world.case, text=text, actor=world.actor("office"), now=world.clock.now)


def _notices(world, username) -> list[Notification]:
    with looking(world) as session:
        mine = select(Notification).where(Notification.username == username, Notification.template != "task")
        return list(session.scalars(mine.order_by(Notification.event_id)))


# --- Wording ---------------------------------------------------------------------------------------------------------


def _templates_in_the_code() -> set[str]:
    """Every template that some line of the service hands to ``notify`` or ``owe_notice`` or writes into a notice."""
    found = set(NOTICE_KINDS)
    for path in Path("service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in ("notify", "owe_notice") and len(node.args) >= 3:
                template = node.args[2]
                found |= {template.value} if isinstance(template, ast.Constant) else set()
    return found | {"calendar_missing"}


def test_every_template_of_the_code_has_a_wording():
    wordings = load_notifications(CONFIG)
    templates = _templates_in_the_code()
    assert {"due_soon", "due_today", "urge", "circular", "rejected", "reassigned", "mentioned", "copied"} <= templates
    assert templates <= set(wordings)


def test_a_notice_says_what_by_when_and_how_long(world):
    world.dispatched("edu")
    world.clock.set(timers_of(world)[0].fire_at)
    work_all(world)
    [notice] = _notices(world, "handler-edu")
    assert notice.title == "即将到期：子女入学"
    assert "“子女入学”（2026-需-0001）的“办理”将于 2026-09-24（周四）到期，还剩 3 个工作日" in notice.text
    assert (notice.instance_id, notice.task_id) == (world.case, world.task("handle", "edu").id)
    assert (notice.receipt, notice.read_at) == (False, None)


@pytest.mark.parametrize(
    ("timer", "days", "title", "says"),
    [
        (0, 0, "即将到期：子女入学", "将于 2026-09-24（周四）到期，还剩 3 个工作日，请抓紧办理"),
        (0, 2, "即将到期：子女入学", "将于 2026-09-24（周四）到期，还剩 1 个工作日，请抓紧办理"),
        (1, 0, "今日到期：子女入学", "今天到期，期限为 2026-09-24（周四），请尽快办理并回复"),
        (1, 5, "已超期：子女入学", "已于 2026-09-24（周四）到期，超期 2 个工作日，请尽快办理并回复"),
    ],
)
def test_a_reminder_is_true_on_the_day_on_which_it_arrives(world, timer, days, title, says):
    world.dispatched("edu")
    row = timers_of(world)[timer]
    world.clock.set(row.fire_at)
    with world.transaction() as session:
        timers.fire(session, timer_id=row.id, now=world.clock.now)
    world.clock.advance(days=days)  # the worker was off
    delivery = Delivery(world.database, Office(load_notifications(CONFIG), world.settings.mail))
    while delivery.deliver(world.clock.now):
        pass
    [notice] = _notices(world, "handler-edu")
    assert notice.title == title
    assert says in notice.text


def test_an_urge_asks_for_a_receipt_and_names_the_unit(world):
    world.dispatched("edu")
    _urge(world, "领导关注，请尽快")
    work_all(world)
    [notice] = _notices(world, "handler-edu")
    assert notice.receipt
    assert "教育局" in notice.text
    assert "领导关注，请尽快" in notice.text


def test_a_refused_need_is_told_to_who_filed_it_with_the_reason_once(world):
    world.recorded()
    world.do("office", "accept", {"decision": "reject", "reason": "不属于服务范围"})
    work_all(world)
    [notice] = _notices(world, "liaison-hrss")
    assert notice.template == "rejected"
    assert notice.text.count("不属于服务范围") == 1
    assert notice.text.count("请向联系对象说明") == 1


def test_both_names_stand_in_a_notice_of_a_substitute(world):
    world.dispatched("edu")
    with world.transaction() as session:
        event = history.append(
            session,
            stream=f"instance:{world.case}",
            kind="notice",
            actor="office",
            on_behalf_of="office-2",
            at=world.clock.now,
            data={
                "template": "copied",
                "to": {"usernames": ["auditor"], "role": None, "unit": None},
                "number": "1",
                "title": "事",
                "step": None,
                "due_on": None,
                "text": "",
            },
        )
        assert event.kind == "notice"
    work_all(world)
    assert "梁文韬代岳听澜" in _notices(world, "auditor")[0].text


# --- To whom ---------------------------------------------------------------------------------------------------------


def test_an_assigned_task_is_told_to_its_assignee_alone(world):
    world.dispatched("edu")
    with world.transaction() as session:
        operations.claim(
            session, task_id=world.task("handle", "edu").id, actor=world.actor("handler-edu-2"), now=world.clock.now
        )
    _urge(world)
    work_all(world)
    assert inbox_of(world, "handler-edu") == []
    assert inbox_of(world, "handler-edu-2") == [("urge", "催办：子女入学")]


def test_who_acts_for_somebody_on_leave_is_told_too(world):
    world.dispatched("housing")
    today = local(world.clock.now).date()
    with world.transaction() as session:
        absent, acting = (auth.get_account(session, name).person_id for name in ("handler-housing", "deputy-edu"))
        people.declare_substitute(
            session,
            person_id=absent,
            substitute_id=acting,
            starts_on=today,
            ends_on=today + timedelta(days=1),
            actor=SYSTEM,
            now=world.clock.now,
        )
    _urge(world)
    work_all(world)
    assert [template for template, _ in inbox_of(world, "deputy-edu")] == ["urge"]
    world.clock.advance(days=2)
    _urge(world)
    work_all(world)
    assert len(inbox_of(world, "deputy-edu")) == 1
    assert len(inbox_of(world, "handler-housing")) == 2


def test_a_mention_of_somebody_who_may_not_see_the_case_tells_nothing(world):
    world.dispatched("edu")
    with world.transaction() as session:
        sharing.comment(
            session,
            instance_id=world.case,
            text="@handler-health @handler-edu 请看",
            actor=world.actor("office"),
            now=world.clock.now,
        )
    work_all(world)
    assert inbox_of(world, "handler-health") == []
    assert [template for template, _ in inbox_of(world, "handler-edu")] == ["mentioned"]
    assert incidents(world) == []


def test_word_for_a_unit_without_an_account_reaches_who_stands_in_and_says_so(world):
    world.dispatched("housing")
    with world.transaction() as session:
        auth.disable_user(session, username="handler-housing", actor=SYSTEM, now=world.clock.now)
    _urge(world)
    work_all(world)
    assert [template for template, _ in inbox_of(world, "office-2")] == ["urge"]
    assert "区住房城乡建设和水利局没有能办理的人员，由区人才办代办" in _notices(world, "office-2")[0].text
    assert (owed(world), incidents(world)) == ([], [])
    assert mismatches(world) == []


def test_word_that_reaches_nobody_at_all_is_an_incident_that_people_see_and_retry(world):
    world.dispatched("housing")
    _owe(world, role="responsible_unit", unit="housing")
    with world.transaction() as session:
        for name in ("handler-housing", "office", "office-2"):
            auth.disable_user(session, username=name, actor=SYSTEM, now=world.clock.now)
    work_all(world)
    told = {incident.kind: incident for incident in incidents(world) if "工作提醒" in incident.message}
    assert "提醒「工作提醒」没有收件人" in told["notice"].message
    with world.transaction() as session:
        auth.enable_user(session, username="handler-housing", actor=SYSTEM, now=world.clock.now)
        timers.retry(session, incident_id=told["notice"].id, actor=world.actor("admin"), now=world.clock.now)
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-housing")] == ["reminder"]


def _vacancies(world) -> list[str]:
    """The notices to the Talent Office about units without a liaison."""
    return [row.title for row in _notices(world, "office") if row.template == "vacancy"]


def test_a_unit_without_a_liaison_is_told_to_the_office_once_and_floods_nobody(world):
    calendar_starts(world, "half_year_report", "every_half_year")
    for _ in range(25):
        work_all(world)
        world.clock.advance(days=1)
    told = _vacancies(world)
    assert told.count("请指定联络员：区公安局") == 1
    assert len(told) == len(set(told)) > 1
    assert (owed(world), incidents(world)) == ([], [])
    assert mismatches(world) == []


def test_a_vacancy_is_told_again_when_it_is_a_new_one_or_a_month_old(world):
    def owed_to_police():
        _owe(world, role="liaison", unit="police")
        work_all(world)
        return _vacancies(world).count("请指定联络员：区公安局")

    assert [owed_to_police(), owed_to_police()] == [1, 1]
    world.clock.advance(days=33)  # a Monday
    assert [owed_to_police(), owed_to_police()] == [2, 2]
    with world.transaction() as session:
        handler = auth.get_account(session, "handler-police").person_id
        people.name_liaison(session, unit_code="police", person_id=handler, actor=SYSTEM, now=world.clock.now)
    assert owed_to_police() == 2
    assert [template for template, _ in inbox_of(world, "handler-police")] == ["reminder"]
    with world.transaction() as session:
        today = local(world.clock.now).date()
        people.end_liaison(session, unit_code="police", ends_on=today, actor=SYSTEM, now=world.clock.now)
    world.clock.advance(days=1)
    assert owed_to_police() == 3


def _owe(world, stream="talent:T0001", template="reminder", **to) -> None:
    with world.transaction() as session:
        owe_notice(
            session,
            stream,
            template,
            title="人才信息",
            text="请核对。",
            actor=world.actor("office"),
            now=world.clock.now,
            **to,
        )


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ({"role": "talent_office"}, ["office", "office-2"]),
        ({"role": "liaison", "unit": "hrss"}, ["liaison-hrss"]),
        ({"usernames": ["leader", "auditor"]}, ["auditor", "leader"]),
    ],
)
def test_word_of_a_record_reaches_whom_it_is_addressed_to(world, to, told):
    _owe(world, **to)
    work_all(world)
    with looking(world) as session:
        found = list(session.scalars(select(Notification).order_by(Notification.username)))
    assert [row.username for row in found] == told
    assert {(row.title, row.text, row.stream, row.instance_id) for row in found} == {
        ("工作提醒：人才信息", "“人才信息”：请核对。", "talent:T0001", None)
    }
    assert (owed(world), incidents(world)) == ([], [])


def test_word_for_a_leader_reaches_who_holds_the_post_and_who_acts_for_them(world):
    today = local(world.clock.now).date()
    with world.transaction() as session:
        leader, acting = (auth.get_account(session, name).person_id for name in ("leader", "deputy-edu"))
        [post] = people.leader_posts(session, leader, today)
        people.declare_substitute(
            session,
            person_id=leader,
            substitute_id=acting,
            starts_on=today,
            ends_on=today,
            actor=SYSTEM,
            now=world.clock.now,
        )
    _owe(world, leader=post.id)
    work_all(world)
    assert [template for template, _ in inbox_of(world, "leader")] == ["reminder"]
    assert [template for template, _ in inbox_of(world, "deputy-edu")] == ["reminder"]


def test_a_leader_without_an_account_gets_a_brief_on_paper_and_has_a_stand_in_for_the_rest(world):
    with world.database.reading() as session:
        posts = people.search_leaders(session).items
        [post, *_] = [one.id for one in posts if one.person.name == "程望津"]
    _owe(world, template="brief", leader=post)
    work_all(world)
    assert (owed(world), incidents(world)) == ([], [])
    _owe(world, leader=post)
    work_all(world)
    assert incidents(world) == []
    with looking(world) as session:
        told = session.scalars(select(Notification).where(Notification.template == "reminder"))
        [notice] = [one for one in told if "程望津" in one.text]
    assert notice.username.startswith("liaison-")
    assert "无账号，由" in notice.text
    assert "联络员代办" in notice.text


# --- Once, and never too late ----------------------------------------------------------------------------------------


def test_no_urge_reaches_a_unit_whose_answer_is_in(world):
    world.dispatched("edu")
    world.clock.advance(hours=10)  # 19:00: the urge is counted, and waits for the office to open
    _urge(world)
    work_all(world)
    world.do("handler-edu", "handle")
    world.clock.advance(hours=14)
    work_all(world)
    assert inbox_of(world, "handler-edu") == []
    assert owed(world) == []


def test_telling_the_same_event_again_changes_nothing(world):
    world.dispatched("edu")
    _copy(world, "handler-health", "handler-hrss")
    work_all(world)
    [before] = _notices(world, "handler-health")
    with world.transaction() as session:
        session.add(OutboxEntry(event_id=before.event_id, due_at=world.clock.now, attempts=0))
    work_all(world)
    assert [notice.id for notice in _notices(world, "handler-health")] == [before.id]
    assert owed(world) == []


def test_a_broken_notice_holds_up_no_other(world):
    world.dispatched("edu")
    with world.transaction() as session:
        history.append(
            session, stream="unit:edu", kind="notice", actor="office", at=world.clock.now, data={"template": "nonsense"}
        )
    _copy(world, "handler-health")
    worker = worker_of(world)
    work_all(world, worker)
    assert [template for template, _ in inbox_of(world, "handler-health")] == ["copied"]
    assert [entry.attempts for entry in owed(world)] == [1]
    for _ in range(10):
        world.clock.advance(minutes=20)
        work_all(world, worker)
    assert [entry.attempts for entry in owed(world)] == [history.MAX_ATTEMPTS]
    [incident] = incidents(world)
    assert "连续 5 次" in incident.message


# --- The inbox -------------------------------------------------------------------------------------------------------


def test_the_inbox_is_read_by_its_owner_alone(world):
    world.dispatched("edu")
    _copy(world, "handler-health")
    world.clock.advance(minutes=1)
    _urge(world)
    work_all(world)
    health, edu = world.actor("handler-health"), world.actor("handler-edu")
    with world.transaction() as session:
        [copied] = notifications.inbox(session, health).items
        assert (
            _unread(session, health),
            _unread(session, edu),
        ) == (1, 2)
        with pytest.raises(NotFound):
            notifications.mark_read(session, notification_id=copied.id, actor=edu, now=world.clock.now)
        notifications.mark_read(session, notification_id=copied.id, actor=health, now=world.clock.now)
        assert _unread(session, health) == 0
        assert notifications.inbox(session, health, unread=True).total == 0
        assert notifications.inbox(session, health).total == 1
        notifications.mark_all_read(session, actor=edu, now=world.clock.now)
        assert _unread(session, edu) == 0
    first = _notices(world, "handler-health")[0].read_at
    with world.transaction() as session:
        later = world.clock.advance(hours=1)
        notifications.mark_read(session, notification_id=copied.id, actor=health, now=later)
    assert _notices(world, "handler-health")[0].read_at == first


# --- Mail ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server():
    with sink() as running:
        yield running


@pytest.fixture
def mailing(world, server):
    """The world, with mail switched on and addresses for some."""
    mail = replace(world.settings.mail, enabled=True, host="127.0.0.1", port=server.port, sender="zhilian@nanhai.test")
    world.settings = replace(world.settings, mail=mail, public_url="https://zhilian.test")
    with world.transaction() as session:
        for username in ("handler-edu", "handler-edu-2", "handler-health"):
            notifications.set_mail_address(
                session, username=username, address=f"{username}@office.test", actor=SYSTEM, now=world.clock.now
            )
    return world


def test_mail_is_off_unless_the_office_switches_it_on(world, server):
    world.dispatched("edu")
    with world.transaction() as session:
        notifications.set_mail_address(
            session, username="handler-edu", address="a@office.test", actor=SYSTEM, now=world.clock.now
        )
    _urge(world)
    work_all(world)
    assert server.got == []


def test_mail_says_what_to_do_and_nothing_of_the_matter(mailing, server):
    mailing.dispatched("edu")
    _urge(mailing, "子女入学一事请抓紧")
    work_all(mailing)
    assert server.addresses == ["handler-edu@office.test", "handler-edu-2@office.test"]
    message = server.got[0][1]
    text = message.get_content()
    assert message["Subject"] == "【直联平台】催办（2026-需-0001）"
    assert f"https://zhilian.test/cases/{mailing.case}" in text
    assert "2026-09-24（周四）" in text
    assert "子女入学" not in text + message["Subject"]
    with mailing.database.reading() as session:
        told = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "notice"))
        [sealed] = [event.hash for event in told if event.data["template"] == "urge"]
    assert message["Message-ID"].startswith(f"<{sealed[:32]}.")
    assert len({message["Message-ID"] for _, message in server.got}) == 2
    assert owed(mailing) == []


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c", "a b@c", "a@c\r\nBcc: x@y", "名@c", "<a@c>", "a" * 300 + "@c"]
)
def test_a_bad_mail_address_is_refused(world, address):
    with world.transaction() as session, pytest.raises(Invalid):
        notifications.set_mail_address(
            session, username="handler-edu", address=address, actor=SYSTEM, now=world.clock.now
        )


def test_a_mail_address_is_set_by_its_owner_or_an_administrator_and_the_journal_keeps_no_address(world):
    now = world.clock.now
    with world.transaction() as session, pytest.raises(NotAllowed):
        notifications.set_mail_address(
            session, username="handler-edu", address="a@b", actor=world.actor("office"), now=now
        )
    for by, address in (("handler-edu", "a@b.test"), ("admin", "c@d.test"), ("admin", None)):
        with world.transaction() as session:
            notifications.set_mail_address(
                session, username="handler-edu", address=address, actor=world.actor(by), now=now
            )
            assert notifications.mail_address(session, "handler-edu") == address
    with world.database.reading() as session:
        kinds = [(event.kind, event.data) for event in history.stream_events(session, "access")][-3:]
    assert [kind for kind, _ in kinds] == ["mail_address_set", "mail_address_set", "mail_address_removed"]
    assert all(data["username"] == "handler-edu" for _, data in kinds)
    assert not [data for _, data in kinds if "@" in str(data)]


def test_a_lost_inbox_can_be_told_again_from_the_journal(world):
    world.dispatched("edu")
    _copy(world, "handler-health")
    work_all(world)
    with world.transaction() as session:
        session.execute(delete(Notification))
        told = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "notice"))
        [event_id] = [event.id for event in told if event.data["template"] == "copied"]
        session.add(OutboxEntry(event_id=event_id, due_at=world.clock.now, attempts=0))
    work_all(world)
    assert [template for template, _ in inbox_of(world, "handler-health")] == ["copied"]


def test_an_administrator_sets_and_removes_an_address_on_the_command_line(world):
    url = world.database.url.render_as_string(hide_password=False)
    call = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None})
    for arguments, kept in ((["handler-edu", "a@b.test"], "a@b.test"), (["handler-edu"], None)):
        assert call.invoke(liaison, ["user", "mail", *arguments]).exit_code == 0
        with world.database.reading() as session:
            assert notifications.mail_address(session, "handler-edu") == kept
    refused = call.invoke(liaison, ["user", "mail", "nobody-here", "a@b.test"])
    assert (refused.exit_code, "没有这个账号" in refused.stderr) == (1, True)


# --- Of what a step led to -------------------------------------------------------------------------------------------


def _told(world, username) -> list[tuple[str, str, str | None]]:
    """(template, step, reason) of what the journal owes to whoever must act, as it reached that inbox."""
    with looking(world) as session:
        found = session.scalars(
            select(HistoryEvent)
            .join(Notification, Notification.event_id == HistoryEvent.id)
            .where(Notification.username == username)
            .order_by(HistoryEvent.id)
        )
        return [(event.data["template"], event.data["step"], event.data["text"]) for event in found]


def test_a_new_task_is_told_to_all_who_may_take_it_but_not_to_who_brought_it_about(world):
    world.recorded()
    work_all(world)
    assert _told(world, "office") == _told(world, "office-2") == [("task", "受理审核", "")]
    assert _told(world, "liaison-hrss") == []
    world.do("office", "accept")
    work_all(world)
    assert _told(world, "office") == [("task", "受理审核", "")]
    assert _told(world, "office-2")[-1] == ("task", "派单", "")
    world.do("office", "dispatch")
    work_all(world)
    [notice] = _all_notices(world, "handler-edu")
    assert notice.title == "新待办：办理（子女入学）"
    assert (
        notice.text
        == "“子女入学”（2026-需-0001）已到“办理”，请区教育局办理，将于 2026-09-24（周四）到期，还剩 7 个工作日。"
    )
    assert mismatches(world) == []


def test_who_starts_a_case_is_not_told_of_its_first_step_nor_are_colleagues(world):
    world.start()
    with looking(world) as session:
        assert list(session.scalars(select(OutboxEntry))) == []


def test_a_task_done_in_the_meantime_is_not_told_as_new(world):
    world.recorded()
    world.do("office", "accept")
    work_all(world)
    assert [step for _, step, _ in _told(world, "office-2")] == ["派单"]


def test_a_return_is_told_with_its_reason_to_who_must_do_the_step_again(world):
    world.accepted()
    work_all(world)
    with world.transaction() as session:
        commands.return_task(
            session,
            task_id=world.task("dispatch").id,
            target="accept",
            reason="类别有误",
            actor=world.actor("office"),
            now=world.clock.now,
        )
    work_all(world)
    assert _told(world, "office-2")[-1] == ("returned", "受理审核", "类别有误")
    assert ("returned", "受理审核", "类别有误") not in _told(world, "office")
    assert mismatches(world) == []


def test_a_moved_deadline_is_told_with_the_notice_that_moved_it(world):
    world.dispatched("edu")
    work_all(world)
    before = world.task("handle").due_on
    closed = replace(load_notices(CONFIG), closures=(Closure(before, before, "台风停工", "停工〔2026〕1号"),))
    calendar = Calendar.from_config(closed)
    with world.transaction() as session:
        timers.load_calendar(session, calendar=calendar, source="停工〔2026〕1号", actor=SYSTEM, now=world.clock.now)
    after = world.task("handle").due_on
    assert after > before
    work_all(world)
    [notice] = [one for one in _all_notices(world, "handler-edu") if one.template == "due_changed"]
    assert after.isoformat() in notice.text
    assert "停工〔2026〕1号" in notice.text
    assert [one.template for one in _all_notices(world, "office")].count("due_changed") == 0
    assert mismatches(world) == []


def test_word_of_a_new_task_stays_inside(mailing, server):
    assert [kind for kind, wording in load_notifications(CONFIG).items() if not wording.outside] == ["task"]
    mailing.dispatched("edu")
    work_all(mailing)
    assert [template for template, _, _ in _told(mailing, "handler-edu")] == ["task"]
    assert server.got == []


def _all_notices(world, username) -> list[Notification]:
    with looking(world) as session:
        mine = select(Notification).where(Notification.username == username)
        return list(session.scalars(mine.order_by(Notification.event_id)))


def _unread(session, actor):
    return notifications.waiting(session, actor, clock.today()).unread
