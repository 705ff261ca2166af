"""A form's fields out of its JSON Schema: what the data of a completed task may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from service.processes.bounds import local_target

_KEY = re.compile(r'"([^"\\]*)"\s*:')
_PARTS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("then", "else")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. ``values`` are the values that its enumeration allows; None: no enumeration."""

    name: str
    schema: Mapping[str, Any]
    values: frozenset[Any] | None


@dataclass(frozen=True)
class Form:
    """A form as it stands in its file; ``schema`` is any JSON value until the checks have passed."""

    name: str
    file: str
    text: str
    schema: Any
    fields: Mapping[str, Field]

    def line(self, name: str) -> int:
        """The line on which ``name`` first stands as a key; 1 when it does not."""
        return self._lines.get(name, 1)

    def line_of(self, words: str) -> int:
        """The line on which words for people first stand; 1 where they are spelt otherwise there."""
        at = self.text.find(words[:40])
        return self.text.count("\n", 0, at) + 1 if at >= 0 else 1

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        """Key -> its first line, read once: a form may have thousands of things wrong."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.text.split("\n"), 1):
            for key in _KEY.findall(line):
                found.setdefault(key, number)
        return found


def form_of(name: str, file: str, text: str, schema: Any) -> Form:
    """The form with its fields, those of ``allOf``/``if``/``then``/``else`` and local references included."""
    fields: dict[str, Field] = {}
    for field_name, field_schema in _properties(schema, schema, depth=0):
        values = allowed_values(field_schema)
        known = fields.get(field_name)
        if known is None or (known.values is None and values is not None):
            fields[field_name] = Field(field_name, field_schema, values)
    return Form(name, file, text, schema, fields)


def allowed_values(schema: Mapping[str, Any]) -> frozenset[Any] | None:
    """The values of an enumeration (``enum``, ``const``, ``oneOf``/``anyOf`` of ``const``), booleans included."""
    if schema.get("type") == "boolean":
        return frozenset({True, False})
    if isinstance(schema.get("enum"), list):
        return frozenset(value for value in schema["enum"] if _plain(value))
    if "const" in schema and _plain(schema["const"]):
        return frozenset({schema["const"]})
    for word in ("oneOf", "anyOf"):
        choices = schema.get(word)
        if (
            isinstance(choices, list)
            and choices
            and all(isinstance(choice, dict) and _plain(choice.get("const", [])) for choice in choices)
        ):
            return frozenset(choice["const"] for choice in choices)
    return None


def sample(schema: Mapping[str, Any]) -> Any:
    """A plausible value of a field, to try expressions on."""
    values = allowed_values(schema)
    if values:
        return min(values, key=str)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), None)
    if kind == "array":
        items = schema.get("items")
        return [sample(items)] if isinstance(items, dict) else []
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "object":
        return {}
    return "2026-03-02" if schema.get("format") in ("date", "date-time") else "样例"


def subschemas(schema: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every object in a schema that may be a schema, the schema itself first."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from subschemas(value, depth + 1)
    elif isinstance(schema, list):
        for value in schema:
            yield from subschemas(value, depth + 1)


def _properties(schema: Any, root: Any, *, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(schema, dict) or depth > 10:
        return
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, value in properties.items():
            resolved = _resolved(value, root)
            # `"reason": true` in a branch says again that the field may be there
            yield name, resolved if isinstance(resolved, dict) else {}
    for word in _PARTS:
        parts = schema.get(word)
        for part in parts if isinstance(parts, list) else []:
            yield from _properties(part, root, depth=depth + 1)
    for word in _BRANCHES:
        yield from _properties(schema.get(word), root, depth=depth + 1)
    dependent = schema.get("dependentSchemas")
    for part in dependent.values() if isinstance(dependent, dict) else []:
        yield from _properties(part, root, depth=depth + 1)
    if "$ref" in schema:
        yield from _properties(_resolved(schema, root), root, depth=depth + 1)


def _resolved(schema: Any, root: Any) -> Any:
    for _ in range(10):
        target = local_target(root, schema.get("$ref") if isinstance(schema, dict) else None)
        if not isinstance(target, dict):
            return schema
        schema = {**target, **{word: value for word, value in schema.items() if word != "$ref"}}
    return schema


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
