"""延期: the requests of units for a later date, and what the Talent Office answers."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db
from service.processes import extensions
from service.web.access import requires
from service.web.answers import done, sent, text
from service.web.present import day

blueprint = Blueprint("extensions", __name__)


@blueprint.post("/tasks/<uuid:task_id>/extension")
@requires()
def ask(task_id: UUID) -> ResponseReturnValue:
    """申请延期."""
    fields = sent()
    due_on, reason = text(fields, "due_on"), text(fields, "reason")
    extensions.ask(db(), task_id=task_id, due_on=due_on, reason=reason, actor=actor(), now=clock.now())
    return done("已申请延期，请候区人才办审批；批准前仍按现在的期限办理。", _task(task_id))


@blueprint.post("/tasks/<uuid:task_id>/extension/withdraw")
@requires()
def withdraw(task_id: UUID) -> ResponseReturnValue:
    """撤销申请."""
    extensions.drop(db(), task_id=task_id, actor=actor(), now=clock.now())
    return done("已撤销延期申请，期限不变。", _task(task_id))


@blueprint.post("/tasks/<uuid:task_id>/extension/agree")
@requires()
def agree(task_id: UUID) -> ResponseReturnValue:
    """同意延期, on the date asked for or another one."""
    fields = sent()
    found = extensions.extend(
        db(),
        task_id=task_id,
        due_on=text(fields, "due_on"),
        reason=text(fields, "reason"),
        asked_by=text(fields, "asked_by"),
        actor=actor(),
        now=clock.now(),
    )
    return done(f"已同意延期，期限改为 {day(found.due_on)}；原期限仍然留存。", _task(task_id))


@blueprint.post("/tasks/<uuid:task_id>/extension/refuse")
@requires()
def refuse(task_id: UUID) -> ResponseReturnValue:
    """不同意延期."""
    extensions.refuse(db(), task_id=task_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已答复不同意延期，期限不变。", _task(task_id))


def _task(task_id: UUID) -> str:
    return url_for("web.tasks.task", task_id=task_id)
