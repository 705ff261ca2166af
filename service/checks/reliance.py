"""Names that printed forms, reports and pages read of a process: without them something comes out empty, unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Reliance, Report
from service.checks.model import Node, ProcessModel
from service.checks.titles import SIGNS
from service.checks.wording import ACTIONS, code, every, form


def check(bundle: Bundle, context: CheckContext, entry: str | None, report: Report) -> None:
    """Rule relied-on; ``entry`` is the process that an instance starts with."""
    process = bundle.processes.get(entry or "")
    if process is None:
        return
    for one in context.relied.get(process.id, ()):
        _one(bundle, process, one, report)


def _one(bundle: Bundle, entry: ProcessModel, one: Reliance, report: Report) -> None:
    if one.action:
        _result(bundle, one, report)
        return
    nodes = [node for node in _tasks(bundle) if _meant(node, one)]
    if (one.task or one.sign) and not nodes:
        wanted = f"编号为 {one.task} 的任务" if one.task else f"签在{SIGNS.get(one.sign, one.sign)}栏的任务"
        message = f"图里没有{wanted}，{one.what}；如果是改了名，请改回来；确实不要的，可以不管"
        report.warning(entry.file, entry.line, entry.id, "relied-on", message)
        return
    forms = [bundle.forms[node.form] for node in nodes if node.form in bundle.forms]
    missing = [name for name in one.fields if not any(name in form.fields for form in forms)]
    if missing and forms:
        names = every(missing)
        message = f"{form(forms[0].file)}里没有字段{names}，{one.what}；如果是改了名，请改回来；确实不要的，可以不管"
        report.warning(forms[0].file, 1, forms[0].name, "relied-on", message)


def _result(bundle: Bundle, one: Reliance, report: Report) -> None:
    calls = [
        node
        for process in bundle.processes.values()
        for node in process.nodes.values()
        if node.operation is not None and node.operation.action == one.action
    ]
    for node in calls:
        if node.operation is not None and node.operation.result != one.result:
            message = (
                f"系统动作「{code(ACTIONS, one.action)}」的结果应记作 {one.result}，"
                f"{one.what}；请把“结果记作”改成 {one.result}"
            )
            report.warning(node.file, node.operation.line, node.id, "relied-on", message)


def _meant(node: Node, one: Reliance) -> bool:
    if one.task:
        return node.id == one.task
    return node.properties.get("sign") == one.sign if one.sign else True


def _tasks(bundle: Bundle) -> Iterator[Node]:
    for process in bundle.processes.values():
        yield from (node for node in process.nodes.values() if node.type == "userTask")
