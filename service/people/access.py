"""Rights to keep the records of the directory, and to see a person. Asked by the commands themselves."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import NotAllowed, NotFound
from service.people.models import Leader, Person
from service.people.queries import find_person
from service.people.rules import CLASS_A
from service.rights import Actor, may, require


def keeping(klass: str) -> str:
    """The right to keep the posts of a class."""
    return "manage_leaders_a" if klass == CLASS_A else "manage_leaders_b"


def keeps_leader(actor: Actor, leader: Leader) -> bool:
    """Whether ``actor`` may change or end this post."""
    return may(actor, keeping(leader.klass), unit=leader.unit_code)


def require_leader(actor: Actor, leader: Leader) -> None:
    """Raises ``NotAllowed`` unless ``keeps_leader`` says yes."""
    require(actor, keeping(leader.klass), unit=leader.unit_code)


def may_declare(actor: Actor, person: Person) -> bool:
    """Whether ``actor`` may declare, or take back, who acts for ``person``."""
    return may(actor, "declare_substitute", unit=person.unit_code, person_id=person.id)


def require_other(actor: Actor, person_id: object, what: str) -> None:
    """Raises ``NotAllowed`` where somebody gives a right to oneself: another person must."""
    if actor.person_id is not None and str(person_id) == str(actor.person_id):
        raise NotAllowed(f"不能为自己{what}，请由另一位有权限的人员办理")


def shown_person(session: Session, person_id: UUID | str, reader: Actor) -> Person:
    """The person, for who may read the directory, and for that person; raises ``NotFound`` for all others."""
    found = find_person(session, person_id)
    if found is None or not may(reader, "view_directory", person_id=found.id):
        raise NotFound("没有这个人员，请从人员名录中选择")
    return found
