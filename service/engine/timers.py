"""Timers that ask no clock: each computes when it is due; that it has fired, it is told (an input)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Any

from dateutil.relativedelta import relativedelta
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
    TimerEventDefinition,
)
from SpiffWorkflow.task import Task

from service import clock
from service.engine.expressions import ExpressionError, as_date, kind_of

_DURATION = re.compile(
    r"P(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?"
)
"""ISO 8601 durations: a month stays a month until it is added to a date."""


def duration_of(text: Any) -> relativedelta | None:
    """An ISO 8601 duration (``P1D``, ``PT4H``); None for anything else."""
    found = _DURATION.fullmatch(text.upper()) if isinstance(text, str) else None
    length = {unit: int(n) for unit, n in found.groupdict().items() if n is not None} if found else {}
    return relativedelta(**length) if length else None


class ArmedTimer:
    """A timer knows when it is due; that it has fired, it is told (an input), so replay needs no clock."""

    expression: str

    def has_fired(self, my_task: Task) -> bool:
        told = my_task.internal_data
        if told.get("event_value") is None:
            moment = self.moment(my_task)
            armed = my_task.workflow.script_engine.environment.now
            told |= {"event_value": moment.isoformat(), "armed_at": armed.isoformat()}
        return bool(told.get("event_fired", False))

    def moment(self, my_task: Task) -> datetime:
        """When the timer is due (aware, UTC). Raises ExpressionError when the expression gives no time."""
        raise NotImplementedError

    def no_time(self, value: Any) -> ExpressionError:
        """The error for an expression that gave ``value``."""
        return ExpressionError(f"定时的表达式 {self.expression} 得到的是{kind_of(value)}，不是日期、时间或时长")

    def value(self, my_task: Task) -> Any:
        engine = my_task.workflow.script_engine
        return engine.evaluate(
            my_task, self.expression, external_context={"due_on": engine.due_of(attached_to(my_task))}
        )


STOOD = "stood"
"""Under what name a timer remembers the spans of days ``[since, until]`` over which its case stood still (顺延)."""


def moment_of(my_task: Task) -> datetime:
    """When a waiting timer is due: as its drawing says, later by the working days over which its case stood still."""
    definition: ArmedTimer = my_task.task_spec.event_definition
    moment = definition.moment(my_task)
    for since, until in my_task._get_internal_data(STOOD, ()):
        local = clock.local(moment)
        beside = {"day": local.date(), "since": since, "until": until}
        later = "working_days_after(day, working_days_between(since, until))"
        day = as_date(my_task.workflow.script_engine.evaluate(my_task, later, external_context=beside))
        if day is None:
            raise definition.no_time(day)
        moment = datetime.combine(day, local.timetz(), tzinfo=clock.SHANGHAI).astimezone(UTC)
    return moment


def stand(my_task: Task, since: str, until: str) -> None:
    """Lets a timer go off later by the days over which its case stood still. One that is drawn by the due date of its
    task moves with that."""
    if not _BY_DUE.search(my_task.task_spec.event_definition.expression):
        my_task._set_internal_data(**{STOOD: [*my_task._get_internal_data(STOOD, ()), [since, until]]})


_BY_DUE = re.compile(r"\bdue_on\b")


class DateTimer(ArmedTimer, TimeDateEventDefinition):
    def moment(self, my_task: Task) -> datetime:
        value = self.value(my_task)
        if isinstance(value, str) and len(value) > len("2026-01-01"):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise self.no_time(value) from error
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=clock.SHANGHAI)).astimezone(UTC)
        day = as_date(value)
        if day is None:
            raise self.no_time(value)
        opening: time = my_task.workflow.script_engine.environment.opening
        return datetime.combine(day, opening, tzinfo=clock.SHANGHAI).astimezone(UTC)


class DurationTimer(ArmedTimer, DurationTimerEventDefinition):
    def moment(self, my_task: Task) -> datetime:
        value = self.value(my_task)
        length = duration_of(value)
        if length is None:
            raise self.no_time(value)
        start: datetime = my_task.workflow.script_engine.environment.now
        end: datetime = clock.local(start) + length
        return end.astimezone(UTC)


class StartTimer(TimerEventDefinition):
    """A start event of a calendar: the service says when (an input), so that replay needs no clock."""

    def has_fired(self, my_task: Task) -> bool:
        return bool(my_task._get_internal_data("event_fired", False))


def attached_to(my_task: Task) -> Task | None:
    """The user task that a boundary event watches; None for any other event."""
    tasks = my_task.workflow.tasks
    split = tasks.get(my_task._parent)
    if split is not None and isinstance(split.task_spec, BoundaryEventSplit):
        for child in split._children:
            if not isinstance(tasks[child].task_spec, BoundaryEvent):
                found: Task = tasks[child]
                return found
    return None
