"""A year of the demonstration's people side: who serves whom, contacts, rosters, handovers, rounds, reports, briefs
and what leaders wrote on them.

``acts_of_year`` plans it for (seed, end, calendar), a module a theme; each operation is done through the real commands,
in the order of the moments, between the operations of the cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.demonstration import (
    briefs,
    change_reports,
    district,
    half_years,
    instructions,
    interviews,
    links,
    meetings,
    reviews,
)
from service.demonstration.form_data import Case
from service.demonstration.plan import Plan, PlannedAct
from service.workdays import Calendar

THEMES = (district, links, meetings, change_reports, reviews, interviews, half_years, briefs, instructions)
"""In this order: a theme draws its chances after those before it, and links know the people."""


def acts_of_year(cases: Sequence[Case], seed: int, until: datetime, calendar: Calendar) -> list[PlannedAct]:
    """All operations of the year that ends at ``until``, in no order; the organization is there before the first."""
    plan = Plan(cases, seed, until, calendar)
    return [operation for theme in THEMES for operation in theme.planned(plan)]
