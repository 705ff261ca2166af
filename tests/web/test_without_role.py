"""A person with an account and no role is told so, and whom to ask, on every page."""

from __future__ import annotations

from service.auth import add_user, grant_role, revoke_role
from service.rights import SYSTEM
from tests.factories.people import prepared
from tests.factories.visitor import Visitor
from tests.factories.world import World

TOLD = "您还没有角色，请与管理员联系"
PASSWORD = "南海-correct-horse"


def _new(world: World) -> Visitor:
    with world.transaction() as session:
        add_user(session, username="newcomer", password=prepared(PASSWORD), actor=SYSTEM, now=world.clock.now)
    return Visitor(world, "newcomer")


def test_the_desk_says_that_there_is_no_role_and_whom_to_ask(world: World) -> None:
    desk = _new(world).get("/").text
    assert f"<h1>{TOLD}</h1>" in desk
    assert world.actor("admin").name in desk
    assert world.settings.contact.name in desk
    assert "没有待办事项" not in desk


def test_every_page_says_so_and_the_menu_leads_to_nothing_that_is_empty(world: World) -> None:
    newcomer = _new(world)
    for path in ("/tasks", "/cases/started", "/cases/copied", "/ledger", "/notices", "/help"):
        page = newcomer.get(path).text
        assert TOLD in page, path
        assert page.count("<li><a") == 3, path
    assert TOLD in newcomer.get("/people").text or newcomer.get("/people").status_code in (403, 404)


def test_with_the_first_role_it_is_gone_and_with_the_last_it_is_back(world: World) -> None:
    newcomer = _new(world)
    admin, now = world.actor("admin"), world.clock.now
    role = {"username": "newcomer", "role": "responsible_unit", "unit_code": "edu"}
    with world.transaction() as session:
        grant_role(session, **role, actor=admin, now=now)
    assert TOLD not in newcomer.get("/").text
    assert "没有待办事项" in newcomer.get("/").text
    assert "/ledger" in newcomer.get("/tasks").text
    with world.transaction() as session:
        revoke_role(session, **role, actor=admin, now=now)
    assert TOLD in newcomer.get("/").text


def test_who_holds_a_role_is_told_nothing_of_the_kind(world: World) -> None:
    for username in ("office", "handler-edu", "leader", "auditor", "admin"):
        assert TOLD not in Visitor(world, username).get("/").text
