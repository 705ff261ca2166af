"""The names of one bundle for people: elements by name or neighbours, data by label, expressions and dates in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from service.checks import wording
from service.checks.bundle import Bundle
from service.checks.condition_words import in_words
from service.checks.date_words import date_in_words
from service.checks.findings import CheckContext
from service.checks.known import OF_UNIT, forms_before, known, title_of
from service.checks.model import Node, ProcessModel
from service.checks.sampling import names_in
from service.checks.value_words import value_in_words
from service.engine.expressions import readable
from service.processes.rules import one_line

Json = dict[str, Any]
DATED = frozenset({"due", "timer-date", "timer-duration"})
MOST_EXPLAINED = 4
"""Names of an expression that are explained where it has no words."""

_TITLES: Mapping[str, str] = {
    "startEvent": "开始",
    "startEvent timer": "定时开始",
    "endEvent": "结束",
    "endEvent terminate": "结束并撤销其余任务",
    "userTask": "要人办的任务",
    "serviceTask": "系统动作",
    "businessRuleTask": "查规则表",
    "callActivity": "另一张图",
    "subProcess": "内嵌子流程",
    "exclusiveGateway": "选一条路",
    "inclusiveGateway": "选一条或几条路",
    "parallelGateway": "分头同时做、汇合",
    "eventBasedGateway": "等先发生的一件",
    "intermediateCatchEvent timer": "等到时间",
    "intermediateCatchEvent message": "等消息",
    "intermediateThrowEvent": "中间点",
    "boundaryEvent timer": "到时间就不再办，转走这条路",
    "boundaryEvent timer beside": "到时间另做一件事，任务照常",
    "boundaryEvent message": "来消息就不再办，转走这条路",
}
"""The kinds of elements as the editor's palette calls them (``studio/kinds.js`` of the assets); a test compares."""
OTHER = "不能运行的图形"
_PERIODS: Mapping[str, str] = {"half_year": "半年", "month": "月", "year": "年"}
_ONE_TITLE = re.compile("“[^”]*”")


def kind_name(node: Node) -> str:
    """The word for an element's kind."""
    beside = " beside" if node.attached_to is not None and not node.interrupting and node.event == "timer" else ""
    return _TITLES.get(" ".join(filter(None, (node.type, node.event))) + beside, OTHER)


def titled(node: Node, process: ProcessModel) -> str:
    """An element as a sentence names it: 「办理」, or 「办理」之后的“选一条路” where it has no name."""
    if name := one_line(node.name):
        return f"「{name}」"
    kind = f"“{kind_name(node)}”"
    if node.attached_to is not None and node.attached_to in process.nodes:
        return f"{titled(process.nodes[node.attached_to], process)}上的{kind}"
    for beside, words in ((process.before(node.id), "之后"), (process.after(node.id), "之前")):
        if found := next((one_line(one.name) for one in beside if one.name.strip()), ""):
            return f"「{found}」{words}的{kind}"
    return f"没有名称的{kind}"


def flow_titled(flow_id: str, process: ProcessModel) -> str:
    """A sequence flow as a sentence names it: 连线「受理」, or by its ends."""
    flow = process.flows[flow_id]
    if name := one_line(flow.name):
        return f"连线「{name}」"
    ends = [titled(process.nodes[one], process) if one in process.nodes else "？" for one in (flow.source, flow.target)]
    return f"从{ends[0]}到{ends[1]}的连线"


