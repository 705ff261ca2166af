"""Filters of the lists of links, quotas, service teams and rosters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.fields import condition
from service.liaisons.rules import ROSTER_STATUSES, STATUSES
from service.people.rules import CLASSES


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """Filters of the list of links. ``on``: those that count on that day; ``warned``: those with warnings.

    ``q`` is the name of the leader or of the talent: 汉字, pinyin or initials.
    """

    q: str | None = None
    leader_id: str | None = condition(sent="leader")
    talent_id: str | None = condition(sent="talent")
    unit: str | None = None
    klass: str | None = condition(sent="class", page="klass", choices=CLASSES)
    status: str | None = condition(choices=STATUSES)
    on: date | None = None
    warned: bool = False
    include_ended: bool = condition(True, internal=True)


@dataclass(frozen=True, slots=True)
class QuotaFilter:
    """Filters of the quota report; ``on`` is any day (default today)."""

    on: date | None = None
    klass: str | None = condition(sent="class", page="klass", choices=CLASSES)
    unit: str | None = None
    short_only: bool = condition(False, page="short")


@dataclass(frozen=True, slots=True)
class ServiceTeamFilter:
    """Filters of the service teams, by the leader's name; ``on``: those that stand on that day."""

    q: str | None = None
    leader_id: str | None = condition(sent="leader")
    unit: str | None = None
    klass: str | None = condition(sent="class", page="klass", choices=CLASSES)
    on: date | None = None


@dataclass(frozen=True, slots=True)
class RosterFilter:
    """Filters of the rosters; ``scope`` is ``A`` or a unit's code."""

    scope: str | None = None
    status: str | None = condition(choices=ROSTER_STATUSES)
