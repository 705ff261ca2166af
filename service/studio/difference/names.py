"""The words for what stands in a version's files: codes by their titles, expressions as sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from service.checks.bundle import Bundle, read
from service.checks.condition_words import in_words
from service.checks.date_words import date_in_words
from service.checks.findings import Enough, Report
from service.checks.known import forms_before, known, title_of
from service.checks.model import Node
from service.checks.titles import PARAMETER_TITLES, SIGNS
from service.checks.value_words import subjects_in_words, value_in_words
from service.config.notifications import KINDS
from service.engine.expressions import readable
from service.processes.properties import PAGE, PAGES, STAGES, TITLE, stages_of
from service.processes.rules import one_line
from service.studio.difference.shape import quoted, value
from service.studio.names import bundle_of
from service.studio.panel import Choices

Json = dict[str, Any]
_PREFIXED = re.compile(r"(unit|leader|person):\s*(.+)", re.DOTALL)
_NARROWED: Mapping[str, str] = {"unit": "这个单位的人", "leader": "这位领导本人", "person": "这个人"}
_EMPTY = ("", None)
_QUOTED = re.compile("“[^“”]*”(?:、“[^“”]*”)*")


class Names:
    """The names of one version. ``house`` tells the codes of roles, units, actions and lists."""

    def __init__(self, files: Mapping[str, bytes], house: Choices) -> None:
        self._bundle = _readable(bundle_of(files))
        self._house = house
        self._known: dict[tuple[str, ...], list[Json]] = {}

    def condition(self, text: str | None, flow: str) -> str:
        """A condition on a sequence flow, in words or as it is written."""
        return _said(in_words(text or "", self._data(forms_before(self._bundle, flow))), text)

    def date(self, text: str | None, node: Node) -> str:
        """A deadline or the time of a clock at an element, in words or as it is written."""
        return _said(date_in_words(text or "", self._data(self._near(node))), text)

    def property(self, name: str, text: str | None, node: Node | None) -> str:
        """The value of a property of a task or a process."""
        if text in _EMPTY:
            return value(text)
        said = str(text)
        if name == "due" and node is not None:
            return self.date(said, node)
        if name == "candidates":
            return self.holder(said)
        if name == "about":
            near = self._near(node) if node is not None else ()
            return _as_is(subjects_in_words(said, self._data(near), self._house.units), said)
        if name == STAGES:
            return value("、".join(title or self._stage(code) for code, title in stages_of(said)))
        if name == TITLE:
            return self._listed(said) or value(said)
        coded: Mapping[str, str] = {
            "stage": self._stage(said),
            "form": self.form(said),
            "sign": SIGNS.get(said, said),
            "clock": {"paused": "是"}.get(said, said),
            "warn": f"{said} 个工作日" if said.isdigit() else said,
            PAGE: PAGES.get(said, said),
        }
        return value(coded.get(name, said))

    def form(self, name: str) -> str:
        """The title of a form."""
        found = self._bundle.forms.get(name)
        return (title_of(found.schema) if found is not None else "") or name

    def called(self, process: str | None) -> str:
        """The name of a process that is called."""
        found = self._bundle.processes.get(process or "")
        return value(found.name or process if found is not None else process)

    def decision(self, name: str | None) -> str:
        """The name of a decision table."""
        found = self._bundle.decisions.get(name or "")
        return value(found.name or name if found is not None else name)

    def message(self, name: str | None) -> str:
        """The name of a message that is waited for."""
        for root in self._bundle.diagrams.values():
            for one in root.iter("{*}message"):
                if one.get("id") == name:
                    return value(one.get("name") or name)
        return value(name)

    def action(self, name: str | None) -> str:
        """The title of a system action."""
        return value(self._actions[name].title if name and name in self._actions else name)

    def parameter(self, action: str, name: str) -> str:
        """The title of a parameter of an action."""
        known_ = action in self._actions and name in PARAMETER_TITLES
        return f"“{PARAMETER_TITLES[name]}”" if known_ else f" {name} "

    def argument(self, action: str, name: str, text: str | None) -> str:
        """The expression for a parameter of an action."""
        if text in _EMPTY:
            return value(text)
        takes: Mapping[str, str] = self._actions[action].takes if action in self._actions else {}
        listed = self._listings.get(takes.get(name, ""), {})
        return _as_is(value_in_words(str(text), self._data(()), listed), text)

    def data(self, name: str | None) -> str:
        """Data by its title."""
        return self._listed(name or "") or _as_is(value_in_words(name or "", self._data(())), name)

    def step(self, label: str) -> str:
        """A step as a scenario names it, ``handle/edu``: 「办理」（区教育局）; so too an end or a clock."""
        node, _, slot = label.partition("/")
        return f"「{self._nodes.get(node, node)}」" + (f"（{self._house.units.get(slot, slot)}）" if slot else "")

    def notice(self, label: str) -> str:
        """A kind of notice as a scenario names it, ``urge/edu``."""
        kind, _, unit = label.partition("/")
        named = KINDS.get(kind) or self._house.notices.get(kind, kind)
        return f"“{named}”" + (f"（{self._house.units.get(unit, unit)}）" if unit else "")

    def who(self, by: str | None) -> str:
        """The actor of a scenario, ``liaison@hrss``: “联络员（区人社局）”."""
        role, _, unit = (by or "").partition("@")
        name = self._house.roles.get(role, role)
        return value(f"{name}（{self._house.units.get(unit, unit)}）" if unit else name)

    def field(self, label: str, step: str = "") -> str:
        """A field as a scenario names it, ``reply/edu``: “办理情况”（区教育局）; as the form of ``step`` calls it."""
        name, _, slot = label.partition("/")
        title = self._listed(name, self._form_of(step)) or f"“{name}”"
        return title + (f"（{self._house.units.get(slot, slot)}）" if slot else "")

    def filled(self, label: str, said: Any, step: str = "") -> str:
        """A value that a scenario fills into a field, as the form (of ``step``) shows it."""
        if isinstance(said, list):
            return "、".join(self.filled(label, one, step) for one in said) or "“没有”"
        if isinstance(said, Mapping):
            return value("，".join(f"{name} {one}" for name, one in said.items()))
        if isinstance(said, str):
            return value(self._values_of(label.partition("/")[0], self._form_of(step)).get(said, said))
        return value(said)

    def cell(self, column: str, text: str) -> str:
        """A cell of a decision table in the column of a field: “区教育局”, ``不限`` where anything fits."""
        if text in ("", "-"):
            return "不限"
        return self._codes(column, text) or value(text)

    def choice(self, schema: Mapping[str, Any]) -> Mapping[str, str]:
        """The choices that a field takes from the lists of the house, code → name."""
        return self._house.lists.get(str(schema.get("x-options", "")), {})

    def holder(self, text: str) -> str:
        """The holder of a step, as ``candidates`` says it."""
        if found := _PREFIXED.fullmatch(text):
            kind, said = found[1], found[2].strip()
            listed = {"unit": self._house.units, "person": self._house.people}.get(kind, {})
            whose = value_in_words(said, self._data(()), listed) or f"“{said}”"
            return f"{whose}{_NARROWED[kind]}"
        return value(self._house.roles.get(text, text))

    def _stage(self, code: str) -> str:
        for process in self._bundle.processes.values():
            for one, title in stages_of(process.properties.get(STAGES, "")):
                if one == code and title:
                    return title
        return self._house.stages.get(code, code)

    def _codes(self, column: str, text: str) -> str:
        """The words for a cell that names codes or data; empty for any other expression."""
        tree = readable(text.removeprefix("?").strip().removeprefix("in ") if text.startswith("?") else text)
        if tree is None:
            return ""
        values = self._values_of(column)
        many = isinstance(tree.body, ast.List | ast.Tuple)
        parts = tree.body.elts if isinstance(tree.body, ast.List | ast.Tuple) else [tree.body]
        told = []
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                told.append(f"“{values.get(part.value, part.value)}”")
            elif isinstance(part, ast.Constant) and part.value is None:
                told.append("（空）")
            elif title := self._listed(ast.unparse(part)):
                told.append(title)
            else:
                return ""
        return "、".join(told) or ("（没有）" if many else "")

    def _form_of(self, step: str) -> tuple[str, ...]:
        nodes = (process.nodes.get(step) for process in self._bundle.processes.values())
        return tuple(node.form for node in nodes if node is not None and node.form is not None)

    def _listed(self, text: str, near: Sequence[str] = ()) -> str:
        """Data, or several of them joined, by their titles; empty for what is more than that."""
        titles = {one["name"]: one["title"] for one in self._data(near) if "insert" not in one}
        return f"“{titles[text.strip()]}”" if text.strip() in titles else ""

    def _values_of(self, name: str, near: Sequence[str] = ()) -> Mapping[str, str]:
        found = next((one for one in self._data(near) if one["name"] == name), {})
        return {one["value"]: str(one["title"]) for one in found.get("values", ()) if isinstance(one["value"], str)}

    def _near(self, node: Node) -> Sequence[str]:
        before = [form for flow in node.incoming for form in forms_before(self._bundle, flow)]
        return [*([node.form] if node.form else []), *before]

    def _data(self, nearest: Iterable[str]) -> list[Json]:
        key = tuple(nearest)
        if key not in self._known:
            records = {"units": self._house.units, **self._house.lists}
            found = known(self._bundle, self._house.settings, key, apart=False, records=records)
            self._known[key] = [{"name": "due_on", "title": "到期日"}, *found]
        return self._known[key]

    @cached_property
    def _actions(self) -> Mapping[str, Any]:
        return {one.name: one for one in self._house.actions}

    @cached_property
    def _nodes(self) -> Mapping[str, str]:
        nodes = (node for process in self._bundle.processes.values() for node in process.nodes.values())
        return {node.id: name for node in nodes if (name := one_line(node.name))}

    @cached_property
    def _listings(self) -> Mapping[str, Mapping[str, str]]:
        steps = {
            node.id: one_line(node.name) or node.id
            for process in self._bundle.processes.values()
            for node in process.nodes.values()
        }
        given = {"notices": self._house.notices, "reminders": self._house.notices, "counters": self._house.counters}
        return {**given, "roles": self._house.roles, "units": self._house.units, "steps": steps}


def _said(words: str, text: str | None) -> str:
    return quoted(words) if words else value(text)


def _as_is(words: str, text: str | None) -> str:
    """Titles and values, which are quoted already, as they are; a sentence quoted, and an expression without words."""
    return words if _QUOTED.fullmatch(words) else _said(words, text)


def _readable(files: Mapping[str, bytes]) -> Bundle:
    """The files as far as they can be read: what cannot is told as a whole, without words for its codes."""
    try:
        return read(files, Report())
    except Enough:
        return Bundle(files)
