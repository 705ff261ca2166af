"""The work of the page of a list of who serves whom, through the round that asks for it where one runs (Q2 Q4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import liaisons
from service.actions.roster import PROCESS, put_in_force, roster_lines, scope_of
from service.errors import Finding, LiaisonError
from service.liaisons.models import Roster
from service.liaisons.rules import DECIDED, DRAFT
from service.people.rules import CLASS_A, OFFICE_UNIT
from service.processes import commands
from service.processes.models import UserTask
from service.processes.steps import open_step_of
from service.rights import Actor
from service.usecases.steps import take_step

__all__ = ["PROCESS", "decide", "file", "open_task", "roster_lines", "scope_of"]


def open_task(session: Session, roster: Roster) -> UserTask | None:
    """The open step of the running round that asks for this list: drafting, deciding or filing it."""
    slot = OFFICE_UNIT if roster.scope == CLASS_A else roster.scope
    steps = {DRAFT: ("draft_a", "draft_b", "decide_a", "decide_b"), DECIDED: ("file_list",)}.get(roster.status, ())
    if roster.status != DECIDED:
        return open_step_of(session, PROCESS, slot=slot, steps=steps)
    if roster.instance_id is None:  # decided without a round
        return None
    return open_step_of(session, PROCESS, slot=slot, steps=steps, instance_id=roster.instance_id)


def decide(
    session: Session, *, roster_id: UUID | str, document_no: str, decided_on: date, actor: Actor, now: datetime
) -> Roster:
    """Puts a draft in force (Q2, Q4), through the steps of the round that asks for the list where one runs.

    So the round goes on, and a unit's list comes to the Talent Office to be filed; where none runs the office is told
    in its inbox. Raises what ``liaisons.decide_roster`` and ``commands.complete`` raise.
    """
    roster = liaisons.get_roster(session, roster_id)
    told = {"decision": "decide", "document_no": document_no, "decided_on": decided_on.isoformat()}
    task = open_task(session, roster) if roster.status == DRAFT else None
    with _own_paths():
        if task is not None and task.task.startswith("draft"):
            commands.complete(session, task_id=task.id, data={}, actor=actor, now=now)
            task = open_task(session, roster)
        if task is not None and take_step(
            session,
            instance_id=task.instance_id,
            step=task.task,
            slot=task.slot,
            data=told,
            actor=actor,
            now=now,
        ):
            session.refresh(roster)
            if roster.status != DRAFT:  # else the step's list was another, decided while the round could not go on
                return roster
    return put_in_force(session, roster, document_no, decided_on, actor, now, tell=True)


def file(session: Session, *, roster_id: UUID | str, on: date, actor: Actor, now: datetime) -> Roster:
    """The Talent Office has a list on file (备案, Q4), through the step of the round where one waits for it."""
    roster = liaisons.get_roster(session, roster_id)
    task = open_task(session, roster) if roster.status == DECIDED else None
    if task is not None:
        with _own_paths(filed_on="on"):
            data = {"filed_on": on.isoformat()}
            commands.complete(session, task_id=task.id, data=data, actor=actor, now=now)
        return roster
    return liaisons.file_roster(session, roster_id=roster.id, on=on, actor=actor, now=now)


@contextmanager
def _own_paths(**names: str) -> Iterator[None]:
    """Within the block findings on a step's form name the page's fields: ``/data/x`` is ``/x``, or its other name."""
    try:
        yield
    except LiaisonError as error:
        found = [(one.path.removeprefix("/data").removeprefix("/"), one.message) for one in error.findings]
        error.findings = tuple(Finding(f"/{names.get(path, path)}" if path else "", said) for path, said in found)
        raise
