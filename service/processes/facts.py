"""The facts of cases that drafted texts are written with: of one step (催办, 通报), and of the units together (反馈).

One place finds them: for the urge of one case or of many at once, and for what forms are filled with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import clock
from service.people.queries import unit_names
from service.processes.calendars import current
from service.processes.clocks import handed_back
from service.processes.handled import ASSISTS, LEAD, LEADS, Round, Slot, rounds_of
from service.processes.models import DONE, Instance, UserTask
from service.processes.rules import UNNUMBERED, left, numbered, one_line
from service.processes.subjects import subjects_of
from service.processes.versions import Versions, find_versions
from service.processes.visibility import Seen, seen
from service.processes.wiring import wiring
from service.rights import Actor

UNTIMED = "不计时"
SETTLED, DECREED, DECREE = "decisions", "document_no", "content"
"""The fields that tell what a meeting of the office settled, and the number and text of what a higher one decided."""


def step_facts(session: Session, tasks: Sequence[UserTask], *, today: date) -> dict[UUID, dict[str, str]]:
    """Id → the facts of each open step, in words, by the first names of ``terms.FORM_FACTS``.

    Of a step that decides on one unit's work the facts are those of that work. A fixed number of statements for any
    number of steps whose cases are loaded.
    """
    meant = _meant(session, tasks, today)
    cases = {one.instance_id: session.get_one(Instance, one.instance_id) for one in meant.values()}
    names = unit_names(session, {one.unit for one in meant.values() if one.unit})
    leads, calendar, plan = _leads(session, cases.keys()), current(session), wiring(session)
    found = {}
    for key, one in meant.items():
        case, due, (answered, back) = cases[one.instance_id], one.due_on, _ended(one)
        ended = answered or back or today  # who has answered, or handed the work back, is late by no day more
        found[key] = {
            "number": numbered(case.number, case.process),
            "title": case.title or "（尚未登记）",
            "step": one_line(one.name),
            "unit": names.get(one.unit or "", "") or plan.role_name(one.role),
            "part": _part(one, leads),
            "received": clock.written(clock.local(one.entered_at).date()),
            "due": clock.written(due) if due is not None else f"（{UNTIMED}）",
            "left": left(calendar.between(ended, due) if due is not None else None, due, ended) or UNTIMED,
            "urges": str(one.urges),
            "today": clock.written(today),
            "answered": clock.written(answered) if answered is not None else "",
            "handed_back": clock.written(back) if back is not None else "",
        }
    return found


def _ended(task: UserTask) -> tuple[date | None, date | None]:
    """The day on which a unit has answered, and that on which it handed the work back (改派): one at most."""
    if task.status != DONE or task.completed_at is None:
        return None, None
    day = clock.local(task.completed_at).date()
    return (None, day) if handed_back(task) else (day, None)


def _meant(session: Session, tasks: Sequence[UserTask], today: date) -> dict[UUID, UserTask]:
    """Id → the work that the step decides on, where it is that of one unit; else the step itself."""
    subjects = subjects_of(session, tasks, today=today)
    keys = {key: [one.task for one in subjects.get(key, ()) if one.task is not None] for key in subjects}
    wanted = {own[0] for own in keys.values() if len(own) == 1}
    query = select(UserTask).where(UserTask.id.in_(wanted))
    rows = {row.id: row for row in session.scalars(query)} if wanted else {}
    return {task.id: rows.get(own[0], task) if len(own := keys.get(task.id, [])) == 1 else task for task in tasks}


def form_facts(session: Session, task: UserTask, actor: Actor, *, today: date) -> dict[str, Any]:
    """The facts that the form of ``task`` may be filled with (``terms.FORM_FACTS``), as its reader may see them.

    Days are ISO texts: a form's field takes them, a text writes them out.
    """
    instance = session.get_one(Instance, task.instance_id)
    meant = _meant(session, [task], today)[task.id]
    facts: dict[str, Any] = dict(step_facts(session, [task], today=today)[task.id])
    facts["received"] = clock.local(meant.entered_at).date().isoformat()
    facts["due"] = meant.due_on.isoformat() if meant.due_on is not None else UNTIMED
    facts["today"] = today.isoformat()
    for name, day in zip(("answered", "handed_back"), _ended(meant), strict=True):
        facts[name] = day.isoformat() if day is not None else None
    rounds = rounds_of(session, instance, actor, today)
    last = rounds[-1] if rounds else Round(None, ())
    names = unit_names(session, {slot.unit for slot in last.slots})
    units = list(dict.fromkeys(slot.unit for slot in last.slots if not slot.given_up))
    dates = [turn.task.due_on for slot in last.slots if (turn := slot.last).is_open and turn.task.due_on is not None]
    shown = seen(session, instance, actor)
    answers = []
    for slot in last.slots:
        if said := _answer(find_versions(session, instance), slot, shown.of_task):
            part = f"（{slot.part}）" if len(last.slots) > 1 and slot.part else ""
            answers.append(f"{names.get(slot.unit, slot.unit)}{part}：{said}")
    since = last.opened_by.completed_seq if last.opened_by is not None else None
    return {
        **facts,
        "units": "、".join(names.get(unit, unit) for unit in units),
        "unit_codes": units,
        "reply_by": max(dates).isoformat() if dates else None,
        "answers": "\n".join(answers),
        "results": "\n".join([*answers, *_settled(session, instance, since or 0, shown)]),
    }


def _settled(session: Session, instance: Instance, since: int, shown: Seen) -> list[str]:
    """The words of each meeting (W8, W9) that was recorded after the journal's entry ``since``, in order, as far as
    the reader sees them."""
    query = select(UserTask).where(
        *(UserTask.instance_id == instance.id, UserTask.status == DONE, UserTask.completed_seq > since),
        or_(*(UserTask.submitted[name].as_string().is_not(None) for name in (SETTLED, DECREED))),
    )
    found = []
    for row in shown.rows(session.scalars(query.order_by(UserTask.completed_seq))):
        said = shown.of_task(row, row.submitted or {})
        if said.get(SETTLED):
            found.append(f"会议议定：{str(said[SETTLED]).strip()}")
        elif said.get(DECREE):
            found.append(f"{one_line(row.name)}（{said.get(DECREED) or UNNUMBERED}）：{str(said[DECREE]).strip()}")
    return found


def _answer(versions: Versions, slot: Slot, masked: Any) -> str:
    """The words of a unit's last answer: the texts that it typed, each with its heading where there are several."""
    done = [turn.task for turn in slot.turns if turn.task.status == DONE and not turn.handed_back]
    if not done:
        return ""
    row = done[-1]
    form = versions.at(row.completed_seq or 0).form_of(row.process, row.task)
    data = masked(row, row.submitted or {})
    typed = [
        (str(schema.get("title") or ""), str(data[name]).strip())
        for name, schema in form.fields.items()
        if schema.get("type") == "string" and data.get(name) and not {"oneOf", "x-ref", "format"} & schema.keys()
    ]
    if len(typed) == 1:
        return typed[0][1]
    return "；".join(f"{title}：{said}" for title, said in typed)


def _leads(session: Session, cases: Collection[UUID]) -> dict[UUID, list[tuple[int, str]]]:
    """Case → when each round was opened, and the unit that leads in it."""
    query = select(UserTask.instance_id, UserTask.completed_seq, UserTask.submitted[LEAD].as_string()).where(
        UserTask.instance_id.in_(cases), UserTask.status == DONE, UserTask.scope == ""
    )
    found: dict[UUID, list[tuple[int, str]]] = {}
    for case, seq, lead in session.execute(query.order_by(UserTask.completed_seq)):
        if lead:
            found.setdefault(case, []).append((seq or 0, lead))
    return found


def _part(task: UserTask, leads: Mapping[UUID, Sequence[tuple[int, str]]]) -> str:
    """主办 or 协办, of a task in a slot; a slot that was handed on (改派) keeps its part."""
    before = [lead for seq, lead in leads.get(task.instance_id, ()) if seq <= task.entered_seq]
    if not before or not task.slot:
        return ""
    return LEADS if before[-1] == task.slot else ASSISTS
