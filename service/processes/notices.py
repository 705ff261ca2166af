"""Notices to people: notes in the journal, which the worker delivers after commit. They move no token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from service.history.notices import Goal, Notice
from service.processes import effects as fx
from service.processes.models import Instance, UserTask
from service.processes.rules import LEADER, holds
from service.rights import Actor

TASK, RETURNED, DUE_CHANGED = "task", "returned", "due_changed"


class Addressed(Protocol):
    """A task, as far as it says for whom it is."""

    @property
    def role(self) -> str | None:
        """The role of the task; None: nobody's."""

    @property
    def unit(self) -> str | None:
        """Of which unit."""


Task = TypeVar("Task", bound=Addressed)


@dataclass(frozen=True, slots=True)
class Word(Generic[Task]):
    """Word that is owed to those who must do ``task``."""

    template: str
    task: Task
    text: str = ""


def notice_of(
    instance: Instance,
    template: str,
    *,
    task: UserTask | None = None,
    role: str | None = None,
    unit: str | None = None,
    leader: UUID | None = None,
    person: str | None = None,
    usernames: list[str] | None = None,
    units: Sequence[str] | None = None,
    text: str = "",
) -> Notice:
    """A notice about a case.

    To ``usernames``, or to who holds the post ``leader``, or to all who hold ``role`` (for ``unit``), or to ``person``
    among them; with a task and none of them, to those who must do it. With ``units``, those that it is about, to whom
    the office's table says, or else to the others.
    """
    if leader is not None:
        role = LEADER
    if usernames is None and role is None and task is not None:
        usernames = [task.assignee] if task.assignee else None
        role, unit, leader, person = task.role, task.unit, task.leader_id, task.person_key
    names, post = (None if usernames is None else tuple(usernames)), (None if leader is None else str(leader))
    return Notice(
        template,
        Goal(names, role, unit, post, person, None if units is None else tuple(units)),
        number=instance.number,
        title=instance.title,
        step=task.name if task is not None else None,
        due_on=task.due_on if task is not None else None,
        text=text,
    )


def words_of(
    found: Iterable[fx.Effect], rows: Mapping[str, Task], *, cause: str, reason: str, actor: Actor
) -> Iterator[Word[Task]]:
    """The notices of effects: a task that came to people, came back to them (退回), or is due on another day.

    ``cause`` is the kind of the input, ``reason`` what was said with it. The starter of a process knows of the first
    step that they are about to take.
    """
    for effect in found:
        row = rows.get(effect.task or "")
        if row is None or row.role is None:
            continue
        if effect.kind == fx.ENTERED and cause == "returned":
            yield Word(RETURNED, row, reason)
        elif _new_to_people(effect, row, cause, actor):
            yield Word(TASK, row)
        elif effect.kind == fx.DUE_CHANGED and effect.data["due_on"] != effect.data["old_due_on"]:
            yield Word(DUE_CHANGED, row, str(effect.data["notice"]))


def _new_to_people(effect: fx.Effect, row: Addressed, cause: str, actor: Actor) -> bool:
    if effect.kind == fx.RENEWED:
        return bool(effect.data["handed_on"])
    return effect.kind == fx.ENTERED and not (cause == "started" and holds(actor, row.role, row.unit))
