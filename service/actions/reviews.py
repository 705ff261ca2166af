"""The actions of ``registry_review``: units confirm the files of their talents (R4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from service import talents
from service.actions.reading import entitled, text_of, today_of
from service.actions.rounds import refuse_another, taken
from service.db.lists import on_day
from service.liaisons.models import Link
from service.liaisons.queries import serving
from service.people.models import Leader, Liaison, Unit
from service.people.queries import owes_liaison
from service.processes.operations import notify
from service.processes.wiring import Action, ActionCall
from service.rights import TALENT_OFFICE, Actor
from service.talents.models import Talent

WHY_NOBODY = "主管单位未填或没有联络员，也没有联系领导"


def talents_to_check(told: Mapping[str, Any], on: date) -> Select[str]:
    """The ids of the talents whose files the slot's ``unit`` checks, among all ``units`` of its round (R4).

    A query, so that a unit's two thousand talents are neither kept with the case nor read at once.
    """
    unit, units = str(told.get("unit")), told.get("units")
    asked = [str(one) for one in units] if isinstance(units, list) else [unit]
    return select(Talent.id).where(Talent.active, _answering(on, asked) == unit)


def _review_units(session: Session, call: ActionCall) -> list[str]:
    """The units that have talents to check, each once; those that are at it in another round are left to that.

    The Talent Office hears of talents for whom no unit answers. Raises Invalid where somebody starts a second round by
    hand.
    """
    refuse_another(session, call, "/data")
    today = today_of(call)
    named = session.scalars(select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, today)))
    answering = _answering(today, named.all())
    counts = session.execute(select(answering, func.count()).where(Talent.active).group_by(answering))
    found: dict[str | None, int] = dict(counts.all())
    if nobodys := found.pop(None, 0):
        text = f"有 {nobodys} 位人才没有单位负责核对（{WHY_NOBODY}）。请补录主管单位，或由区人才办核对"
        notify(session, call.instance, "reminder", actor=call.actor, now=call.now, role=TALENT_OFFICE, text=text)
    return sorted({unit for unit in found if unit is not None} - taken(session, call).keys())


def _confirm_talents(session: Session, call: ActionCall) -> int:
    """Notes for each of the unit's talents but those to correct that the file is right as of today."""
    unit, today = text_of(call, "unit"), today_of(call)
    named = call.parameters.get("except_ids")
    left_out = set(named) if isinstance(named, list) else set[str]()
    mine = talents_to_check({**call.data, "unit": unit}, today)
    by: dict[Actor, list[str]] = {}
    for talent_id, employer_unit in session.execute(select(Talent.id, Talent.employer_unit).where(Talent.id.in_(mine))):
        if talent_id not in left_out:
            by.setdefault(entitled(call.actor, "confirm_talents", employer_unit), []).append(talent_id)
    for actor, some in by.items():
        talents.confirm_talents(session, talent_ids=some, on=today, actor=actor, now=call.now)
    return sum(map(len, by.values()))


def _answering(on: date, asked: Collection[str]) -> ColumnElement[Any]:
    """The unit that answers for a talent's file: the own one where it owes a liaison or is ``asked``, else a leader's.

    Whether somebody is named just then does not matter: a talent would otherwise change units in the middle of a round.
    """
    units = select(Unit.code).where(or_(owes_liaison(), Unit.code.in_(asked)))
    leaders = (
        select(Leader.unit_code)
        .join(Link, Link.leader_id == Leader.id)
        .where(Link.talent_id == Talent.id, serving(on), Leader.unit_code.in_(units))
        .order_by(Leader.klass, Link.starts_on, Link.id)
        .limit(1)
        .scalar_subquery()
    )
    return case((Talent.employer_unit.in_(units), Talent.employer_unit), else_=leaders)


ACTIONS = (
    Action(
        "review_units",
        "列出核对单位",
        (),
        _review_units,
        sample=["edu"],
        does="列出有人才要核对的单位；没有单位负责核对的人才，通知区人才办",
    ),
    Action(
        "confirm_talents",
        "记录核对日期",
        ("unit",),
        _confirm_talents,
        ("except_ids",),
        sample=3,
        does="把该单位的人才记为今天已核实，`except_ids`（要更正的）除外；结果是核实了几人",
    ),
)
