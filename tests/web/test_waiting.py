"""The numbers of the menu: true with each page, kept true by a call that is no use of the session."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from service import notifications
from service.access_log.models import AccessEntry
from service.auth.models import WebSession
from service.auth.sessions import COOKIE
from service.config.accounts import Accounts
from service.processes import waiting as counting
from tests.factories.databases import ON_BOTH
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.workers import work_all
from tests.factories.world import World


def drawn(page: str) -> dict[str, str]:
    """The numbers that the menu of a page shows."""
    return dict(re.findall(r'data-waiting="(\w+)" aria-label="[^"]*">(\d+\+?)<', page))


@ON_BOTH
def test_the_menu_says_how_much_waits_and_the_call_says_the_same(world: World) -> None:
    office = Visitor(world, "office")
    assert "tasks" not in drawn(office.get("/help").text)
    world.recorded()
    work_all(world)
    page = drawn(office.get("/help").text)
    assert page["tasks"] == "1"
    told = office.get("/waiting").json
    assert {name: one["shown"] for name, one in told.items() if one["shown"]} == page
    assert told["tasks"]["words"] == "1 项待办"
    with world.database.reading() as session:
        found = notifications.waiting(session, world.actor("office"), world.clock.now.date())
    assert (str(found.tasks), str(found.unread or "")) == (page["tasks"], page.get("unread", ""))


def test_beyond_a_hundred_nobody_counts(world: World, monkeypatch) -> None:
    monkeypatch.setattr(counting, "MOST", 2)
    monkeypatch.setattr("service.web.waiting.MOST", 2)
    for _ in range(3):
        world.recorded()
    assert Visitor(world, "office").get("/waiting").json["tasks"]["shown"] == "1+"


def test_the_call_keeps_no_session_alive(world: World) -> None:
    browser = world.app.test_client()
    browser.set_cookie(COOKIE, world.begin_session("office"))

    def asked() -> int:
        return browser.get("/waiting", headers={"Accept": "application/json"}).status_code

    def seen() -> list[object]:
        with world.database.reading() as session:
            return list(session.scalars(select(WebSession.last_seen).where(WebSession.username == "office")))

    before, idle = seen(), world.settings.sessions.idle
    world.clock.set(world.clock.now + idle - timedelta(minutes=1))
    assert asked() == 200
    assert seen() == before
    world.clock.advance(minutes=2)
    assert asked() == 401
    assert browser.get("/help").status_code == 200  # open to everybody: the session alone has ended


def test_the_call_leaves_no_look_and_costs_few_statements(world: World) -> None:
    world.recorded()
    office = Visitor(world, "office")
    office.get("/waiting")
    with counted(world.database.engine) as few:
        office.get("/waiting")
    for _ in range(3):
        world.recorded()
    with counted(world.database.engine) as many:
        office.get("/waiting")
    assert len(few) == len(many) <= 6
    world.app.extensions["liaison"].keeper.flush()
    with world.database.reading() as session:
        assert "/waiting" not in set(session.scalars(select(AccessEntry.route)))


def test_an_administrator_who_is_kept_apart_has_no_tasks_to_count(world: World) -> None:
    world.rule(accounts=Accounts(separate=True, by_two=True))
    admin = Visitor(world, "admin")
    answer = admin.get("/waiting")
    assert answer.status_code == 200
    assert answer.json["tasks"]["shown"] == ""
