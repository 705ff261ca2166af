"""How cases of a process can begin: by whom by hand, at which events by themselves, with what the service gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from service.errors import LiaisonError
from service.processes.bundles import Compiled
from service.processes.cycles import Cycle
from service.proof.states import Start
from service.rehearsal.core import Plan, Rehearsal
from service.rehearsal.samples import RECORD
from service.rights import UNIT_ROLES
from service.workdays import Calendar


def starts_of(made: Compiled, calendar: Calendar, plan: Plan, at: datetime) -> list[Start]:
    """All starts: of those by hand, one for each role that may take the first step, as in the product."""
    timed = made.program.timer_starts
    found = [Start(_planned(one.cycle, at), event=one.event) for one in timed]
    data = dict.fromkeys(made.given, RECORD)
    if made.given:
        return [*found, Start(at, data=data)]
    if len(timed) and not _by_hand(made):
        return found
    able = [
        one
        for one in (Start(at, by=_person(role, plan)) for role in sorted(plan.scopes))
        if _may(made, calendar, plan, one)
    ]
    return [*found, *able] or [Start(at)]


def _by_hand(made: Compiled) -> bool:
    """Whether the diagram has a start without a timer."""
    timed = {one.event for one in made.program.timer_starts}
    return any(one.bpmn_id not in timed for one in made.program.spec.start.outputs)


def _may(made: Compiled, calendar: Calendar, plan: Plan, start: Start) -> bool:
    """Whether who starts it may take the first step; an error there is for the walk to find."""
    try:
        rehearsal = Rehearsal(made, calendar, plan, start.at, by=start.by)
    except LiaisonError:
        return False
    first = next(iter(rehearsal.open), None)
    role = (start.by or "").partition("@")[0]
    return first is not None and first.role == role


def _person(role: str, plan: Plan) -> str:
    return f"{role}@{min(plan.units)}" if bound(role, plan.scopes) and plan.units else role


def bound(role: str, scopes: Mapping[str, str]) -> bool:
    """Whether whoever holds the role does so for a unit."""
    scope = scopes.get(role, "")
    return role in UNIT_ROLES or scope == "origin" or scope.startswith("data:")


def _planned(cycle: str, at: datetime) -> datetime:
    try:
        whole = Cycle.parse(cycle)
    except ValueError:
        return at
    return whole.moment(whole.after(at)) or at


def words(start: Start, names: Mapping[str, str], named: Mapping[str, str]) -> str:
    """The start in words, by the ``names`` of nodes, and those of roles and units (``named``)."""
    if start.event is not None:
        return f"定时开始「{names.get(start.event, start.event)}」"
    if not start.by:
        return "由系统发起"
    role, _, unit = start.by.partition("@")
    whose = f"（{named.get(unit, unit)}）" if unit else ""
    return f"由 {named.get(role, role)}{whose} 发起"
