"""The values in a task's form before anybody types: known ones, and those submitted on a step that came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.history import HistoryEvent
from service.processes.forms import Form
from service.processes.models import DONE, OPEN, UserTask
from service.processes.recording import stream_of


def filled_in(session: Session, task: UserTask, form: Form) -> dict[str, Any]:
    """The values in the form of the task's page: those submitted, also of a step that came back; else those known."""
    if task.status == DONE and task.submitted is not None:
        return task.submitted
    shown = form.prefill(task.data)
    if task.status == OPEN:
        before = _submitted_before(session, task)
        shown |= {name: value for name, value in before.items() if name in form.fields}
    return shown


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
