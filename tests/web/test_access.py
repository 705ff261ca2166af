"""Every page says who may call it, and the walk over all routes and all roles finds it kept."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule as Route

from service import clock
from service.app import HOME
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.rights import SYSTEM
from service.web import access
from tests.factories.bundles import unchecked
from tests.factories.visitor import Visitor
from tests.factories.world import World

PEOPLE = ("office", "liaison-hrss", "handler-edu", "leader", "auditor", "owner", "admin", "security")
ARGUMENTS = {"key": "request", "version": 1, "n": 1, "seq": 1, "kind": "units", "suffix": "pdf"}
READING_LEADS_ON = {200, 301, 302, 404}
SCOPED = {"web.begins.new", "web.people.new_person"}


def routes(app: Flask) -> Iterator[Route]:
    ruled = access.rules(app)
    return (route for route in app.url_map.iter_rules() if route.endpoint in ruled)


def address(app: Flask, route: Route) -> str:
    """The address of a route, with an id that nothing has."""
    values = {name: ARGUMENTS.get(name, UUID(int=1)) for name in route.arguments}
    with app.test_request_context():
        return app.url_for(route.endpoint, **values)


def test_who_takes_the_first_step_of_the_diagram_finds_it_in_the_menu(world: World) -> None:
    def may_record() -> dict[str, bool]:
        return {name: 'href="/cases/new"' in Visitor(world, name).get("/help").text for name in PEOPLE}

    assert [name for name, may in may_record().items() if may] == ["liaison-hrss"]
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    lane = b'<spiffworkflow:property name="form" value="record_need" />'
    office = b'<spiffworkflow:property name="candidates" value="talent_office" />'
    drawn = files["bpmn/request.bpmn"].replace(lane, lane + office)
    with world.transaction() as session:
        changed = {**files, "bpmn/request.bpmn": drawn}
        deploy(session, unchecked("request", changed), actor=SYSTEM, now=clock.now())
    assert [name for name, may in may_record().items() if may] == ["office"]


def test_a_page_without_a_rule_stops_the_start(world: World) -> None:
    world.app.view_functions["web.forgotten"] = lambda: ""
    with pytest.raises(LookupError, match=r"web\.forgotten"):
        access.rules(world.app)


@pytest.mark.parametrize("username", [None, *PEOPLE])
def test_each_role_meets_the_rule_of_every_page(world: World, username: str | None) -> None:
    walk_pages(world, username)


def walk_pages(world: World, username: str | None) -> None:
    """Asserts that ``username`` is let in to every page that its rule admits, and to no other."""
    visitor, rules = Visitor(world, username), access.rules(world.app)
    actor = world.actor(username) if username else None
    for route in routes(world.app):
        if "GET" not in (route.methods or ()):
            continue
        answer = visitor.get(address(world.app, route))
        rule = rules[route.endpoint]
        if rule.admits(actor):
            # a first step may be somebody else's, a unit's people are its liaison's: the view knows, not the rule
            allowed = READING_LEADS_ON | ({403} if route.endpoint in SCOPED else set())
            assert answer.status_code in allowed, (route, answer.text)
        elif actor is None:
            assert answer.status_code == 302, route
            assert answer.location.startswith("/sign-in"), route
        else:
            assert answer.status_code == 403, route
            assert "没有" in answer.text, route


@pytest.mark.parametrize("username", [None, *PEOPLE])
def test_each_role_meets_the_rule_of_every_operation(world: World, username: str | None) -> None:
    walk_operations(world, username)


def walk_operations(world: World, username: str | None) -> None:
    """The same of everything that a page may send."""
    visitor, rules = Visitor(world, username), access.rules(world.app)
    actor = world.actor(username) if username else None
    for route in routes(world.app):
        if "POST" not in (route.methods or ()) or route.endpoint == "web.auth.sign_out":
            continue
        answer = visitor.post(address(world.app, route))
        if rules[route.endpoint].admits(actor):
            assert answer.status_code in {200, 302, 401, 403, 404, 409, 422}, (route, answer.text)
        else:
            assert answer.status_code == (401 if actor is None else 403), (route, answer.text)


def test_a_operation_without_the_token_of_the_page_is_refused(world: World) -> None:
    client = world.as_user("office")
    for route in routes(world.app):
        if "POST" in (route.methods or ()):
            answer = client.post(address(world.app, route), json={})
            assert answer.status_code == 400, route
            assert answer.json is not None
            assert answer.json["type"] == "csrf"


def test_a_case_is_unknown_to_who_may_not_see_it(world: World) -> None:
    world.dispatched("edu")
    assert Visitor(world, "handler-edu").get(f"/cases/{world.case}").status_code == 200
    stranger = Visitor(world, "handler-housing").get(f"/cases/{world.case}")
    assert stranger.status_code == 404
    assert "子女入学" not in stranger.text


def test_pages_allow_nothing_from_elsewhere(world: World) -> None:
    world.recorded()
    task = world.task("accept").id
    plain, with_form = Visitor(world, "office").get("/tasks"), Visitor(world, "office").get(f"/tasks/{task}")
    for page in (plain, with_form):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy  # neither inline code and styles nor code made at run time
        assert page.headers["X-Content-Type-Options"] == "nosniff"
