"""The keepers of leaders' links, who also draw up, decide and file lists (Q2, Q4): one answer for commands and pages.

Class A is the Talent Office's, class B the unit's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from service.liaisons.models import Link, Roster
from service.liaisons.rules import ACTIVE, DECIDED, DRAFT
from service.people.models import Leader
from service.people.queries import find_unit, unit_names
from service.people.rules import CLASS_A, CLASSES
from service.rights import Actor, may, units_with


def right_to_keep(leader: Leader) -> str:
    """The right that who keeps the leader's links has, for the leader's unit."""
    return "manage_links_a" if leader.klass == CLASS_A else "manage_links_b"


def keeps_links(actor: Actor, leader: Leader) -> bool:
    """Whether the actor registers, ends and hands over the leader's links, and sets the service team."""
    return may(actor, right_to_keep(leader), unit=leader.unit_code)


def keeper_of(leader: Leader) -> str:
    """The keeper of the leader's links, as people call them."""
    return f"{leader.unit.name}联络员" if leader.klass != CLASS_A and leader.unit is not None else "区人才办"


def scopes_of(session: Session, actor: Actor) -> list[str]:
    """The scopes of the lists that the actor draws up: class A (``A``), the own member units (their codes).

    Empty for who keeps nobody's links: a liaison of the three offices has none.
    """
    first = [CLASS_A] if may(actor, "manage_links_a") else []
    units = [
        unit for code in sorted(units_with(actor, "manage_links_b")) if (unit := find_unit(session, code)) is not None
    ]
    return [*first, *(unit.code for unit in units if unit.is_member_unit)]


def scope_names(session: Session, scopes: Iterable[str]) -> dict[str, str]:
    """Scope of a list → what people call it; one statement."""
    return {CLASS_A: CLASSES[CLASS_A], **unit_names(session, [scope for scope in scopes if scope != CLASS_A])}


def may_be_held(link: Link) -> bool:
    """Whether the Talent Office can take over what the link's leader served: the end of the post is known (O4)."""
    return link.status == ACTIVE and link.leader.ends_on is not None


def may_decide(session: Session, actor: Actor, roster: Roster) -> bool:
    """Whether the actor can rewrite the list and put it in force."""
    return roster.status == DRAFT and roster.scope in scopes_of(session, actor)


def is_filed(roster: Roster) -> bool:
    """Whether such a list is put on file once it is decided: a unit's is, class A is the Talent Office's own (Q4)."""
    return roster.scope != CLASS_A


def may_file(actor: Actor, roster: Roster) -> bool:
    """Whether the actor can put the list on file now (备案, Q4)."""
    return roster.status == DECIDED and is_filed(roster) and may(actor, "file_rosters")
