"""The effects of an advance on the world, as plain values: the same code makes them when it happens and on replay."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from service import engine
from service.auth.holders import key_of
from service.engine.expressions import as_date, kind_of
from service.errors import Incident
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions
from service.processes.rules import DEFAULT_BASIS, DEFAULT_WARN, LEADER, PERSON, USUAL_TERM, candidate, slot_of
from service.processes.told_texts import day_facts, told_text
from service.workdays import Calendar

ENTERED, CANCELLED, ENDED, ADVANCED = "entered", "cancelled", "ended", "advanced"
LONGEST_NAME = 200
DUE_CHANGED, REOPENED, RENEWED = "due_changed", "reopened", "renewed"
EFFECTS = frozenset({ENTERED, CANCELLED, ENDED, ADVANCED, DUE_CHANGED, REOPENED, RENEWED})
DUE = ("due_on", "warn_on", "provisional", "basis", "explanation")
"""The fields of an effect about a task's date."""
DUE_WORDS = ("due", "warn", "due_basis")
"""The words of a diagram by which a date is counted and explained."""
FACTS = ("process", "task", "name", "scope", "stage", "role", "unit", "slot", "paused")
"""The fields of an effect about a task itself, beside ``leader`` and ``person``."""


class Effect(NamedTuple):
    """One effect event. ``task`` is the id of the user task it is about."""

    kind: str
    data: Mapping[str, Any]
    task: str | None = None


def effects_of(
    compiled: Compiled,
    frame: Mapping[str, Any],
    before: frozenset[str],
    completed: str | None,
    landing: engine.Landing,
    days: DayFunctions,
    rules: int = engine.RULES,
) -> list[Effect]:
    """Tasks entered and cancelled, the end, and the state's seal. ``before``: the ids of tasks open until now;
    ``rules``: those of the input (engine.RULES)."""
    found = [
        Effect(CANCELLED, {}, task_id)
        for task_id in sorted(before)
        if task_id not in landing.open_tasks and task_id != completed
    ]
    for task_id, opened in landing.open_tasks.items():
        if task_id not in before:
            found.append(Effect(ENTERED, entered(compiled, frame, opened, days, rules), task_id))
    if landing.completed and landing.end is not None:
        name = compiled.program.names.get((compiled.program.key, landing.end), landing.end)
        found.append(Effect(ENDED, {"end": landing.end, "name": name}))
    found.append(Effect(ADVANCED, sealed(landing)))
    return found


def sealed(landing: engine.Landing) -> dict[str, Any]:
    """The state's digest, the path that was passed, and the timers that wait."""
    return {
        "state": hashlib.sha256(landing.state.encode()).hexdigest(),
        "passed": [[step.process, step.scope, step.node, step.source] for step in landing.passed],
        "timers": [
            [timer.id, timer.event, timer.fire_at.isoformat(), timer.task]
            for timer in sorted(landing.timers.values(), key=lambda one: one.id)
        ],
    }


def entered(
    compiled: Compiled,
    frame: Mapping[str, Any],
    opened: engine.OpenTask,
    days: DayFunctions,
    rules: int = engine.RULES,
) -> dict[str, Any]:
    """The facts fixed when a user task opens: its name, who may take it, by when, and why by then."""
    properties = compiled.program.user_tasks[opened.process, opened.task].properties
    return {**facts_of(compiled, frame, opened, days, rules), **due_of(properties, opened, days, rules=rules)}


def facts_of(
    compiled: Compiled,
    frame: Mapping[str, Any],
    opened: engine.OpenTask,
    days: DayFunctions,
    rules: int = engine.RULES,
) -> dict[str, Any]:
    """The facts of a user task but its date: its name, its stage, who may take it, whose share of the case it is.

    In a slot that its diagram names, the name stands with the task's: nobody could tell such tasks apart otherwise.
    """
    info = compiled.program.user_tasks[opened.process, opened.task]
    properties = info.properties
    wanted = properties.get("candidates", "")
    kind, _, expression = wanted.partition(":")
    value = _value(expression, opened, days) if expression else None
    lane = None if info.inherited and rules == 1 else info.lane
    role, unit = candidate(properties, lane, frame.get("scopes", {}), opened.data, value)
    title = compiled.program.slot_titles.get(opened.process)
    slot_name = str(_value(title, opened, days) or "") if title else ""
    return {
        "process": opened.process,
        "task": opened.task,
        "name": f"{info.name}：{slot_name}"[:LONGEST_NAME] if slot_name else info.name,
        "scope": opened.scope,
        "stage": properties.get("stage"),
        "role": role,
        "unit": unit,
        **({"leader": _leader(opened, value)} if kind == LEADER else {}),
        **({"person": _person(opened, value)} if kind == PERSON else {}),
        "slot": slot_of(opened.data.get("unit"), slot_name) if opened.scope else None,
        "paused": properties.get("clock") == "paused",
    }


