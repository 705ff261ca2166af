"""A private value in a case is masked wherever it stands: in rows, in records within records, as a number."""

from __future__ import annotations

from typing import Any

import pytest

from service.processes.privacy import marks_of
from service.usecases.privacy import PRIVATE

PHONE, MAIL = "13800138000", "liang@example.com"
ALL = frozenset({"phone", "email", "identity"})
MARKED = {"mobile": "phone"}


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"phone": PHONE}, {"phone": "138****8000"}),
        ({"phone": [PHONE, ""]}, {"phone": ["138****8000", ""]}),
        ({"phone": 13800138000}, {"phone": "138****8000"}),
        (
            {"phone": {"office": PHONE, "at_home": [PHONE]}},
            {"phone": {"office": "138****8000", "at_home": ["138****8000"]}},
        ),
        ({"phone": [{"number": PHONE, "first": True}]}, {"phone": [{"number": "138****8000", "first": True}]}),
        ({"phone": {"none": None, "left_out": "（空）"}}, {"phone": {"none": None, "left_out": "（空）"}}),
        ({"rows": [{"name": "梁思远", "mobile": PHONE}]}, {"rows": [{"name": "梁思远", "mobile": "138****8000"}]}),
        ({"a": {"b": [[{"email": MAIL}]]}}, {"a": {"b": [[{"email": "l***@example.com"}]]}}),
        ({"lines": [["联系电话", f"{PHONE} → （空）"]]}, {"lines": [["联系电话", "138****8000 → （空）"]]}),
        ({"a": {"id_tail": {"last": "1234"}}}, {"a": {"id_tail": {"last": "（不显示）"}}}),
        ({"title": PHONE, "on": True}, {"title": PHONE, "on": True}),
    ],
)
def test_a_private_value_is_masked_however_deep_it_stands(data: dict[str, Any], shown: dict[str, Any]) -> None:
    assert PRIVATE.shown(data, ALL, MARKED) == shown
    assert PRIVATE.holds(data, MARKED) or data == shown
    assert PRIVATE.shown(data, frozenset(), MARKED) == data


def test_what_a_form_marks_counts_in_rows_branches_and_definitions() -> None:
    form = {
        "$defs": {"call": {"type": "string", "x-private": "phone"}},
        "properties": {
            "people": {"type": "array", "items": {"properties": {"mobile": {"x-private": "phone"}, "name": {}}}},
            "called": {"$ref": "#/$defs/call"},
            "numbers": {"type": "array", "items": {"$ref": "#/$defs/call"}},
            "itself": {"$ref": "#/properties/itself"},
        },
        "allOf": [{"if": {}, "then": {"properties": {"letter": {"x-private": "email"}}}}],
    }
    assert dict(marks_of(form)) == {"mobile": "phone", "called": "phone", "numbers": "phone", "letter": "email"}
