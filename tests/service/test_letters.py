"""Letters: tried for hours, each on its own, shown with the reason, retried all at once; never lost, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from time import sleep

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from service import notifications
from service.auth import disable_user
from service.errors import Incident, NotAllowed
from service.history import OutboxEntry
from service.notifications import NotificationDelivery, OwedLetter, channels, letters, post
from service.notifications.channels import APPRISE, MAIL
from service.notifications.letter import ChannelDown, Letter, Undeliverable
from service.notifications.post import LEASE, SETTLE_AT
from service.processes import operations
from service.rights import SYSTEM
from tests.factories.mail import Sink, sink, web_hook
from tests.factories.visitor import Visitor
from tests.factories.workers import inbox_of, incidents, looking, mismatches, owed, work_all, worker_of
from tests.factories.world import World

FIRST, SECOND = "handler-edu@office.test", "handler-edu-2@office.test"


@pytest.fixture
def server() -> Iterator[Sink]:
    with sink() as running:
        yield running


@pytest.fixture
def mailing(world: World, server: Sink) -> World:
    """A world that mails to its two handlers of edu, who handle a need; the settings are one hour of trying."""
    world.dispatched("edu")
    work_all(world)  # word of the acceptance leaves no letter: nothing is open yet
    mail = replace(
        world.settings.mail,
        enabled=True,
        host="127.0.0.1",
        port=server.port,
        sender="zhilian@office.test",
        retry_for=timedelta(hours=24),
    )
    world.settings = replace(world.settings, public_url="https://zhilian.test", mail=mail)
    with world.transaction() as session:
        for username in ("handler-edu", "handler-edu-2"):
            notifications.set_mail_address(
                session, username=username, address=f"{username}@office.test", actor=SYSTEM, now=world.clock.now
            )
    return world


def _urge(world: World, text: str = "请尽快办理") -> None:
    with world.transaction() as session:
        office = world.actor("office")
        operations.urge(session, instance_id=world.case, text=text, actor=office, now=world.clock.now)


def _letters(world: World) -> list[OwedLetter]:
    with looking(world) as session:
        return list(session.scalars(select(OwedLetter).order_by(OwedLetter.event_id, OwedLetter.recipient)))


def _until(world: World, worker, done, *, minutes: int = 1, most: int = 400) -> int:
    """Works on until ``done()``; gives how many times it had to."""
    for turn in range(most):
        if done():
            return turn
        world.clock.advance(minutes=minutes)
        work_all(world, worker)
    raise AssertionError("it never came")


def test_a_letter_is_tried_for_hours_ever_more_seldom_then_shown(mailing: World, server: Sink) -> None:
    server.answers = {FIRST: "451 later", SECOND: "250 taken"}
    _urge(mailing)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    assert [template for template, _ in inbox_of(mailing, "handler-edu")] == ["urge"]  # the inbox waits for no mail
    assert owed(mailing) == []
    waits = []
    while not (letter := _letters(mailing)[0]).given_up:
        assert "451" in (letter.last_error or "")
        waits.append(round((letter.due_at - mailing.clock.now) / timedelta(minutes=1)))
        mailing.clock.set(letter.due_at)
        work_all(mailing, worker)
        while _letters(mailing)[0].attempts == letter.attempts:
            mailing.clock.advance(hours=1)  # the office is closed: nothing is tried, nothing is counted
            work_all(mailing, worker)
        assert len(waits) < 60
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert max(waits) == 60
    assert _letters(mailing)[0].attempts >= 8
    [incident] = [one for one in incidents(mailing) if one.kind == "mail"]
    assert "已停止自动重试" in incident.message
    assert "451" in incident.message


def test_a_server_that_is_down_longer_than_a_quarter_of_an_hour_loses_nothing(mailing: World) -> None:
    with sink() as gone:
        port = gone.port
    mailing.settings = replace(mailing.settings, mail=replace(mailing.settings.mail, port=port))
    _urge(mailing)
    worker = worker_of(mailing)
    for _ in range(36):  # three hours
        work_all(mailing, worker)
        mailing.clock.advance(minutes=5)
    tried = [letter for letter in _letters(mailing) if letter.attempts]
    assert f"无法连接邮件服务器 127.0.0.1:{port}" in (tried[0].last_error or "")
    assert not any(letter.given_up for letter in _letters(mailing))
    assert [one for one in incidents(mailing) if one.kind == "mail"] == []
    with sink() as back:
        mailing.settings = replace(mailing.settings, mail=replace(mailing.settings.mail, port=back.port))
        worker = worker_of(mailing)
        _until(mailing, worker, lambda: not _letters(mailing), most=12)
        assert sorted(back.addresses) == [SECOND, FIRST]


def test_when_the_server_is_back_what_waited_for_it_goes_at_once(mailing: World, server: Sink) -> None:
    calls: list[str] = []
    down = [True]

    def send(letter: Letter) -> None:
        calls.append(letter.recipient)
        if down[0]:
            raise ChannelDown("无法连接邮件服务器")

    worker = worker_of(mailing, send={MAIL: send})
    _urge(mailing, "一")
    _urge(mailing, "二")
    work_all(mailing, worker)
    assert len(calls) == 1  # the others do not knock at the same closed door
    for _ in range(30):
        mailing.clock.advance(minutes=1)
        work_all(mailing, worker)
    assert max(letter.attempts for letter in _letters(mailing)) >= 3
    down[0] = False
    _until(mailing, worker, lambda: len(_letters(mailing)) < 4, most=11)
    mailing.clock.advance(minutes=1)
    work_all(mailing, worker)
    assert _letters(mailing) == []


def test_a_bad_address_is_shown_at_once_and_holds_up_nobody(mailing: World, server: Sink) -> None:
    server.unknown = {FIRST}
    for text in ("一", "二", "三"):
        _urge(mailing, text)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    assert server.addresses == [SECOND] * 3
    assert [(letter.recipient, letter.given_up, letter.attempts) for letter in _letters(mailing)] == [
        ("handler-edu", True, 1)
    ] * 3
    assert "拒收发给该收件人的邮件（代码 550）" in (_letters(mailing)[0].last_error or "")
    for _ in range(5):
        mailing.clock.advance(hours=1)
        work_all(mailing, worker)
    assert server.addresses == [SECOND] * 3


@pytest.mark.parametrize("poison", ["554 never", "drop"])
def test_a_poison_letter_holds_up_no_other(mailing: World, server: Sink, poison: str) -> None:
    if poison == "drop":
        server.drops = {FIRST}
    else:
        server.answers = {FIRST: poison}
    for text in ("一", "二"):
        _urge(mailing, text)
    work_all(mailing)
    assert server.addresses == [SECOND] * 2
    assert {letter.given_up for letter in _letters(mailing)} == {poison != "drop"}


def test_a_slow_server_is_left_alone_for_a_moment_and_inboxes_do_not_wait(
    mailing: World, server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 0.2)
    server.slow = 0.6
    _urge(mailing, "一")
    _urge(mailing, "二")
    worker = worker_of(mailing)
    work_all(mailing, worker)
    assert [template for template, _ in inbox_of(mailing, "handler-edu")] == ["urge", "urge"]
    assert server.calls == 1
    assert "没有及时答复" in (next(letter for letter in _letters(mailing) if letter.attempts).last_error or "")
    server.slow = 0
    _until(mailing, worker, lambda: not _letters(mailing), most=6)
    assert sorted(set(server.addresses)) == [SECOND, FIRST]
    keys = [message["Message-ID"] for _, message in server.got]
    assert len(set(keys)) == 4  # what the slow server took after all came again under the same name


def test_a_worker_that_dies_while_mailing_leaves_the_rest_to_the_next(mailing: World, server: Sink) -> None:
    _urge(mailing)
    sent: list[Letter] = []

    def die(letter: Letter) -> None:
        sent.append(letter)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker_of(mailing, send={MAIL: die}).tick(mailing.clock.now)
    work_all(mailing)
    assert server.addresses == []  # whoever died may still be at the batch
    mailing.clock.advance(minutes=6)
    work_all(mailing)
    assert sorted(server.addresses) == [SECOND, FIRST]
    again = next(message for address, message in server.got if address == sent[0].address)
    assert again["Message-ID"].startswith(f"<{sent[0].key}@")
    assert _letters(mailing) == []


def test_of_the_letters_of_a_worker_that_dies_no_more_than_a_handful_come_twice(mailing: World) -> None:
    for number in range(12):
        _urge(mailing, f"第 {number} 次")
    sent: list[Letter] = []

    def die(letter: Letter) -> None:
        sent.append(letter)
        if len(sent) == 2 * SETTLE_AT + 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker_of(mailing, send={MAIL: die}).tick(mailing.clock.now)
    assert len(_letters(mailing)) == 24 - 2 * SETTLE_AT
    again: list[Letter] = []
    mailing.clock.advance(minutes=6)
    work_all(mailing, worker_of(mailing, send={MAIL: again.append}))
    assert _letters(mailing) == []
    keys = [letter.key for letter in sent + again]
    assert len(set(keys)) == 24
    assert len(keys) == 24 + 3
    assert mismatches(mailing) == []


def test_a_line_to_the_server_serves_more_than_one_batch(
    mailing: World, server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "BATCH", 2)
    for number in range(3):
        _urge(mailing, f"第 {number} 次")
    worker_of(mailing).tick(mailing.clock.now)
    assert len(server.got) == 6
    assert server.calls == 1


def test_what_went_out_is_not_sent_again_and_telling_again_owes_nothing(mailing: World, server: Sink) -> None:
    _urge(mailing)
    work_all(mailing)
    with looking(mailing) as session:
        [event_id] = set(session.scalars(select(NotificationDelivery.event_id)))
    with mailing.transaction() as session:
        session.add(OutboxEntry(event_id=event_id, due_at=mailing.clock.now, attempts=0))
    work_all(mailing)
    assert sorted(server.addresses) == [SECOND, FIRST]


def test_a_letter_about_work_that_is_done_or_for_who_has_left_is_not_sent(mailing: World, server: Sink) -> None:
    server.refuse = True
    _urge(mailing)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    with mailing.transaction() as session:
        disable_user(session, username="handler-edu", actor=mailing.actor("admin"), now=mailing.clock.now)
    server.refuse = False
    mailing.clock.advance(minutes=2)
    work_all(mailing, worker)
    assert server.addresses == [SECOND]
    server.refuse = True
    _urge(mailing)
    work_all(mailing, worker)
    mailing.do("handler-edu-2", "handle")
    server.refuse = False
    mailing.clock.advance(minutes=2)
    work_all(mailing, worker)
    assert server.addresses == [SECOND]
    assert _letters(mailing) == []


def test_all_unsent_letters_are_listed_with_the_reason_and_retried_by_one_button(mailing: World, server: Sink) -> None:
    server.unknown = {FIRST}
    server.answers = {SECOND: "452 full"}
    _urge(mailing)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    page = Visitor(mailing, "admin").get("/system").get_data(as_text=True)
    assert "未发出的邮件" in page
    assert "拒收发给该收件人的邮件（代码 550）" in page
    assert "代码 452" in page
    assert "全部重试" in page
    api = mailing.api("admin")
    listed = api.get("/letters").get_json()
    assert [(one["username"], one["given_up"], one["attempts"]) for one in listed["items"]] == [
        ("handler-edu", True, 1),
        ("handler-edu-2", False, 1),
    ]
    assert listed["items"][0]["kind"] == "催办"
    assert api.post("/letters/retry").get_json() == {"retried": 2}
    server.unknown, server.answers = set(), {}
    work_all(mailing, worker)
    assert sorted(server.addresses) == [SECOND, FIRST]
    assert api.get("/letters").get_json()["total"] == 0
    with mailing.transaction() as session, pytest.raises(NotAllowed):
        notifications.retry_all(session, actor=mailing.actor("office"), now=mailing.clock.now)


def test_the_button_on_the_page_has_all_tried_again(mailing: World, server: Sink) -> None:
    server.unknown = {FIRST}
    _urge(mailing)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    server.unknown = set()
    answer = Visitor(mailing, "admin").post("/system/letters/retry")
    assert answer.status_code in (200, 302, 303)
    work_all(mailing, worker)
    assert sorted(server.addresses) == [SECOND, FIRST]


def test_other_channels_get_the_same_little_once(mailing: World) -> None:
    url = "json://127.0.0.1:9/secret"
    mail = replace(mailing.settings.mail, enabled=False, apprise_urls=(url,))
    mailing.settings = replace(mailing.settings, mail=mail)
    got: list[Letter] = []

    def send(letter: Letter) -> None:
        got.append(letter)
        if len(got) == 1:
            raise Incident("提醒渠道（Apprise）发送失败")

    _urge(mailing, "子女入学一事")
    worker = worker_of(mailing, send={APPRISE: send})
    work_all(mailing, worker)
    mailing.clock.advance(minutes=2)
    work_all(mailing, worker)
    assert [letter.address for letter in got] == [url, url]
    assert got[0].key == got[1].key
    assert "secret" not in got[0].recipient
    assert "子女入学" not in got[0].subject + got[0].body


# the library itself still asks for a module that Python 3.13 dropped
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_reaches_a_service_and_names_its_own_failures(mailing: World) -> None:
    with web_hook() as hook:
        urls = (f"json://127.0.0.1:{hook.port}/", "json://127.0.0.1:9/x", "nonsense")
        mail = replace(mailing.settings.mail, enabled=False, apprise_urls=urls)
        mailing.settings = replace(mailing.settings, mail=mail)
        _urge(mailing)
        worker = worker_of(mailing)
        work_all(mailing, worker)
        errors = [letter.last_error or "" for letter in _letters(mailing)]
        assert len(errors) == 2
        assert all("Apprise" in error for error in errors)
        mailing.clock.advance(minutes=2)
        work_all(mailing, worker)
    [message] = hook.got
    assert message["title"] == "【直联平台】催办（2026-需-0001）"
    assert "子女入学" not in str(message)


def _sending(world: World, server: Sink) -> Thread:
    """A worker that is in the middle of sending the first letter due."""
    calls = server.calls
    at_work = Thread(target=copy_context().run, args=(work_all, world, worker_of(world)), daemon=True)
    at_work.start()
    for _ in range(500):
        if server.calls > calls:
            return at_work
        sleep(0.01)
    raise AssertionError("nothing is sent")


def test_retrying_all_leaves_a_letter_that_is_being_sent_to_who_sends_it(mailing: World, server: Sink) -> None:
    with mailing.transaction() as session:
        notifications.set_mail_address(
            session, username="handler-edu-2", address=None, actor=SYSTEM, now=mailing.clock.now
        )
    server.answers = {FIRST: "451 later"}
    _urge(mailing)
    work_all(mailing)
    assert [letter.attempts for letter in _letters(mailing)] == [1]
    server.answers, server.slow = {}, 1.0
    mailing.clock.advance(minutes=2)
    at_work = _sending(mailing, server)
    with mailing.transaction() as session:
        assert notifications.retry_all(session, actor=mailing.actor("admin"), now=mailing.clock.now) == 1
    other = worker_of(mailing, name="two")
    other.tick(mailing.clock.now)
    at_work.join(20)
    work_all(mailing, other)
    assert server.addresses == [FIRST]
    assert _letters(mailing) == []


def test_whose_lease_has_ended_says_nothing_of_a_letter_that_another_sends(mailing: World) -> None:
    with mailing.transaction() as session:
        notifications.set_mail_address(
            session, username="handler-edu-2", address=None, actor=SYSTEM, now=mailing.clock.now
        )
    _urge(mailing)
    other = worker_of(mailing, name="two", send={MAIL: lambda letter: None})

    def hang(letter: Letter) -> None:
        mailing.clock.advance(minutes=6)
        with mailing.transaction() as session:  # another worker takes it
            assert letters.take(session, [MAIL], now=mailing.clock.now, until=mailing.clock.now + LEASE)
        raise Undeliverable("太晚了")

    worker_of(mailing, send={MAIL: hang}).tick(mailing.clock.now)
    [letter] = _letters(mailing)
    assert (letter.attempts, letter.given_up) == (0, False)
    work_all(mailing, other)
    assert len(_letters(mailing)) == 1  # still the other's
    mailing.clock.advance(minutes=6)
    work_all(mailing, other)
    assert _letters(mailing) == []


def test_what_is_refused_for_good_is_shown_to_the_administrator_at_once(mailing: World, server: Sink) -> None:
    server.unknown = {FIRST}
    for text in ("一", "二"):
        _urge(mailing, text)
    worker = worker_of(mailing)
    work_all(mailing, worker)
    [incident] = [one for one in incidents(mailing) if one.kind == "mail"]
    assert "拒收发给该收件人的邮件（代码 550）" in incident.message
    assert "全部重试" in incident.message
    admin = Visitor(mailing, "admin")
    assert "有 1 项系统异常需要处理" in admin.get("/").get_data(as_text=True)
    assert "系统异常需要处理" not in Visitor(mailing, "office").get("/").get_data(as_text=True)
    server.unknown = set()
    admin.post("/system/letters/retry")
    assert [one for one in incidents(mailing) if one.kind == "mail" and one.resolved_at is None] == []
    assert "系统异常需要处理" not in admin.get("/").get_data(as_text=True)


def test_a_letter_is_leased_from_its_own_moment_on_and_not_from_that_of_its_batch(mailing: World) -> None:
    _urge(mailing)
    began, leases = mailing.clock.now, []

    def send(_: Letter) -> None:
        [until] = [one.leased_until for one in _letters(mailing) if one.leased_until is not None]
        leases.append(until - began)
        clock_now[0] = began + timedelta(minutes=4)  # the server was slow
        if len(leases) == 2:
            stop.set()

    clock_now, stop = [began], Event()
    worker = worker_of(mailing, send={MAIL: send})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.worker.loop.clock.now", lambda: clock_now[0])
        worker.run(stop)
    assert leases == [LEASE, LEASE + timedelta(minutes=4)]


def test_what_is_sent_stays_settled_when_the_failure_of_the_next_cannot_be_noted(
    mailing: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _urge(mailing)
    sent: list[Letter] = []

    def refuse_the_second(letter: Letter) -> None:
        if sent:
            raise RuntimeError("a defect of the way out")
        sent.append(letter)

    def busy(*_arguments: object, **_more: object) -> None:
        raise OperationalError("UPDATE owed_letter", {}, LockNotAvailable())

    with monkeypatch.context() as patch:
        patch.setattr("service.notifications.letters.failed", busy)
        with pytest.raises(OperationalError):
            worker_of(mailing, send={MAIL: refuse_the_second}).tick(mailing.clock.now)
    assert len(sent) == len(_letters(mailing)) == 1
    assert sent[0].recipient != _letters(mailing)[0].recipient
    assert mismatches(mailing) == []


def test_what_is_sent_stays_settled_when_waking_the_others_fails(mailing: World, server: Sink) -> None:
    _urge(mailing)

    def trip(_connection, _cursor, statement, *_more) -> None:
        if statement.startswith("UPDATE owed_letter SET due_at") and "of_channel" in statement.partition("WHERE")[2]:
            raise RuntimeError("the database is gone")

    event.listen(mailing.database.engine, "before_cursor_execute", trip)
    worker_of(mailing).tick(mailing.clock.now)
    event.remove(mailing.database.engine, "before_cursor_execute", trip)
    sent = list(server.addresses)
    mailing.clock.advance(minutes=30)
    work_all(mailing)
    assert sorted(server.addresses) == [SECOND, FIRST]
    assert sorted(sent) == [SECOND, FIRST]
