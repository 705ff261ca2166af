"""Texts that a diagram gives an action and that must stand on a list: kinds of notices, roles, units, steps, series."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterator, Mapping

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Report
from service.checks.model import Node, Operation
from service.checks.titles import PARAMETER_TITLES
from service.checks.wording import ACTIONS, code
from service.config.language import NEVER, format_problem
from service.engine.expressions import readable

_WORDS: Mapping[str, str] = {
    "notices": "种通知",
    "reminders": "种提醒",
    "periods": "种期间",
    "roles": "个角色",
    "units": "个单位",
    "steps": "个任务",
    "counters": "个编号系列",
}
_WHERE: Mapping[str, str] = {
    "notices": "；要新的一种，请系统管理员在 config/notifications.toml 里添加",
    "counters": "；要新的一个，请系统管理员在 config/settings.toml 的 [counters] 里添加",
    "roles": "；要新的一个，请系统管理员在 config/organization.toml 里添加",
}
MOST_NAMED = 12


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rule action-value."""
    lists: Mapping[str, Collection[str] | None] = {
        "notices": context.notices,
        "reminders": ("due_soon", "due_today"),
        "periods": ("half_year", "month", "year"),
        "roles": context.roles,
        "units": context.units,
        "steps": [
            node.id
            for process in bundle.processes.values()
            for node in process.nodes.values()
            if node.type == "userTask"
        ],
        "counters": context.counters,
    }
    for process in bundle.processes.values():
        for node in process.nodes.values():
            signature = context.actions.get(node.operation.action) if node.operation is not None else None
            if node.operation is None or signature is None:
                continue
            for name, listed in signature.takes.items():
                if listed == "formats":
                    _format(node, node.operation, name, context, report)
                elif (known := lists[listed]) is not None:
                    _listed(node, node.operation, name, listed, known, report)


def _listed(node: Node, operation: Operation, name: str, listed: str, known: Collection[str], report: Report) -> None:
    for text in _texts(operation.parameters.get(name, "")):
        if text in known:
            continue
        close = difflib.get_close_matches(text, known, n=1)
        shown = "、".join(code(listed, one) for one in sorted(known)[:MOST_NAMED])
        more = " 等" if len(known) > MOST_NAMED else ""
        hint = f"，是不是{code(listed, close[0])}？请改正" if close else f"；可用：{shown or '（无）'}{more}"
        message = f"{_place(operation, name)}：没有这{_WORDS[listed]} {text[:40]}{hint}{_WHERE.get(listed, '')}"
        report.error(node.file, operation.line, node.id, "action-value", message)


def _place(operation: Operation, name: str) -> str:
    return f"系统动作「{code(ACTIONS, operation.action)}」的“{PARAMETER_TITLES.get(name, name)}”"


def _format(node: Node, operation: Operation, name: str, context: CheckContext, report: Report) -> None:
    """A format of numbers, by when the numbers of the series begin again."""
    restarts = {
        (context.counters or {}).get(code, NEVER) for code in _texts(operation.parameters.get("counter", ""))
    } or {NEVER}
    for text in _texts(operation.parameters.get(name, "")):
        for problem in sorted({problem for restart in restarts if (problem := format_problem(text, restart))}):
            message = f"{_place(operation, name)}“{text[:60]}”不能用：{problem}"
            report.error(node.file, operation.line, node.id, "action-value", message)


def _texts(expression: str) -> Iterator[str]:
    """The texts that an expression may give as they stand: a constant, those of a list, the branches of an if."""
    tree = readable(expression) if expression else None
    waiting: list[ast.expr] = [tree.body] if tree is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.IfExp):
            waiting += [node.orelse, node.body]
        elif isinstance(node, ast.List | ast.Tuple):
            waiting += node.elts
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value
