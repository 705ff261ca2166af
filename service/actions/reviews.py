"""The actions of ``registry_review``: units confirm the files of their talents (R4)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import liaisons, talents
from service.actions.reading import entitled, text_of, today_of
from service.people.models import Liaison
from service.people.queries import on_day
from service.processes.wiring import Action, ActionCall
from service.talents.models import Talent


def _review_units(session: Session, call: ActionCall) -> list[str]:
    """The units that have talents to check, each once."""
    return sorted(set(_answering(session, today_of(call)).values()))


def _confirm_talents(session: Session, call: ActionCall) -> int:
    """Notes for each of the unit's talents but those to correct that the file is right as of today."""
    unit, today = text_of(call, "unit"), today_of(call)
    named = call.parameters.get("except_ids")
    left_out = set(named) if isinstance(named, list) else set[str]()
    mine = sorted(talent for talent, answers in _answering(session, today).items() if answers == unit)
    units = dict(session.execute(select(Talent.id, Talent.employer_unit).where(Talent.id.in_(mine))).all())
    done = 0
    for talent_id in mine:
        if talent_id not in left_out:
            actor = entitled(call.actor, "confirm_talents", units.get(talent_id))
            talents.confirm_talent(session, talent_id=talent_id, on=today, actor=actor, now=call.now)
            done += 1
    return done


def _answering(session: Session, today: date) -> dict[str, str]:
    """Active talent → the unit that answers for the file: the own unit where it has a liaison, else the leader's."""
    named = set(session.scalars(select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, today))))
    rows = session.execute(select(Talent.id, Talent.employer_unit).where(Talent.active)).all()
    found = {talent: unit for talent, unit in rows if unit in named}
    rest = [talent for talent, unit in rows if unit not in named]
    for talent, leaders in liaisons.leaders_of(session, rest, today).items():
        unit = next((leader.unit_code for leader in leaders if leader.unit_code in named), None)
        if unit is not None:
            found[talent] = unit
    return found


ACTIONS = (
    Action("review_units", "列出核对单位", (), _review_units, sample=["edu"]),
    Action("confirm_talents", "记录核对日期", ("unit",), _confirm_talents, ("except_ids",), sample=3),
)
