"""The steps of a replayed case as the activities of an event log. Pure.

A user task gives two: it starts when it comes to people, and is complete when they have done it. A completion that was
taken back later (撤回) is an abort, so that whoever counts completions counts what stands; a task that ended without an
answer (退回, cancelled) is one as well. A step that was done and then sent back (退回) was done: it is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from service.audit.replay.fold import ATTACHED, WITHDRAWN
from service.audit.replay.steps import Happened, Row
from service.ledger.case_record import PRINTED
from service.ledger.circulars import ISSUED
from service.ledger.sheet import CONVENE, DECISION, MINUTES, TOPIC
from service.processes.bundles import Compiled
from service.processes.rules import one_line

START, ASSIGN, REASSIGN, COMPLETE, ABORT = "start", "assign", "reassign", "complete", "ate_abort"
"""Transitions of the lifecycle of XES."""
COUNTS, TAKEN_BACK, REDONE = "counts", "taken_back", "redone"
"""Whether the completion of a step counts: taken back it does not, redone it was done again after a return."""

ON_TASK: Mapping[str, str] = {"claimed": ASSIGN, "reassigned": REASSIGN, "completed": COMPLETE}
"""Kinds of entries about an open task, each with its transition."""
BESIDE: Mapping[str, str] = {
    "started": "发起",
    "returned": "退回",
    "taken_back": "撤回",
    "urged": "催办",
    "acknowledged": "签收",
    ISSUED: "通报",
    "numbered": "给号",
    "extension_asked": "申请延期",
    "extension_refused": "不同意延期",
    "extension_dropped": "撤销延期申请",
    "extended": "同意延期",
    "shifted": "期限顺延",
    "suspended": "挂起",
    "resumed": "恢复办理",
    "terminated": "终止",
    "linked": "关联",
    "unlinked": "解除关联",
    "joined": "并案",
    "took_in": "并入",
    "parted": "拆出",
    "let_out": "拆出并入的事项",
    "calendar_changed": "期限重算",
    "woken": "恢复等候",
    "migrated": "迁移流程版本",
    "message": "收到消息",
    "timer_fired": "到时",
    ATTACHED: "上传附件",
    WITHDRAWN: "撤回附件",
    PRINTED: "打印",
}
"""Kinds of entries about a case, or beside its tasks: activities of their own, complete at once."""
DOCUMENTS: Mapping[str, str] = {
    ISSUED: "circular",
    "numbered": "number",
    ATTACHED: "attachment",
    WITHDRAWN: "attachment",
    PRINTED: "print",
}
MEETINGS: Mapping[str, str] = {CONVENE: "special", MINUTES: "special", TOPIC: "committee", DECISION: "committee"}
"""Steps about a meeting (专题工作会议; 上会), with the kind of the meeting."""


Names = Mapping[tuple[str, str], str]
"""(process, element) → what the diagram calls it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a case: a circular, a number given, a file, a print. ``sha256`` is that of its bytes, ``number``
    the number that it was issued under; no name, which may be somebody's."""

    id: str
    kind: str
    number: str | None = None
    sha256: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity of a case. ``name`` is what the diagram calls the step, ``step`` its id where it is a user task's.

    ``actor`` is the sign-in name of who acted (None of a start: nobody has yet), ``on_behalf_of`` whom a substitute
    acted for. ``due_on`` is the due date as it stood then (ISO), ``late_days`` working days. ``target`` is the step to
    which work was returned; ``meeting`` the id of the meeting that it is about.
    """

    id: str
    seq: int
    at: datetime
    name: str
    transition: str
    version: int
    actor: str | None = None
    on_behalf_of: str | None = None
    task: str | None = None
    process: str | None = None
    step: str | None = None
    stage: str | None = None
    role: str | None = None
    unit: str | None = None
    due_on: str | None = None
    due_provisional: bool | None = None
    late_days: int | None = None
    standing: str | None = None
    target: str | None = None
    document: Document | None = None
    meeting: str | None = None

    @property
    def late(self) -> bool | None:
        """Whether the step was done after its due date; None of all but a completed step that has one."""
        return None if self.late_days is None or self.due_on is None else self.late_days > 0


def activities(case: UUID, steps: Sequence[Happened], definition: Callable[[str], Compiled]) -> list[Activity]:
    """The activities of a case in order, from its replayed ``steps``. ``definition`` gives a version by its digest."""
    found: list[Activity] = []
    meetings: dict[str, str] = {}
    before: Mapping[str, Row] = {}
    for one in steps:
        names = definition(one.digest).program.names
        told = _told(case, one, before, names)
        found += [_of_meeting(each, meetings) if each.step in MEETINGS else each for each in told]
        before = one.tasks
    return found


def _told(case: UUID, one: Happened, before: Mapping[str, Row], names: Names) -> Iterator[Activity]:
    """The activities of a step: itself, tasks that ended without an answer, those that came up, the case's end."""
    key = f"{case}:{one.seq}"
    by: dict[str, Any] = {"actor": one.actor, "on_behalf_of": one.on_behalf_of}
    base: dict[str, Any] = {"seq": one.seq, "at": one.at, "version": one.version}
    row = before.get(one.task or "")
    if one.kind in ON_TASK and row is not None:
        completed = one.kind == "completed"
        gone = completed and one.taken_back is not None
        late = one.data.get("late_days") if completed else None
        standing = (TAKEN_BACK if gone else REDONE if one.redone is not None else COUNTS) if completed else None
        said = {**_of_task(one.task, row, names), "late_days": late, "standing": standing}
        yield Activity(id=key, transition=ABORT if gone else ON_TASK[one.kind], **base, **by, **said)
    elif one.kind in BESIDE:
        yield Activity(id=key, transition=COMPLETE, **base, **by, **_beside(case, one, row, names))
    done = one.task if one.kind == "completed" else None
    for task, ended in before.items():
        if task not in one.tasks and task != done:
            yield Activity(id=f"{key}:{task}:abort", transition=ABORT, **base, **by, **_of_task(task, ended, names))
    for task in one.entered:
        if task in one.tasks:
            yield Activity(id=f"{key}:{task}:start", transition=START, **base, **_of_task(task, one.tasks[task], names))
    if one.ended:
        yield Activity(id=f"{key}:end", name=one_line(one.ended), transition=COMPLETE, **base, **by)


