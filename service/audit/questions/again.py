"""Steps whose completion opened a step before them again: returns by form (退回补正, 退回重办, 退回改派).

They are found by what happened, not by the names of fields; what was decided is told in the words of the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Uuid,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from service.audit.questions.declared import Asked
from service.audit.questions.journal import Event, period
from service.audit.questions.known import Known, the_case, the_people
from service.ids import as_id
from service.processes.bundles import Compiled, compiled
from service.processes.models import DONE, Instance, UserTask
from service.processes.rules import one_line

COMPLETED, RETURN, AGAIN = "completed", "退回", "回到办过的步骤"
REASONS: Mapping[str, str] = {"reason": "理由", "comment": "意见", "opinion": "意见"}
"""Fields of a step's form that say why, and their words."""
_CONDITION = re.compile(r"<(?:\w+:)?conditionExpression[^>]*>([^<]*)<")


def opened_again(asked: Asked) -> Select[Any]:
    """Selects the entries of steps whose completion opened a step that was done before they were first done.

    A step done anew that opens the next one again goes forward: it was done before that one. All is looked up for the
    few tasks that came up again; those of one entry are told once.
    """
    opened, step, done = aliased(UserTask), aliased(UserTask), aliased(UserTask)
    # one walk over what was done in the case: when its step was first done, and when the one whose completion opened it
    forth = (
        select(_first(done, opened) <= _first(done, step))
        .where(step.instance_id == opened.instance_id, step.completed_seq == opened.entered_seq, step.status == DONE)
        .where(done.instance_id == opened.instance_id, done.status == DONE)
    )
    if person := asked.text("person"):
        forth = forth.where(step.completed_by.in_(the_people(asked.session, person)))
    found = (
        select(opened.entered_at.label("at"), opened.instance_id.label("case"), opened.entered_seq.label("seq"))
        .add_columns(cast(null(), Uuid).label("task"))
        .where(came_again(opened), *period(asked, opened.entered_at), forth.correlate(opened).scalar_subquery())
        .distinct()
    )
    if written := asked.text("case"):
        found = found.where(opened.instance_id == the_case(asked.session, written))
    return found


def _first(done: Any, step: Any) -> ColumnElement[int]:
    """When a step was first done, out of all that was ``done`` in its case."""
    return func.min(done.completed_seq).filter(*alike(done, step))


RETURNED = "returned"
BY_FORM = (COMPLETED, opened_again, RETURNED)
"""Returns by form, beside entries of other kinds: whoever asks for what was returned means them too."""
KINDS: Mapping[str, str] = {
    RETURNED: f"{RETURN}、{AGAIN}（含在表单里的）",
    COMPLETED: f"只看在表单里{RETURN}、{AGAIN}的",
}
"""The choices of both pages that list returns."""


def came_again(task: Any) -> ColumnElement[bool]:
    """A task whose step had come up before in its slot."""
    return task.round > literal_column("1")  # type: ignore[no-any-return]  # written out, or its index is not taken


PLACE = ("instance_id", "process", "task", "scope")


def alike(one: Any, other: Any) -> list[ColumnElement[bool]]:
    """The conditions that two are of the same step in the same slot."""
    return [getattr(one, name) == getattr(other, name) for name in PLACE]


def stream_in_sql(session: Session, column: Any) -> Any:
    """The stream of a case in SQL, by its id as the journal writes it."""
    if session.get_bind().dialect.name != "sqlite":
        return literal("instance:") + cast(column, String)
    text = type_coerce(column, String)
    parts: list[Any] = [
        func.substr(text, start, length) for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    ]
    return literal("instance:") + reduce(lambda told, part: told + "-" + part, parts)


def details(session: Session, events: Sequence[Event], _known: Known) -> Mapping[int, Mapping[str, Any]]:
    """Of completed steps: from where to where, what was decided and why; two statements, and definitions."""
    done = [one for one in events if one.kind == COMPLETED]
    cases = {case for one in done if (case := as_id(one.stream.partition(":")[2])) is not None}
    if not cases:
        return {}
    tasks: dict[UUID, list[UserTask]] = {}
    for row in session.scalars(select(UserTask).where(UserTask.instance_id.in_(cases)).order_by(UserTask.entered_seq)):
        tasks.setdefault(row.instance_id, []).append(row)
    decided = Decided(session, cases)
    return {one.id: _detail(one, tasks.get(UUID(one.stream.partition(":")[2]), []), decided) for one in done}


