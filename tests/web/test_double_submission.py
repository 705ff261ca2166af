"""A form sent twice, by a double click or after a lost answer, is done once."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from tests.factories.databases import ON_BOTH
from tests.factories.visitor import Visitor
from tests.factories.workers import at_once, happened
from tests.factories.world import World

pytestmark = ON_BOTH


def _send(visitor: Visitor, path: str, key: str, **body: object) -> TestResponse:
    """JSON with a key, as the page's script sends it."""
    headers = {"X-CSRFToken": visitor.token(), "Idempotency-Key": key, "Accept": "application/json"}
    return visitor.client.post(path, json=body, headers=headers)


def test_a_second_click_on_urge_sends_no_second_urge(world: World) -> None:
    world.dispatched("edu")
    office, path = Visitor(world, "office"), f"/cases/{world.case}/urge"
    first, second = (_send(office, path, "k1", text="请尽快办理") for _ in range(2))
    assert (
        (first.status_code, first.json)
        == (second.status_code, second.json)
        == (200, {"location": path[: -len("/urge")]})
    )
    assert len(happened(world, "urged")) == 1
    assert office.get(path[: -len("/urge")]).text.count("本件累计催办 1 次") >= 1
    assert _send(office, path, "k1", text="领导关注").status_code == 200
    assert _send(office, path, "k2", text="领导关注").status_code == 200
    assert len(happened(world, "urged")) == 3


def test_two_clicks_at_the_same_moment_do_it_once(world: World) -> None:
    world.dispatched("edu")
    offices = [Visitor(world, "office") for _ in range(2)]
    path = f"/cases/{world.case}/urge"
    keys = [(visitor, visitor.token()) for visitor in offices]

    def click(visitor: Visitor, token: str) -> int:
        headers = {"X-CSRFToken": token, "Idempotency-Key": "k", "Accept": "application/json"}
        return visitor.client.post(path, json={"text": "请尽快"}, headers=headers).status_code

    clicks = [lambda visitor=visitor, token=token: click(visitor, token) for visitor, token in keys]
    assert at_once(*clicks) == [200, 200]
    assert len(happened(world, "urged")) == 1


def test_a_form_without_script_carries_its_own_key(world: World) -> None:
    world.dispatched("edu")
    handler = Visitor(world, "handler-edu")
    page = handler.get(f"/tasks/{world.task('handle').id}").text
    keys = re.findall(r'name="once" value="([^"]+)"', page)
    assert len(keys) == len(set(keys)) > 1
    path = f"/tasks/{world.task('handle').id}/acknowledge"
    answers = [handler.submit(path, once=keys[0]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len(happened(world, "acknowledged")) == 1
    handler.submit(path, once=keys[1])
    assert len(happened(world, "acknowledged")) == 2


def test_what_was_refused_may_be_sent_again(world: World) -> None:
    world.dispatched("edu")
    office, path = Visitor(world, "office"), f"/cases/{world.case}/suspend"
    assert _send(office, path, "k", reason="").status_code == 422
    assert _send(office, path, "k", reason="").status_code == 422
    assert _send(office, path, "k", reason="等待材料", due="shift").status_code == 200
    assert _send(office, path, "k", reason="等待材料", due="shift").status_code == 200
    assert len(happened(world, "suspended")) == 1


def test_nobody_gets_anothers_answer(world: World) -> None:
    world.dispatched("edu")
    for username in ("office", "office-2"):
        assert _send(Visitor(world, username), f"/cases/{world.case}/urge", "k", text="请尽快").status_code == 200
    assert len(happened(world, "urged")) == 2
