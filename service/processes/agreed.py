"""Dates that people move: a later one that was agreed (延期), and days that stood still (顺延). No database, no clock.

The date of a task is counted by words: those of its diagram, or those kept with the task. A date that is moved has
other kept ones, so that timers, notices on the calendar, 撤回 and migration count on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from service import engine
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions
from service.processes.contexts import as_of
from service.processes.rules import DEFAULT_BASIS
from service.processes.terms import MAX_DAYS

EXTENDED, SHIFTED = "extended", "shifted"
"""The inputs: a task got a later date; the open tasks of a case that was suspended got as many days as it stood."""
MOVING = frozenset({EXTENDED, SHIFTED})

AGREED, STOOD, COUNTED, BASE = "agreed", "stood", "counted", "base"
"""In kept words, beside those of a diagram: whether the date was agreed; the spans of days that stood still, each
``[since, until, working days]``; the words for the date and for its basis without those spans."""

Words = Mapping[str, Any]
ONE_BY_ONE = 8
"""Spans that are counted anew with another calendar; of earlier ones the days stay as they were."""
LONGEST_BASIS = 180


def words_of(properties: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a diagram by which a task's date is counted, with the settings that they ask for."""
    words: dict[str, Any] = {name: properties.get(name) for name in fx.DUE_WORDS}
    asks = any("settings" in (words[name] or "") for name in ("due", "warn"))
    return {**words, "settings": dict(settings) if asks else {}}


def agreed(words: Words, day: date, basis: str) -> dict[str, Any]:
    """The words by which a date is ``day``, because of ``basis``; the light turns yellow as before."""
    own = {name: words[name] for name in ("warn", "settings")}
    return {**own, "due": f"'{day.isoformat()}'", "due_basis": _plain(basis), AGREED: True}


def shifted(words: Words, since: date, until: date, days: int) -> dict[str, Any]:
    """The words by which a date comes as many working days later as there are after ``since`` up to ``until``."""
    return with_spans(words, [*words.get(STOOD, ()), [since.isoformat(), until.isoformat(), days]])


def with_spans(words: Words, spans: list[list[Any]]) -> dict[str, Any]:
    """Words without spans, or with other ones, with these."""
    counted, base = words.get(COUNTED, words["due"]), words.get(BASE, words["due_basis"])
    fixed = sum(span[2] for span in spans[:-ONE_BY_ONE])
    terms = [str(fixed)] if fixed else []
    terms += [f"working_days_between('{since}', '{until}')" for since, until, _ in spans[-ONE_BY_ONE:]]
    due, whole = f"working_days_after({counted}, {' + '.join(terms)})", sum(span[2] for span in spans)
    if whole > MAX_DAYS:  # more than is counted at once: the days as they were, one part after the other
        due = counted
        for done in range(0, whole, MAX_DAYS):
            due = f"working_days_after({due}, {min(MAX_DAYS, whole - done)})"
    told = f"{base or DEFAULT_BASIS}；挂起 {whole} 个工作日，期限顺延"
    kept = {name: words[name] for name in ("warn", "settings", AGREED) if name in words}
    return {
        **kept,
        "due": due,
        "due_basis": told if len(told) <= LONGEST_BASIS else base,
        COUNTED: counted,
        BASE: base,
        STOOD: spans,
    }


def standing_words(words: Words | None) -> bool:
    """Whether these words hold whatever version the case goes on by: people have agreed on the date."""
    return words is not None and bool(words.get(AGREED))


def spans_of(words: Words | None) -> list[list[Any]]:
    """The spans of days that stood still, in these words."""
    return list(words.get(STOOD, ())) if words is not None else []


def words_after(
    said: Mapping[str, Any],
    kind: str,
    task: str | None,
    made: Compiled,
    settings: Mapping[str, Any],
    places: Mapping[str, tuple[str, str]],
    due: Mapping[str, Mapping[str, Any]],
    kept: Mapping[str, Words],
) -> dict[str, dict[str, Any]]:
    """Task → the words by which its date is counted after the input ``kind`` with the data ``said``.

    ``places`` are the open tasks, each with its diagram and its id there, ``due`` their dates, ``kept`` the words of
    those that are not counted by the diagram's. Of an agreed date the task's alone; of days that stood still those of
    every open task that has a date.
    """

    def words(task_id: str) -> Words:
        if task_id in kept:
            return kept[task_id]
        return words_of(made.program.user_tasks[places[task_id]].properties, settings)

    if kind == EXTENDED:
        if task not in places:
            return {}
        return {str(task): agreed(words(str(task)), date.fromisoformat(said["due_on"]), said["basis"])}
    since, until = date.fromisoformat(said["since"]), date.fromisoformat(said["until"])
    dated = [task_id for task_id in sorted(places) if due[task_id]["due_on"] is not None]
    return {task_id: shifted(words(task_id), since, until, said["days"]) for task_id in dated}


def land(
    made: Compiled,
    state: str,
    said: Mapping[str, Any],
    kind: str,
    kept: Mapping[str, Words],
    days: DayFunctions,
    context: engine.Context,
) -> engine.Landing:
    """Where the case stands with the timers as ``kept`` has them: the words of all its tasks after the input."""
    given = replace(context, kept=kept)
    stood = (said["since"], said["until"]) if kind == SHIFTED else None
    return engine.recompute(made.program, state, as_of(days.calendar, given), given, stood)


def effects(
    made: Compiled,
    landing: engine.Landing,
    words: Mapping[str, Words],
    entered: Mapping[str, datetime],
    due: Mapping[str, Mapping[str, Any]],
    notice: str,
    days: DayFunctions,
    rules: int,
) -> list[fx.Effect]:
    """The dates that move to those of ``words``, each with its words, and the seal of the state."""
    found = []
    for task_id, told in words.items():
        opened = landing.open_tasks[task_id]
        properties = made.program.user_tasks[opened.process, opened.task].properties
        new = fx.due_of(properties, opened, DayFunctions(days.calendar, entered[task_id]), told, rules=rules)
        found.append(fx.Effect(fx.DUE_CHANGED, {**fx.changed(due[task_id], new, notice), "kept": dict(told)}, task_id))
    return [*found, fx.Effect(fx.ADVANCED, fx.sealed(landing))]


def _plain(text: str) -> str:
    """Nothing in it is taken for a value of the case."""
    return text.replace("{", "（").replace("}", "）")[:LONGEST_BASIS]
