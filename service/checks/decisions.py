"""Decision tables: one table a file, whole rows, a row that always holds, values that exist."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator
from typing import Any

from service.checks.bundle import Bundle
from service.checks.decision_model import Cell, Decision
from service.checks.findings import CheckContext, Report
from service.checks.wording import data, value
from service.engine.expressions import readable

HIT_POLICIES = frozenset({"UNIQUE", "FIRST", "COLLECT"})


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rules decision-table, decision-unused, decision-catch-all, unit-unknown and value-unknown."""
    used = {node.decision for process in bundle.processes.values() for node in process.nodes.values()}
    for file in bundle.tables:
        count = sum(1 for decision in bundle.decisions.values() if decision.file == file)
        if count != 1:
            report.error(file, 1, "-", "decision-table", f"一个文件只放一张规则表，现在有 {count} 张；请拆开")
    for decision in bundle.decisions.values():
        report.looking_at(decision.file)
        _shape(decision, report)
        _rows(decision, report)
        _values(decision, bundle, context, report)
        if decision.id not in used:
            message = "没有哪个“查规则表”用这张规则表，请删去，或在图里选它"
            report.warning(decision.file, decision.line, decision.id, "decision-unused", message)


def _shape(decision: Decision, report: Report) -> None:
    def error(line: int, message: str) -> None:
        report.error(decision.file, line, decision.id, "decision-table", message)

    if decision.tables != 1:
        error(decision.line, "这个文件里应恰有一张规则表，不支持文字表达式；请改成规则表")
        return
    if decision.hit_policy not in HIT_POLICIES:
        error(decision.line, f"“取哪一条”不能是 {decision.hit_policy}；请选第一条相符的，或全部相符的")
    for other in decision.others:
        error(decision.line, f"规则表里不支持 {other}，请删去")
    if not decision.outputs or not decision.rules:
        error(decision.line, "规则表至少要有一列结果和一条规则；请加上")
    for cell in decision.inputs:
        if not cell.text:
            error(cell.line, "条件列没有写看哪一项；请选一项")
    for cell in decision.outputs:
        if not cell.text.isidentifier() or keyword.iskeyword(cell.text) or cell.text.startswith("_"):
            error(cell.line, f"结果列的名称 {cell.text or '（空）'} 应用英文字母、数字和下划线，例如 lead_unit")
    if decision.rules and not any(rule.catches_all for rule in decision.rules):
        message = "没有兜底的一条（条件格全为“不限”的），条件都不符时没有结果；请加一条"
        report.warning(decision.file, decision.line, decision.id, "decision-catch-all", message)


def _rows(decision: Decision, report: Report) -> None:
    """Rows that are not whole, and cells that read well but that the engine takes otherwise."""
    for rule in decision.rules:
        if len(rule.inputs) != len(decision.inputs) or len(rule.outputs) != len(decision.outputs):
            message = "这一条的格数与列数不一致；请删去这一条，重新加"
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
                        message = f"没有单位 {code}；请从单位名单里选一个"
                        report.error(decision.file, cell.line, decision.id, "unit-unknown", message)


def _known_values(decision: Decision, cell: Cell, name: str, allowed: frozenset[Any] | None, report: Report) -> None:
    for constant in _constants(cell) if allowed is not None else ():
        if constant not in (allowed or ()):
            shown = "、".join(value(name, one) for one in sorted(allowed or (), key=str))
            message = f"{data(name)}没有 {constant!r} 这个选项；请改成表单里的选项：{shown}"
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
