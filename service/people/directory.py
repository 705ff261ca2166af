"""The units of ``organization.toml`` enter the directory."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.config.organization import Organization
from service.people.models import Unit
from service.people.units import add_unit
from service.rights import Actor


def sync_units(session: Session, organization: Organization, *, actor: Actor, now: datetime) -> list[str]:
    """Adds the units of ``organization`` that the directory does not know yet; answers their codes.

    Known units are left alone: once in the directory, the staff's changes count and not the file.
    """
    known = set(session.scalars(select(Unit.code)))
    missing = [unit for unit in organization.units.values() if unit.code not in known]
    for unit in missing:
        add_unit(
            session,
            code=unit.code,
            name=unit.name,
            kind=unit.kind,
            town=unit.town,
            is_member_unit=unit.is_member_unit,
            organization=organization,
            actor=actor,
            now=now,
        )
    return [unit.code for unit in missing]
