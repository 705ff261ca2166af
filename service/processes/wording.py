"""The diagram's words about time, in words for staff: when it starts by itself, how long a step has and when."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from service import clock
from service.engine.expressions import readable
from service.processes.bundles import Compiled
from service.processes.cycles import Cycle
from service.processes.rules import one_line

UNTIMED = "不计时"
SOMEHOW = "符合流程图里写的条件"
MONTHS, SHORTEST = 12, 28
"""Of a year; days of the shortest month."""


def starts_in_words(made: Compiled) -> str:
    """每年 4 月 1 日、10 月 1 日; empty for a process that no calendar starts."""
    dates: set[tuple[int, int]] = set()
    others = []
    for start in made.program.timer_starts:
        cycle = Cycle.parse(start.cycle)
        yearly = _yearly(cycle)
        if yearly is None:
            others.append(_other(cycle))
        else:
            dates |= yearly
    days = "、".join(f"{month} 月 {day} 日" for month, day in sorted(dates))
    monthly = _monthly(dates)
    short = "（没有这一天的月份为最后一天）" if monthly and monthly > SHORTEST else ""
    said = [f"每月 {monthly} 日{short}" if monthly else f"每年 {days}"] if dates else []
    return "；".join([*said, *dict.fromkeys(others)])


def due_in_words(made: Compiled, process: str, due: str) -> str:
    """How long a step of the diagram ``process`` has: every case of its ``due``, its condition in the form's words."""
    if not due.strip():
        return UNTIMED
    tree = readable(due)
    return _Words(made, process).due(tree.body) if tree is not None else "按流程图计算"


def _yearly(cycle: Cycle) -> set[tuple[int, int]] | None:
    """(month, day) of each start of a year, where the years are alike; None otherwise."""
    length = cycle.length
    months = length.years * MONTHS + length.months
    if length.days or length.hours or length.minutes or length.seconds or not months or MONTHS % months:
        return None
    moments = [cycle.moment(n) for n in range(MONTHS // months)]
    if cycle.times is not None or None in moments:
        return None
    here = [clock.local(moment) for moment in moments if moment is not None]
    return {(moment.month, moment.day) for moment in here}


def _monthly(dates: Iterable[tuple[int, int]]) -> int | None:
    """The day on which it starts in every month; of a month that is too short its last one counts as that day."""
    days = dict(dates)
    last = max(days.values(), default=0)
    alike = all(day == last or day >= SHORTEST for day in days.values())
    return last if len(days) == len(set(dates)) == MONTHS and alike else None


def _other(cycle: Cycle) -> str:
    length = cycle.length
    parts = [
        f"{number} {word}"
        for number, word in (
            (length.years, "年"),
            (length.months, "个月"),
            (length.days, "天"),
            (length.hours, "小时"),
            (length.minutes, "分钟"),
        )
        if number
    ]
    times = f"，共 {cycle.times} 次" if cycle.times is not None else ""
    return f"自 {cycle.first.date()} 起每 {' '.join(parts)}一次{times}"


class _Words:
    """Words for expressions over the fields of the forms of one diagram."""

    def __init__(self, made: Compiled, process: str) -> None:
        self._fields: dict[str, Mapping[str, Any]] = {}
        own = [key for key in made.program.user_tasks if key[0] == process]
        for key in (*own, *(key for key in made.program.user_tasks if key[0] != process)):
            for name, schema in made.form_of(*key).fields.items():
                self._fields.setdefault(name, schema)

    def due(self, node: ast.expr) -> str:
        """A due date."""
        if isinstance(node, ast.IfExp):
            return f"{self.condition(node.test)}时，{self.due(node.body)}；其他情况，{self.due(node.orelse)}"
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            *first, last = node.values
            cases = "；".join(f"{self.condition(one)}时，{self.due(one)}" for one in first)
            return f"{cases}；其他情况，{self.due(last)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [one.value if isinstance(one, ast.Constant) else _negative(one) for one in node.args]
            if node.func.id == "working_days" and len(given) == 1 and isinstance(given[0], int):
                return f"{given[0]} 个工作日"
            if node.func.id == "working_days_after" and len(given) == 2 and isinstance(given[1], int):
                day = self.title(node.args[0]) or "起算日"
                count = given[1]
                return f"{day}{'后' if count > 0 else '前'} {abs(count)} 个工作日" if count else f"{day}当日"
            if node.func.id == "today":
                return "当日"
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return f"{node.value} 个工作日"
        title = self.title(node)
        return f"按{title}" if title else "按系统算出的日期"

    def condition(self, node: ast.expr) -> str:
        """When a case of it holds."""
        if isinstance(node, ast.BoolOp):
            return ("且" if isinstance(node.op, ast.And) else "或").join(self.condition(one) for one in node.values)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            title = self.title(node.operand)
            return f"未填{title}" if title else SOMEHOW
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node.left, node.ops[0], node.comparators[0])
        title = self.title(node)
        return f"填了{title}" if title else SOMEHOW

    def _compared(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> str:
        title = self.title(left)
        values = right.elts if isinstance(right, ast.List | ast.Tuple) else [right]
        constants = [one.value for one in values if isinstance(one, ast.Constant)]
        if not title or not isinstance(left, ast.Name) or len(constants) != len(values):
            return SOMEHOW
        said = "或".join(self._choice(left.id, one) for one in constants)
        if isinstance(how, ast.Eq | ast.In):
            return f"{title}为{said}"
        return f"{title}不为{said}" if isinstance(how, ast.NotEq | ast.NotIn) else SOMEHOW

    def title(self, node: ast.expr) -> str:
        """The form's name for the field; empty for what stands in no form."""
        named = self._fields.get(node.id, {}).get("title") if isinstance(node, ast.Name) else None
        return f"“{one_line(named)}”" if named else ""

    def _choice(self, name: str, value: Any) -> str:
        for option in self._fields.get(name, {}).get("oneOf", ()):
            if option.get("const") == value and "title" in option:
                return f"“{option['title']}”"
        if isinstance(value, bool):
            return "“是”" if value else "“否”"
        return "空" if value is None else f"“{value}”"


def _negative(node: ast.expr) -> int | None:
    """The number that stands in a diagram as ``-3``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, int) else None
    return None
