"""Dates that are over before they begin, lights that are yellow from the first day, clocks that end what they watch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from service.checks.bundle import Bundle
from service.checks.expressions import uses
from service.checks.findings import Report
from service.checks.model import Node, ProcessModel
from service.checks.sampling import DAY, FUNCTIONS, names_in
from service.checks.wording import node as named
from service.checks.wording import quote
from service.engine.expressions import ExpressionError, as_date, evaluate

_HOSTS = frozenset({"userTask", "callActivity", "subProcess"})
_COUNTED = re.compile(r"working_days\(\s*(\d+)\s*\)")
_FROM_DUE = re.compile(r"working_days_after\(\s*due_on\s*,\s*(-?\d+)\s*\)")
_FIXED_PAST = date(2026, 1, 1)
"""A day that somebody writes out and that lies before is over: it was before the product was."""


def check(bundle: Bundle, report: Report) -> None:
    """Rules due-date, warn-early, timer-early and timer-interrupts."""
    for use in uses(bundle):
        if use.kind == "due":
            for problem in _over(use.text):
                report.error(use.file, use.line, use.element, "due-date", f"{use.said}{problem}")
        elif use.kind == "warn" and (days := _whole(use.text)) is not None and days < 0:
            message = f"{use.said}是负数，逾期以后才变黄灯；请写到期前几个工作日，例如 3"
            report.error(use.file, use.line, use.element, "due-date", message)
    for process in bundle.processes.values():
        for node in process.nodes.values():
            _warn(node, report)
            if node.event == "timer" and node.timer is not None and node.timer.kind == "date":
                _early(process, node, report)
            if node.type == "boundaryEvent" and node.event == "timer" and node.interrupting:
                _interrupts(process, node, report)


def _over(text: str) -> Iterator[str]:
    """Why a due date that the expression alone tells is wrong."""
    if names_in(text):
        return
    day = _day(text)
    if day is None:
        return
    counted = "working_days" in text or "today" in text or "now" in text
    if counted and day < DAY:
        yield "在任务开始以前就到期了；请选“几个工作日”，写今天起第几个工作日"
    elif not counted and day < _FIXED_PAST:
        yield "是已经过去的日子；请选“几个工作日”，写今天起第几个工作日"


def _warn(node: Node, report: Report) -> None:
    due, warn = due_days(node), _whole(node.properties.get("warn", ""))
    if due and warn is not None and warn >= max(due):
        message = f"提前 {warn} 个工作日变黄灯，不比期限的 {max(due)} 个工作日短，一开始就是黄灯；请写得比期限短一些"
        report.warning(node.file, node.line, node.id, "warn-early", message)


def _early(process: ProcessModel, node: Node, report: Report) -> None:
    timer, host = node.timer, process.nodes.get(node.attached_to or "")
    if timer is None:
        return
    said = f"定时{quote('timer-date', timer.expression)}"
    counted = _FROM_DUE.fullmatch(timer.expression.strip())
    days = due_days(host) if host is not None else []
    if counted is not None and days and -int(counted[1]) > max(days):
        message = f"{said}比任务开始还早（期限只有 {max(days)} 个工作日），任务一开始就触发；请把天数改小"
        report.warning(node.file, timer.line, node.id, "timer-early", message)
    elif not names_in(timer.expression) and (day := _day(timer.expression)) is not None:
        moving = "(" in timer.expression
        if day < (DAY if moving else _FIXED_PAST):
            message = f"{said}是已经过去的时间，走到这里就触发；请改成以后的日期"
            report.warning(node.file, timer.line, node.id, "timer-early", message)


def _interrupts(process: ProcessModel, node: Node, report: Report) -> None:
    host = process.nodes.get(node.attached_to or "")
    if host is None or host.type not in _HOSTS:
        return
    message = (
        f"时间一到，{named(host)}就被取消，再也不能办；"
        "如果只是提醒、催办，请用“换一种”改成“到时间另做一件事，任务照常”（虚线圈）"
    )
    report.warning(node.file, node.line, node.id, "timer-interrupts", message)


def due_days(node: Node) -> list[int]:
    """The numbers of working days that a task's due date counts."""
    return [int(days) for days in _COUNTED.findall(node.properties.get("due", ""))]


def _day(text: str) -> date | None:
    try:
        return as_date(evaluate(text, {}, FUNCTIONS))
    except (ExpressionError, ValueError):
        return None


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*-?\d{1,4}\s*", text) else None
