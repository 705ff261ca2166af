"""The records that a row which is read belongs to, for the access log; and why its reader was let in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.access_log.shown import Shown, watch
from service.contacts.models import Contact
from service.db import Base
from service.processes.models import CopyTo, Instance, UserTask
from service.processes.visibility import sees_all
from service.reports.models import Brief, HalfYearReport
from service.rights import Actor
from service.talents.models import Talent

ALL, BEGAN, UNIT, TASK, ROLE, COPIED, SUBSTITUTE, CONCERNED = (
    "all",
    "began",
    "unit",
    "task",
    "role",
    "copied",
    "substitute",
    "concerned",
)
"""Why somebody sees a case: the right to see all; started it, or the own unit did; holds or did a step of it; a step is
for a role that is held; a copy; somebody on leave sees it; it concerns a talent or a leader whom the reader serves."""


def follow() -> None:
    """Has every row that is about a talent or a case noted while a request is under way."""
    if _FOLLOWED:
        return
    _FOLLOWED.append(True)
    watch(Talent, lambda row: (f"talent:{row.id}",))
    watch(Contact, lambda row: (f"contact:{row.id}",))
    watch(Instance, _of_case, lambda row: (BEGAN, row.initiator, row.initiator_unit))
    watch(UserTask, _of_task, lambda row: (TASK, row.assignee, row.completed_by, row.role, row.unit))
    watch(CopyTo, lambda row: (f"instance:{row.instance_id}",), lambda row: (COPIED, row.username))
    watch(Brief, lambda row: (f"brief:{row.id}", *_told(row.__dict__.get("facts"))))
    watch(HalfYearReport, lambda row: (f"report:{row.id}", *_told(row.__dict__.get("facts"))))
    for mapper in Base.registry.mappers:
        if "talent_id" in mapper.columns and mapper.class_ is not Instance:
            watch(mapper.class_, _of_talent)


_FOLLOWED: list[bool] = []


def _of_case(row: Instance) -> Sequence[str]:
    talent = row.__dict__.get("talent_id")
    return (f"instance:{row.id}",) if talent is None else (f"instance:{row.id}", f"talent:{talent}")


def _of_task(row: UserTask) -> Sequence[str]:
    case = row.__dict__.get("instance_id")
    return () if case is None else (f"instance:{case}",)


def _of_talent(row: Any) -> Sequence[str]:
    talent = row.__dict__.get("talent_id")
    return () if talent is None else (f"talent:{talent}",)


def _told(facts: Any) -> Iterator[str]:
    """The talents of whom the facts of a paper tell."""
    if isinstance(facts, dict):
        for name, value in facts.items():
            if name == "talent_id" and isinstance(value, str):
                yield f"talent:{value}"
            elif name == "talents" and isinstance(value, list):
                yield from (f"talent:{one['id']}" for one in value if isinstance(one, dict) and "id" in one)
            else:
                yield from _told(value)
    elif isinstance(facts, list):
        for one in facts:
            yield from _told(one)


def reasons(actor: Actor, shown: Shown) -> dict[str, Any]:
    """Why ``actor`` was shown these records, as the access log keeps it: roles with their units, the absent whom the
    actor may stand in for, and of cases the ways in which they are the actor's to see. Asks nothing."""
    found: dict[str, Any] = {
        "roles": sorted(f"{one.role}@{one.unit}" if one.unit else one.role for one in actor.grants)
    }
    if shown.absent:
        found["absent"] = sorted(shown.absent)
    if any(subject.startswith("instance:") for subject in shown.subjects):
        found["case"] = [ALL] if sees_all(actor) else sorted(_ways(actor, shown)) or [CONCERNED]
    return found


def _ways(actor: Actor, shown: Shown) -> set[str]:
    ways: set[str] = set()
    held = {(one.role, one.unit) for one in actor.grants}
    units = {one.unit for one in actor.grants if one.unit}
    for kind, *told in shown.facts:
        if kind == BEGAN:
            ways |= {BEGAN} if told[0] == actor.username else set()
            ways |= {UNIT} if told[1] in units else set()
            ways |= {SUBSTITUTE} if told[0] in shown.absent else set()
        elif kind == TASK:
            ways |= {TASK} if actor.username in told[:2] else set()
            ways |= {ROLE} if (told[2], told[3]) in held or (told[2], None) in held else set()
            ways |= {SUBSTITUTE} if shown.absent.intersection(told[:2]) else set()
        elif told[0] == actor.username:
            ways.add(COPIED)
    return ways
