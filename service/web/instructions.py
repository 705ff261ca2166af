"""The cases about a record that stand on its page: a leader's instructions (批示) on a need or a brief."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from flask import url_for

from service import clock
from service.http.context import actor, db
from service.people.queries import leader_posts
from service.processes.bundles import Compiled, compiled
from service.processes.instances import cases_about_record
from service.processes.models import DONE, OPEN, SUSPENDED, Instance, UserTask
from service.processes.queries import light_of
from service.processes.steps import steps_of_cases
from service.rights import LEADER
from service.usecases.names import Line, Names
from service.web.begins import begins


@dataclass(frozen=True, slots=True)
class Step:
    """A step of such a case: done (``lines`` of what it said, record and leader apart), or open with its ``light``."""

    task: UserTask
    lines: Sequence[Line]
    light: str | None


@dataclass(frozen=True, slots=True)
class Instruction:
    """A case about the record, and what was said in it so far."""

    case: Instance
    steps: Sequence[Step]


def instructions_on(record_id: UUID, names: Names) -> list[Instruction]:
    """The cases about the record that the reader may see, the newest first; two statements.

    Slots stay on the page of their case, which tells to whom each is shown.
    """
    cases = cases_about_record(db(), record_id, actor())
    tasks = [task for task in steps_of_cases(db(), [case.id for case in cases]) if not task.scope]
    names.learn([task.completed_by for task in tasks], [task.unit for task in tasks])
    names.learn(leaders=[one.leader_id for one in cases])
    return [_told(case, [task for task in tasks if task.instance_id == case.id], names) for case in reversed(cases)]


def ways_to_instruct(field: str, record_id: UUID, leader_id: str | None) -> Iterator[tuple[str, str]]:
    """(address, button) of each process that the reader may begin about the record: its form picks it in ``field``.

    The form begins with the record and a leader: the reader's own post, else ``leader_id``.
    """
    for one in begins():
        picked = _picks(one.made, field)
        if picked is None:
            continue
        known = {field: str(record_id)}
        if picked and (leader := _own_post(leader_id) or leader_id):
            known[picked] = leader
        yield f"{url_for('web.begins.begin_form', process=one.process)}?{urlencode(known)}", one.button


def _told(case: Instance, tasks: Sequence[UserTask], names: Names) -> Instruction:
    made, today = compiled(db(), case.digest, case.process), clock.today()
    steps = [
        Step(
            task,
            _said(made, task, names) if task.status == DONE else (),
            light_of(task, today, suspended=case.status == SUSPENDED) if task.status == OPEN else None,
        )
        for task in tasks
    ]
    return Instruction(case, steps)


def _said(made: Compiled, task: UserTask, names: Names) -> list[Line]:
    """The values of a done step, private ones left out; of a step that a later version has no more, nothing."""
    if (task.process, task.task) not in made.program.user_tasks:
        return []
    form = made.form_of(task.process, task.task)
    shown = {
        name: value
        for name, value in (task.submitted or {}).items()
        if name not in made.private and form.fields.get(name, {}).get("x-ref") not in ("cases", "briefs", "leaders")
    }
    return names.lines(form, shown)


def _picks(made: Compiled, field: str) -> str | None:
    """The field of the leader in the form that picks the record in ``field`` ('' where it has none); None: no form."""
    for form in made.forms.values():
        if form.fields.get(field, {}).get("x-prefill") is True:
            prefilled = ((name, one) for name, one in form.fields.items() if one.get("x-prefill") is True)
            return next((name for name, one in prefilled if one.get("x-ref") == "leaders"), "")
    return None


def _own_post(wanted: str | None) -> str | None:
    """The post of the reader who is a leader: the one that the record names, where it is theirs, else the first."""
    person_id = actor().person_id
    if not actor().has_role(LEADER) or person_id is None:
        return None
    posts = [str(post.id) for post in leader_posts(db(), person_id)]
    return wanted if wanted in posts else next(iter(posts), None)
