"""Event logs and the ledger as files: complete, safe to open, and silent about what forms say."""

from __future__ import annotations

import csv
import json

import jsonschema_rs
import pytest
from click.testing import CliRunner
from lxml import etree
from openpyxl import load_workbook
from sqlalchemy import select

from service.cli import liaison
from service.people.models import Person
from service.processes import operations
from service.talents.models import Talent
from tests.factories.rounds import calendar_starts
from tests.factories.workers import happened

TITLE = '=HYPERLINK("http://x","子女入学")'
SECRET = "孩子的身份情况"


@pytest.fixture
def export(world, tmp_path):
    url = world.database.url.render_as_string(hide_password=False)

    def run(kind: str, name: str, code: int = 0):
        called = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None}).invoke(
            liaison, ["export", kind, str(tmp_path / name)], catch_exceptions=False
        )
        assert called.exit_code == code, called.output
        return tmp_path / name

    return run


@pytest.fixture
def cases(world):
    """A finished case with an urge, and one on its way."""
    world.dispatched("edu", title=TITLE, description=SECRET)
    with world.transaction() as session:
        operations.urge(session, instance_id=world.case, text=SECRET, actor=world.actor("office"), now=world.clock.now)
    world.do("office", "feedback_accepted")
    world.do("handler-edu", "handle")
    world.do("office", "review_reply")
    world.do("office", "feedback_result")
    first = world.case
    world.clock.advance(minutes=5)
    world.recorded(title="另一件事")
    world.case = first
    return world


def test_xes_holds_every_step_of_every_case_and_no_content(cases, export):
    content = export("xes", "log.xes").read_bytes()
    assert SECRET.encode() not in content
    assert "子女入学".encode() not in content
    log = etree.fromstring(content)
    name = "{http://www.xes-standard.org/}"
    traces = log.findall(f"{name}trace")
    assert len(traces) == 2
    steps = [{child.get("key"): child.get("value") for child in event} for event in traces[0].findall(f"{name}event")]
    done = [step["step"] for step in steps if step["lifecycle:transition"] == "complete" and "step" in step]
    assert [step for step in done if step != "handle"] == [
        "record_need",
        "accept",
        "dispatch",
        "feedback_accepted",
        "review_reply",
        "feedback_result",
    ]
    assert [step["concept:name"] for step in steps if step["concept:name"] in ("催办", "办结")] == ["催办", "办结"]
    moments = [step["time:timestamp"] for step in steps]
    assert moments == sorted(moments)
    assert all(step["time:timestamp"].endswith("+08:00") for step in steps)
    assert {extension.get("prefix") for extension in log.findall(f"{name}extension")} == {
        "concept",
        "lifecycle",
        "org",
        "time",
    }


def test_ocel_relates_every_event_to_objects_that_are_there(cases, export):
    path = export("ocel", "log.json")
    assert SECRET not in path.read_text()
    log = json.loads(path.read_text())
    objects = {one["id"]: one["type"] for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert set(objects.values()) == {"case", "task", "unit"}
    assert {one["type"] for one in log["objects"]} <= {one["name"] for one in log["objectTypes"]}
    declared = {one["name"]: {name["name"] for name in one["attributes"]} for one in log["eventTypes"]}
    for event in log["events"]:
        assert {one["name"] for one in event["attributes"]} <= declared[event["type"]]
        related = {one["objectId"] for one in event["relationships"]}
        assert related <= set(objects)
        assert f"case:{cases.case}" in related or event["id"] not in _ids(cases)
    assert len({event["id"] for event in log["events"]}) == len(log["events"])
    units = [one["objectId"] for event in log["events"] for one in event["relationships"] if one["qualifier"] == "unit"]
    assert "unit:edu" in units


OCEL_2 = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": {"type": "array", "items": {"$ref": "#/$defs/type"}},
        "objectTypes": {"type": "array", "items": {"$ref": "#/$defs/type"}},
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "time"],
                "properties": {
                    "id": {"type": "string"},
                    "type": {"type": "string"},
                    "time": {"type": "string", "format": "date-time"},
                    "attributes": {"type": "array", "items": {"required": ["name", "value"]}},
                    "relationships": {"$ref": "#/$defs/relationships"},
                },
            },
        },
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type"],
                "properties": {
                    "id": {"type": "string"},
                    "type": {"type": "string"},
                    "attributes": {
                        "type": "array",
                        "items": {
                            "required": ["name", "value", "time"],
                            "properties": {"time": {"type": "string", "format": "date-time"}},
                        },
                    },
                    "relationships": {"$ref": "#/$defs/relationships"},
                },
            },
        },
    },
    "$defs": {
        "type": {
            "type": "object",
            "required": ["name", "attributes"],
            "properties": {
                "name": {"type": "string"},
                "attributes": {
                    "type": "array",
                    "items": {
                        "required": ["name", "type"],
                        "properties": {"type": {"enum": ["string", "time", "integer", "float", "boolean"]}},
                    },
                },
            },
        },
        "relationships": {
            "type": "array",
            "items": {"type": "object", "required": ["objectId", "qualifier"]},
        },
    },
}
"""The demands of OCEL 2.0 on its JSON: the keys, and the five types that an attribute may have."""
KINDS = {"string": str, "integer": int}


