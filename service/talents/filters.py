"""Filters of the lists of talents and teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.fields import condition
from service.talents.rules import CATEGORIES, TYPES

SORTS = ("name", "id", "employer", "category", "confirmed", "updated")
"""The sort keys of the list of talents; after ``-`` in the other direction."""
_DIRECTIONS = tuple(sign + name for name in SORTS for sign in ("", "-"))


@dataclass(frozen=True, slots=True)
class TalentFilter:
    """Filters of the list of talents, by 汉字, pinyin or initials of the name, by id, or by the employer's name.

    ``confirmed_before`` finds files that nobody has confirmed since that day (R4), ``eligible`` those whom leaders may,
    or may not, be asked to serve ``on`` a day (default today).
    """

    q: str | None = None
    category: int | None = condition(choices=CATEGORIES)
    type: int | None = condition(choices=TYPES)
    town: str | None = None
    employer_unit: str | None = condition(page="unit")
    confirmed_before: date | None = condition(page="confirmed")
    eligible: bool | None = None
    include_inactive: bool = condition(False, page="all")
    sort: str = condition("name", choices=_DIRECTIONS)
    on: date | None = condition(internal=True)


@dataclass(frozen=True, slots=True)
class TeamFilter:
    """Filters of the list of teams, by 汉字, pinyin or initials of the team's or its lead's name."""

    q: str | None = None
    include_inactive: bool = condition(False, page="all")
