"""试办: a rehearsal by its steps alone, so that nothing of it is kept on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from service.clock import local
from service.errors import Finding, Invalid, LiaisonError
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions, days_late
from service.processes.rules import one_line
from service.processes.told_texts import day_facts, told_form
from service.rehearsal import Plan, Rehearsal
from service.rehearsal.samples import filled
from service.rehearsal.scenarios import Scenario, Text, first_by, scenario_of, take
from service.rehearsal.scenarios.text import Place
from service.rehearsal.state import OpenStep, State
from service.workdays import Calendar

SECONDS = 10.0
"""So long the steps may take together; people wait for the answer."""


@dataclass(frozen=True, slots=True)
class Offered:
    """An open step with its form as a page shows it: the schemas, and the values that it starts with.

    ``sample`` are values that the form takes, ``back`` the steps (id, name) to which it can be given back.
    """

    step: OpenStep
    schema: Mapping[str, Any]
    ui_schema: Mapping[str, Any]
    prefill: Mapping[str, Any]
    light: str
    late_days: int
    sample: Mapping[str, Any] = field(default_factory=dict)
    back: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """Where the steps lead."""

    state: State
    offered: tuple[Offered, ...]


class _Asked(Text):
    """The steps as a request says them: a finding names its place as a JSON pointer."""

    def finding(self, message: str, *place: str | int) -> Finding:
        return Finding("/" + "/".join(str(part) for part in place), message)


def asked(said: Mapping[str, Any]) -> Scenario:
    """The steps that a request asks for: a scenario without title and expectation. Raises Invalid."""
    return scenario_of(_Asked("", {"title": "试办", **said}, {}))


def tried(made: Compiled, scenario: Scenario, plan: Plan, calendar: Calendar) -> Tried:
    """Takes the steps. Raises Invalid naming the step that does not fit (``/steps/2``, ``/steps/2/data/decision``)."""
    if scenario.calendar:
        raise Invalid("试办用现行的工作日历", [Finding("/calendar", "请删去该项")])
    until = monotonic() + SECONDS
    try:
        rehearsal = Rehearsal(
            made,
            calendar,
            plan,
            scenario.starts,
            by=scenario.by or first_by(scenario),
            data=scenario.data,
            event=scenario.event,
            answers=scenario.answers,
        )
    except LiaisonError as error:
        raise _misfit("不能开始", (), error) from error
    for number, step in enumerate(scenario.steps):
        if monotonic() > until:
            message = f"前 {number} 步已用了 {SECONDS:.0f} 秒，请减少步骤"
            raise Invalid(message, [Finding(f"/steps/{number}", message)])
        try:
            take(rehearsal, step, scenario.fill)
        except LiaisonError as error:
            raise _misfit(f"第 {number + 1} 步不能进行", ("steps", number), error) from error
    return Tried(rehearsal.state, tuple(_offered(rehearsal, one) for one in rehearsal.state.open))


def _misfit(what: str, place: Place, error: LiaisonError) -> Invalid:
    at = "".join(f"/{part}" for part in place)
    inner = [Finding(at + (one.path if one.path.startswith("/") else ""), one.message) for one in error.findings]
    return Invalid(f"{what}：{error.message}", inner or [Finding(at or "/starts", error.message)])


def _offered(rehearsal: Rehearsal, step: OpenStep) -> Offered:
    form, today = rehearsal.made.form_of(step.process, step.task), rehearsal.today
    late = days_late(rehearsal.calendar, step.due_on, today)
    back = _ways_back(rehearsal, step)
    if form.undrawable:
        return Offered(step, {}, {}, {}, step.light(today), late, back=back)
    prefill = form.prefill(step.data)
    sample = filled(
        form,
        prefill,
        known=step.data,
        today=today,
        calendar=rehearsal.calendar,
        units=rehearsal.plan.units,
    )
    facts = day_facts(step.due_on, local(step.entered_at).date(), rehearsal.calendar)
    days = DayFunctions(rehearsal.calendar, step.entered_at).table()
    schema, ui_schema = told_form(form, {**step.data, **facts}, days)
    return Offered(step, schema, ui_schema, prefill, step.light(today), late, sample, back)


def _ways_back(rehearsal: Rehearsal, step: OpenStep) -> tuple[tuple[str, str], ...]:
    program, done = rehearsal.made.program, rehearsal.state.done
    targets = program.ways_back.get((step.process, step.task), ())
    there = [one for one in targets if any(past.task == one and past.scope == step.scope for past in done)]
    return tuple((one, one_line(program.user_tasks[step.process, one].name)) for one in there)
