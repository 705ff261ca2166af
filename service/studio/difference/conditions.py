"""Conditions of a form, in words: on which its fields are shown, and on which they must be filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.checks.form_model import Field, Form
from service.checks.known import values_of

WORD = "allOf"
"""The word of a form under which its conditions stand."""
_BRANCHES = ("then", "else")


@dataclass(frozen=True, slots=True)
class _When:
    """A condition: field and values of each part, and whether it must hold or must not."""

    parts: tuple[tuple[str, tuple[Any, ...]], ...]
    holds: bool


_Rules = dict[str, tuple[list[_When], list[_When]]]
"""Field → (when it is shown, when it must be filled)."""
_NEVER: tuple[list[_When], list[_When]] = ([], [])


def differences(old: Mapping[str, Any], new: Mapping[str, Any], form: Form) -> Mapping[str, list[str]] | None:
    """Field → sentences on when it is shown and when it must be filled, where that is other than before.

    ``form`` is the new one, whose titles are used. None where a condition of either says more than which field has
    which value: nobody could tell it by field.
    """
    mine, theirs = _rules(old), _rules(new)
    if mine is None or theirs is None:
        return None
    found = {name: list(_field(mine.get(name, _NEVER), theirs.get(name, _NEVER), form)) for name in form.fields}
    return {name: lines for name, lines in found.items() if lines}


def _field(
    before: tuple[list[_When], list[_When]], after: tuple[list[_When], list[_When]], form: Form
) -> Iterator[str]:
    (shown_before, asked_before), (shown, asked) = before, after
    if shown != shown_before:
        yield f"{_said(shown, form)}才显示" if shown else "改为总是显示"
    whenever, was_whenever = bool(shown) and asked == shown, bool(shown_before) and asked_before == shown_before
    if asked == asked_before or (whenever and was_whenever):
        return
    if whenever:
        yield "显示时必填"  # in the words of the editor
    else:
        yield f"{_said(asked, form)}必填" if asked else "不再有必填的条件"


def _said(conditions: Sequence[_When], form: Form) -> str:
    return "，或".join(_words(one, form) for one in conditions)


def _words(one: _When, form: Form) -> str:
    told = []
    for name, values in one.parts:
        field = form.fields.get(name)
        called = field.schema.get("title") if field is not None else None
        told.append(f"“{called or name}”是{'或'.join(_title(field, each) for each in values)}")
    said = "，并且".join(told)
    return f"{said}时" if one.holds else f"不符合（{said}）时"


def _rules(schema: Mapping[str, Any]) -> _Rules | None:
    entries = schema.get(WORD, [])
    if not isinstance(entries, list):
        return None
    found: _Rules = {}
    for entry in entries:
        if not isinstance(entry, dict) or not entry.keys() <= {"if", *_BRANCHES}:
            return None
        parts = _test(entry.get("if"))
        if parts is None:
            return None
        for word in _BRANCHES:
            branch = entry.get(word, {})
            if not isinstance(branch, dict) or not branch.keys() <= {"properties", "required"}:
                return None
            for place, names in enumerate((branch.get("properties", {}), branch.get("required", []))):
                for name in names if isinstance(names, dict | list) else ():
                    found.setdefault(str(name), ([], []))[place].append(_When(parts, word == "then"))
    return found


def _test(test: Any) -> tuple[tuple[str, tuple[Any, ...]], ...] | None:
    if not isinstance(test, dict) or not test.keys() <= {"properties", "required"}:
        return None
    properties = test.get("properties")
    if not isinstance(properties, dict) or not properties:
        return None
    parts = tuple((name, tuple(_values(one))) for name, one in properties.items())
    return parts if all(values for _, values in parts) else None


def _values(one: Any) -> Iterator[Any]:
    if isinstance(one, dict) and one.keys() == {"const"}:
        yield one["const"]
    elif isinstance(one, dict) and one.keys() == {"enum"} and isinstance(one["enum"], list):
        yield from one["enum"]


def _title(field: Field | None, value: Any) -> str:
    for choice in values_of(field.schema) if field is not None else ():
        if choice["value"] == value and isinstance(choice["value"], bool) == isinstance(value, bool):
            return f"“{choice['title']}”"
    return f"“{value}”"
