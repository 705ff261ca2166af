"""The fixed words of diagrams and forms, by themselves: what checks a definition is loaded in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

STAGES: Mapping[str, str] = {
    "intake": "受理",
    "dispatch": "派单",
    "handling": "办理",
    "supervision": "督办",
    "feedback": "反馈",
}

STATUSES: Mapping[str, str] = {
    "running": "在办",
    "suspended": "已挂起",
    "completed": "已办结",
    "terminated": "已终止",
}
"""The names for the state of a case, on every page, list and export."""

ABOUT, SLOTS = "about", "slots:"
"""The property of a user task that says which units it is about; what stands there before a condition over slots."""

LEADER, UNIT = "leader", "unit"
"""The words before the colon of ``candidates``: the holder of one leader's post, the people of one unit."""

TYPES: Mapping[str, str] = {
    "string": "文字",
    "boolean": "是或否",
    "integer": "整数",
    "number": "数字",
    "array": "列表",
    "object": "对象",
    "null": "空",
}
"""The names that people use for the types of a JSON Schema."""

MAX_DAYS = 1000
"""Working days that an expression may count from a date."""

KEYWORD, TODAY, STEP = "x-dates", "today", "step:"
"""Under what word a form compares dates, and what may name a day there besides a field."""
