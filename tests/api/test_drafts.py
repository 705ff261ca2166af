"""Drafts through the API: saved by revision, never over somebody else's change; who may, what fits, discarding."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from service import clock
from service.processes.replay import verify
from service.studio import fields
from tests.factories.databases import ON_BOTH
from tests.factories.world import World

pytestmark = ON_BOTH

TABLE = "bpmn/dispatch.dmn"


def made(world: World, user: str = "owner", process: str = "request") -> dict[str, Any]:
    """A fresh draft of a process."""
    answer = world.api(user).post("/drafts", {"process": process})
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def save(
    world: World, draft: dict[str, Any], name: str, content: bytes, revision: Any, user: str = "owner"
) -> TestResponse:
    """PUT of a file by who read ``revision``."""
    return world.api(user).put(f"/drafts/{draft['id']}/files/{name}", content, headers={"If-Match": str(revision)})


def test_a_draft_holds_the_newest_version_and_is_saved_by_revision(world: World) -> None:
    draft = made(world)
    assert (draft["process"], draft["base_version"], draft["revision"], draft["author"]) == ("request", 1, 1, "owner")
    names = {one["name"] for one in draft["files"]}
    assert {"bpmn/request.bpmn", TABLE, "forms/accept.json", "forms/accept.ui.json"} <= names
    api = world.api("owner")
    read = api.get(f"/drafts/{draft['id']}/files/{TABLE}")
    assert read.headers["ETag"] == '"1"'
    saved = save(world, draft, TABLE, read.data + b"<!-- x -->", 1)
    assert (saved.status_code, saved.json) == (200, {"revision": 2})
    assert save(world, draft, TABLE, read.data + b"<!-- x -->", 2).json == {"revision": 2}, "nothing changed"
    assert api.get(f"/drafts/{draft['id']}/files/{TABLE}").data.endswith(b"<!-- x -->")
    assert [one["id"] for one in api.get("/drafts", process="request").json["items"]] == [draft["id"]]
    assert world.api("admin").get(f"/drafts/{draft['id']}").json["revision"] == 2, "whoever may edit sees all drafts"
    with world.database.reading() as session:
        assert list(verify(session)) == []


def test_two_owners_never_overwrite_each_other(world: World) -> None:
    draft = made(world)
    assert save(world, draft, TABLE, b"<mine/>", 1, "admin").json == {"revision": 2}
    late = save(world, draft, TABLE, b"<yours/>", 1)
    assert late.status_code == 409
    assert (late.json["revision"], late.json["theirs"]["by"], late.json["theirs"]["content"]) == (2, "admin", "<mine/>")
    assert "admin" in late.json["detail"]
    assert save(world, draft, TABLE, b"<yours/>", 2).json == {"revision": 3}, "one's own is kept on purpose"
    other = save(world, draft, "forms/accept.json", b"{}", 1)
    assert other.status_code == 409
    assert other.json["theirs"] is None
    assert [one["name"] for one in other.json["changes"]] == [TABLE]


def test_a_deleted_file_is_told_to_who_edits_it(world: World) -> None:
    draft, api = made(world), world.api("owner")
    gone = api.delete(f"/drafts/{draft['id']}/files/{TABLE}", headers={"If-Match": "1"})
    assert gone.json == {"revision": 2}
    assert api.get(f"/drafts/{draft['id']}/files/{TABLE}").status_code == 404
    late = save(world, draft, TABLE, b"<x/>", 1, "admin")
    assert (late.json["theirs"]["deleted"], late.json["theirs"]["content"]) == (True, None)
    assert save(world, draft, TABLE, b"<x/>", 2).json == {"revision": 3}


@pytest.mark.parametrize(
    "name", ["../etc/passwd", "bpmn/../x.bpmn", "bpmn/X.bpmn", "x.py", "scenarios/a b.yaml", "forms/x.exe"]
)
def test_a_strange_name_is_refused(world: World, name: str) -> None:
    draft = made(world)
    answer = world.app.test_client().put(
        f"/api/v1/drafts/{draft['id']}/files/{name}",
        data=b"x",
        headers={"Authorization": f"Bearer {world.token('owner')}", "If-Match": "1"},
    )
    assert answer.status_code in (404, 422), answer.text
    assert world.api("owner").get(f"/drafts/{draft['id']}").json["revision"] == 1


def test_bad_saves_change_nothing(world: World) -> None:
    draft = made(world)
    assert save(world, draft, TABLE, b"x", "").status_code == 422
    assert save(world, draft, TABLE, b"x", 7).status_code == 422
    assert save(world, draft, "forms/accept.json", b"x" * 300_000, 1).status_code == 422
    assert save(world, draft, TABLE, b"x" * 2_100_000, 1).status_code == 413
    assert world.api("owner").post("/drafts", {"process": "nothing"}).status_code == 404
    assert world.api("office").post("/drafts", {"process": "request"}).status_code == 403
    assert world.api("owner").get(f"/drafts/{draft['id']}").json["revision"] == 1


def test_a_discarded_draft_comes_back(world: World) -> None:
    draft, api = made(world), world.api("owner")
    assert api.delete(f"/drafts/{draft['id']}").json["discarded_at"] is not None
    assert api.get("/drafts").json["total"] == 0
    assert [one["id"] for one in api.get("/drafts", discarded="true").json["items"]] == [draft["id"]]
    assert save(world, draft, TABLE, b"<x/>", 1).status_code == 409
    assert api.post(f"/drafts/{draft['id']}/restore").json["revision"] == 1
    assert api.post(f"/drafts/{draft['id']}/restore").status_code == 409
    assert save(world, draft, TABLE, b"<x/>", 1).status_code == 200
    with world.database.reading() as session:
        assert clock.now() is not None
        assert list(verify(session)) == []


def test_a_person_has_so_many_drafts_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "MOST_DRAFTS", 2)
    first, _ = made(world), made(world)
    refused = world.api("owner").post("/drafts", {"process": "request"})
    assert (refused.status_code, "2 份草稿" in refused.json["detail"]) == (409, True)
    world.api("owner").delete(f"/drafts/{first['id']}")
    assert made(world)["revision"] == 1
    assert world.api("owner").post(f"/drafts/{first['id']}/restore").status_code == 409
    assert made(world, "admin")["revision"] == 1
