"""The readers of an event's word, as the office's table ``[whom]`` of ``notifications.toml`` says (W10, R3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.queries import accounts_of_person, is_usable
from service.config import Wording
from service.config.notifications import FILER, HEADS, LEADER, LIAISONS, UNITS
from service.history.notices import Goal, Notice
from service.liaisons import concerned
from service.notifications.rules import ON_PAPER_TOO
from service.people import heads_of
from service.people.queries import unit_names
from service.processes.models import Instance, UserTask
from service.processes.rules import HANDLING
from service.rights import LEADER as LEADER_ROLE
from service.rights import LIAISON, RESPONSIBLE_UNIT, TALENT_OFFICE


@dataclass(frozen=True, slots=True)
class Aim:
    """One of those whom a notice is for. ``why``: added to the words, where it is for somebody whom these tell.

    ``spared``: nobody is at fault where nobody is there, for such get it on paper.
    """

    goal: Goal
    why: str | None = None
    spared: bool = False


def aims_of(session: Session, notice: Notice, wording: Wording, instance: Instance | None, *, on: date) -> list[Aim]:
    """The aims of a notice: whom it names itself, or whom the table names for an event of its kind."""
    to = notice.to
    if to.units is None:
        return [Aim(to, spared=notice.template in ON_PAPER_TOO)]
    if wording.whom is None:
        named = replace(to, units=None)
        return [Aim(named)] if to.usernames or to.role else [Aim(goal) for goal in _of_units(to.units)]
    units = to.units or _taking_part(session, instance)
    return [aim for word in wording.whom for aim in _aims(session, word, units, instance, on)]


def _aims(session: Session, word: str, units: Sequence[str], instance: Instance | None, on: date) -> Iterator[Aim]:
    if word == FILER:
        if instance is not None:
            yield Aim(Goal((instance.initiator,)))
    elif word == LEADER:
        if instance is not None:
            for leader in concerned(session, instance.talent_id, instance.leader_id, on):
                yield Aim(Goal(role=LEADER_ROLE, leader=str(leader.id)), spared=True)
    elif word == UNITS:
        yield from (Aim(goal) for goal in _of_units(units))
    elif word == LIAISONS:
        yield from (Aim(Goal(role=LIAISON, unit=unit)) for unit in units)
    elif word == HEADS:
        yield from _of_heads(session, units, on)
    else:
        yield Aim(Goal(role=TALENT_OFFICE))


def _of_units(units: Sequence[str]) -> Iterator[Goal]:
    return (Goal(role=RESPONSIBLE_UNIT, unit=unit) for unit in units)


def _of_heads(session: Session, units: Sequence[str], on: date) -> Iterator[Aim]:
    """The heads of units; of whom does not work here the Talent Office is told, so that it tells them."""
    heads = heads_of(session, units, on)
    for unit in units:
        head = heads.get(unit)
        accounts = [one.username for one in accounts_of_person(session, head.id) if is_usable(one)] if head else []
        if accounts:
            yield Aim(Goal(tuple(accounts)))
            continue
        name = unit_names(session, [unit]).get(unit, unit)
        missing = f"负责人{head.name}没有使用本系统" if head is not None else "没有登记负责人"
        yield Aim(Goal(role=TALENT_OFFICE), f"{name}{missing}，请代为告知")


def _taking_part(session: Session, instance: Instance | None) -> Sequence[str]:
    """The units that handled the matter, in the order in which they got it."""
    if instance is None:
        return ()
    handled = select(UserTask.unit).where(
        UserTask.instance_id == instance.id, UserTask.stage == HANDLING, UserTask.unit.is_not(None)
    )
    return list(dict.fromkeys(unit for unit in session.scalars(handled.order_by(UserTask.entered_seq)) if unit))
