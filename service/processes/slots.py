"""The slots of a round: a case of many units (half-year reports, the checks of the registry) that keeps them apart.

A need is one matter, and whoever has a part in it sees the whole. A round is about no talent and no leader: there a
unit sees its own slot and what belongs to all, the Talent Office and auditors see everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth import Actor
from service.auth.queries import acting_for, grants_of
from service.history import HistoryEvent
from service.processes.access import SEES_ALL
from service.processes.models import CopyTo, Instance, UserTask


@dataclass(frozen=True, slots=True)
class Seen:
    """What of a case somebody sees: all of it, or not the ``hidden`` scopes and tasks and what is told other units."""

    everything: bool = True
    hidden: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()

    def scope(self, scope: str) -> bool:
        """Whether what happens in the slot of that id is seen."""
        return scope not in self.hidden

    def rows(self, rows: Iterable[UserTask]) -> list[UserTask]:
        """Those of the tasks that are seen."""
        return [row for row in rows if self.scope(row.scope)]

    def event(self, event: HistoryEvent) -> bool:
        """Whether an entry of the case's journal is seen."""
        if self.everything:
            return True
        told = event.data.get("to") if event.kind == "notice" else None
        unit = told.get("unit") if isinstance(told, Mapping) else None
        if unit is not None and unit not in self.units:
            return False
        return event.task not in self.tasks and self.scope(str(event.data.get("scope") or ""))

    def data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The case's data without what other units filled in."""
        slots = data.get("slots")
        if not self.hidden or not isinstance(slots, Mapping):
            return dict(data)
        return {**data, "slots": {scope: said for scope, said in slots.items() if self.scope(scope)}}


def is_round(instance: Instance) -> bool:
    """Whether the case is of many units that are kept apart."""
    return instance.talent_id is None and instance.leader_id is None


def seen(session: Session, instance: Instance, actor: Actor) -> Seen:
    """What the actor, who may see the case, sees of it. Of a case that is no round: everything, without a statement."""
    if actor.roles & SEES_ALL or not is_round(instance):
        return Seen()
    mine = [actor, *acting_for(session, actor, clock.today())]
    if any(one.roles & SEES_ALL for one in mine) or _shown_whole(session, instance, actor):
        return Seen()
    units = frozenset(grant.unit for one in mine for grant in one.grants if grant.unit is not None)
    names = {one.on_behalf_of or one.username for one in mine} | {actor.username}
    rows = session.execute(
        select(UserTask.id, UserTask.scope, UserTask.slot, UserTask.assignee, UserTask.completed_by).where(
            UserTask.instance_id == instance.id
        )
    ).all()
    own = {
        row.scope for row in rows if row.slot is None or row.slot in units or {row.assignee, row.completed_by} & names
    }
    hidden = frozenset(row.scope for row in rows if row.scope) - own
    return Seen(False, hidden, frozenset(str(row.id) for row in rows if row.scope in hidden), units)


def _shown_whole(session: Session, instance: Instance, actor: Actor) -> bool:
    """Whether somebody who sees everything has copied the case to the actor."""
    query = select(CopyTo.sent_by).where(CopyTo.instance_id == instance.id, CopyTo.username == actor.username)
    senders = list(session.scalars(query))
    held = grants_of(session, senders, clock.today()) if senders else {}
    return any(grant.role in SEES_ALL for grants in held.values() for grant in grants)