def _of_task(task: str | None, row: Row, names: Names) -> dict[str, Any]:
    due = row["due_on"]
    return {
        "name": one_line(names.get((row["process"], row["task"])) or row["task"]),
        "task": task,
        "process": row["process"],
        "step": row["task"],
        "stage": row["stage"],
        "role": row["role"],
        "unit": row["unit"],
        "due_on": due.isoformat() if due else None,
        "due_provisional": row["due_provisional"] if due else None,
    }


def _beside(case: UUID, one: Happened, row: Row | None, names: Names) -> dict[str, Any]:
    target = one.data.get("target") if one.kind == "returned" else None
    drawn = names.get((str(one.process), str(one.data.get("event")))) if one.kind == "timer_fired" else None
    return {
        "name": one_line(drawn or BESIDE[one.kind]),
        "task": one.task if row is not None else None,
        "role": row["role"] if row is not None else None,
        "unit": (row["unit"] if row is not None else None) or one.unit,
        "target": one_line(names.get((str(one.process), str(target))) or str(target)) if target else None,
        "document": _document(case, one) if one.kind in DOCUMENTS else None,
    }


def _document(case: UUID, one: Happened) -> Document:
    key = f"{case}:{one.data['id']}" if one.kind in (ATTACHED, WITHDRAWN) else f"{case}:{one.seq}"
    number, sha256 = one.data.get("number"), one.data.get("sha256")
    return Document(key, DOCUMENTS[one.kind], number, sha256, one.kind == WITHDRAWN)


def _of_meeting(told: Activity, meetings: dict[str, str]) -> Activity:
    """The activity with its meeting: one is called (or a topic submitted) by its first step, and goes on with it."""
    kind = MEETINGS[str(told.step)]
    if told.transition == START and told.step in (CONVENE, TOPIC):
        meetings[kind] = f"{kind}:{told.task}"
    return replace(told, meeting=meetings.get(kind))
