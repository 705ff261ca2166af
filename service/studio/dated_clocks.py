"""The clocks of a case before and after a move: 到期, 预警, and those of its timers (提醒, 催办, 通报).

A clock is told by the step on which it runs and by the words of the drawing, never by whose share of the case it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from service import clock, engine
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.models import Timer, UserTask
from service.processes.moves import Known
from service.processes.rules import one_line

DUE, WARN, RINGS = "due", "warn", "timer"
NAMES: Mapping[str, str] = {DUE: "到期", WARN: "预警（转黄）"}

Key = tuple[str, str]
"""A kind of clock, and the id of its task or timer."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: the ``step`` on which it runs and the id of its ``task`` ('' of none), its ``name``, and its day or
    moment (aware)."""

    step: str
    task: str
    kind: str
    name: str
    at: date | datetime | None


Clocks = Mapping[Key, Clock]


def of_rows(tasks: Iterable[UserTask], timers: Iterable[Timer], made: Compiled) -> dict[Key, Clock]:
    """The clocks of a case as its rows have them: open tasks, waiting timers."""
    found: dict[Key, Clock] = {}
    steps: dict[str, str] = {}
    for row in tasks:
        steps[str(row.id)] = step = step_of(made, row.process, row.task)
        found |= _dated(str(row.id), step, row.due_on, row.warn_on)
    for timer in timers:
        task, name = str(timer.task_id), name_of(made, timer.process, timer.event, timer.name)
        found[RINGS, str(timer.id)] = _timed(steps, task, name, timer.fire_at)
    return found


def of_landing(
    landing: engine.Landing, known: Mapping[str, Known], found: Iterable[fx.Effect], made: Compiled
) -> dict[Key, Clock]:
    """The clocks of a case where it would land, by the effects that tell of its dates."""
    told = {one.task: one.data for one in found if one.kind == fx.DUE_CHANGED}
    clocks: dict[Key, Clock] = {}
    steps: dict[str, str] = {}
    for task_id, opened in landing.open_tasks.items():
        due = told.get(task_id, known[task_id].due)
        steps[task_id] = step = step_of(made, opened.process, opened.task)
        clocks |= _dated(task_id, step, *(_day(due[name]) for name in ("due_on", "warn_on")))
    for timer_id, timer in landing.timers.items():
        name = name_of(made, timer.process, timer.event, timer.name)
        clocks[RINGS, timer_id] = _timed(steps, timer.task or "", name, timer.fire_at)
    return clocks


def moved(before: Clocks, after: Clocks, now: datetime) -> list[dict[str, Any]]:
    """The clocks that are elsewhere ``after``, task by task, each ``{step, task, kind, clock, from, to, now}``.

    ``from`` and ``to`` are days, or moments in Shanghai (null: there is none); ``now``: it would be over at once.
    """
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        was, would = (one.at if one is not None else None for one in (old, new))
        told = new or old
        if told is None or was == would:
            continue
        over = _over(would, now) and not _over(was, now)
        said = {"step": told.step, "task": told.task, "kind": told.kind, "clock": told.name}
        found.append({**said, "from": _text(was), "to": _text(would), "now": over})
    order = {DUE: 0, WARN: 1, RINGS: 2}
    return sorted(found, key=lambda one: (one["step"], one["task"], order[one["kind"]], one["to"] or "", one["clock"]))


def in_words(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same as sentences, one a task: its date first, and then each clock that follows it. Tasks side by side of
    which the same is to be said are told once."""
    tasks: dict[tuple[str, str], list[str]] = {}
    for one in found:
        tasks.setdefault((one["step"], one["task"]), []).append(_sentence(one))
    alike = Counter((step, "；".join(told)) for (step, _task), told in tasks.items())
    return [
        f"{f'「{step}」' if step else ''}{f'（{count} 份，每份）' if count > 1 else ''}{told}"
        for (step, told), count in alike.items()
    ]


def name_of(made: Compiled, process: str, event: str, name: str) -> str:
    """The words for a timer: what it brings and when, as the drawing says both."""
    brings = made.program.brings.get((process, event), "")
    return f"{one_line(brings)}（{one_line(name)}）" if brings else one_line(name)


def step_of(made: Compiled, process: str, task: str) -> str:
    """The words of the drawing for a step."""
    return one_line(made.program.names.get((process, task), task))


def _sentence(one: Mapping[str, Any]) -> str:
    was, would = (_said(one[end]) for end in ("from", "to"))
    if one["kind"] == DUE:
        late = "，立即超期" if one["now"] else ""
        return f"期限由 {was or '不计时'} 变为 {would or '不计时'}{late}"
    over = ("，立即转黄" if one["kind"] == WARN else "，立即触发") if one["now"] else ""
    if not was or not would:
        return f"{'取消' if was else '新增'}{one['clock']}（{was or would}{over}）"
    return f"{one['clock']}由 {was} 变为 {would}{over}"


def _said(text: str | None) -> str:
    """A day, or a moment to the minute, as people read it."""
    return text.replace("T", " ")[:16] if text else ""


def _over(at: date | datetime | None, now: datetime) -> bool:
    if at is None:
        return False
    return at <= now if isinstance(at, datetime) else at < clock.local(now).date()


def _text(at: date | datetime | None) -> str | None:
    if at is None:
        return None
    return clock.local(at.astimezone(UTC)).isoformat() if isinstance(at, datetime) else at.isoformat()


def _dated(task_id: str, step: str, due: date | None, warn: date | None) -> dict[Key, Clock]:
    both = ((DUE, due), (WARN, warn))
    return {(kind, task_id): Clock(step, task_id, kind, NAMES[kind], day) for kind, day in both}


def _timed(steps: Mapping[str, str], task: str, name: str, at: datetime) -> Clock:
    return Clock(steps.get(task, ""), task if task in steps else "", RINGS, name, at)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
