"""The answers of the units that a task decides on: it stands above the form, so that nobody decides unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.http.context import actor, db
from service.processes.clocks import handed_back
from service.processes.models import DONE, Instance, UserTask
from service.processes.subjects import Subject
from service.processes.versions import find_versions
from service.processes.visibility import seen
from service.usecases.names import Line, Names


@dataclass(frozen=True, slots=True)
class Reply:
    """How one unit stands: its own task in the slot (None where it has none), and what it filled in there.

    ``part`` is 主办 or 协办 where the case has a unit that leads. ``late_days`` are as of today. A
    ``handed_back`` need was not answered.
    """

    unit: str
    part: str
    task: UserTask | None
    late_days: int
    lines: Sequence[Line]
    handed_back: bool


def replies(task: UserTask, subjects: Sequence[Subject], names: Names) -> list[Reply]:
    """The answers of the units that ``task`` is about, in the order of the slots."""
    found = []
    instance = db().get_one(Instance, task.instance_id)
    shown, versions = seen(db(), instance, actor()), find_versions(db(), instance)
    for subject in subjects:
        own = db().get(UserTask, subject.task) if subject.task is not None else None
        lines: Sequence[Line] = ()
        if own is not None and own.status == DONE and own.submitted:
            form = versions.at(own.completed_seq or 0).form_of(own.process, own.task)
            lines = names.lines(form, shown.of_task(own, own.submitted))
        gone = own is not None and own.status == DONE and handed_back(own)
        found.append(Reply(subject.name, _part(task, own, subject), own, subject.late_days, lines, gone))
    return found


def _part(task: UserTask, own: UserTask | None, subject: Subject) -> str:
    """A unit to which the slot was handed on (改派) has the part of the one for which it was opened."""
    lead = (own or task).data.get("lead_unit")
    if not isinstance(lead, str):
        return ""
    return "主办" if lead == (subject.opened_for or subject.unit) else "协办"
