"""Filters of the lists of the directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from service.fields import condition
from service.people.rules import BODIES, CLASSES


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """Units by 汉字, pinyin, initials or code; those out of use only where asked for."""

    q: str | None = None
    kind: str | None = None
    town: str | None = None
    member_units_only: bool = condition(False, page="member")
    include_inactive: bool = condition(False, page="all")


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """Persons by 汉字, pinyin or initials of the name, or by post; those who left only where asked for."""

    q: str | None = None
    unit_code: str | None = condition(sent="unit")
    include_inactive: bool = condition(False, page="all")


@dataclass(frozen=True, slots=True)
class LeaderFilter:
    """Leaders who serve ``on`` a day (default today), by name, pinyin, initials or post."""

    q: str | None = None
    klass: str | None = condition(sent="class", choices=CLASSES)
    body: str | None = condition(choices=BODIES)
    unit_code: str | None = condition(sent="unit")
    on: date | None = None
    include_former: bool = condition(False, page="all")


@dataclass(frozen=True, slots=True)
class LiaisonFilter:
    """Liaisons by the name of the person or of the unit."""

    q: str | None = None
    unit_code: str | None = condition(sent="unit")
    include_former: bool = condition(False, page="all")


@dataclass(frozen=True, slots=True)
class SubstituteFilter:
    """Declared substitutes by the name of who is absent or who acts; ``person`` is either of them.

    Those over ``on`` a day (default today) or withdrawn are listed only where asked for.
    """

    q: str | None = None
    person_id: UUID | None = condition(sent="person")
    include_former: bool = condition(False, page="all")
    on: date | None = condition(internal=True)
