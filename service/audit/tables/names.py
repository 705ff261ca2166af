"""How people call what a finding is about: by the number of a case, the name of a unit or a person, never by an id."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.people.models import Person, Unit
from service.processes.models import Instance


def named(session: Session, stream: str) -> str:
    """The name of the record of a stream; the stream itself where nothing better is known."""
    prefix, _, name = stream.partition(":")
    if prefix == "unit":
        return f"单位 {session.scalar(select(Unit.name).where(Unit.code == name)) or name}"
    if prefix == "talent":
        return f"人才 {name}"
    try:
        key = UUID(name)
    except ValueError:
        return stream
    if prefix == "person":
        found = session.scalar(select(Person.name).where(Person.id == key))
        return f"人员 {found}" if found else stream
    if prefix != "instance":
        return stream
    row = session.execute(select(Instance.number, Instance.title).where(Instance.id == key)).first()
    return f"事项 {row.number or f'“{row.title}”'}" if row is not None else stream
