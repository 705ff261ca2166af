"""The short way to a canonical text says what the long one says, whatever the value: floats, halves, odd keys."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service import canonical
from service.canonical import dumps, normalized, written
from service.errors import Invalid

TEXTS = st.text(st.characters(exclude_categories=()), max_size=6)  # with NUL and halves of pairs
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
KEYS = TEXTS | st.integers() | st.booleans() | st.none() | st.floats()
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)
FLOATS = (0.0, -0.0, 1e16, 1e-7, 1.5e300, 0.1, 5e-324, 2.0**53, 1e22, math.inf, -math.inf, math.nan)


def outcome(make: Callable[[Any], Any], value: Any) -> str:
    """All that comes of it, types and the order of keys too; the complaint, where it is refused."""
    try:
        return repr(make(value))
    except Invalid as error:
        return f"{error} {[(one.path, one.message) for one in error.findings]}"


def by_the_long_way(value: Any) -> Any:
    return canonical._copied(value, "")


def texts_by_the_long_way(value: Any) -> str:
    return dumps(by_the_long_way(value))


@given(VALUES)
@example({"a": list(FLOATS[:9])})
@example({"1": 1, 1: 1})
@example({"a": "\\u0000"})
@example({"a": {"b": ({"c": 2.0},)}})
@example(10**4000)
def test_the_short_way_leads_where_the_long_one_does(value: Any) -> None:
    assert outcome(normalized, value) == outcome(by_the_long_way, value)
    assert outcome(lambda one: written(one)[1], value) == outcome(texts_by_the_long_way, value)


@given(VALUES)
def test_a_copy_and_its_text_say_the_same(value: Any) -> None:
    try:
        copy, text = written(value)
    except Invalid:
        return
    assert dumps(copy) == text
    assert dumps(json.loads(text)) == text, "a database gives it back unchanged"


@pytest.mark.parametrize("value", FLOATS)
def test_each_float_is_written_as_python_writes_it(value: float) -> None:
    assert outcome(lambda one: written({"a": one})[1], value) == outcome(
        lambda one: texts_by_the_long_way({"a": one}), value
    )


@pytest.mark.parametrize("deep", [canonical.DEEPEST - 1, canonical.DEEPEST, canonical.DEEPEST + 1, 100_000])
def test_what_is_nested_too_deep_is_refused_either_way(deep: int) -> None:
    value: Any = 1
    for _ in range(deep):
        value = {"a": value}
    made = outcome(written, value)
    assert made.startswith("内容无法保存") == (deep > canonical.DEEPEST)
    assert outcome(normalized, value) == outcome(by_the_long_way, value)


def test_a_copy_is_nobodys_else() -> None:
    value = {"a": [1, {"b": 2}]}
    copy, _ = written(value)
    value["a"].append(3)  # type: ignore[attr-defined]
    assert copy == {"a": [1, {"b": 2}]}


def spelled(make: Callable[[Any], Any], value: Any) -> str:
    """The text or value that comes of it; the kind of the complaint, where it is refused."""
    try:
        return repr(make(value))
    except (TypeError, ValueError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"


@given(VALUES)
@example("text")
@example({"b": 1, "a": [True, None, math.inf], "c": {"ä": "\x00\x7f "}})
@example(object())
def test_an_encoder_made_once_writes_as_the_librarys(value: Any) -> None:
    for order in (True, False):
        for nan in (True, False):
            usual = json.JSONEncoder(sort_keys=order, separators=(",", ":"), ensure_ascii=False, allow_nan=nan)
            made = canonical.encoder(sort_keys=order, allow_nan=nan)
            assert spelled(made, value) == spelled(usual.encode, value)


BEHIND = st.sampled_from(("", " ", "\n", ",", "]", "\ufeff"))


@given(VALUES.map(lambda value: spelled(json.dumps, value)) | TEXTS, BEHIND)
@example("1", "\ufeff")
def test_a_text_is_read_as_the_library_reads_it(text: str, behind: str) -> None:
    for said in (text, text + behind, behind + text):
        assert spelled(canonical.loads, said) == spelled(json.loads, said)


@pytest.mark.parametrize("value", [b'{"a":1}', b"\xff", None, 5, 1.5, bytearray(b"[1]")])
def test_what_is_no_text_is_read_as_the_library_reads_it(value: Any) -> None:
    assert spelled(canonical.loads, value) == spelled(json.loads, value)
