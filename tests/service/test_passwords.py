"""Weak passwords are refused, and passwords are hashed outside transactions."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from service import auth, history
from service.auth import passwords
from service.auth.password_rules import knowing, weakness
from service.errors import Busy
from service.rights import SYSTEM
from tests.factories.people import PASSWORD, account, person, prepared, unit

KNOWN = frozenset({"handler-hrss", "handler", "hrss", "chenzhiming", "czm", "陈志明", "13926001234"})


@pytest.mark.parametrize(
    ("password", "named"),
    [
        ("password", "常见"),
        ("P@ssw0rd2026", "常见"),
        ("Password123!", "常见"),
        ("woaini1314", "常见"),
        ("woaini5201314", "常见"),
        ("admin@12345", "常见"),
        ("qwertyuiop1", "键盘"),
        ("1qaz@WSX", "键盘"),
        ("Abcd1234!", "连续"),
        ("987654321abc", "连续"),
        ("aaaaaaaaaa", "重复"),
        ("abababababab", "重复"),
        ("密码密码密码密码", "重复"),
        ("chenzhiming88", "姓名"),
        ("Czm@1985hrss", "姓名"),
        ("handler-hrss", "用户名"),
        ("陈志明2026!!", "姓名"),
        ("13926001234a", "电话"),
        ("nanhai@2026", "年份"),
        ("x19850203x", "日期"),
    ],
)
def test_what_is_guessed_early_is_refused_and_named(password: str, named: str) -> None:
    said = weakness(password, KNOWN)
    assert said is not None
    assert "太容易被猜中" in said
    assert named in said


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "荷塘月色-2026",
        "another-good-one-2026",
        "a-long-enough-word",
        "xk29dkq8",
        "tr0ub4dor&3",
        "清晨的海风-7",
    ],
)
def test_what_takes_long_to_guess_is_taken(password: str) -> None:
    assert weakness(password, KNOWN) is None


def test_who_knows_the_owner_knows_these_words(session) -> None:
    unit(session)
    chen = person(session, unit_code="hrss", phone="13926001234")
    words = knowing("chen.zm", chen)
    assert {"chen", "zm", "chenzhiming", "czm", "陈志明", "hrss", "区人力资源和社会保障局", "13926001234"} <= words


def test_an_endless_password_costs_nothing() -> None:
    assert auth.prepare("x" * 1_000_000).hash == ""
    assert weakness("ab" * 100_000, KNOWN) is not None


def test_no_password_is_worked_on_within_a_transaction_that_writes(database) -> None:
    with database.transaction():
        with pytest.raises(AssertionError, match="before the transaction"):
            auth.prepare(PASSWORD)
        with pytest.raises(AssertionError, match="before the transaction"):
            passwords.matches(None, PASSWORD)
    with database.reading():
        assert auth.prepare(PASSWORD).hash


def test_many_at_once_wait_or_are_sent_away_and_never_take_more_than_their_share(monkeypatch) -> None:
    working, most, lock, go = 0, 0, threading.Lock(), threading.Event()

    class Slow(PasswordHasher):
        def hash(self, *_arguments, **_more):
            nonlocal working, most
            with lock:
                working += 1
                most = max(most, working)
            go.wait(20)
            with lock:
                working -= 1
            return "hash"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(passwords.hashed(PASSWORD))
        except Busy as error:
            answers.append(error.message)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    while len(answers) < 20 - passwords.AT_ONCE - passwords.WAITING:
        threading.Event().wait(0.01)
    go.set()
    for thread in threads:
        thread.join()
    assert most == passwords.AT_ONCE
    assert answers.count("hash") == passwords.AT_ONCE + passwords.WAITING
    assert set(answers) == {"hash", passwords.CROWDED}


def test_while_a_password_is_worked_on_others_write(database, clock, monkeypatch) -> None:
    with database.transaction() as session:
        account(session)
    done = []

    def matches(_stored, _password):
        with database.transaction() as session:  # on SQLite nobody else could write if the sign-in had begun to
            auth.issue_token(session, username="handler-hrss", actor=SYSTEM, now=clock.now)
        done.append(True)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", matches)
        found = auth.sign_in(database, username="handler-hrss", password=PASSWORD, now=clock.now)
    assert done == [True]
    assert found.actor is not None
    with database.reading() as session:
        kinds = [event.kind for event in history.stream_events(session, auth.ACCESS)]
    assert kinds[-2:] == ["token_issued", "signed_in"]


def test_a_password_that_changes_while_it_is_checked_lets_nobody_in(database, clock, monkeypatch) -> None:
    with database.transaction() as session:
        account(session)
    right = passwords.matches

    def matches(stored, password):
        fits = right(stored, password)
        new = prepared("somebody-elses-word-7")
        with database.transaction() as session:
            auth.set_password(session, username="handler-hrss", password=new, actor=SYSTEM, now=clock.now)
        return fits

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", matches)
        found = auth.sign_in(database, username="handler-hrss", password=PASSWORD, now=clock.now)
    assert found.actor is None
    assert "正好被修改" in (found.refusal or "")
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(auth.WebSession)) == 0
