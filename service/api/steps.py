"""Tasks as every answer shows them: what must be done by whom and when, and which units it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from service import clock
from service.api.fields import Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Whole
from service.api.records import Row
from service.processes import queries
from service.processes.filters import STAGE
from service.processes.marking import marks
from service.processes.models import CANCELLED, DONE, OPEN, SUSPENDED, Instance, UserTask
from service.processes.rules import GREEN, GREY, RED, YELLOW, one_line
from service.processes.standing import Marks
from service.processes.subjects import Subject as About
from service.processes.subjects import subjects_of


class Subject(Schema):
    """A unit that a task is about; ``late_days`` and ``urges`` are those of its own ``task`` (null: it has none)."""

    unit = Said(required=True)
    unit_name = Said(required=True, attribute="name")
    late_days = Whole(required=True)
    urges = Whole(required=True)
    task = Id(required=True, allow_none=True)


class Step(Schema):
    """A task: who must do what by when. ``instance`` is the id of its case, ``unit`` a code.

    ``assignee`` is the account that has claimed it, as long as the claim stands. ``stand_in``: nobody can act in its
    role; why, and who does it instead, in words.
    """

    id = Id(required=True)
    task = Said(required=True, metadata={"description": "id of the step in the diagram"})
    name = Said(required=True)
    process = Said(required=True, metadata={"description": "the process, or called process, that the step is of"})
    stage = Said(required=True, allow_none=True, metadata={"description": STAGE})
    instance = Id(required=True)
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    role = Said(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True)
    assignee = Said(required=True, allow_none=True)
    stand_in = Said(required=True, allow_none=True)
    entered_at = Moment(required=True)
    due_on = Day(required=True, allow_none=True)
    first_due_on = Day(
        required=True, allow_none=True, metadata={"description": "the date that it first had; due_on is the one agreed"}
    )
    asked_due_on = Day(
        required=True, allow_none=True, metadata={"description": "the later date that its unit asks for (延期)"}
    )
    due_provisional = Flag(required=True)
    light = Choice(GREEN, YELLOW, RED, GREY, required=True)
    status = Choice(OPEN, DONE, CANCELLED, required=True)
    revision = Whole(required=True)
    about = List(Nested(Subject), required=True, metadata={"description": "units that somebody else decides about"})


def steps(session: Session, instance: Instance, rows: Sequence[UserTask]) -> list[Row]:
    """Tasks of ``instance`` as the shape ``Step``; a fixed number of statements."""
    return steps_of(session, [(row, instance) for row in rows], marks(session, rows, clock.today()))


def steps_of(session: Session, rows: Sequence[tuple[UserTask, Instance]], marked: Marks) -> list[Row]:
    """Tasks, each with its case, as the shape ``Step``; ``marked`` are theirs. A fixed number of statements."""
    today = clock.today()
    subjects = subjects_of(session, [task for task, _ in rows], today=today)
    return [_step(task, instance, subjects.get(task.id, ()), marked, today) for task, instance in rows]


def _step(task: UserTask, instance: Instance, subjects: Sequence[About], marked: Marks, today: date) -> Row:
    absence = marked.absences.get(task.id)
    return Row(
        task,
        name=one_line(task.name),
        instance=instance.id,
        number=instance.number,
        title=instance.title,
        assignee=marked.holder(task),
        stand_in=absence.words if absence is not None else None,
        light=queries.light_of(task, today, suspended=instance.status == SUSPENDED),
        about=subjects,
    )
