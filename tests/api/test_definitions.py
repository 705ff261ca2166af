"""Deploying a process through the API: checked first, refused with every finding, versioned."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import g
from werkzeug.test import TestResponse

from service.api import definitions
from service.checks import CheckContext
from service.processes.wiring import KEY
from tests.factories.databases import ON_BOTH
from tests.factories.mistakes import MISTAKES
from tests.factories.world import HOME, World


def shipped() -> dict[str, bytes]:
    """The files of the process ``request``, by plain name."""
    folders = (HOME / "bpmn" / "request", HOME / "forms" / "request")
    return {path.name: path.read_bytes() for folder in folders for path in folder.iterdir() if path.is_file()}


def upload(world: World, files: dict[str, bytes], user: str = "owner", **fields: Any) -> TestResponse:
    """POST /definitions as a browser or curl would."""
    parts = [(BytesIO(content), name) for name, content in files.items()]
    data = {**fields, **({"files": parts} if parts else {})}
    key = fields.pop("key", None)
    data.pop("key", None)
    return world.api(user).post("/definitions", None, key=key, data=data, content_type="multipart/form-data")


def changed() -> dict[str, bytes]:
    """The shipped process with another wording in one form."""
    files = shipped()
    files["accept.json"] = files["accept.json"].replace("受理".encode(), "受理（新）".encode(), 1)
    assert files["accept.json"] != shipped()["accept.json"]
    return files


def versions(world: World) -> list[int]:
    return [row["version"] for row in world.api("auditor").get("/definitions").json["items"] if row["key"] == "request"]


def test_what_is_deployed_already_stays(world: World) -> None:
    answer = upload(world, shipped())
    assert (answer.status_code, answer.json["definition"]["version"]) == (200, 1)
    assert versions(world) == [1]


@pytest.mark.parametrize("named", [{}, {"process": "request"}])
def test_who_deploys_hears_which_steps_others_may_take_than_before(world: World, named: dict[str, str]) -> None:
    spoilt = next(one for one in MISTAKES if one.name == "a step dragged into the neighbour's lane")
    files = {**shipped(), "request.bpmn": spoilt.files()[spoilt.file]}
    found = upload(world, files, dry_run="true", **named).json["findings"]
    assert [(one["element"], one["rule"], one["severity"]) for one in found] == [
        (spoilt.element, "lane-changed", "warning")
    ]


@ON_BOTH
def test_a_changed_process_becomes_the_next_version(world: World) -> None:
    answer = upload(world, changed())
    assert answer.status_code == 201, answer.json
    made = answer.json["definition"]
    assert (made["key"], made["version"], made["deployed_by"], made["newest"]) == ("request", 2, "owner", True)
    assert versions(world) == [2, 1]
    assert world.api("liaison-hrss").post("/instances", {"process": "request"}).json["version"] == 2


def test_a_dry_run_changes_nothing(world: World) -> None:
    answer = upload(world, changed(), dry_run="true")
    assert (answer.status_code, answer.json["dry_run"], answer.json["definition"]) == (200, True, None)
    assert versions(world) == [1]


def test_the_same_upload_again_gives_the_first_answer(world: World) -> None:
    first = upload(world, changed(), key="deploy-2")
    again = upload(world, changed(), key="deploy-2")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert upload(world, shipped(), key="deploy-2").status_code == 422


def test_a_bad_process_is_refused_with_every_finding(world: World) -> None:
    files = changed()
    name = next(name for name in files if name == "request.bpmn")
    files[name] = files[name].replace(b"bpmn:userTask", b"bpmn:scriptTask", 2)
    for dry_run in ("false", "true"):
        answer = upload(world, files, dry_run=dry_run)
        assert answer.status_code == 422
        assert answer.json["errors"]
        assert all(error["path"].startswith(("bpmn/", "forms/")) for error in answer.json["errors"])
        assert {"file", "line", "element", "rule", "message", "severity"} == set(answer.json["findings"][0])
    assert versions(world) == [1]


def test_hostile_files_are_refused(world: World) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><definitions>&b;</definitions>'
    for files in (
        {"request.bpmn": bomb},
        {"request.bpmn": b"no xml"},
        {"../../etc/passwd.bpmn": b"<x/>"},
        {"virus.exe": b"MZ"},
        {"accept.json": b"{"},
        {**shipped(), "accept.json": b"[" * 100_000},
    ):
        answer = upload(world, files)
        assert answer.status_code == 422, (list(files), answer.text)
        assert answer.json["errors"]
    assert versions(world) == [1]


def test_what_is_no_upload_is_refused(world: World) -> None:
    assert world.api("owner").post("/definitions", {"files": []}).status_code == 415
    assert upload(world, {}).status_code == 422
    assert upload(world, changed(), dry_run="perhaps").status_code == 422
    assert upload(world, changed(), colour="red").json["errors"][0]["path"] == "/colour"
    assert upload(world, changed(), process="nothing").status_code == 422
    assert upload(world, changed(), user="office").status_code == 403
    assert versions(world) == [1]


def test_names_with_folders_are_understood(world: World) -> None:
    files = {
        (f"bpmn/request/{name}" if name.endswith(("bpmn", "dmn")) else f"forms/request/{name}"): content
        for name, content in shipped().items()
    }
    assert upload(world, files, process="request").json["definition"]["version"] == 1
    assert all(Path(name).parent.name for name in files)


@ON_BOTH
@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_others_write_while_a_definition_is_checked(
    world: World, monkeypatch: pytest.MonkeyPatch, dry_run: str
) -> None:
    """No transaction is open meanwhile: on SQLite it would hold up everybody, on PostgreSQL it would hold a place."""
    checked = definitions.check_confined
    written = []

    def check(files: Any, *, context: CheckContext) -> Any:
        assert not hasattr(g, "db")
        assert world.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of the pools that we use
        written.append(world.recorded())
        return checked(files, context=context)

    monkeypatch.setattr(definitions, "check_confined", check)
    answer = upload(world, changed(), dry_run=dry_run)
    assert answer.status_code == (200 if dry_run == "true" else 201)
    assert written[-1:] == [world.case]


def test_who_may_not_deploy_makes_nobody_check(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "check_confined", None)
    assert upload(world, changed(), user="handler-edu").status_code == 403


def test_a_hostile_definition_is_refused_by_name(world: World) -> None:
    levels = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(20)}
    parts = {**levels, "a20": {"type": "string"}}
    bomb = {"type": "object", "$defs": parts, "properties": {"x": {"$ref": "#/$defs/a0"}}}
    for dry_run in ("true", "false"):
        answer = upload(world, shipped() | {"accept.json": json.dumps(bomb).encode()}, dry_run=dry_run)
        assert answer.status_code == 422
        assert [(one["file"], one["rule"]) for one in answer.json["findings"]] == [("forms/accept.json", "form-size")]
    assert versions(world) == [1]


def test_a_list_longer_than_one_step_may_open_is_refused_and_changes_nothing(world: World) -> None:
    world.database.session_info[KEY] = replace(world.database.session_info[KEY], most_instances=1)
    world.accepted()
    body = {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": ["sci"]}
    task = world.task("dispatch")
    answer = world.api("office").post(f"/tasks/{task.id}/complete", {"data": body})
    assert answer.status_code == 409
    assert "超过上限 1 份" in answer.json["detail"]
    assert world.open_steps() == [("dispatch", None)]
    answer = world.api("office").post(f"/tasks/{task.id}/complete", {"data": {**body, "assisting_units": []}})
    assert answer.status_code == 200
