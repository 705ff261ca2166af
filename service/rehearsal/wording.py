"""The labels and values of a rehearsal in the words of the drawing, the forms and the house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.processes.bundles import Compiled
from service.processes.rules import one_line
from service.rehearsal.state import OpenStep

LONGEST = 80
NOTHING = "没有"


class Wording:
    """``names`` are those of roles, units and kinds of notices by their codes. A code without a name stays as it is."""

    def __init__(self, made: Compiled, names: Mapping[str, str]) -> None:
        self._nodes = {node: one_line(name) for (_, node), name in made.program.names.items() if name}
        self._fields = {name: schema for form in made.forms.values() for name, schema in form.fields.items()}
        self._names = names

    def name(self, code: str | None) -> str:
        """A role, a unit or a kind of notice by its name."""
        return self._names.get(code or "", code or "")

    def who(self, by: str | None) -> str:
        """``liaison@hrss`` as 联络员（区人社局）."""
        role, _, unit = (by or "").partition("@")
        return self.name(role) + (f"（{self.name(unit)}）" if unit else "")

    def step(self, label: str) -> str:
        """``handle/edu`` as 「办理」（区教育局）."""
        node, _, slot = label.partition("/")
        name = self._nodes.get(node) or self._names.get(node) or node
        return f"「{name}」" + (f"（{self.name(slot)}）" if slot else "")

    def steps(self, labels: Iterable[str]) -> str:
        """Several steps."""
        return "、".join(map(self.step, labels))

    def open(self, steps: Iterable[OpenStep]) -> str:
        """The open steps, as a message names them."""
        told = (f"「{one.name}」" + (f"（{self.name(one.slot)}）" if one.slot else "") for one in steps)
        return "、".join(told) or "没有待办步骤"

    def field(self, label: str) -> str:
        """``reply/edu`` as “办理情况”（区教育局）."""
        name, _, slot = label.partition("/")
        title = self._fields.get(name, {}).get("title") or self._nodes.get(name) or name
        return f"“{title}”" + (f"（{self.name(slot)}）" if slot else "")

    def value(self, label: str, value: Any) -> str:
        """A value of a field as its form shows it."""
        return self._said(self._fields.get(label.partition("/")[0], {}), value)

    def _said(self, schema: Mapping[str, Any], value: Any) -> str:
        if isinstance(value, list):
            items = schema.get("items")
            known = items if isinstance(items, Mapping) else {}
            return "、".join(self._said(known, one) for one in value) or NOTHING
        if value is None or value == "":
            return NOTHING
        for one in schema.get("oneOf", ()):
            if one.get("const") == value and isinstance(one.get("const"), bool) is isinstance(value, bool):
                return f"“{one.get('title')}”"
        if isinstance(value, bool):
            return "是" if value else "否"
        if schema.get("x-ref") == "units" and value in self._names:
            return f"“{self._names[value]}”"
        text = str(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"