def due_of(
    properties: Mapping[str, str],
    opened: engine.OpenTask,
    days: DayFunctions,
    kept: Mapping[str, Any] | None = None,
    *,
    rules: int = engine.RULES,
) -> dict[str, Any]:
    """The due date as of ``days``, when the light turns yellow, whether it is provisional, and the explanation.

    ``kept`` are the words of an earlier version by which the date of a migrated task stays counted.
    """
    if kept is not None:
        properties = {name: kept[name] for name in DUE_WORDS if kept[name] is not None}
        opened = replace(opened, data={**opened.data, "settings": kept["settings"]})
    day = as_date(_value(properties["due"], opened, days)) if properties.get("due") else None
    if day is None:
        return {"due_on": None, "warn_on": None, "provisional": False, "basis": None, "explanation": {}}
    counted = days.explain(day)
    warn = _value(properties["warn"], opened, days) if properties.get("warn") else _usual_warn(day, days, rules)
    if isinstance(warn, bool) or not isinstance(warn, int):
        raise Incident(f"步骤 {opened.task} 的预警天数 {properties['warn']} 得到的是{kind_of(warn)}，应为整数")
    return {
        "due_on": day.isoformat(),
        "warn_on": days.calendar.add(day, -warn).due.isoformat(),
        "provisional": counted.provisional if counted is not None else days.calendar.is_provisional(day),
        "basis": _basis(properties, opened, days, day, rules),
        "explanation": counted.to_data() if counted is not None else _named(day),
    }


def _usual_warn(day: date, days: DayFunctions, rules: int) -> int:
    """Working days of warning where the diagram says none: three of seven, as many of a shorter term (1 day: none)."""
    if rules < 7:
        return DEFAULT_WARN
    return min(DEFAULT_WARN, max(0, days.calendar.between(days.today, day)) * DEFAULT_WARN // USUAL_TERM)


def _basis(properties: Mapping[str, str], opened: engine.OpenTask, days: DayFunctions, day: date, rules: int) -> str:
    """Why by then, in the diagram's words; by the first two rules nothing in them is a value."""
    text = properties.get("due_basis") or DEFAULT_BASIS
    if rules < 3:
        return text
    return told_text(text, {**opened.data, **day_facts(day, days.today, days.calendar)}, days.table())


def due_changes(
    compiled: Compiled,
    landing: engine.Landing,
    entered_at: Mapping[str, datetime],
    calendar: Calendar,
    old: Mapping[str, Mapping[str, Any]],
    notice: str,
    kept: Mapping[str, Mapping[str, Any]],
    rules: int = engine.RULES,
) -> list[Effect]:
    """The due dates of open tasks that ``calendar`` changes, each counted as of when the task was entered (CLOCK).

    ``notice`` is the number of the notice that made the calendar; each change names it. ``kept``: as in ``due_of``.
    """
    found = []
    for task_id, opened in landing.open_tasks.items():
        properties = compiled.program.user_tasks[opened.process, opened.task].properties
        due = due_of(properties, opened, DayFunctions(calendar, entered_at[task_id]), kept.get(task_id), rules=rules)
        before = old.get(task_id, {})
        if rules >= 7 and before.get("due_on") == due["due_on"] and not properties.get("warn"):
            due["warn_on"] = before.get("warn_on")  # it may have been counted by older rules
        if differ(before, due):
            found.append(Effect(DUE_CHANGED, changed(before, due, notice), task_id))
    return found


def differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two dates of a task are not the same for people."""
    return any(old.get(name) != new[name] for name in ("due_on", "warn_on", "provisional"))


def changed(old: Mapping[str, Any], new: Mapping[str, Any], notice: str) -> dict[str, Any]:
    """The effect of a change of a task's date: it is no longer ``old`` but ``new``, because of ``notice``."""
    return {**{name: new[name] for name in DUE}, "old_due_on": old.get("due_on"), "notice": notice}


def is_named(data: Mapping[str, Any]) -> bool:
    """Whether the date of an effect was named by a form and not counted."""
    return bool(data["explanation"].get("named"))


def _named(day: date) -> dict[str, Any]:
    return {"due": day.isoformat(), "named": True, "explanation": []}


def _leader(opened: engine.OpenTask, value: Any) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError as error:
        raise Incident(f"步骤 {opened.task} 的办理人不是领导任职的编号：{value}") from error


def _person(opened: engine.OpenTask, value: Any) -> str:
    if (key := key_of(value)) is None:
        raise Incident(f"步骤 {opened.task} 的办理人不是一个人：{value}")
    return key


def _value(expression: str, opened: engine.OpenTask, days: DayFunctions) -> Any:
    try:
        return engine.evaluate(expression, opened.data, days.table())
    except engine.ExpressionError as error:
        raise Incident(f"步骤 {opened.task} 的名称、期限或办理人无法计算：{error}") from error
