"""Finding the steps of cases that use cases and actions go on with: open ones by place, done ones by round."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from service.processes.models import DONE, IS_OPEN, OPEN, RUNNING, SUSPENDED, Instance, UserTask
from service.processes.rules import one_line


def open_step(session: Session, *, instance_id: UUID | None, step: str, slot: str | None = None) -> UserTask | None:
    """The open task at ``step`` of a case, in the ``slot`` of a unit; None where it does not wait there."""
    if instance_id is None:
        return None
    query = select(UserTask).where(UserTask.instance_id == instance_id, UserTask.task == step, UserTask.status == OPEN)
    if slot is not None:
        query = query.where(UserTask.slot == slot)
    return session.scalars(_oldest(query).limit(1)).first()


def open_step_of(
    session: Session, process: str, *, slot: str, steps: Collection[str], instance_id: UUID | None = None
) -> UserTask | None:
    """The oldest open task at one of ``steps`` in the ``slot`` of a case of ``process`` that goes on; or of that one
    case alone."""
    query = (
        select(UserTask)
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(
            Instance.process == process,
            Instance.status.in_((RUNNING, SUSPENDED)),
            UserTask.slot == slot,
            UserTask.task.in_(steps),
            IS_OPEN,
        )
    )
    if instance_id is not None:
        query = query.where(UserTask.instance_id == instance_id)
    return session.scalars(_oldest(query).limit(1)).first()


def open_step_about(session: Session, step: str, *, record: str, key: str, value: str) -> UserTask | None:
    """The oldest open task at ``step`` of a running case whose data say ``value`` as the ``key`` of ``record``."""
    query = (
        select(UserTask)
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(
            UserTask.task == step,
            IS_OPEN,
            UserTask.data[record][key].as_string() == value,
            Instance.status == RUNNING,
        )
    )
    return session.scalars(_oldest(query).limit(1)).first()


def step_names(session: Session, tasks: Collection[UUID | None]) -> dict[UUID, str]:
    """Task → the name of its step; one statement."""
    query = select(UserTask.id, UserTask.name).where(UserTask.id.in_(tasks))
    return {task: one_line(name) for task, name in session.execute(query)}


def done_steps(session: Session, instances: Collection[UUID], step: str) -> list[UserTask]:
    """The done tasks at ``step`` of these cases, the newest first."""
    query = select(UserTask).where(UserTask.instance_id.in_(instances), UserTask.task == step, UserTask.status == DONE)
    return list(session.scalars(query.order_by(UserTask.completed_at.desc())))


def steps_of_cases(session: Session, instances: Collection[UUID]) -> list[UserTask]:
    """The steps of these cases that are open or done, in the order in which they came; one statement."""
    query = select(UserTask).where(UserTask.instance_id.in_(instances), UserTask.status.in_((OPEN, DONE)))
    return list(session.scalars(query.order_by(UserTask.entered_seq, UserTask.id))) if instances else []


def waiting_of_cases(session: Session, instances: Collection[UUID]) -> list[UserTask]:
    """The open steps of these cases without what they were entered with, those that are due first first; one
    statement."""
    query = select(UserTask).where(UserTask.instance_id.in_(instances), UserTask.status == OPEN)
    lean = (defer(UserTask.data), defer(UserTask.submitted), defer(UserTask.due_explanation))
    ordered = query.order_by(UserTask.due_on.asc().nulls_last(), UserTask.entered_seq, UserTask.id)
    return list(session.scalars(ordered.options(*lean))) if instances else []


def slots_of(session: Session, instance_id: UUID, *, only_open: bool = False) -> list[str]:
    """The slots of a case's tasks, each once; ``only_open``: those in which one waits."""
    query = select(UserTask.slot).where(UserTask.instance_id == instance_id, UserTask.slot.is_not(None)).distinct()
    if only_open:
        query = query.where(UserTask.status == OPEN)
    return [slot for slot in session.scalars(query) if slot is not None]


def _oldest(query: Select[UserTask]) -> Select[UserTask]:
    return query.order_by(UserTask.entered_at, UserTask.id)


def last_due_on(session: Session, instance_id: UUID, scope: str, unit: str) -> date | None:
    """The date of the last dated step of a unit in a called process (``scope``), as it was agreed on (延期) or put off
    (顺延); None where it has had none. One statement."""
    own = select(UserTask.due_on).where(
        UserTask.instance_id == instance_id,
        UserTask.scope == scope,
        UserTask.unit == unit,
        UserTask.due_on.is_not(None),
    )
    return session.scalar(own.order_by(UserTask.entered_at.desc(), UserTask.id.desc()).limit(1))
