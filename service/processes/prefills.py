"""The values in a task's form before anybody types: known ones, and those submitted on a step that came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.history import HistoryEvent
from service.processes.fills import proposed
from service.processes.forms import Form
from service.processes.models import DONE, OPEN, UserTask
from service.processes.recording import stream_of
from service.rights import Actor


@dataclass(frozen=True, slots=True)
class Filled:
    """The values in a form before anybody types; of the fields in ``proposed`` the service has worked them out."""

    values: Mapping[str, Any]
    proposed: frozenset[str] = frozenset()


def filled_in(session: Session, task: UserTask, form: Form, doer: Actor | None = None) -> Filled:
    """The values in the form of the task's page: those submitted, also of a step that came back; else those known.

    For ``doer``, who may complete the open step, also what the form is filled with (``x-fill``), unless it was filled
    in before: what somebody emptied does not come back.
    """
    if task.status == DONE and task.submitted is not None:
        return Filled(task.submitted)
    shown = form.prefill(task.data)
    if task.status != OPEN:
        return Filled(shown)
    before = {name: value for name, value in _submitted_before(session, task).items() if name in form.fields}
    if before or doer is None:
        return Filled(shown | before)
    found = proposed(session, form, task.data, doer, task=task)
    fresh = {name: value for name, value in found.items() if shown.get(name) in (None, "", [])}
    return Filled(shown | fresh, frozenset(fresh))


def _submitted_before(session: Session, task: UserTask) -> Mapping[str, Any]:
    """The values submitted on an open step before it was taken back (撤回) or returned (退回); nothing on a new one.

    A step that the diagram leads to again is a new one: its decisions are taken anew.
    """
    event = session.execute(
        select(HistoryEvent.kind, HistoryEvent.data)
        .where(
            HistoryEvent.stream == stream_of(task.instance_id),
            or_(
                (HistoryEvent.kind == "completed") & (HistoryEvent.task == str(task.id)),
                (HistoryEvent.kind == "returned") & (HistoryEvent.seq == task.entered_seq),
            ),
        )
        .order_by(HistoryEvent.seq.desc())
        .limit(1)
    ).first()
    if event is None:
        return {}
    kind, data = event
    if kind == "completed":
        found: Mapping[str, Any] = data["data"]
        return found
    earlier = select(UserTask.submitted).where(
        UserTask.instance_id == task.instance_id,
        UserTask.scope == task.scope,
        UserTask.task == task.task,
        UserTask.status == DONE,
    )
    return session.scalar(earlier.order_by(UserTask.completed_seq.desc()).limit(1)) or {}
