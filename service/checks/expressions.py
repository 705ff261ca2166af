"""Every expression of diagrams and decision tables: in the subset, over known data, giving what its place needs."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.checks.bundle import Bundle
from service.checks.decision_model import Decision
from service.checks.findings import CheckContext, Report, told_plainly
from service.checks.model import Node, ProcessModel
from service.checks.sampling import Samples, names_in
from service.checks.wording import data, quote
from service.engine.cells import PLACEHOLDER, asked
from service.engine.expressions import PURE, ExpressionError, check_expression, kind_of, readable
from service.engine.timers import duration_of
from service.processes.cycles import Cycle
from service.processes.terms import ABOUT, NARROWING, SLOTS

ALWAYS_KNOWN = frozenset({"settings", "unit", "initiator", "initiator_unit", "initiator_roles", "scheduled", "number"})
"""Data that every instance may name (the owner's contract)."""


@dataclass(frozen=True, slots=True)
class Use:
    """An expression where it stands. ``kind``: condition, due, warn, candidates, parameter, collection, timer-date,
    timer-duration, decision …; ``extra`` are names known only here."""

    file: str
    line: int
    element: str
    kind: str
    text: str
    process: ProcessModel | None = None
    node: Node | None = None
    extra: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """The place's name in messages."""
        return _PLACES[self.kind]

    @property
    def said(self) -> str:
        """The place and the expression in a message."""
        return f"{self.place}{quote(self.kind, self.text)}"


_PLACES = {
    "condition": "条件",
    "due": "期限",
    "warn": "提前变黄灯的天数",
    "candidates": "谁办",
    "about": "决定的是哪些单位的事",
    "slots": "决定的是哪些单位的事",
    "parameter": "动作参数",
    "cardinality": "办几份",
    "collection": "各办一份的名单",
    "completion": "办到几份就算完的条件",
    "timer-date": "定时",
    "timer-duration": "定时",
    "title": "事项标题",
    "input": "规则表的条件列",
    "match": "规则表的条件格",
    "output": "规则表的结果格",
}


MOST_INSTANCES = 1000
"""As many as the setting most_instances can allow."""


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rules expression-syntax, unknown-data, expression-fails, timer, due-date and settings-unknown."""
    known = known_data(bundle)
    samples = Samples(bundle, context)
    for use in uses(bundle):
        _sound(use, known, samples, context, report)


def problems(
    use: Use, bundle: Bundle, context: CheckContext, spoken: Callable[[str, str], str] = told_plainly
) -> list[str]:
    """The faults of one expression, in the words of the checks; for who is typing it."""
    report = Report(spoken=spoken)
    _sound(use, known_data(bundle), Samples(bundle, context), context, report)
    said = (one.message.removeprefix(spoken(use.said, use.element)) for one in report.findings)
    return [one.removeprefix("：").removeprefix("的") for one in said]


def _sound(use: Use, known: frozenset[str], samples: Samples, context: CheckContext, report: Report) -> bool:
    if not _allowed(use, known, context, report):
        return False
    _settings(use, context, report)
    if use.kind != "match":
        _evaluates(use, samples, report)
    return True


def known_data(bundle: Bundle) -> frozenset[str]:
    """The names that an expression of the bundle may use anywhere."""
    known = set(ALWAYS_KNOWN)
    for form in bundle.forms.values():
        known.update(form.fields)
    for decision in bundle.decisions.values():
        known.update(output.text for output in decision.outputs)
    for process in bundle.processes.values():
        known.update(process.properties.get("given", "").split())
        for node in process.nodes.values():
            if node.operation is not None and node.operation.result is not None:
                known.add(node.operation.result)
            if node.loop is not None:
                known.update(name for name in (node.loop.item, node.loop.output_collection) if name)
    return frozenset(known)


def uses(bundle: Bundle) -> Iterator[Use]:
    """All expressions of the bundle."""
    for process in bundle.processes.values():
        for flow in process.flows.values():
            if flow.condition:
                source = process.nodes.get(flow.source)
                yield Use(process.file, flow.line, flow.id, "condition", flow.condition, process, source)
        if process.properties.get("title"):
            yield Use(process.file, process.line, process.id, "title", process.properties["title"], process)
        for node in process.nodes.values():
            yield from _of_node(process, node)
    for decision in bundle.decisions.values():
        yield from _of_decision(decision)


def _of_node(process: ProcessModel, node: Node) -> Iterator[Use]:
    def use(kind: str, text: str, line: int = node.line, extra: frozenset[str] = frozenset()) -> Use:
        return Use(node.file, line, node.id, kind, text, process, node, extra)

    for name in ("due", "warn"):
        if node.properties.get(name):
            yield use(name, node.properties[name])
    about = node.properties.get(ABOUT, "")
    if about.removeprefix(SLOTS).strip():
        yield use("slots" if about.startswith(SLOTS) else "about", about.removeprefix(SLOTS))
    candidates = node.properties.get("candidates", "")
    narrowing, _, expression = candidates.partition(":")
    if narrowing in NARROWING and expression.strip():
        yield use("candidates", expression)
    for value in node.operation.parameters.values() if node.operation is not None else ():
        if value:
            yield use("parameter", value, node.operation.line if node.operation is not None else node.line)
    if node.loop is not None:
        if node.loop.cardinality:
            yield use("cardinality", node.loop.cardinality, node.loop.line)
        if node.loop.completion:
            yield use("completion", node.loop.completion, node.loop.line)
    if node.timer is not None and node.timer.kind != "cycle":
        host = process.nodes.get(node.attached_to or "")
        dated = host is not None and bool(host.properties.get("due"))
        extra = frozenset({"due_on"}) if dated else frozenset[str]()
        yield use(f"timer-{node.timer.kind}", node.timer.expression, node.timer.line, extra)


def _of_decision(decision: Decision) -> Iterator[Use]:
    for cell in decision.inputs:
        if cell.text:
            yield Use(decision.file, cell.line, cell.id or decision.id, "input", cell.text)
    for rule in decision.rules:
        for cell in rule.inputs:
            if cell.text not in ("", "-"):
                yield Use(decision.file, cell.line, cell.id or rule.id, "match", cell.text)
        for cell in rule.outputs:
            if cell.text:
                yield Use(decision.file, cell.line, cell.id or rule.id, "output", cell.text)


def _allowed(use: Use, known: frozenset[str], context: CheckContext, report: Report) -> bool:
    text, names = use.text, known | use.extra
    if use.kind == "match":
        text, names = asked(text), names | {PLACEHOLDER}
        if readable(text) is None and readable(f"v {text}") is not None:
            text = f"{PLACEHOLDER} {text}"  # a comparison whose left side is the column's input: `> 3`
    problems = check_expression(text, None, PURE if use.kind == "title" else context.functions)
    for problem in problems:
        report.error(use.file, use.line, use.element, "expression-syntax", f"{use.said}：{problem}")
    if problems:
        return False
    unknown = sorted(names_in(text) - names - context.functions)
    for name in unknown:
        report.error(use.file, use.line, use.element, "unknown-data", f"{use.said}：{_unknown(name, names, use)}")
    return not unknown


def _unknown(name: str, names: frozenset[str], use: Use) -> str:
    if name == "due_on":
        return "到期日（due_on）只能用在有期限的任务上的钟里；请给任务写上期限，或改用别的日期"
    message = f"不认识数据 {name}；它既不是哪张表单的字段，也不是系统动作或规则表的结果"
    close = difflib.get_close_matches(name, sorted(names), n=1)
    if close:
        message += f"，是不是{data(close[0])}？请改正"
    else:
        message += "；请改用已有的数据"
    if use.kind in ("match", "output", "parameter", "timer-duration"):
        message += f"；如果是文字，请加引号写成 '{name}'"
    return message


def _settings(use: Use, context: CheckContext, report: Report) -> None:
    if context.settings is None:
        return
    tree = readable(asked(use.text))
    for node in ast.walk(tree) if tree is not None else ():
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "settings"
            and node.attr not in context.settings
        ):
            message = f"没有设置 settings.{node.attr}；可用：{'、'.join(sorted(context.settings)) or '（无）'}"
            report.error(use.file, use.line, use.element, "settings-unknown", message)


def _evaluates(use: Use, samples: Samples, report: Report) -> None:
    for value in samples.results(use.text):
        if isinstance(value, ExpressionError):
            rule, message = "expression-fails", f"{use.said}用样例数据算不出来：{value}"
        else:
            reason = _misfit(use.kind, value)
            if reason is None:
                continue
            rule = _RULES.get(use.kind, "due-date")
            message = f"{use.said}的结果是{kind_of(value)}，{reason}"
        if use.kind.startswith("timer-"):
            rule = "timer"
        report.error(use.file, use.line, use.element, rule, message)
        return


def _misfit(kind: str, value: Any) -> str | None:
    """Why a value does not do in its place; None when it does."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "due" and not _is_date(value):
        return "应为日期，例如今天起第 7 个工作日：working_days(7)"
    if kind == "warn" and not whole:
        return "应为工作日数，例如 3"
    if kind == "timer-date" and not _is_date(value):
        return "应为日期或时间，例如到期前 3 个工作日：working_days_after(due_on, -3)"
    if kind == "timer-duration" and not duration_of(value):
        return "应为大于零的时长并加引号，例如 1 天 'P1D'，4 小时 'PT4H'"
    if kind == "cardinality" and not (whole and 0 <= value <= MOST_INSTANCES):
        return f"应为 0 至 {MOST_INSTANCES} 的整数"
    if kind == "title" and not isinstance(value, str):
        return "应为文字"
    if kind == "about" and not (value is None or isinstance(value, str | list)):
        return "应为单位代码，或几个单位代码的列表"
    return None


_RULES = {
    "timer-date": "timer",
    "timer-duration": "timer",
    "about": "task-property",
    "cardinality": "multi-instance",
    "title": "process-property",
}
"""Place of an expression -> the rule that its value breaks, where that is not due-date."""


def check_timers(bundle: Bundle, report: Report) -> None:
    """Timers that are not expressions, or stand where they cannot (rule timer)."""
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.event != "timer":
                continue
            if node.timer is None or not node.timer.expression:
                message = "没有写到什么时间；请在右边选好"
                report.error(node.file, node.line, node.id, "timer", message)
                continue
            timer = node.timer
            if (timer.kind == "cycle") != (node.type == "startEvent"):
                message = (
                    "定时开始要写多久一次、从哪天起；请在右边选好"
                    if node.type == "startEvent"
                    else "重复的时间只能用在“定时开始”上；这里请写一个日期或一段时间"
                )
                report.error(node.file, timer.line, node.id, "timer", message)
            elif timer.kind == "cycle":
                try:
                    Cycle.parse(timer.expression)
                except ValueError as error:
                    report.error(node.file, timer.line, node.id, "timer", f"重复间隔“{timer.expression}”{error}")


def places(bundle: Bundle, use: Use, process: ProcessModel, node: Node) -> Iterator[tuple[ProcessModel, Node]]:
    """Where a token is when the expression is asked: at the node; over slots, at the ends of what ran side by side."""
    if use.kind != "slots":
        yield process, node
        return
    for before in process.upstream(node.id):
        called = bundle.processes.get(process.nodes[before].called or "")
        if called is not None and process.nodes[before].loop is not None:
            yield from ((called, end) for end in called.ends())


def _is_date(value: Any) -> bool:
    if isinstance(value, date):
        return True
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True
    return False
