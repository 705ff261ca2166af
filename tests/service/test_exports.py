"""Event logs and the ledger as files: complete, safe to open, and silent about what forms say."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from uuid import UUID

import jsonschema_rs
import pytest
import r4pm
from click.testing import CliRunner
from lxml import etree
from openpyxl import load_workbook
from r4pm import bindings
from sqlalchemy import select

from service.audit.logs.cases import Codes
from service.audit.questions.places import asked_words
from service.cli import liaison
from service.history import HistoryEvent
from service.people.models import Person
from service.processes import operations
from service.processes.models import Instance
from service.talents.models import Talent
from tests.factories.event_logs import OCEL, XES
from tests.factories.replays import eventful, returned
from tests.factories.rounds import calendar_starts

TITLE = '=HYPERLINK("http://x","子女入学")'
SECRET = "孩子的身份情况"
XES_NAME = "{http://www.xes-standard.org/}"


@pytest.fixture
def export(world, tmp_path):
    url = world.database.url.render_as_string(hide_password=False)

    def run(kind: str, name: str, code: int = 0, more: tuple[str, ...] = ()):
        called = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None}).invoke(
            liaison, ["export", kind, str(tmp_path / name), *more], catch_exceptions=False
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


def _steps(path, trace: int = 0) -> list[dict[str, str]]:
    """The events of a trace: key → value."""
    traces = etree.parse(path).getroot().findall(f"{XES_NAME}trace")
    events = traces[trace].findall(f"{XES_NAME}event")
    return [{str(child.get("key")): str(child.get("value")) for child in event} for event in events]


def test_xes_holds_every_step_of_every_case_and_no_content(cases, export):
    path = export("xes", "log.xes")
    content = path.read_bytes()
    assert SECRET.encode() not in content
    assert "子女入学".encode() not in content
    assert b"handler-edu" not in content
    etree.XMLSchema(etree.fromstring(XES)).assertValid(etree.fromstring(content))
    assert len(etree.fromstring(content).findall(f"{XES_NAME}trace")) == 2
    steps = _steps(path)
    done = [step["step"] for step in steps if step["lifecycle:transition"] == "complete" and "step" in step]
    assert [step for step in done if step != "handle"] == [
        "record_need",
        "accept",
        "dispatch",
        "feedback_accepted",
        "review_reply",
        "feedback_result",
    ]
    began = [step["step"] for step in steps if step["lifecycle:transition"] == "start"]
    assert sorted(began) == sorted(done)
    assert [step["concept:name"] for step in steps if step["concept:name"] in ("催办", "办结")] == ["催办", "办结"]
    handled = next(
        step for step in steps if step["lifecycle:transition"] == "complete" and step.get("step") == "handle"
    )
    assert (handled["concept:name"], handled["org:group"], handled["org:role"]) == ("办理", "edu", "responsible_unit")
    assert (handled["late"], handled["standing"], len(handled["org:resource"])) == ("false", "counts", 36)
    moments = [step["time:timestamp"] for step in steps]
    assert moments == sorted(moments)
    assert all(step["time:timestamp"].endswith("+08:00") for step in steps)


def _relations(log: dict) -> set[tuple[str, str]]:
    return {
        (one["objectId"].partition(":")[0], one["qualifier"])
        for piece in (*log["objects"], *log["events"])
        for one in piece["relationships"]
    }


def test_ocel_is_valid_and_every_relation_is_to_an_object_that_is_there(cases, export):
    path = export("ocel", "log.json")
    assert SECRET not in path.read_text()
    log = json.loads(path.read_text())
    validator = jsonschema_rs.Draft7Validator(OCEL, validate_formats=True)
    assert [str(error) for error in validator.iter_errors(log)] == []
    objects = {one["id"]: one["type"] for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert len({event["id"] for event in log["events"]}) == len(log["events"])
    of_objects = {one["name"]: {name["name"] for name in one["attributes"]} for one in log["objectTypes"]}
    of_events = {one["name"]: {name["name"] for name in one["attributes"]} for one in log["eventTypes"]}
    for piece in (*log["objects"], *log["events"]):
        declared = of_objects if piece["id"] in objects else of_events
        assert {one["name"] for one in piece["attributes"]} <= declared[piece["type"]]
        assert {one["objectId"] for one in piece["relationships"]} <= set(objects)
    assert {"登记需求（开始）", "登记需求", "办理（开始）", "办理", "催办", "办结", "发起"} <= {*of_events}
    assert set(of_events) == {event["type"] for event in log["events"]}
    assert {
        ("case", "case"),
        ("task", "task"),
        ("unit", "unit"),
        ("unit", "begun_by"),
        ("unit", "works_in"),
        ("person", "by"),
        ("person", "held_by"),
        ("talent", "talent"),
        ("leader", "leader"),
        ("definition", "definition"),
    } <= _relations(log)
    case = next(one for one in log["objects"] if one["id"] == f"case:{cases.case}")
    changes = [(one["name"], one["value"]) for one in case["attributes"]]
    assert [value for name, value in changes if name == "status"] == ["running", "completed"]
    assert ("number", "2026-需-0001") in changes
    assert [value for name, value in changes if name == "stage"][:3] == ["intake", "dispatch", "handling"]
    assert (export("xes", "trace").parent / "trace.xes").is_file()


def test_an_independent_reader_reads_the_logs(cases, export):
    """r4pm, of another house: as many cases, the same steps, and JSON and SQLite say the same.

    (The first values of an object in SQLite it takes to be of ever.)
    """
    traces = bindings.log_to_activity_projection(r4pm.import_item("EventLog", str(export("xes", "log.xes"))))
    assert bindings.get_num_cases(traces) == 2
    told = []
    for name in ("log.json", "log.sqlite"):
        log = r4pm.import_item("OCEL", str(export("ocel", name)))
        linked = bindings.slim_link_ocel(log)
        done = bindings.get_event_ids_of_type(linked, "办理")
        at = [str(bindings.get_event_timestamp_of_id(linked, one)) for one in done]
        traces = bindings.get_object_attribute_changes(linked, f"case:{cases.case}")["traces"]
        changes = {name: sorted(str(one["value"]) for one in some) for name, some in traces.items() if some}
        handled = bindings.locel_get_full_ev(linked, bindings.locel_get_ev_by_id(linked, done[0]))
        values = {one["name"]: one["value"] for one in handled["attributes"]}
        told.append((bindings.num_events(linked), bindings.num_objects(linked), done, at, changes, values))
    for one, other in zip(*told, strict=True):
        assert one == other
    assert len(told[0][2]) == 1
    assert told[0][4]["status"] == ["completed", "running"]
    assert (told[0][5]["late"], told[0][5]["late_days"]) == (False, 0)


def test_the_tables_of_ocel_hold_their_own_keys(cases, export):
    with closing(sqlite3.connect(export("ocel", "log.sqlite"))) as log:
        assert log.execute("PRAGMA foreign_key_check").fetchall() == []
        types = dict(log.execute("SELECT ocel_type, ocel_type_map FROM event_map_type"))
        handled = log.execute(f'SELECT activity, lifecycle, late FROM "event_{types["办理"]}"').fetchall()  # noqa: S608 - the map's own name
        assert handled == [("办理", "complete", 0)]
        changes = log.execute(
            "SELECT ocel_changed_field, status FROM object_case WHERE ocel_id = ? AND status IS NOT NULL"
            " ORDER BY ocel_time",
            (f"case:{cases.case}",),
        ).fetchall()
        assert changes == [(None, "running"), ("status", "completed")]


def test_what_was_taken_back_or_sent_back_counts_once(world, export):
    """A completion taken back is none; one that was sent back was done, and is marked; whose return it was is told."""
    eventful(world)
    was = world.case
    returned(world)
    steps = _steps(export("xes", "log.xes"), 0)
    of_edu = [step for step in steps if step.get("step") == "handle" and step.get("org:group") == "edu"]
    assert [(step["lifecycle:transition"], step.get("standing")) for step in of_edu] == [
        ("start", None),
        ("ate_abort", "taken_back"),
        ("start", None),
        ("complete", "counts"),
    ]
    assert {"撤回", "迁移流程版本", "上传附件", "撤回附件", "催办", "期限重算"} <= {
        step["concept:name"] for step in steps
    }
    back = _steps(export("xes", "again.xes"), 1)
    sent = next(step for step in back if step["concept:name"] == "退回")
    assert sent["target"] == "办理"
    of_edu = [step for step in back if step.get("step") == "handle" and step.get("org:group") == "edu"]
    assert [step.get("standing") for step in of_edu if step["lifecycle:transition"] == "complete"] == ["redone"]
    reviewed = [step for step in back if step.get("step") == "review_reply"]
    assert sorted(step["lifecycle:transition"] for step in reviewed) == ["ate_abort", "start", "start"]
    log = json.loads(export("ocel", "log.json").read_text())
    documents = [one for one in log["objects"] if one["type"] == "document"]
    assert [value["value"] for value in documents[0]["attributes"] if value["name"] == "status"] == [
        "there",
        "withdrawn",
    ]
    assert "证明" not in json.dumps(log, ensure_ascii=False)
    behind = [
        event for event in log["events"] if any(one["qualifier"] == "on_behalf_of" for one in event["relationships"])
    ]
    assert [event["type"] for event in behind] == ["办理"]
    versions = next(one for one in log["objects"] if one["id"] == f"case:{was}")["attributes"]
    assert [one["value"] for one in versions if one["name"] == "version"] == ["1", "2"]


def test_no_code_is_somebodys_name() -> None:
    codes = Codes({"zhangsan": None, "office": UUID(int=7)})
    assert codes.code("office") == str(UUID(int=7))
    assert "zhangsan" not in str(codes.code("zhangsan"))
    assert codes.code("command-line:zhangsan") == "command-line"
    assert [codes.code(one) for one in ("system", "unit:edu", None)] == ["system", "unit:edu", None]


def test_a_log_of_one_process_and_period(cases, export, tmp_path):
    only = export("xes", "one.xes", more=("--process", "request", "--from", "2026-09-16", "--to", "2026-09-16"))
    assert len(etree.parse(only).getroot().findall(f"{XES_NAME}trace")) == 2
    assert (
        etree.parse(export("xes", "none.xes", more=("--from", "2026-09-17"))).getroot().find(f"{XES_NAME}trace") is None
    )
    export("xes", "wrong.xes", code=1, more=("--from", "2026-09-17", "--to", "2026-09-16"))
    with cases.database.reading() as session:
        query = select(HistoryEvent.data).where(HistoryEvent.kind == "exported").order_by(HistoryEvent.id)
        asked = [asked_words(data["asked"]) for data in session.scalars(query)]
    assert asked == ["流程：request；从：2026-09-16；到：2026-09-16", "从：2026-09-17"]


def test_what_a_log_of_all_was_asked_for_is_said(cases, export):
    export("xes", "all.xes")
    with cases.database.reading() as session:
        data = session.scalars(select(HistoryEvent.data).where(HistoryEvent.kind == "exported")).one()
    assert asked_words(data["asked"]) == "全部事项"


def test_a_case_with_a_damaged_journal_is_named_and_the_others_go_out(cases, export):
    with cases.database.transaction() as session:
        odd = session.get_one(Instance, cases.case)
        columns = {name: getattr(odd, name) for name in Instance.__table__.columns.keys()}  # noqa: SIM118 - a collection of columns
        session.add(Instance(**{**columns, "id": UUID(int=7), "number": "2026-需-9999"}))
    assert len(etree.parse(export("xes", "log.xes")).getroot().findall(f"{XES_NAME}trace")) == 2
    answer = cases.api("auditor").get("/event-logs/xes")
    assert answer.status_code == 500
    assert "2026-需-9999" in answer.json["detail"]


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

    monkeypatch.setattr("service.audit.logs.write_json", fail)
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
