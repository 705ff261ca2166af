"""Personal data that stand inside cases (a talent's telephone in a correction) as a reader may see them. Pure.

A value is private by the name under which it stands, however deep: the names of a talent's file, and the fields that a
form marks with ``x-private``. Facts told as lines (``["联系电话", "old → new"]``) are private by their label. Cases
begun before a form was marked are covered by the names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.fields import CHANGED_UNSEEN, hides_change
from service.processes.bounds import local_target

KINDS = ("phone", "email", "identity")
"""The values of ``x-private`` in a form: how a value looks to who may not see it, and who sees it whole."""

DEEPEST_REFERENCE = 10

ARROW = " → "
"""The mark between the old and the new value in a line that tells of a change."""

Mask = Callable[[str], str]
_SINGLE = frozenset({str, int, float, bool, type(None)})
"""The kinds of values of JSON that hold no other."""


@dataclass(frozen=True, slots=True)
class Private:
    """The private parts of cases: field → kind, a line's label → kind, and how a value of each kind looks masked.

    ``nothing`` is what a line says of an empty value.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    nothing: str = ""

    def holds(self, data: Any, marked: Mapping[str, str]) -> bool:
        """Whether anything private stands in ``data``; ``marked`` are the fields of the process's own forms."""
        waiting, fields = [data], self.fields
        while waiting:
            part = waiting.pop()
            if type(part) is dict:
                for name, value in part.items():
                    if (name in fields or name in marked) and value not in (None, ""):
                        return True
                    if type(value) not in _SINGLE:
                        waiting.append(value)
            elif isinstance(part, list):
                if self._label(part) is not None:
                    return True
                waiting += [one for one in part if type(one) not in _SINGLE]
            elif isinstance(part, Mapping):
                waiting.append(dict(part))
        return False

    def shown(self, data: Any, withheld: frozenset[str], marked: Mapping[str, str]) -> Any:
        """``data`` with the values of the kinds ``withheld`` masked; everything else as it is."""
        if isinstance(data, Mapping):
            return {
                name: self._masked(value, kind)
                if (kind := marked.get(name) or self.fields.get(name)) in withheld
                else self.shown(value, withheld, marked)
                for name, value in data.items()
            }
        if isinstance(data, list):
            kind = self._label(data)
            if kind in withheld:
                parts = [self._masked(part, kind) for part in str(data[1]).split(ARROW)]
                return [data[0], ARROW.join(parts) + (CHANGED_UNSEEN if hides_change(parts) else "")]
            return [self.shown(one, withheld, marked) for one in data]
        return data

    def _label(self, data: list[Any]) -> str | None:
        return self.labels.get(data[0]) if len(data) == 2 and isinstance(data[0], str) else None

    def _masked(self, value: Any, kind: str | None) -> Any:
        """The value, whatever it is made of, with every text and number in it masked."""
        if isinstance(value, Mapping):
            return {name: self._masked(one, kind) for name, one in value.items()}
        if isinstance(value, list):
            return [self._masked(one, kind) for one in value]
        if value is None or isinstance(value, bool) or value in ("", self.nothing):
            return value
        return self.masks[str(kind)](str(value))


def marks_of(schema: Any) -> Iterator[tuple[str, str]]:
    """(field, kind) of each field of a form that says ``x-private``, however deep: in rows and in ``$defs``."""
    waiting, at = [schema], 0
    while at < len(waiting):
        part = waiting[at]
        at += 1
        if isinstance(part, Mapping):
            properties = part.get("properties")
            if isinstance(properties, Mapping):
                for name, field_schema in properties.items():
                    if kind := _kind(schema, field_schema):
                        yield name, kind
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _kind(root: Any, field_schema: Any, depth: int = 0) -> str | None:
    """The kind that a field has by itself, by its items, or by its reference."""
    if not isinstance(field_schema, Mapping) or depth > DEEPEST_REFERENCE:
        return None
    if "x-private" in field_schema:
        return str(field_schema["x-private"])
    for inner in (field_schema.get("items"), local_target(root, field_schema.get("$ref"))):
        if kind := _kind(root, inner, depth + 1):
            return kind
    return None
