"""How each gets what leaves the service: over which channel, at once or with the day's letter, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from service import notifications
from service.audit.tables.streams import verify_records
from service.auth import disable_user, grant_role
from service.config import Chat, load_notifications
from service.config.accounts import Accounts
from service.config.notifications import KINDS
from service.errors import Invalid, NotAllowed
from service.history import HistoryEvent
from service.notifications import Notification, NotificationDelivery, OwedLetter, mark_all_read
from service.notifications.channels import DINGTALK, MAIL, ROBOTS, WECHAT
from service.notifications.digests import composed
from service.notifications.models import NoticeChoice
from service.notifications.ways import ALL, DIGEST, NOW, OFF
from service.processes import operations
from service.rights import SYSTEM
from tests.factories.mail import ChatServer, Sink, chat_server, sink
from tests.factories.workers import at_once, incidents, looking, mismatches, work_all, worker_of
from tests.factories.world import CONFIG, World

EDU, EDU_2, LEADER = "handler-edu", "handler-edu-2", "leader"


@pytest.fixture
def server() -> Iterator[Sink]:
    with sink() as running:
        yield running


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with chat_server() as running:
        yield running


@pytest.fixture
def mailing(world: World, server: Sink) -> World:
    """A world that mails to a handler of edu and to the leader who serves T0001."""
    mail = replace(world.settings.mail, enabled=True, host="127.0.0.1", port=server.port, sender="zhilian@office.test")
    world.settings = replace(world.settings, public_url="https://zhilian.test", mail=mail)
    with world.transaction() as session:
        for username in (EDU, LEADER):
            notifications.set_mail_address(
                session, username=username, address=f"{username}@office.test", actor=SYSTEM, now=world.clock.now
            )
    return world


def _urge(world: World) -> None:
    with world.transaction() as session:
        actor = world.actor("office")
        operations.urge(session, instance_id=world.case, text="请尽快办理", actor=actor, now=world.clock.now)


def _choose(world: World, username: str, **choices: str) -> None:
    """``kind__channel=way``."""
    chosen = {(name.partition("__")[0], name.partition("__")[2]): way for name, way in choices.items()}
    kinds = {ALL: "", **KINDS}
    with world.transaction() as session:
        actor = world.actor(username)
        notifications.set_choices(
            session, username=username, choices=chosen, kinds=kinds, actor=actor, now=world.clock.now
        )


def _mails(server: Sink, to: str) -> list[tuple[str, str]]:
    return [
        (str(message["Subject"]), message.get_content())
        for address, message in server.got
        if address == f"{to}@office.test"
    ]


def test_a_leader_gets_one_letter_a_working_day_with_what_came(mailing: World, server: Sink) -> None:
    mailing.finished(talent_id="T0001", title="子女入学")
    worker = worker_of(mailing)
    work_all(mailing, worker)
    assert _mails(server, LEADER) == []  # nothing at once
    mailing.finished(talent_id="T0001", title="人才住房")
    work_all(mailing, worker)
    mailing.clock.advance(days=1)
    work_all(mailing, worker)
    [(subject, body)] = _mails(server, LEADER)
    assert subject == "【直联平台】每日汇总：2 条未读提醒"
    assert "办结（2026-需-0001）" in body
    assert "办结（2026-需-0002）" in body
    assert "请登录直联平台查看：https://zhilian.test/notices" in body
    assert "子女入学" not in subject + body  # nothing of the matters themselves leaves the service
    mailing.clock.advance(days=1)
    work_all(mailing, worker)
    work_all(mailing, worker_of(mailing, name="two"))
    assert len(_mails(server, LEADER)) == 1  # nothing has come since
    assert mismatches(mailing) == []
    with looking(mailing) as session:
        assert list(verify_records(session)) == []


def test_the_days_letter_reaches_no_inbox_and_what_was_read_meanwhile_owes_none(mailing: World, server: Sink) -> None:
    mailing.finished(talent_id="T0001")
    worker = worker_of(mailing)
    work_all(mailing, worker)
    with mailing.transaction() as session:
        mark_all_read(session, actor=mailing.actor(LEADER), now=mailing.clock.now)
    mailing.clock.advance(days=1)
    work_all(mailing, worker)
    assert _mails(server, LEADER) == []
    with looking(mailing) as session:
        assert session.scalars(select(Notification).where(Notification.template == "digest")).all() == []


def test_a_day_off_brings_no_letter_and_the_next_working_day_does(mailing: World, server: Sink) -> None:
    mailing.finished(talent_id="T0001")
    worker = worker_of(mailing)
    work_all(mailing, worker)
    while mailing.clock.now.weekday() != 5:  # Saturday
        mailing.clock.advance(days=1)
        before = len(_mails(server, LEADER))
        if mailing.clock.now.weekday() == 5:
            work_all(mailing, worker)
            assert len(_mails(server, LEADER)) == before
    mailing.clock.advance(days=2)
    work_all(mailing, worker)
    assert len(_mails(server, LEADER)) == 1


def test_who_has_left_is_owed_no_letter_of_the_day(mailing: World, server: Sink) -> None:
    mailing.finished(talent_id="T0001")
    worker = worker_of(mailing)
    work_all(mailing, worker)
    with mailing.transaction() as session:
        disable_user(session, username=LEADER, actor=SYSTEM, now=mailing.clock.now)
    mailing.clock.advance(days=1)
    work_all(mailing, worker)
    assert _mails(server, LEADER) == []
    with looking(mailing) as session:
        assert session.scalars(select(HistoryEvent).where(HistoryEvent.stream == f"digest:{LEADER}")).all() == []
    assert incidents(mailing) == []


def test_a_separated_administrator_gets_nothing_of_an_earlier_role(mailing: World) -> None:
    mailing.finished(talent_id="T0001")
    work_all(mailing)
    wordings = load_notifications(CONFIG)
    with mailing.transaction() as session:
        assert composed(session, LEADER, wordings, now=mailing.clock.now) is not None
        grant_role(session, username=LEADER, role="admin", actor=SYSTEM, now=mailing.clock.now)
    mailing.rule(accounts=Accounts(separate=True, by_two=True))
    with looking(mailing) as session:
        assert composed(session, LEADER, wordings, now=mailing.clock.now) is None


def test_two_workers_at_once_owe_one_letter(mailing: World, server: Sink) -> None:
    mailing.finished(talent_id="T0001")
    work_all(mailing)
    mailing.clock.advance(days=1)
    workers = [worker_of(mailing, name=name) for name in ("one", "two")]
    at_once(*(lambda one=one: work_all(mailing, one) for one in workers))
    work_all(mailing)
    with looking(mailing) as session:
        query = select(func.count()).where(HistoryEvent.stream == f"digest:{LEADER}", HistoryEvent.kind == "notice")
        assert session.scalar(query) == 1
    assert len(_mails(server, LEADER)) == 1


def test_each_chooses_the_kind_and_the_way(mailing: World, server: Sink) -> None:
    _choose(mailing, EDU, urge__mail=OFF, task__mail=NOW)
    mailing.dispatched("edu")
    _urge(mailing)
    work_all(mailing)
    assert [subject for subject, _ in _mails(server, EDU)] == ["【直联平台】新待办（2026-需-0001）"]
    _choose(mailing, EDU, all__mail=OFF, urge__mail=NOW)
    _urge(mailing)
    work_all(mailing)
    assert [subject for subject, _ in _mails(server, EDU)][1:] == ["【直联平台】催办（2026-需-0001）"]
    _choose(mailing, LEADER, result__mail=NOW)
    mailing.finished(talent_id="T0001")
    work_all(mailing)
    assert [subject for subject, _ in _mails(server, LEADER)] == ["【直联平台】办结（2026-需-0002）"]
    with looking(mailing) as session:
        assert list(verify_records(session)) == []


def test_who_wants_all_in_one_letter_gets_the_undone_in_it(mailing: World, server: Sink) -> None:
    _choose(mailing, EDU, all__mail=DIGEST)
    mailing.dispatched("edu")
    _urge(mailing)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    assert _mails(server, EDU) == []
    mailing.clock.advance(days=1)
    work_all(mailing, worker)
    [(subject, body)] = _mails(server, EDU)
    assert "1 项待办" in subject
    assert "催办（2026-需-0001）" in body


def test_what_was_chosen_for_a_channel_that_is_closed_now_stays(mailing: World) -> None:
    _choose(mailing, EDU, urge__wechat=OFF, urge__mail=OFF)
    with mailing.transaction() as session:
        notifications.set_choices(
            session,
            username=EDU,
            choices={("task", MAIL): NOW},
            kinds={ALL: "", **KINDS},
            channels=(MAIL,),
            actor=mailing.actor(EDU),
            now=mailing.clock.now,
        )
    with looking(mailing) as session:
        rows = session.scalars(select(NoticeChoice).where(NoticeChoice.username == EDU))
        found = {(one.kind, one.channel): one.way for one in rows}
        assert found == {("urge", WECHAT): OFF, ("task", MAIL): NOW}
        assert list(verify_records(session)) == []


def test_choices_are_the_persons_own(mailing: World) -> None:
    kinds = {ALL: "", **KINDS}
    with mailing.transaction() as session, pytest.raises(NotAllowed):
        notifications.set_choices(
            session, username=EDU, choices={}, kinds=kinds, actor=mailing.actor("office"), now=mailing.clock.now
        )
    for wrong in ({("nothing", MAIL): NOW}, {("urge", "pigeon"): NOW}, {("urge", MAIL): "sometimes"}):
        with mailing.transaction() as session, pytest.raises(Invalid):
            notifications.set_choices(
                session, username=EDU, choices=wrong, kinds=kinds, actor=mailing.actor(EDU), now=mailing.clock.now
            )


# --- Chat services ---------------------------------------------------------------------------------------------------


def _chatting(world: World, chat: ChatServer, channel: str, **changes: str) -> None:
    made = Chat(enabled=True, base=chat.base, app="office", agent="7", secret="right", robot="", robot_secret="")
    mail = replace(world.settings.mail, **{channel: replace(made, **changes)})
    world.settings = replace(world.settings, mail=mail)
    with world.transaction() as session:
        for username, address in ((EDU, "liguang"), (EDU_2, "gone")):
            notifications.set_chat_address(
                session, username=username, channel=channel, address=address, actor=SYSTEM, now=world.clock.now
            )


def _unsent(world: World) -> list[OwedLetter]:
    with looking(world) as session:
        return list(session.scalars(select(OwedLetter).order_by(OwedLetter.event_id, OwedLetter.recipient)))


def test_word_over_the_governments_chat_service_goes_to_each_by_the_offices_application(
    world: World, chat: ChatServer
) -> None:
    _chatting(world, chat, WECHAT)
    chat.invalid = {"gone"}
    world.dispatched("edu")
    _urge(world)
    work_all(world)
    messages = [body for path, _, body in chat.got if path == "/cgi-bin/message/send"]
    assert {one["touser"] for one in messages} == {"liguang", "gone"}
    assert messages[0]["agentid"] == 7
    assert messages[0]["text"]["content"].startswith("【直联平台】催办（2026-需-0001）")
    assert "子女入学" not in str(messages)
    [refused] = _unsent(world)
    assert (refused.recipient, refused.given_up) == (EDU_2, True)
    assert "没有这个账号" in (refused.last_error or "")
    _urge(world)
    chat.stale = {"token-1"}  # two hours have passed
    work_all(world)
    assert chat.tokens == 2
    assert mismatches(world) == []


def test_the_other_chat_service_speaks_its_own_words(world: World, chat: ChatServer) -> None:
    _chatting(world, chat, DINGTALK)
    world.dispatched("edu")
    _urge(world)
    work_all(world)
    [first, _] = [body for path, _, body in chat.got if path == "/topapi/message/corpconversation/asyncsend_v2"]
    assert (first["agent_id"], first["userid_list"], first["msg"]["msgtype"]) == (7, "liguang", "text")


def test_a_chat_service_that_has_too_much_is_tried_again_and_one_that_refuses_the_office_is_left_alone(
    world: World, chat: ChatServer
) -> None:
    _chatting(world, chat, WECHAT)
    chat.codes = [45009, 0]
    world.dispatched("edu")
    _urge(world)
    worker = worker_of(world)
    work_all(world, worker)
    [letter] = _unsent(world)
    assert (letter.attempts, letter.given_up, letter.of_channel) == (1, False, False)
    world.clock.advance(minutes=2)
    work_all(world, worker)
    assert _unsent(world) == []
    _chatting(world, chat, WECHAT, secret="wrong")
    _urge(world)
    work_all(world, worker_of(world))
    failed = [letter for letter in _unsent(world) if letter.attempts]
    assert [letter.of_channel for letter in failed] == [True]  # the other one did not knock
    assert "请检查 wechat 的应用和密钥" in (failed[0].last_error or "")
    assert "wrong" not in (failed[0].last_error or "")


def test_a_robot_writes_into_its_group_once_and_signs(world: World, chat: ChatServer) -> None:
    _chatting(world, chat, DINGTALK, app="", robot="r0b0t", robot_secret="SEC1")
    world.dispatched("edu")
    _urge(world)
    work_all(world)
    posts = [(query, body) for path, query, body in chat.got if path == "/robot/send"]
    assert len([body for _, body in posts if "催办" in body["text"]["content"]]) == 1
    query, _ = posts[0]
    assert query["access_token"] == "r0b0t"
    assert {"timestamp", "sign"} <= query.keys()
    with looking(world) as session:
        sent = session.scalars(
            select(NotificationDelivery.recipient).where(NotificationDelivery.channel == ROBOTS[DINGTALK])
        ).all()
    assert sent
    assert "r0b0t" not in sent  # the address is a secret


def test_an_account_of_a_chat_service_is_no_free_text(world: World) -> None:
    with world.transaction() as session, pytest.raises(Invalid):
        notifications.set_chat_address(
            session, username=EDU, channel=WECHAT, address="a|b", actor=SYSTEM, now=world.clock.now + timedelta(0)
        )
