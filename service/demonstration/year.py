"""A year of the demonstration's people side: who serves whom, contacts, rosters, handovers, rounds, reports, briefs.

``deeds`` plans it for (seed, end, calendar), a module a theme; each deed is done through the real commands, in the
order of the moments, between the deeds of the cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.demonstration import briefs, changes, district, half_years, interviews, links, meetings, reviews
from service.demonstration.papers import Case
from service.demonstration.plan import Deed, Plan
from service.workdays import Calendar

THEMES = (district, links, meetings, changes, reviews, interviews, half_years, briefs)
"""In this order: a theme draws its chances after those before it, and links know the people."""


def deeds(cases: Sequence[Case], seed: int, until: datetime, calendar: Calendar) -> list[Deed]:
    """All deeds of the year that ends at ``until``, in no order; the organization is there before the first."""
    plan = Plan(cases, seed, until, calendar)
    return [deed for theme in THEMES for deed in theme.planned(plan)]