def _detail(event: Event, tasks: Sequence[UserTask], decided: Decided) -> Mapping[str, Any]:
    case, told, words = UUID(event.stream.partition(":")[2]), [], []
    said = decided.told(case, event.data)
    own = [one for one in tasks if str(one.id) == event.task]
    first = min((one.completed_seq or 0 for one in tasks if own and _same(one, own[0])), default=event.seq)
    for opened in tasks:
        before = [one for one in tasks if _same(one, opened) and (one.completed_seq or 0) <= event.seq]
        if (
            opened.entered_seq != event.seq
            or min((one.completed_seq or 0 for one in before), default=first + 1) > first
        ):
            continue
        last = max(before, key=lambda one: one.completed_seq or 0)
        told.append(f"从「{one_line(event.data.get('name'))}」回到「{one_line(opened.name)}」")
        earlier = decided.told(case, {"process": last.process, "step": last.task, "data": last.submitted or {}})
        if RETURN in earlier and last.completed_seq != event.seq:
            words.append(f"{one_line(last.name)}：{earlier}")
    what = RETURN if any(RETURN in one for one in (said, *words)) else AGAIN
    return {"what": what, "detail": "；".join(part for part in dict.fromkeys((*told, *words, said)) if part)}


def _same(one: UserTask, other: UserTask) -> bool:
    """Whether two are the same step of the same slot, the first of them done."""
    return (one.process, one.task, one.scope, one.status) == (other.process, other.task, other.scope, DONE)


def outcomes(session: Session, events: Sequence[Event], _known: Known) -> Mapping[int, Mapping[str, Any]]:
    """The decision of each completed step, behind its name; one statement, and definitions."""
    done = [one for one in events if one.kind == COMPLETED]
    decided = Decided(session, (case for one in done if (case := as_id(one.stream.partition(":")[2])) is not None))
    found = {}
    for one in done:
        case = as_id(one.stream.partition(":")[2])
        said = decided.told(case, one.data) if case is not None else ""
        if said:
            late = f"；超期 {one.data['late_days']} 个工作日" if one.data.get("late_days") else ""
            found[one.id] = {"detail": f"步骤「{one_line(one.data.get('name'))}」；{said}{late}"}
    return found


class Decided:
    """The decisions of the steps of some cases, in the words of their forms (of the version that the case now has)."""

    def __init__(self, session: Session, cases: Iterable[UUID]) -> None:
        query = select(Instance.id, Instance.digest, Instance.process).where(Instance.id.in_(set(cases)))
        self._made = {key: compiled(session, digest, process) for key, digest, process in session.execute(query)}
        self._read: dict[str, str] = {}

    def told(self, case: UUID, data: Mapping[str, Any]) -> str:
        """The chosen way and the reason of a step; '' where its form has neither."""
        filled, known = data.get("data") or {}, self._made.get(case)
        if known is None or (str(data.get("process")), str(data.get("step"))) not in known.program.user_tasks:
            return ""
        reasons = [
            f"{word}：{' '.join(str(filled[name]).split())}" for name, word in REASONS.items() if filled.get(name)
        ]
        return "，".join([*self.chosen(case, data), *reasons])

    def chosen(self, case: UUID, data: Mapping[str, Any]) -> list[str]:
        """The titles of the chosen ways of a step: 退回补正. None where its form decides nothing."""
        made, filled = self._made.get(case), data.get("data") or {}
        process, step = str(data.get("process")), str(data.get("step"))
        if made is None or (process, step) not in made.program.user_tasks:
            return []
        read = self._conditions(made)
        said = []
        for name, schema in made.form_of(process, step).fields.items():
            chosen = [one for one in schema.get("oneOf", ()) if name in filled and one.get("const") == filled[name]]
            if chosen and re.search(rf"\b{re.escape(name)}\b", read):
                said.append(str(chosen[0].get("title", filled[name])))
        return said

    def _conditions(self, made: Compiled) -> str:
        """All conditions of the diagrams: a field that none of them reads decides nothing."""
        if made.digest not in self._read:
            self._read[made.digest] = "\n".join(
                condition for _, xml in made.diagrams.values() for condition in _CONDITION.findall(str(xml))
            )
        return self._read[made.digest]