class Speaker:
    """Tells the marks of messages about a bundle (``wording``)."""

    def __init__(self, bundle: Bundle, context: CheckContext) -> None:
        self._bundle, self._context = bundle, context
        self._near: tuple[str, ...] = ()
        self._all: dict[tuple[str, ...], Mapping[str, Json]] = {}

    def spoken(self, message: str, element: str = "") -> str:
        """A message about an element with every mark in words; data are called as the forms nearest to it call them."""
        self._near = self._forms_near(element) if wording.marked(message) else ()
        return wording.told(message, self._tell)

    def _forms_near(self, element: str) -> tuple[str, ...]:
        if element in self._bundle.forms:
            return (element,)
        for process in self._bundle.processes.values():
            if element in process.flows:
                return tuple(forms_before(self._bundle, element))
            if (node := process.nodes.get(element)) is not None:
                before = [form for flow in node.incoming for form in forms_before(self._bundle, flow)]
                return (*before, *([node.form] if node.form is not None else []))
        return ()

    def _tell(self, kind: str, *parts: str) -> str:
        tellers: Mapping[str, Callable[..., str]] = {
            wording.NODE: self.element,
            wording.FLOW: self._flow,
            wording.DATA: self.data,
            wording.VALUE: self._value,
            wording.CODE: self._code,
            wording.QUOTE: self._quote,
            wording.FORM: self._form,
            wording.TABLE: self._table,
        }
        return tellers[kind](*parts)

    def element(self, file: str, element_id: str) -> str:
        """An element of a file by its name or its neighbours; its id where there is no such element."""
        process = self._around(file, element_id)
        return titled(process.nodes[element_id], process) if process is not None else element_id

    def _around(self, file: str, element_id: str) -> ProcessModel | None:
        holding = [one for one in self._bundle.processes.values() if element_id in one.nodes]
        return next((one for one in holding if one.file == file), holding[0] if holding else None)

    def _flow(self, file: str, flow_id: str) -> str:
        for process in self._bundle.processes.values():
            if process.file == file and flow_id in process.flows:
                return flow_titled(flow_id, process)
        return flow_id

    def data(self, name: str) -> str:
        """Data by its label, with the name that people type."""
        title = str(self._known.get(name, {}).get("title", ""))
        return f"“{title}”（{name}）" if title and title != name else f" {name} "

    def _value(self, name: str, text: str, written: str) -> str:
        for choice in self._known.get(name, {}).get("values", ()):
            if repr(choice["value"]) == written and choice["title"] != text:
                said = f"“{choice['title']}”"
                return said if isinstance(choice["value"], bool) else f"{said}（{text}）"
        return written

    def _code(self, listed: str, one: str) -> str:
        if listed == wording.STEPS:
            return self.element("", one)
        if listed == wording.PERIODS:
            return _PERIODS.get(one, one)
        names = self._context.names.get(wording.NOTICES if listed == wording.REMINDERS else listed, {})
        return names.get(one) or one

    def _quote(self, kind: str, text: str) -> str:
        words = self._words(kind, text)
        if words:
            return words if _ONE_TITLE.fullmatch(words) else f"「{words}」"
        known_ = [name for name in sorted(names_in(text)) if name in self._known][:MOST_EXPLAINED]
        told = "，".join(f"{name} 是“{self._known[name]['title']}”" for name in known_)
        return f"“{text}”" + (f"（其中 {told}）" if told else "")

    def _words(self, kind: str, text: str) -> str:
        tree = readable(text)
        if tree is None:
            return ""
        if isinstance(tree.body, ast.Name | ast.Attribute) and text.strip() in self._known and kind != "condition":
            return f"“{self._known[text.strip()]['title']}”"
        if kind in DATED:
            return date_in_words(text, self._known.values())
        if kind in ("parameter", "collection", "about", "candidates"):
            units = self._context.names.get(wording.UNITS, {})
            words = value_in_words(text, self._known.values(), {**self._people, **units})
            return words if "“" in words else ""
        if kind == "warn":
            return f"{text.strip()} 个工作日" if text.strip().isdigit() else ""
        return in_words(text, self._known.values()) if kind in ("condition", "slots", "completion") else ""

    def _form(self, file: str) -> str:
        name = file.removeprefix("forms/").removesuffix(".json").removesuffix(".ui")
        found = self._bundle.forms.get(name)
        title = title_of(found.schema) if found is not None else ""
        return f"表单「{title}」" if title else f"表单 {name}"

    def _table(self, decision_id: str) -> str:
        found = self._bundle.decisions.get(decision_id)
        return f"规则表「{found.name}」" if found is not None and found.name else f"规则表 {decision_id}"

    @property
    def _people(self) -> Mapping[str, str]:
        return {name: one.name for name, one in (self._context.people or {}).items()}

    @property
    def _known(self) -> Mapping[str, Json]:
        if self._near not in self._all:
            self._all[self._near] = {one["name"]: one for one in self._read(self._near)}
        return self._all[self._near]

    def _read(self, nearest: tuple[str, ...]) -> list[Json]:
        samples = {name: one.sample for name, one in self._context.actions.items()}
        records = {"units": self._context.names.get(wording.UNITS, {})}
        lists = self._context.options or {}
        found = known(
            self._bundle,
            self._context.settings or (),
            nearest,
            apart=False,
            records={**records, **{name: dict(one) for name, one in lists.items()}},
            samples=samples,
        )
        return [{"name": "due_on", "title": "到期日"}, *(self._valued(one) for one in found if "insert" not in one)]

    def _valued(self, one: Json) -> Json:
        """Data with the values that the house's lists give."""
        listed = (
            wording.ROLES if one["name"] == "initiator_roles" else wording.UNITS if one.get("is") == OF_UNIT else ""
        )
        names = self._context.names.get(listed, {})
        if not names or "values" in one:
            return one
        return {**one, "values": [{"value": code, "title": name} for code, name in names.items()]}
