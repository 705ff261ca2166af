"""Drafts as files through the API: a new process, zip out and in, ways, open cases; what is swept after 30 days."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service import clock
from service.cli import liaison
from service.processes.options import thawed
from service.processes.replay import verify
from service.studio import drafts
from service.studio.models import Draft, DraftFile, KeptContent
from tests.api.test_drafts import made, save
from tests.factories.world import HOME, World

NEW = {"process": "housing_visit", "name": "安居走访", "template": "empty"}


def imported(world: World, content: bytes) -> TestResponse:
    data = {"file": (io.BytesIO(content), "p.zip")}
    return world.api("owner").post("/drafts/import", None, data=data, content_type="multipart/form-data")


def test_a_new_process_goes_from_the_template_to_its_first_case(world: World) -> None:
    api = world.api("owner")
    draft = api.post("/drafts", NEW).json
    assert (draft["base_version"], draft["title"]) == (None, "安居走访")
    assert api.get(f"/drafts/{draft['id']}/difference").json["sort"] == "content"
    done = api.post(f"/drafts/{draft['id']}/deploy", {"note": "新流程"})
    assert (done.status_code, done.json["version"]) == (201, 1), done.json
    case = world.api("office").post("/instances", {"process": "housing_visit"})
    assert case.status_code == 201, case.json
    assert case.json["version"] == 1
    assert api.post("/drafts", NEW).status_code == 409, "there is one now"
    with world.database.reading() as session:
        assert list(verify(session)) == []


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"process": "X"}, 422, "/process"),
        ({"name": ""}, 422, "/name"),
        ({"role": "nobody"}, 422, "/role"),
        ({"process": "request"}, 409, "/process"),
        ({"template": "nothing"}, 404, None),
    ],
)
def test_a_bad_new_process_is_refused(world: World, change: dict[str, Any], status: int, path: str | None) -> None:
    answer = world.api("owner").post("/drafts", NEW | change)
    assert answer.status_code == status, answer.json
    assert path is None or answer.json["errors"][0]["path"] == path


def test_a_copy_is_drafted_from_a_shipped_process(world: World) -> None:
    draft = world.api("owner").post("/drafts", NEW | {"template": "eligibility_review"}).json
    assert {"bpmn/housing_visit.bpmn", "forms/review_eligibility.json"} <= {one["name"] for one in draft["files"]}


def test_a_zip_goes_out_and_comes_in(world: World) -> None:
    draft, api = made(world), world.api("owner")
    content = api.get(f"/drafts/{draft['id']}/zip").data
    assert content == api.get("/definitions/request/versions/1/zip").data
    again = imported(world, content)
    assert again.status_code == 201, again.json
    assert {one["name"]: one["digest"] for one in again.json["files"]} == {
        one["name"]: one["digest"] for one in draft["files"]
    }
    assert (again.json["process"], again.json["base_version"]) == ("request", 1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bpmn/x/../../evil.bpmn", b"x")
    refused = imported(world, buffer.getvalue())
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "bpmn/x/../../evil.bpmn")
    assert api.get("/drafts").json["total"] == 2


def test_git_sees_no_difference_in_an_unchanged_draft(world: World) -> None:
    draft, api = made(world), world.api("owner")
    content = api.get(f"/drafts/{draft['id']}/zip").data
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (HOME / name).read_bytes(), name
    form = "forms/record_need.json"
    whole = api.get(f"/drafts/{draft['id']}/files/{form}").data
    short = thawed({form: whole})[form]
    assert short != whole
    assert save(world, draft, form, short, 1).status_code == 200, "the list is named, its choices are left out"
    assert api.get(f"/drafts/{draft['id']}/difference").json["changes"] == []
    assert api.post(f"/drafts/{draft['id']}/deploy", {"note": "x"}).status_code == 409, "no difference"


def test_ways_and_open_cases_are_told(world: World) -> None:
    world.dispatched("edu")
    world.recorded()
    draft, api = made(world), world.api("owner")
    found = api.get(f"/drafts/{draft['id']}/ways").json["items"]
    assert found == api.get("/definitions/request/ways").json["items"]
    assert (found[0]["process"], found[0]["bounded"]) == ("request", False)
    open_ = {(one["process"], one["version"]): one for one in api.get("/definitions/open").json["items"]}
    assert open_["request", 1]["cases"] == 2
    assert {"name": "受理审核", "count": 1} in open_["request", 1]["steps"]
    assert "子女入学" not in api.get("/definitions/open").text
    assert world.api("office").get("/definitions/open").status_code == 403


def test_what_was_discarded_long_ago_is_forgotten(world: World) -> None:
    draft, kept, api = made(world), made(world), world.api("owner")
    save(world, draft, "scenarios/own.yaml", b"title: own\n", 1)
    api.delete(f"/drafts/{draft['id']}")

    def contents() -> int:
        with world.database.reading() as session:
            return session.scalar(select(func.count()).select_from(KeptContent)) or 0

    before = contents()
    world.clock.advance(days=29)
    with world.transaction() as session:
        assert drafts.sweep(session, clock.now()) == 0
    world.clock.advance(days=2)
    with world.transaction() as session:
        assert drafts.sweep(session, clock.now()) == 1
        assert [str(one.id) for one in session.scalars(select(Draft))] == [kept["id"]]
        assert session.scalar(select(func.count()).where(DraftFile.name == "scenarios/own.yaml")) == 0
    assert contents() == before - 1, "its own file; the others stand in the other draft"


def test_the_command_line_tells_what_changed_and_every_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = made(world)
    old = world.api("owner").get(f"/drafts/{draft['id']}/files/bpmn/request.bpmn").data
    save(world, draft, "bpmn/request.bpmn", old.replace("登记需求".encode(), "登记诉求".encode()), 1)
    monkeypatch.setenv("LIAISON_DATABASE_URL", world.database.url.render_as_string(hide_password=False))
    run = CliRunner().invoke(liaison, ["diff", "request@1", draft["id"]])
    assert run.exit_code == 0, run.output
    assert "步骤「登记诉求」：名称由“登记需求”改为“登记诉求”" in run.stdout.splitlines()
    folder = str(HOME / "bpmn/request")
    assert CliRunner().invoke(liaison, ["diff", folder, folder]).stdout == ""
    assert CliRunner().invoke(liaison, ["diff", folder, "nothing@7"]).exit_code == 1
    ways = CliRunner().invoke(liaison, ["ways", str(HOME / "bpmn/roster")]).stdout
    assert ways.startswith("流程「联系名单确定」：3 条路径")
