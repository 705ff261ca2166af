"""The administrators' pages of accounts: opened, given roles, locked, disabled; closed to everybody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from service import auth, clock, people
from service.people.filters import PersonFilter
from service.people.persons import add_person
from service.rights import SYSTEM, may
from tests.factories.record_pages import names, wrong
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import World

PASSWORD = "荷塘月色-2026"


@pytest.fixture
def admin(world: World) -> Visitor:
    """The administrator at the pages."""
    return Visitor(world, "admin")


@pytest.fixture
def newcomer(world: World) -> str:
    """The id of a person without an account."""
    with world.transaction() as session:
        return str(add_person(session, name="沈若溪", unit_code="edu", actor=SYSTEM, now=world.clock.now).id)


def test_an_account_is_opened_given_a_role_locked_and_disabled(world: World, admin: Visitor, newcomer: str) -> None:
    fields = {"person_id": newcomer, "username": "Shen", "way": "password", "password": PASSWORD, "again": PASSWORD}
    made = admin.submit("/accounts", **fields)
    assert (made.status_code, made.location) == (302, "/accounts/shen")
    assert "没有角色" in admin.get(made.location).text
    role = {"role": "responsible_unit", "starts_on": "2026-09-16", "ends_on": "2026-12-31"}
    assert wrong(admin.submit("/accounts/shen/roles", **role)) == ["unit_code"]
    assert wrong(admin.submit("/accounts/shen/roles", **role, unit_code="nowhere")) == ["unit_code"]
    assert wrong(admin.submit("/accounts/shen/roles", **{**role, "role": ""})) == ["role"]
    assert admin.submit("/accounts/shen/roles", **role, unit_code="edu").status_code == 302
    assert admin.submit("/accounts/shen/roles", **role, unit_code="edu").status_code == 409
    assert names(admin.get("/accounts", q="srx", role="responsible_unit", active="yes")) == ["沈若溪"]
    assert names(admin.get("/accounts", q="shen", role="auditor")) == []
    for _ in range(5):
        auth.sign_in(world.database, username="shen", password="猜一个密码", now=clock.now())
    with world.transaction() as session:
        auth.issue_token(session, username="shen", label="数据对接", actor=SYSTEM, now=clock.now())
    page = admin.get("/accounts/shen").text
    for shown in ("已锁定", "数据对接", "2026-12-31", "授予角色", "连续失败次数", "密码不正确", "开立账号"):
        assert shown in page, shown
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token is not None
    assert admin.submit("/accounts/shen/unlock").status_code == 302
    assert admin.submit("/accounts/auditor/tokens/revoke", token=token[1]).status_code == 404
    assert admin.submit("/accounts/shen/tokens/revoke", token=token[1]).status_code == 302
    assert admin.submit("/accounts/shen/roles/revoke", role="responsible_unit", unit_code="edu").status_code == 302
    new = PASSWORD + "新"
    assert wrong(admin.submit("/accounts/shen/password", password=new, again=PASSWORD)) == ["again"]
    assert admin.submit("/accounts/shen/password", password=new, again=new).status_code == 302
    shen = auth.sign_in(world.database, username="shen", password=new, now=clock.now()).actor
    assert shen is not None
    assert shen.roles == frozenset()
    assert admin.submit("/accounts/shen/disable").status_code == 302
    assert names(admin.get("/accounts", active="no")) == ["沈若溪"]
    page = admin.get("/accounts/shen").text
    assert "没有有效的接口令牌" in page
    for shown in ("收回角色", "撤销接口令牌", "设置新密码", "解除登录锁定", "停用账号"):
        assert f"<span>{shown}</span>" in page, shown
    assert admin.submit("/accounts/shen/enable").status_code == 302


def test_what_is_wrong_stands_at_its_field_and_no_password_comes_back(
    world: World, admin: Visitor, newcomer: str
) -> None:
    fields = {"person_id": newcomer, "username": "沈", "way": "password", "password": PASSWORD, "again": PASSWORD}
    refused = admin.submit("/accounts", **fields)
    assert (refused.status_code, wrong(refused)) == (422, ["username"])
    assert 'value="沈"' in refused.text
    assert newcomer in refused.text
    assert PASSWORD not in refused.text
    assert wrong(admin.submit("/accounts", **{**fields, "username": "shen", "password": "", "again": ""})) == [
        "password"
    ]
    with world.database.reading() as session:
        served = str(people.search_people(session, PersonFilter("何静怡")).items[0].id)
    taken = admin.submit("/accounts", **{**fields, "person_id": served, "username": "admin"})
    assert (taken.status_code, wrong(taken)) == (409, ["person_id", "username"])
    single = {**fields, "username": "shen", "way": "oidc"}
    assert wrong(admin.submit("/accounts", **single)) == ["password"]
    assert admin.submit("/accounts", **{**single, "password": "", "again": ""}).status_code == 302
    assert "只从统一身份认证登录" in admin.get("/accounts/shen").text


def test_the_liaison_is_named_in_the_directory_and_not_here(world: World, admin: Visitor) -> None:
    assert 'value="liaison"' not in admin.get("/accounts/auditor/roles").text
    refused = admin.submit("/accounts/auditor/roles", role="liaison", unit_code="edu", starts_on="2026-09-16")
    assert (refused.status_code, wrong(refused)) == (422, ["role"])
    assert "请在单位页面“指定联络员”" in refused.text


def test_an_administrator_does_not_lock_the_last_one_out(world: World, admin: Visitor) -> None:
    assert "修改自己的密码" in admin.get("/accounts/admin").text
    assert admin.submit("/accounts/admin/disable").status_code == 409
    assert admin.submit("/accounts/admin/password", password=PASSWORD, again=PASSWORD).status_code == 409
    assert admin.submit("/accounts/admin/roles/revoke", role="admin").status_code == 409
    with world.database.reading() as session:
        assert may(auth.actor_of(session, "admin"), "manage_accounts")


@pytest.mark.parametrize("username", ["office", "auditor", "owner"])
def test_accounts_are_closed_to_who_does_not_manage_them(world: World, username: str) -> None:
    other = Visitor(world, username)
    assert 'href="/accounts"' not in other.get("/help").text
    for path in ("/accounts", "/accounts/new", "/accounts/admin", "/accounts/admin/password", "/accounts/admin/roles"):
        assert other.get(path).status_code == 403, path
    role = {"role": "admin", "starts_on": "2026-09-16"}
    assert other.submit(f"/accounts/{username}/roles", **role).status_code == 403
    assert other.submit("/accounts/admin/disable").status_code == 403


def test_pages_take_as_many_statements_for_many_as_for_one(world: World, admin: Visitor) -> None:
    assert 'href="/accounts"' in admin.get("/help").text
    with counted(world) as many:
        assert len(names(admin.get("/accounts"))) > 5
    with counted(world) as one:
        assert len(names(admin.get("/accounts", q="liaison-hrss"))) == 1
    assert len(many) == len(one), many
    grant(world, "edu")
    with counted(world) as few:
        admin.get("/accounts/auditor")
    grant(world, "hrss", "housing")
    with counted(world) as more:
        assert "住房" in admin.get("/accounts/auditor").text
    assert len(more) == len(few), more


def grant(world: World, *units: str) -> None:
    """Gives ``auditor`` a role for each unit, from different days on, and a token each time."""
    with world.transaction() as session:
        for days, unit in enumerate(units):
            start, giver = clock.today() + timedelta(days=days), world.actor("admin")
            auth.grant_role(
                session,
                username="auditor",
                role="employer",
                unit_code=unit,
                starts_on=start,
                actor=giver,
                now=clock.now(),
            )
            auth.issue_token(session, username="auditor", actor=giver, now=clock.now())
