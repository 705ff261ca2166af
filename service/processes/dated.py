"""Dates that contradict each other or the course of the case, in the form's own words (``x-dates``).

A rule compares a date of the form with another day: a date of this form, one that the case knows, the day on which a
step was last done, or today. Values that cannot be right are refused; doubtful ones are warned of, recorded and not
stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.engine.expressions import as_date
from service.errors import Finding
from service.processes.forms import Form
from service.processes.models import DONE, UserTask
from service.processes.terms import KEYWORD, STEP, TODAY


@dataclass(frozen=True, slots=True)
class DateRule:
    """``value`` must not be earlier (``before``) or later than ``other``, moved by ``days``; said at ``field``.

    ``value`` and ``other`` name a day: ``today``, ``step:<task>``, or a field of this form or of the case's data.
    """

    field: str
    value: str
    other: str
    before: bool
    days: int
    message: str
    refuse: bool

    @property
    def names(self) -> tuple[str, str]:
        """The two days that are compared."""
        return self.value, self.other

    def says(self, days: Mapping[str, date]) -> str | None:
        """The message, where both days are known and the rule is broken."""
        value, other = days.get(self.value), days.get(self.other)
        if value is None or other is None:
            return None
        try:
            limit = other + timedelta(days=self.days)
        except OverflowError:
            return None
        broken = value < limit if self.before else value > limit
        return self.message.replace("{date}", other.isoformat()) if broken else None


def rules_of(schema: Mapping[str, Any]) -> list[DateRule]:
    """The rules of a form that has passed the checks."""
    return [
        DateRule(
            field=str(one["field"]),
            value=str(one.get("value") or one["field"]),
            other=str(one.get("not_before") or one.get("not_after")),
            before="not_before" in one,
            days=int(one.get("days") or 0),
            message=str(one["message"]),
            refuse=one.get("refuse") is True,
        )
        for one in schema.get(KEYWORD, ())
    ]


def known_days(session: Session, form: Form, task: UserTask | None, today: date) -> dict[str, date]:
    """The days that a form's rules compare with, as far as the case knows them; at most one statement.

    Of a step the newest time counts: that of the task's own slot where it was done there.
    """
    if task is None:
        return days_known(form, {}, today, _none_done)
    return days_known(form, task.data, today, lambda steps: _done(session, task, steps))


Done = Callable[[Collection[str]], Iterable[tuple[str, bool, datetime | None]]]
"""Of the steps asked for (ids): each time that one was done, and whether in the task's own slot."""


def days_known(form: Form, data: Mapping[str, Any], today: date, done: Done) -> dict[str, date]:
    """The same, of a task that was entered with ``data``."""
    wanted = {name for rule in rules_of(form.schema) for name in rule.names}
    found = {TODAY: today} if TODAY in wanted else {}
    found |= {name: day for name in wanted - {TODAY} if (day := as_day(data.get(name))) is not None}
    steps = {name.removeprefix(STEP): name for name in wanted if name.startswith(STEP)}
    return found | _done_on(steps, done)


def _none_done(_steps: Collection[str]) -> Iterable[tuple[str, bool, datetime | None]]:
    return ()


def broken_rules(form: Form, data: Mapping[str, Any], known: Mapping[str, date]) -> Iterator[tuple[DateRule, str]]:
    """Each rule that the filled form breaks, with what it says.

    The values of this form count, not those that the case knew.
    """
    rules = rules_of(form.schema)
    said = {name: day for name in form.fields if (day := as_day(data.get(name))) is not None}
    days = {**{name: day for name, day in known.items() if name not in form.fields}, **said}
    for rule in rules:
        message = rule.says(days)
        if message is not None and rule.field in form.fields:
            yield rule, message


def findings_of(broken: Iterable[tuple[DateRule, str]]) -> list[Finding]:
    """The findings of the refusing rules, one a field."""
    found: dict[str, str] = {}
    for rule, message in broken:
        if rule.refuse:
            found.setdefault(rule.field, message)
    return [Finding(f"/data/{name}", message) for name, message in found.items()]


def page_rules(form: Form, known: Mapping[str, date]) -> list[dict[str, Any]]:
    """The rules for the page's script: each side is a ``field`` of the form or a ``day``; unknown days are left out."""
    found = []
    for rule in rules_of(form.schema):
        sides = [_side(name, form, known) for name in rule.names]
        if None not in sides:
            found.append(
                {
                    "field": rule.field,
                    "value": sides[0],
                    "other": sides[1],
                    "before": rule.before,
                    "days": rule.days,
                    "message": rule.message,
                    "refuse": rule.refuse,
                }
            )
    return found


def as_day(value: Any) -> date | None:
    """A day out of what a form or an action left in the data; None for anything else."""
    try:
        return as_date(value) if isinstance(value, str | date) else None
    except ValueError:
        return None


def _side(name: str, form: Form, known: Mapping[str, date]) -> dict[str, str] | None:
    if name in form.fields:
        return {"field": name}
    return {"day": known[name].isoformat()} if name in known else None


def _done(session: Session, task: UserTask, steps: Collection[str]) -> Iterator[tuple[str, bool, datetime | None]]:
    own = UserTask.scope == task.scope
    query = (
        select(UserTask.task, own, func.max(UserTask.completed_at))
        .where(UserTask.instance_id == task.instance_id, UserTask.task.in_(steps), UserTask.status == DONE)
        .group_by(UserTask.task, own)
    )
    for step, here, at in session.execute(query):
        yield step, bool(here), at


def _done_on(steps: Mapping[str, str], done: Done) -> dict[str, date]:
    found: dict[str, tuple[bool, date]] = {}
    for step, here, at in done(steps.keys()) if steps else ():
        if at is not None and (steps[step] not in found or here):
            found[steps[step]] = (here, clock.local(at).date())
    return {name: day for name, (_, day) in found.items()}
