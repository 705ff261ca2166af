"""Hands the processes what they may use: the one place where processes and the people side meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from service import attachments, clock, storage
from service.actions.half_year_report import date_moved
from service.actions.liaison_change import talents_to_hand_over
from service.actions.registry_review import talents_to_check
from service.actions.table import action_table
from service.auth.followers import follow
from service.auth.leaving import KEY as LEAVING
from service.auth.roles import KEY as ROLES
from service.auth.roles import PASSWORDS, RULES
from service.config import Organization, Settings
from service.db import Database
from service.documents import house_templates
from service.ids import as_id
from service.jobs import KEY as JOBS
from service.liaisons import leaders_of
from service.liaisons.served import served_by
from service.people.leaving import KEY as FOLLOWING
from service.people.queries import find_leader, find_person, find_unit
from service.processes import claims
from service.processes.forms import FILES
from service.processes.instances import case_label
from service.processes.rules import STAGES
from service.processes.visibility import sees
from service.processes.wiring import KEY, Listing, Reference, Wiring
from service.reports import brief_of, reads_brief
from service.rights import Actor
from service.spelling import plain
from service.storage.stores import KEY as STORE
from service.talents.queries import called_like, employed_by, find_talent, spelled, units_shown
from service.usecases.in_force import InForce
from service.usecases.jobs import job_kinds
from service.usecases.privacy import PRIVATE, withheld
from service.usecases.sight import follow as follow_reading


def wire(database: Database, settings: Settings, organization: Organization) -> Wiring:
    """Gives every session of ``database`` the actions, references, settings and role scopes.

    ``settings`` are those of the start; what pages change of them is handed over by itself (``in_force``).
    """
    made = _hand_over(database, settings, organization)
    InForce(database, settings, lambda now: _hand_over(database, now, organization)).install()
    return made


def _hand_over(database: Database, settings: Settings, organization: Organization) -> Wiring:
    made = Wiring(
        actions=action_table(settings),
        references=reference_table(),
        listings=listing_table(),
        settings=dict(settings.process),
        scopes={role.id: role.scope for role in organization.roles.values()},
        stand_ins={role.id: role.stand_ins for role in organization.roles.values()},
        unit_roles=frozenset(role.id for role in organization.roles.values() if role.rights.of_unit),
        role_names={role.id: role.name for role in organization.roles.values()},
        stages={**STAGES, **{stage.code: stage.name for stage in organization.stages.values()}},
        towns={code: town.name for code, town in organization.towns.items()},
        served=served_by,
        known=_known,
        called=called_like,
        spelled=spelled,
        short_names={code: tuple(map(plain, unit.short)) for code, unit in organization.units.items() if unit.short},
        private=PRIVATE,
        withheld=withheld,
        shown=_shown,
        opening=settings.office_opens,
        most_instances=settings.most_instances,
        most_extension=settings.extension_days,
        house_prints=house_templates,
        told={"talents": _told_of_talent},
        hand_in=attachments.hand_in,
        date_moved=date_moved,
    )
    database.session_info[KEY] = made
    database.session_info[ROLES] = {role.id: role.rights for role in organization.roles.values()}
    database.session_info[RULES], database.session_info[PASSWORDS] = settings.accounts, settings.passwords
    database.session_info[JOBS] = job_kinds(settings, organization)
    database.session_info[LEAVING] = _let_go
    database.session_info[STORE] = storage.chosen(settings.files)
    database.session_info[FOLLOWING] = follow
    follow_reading()
    return made


def reference_table() -> dict[str, Reference]:
    """The kinds of records that a form may pick (``x-ref``), each with the look-up of its label."""
    return {
        "units": _unit,
        "people": _person,
        "leaders": _leader,
        "talents": _talent,
        "cases": case_label,
        "briefs": _brief,
        FILES: attachments.file_name,
    }


def listing_table() -> dict[str, Listing]:
    """The lists from which a form may pick (``x-among``)."""
    return {"talents_to_check": talents_to_check, "talents_to_hand_over": talents_to_hand_over}


def _let_go(session: Session, usernames: Collection[str], actor: Actor, now: datetime) -> None:
    claims.let_go(session, usernames, actor=actor, now=now)


def _shown(session: Session, kind: str, key: str, reader: Actor) -> bool:
    """An employer knows of no other employer's talents (R8); nobody of a case or a brief that is not theirs to read."""
    if kind == "cases":
        return (case := as_id(key)) is not None and sees(session, case, reader)
    if kind == FILES:
        return attachments.may_name(session, key, reader)
    if kind == "briefs":
        return reads_brief(session, key, reader)
    units = units_shown(reader) if kind == "talents" else None
    if units is None:
        return True
    talent = find_talent(session, key)
    return talent is not None and talent.employer_unit in units


def _known(reader: Actor) -> Select[str] | None:
    units = units_shown(reader)
    return None if units is None else employed_by(units)


def _told_of_talent(session: Session, talent_id: str, reader: Actor) -> Mapping[str, Any]:
    """The facts about a talent that forms may be filled with (``terms.TALENT_FACTS``), as the reader may know them."""
    talent = find_talent(session, talent_id) if _shown(session, "talents", talent_id, reader) else None
    if talent is None or not talent.active:
        return {}
    leaders = leaders_of(session, [talent.id], clock.today(), reader)[talent.id]
    return {
        "name": talent.name,
        "employer": talent.employer,
        "town": talent.town,
        "leader": str(leaders[0].id) if leaders else None,
    }


def _unit(session: Session, code: str) -> str | None:
    unit = find_unit(session, code)
    return unit.name if unit is not None and unit.active else None


def _person(session: Session, person_id: str) -> str | None:
    person = find_person(session, person_id)
    return person.name if person is not None and person.active else None


def _leader(session: Session, leader_id: str) -> str | None:
    leader = find_leader(session, leader_id)
    return leader.person.name if leader is not None else None


def _brief(session: Session, brief_id: str) -> str | None:
    brief = brief_of(session, brief_id)
    return brief.name if brief is not None else None


def _talent(session: Session, talent_id: str) -> str | None:
    talent = find_talent(session, talent_id)
    return talent.name if talent is not None and talent.active else None
