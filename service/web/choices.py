"""Units to choose from: all of them, the member units, and those for which the reader may do something."""

from __future__ import annotations

from collections.abc import Sequence

from service.http.context import actor, db
from service.people.filters import UnitFilter
from service.people.models import Unit
from service.people.queries import get_unit, search_units
from service.rights import may
from service.web.context import selves

ALL_UNITS = 200


def every_unit() -> Sequence[Unit]:
    """The units in use."""
    return search_units(db(), limit=ALL_UNITS).items


def member_units() -> Sequence[Unit]:
    """The member units (成员单位) in use."""
    return search_units(db(), UnitFilter(member_units_only=True), limit=ALL_UNITS).items


def may_for(right: str, unit: str) -> bool:
    """Whether the reader, or who the reader stands in for, has the right for the unit."""
    return any(may(one, right, unit=unit) for one in selves())


def own_units(right: str) -> list[Unit]:
    """The units for which the reader has the right: of the Talent Office all member units, its own one first."""
    mine = selves()
    codes = sorted({grant.unit for one in mine for grant in one.grants if grant.unit is not None})
    found = [get_unit(db(), code) for code in codes if may_for(right, code)]
    if any(may(one, right) for one in mine):
        home = [get_unit(db(), actor().unit or "")] if actor().unit else []
        found = list({unit.code: unit for unit in (*home, *found, *member_units())}.values())
    return found
