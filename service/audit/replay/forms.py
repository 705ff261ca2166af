"""The form of a step as it lay before the person: its version's schema, what stood in it, what was typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service import clock
from service.audit.replay.steps import Form
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions
from service.processes.fills import templates
from service.processes.told_texts import day_facts, told_form
from service.workdays import Calendar


@dataclass(frozen=True, slots=True)
class FormSeen:
    """A form as somebody saw it. ``data`` is what stood there before anything was typed, ``typed`` what was sent (None:
    nothing was, the step was returned); ``refused`` says why the page gave no form. ``filled`` are the fields that the
    service had filled in, ``lost`` those of which the journal does not say with what."""

    schema: Mapping[str, Any]
    ui_schema: Mapping[str, Any]
    data: Mapping[str, Any]
    typed: Mapping[str, Any] | None
    warnings: Sequence[str]
    refused: str
    filled: Sequence[str] = ()
    lost: Sequence[str] = ()


def form_seen(made: Compiled, form: Form, entered: Mapping[str, Any], calendar: Calendar) -> FormSeen:
    """The form of a step of the version ``made``. ``entered`` are the data that its task was entered with, ``calendar``
    is that of the moment when it was sent."""
    drawn = made.form_of(form.process, form.step)
    due_on = date.fromisoformat(form.due_on) if form.due_on else None
    facts = day_facts(due_on, clock.local(form.entered_at).date(), calendar)
    schema, ui_schema = told_form(drawn, {**entered, **facts}, DayFunctions(calendar, form.entered_at).table())
    filled = {name: value for name, value in (form.filled or {}).items() if name in drawn.fields}
    before = {name: value for name, value in form.before.items() if name in drawn.fields}
    data = drawn.prefill(entered) | filled | before
    lost = sorted(templates(drawn)) if form.filled is None and not before else ()
    return FormSeen(
        {} if drawn.undrawable else schema,
        {} if drawn.undrawable else ui_schema,
        data,
        form.typed,
        form.warnings,
        drawn.undrawable,
        sorted(filled.keys() - before.keys()),
        lost,
    )
