"""Forms that are already deployed, and what is sent to them: no kilobyte takes a gigabyte."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from service.errors import Invalid
from service.processes.bounds import LARGEST_STORED
from service.processes.forms import MOST_VALUES, Form, load_form, plain_data, values_in
from service.workdays import Calendar

TODAY = date(2026, 9, 16)
CALENDAR = Calendar.from_config()


def loaded(schema: dict[str, Any]) -> Form:
    return load_form("f", json.dumps(schema).encode(), None)


def refused(form: Form, data: Any) -> Invalid:
    with pytest.raises(Invalid) as failure:
        form.check(data, today=TODAY, calendar=CALENDAR)
    return failure.value


LISTS = {"type": "object", "properties": {"a": {"type": "array", "title": "名单", "items": {"type": "string"}}}}


def test_a_stored_form_that_unfolds_without_measure_is_refused_before_it_is_compiled() -> None:
    parts: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(20)}
    schema = {
        "type": "object",
        "$defs": {**parts, "a20": {"type": "string"}},
        "properties": {"x": {"$ref": "#/$defs/a0"}},
    }
    with pytest.raises(Invalid) as failure:
        loaded(schema)
    assert f"{LARGEST_STORED:,}" in failure.value.findings[0].message


def test_a_stored_form_that_refers_to_itself_still_works() -> None:
    tree = loaded({"type": "object", "properties": {"kind": {"type": "string"}, "inner": {"$ref": "#"}}})
    assert tree.check({"inner": {"inner": {"kind": "x"}}}, today=TODAY, calendar=CALENDAR)
    assert refused(tree, {"inner": {"inner": {"kind": 1}}}).findings[0].path == "/data/inner/inner/kind"


def test_a_stored_pattern_that_looks_ahead_still_works_and_comes_to_an_end() -> None:
    form = loaded({"type": "object", "properties": {"x": {"type": "string", "pattern": "^(?=a)(a+)+$"}}})
    assert form.check({"x": "aaa"}, today=TODAY, calendar=CALENDAR) == {"x": "aaa"}
    assert refused(form, {"x": "a" * 5_000 + "b"}).findings[0].path == "/data/x"


def test_too_many_values_are_refused_by_the_field_that_brings_them() -> None:
    error = refused(loaded(LISTS), {"b": 1, "a": [1] * 400_000})
    assert [(one.path, one.message) for one in error.findings] == [
        ("/data/a", f"内容最多 {MOST_VALUES:,} 项，请精简或分几次提交")
    ]


def test_many_wrong_values_are_told_by_the_first() -> None:
    form = loaded(LISTS | {"$defs": {"d": {"enum": [f"v{n}" for n in range(100)]}}})
    assert len(refused(form, {"a": [1] * 9_000}).findings) == 1
    assert len(refused(form, {"a": [1] * 20}).findings) == 20


@pytest.mark.parametrize("data", [{"a": []}, {"a": ["x", {"b": [1, 2]}]}])
def test_values_are_counted(data: dict[str, Any]) -> None:
    assert values_in(data) == {'{"a": []}': 2, '{"a": ["x", {"b": [1, 2]}]}': 7}[json.dumps(data)]


def test_what_is_deep_is_refused_not_crashed() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    with pytest.raises(Invalid):
        plain_data({"a": deep})


HOSTILE = """
import resource, sys
from tests.unit.test_form_bounds import LISTS, loaded, refused
resource.setrlimit(resource.RLIMIT_AS, (int(open("/proc/self/statm").read().split()[0]) * 4096 + 200_000_000,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
refused(loaded(LISTS), {"a": [1] * 400_000})
refused(loaded(LISTS), {"a": [1] * 9_000})
refused(loaded({"type": "object", "unevaluatedProperties": False}), {f"k{n}": 1 for n in range(9_000)})
part = {"allOf": [{"type": "string"}] * 1_000}
refused(loaded({"type": "object", "properties": {"a": {"type": "array", "items": part}}}), {"a": [1] * 9_000})
closed = {"type": "object", "unevaluatedProperties": False}
for _ in range(11):
    closed = {"type": "object", "allOf": [closed], "unevaluatedProperties": False}
refused(loaded(closed), {f"k{n}": 1 for n in range(5_000)})
print("refused")
"""


def test_hostile_content_is_refused_within_two_hundred_megabytes() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, check=False, text=True)
    assert done.stdout == "refused\n", done.stderr[-2_000:]
