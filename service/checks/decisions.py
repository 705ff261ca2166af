"""Decision tables: one table a file, whole rows, a row that always holds, values that exist."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator
from typing import Any

from service.checks.bundle import Bundle
from service.checks.decision_model import Cell, Decision
from service.checks.findings import CheckContext, Report
from service.engine.expressions import readable

HIT_POLICIES = frozenset({"UNIQUE", "FIRST", "COLLECT"})


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rules decision-table, decision-unused, decision-catch-all, unit-unknown and value-unknown."""
    used = {node.decision for process in bundle.processes.values() for node in process.nodes.values()}
    for file in bundle.tables:
        count = sum(1 for decision in bundle.decisions.values() if decision.file == file)
        if count != 1:
            report.error(file, 1, "-", "decision-table", f"一个文件只放一张决策表，现在有 {count} 张")
    for decision in bundle.decisions.values():
        report.looking_at(decision.file)
        _shape(decision, report)
        _rows(decision, report)
        _values(decision, bundle, context, report)
        if decision.id not in used:
            message = "没有业务规则任务使用这张决策表，请删去或在任务上引用"
            report.warning(decision.file, decision.line, decision.id, "decision-unused", message)


def _shape(decision: Decision, report: Report) -> None:
    def error(line: int, message: str) -> None:
        report.error(decision.file, line, decision.id, "decision-table", message)

    if decision.tables != 1:
        error(decision.line, "决策应恰有一张决策表（decisionTable），不支持文字表达式")
        return
    if decision.hit_policy not in HIT_POLICIES:
        error(decision.line, f"命中策略 {decision.hit_policy} 不支持；请用 FIRST 或 UNIQUE（第一条命中的行）或 COLLECT")
    for other in decision.others:
        error(decision.line, f"决策表里不支持 {other}，请删去")
    if not decision.outputs or not decision.rules:
        error(decision.line, "决策表至少要有一个输出列和一行")
    for cell in decision.inputs:
        if not cell.text:
            error(cell.line, "输入列没有写表达式（例如 category）")
    for cell in decision.outputs:
        if not cell.text.isidentifier() or keyword.iskeyword(cell.text) or cell.text.startswith("_"):
            error(cell.line, f"输出列的名称 {cell.text or '（空）'} 应是英文标识符，例如 lead_unit")
    if decision.rules and not any(rule.catches_all for rule in decision.rules):
        message = "没有兜底的一行（条件格全为 - 的行），条件都不符时没有结果"
        report.warning(decision.file, decision.line, decision.id, "decision-catch-all", message)


def _rows(decision: Decision, report: Report) -> None:
    """Rows that are not whole, and cells that read well but that the engine takes otherwise."""
    for rule in decision.rules:
        if len(rule.inputs) != len(decision.inputs) or len(rule.outputs) != len(decision.outputs):
            message = "这一行的格数与列数不一致"
            report.error(decision.file, rule.line, decision.id, "decision-table", message)
        for cell in rule.outputs:
            if not cell.text:
                message = "结果格是空的；没有结果请写 None，空列表写 []"
                report.error(decision.file, cell.line, decision.id, "decision-table", message)
        for cell in rule.inputs:
            body = _body(cell.text)
            if isinstance(body, ast.Tuple):
                message = f"条件格“{cell.text}”不会按“其中之一”判断；请写成 ? in [{cell.text}]"
            elif isinstance(body, ast.UnaryOp) and isinstance(body.op, ast.Not):
                message = f"条件格“{cell.text}”不会按“不等于”判断；请写成 ? != 某值 或 ? not in [ … ]"
            else:
                continue
            report.error(decision.file, cell.line, decision.id, "decision-table", message)


def _values(decision: Decision, bundle: Bundle, context: CheckContext, report: Report) -> None:
    options = _options(bundle)
    units = _unit_fields(bundle) if context.units is not None else frozenset[str]()
    for rule in decision.rules:
        for column, cell in zip(decision.inputs, rule.inputs, strict=False):
            _known_values(decision, cell, column.text, options.get(column.text), report)
        for column, cell in zip(decision.outputs, rule.outputs, strict=False):
            _known_values(decision, cell, column.text, options.get(column.text), report)
            if column.text in units:
                for code in _constants(cell):
                    if code not in (context.units or ()):
                        message = f"单位代码 {code!r} 不在组织设置里；请改成 config/organization.toml 里的单位代码"
                        report.error(decision.file, cell.line, decision.id, "unit-unknown", message)


def _known_values(decision: Decision, cell: Cell, name: str, allowed: frozenset[Any] | None, report: Report) -> None:
    for constant in _constants(cell) if allowed is not None else ():
        if constant not in (allowed or ()):
            shown = "、".join(sorted(str(value) for value in allowed or ()))
            message = f"{name} 没有 {constant!r} 这个选项；请改成表单里的选项：{shown}"
            report.error(decision.file, cell.line, decision.id, "value-unknown", message)


def _options(bundle: Bundle) -> dict[str, frozenset[Any] | None]:
    """The options of each field over all forms; None: some form takes any value."""
    found: dict[str, frozenset[Any] | None] = {}
    for form in bundle.forms.values():
        for name, field in form.fields.items():
            known = found.get(name, frozenset())
            found[name] = None if field.values is None or known is None else known | field.values
    return found


def _unit_fields(bundle: Bundle) -> frozenset[str]:
    return frozenset(
        name
        for form in bundle.forms.values()
        for name, field in form.fields.items()
        for part in (field.schema, field.schema.get("items"))
        if isinstance(part, dict) and part.get("x-ref") == "units"
    )


def _constants(cell: Cell) -> Iterator[str]:
    body = _body(cell.text.replace("?", "_"))
    for node in ast.walk(body) if body is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _body(text: str) -> ast.expr | None:
    for attempt in (text, f"_ {text}"):
        if (tree := readable(attempt)) is not None:
            return tree.body
    return None
