"""Replay 回放: an instance step by step, as its journal tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from service.api.calls import Calls
from service.api.fields import Flag, Form, Id, List, Moment, Nested, Said, Schema, Value, Whole
from service.api.instances import BEHALF
from service.api.records import Row
from service.audit.replay import case_replay
from service.audit.replay.cases import CaseReplay, Shown
from service.audit.replay.changes import fields_then
from service.audit.replay.forms import FormSeen
from service.audit.replay.steps import Happened
from service.http.context import actor, db

calls = Calls("instances", "Instances (需求 and other cases)", noun="replay")


class ReplayChange(Schema):
    """A value of the case's data that changed. ``title`` is that of its form's field, where a form has it."""

    path = Said(required=True)
    title = Said(required=True, allow_none=True)
    old = Value(required=True, allow_none=True, data_key="from", attribute="old")
    new = Value(required=True, allow_none=True, data_key="to", attribute="new")


class ReplayDueChange(Schema):
    """A date that the step set, moved or left: ``why`` is set, calendar, migrated, taken_back, extended (延期) or
    shifted (顺延); see ``notice``."""

    task = Id(required=True)
    name = Said(required=True)
    unit = Said(required=True, allow_none=True)
    old = Said(required=True, allow_none=True, data_key="from", attribute="old")
    new = Said(required=True, allow_none=True, data_key="to", attribute="new")
    moved = Flag(required=True)
    provisional = Flag(required=True)
    why = Said(required=True)
    notice = Said(required=True)
    basis = Said(required=True, allow_none=True)
    explanation = Form(required=True)


class ReplayFile(Schema):
    """A file of the case as of the step; ``withdrawn`` is when it was taken back, null while it counts."""

    id = Id(required=True)
    name = Said(required=True)
    size = Whole(required=True, allow_none=True)
    sha256 = Said(required=True)
    by = Said(required=True)
    at = Moment(required=True)
    withdrawn = Moment(required=True, allow_none=True)
    withdrawn_by = Said(required=True, allow_none=True)
    withdrawn_why = Said(required=True, allow_none=True)


class ReplayNotice(Schema):
    """Word that was owed to people: the kind of notice, and whom and what it told, as the journal has it."""

    seq = Whole(required=True)
    template = Said(required=True)
    task = Said(required=True, allow_none=True)
    data = Form(required=True)


class ReplayStep(Schema):
    """Something that somebody or a clock did. ``marking`` is where the tokens stood afterwards: process → elements.

    ``taken_back`` and ``redone`` number the later step that took it back (撤回), or sent its work back (退回).
    """

    seq = Whole(required=True)
    at = Moment(required=True)
    actor = Said(required=True)
    on_behalf_of = Said(required=True, allow_none=True, metadata={"description": BEHALF})
    kind = Said(required=True)
    task = Said(required=True, allow_none=True)
    step = Said(required=True, allow_none=True)
    name = Said(required=True)
    unit = Said(required=True, allow_none=True)
    version = Whole(required=True)
    marking = Form(required=True)
    changes = List(Nested(ReplayChange), required=True)
    due_changes = List(Nested(ReplayDueChange), required=True)
    files = List(Nested(ReplayFile), required=True)
    notices = List(Nested(ReplayNotice), required=True)
    taken_back = Whole(required=True, allow_none=True)
    redone = Whole(required=True, allow_none=True)
    data = Form(required=True)


class ReplayVersion(Schema):
    """A version by which the case ran, from the entry ``seq`` on."""

    seq = Whole(required=True)
    version = Whole(required=True)
    digest = Said(required=True)


class Replay(Schema):
    """All steps of an instance, and the versions that it ran by."""

    steps = List(Nested(ReplayStep), required=True)
    versions = List(Nested(ReplayVersion), required=True)


class OpenThen(Schema):
    """A task that was open after the step."""

    id = Id(required=True)
    process = Said(required=True)
    task = Said(required=True)
    name = Said(required=True)
    stage = Said(required=True, allow_none=True)
    role = Said(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True)
    assignee = Said(required=True, allow_none=True)
    entered_at = Moment(required=True)
    due_on = Said(required=True, allow_none=True)
    due_provisional = Flag(required=True)
    due_basis = Said(required=True, allow_none=True)
    due_explanation = Form(required=True)
    urges = Whole(required=True)


class TimerThen(Schema):
    """A timer that waited after the step."""

    event = Said(required=True)
    name = Said(required=True)
    fire_at = Moment(required=True)


class CopyThen(Schema):
    """Somebody to whom the case was shown."""

    username = Said(required=True)
    sent_by = Said(required=True)
    sent_at = Moment(required=True)


class FormThen(Schema):
    """The form as that person saw it: that version's, what stood in it (``data``), what was sent (``typed``, null where
    nothing was)."""

    schema = Form(required=True)
    ui_schema = Form(required=True)
    data = Form(required=True)
    typed = Form(required=True, allow_none=True)
    warnings = List(Said(), required=True)
    filled = List(
        Said(), required=True, metadata={"description": "fields of data that the service had filled in (x-fill)"}
    )
    lost = List(
        Said(), required=True, metadata={"description": "fields that it fills, with what is not in the journal"}
    )


class StateThen(Schema):
    """How the instance stood after the step."""

    status = Said(required=True)
    stage = Said(required=True, allow_none=True)
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    version = Whole(required=True)
    ended_at = Moment(required=True, allow_none=True)
    end = Said(required=True, allow_none=True)
    end_name = Said(required=True, allow_none=True)
    urges = Whole(required=True)
    data = Form(required=True)
    open_tasks = List(Nested(OpenThen), required=True)
    timers = List(Nested(TimerThen), required=True)
    copies = List(Nested(CopyThen), required=True)
    files = List(Nested(ReplayFile), required=True)


class ReplayedStep(Schema):
    """One step, the state after it, and the form as seen by who took it (null where it has none)."""

    step = Nested(ReplayStep, required=True)
    state = Nested(StateThen, required=True)
    form = Nested(FormThen, required=True, allow_none=True)


@calls.get("/instances/<uuid:instance_id>/replay", answer=Replay)
def replay(instance_id: UUID) -> Mapping[str, Any]:
    """The instance step by step; of a round without what is other units' alone.

    Steps that were taken back or sent back stay among them, marked. A step's ``data`` are what the journal keeps of it.
    """
    found = case_replay(db(), instance_id, actor())
    starts = found.versions.starts
    return {
        "steps": _steps(found, found.shown),
        "versions": [{"seq": seq, "version": version, "digest": digest} for seq, digest, version in starts],
    }


@calls.get("/instances/<uuid:instance_id>/replay/<int:seq>", answer=ReplayedStep)
def replayed_step(instance_id: UUID, seq: int) -> Mapping[str, Any]:
    """The state after the step to which the entry ``seq`` of the journal belongs, with the form as seen."""
    found = case_replay(db(), instance_id, actor())
    shown = found.at(seq)
    form = found.form(shown.step)
    return {"step": _steps(found, [shown])[0], "state": _state(shown.step), "form": form and _form(form)}


def _steps(found: CaseReplay, shown: Iterable[Shown]) -> list[Row]:
    told = []
    for one in shown:
        step = one.step
        fields = fields_then(found.versions.at(step.seq), step) if one.changes else {}
        changes = [
            Row(each, title=(one.filled.get(each.path) or fields.get(each.field, {})).get("title"))
            for each in one.changes
        ]
        told.append(Row(step, marking=_marking(step), changes=changes))
    return told


def _marking(step: Happened) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for process, _, node in step.marking:
        elements = found.setdefault(process, [])
        if node not in elements:
            elements.append(node)
    return found


def _state(step: Happened) -> Row:
    return Row(
        step,
        **{name: step.row[name] for name in _OF_ROW},
        data=step.case,
        open_tasks=[{**row, "due_on": row["due_on"] and row["due_on"].isoformat()} for row in step.tasks.values()],
    )


_OF_ROW = ("status", "stage", "number", "title", "ended_at", "end", "end_name", "urges")
"""The columns of the case's row that a state tells."""


def _form(form: FormSeen) -> Row:
    return Row(form)
