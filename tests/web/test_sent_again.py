"""Pages send again by themselves, with the same key, while the database is being switched."""

from __future__ import annotations

import html
import json
import re
import subprocess

import pytest

from service.web.once import FIELD
from tests.factories.node import ASSETS, node_path
from tests.factories.visitor import Visitor
from tests.factories.world import World

_INSIST = """
import { insist } from "./src/post.js";
const run = async (statuses) => {
  let now = 0;
  const asked = [], told = [];
  const ask = async () => {
    asked.push(now);
    const status = statuses[Math.min(asked.length, statuses.length) - 1];
    return { status, headers: { get: () => (status === 503 ? "7" : null) } };
  };
  const wait = async (ms) => { now += ms; };
  const answer = await insist(ask, (words) => told.push(words.title), { now: () => now, wait });
  return { status: answer.status, asked, told: told.length };
};
console.log(JSON.stringify([await run([200]), await run([422]), await run([503, 502, 201]), await run([503])]));
"""


def test_the_script_asks_again_while_the_server_will_be_back_and_not_for_ever() -> None:
    command = [node_path(), "--input-type=module", "--eval", _INSIST]
    said = json.loads(subprocess.run(command, cwd=ASSETS, capture_output=True, text=True, check=True).stdout)
    once, refused, switched, never = said
    assert once == {"status": 200, "asked": [0], "told": 0}
    assert refused == {"status": 422, "asked": [0], "told": 0}  # an answer, however bad
    assert switched == {"status": 201, "asked": [0, 7000, 12000], "told": 2}
    assert never["status"] == 503
    assert 80_000 < never["asked"][-1] <= 90_000


@pytest.fixture
def broken(world: World) -> World:
    """A service whose database will not write any more: what a page has sent cannot be kept now."""
    world.dispatched("edu")
    return world


def test_a_plain_form_that_met_a_switch_is_on_the_page_that_says_so(broken: World) -> None:
    visitor = Visitor(broken, "office")
    token = visitor.token()
    broken.disturb("PRAGMA query_only = on")
    sent = {"text": "请尽快 <b>办理</b>", "csrf_token": token, FIELD: "once-and-only"}
    answer = visitor.client.post(f"/cases/{broken.case}/comment", data=sent)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    [form] = re.findall(r"<form[^>]*data-again.*?</form>", answer.text, re.DOTALL)
    assert f'action="/cases/{broken.case}/comment"' in form
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', form)
    }
    assert (fields["text"], fields[FIELD]) == (sent["text"], "once-and-only")
    assert fields["csrf_token"]


def test_files_passwords_and_forms_without_a_token_are_on_no_such_page(broken: World) -> None:
    visitor = Visitor(broken, "office")
    token = visitor.token()
    broken.disturb("PRAGMA query_only = on")
    plain = visitor.client.post(f"/cases/{broken.case}/comment", data={"text": "一", "csrf_token": token})
    secret = {"old_password": "a", "password": "b", "again": "b", "csrf_token": token, FIELD: "x"}
    account = visitor.client.post("/account/password", data=secret)
    assert plain.status_code == 503
    for answer in (plain, account):
        assert "data-again" not in answer.text
