"""补上新步骤: an owner sees how each scenario would go on, and takes it as it was shown."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from tests.factories.owners import Owner
from tests.factories.versions import SIGN_OFF, SIGNED, changed
from tests.factories.world import World

REQUEST = "bpmn/request.bpmn"


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def signed(owner: Owner) -> UUID:
    """A draft with a step more."""
    draft = owner.draft()
    put(owner, draft, REQUEST, changed(SIGNED)[REQUEST].decode())
    put(owner, draft, "forms/sign_off.json", SIGN_OFF)
    return draft


def put(owner: Owner, draft: UUID, name: str, content: str) -> None:
    revision = int(owner.client.get(f"/studio/{draft}/files/{REQUEST}").headers["ETag"].strip('"'))
    assert owner.put(draft, name, content, revision).status_code == 200


def plain(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", page.partition("<main")[2])


def test_scenarios_go_on_through_a_new_step_when_the_owner_has_seen_them(owner: Owner, signed: UUID) -> None:
    page = owner.client.get(f"/studio/{signed}/scenarios").text
    assert "补上新步骤，更新用例" in page
    told = owner.client.get(f"/studio/{signed}/scenarios/mend?choose:request/sign_off/signed=no").text
    assert 'value="no" selected' in told
    assert "signed: &#39;no&#39;" in told
    told = owner.client.get(f"/studio/{signed}/scenarios/mend").text
    assert "补上「科长审签」" in told
    assert "办过的步骤：「受理审核」之后多了「科长审签」" in plain(told)
    assert "「科长审签」的期限：没有 → 2026-03-03，新步骤" in plain(told)
    left = re.findall(r'name="shown:([^"]+)"', told)[0]
    names = owner.accept_scenarios(signed, but=left)
    assert len(names) > 8
    assert owner.client.get(f"/studio/{signed}/scenarios").text.count('label-tag-late">不符') == 1
    owner.accept_scenarios(signed)
    assert "不符" not in owner.client.get(f"/studio/{signed}/scenarios").text


def test_what_was_not_shown_is_not_taken(owner: Owner, signed: UUID) -> None:
    address = f"/studio/{signed}/scenarios/mend"
    name, digest = re.findall(r'name="shown:([^"]+)" value="([0-9a-f]{64})"', owner.client.get(address).text)[0]
    put(owner, signed, "forms/sign_off.json", SIGN_OFF.replace('"const": "yes"', '"const": "fine"'))
    fields = {f"shown:{name}": digest, "accept[]": name, "csrf_token": owner.visitor.token()}
    answer = owner.client.post(address, data=fields)
    assert (answer.status_code, "又有改动" in answer.text) == (409, True)


def test_a_deleted_scenario_comes_back(owner: Owner) -> None:
    draft = owner.draft()
    name = "scenarios/plain.yaml"
    before = owner.client.get(f"/studio/{draft}/files/{name}").text
    token = {"csrf_token": owner.visitor.token()}
    assert owner.client.post(f"/studio/{draft}/scenarios/{name}/delete", data=token).status_code == 302
    page = owner.client.get(f"/studio/{draft}/scenarios").text
    assert f"/studio/{draft}/scenarios/{name}/restore" in page
    assert owner.client.post(f"/studio/{draft}/scenarios/{name}/restore", data=token).status_code == 302
    assert owner.client.get(f"/studio/{draft}/files/{name}").text == before
    again = owner.client.post(f"/studio/{draft}/scenarios/{name}/restore", data=token)
    assert (again.status_code, "没有删去" in again.text) == (409, True)