def test_ocel_keeps_to_the_standard_and_its_events_are_steps(cases, export):
    path = export("ocel", "log")
    log = json.loads((path.parent / "log.jsonocel").read_text())
    validator = jsonschema_rs.Draft202012Validator(OCEL_2, validate_formats=True)
    assert [str(error) for error in validator.iter_errors(log)] == []
    types = {one["name"] for one in log["eventTypes"]}
    assert {event["type"] for event in log["events"]} == types
    assert {"登记需求（到达）", "登记需求", "办理（到达）", "办理", "催办", "办结", "启动"} <= types
    declared = {one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in log["eventTypes"]}
    late = []
    for event in log["events"]:
        for one in event["attributes"]:
            assert type(one["value"]) is KINDS[declared[event["type"]][one["name"]]], one
            late += [one["value"]] if one["name"] == "late_days" else []
    assert late
    assert (export("xes", "trace").parent / "trace.xes").is_file()


def test_no_activity_names_a_person(world, export):
    """A correction's task is called after the talent whom it is about; its step is not."""
    calendar_starts(world, "registry_review", "twice_a_year")
    wrong = {"result": "some_wrong", "to_correct": ["T0001"]}
    world.do("liaison-district_office", "confirm_files", wrong, unit="district_office")
    assert world.task("correct_talent").name.endswith("周慕白")
    told = export("ocel", "log.jsonocel").read_text() + export("xes", "log.xes").read_text()
    assert "填写更正" in told
    with world.database.reading() as session:
        people = {one.name for one in session.scalars(select(Person))} | {
            one.name for one in session.scalars(select(Talent))
        }
    assert [name for name in people if name in told] == []


def _ids(world) -> set[str]:
    kinds = ("started", "entered", "completed", "ended", "urged")
    return {f"event:{event.id}" for kind in kinds for event in happened(world, kind)}


def test_the_ledger_opens_as_a_table_in_which_no_text_is_a_formula(cases, export):
    book = load_workbook(export("ledger", "ledger.xlsx"))
    rows = list(book.active.iter_rows())
    heading = [cell.value for cell in rows[0]]
    first = dict(zip(heading, rows[1], strict=True))
    assert len(rows) == 3
    assert (first["编号"].value, first["状态"].value, first["催办次数"].value) == ("2026-需-0001", "已办结", 1)
    assert (first["需求"].value, first["需求"].data_type) == (TITLE, "s")
    assert first["责任单位"].value == "区教育局"
    with export("ledger", "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == heading
    assert table[1][heading.index("需求")] == "'" + TITLE


def test_a_file_is_never_overwritten_and_never_half_written(cases, export, tmp_path, monkeypatch):
    path = export("xes", "log.xes")
    before = path.read_bytes()
    export("xes", "log.xes", code=1)
    assert path.read_bytes() == before
    export("ledger", "ledger.doc", code=1)
    export("ledger", "nowhere/ledger.csv", code=1)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.cli.export.write_ocel", fail)
    export("ocel", "log.json", code=1)
    assert [file.name for file in tmp_path.iterdir() if file.suffix in (".json", ".partial")] == []


def test_rare_signs_go_out_as_they_are(world, export):
    rare = "试\U000313c4\U0002ebf3\ue863"
    world.dispatched("edu", title=f"{rare}的需求")
    with export("ledger", "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        assert any(f"{rare}的需求" in row.values() for row in csv.DictReader(file))
    book = load_workbook(export("ledger", "ledger.xlsx"))
    assert any(cell.value == f"{rare}的需求" for row in book.active.iter_rows() for cell in row)
    told = world.api("office").get(f"/instances/{world.case}").json
    assert told["title"] == f"{rare}的需求"
    assert [one["id"] for one in world.api("office").get("/requests", q=rare).json["items"]] == [str(world.case)]
