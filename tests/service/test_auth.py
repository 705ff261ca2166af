"""Sign-in, accounts, roles, tokens and substitutes, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from service import auth, history, people
from service.auth import SignInLock, Token, passwords, places
from service.auth.roles import KEY as ROLES
from service.auth.rules import LONGEST_LOCK, lock_after
from service.config.trust import SessionLimits
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.people import units
from service.rights import OWN_ROLES, SYSTEM, Actor, Grant, RoleRights, may
from tests.factories.people import PASSWORD, account, grant, leader, person, prepared, unit
from tests.factories.people import try_in as attempt
from tests.factories.statements import Statements

ADMIN = Actor("admin", "管理员", grants=frozenset({Grant("admin")}))
SESSIONS = SessionLimits(longest=timedelta(hours=10), idle=timedelta(hours=2))
IDENTITY = {"issuer": "https://sso.example", "subject": "7f3a"}
STRANGER = Actor("stranger", "某人", grants=frozenset({Grant("talent_office")}))


def access(session):
    return [(event.kind, event.data) for event in history.stream_events(session, auth.ACCESS)]


def kinds(session):
    return [kind for kind, _ in access(session)]


def try_in(session, clock, password=PASSWORD, username="handler-hrss", **more):
    return attempt(session, username, password, clock.now, **more)


def session_of(session, key, clock):
    return auth.find_signed_in(session, key, clock.now, SESSIONS)


class TestSignIn:
    def test_name_and_password_give_the_person_and_its_rights(self, session, clock):
        unit(session)
        chen = person(session, unit_code="hrss")
        account(session, person_id=chen.id)
        grant(session, "handler-hrss", "responsible_unit", "hrss")
        actor = try_in(session, clock, username=" Handler-HRSS ").actor
        assert actor == Actor(
            "handler-hrss", "陈志明", "hrss", frozenset({Grant("responsible_unit", "hrss")}), person_id=chen.id
        )
        assert auth.get_account(session, "handler-hrss").last_sign_in == clock.now
        assert access(session)[-1] == (
            "signed_in",
            {"username": "handler-hrss", "way": "password", "address": "192.0.2.1"},
        )

    def test_a_name_that_nobody_has_meets_the_same_words_and_locks(self, session, clock):
        account(session)
        for _ in range(8):
            known, unknown = try_in(session, clock, "wrong"), try_in(session, clock, "wrong", "nobody")
            assert (known.refusal, known.retry_at) == (unknown.refusal, unknown.retry_at)
            clock.advance(seconds=31)

    @pytest.mark.parametrize("username", ["", "\x00", "张三", "x" * 10_000, "\ud800", "a' OR 1=1 --"])
    def test_a_name_that_no_account_can_have_is_refused_like_any_other(self, session, clock, username):
        assert try_in(session, clock, "wrong", username).refusal == "用户名或密码不正确"

    def test_an_endless_password_is_just_wrong(self, session, clock):
        account(session)
        assert try_in(session, clock, PASSWORD + "x" * 1_000_000).actor is None

    def test_the_work_is_the_same_for_a_name_that_nobody_has(self, session, clock, monkeypatch):
        account(session)
        work = []

        def matches(stored, password):
            work.append(stored is None)
            return False

        monkeypatch.setattr(passwords, "matches", matches)
        try_in(session, clock, "wrong")
        try_in(session, clock, "wrong", "nobody")
        assert work == [False, True]

    def test_the_fifth_failure_locks_and_the_right_password_does_not_help(self, session, clock):
        account(session)
        for _ in range(4):
            assert try_in(session, clock, "wrong").retry_at is None
        assert try_in(session, clock, "wrong").retry_at == clock.now + timedelta(minutes=1)
        clock.advance(seconds=20)
        refused = try_in(session, clock)
        assert refused.actor is None
        assert "40 秒" in (refused.refusal or "")
        clock.advance(seconds=40)
        assert try_in(session, clock).actor is not None
        assert kinds(session).count("sign_in_locked") == 1

    def test_each_further_failure_locks_longer_and_success_forgets(self, session, clock):
        account(session)
        for _ in range(5):
            try_in(session, clock, "wrong")
        clock.advance(minutes=1)
        refused = try_in(session, clock, "wrong")
        assert refused.retry_at == clock.now + timedelta(minutes=2)
        assert "2 分钟" in (refused.refusal or "")
        clock.advance(minutes=2)
        assert try_in(session, clock).actor is not None
        assert try_in(session, clock, "wrong").retry_at is None

    def test_a_lock_of_a_clock_that_ran_ahead_holds_nobody(self, session, clock):
        account(session)
        place = places.place_of(session, "handler-hrss", "203.0.113.9", None, clock.now)
        later = clock.now + timedelta(days=200)
        told = {"username": "handler-hrss", "limits": places.Limits(2)}
        for expected in (None, later + timedelta(minutes=1)):
            assert places.count_failure(session, place, now=later, **told)[1] == expected
        assert places.locked_until(session, place, later) is not None
        assert places.locked_until(session, place, clock.now) is None
        assert places.locks_of(session, ["handler-hrss"], clock.now) == {}
        assert places.count_failure(session, place, now=clock.now, **told) == (1, None)
        clock.advance(minutes=-1)  # two machines never agree to the second
        assert places.count_failure(session, place, now=clock.now, **told)[1] is not None
        assert places.locked_until(session, place, clock.now) is not None

    def test_the_numbers_of_an_office_count(self, session, clock):
        account(session)
        for expected in (None, clock.now + timedelta(seconds=30)):
            answer = try_in(session, clock, "wrong", limits=auth.Limits(2, timedelta(seconds=30)))
            assert answer.retry_at == expected

    def test_failures_of_yesterday_are_forgotten_and_their_rows_cleared(self, session, clock):
        account(session)
        for _ in range(4):
            try_in(session, clock, "wrong")
        try_in(session, clock, "wrong", "nobody")
        clock.advance(days=1, minutes=1)
        assert try_in(session, clock, "wrong").retry_at is None
        assert {row.last_try for row in session.query(SignInLock)} == {clock.now}

    def test_the_count_is_kept_when_the_transaction_of_a_refusal_ends(self, database, clock):
        with database.transaction() as session:
            account(session)
        for _ in range(5):
            with database.transaction() as session:
                try_in(session, clock, "wrong")
        with database.transaction() as session:
            assert try_in(session, clock).retry_at is not None

    def test_an_administrator_ends_a_lock(self, session, clock):
        account(session)
        for _ in range(5):
            try_in(session, clock, "wrong")
        auth.unlock_user(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        assert try_in(session, clock).actor is not None

    def test_only_who_knows_the_password_hears_of_the_disabling(self, session, clock):
        account(session)
        auth.disable_user(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        assert "已停用" in (try_in(session, clock).refusal or "")
        assert try_in(session, clock, "wrong").refusal == "用户名或密码不正确"

    def test_who_left_cannot_sign_in(self, session, clock):
        chen = person(session)
        account(session, person_id=chen.id)
        people.update_person(session, person_id=chen.id, changes={"active": False}, actor=SYSTEM, now=clock.now)
        assert try_in(session, clock).actor is None
        with pytest.raises(NotAllowed):
            auth.actor_of(session, "handler-hrss")

    def test_a_hash_of_weaker_days_is_renewed(self, session, clock, monkeypatch):
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        account(session).password_hash = weak
        assert try_in(session, clock).actor is not None
        assert auth.get_account(session, "handler-hrss").password_hash != weak
        assert try_in(session, clock).actor is not None

    def test_composed_and_decomposed_signs_are_the_same_password(self, session, clock):
        account(session, password="caf\u00e9-caf\u00e9")
        assert try_in(session, clock, "cafe\u0301-cafe\u0301").actor is not None

    def test_an_account_without_password_takes_none(self, session, clock):
        account(session, password=None)
        assert try_in(session, clock, "").actor is None


def test_locks_grow_to_a_limit():
    assert [lock_after(n) for n in (0, 4)] == [timedelta(0)] * 2
    assert [lock_after(n) // timedelta(minutes=1) for n in range(5, 10)] == [1, 2, 4, 8, 15]
    assert lock_after(10**9) == LONGEST_LOCK


class TestAccounts:
    @pytest.mark.parametrize("username", ["x", "9a", "system", "a b", "张三", "a\x00b", "x" * 33, ""])
    def test_a_bad_name_is_named(self, session, username):
        with pytest.raises(Invalid) as refused:
            account(session, username)
        assert [finding.path for finding in refused.value.findings] == ["/username"]

    @pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaa", "handler-hrss", "abc\x00defgh"])
    def test_a_bad_password_is_named(self, session, password):
        with pytest.raises(Invalid) as refused:
            account(session, password=password)
        assert [finding.path for finding in refused.value.findings] == ["/password"]

    def test_a_name_is_taken_once_whatever_the_case(self, session):
        account(session)
        with pytest.raises(Conflict, match="已被使用"):
            account(session, "Handler-HRSS")

    def test_a_person_has_one_account(self, session):
        chen = person(session)
        account(session, person_id=chen.id)
        with pytest.raises(Conflict, match="已有账号"):
            account(session, "another", person_id=chen.id)

    def test_only_administrators_manage_accounts(self, session, clock):
        account(session)
        common = {"actor": STRANGER, "now": clock.now}
        for refused in (
            lambda: auth.add_user(session, username="second", **common),
            lambda: auth.set_password(session, username="handler-hrss", password=prepared(PASSWORD), **common),
            lambda: auth.disable_user(session, username="handler-hrss", **common),
            lambda: auth.enable_user(session, username="handler-hrss", **common),
            lambda: auth.unlock_user(session, username="handler-hrss", **common),
            lambda: auth.grant_role(session, username="handler-hrss", role="admin", **common),
            lambda: auth.revoke_role(session, username="handler-hrss", role="admin", **common),
            lambda: auth.bind_oidc(session, username="handler-hrss", issuer="i", subject="s", **common),
            lambda: auth.unbind_oidc(session, username="handler-hrss", **common),
            lambda: auth.issue_token(session, username="handler-hrss", **common),
        ):
            with pytest.raises(NotAllowed):
                refused()
        assert kinds(session) == ["account_added"]

    def test_a_new_password_ends_open_sessions_and_tokens(self, session, clock):
        account(session)
        key = try_in(session, clock).key
        token = auth.issue_token(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        assert session_of(session, key, clock).actor.username == "handler-hrss"
        new = prepared("another-passage-7")
        auth.set_password(session, username="handler-hrss", password=new, actor=ADMIN, now=clock.now)
        with pytest.raises(NotAllowed, match="重新登录"):
            session_of(session, key, clock)
        with pytest.raises(NotAllowed):
            auth.actor_of_token(session, token, clock.now)
        assert try_in(session, clock).actor is None
        changed = try_in(session, clock, "another-passage-7")
        assert session_of(session, changed.key, clock).must_change_password

    def test_ones_own_password_needs_the_old_one(self, session, clock):
        account(session)
        me = auth.actor_of(session, "handler-hrss")

        def change(old, new="another-passage-7", actor=me):
            known = auth.known_hashes(session, "handler-hrss", 3)
            password = auth.prepare(new, over=known, old=old)
            auth.change_password(session, username="handler-hrss", password=password, actor=actor, now=clock.now)

        for attempted in (lambda: change("wrong"), lambda: change(PASSWORD, actor=STRANGER)):
            with pytest.raises(Invalid) as refused:
                attempted()
            assert [finding.path for finding in refused.value.findings] == ["/old_password"]
        token = auth.issue_token(session, username="handler-hrss", actor=me, now=clock.now)
        change(PASSWORD)
        assert try_in(session, clock, "another-passage-7").actor is not None
        with pytest.raises(NotAllowed):
            auth.actor_of_token(session, token, clock.now)
        clock.advance(minutes=1)
        change("another-passage-7", "a-third-good-1")
        clock.advance(minutes=1)
        for used in (PASSWORD, "another-passage-7", "a-third-good-1"):
            with pytest.raises(Invalid, match="最近用过"):
                change("a-third-good-1", used)
        change("a-third-good-1", "a-fourth-good-1")
        clock.advance(minutes=1)
        change("a-fourth-good-1", PASSWORD)  # one of four ago

    def test_a_password_that_changed_meanwhile_is_not_changed_again(self, session, clock):
        account(session)
        me = auth.actor_of(session, "handler-hrss")
        known = auth.known_hashes(session, "handler-hrss", 3)
        password = auth.prepare("another-passage-7", over=known, old=PASSWORD)
        auth.set_password(
            session, username="handler-hrss", password=prepared("somebody-elses-word-7"), actor=ADMIN, now=clock.now
        )
        with pytest.raises(Conflict, match="重新登录"):
            auth.change_password(session, username="handler-hrss", password=password, actor=me, now=clock.now)
        assert try_in(session, clock, "somebody-elses-word-7").actor is not None

    def test_disabling_ends_sessions_and_tokens_and_can_be_undone(self, session, clock):
        account(session)
        key = try_in(session, clock).key
        token = auth.issue_token(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        auth.disable_user(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        with pytest.raises(Conflict):
            auth.disable_user(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        auth.enable_user(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        with pytest.raises(NotAllowed):
            session_of(session, key, clock)
        with pytest.raises(NotAllowed):
            auth.actor_of_token(session, token, clock.now)
        assert try_in(session, clock).actor is not None

    def test_nobody_disables_oneself_or_the_last_administrator(self, session, clock):
        account(session, "admin")
        grant(session, "admin", "admin")
        with pytest.raises(Conflict, match="自己"):
            auth.disable_user(session, username="admin", actor=ADMIN, now=clock.now)
        for ending in (auth.disable_user, lambda *a, **k: auth.revoke_role(*a, role="admin", **k)):
            with pytest.raises(Conflict, match="最后一位"):
                ending(session, username="admin", actor=SYSTEM, now=clock.now)
        account(session, "second")
        grant(session, "second", "admin")
        auth.disable_user(session, username="admin", actor=SYSTEM, now=clock.now)

    def test_demonstration_accounts_are_known_while_they_are_active(self, session, clock):
        account(session)
        assert not auth.has_demo_accounts(session)
        account(session, "demo", demo=True)
        assert auth.has_demo_accounts(session)
        auth.disable_user(session, username="demo", actor=ADMIN, now=clock.now)
        assert not auth.has_demo_accounts(session)

    def test_accounts_are_listed_and_searched_in_two_statements(self, session):
        for number, name in enumerate(("陈志明", "吕芳")):
            account(session, f"handler-{number}", person_id=person(session, name).id)
        account(session, "office")
        session.expunge_all()
        statements = Statements(session)
        assert [found.name for found in auth.list_accounts(session).items] == ["陈志明", "吕芳", "office"]
        assert statements.since() == 2
        assert [found.username for found in auth.list_accounts(session, "lf").items] == ["handler-1"]
        assert [found.username for found in auth.list_accounts(session, "handler-0").items] == ["handler-0"]
        assert auth.list_accounts(session, "\x00%").total == 0

    def test_no_secret_enters_the_journal(self, session, clock):
        account(session)
        auth.set_password(
            session, username="handler-hrss", password=prepared("another-passage-7"), actor=ADMIN, now=clock.now
        )
        try_in(session, clock, "typed-by-mistake")
        try_in(session, clock, "x", "password-in-the-name-field")
        token = auth.issue_token(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        written = json.dumps(access(session))
        stored = auth.get_account(session, "handler-hrss").password_hash
        for secret in (PASSWORD, "another-passage-7", "typed-by-mistake", "password-in-the-name-field", token, stored):
            assert secret not in written
        assert history.verify_stream(session, auth.ACCESS) == []


class TestRoles:
    def test_a_role_holds_on_its_days(self, session, clock):
        unit(session)
        account(session)
        day = clock.now.date()
        auth.grant_role(
            session,
            username="handler-hrss",
            role="responsible_unit",
            unit_code="hrss",
            starts_on=day,
            ends_on=day + timedelta(days=1),
            actor=ADMIN,
            now=clock.now,
        )
        for offset, expected in ((-1, False), (0, True), (1, True), (2, False)):
            actor = auth.actor_of(session, "handler-hrss", on=day + timedelta(days=offset))
            assert actor.has_role("responsible_unit") is expected
        assert auth.actor_of(session, "handler-hrss", on=day).units_of("responsible_unit") == {"hrss"}

    def test_a_revoked_role_is_gone_at_once(self, session, clock):
        account(session)
        grant(session, "handler-hrss", "auditor")
        common = {"username": "handler-hrss", "role": "auditor", "actor": ADMIN, "now": clock.now}
        auth.revoke_role(session, **common)
        assert auth.actor_of(session, "handler-hrss").grants == frozenset()
        with pytest.raises(Conflict):
            auth.revoke_role(session, **common)
        auth.grant_role(session, **common)
        assert auth.actor_of(session, "handler-hrss").has_role("auditor")
        assert kinds(session) == ["account_added", "role_granted", "role_revoked", "role_granted"]

    @pytest.mark.parametrize(
        ("fields", "path"),
        [({"role": "king"}, "/role"), ({"role": "liaison"}, "/unit_code"), ({"role": "x\x00"}, "/role")],
    )
    def test_a_wrong_role_is_named(self, session, clock, fields, path):
        account(session)
        with pytest.raises(Invalid) as refused:
            auth.grant_role(session, username="handler-hrss", actor=ADMIN, now=clock.now, **fields)
        assert [finding.path for finding in refused.value.findings] == [path]

    def test_a_role_of_the_office_itself_can_be_given(self, session, clock):
        account(session)
        session.info[ROLES] = {**OWN_ROLES, "clerk": RoleRights()}
        auth.grant_role(session, username="handler-hrss", role="clerk", actor=ADMIN, now=clock.now)
        assert auth.actor_of(session, "handler-hrss").has_role("clerk")

    def test_twice_the_same_role_is_a_conflict(self, session):
        account(session)
        grant(session, "handler-hrss", "auditor")
        with pytest.raises(Conflict):
            grant(session, "handler-hrss", "auditor")

    def test_an_unknown_unit_is_not_found(self, session):
        account(session)
        with pytest.raises(NotFound):
            grant(session, "handler-hrss", "liaison", "nowhere")

    def test_naming_the_liaison_moves_the_right(self, session, clock):
        unit(session)
        day = clock.now.date()
        for number, name in enumerate(("陈志明", "吕芳")):
            who = person(session, name)
            account(session, f"user{number}", person_id=who.id)
            people.name_liaison(
                session,
                unit_code="hrss",
                person_id=who.id,
                starts_on=day + timedelta(days=number),
                actor=SYSTEM,
                now=clock.now,
            )
        held = [[auth.actor_of(session, f"user{n}", on=day + timedelta(days=d)).grants for n in (0, 1)] for d in (0, 1)]
        liaison = frozenset({Grant("liaison", "hrss")})
        assert held == [[liaison, frozenset()], [frozenset(), liaison]]
        assert [a.username for a in auth.accounts_of_role(session, "liaison", "hrss", on=day)] == ["user0"]
        assert auth.accounts_of_role(session, "liaison", "edu", on=day) == []

    def test_with_the_office_ends_what_was_given_by_hand_beside_it(self, session, clock):
        unit(session), unit(session, "edu", "区教育局")
        day, (old, new) = clock.now.date(), (person(session, name) for name in ("陈志明", "吕芳"))
        account(session, "old", person_id=old.id)
        grant(session, "old", "liaison", "hrss")
        grant(session, "old", "liaison", "edu")
        for who, since in ((old, day), (new, day + timedelta(days=1))):
            units.name_liaison(
                session, unit_code="hrss", person_id=who.id, starts_on=since, actor=SYSTEM, now=clock.now
            )
        held = [auth.actor_of(session, "old", on=day + timedelta(days=n)).units_of("liaison") for n in (0, 1)]
        assert held == [{"hrss", "edu"}, {"edu"}]
        told = [event.kind for event in history.stream_events(session, "access")]
        assert told[-1] == "role_revoked"
        units.name_liaison(session, unit_code="edu", person_id=old.id, actor=SYSTEM, now=clock.now)
        units.end_liaison(session, unit_code="edu", ends_on=day, actor=SYSTEM, now=clock.now)
        assert auth.actor_of(session, "old", on=day + timedelta(days=1)).units_of("liaison") == frozenset()

    def test_a_leaders_post_makes_a_leader_while_it_lasts(self, session, clock):
        chen = person(session)
        account(session, "leader", person_id=chen.id)
        day = clock.now.date()
        leader(session, chen, ends_on=day)
        assert auth.actor_of(session, "leader", on=day).has_role("leader")
        assert not auth.actor_of(session, "leader", on=day + timedelta(days=1)).has_role("leader")

    def test_an_actor_takes_two_statements(self, session):
        unit(session)
        account(session, person_id=person(session, unit_code="hrss").id)
        for role in ("auditor", "owner", "admin"):
            grant(session, "handler-hrss", role)
        session.expunge_all()
        statements = Statements(session)
        auth.actor_of(session, "handler-hrss")
        assert statements.since() == 2


class TestTokens:
    def test_a_token_gives_the_actor_and_only_its_hash_is_kept(self, session, clock):
        account(session)
        grant(session, "handler-hrss", "auditor")
        me = auth.actor_of(session, "handler-hrss")
        token = auth.issue_token(session, username="handler-hrss", label="报表", actor=me, now=clock.now)
        session.expunge_all()
        statements = Statements(session)
        assert auth.actor_of_token(session, token, clock.now) == me
        assert statements.since() == 3
        [entry] = auth.list_tokens(session, "handler-hrss")
        assert token not in (entry.sha256, entry.label)
        assert entry.last_used is None

    def test_the_last_use_is_noted_once_a_minute_and_never_goes_back(self, session, clock):
        account(session)
        token = auth.issue_token(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        _, stale = auth.find_token(session, token, clock.now)
        auth.note_token_use(session, stale, clock.now)
        first = clock.now
        assert auth.find_token(session, token, clock.advance(seconds=59))[1] is None
        assert auth.find_token(session, token, clock.advance(seconds=1))[1] == stale
        auth.note_token_use(session, stale, clock.now)
        auth.note_token_use(session, stale, first)  # a slow request that began before
        session.expire_all()
        [entry] = auth.list_tokens(session, "handler-hrss")
        assert entry.last_used == clock.now

    def test_a_token_ends_at_its_time(self, session, clock):
        account(session)
        common = {"username": "handler-hrss", "actor": ADMIN, "now": clock.now}
        short, usual = (
            auth.issue_token(session, lifetime=timedelta(days=1), **common),
            auth.issue_token(session, **common),
        )
        clock.advance(days=1)
        with pytest.raises(NotAllowed, match="到期"):
            auth.actor_of_token(session, short, clock.now)
        assert auth.actor_of_token(session, usual, clock.now).username == "handler-hrss"
        clock.advance(days=364)
        with pytest.raises(NotAllowed, match="到期"):
            auth.actor_of_token(session, usual, clock.now)

    def test_a_revoked_token_is_worth_nothing(self, session, clock):
        account(session)
        token = auth.issue_token(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        [entry] = auth.list_tokens(session, "handler-hrss")
        with pytest.raises(NotFound):
            auth.revoke_token(session, sha256=entry.sha256, actor=STRANGER, now=clock.now)
        auth.revoke_token(session, sha256=entry.sha256, actor=ADMIN, now=clock.now)
        with pytest.raises(NotAllowed):
            auth.actor_of_token(session, token, clock.now)
        with pytest.raises(Conflict):
            auth.revoke_token(session, sha256=entry.sha256, actor=ADMIN, now=clock.now)
        assert auth.list_tokens(session, "handler-hrss") == []

    @pytest.mark.parametrize("token", ["", "liaison_x", "\x00", "\ud800", "x" * 100_000])
    def test_a_made_up_token_is_refused(self, session, clock, token):
        with pytest.raises(NotAllowed):
            auth.actor_of_token(session, token, clock.now)
        with pytest.raises(NotFound):
            auth.revoke_token(session, sha256=token, actor=ADMIN, now=clock.now)

    def test_reading_with_a_token_writes_nothing(self, database, clock):
        with database.transaction() as session:
            account(session)
            token = auth.issue_token(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        with database.reading() as session:
            auth.actor_of_token(session, token, clock.now)
        with database.reading() as session:
            assert session.query(Token).one().last_used is None


class TestSingleSignOn:
    def test_a_bound_identity_gives_the_actor(self, session, clock):
        account(session)
        auth.bind_oidc(session, username="handler-hrss", **IDENTITY, actor=ADMIN, now=clock.now)
        assert auth.actor_of_oidc(session, "https://sso.example", "7f3a").username == "handler-hrss"
        for issuer, subject in (("https://other.example", "7f3a"), ("https://sso.example", "7F3A")):
            with pytest.raises(NotAllowed, match="尚未绑定"):
                auth.actor_of_oidc(session, issuer, subject)

    def test_the_first_sign_in_binds_by_the_claimed_name(self, session, clock):
        account(session)
        first = auth.sign_in_oidc(session, **IDENTITY, username="handler-hrss", now=clock.now)
        assert first.actor is not None
        assert kinds(session)[-2:] == ["identity_bound", "signed_in"]
        again = auth.sign_in_oidc(session, **IDENTITY, username=None, now=clock.now)
        assert again.actor == first.actor

    def test_another_identity_cannot_take_a_bound_account(self, session, clock):
        account(session)
        auth.sign_in_oidc(session, **IDENTITY, username="handler-hrss", now=clock.now)
        thief = auth.sign_in_oidc(
            session, issuer="https://sso.example", subject="other", username="handler-hrss", now=clock.now
        )
        assert thief.actor is None
        assert "尚未绑定" in (thief.refusal or "")

    @pytest.mark.parametrize("username", [None, "", "nobody"])
    def test_an_identity_of_nobody_is_refused(self, session, clock, username):
        assert auth.sign_in_oidc(session, **IDENTITY, username=username, now=clock.now).actor is None

    def test_a_disabled_account_stays_out(self, session, clock):
        account(session)
        auth.disable_user(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        refused = auth.sign_in_oidc(session, **IDENTITY, username="handler-hrss", now=clock.now)
        assert "已停用" in (refused.refusal or "")

    def test_an_identity_belongs_to_one_account(self, session, clock):
        account(session)
        account(session, "second")
        auth.bind_oidc(session, username="handler-hrss", **IDENTITY, actor=ADMIN, now=clock.now)
        with pytest.raises(Conflict):
            auth.bind_oidc(session, username="second", **IDENTITY, actor=ADMIN, now=clock.now)

    def test_unbinding_frees_the_identity(self, session, clock):
        account(session)
        auth.bind_oidc(session, username="handler-hrss", **IDENTITY, actor=ADMIN, now=clock.now)
        auth.unbind_oidc(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        with pytest.raises(Conflict):
            auth.unbind_oidc(session, username="handler-hrss", actor=ADMIN, now=clock.now)
        with pytest.raises(NotAllowed):
            auth.actor_of_oidc(session, "https://sso.example", "7f3a")


class TestSubstitutes:
    @pytest.fixture
    def pair(self, session, clock):
        unit(session)
        unit(session, "edu", "区教育局")
        chen, lv = person(session, unit_code="hrss"), person(session, "吕芳", unit_code="edu")
        account(session, "chen", person_id=chen.id)
        account(session, "lv", person_id=lv.id)
        grant(session, "chen", "responsible_unit", "hrss")
        grant(session, "chen", "admin")
        people.declare_substitute(
            session,
            person_id=chen.id,
            substitute_id=lv.id,
            starts_on=clock.now.date(),
            ends_on=clock.now.date(),
            actor=SYSTEM,
            now=clock.now,
        )
        return chen, lv

    def test_both_names_are_kept_and_the_rights_are_the_absent_persons(self, session, clock, pair):
        chen, _ = pair
        me = auth.actor_of(session, "lv")
        [acting] = auth.acting_for(session, me)
        assert (acting.username, acting.name) == ("lv", "吕芳")
        assert (acting.on_behalf_of, acting.on_behalf_of_name) == ("chen", "陈志明")
        assert (acting.unit, acting.person_id) == ("hrss", chen.id)
        assert [found.substitute.name for found in auth.substitutes_of(session, chen.id, clock.now.date())] == ["吕芳"]

    def test_the_care_of_the_system_is_not_delegated(self, session, pair):
        [acting] = auth.acting_for(session, auth.actor_of(session, "lv"))
        assert acting.grants == {Grant("responsible_unit", "hrss")}
        assert not may(acting, "manage_accounts")

    def test_nobody_acts_tomorrow_or_the_other_way_round_or_twice_removed(self, session, clock, pair):
        me = auth.actor_of(session, "lv")
        assert auth.acting_for(session, me, clock.now.date() + timedelta(days=1)) == []
        assert auth.acting_for(session, auth.actor_of(session, "chen")) == []
        [acting] = auth.acting_for(session, me)
        assert auth.acting_for(session, acting) == []
        assert auth.acting_for(session, SYSTEM) == []

    def test_a_substitute_has_no_hand_in_the_others_account(self, session, clock, pair):
        [acting] = auth.acting_for(session, auth.actor_of(session, "lv"))
        with pytest.raises(NotAllowed):
            auth.issue_token(session, username="chen", actor=acting, now=clock.now)
        known = auth.known_hashes(session, "chen", 3)
        password = auth.prepare("another-passage-7", over=known, old=PASSWORD)
        with pytest.raises(Invalid):
            auth.change_password(session, username="chen", password=password, actor=acting, now=clock.now)

    def test_who_left_is_not_represented(self, session, clock, pair):
        chen, _ = pair
        me = auth.actor_of(session, "lv")
        people.update_person(session, person_id=chen.id, changes={"active": False}, actor=SYSTEM, now=clock.now)
        assert auth.acting_for(session, me) == []
