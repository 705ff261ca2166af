"""Quotas (配额): every leader on any day, with how many talents are served and how many should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock, liaisons
from service.api.calls import Calls
from service.api.fields import Choice, Day, Flag, List, Nested, Said, Schema, Whole
from service.api.links import RIGHT, TAG, TAG_SAYS, LeaderName
from service.api.records import Pages, paged
from service.api.shapes import asks, page_of, wanted
from service.http.context import actor, db
from service.liaisons import QuotaFilter

calls = Calls(TAG, TAG_SAYS, noun="quotas")


class QuotaItem(Schema):
    """A leader and the quota. ``both``: leads in class A too, so that as class B nothing is required."""

    leader = Nested(LeaderName, required=True)
    unit = Said(required=True, allow_none=True, attribute="leader.unit_code")
    required_ = Whole(required=True, data_key="required", attribute="required")
    count = Whole(required=True)
    short = Whole(required=True)
    both = Flag(required=True)


class QuotaTotals(Schema):
    """One class, over all pages."""

    klass = Choice("A", "B", required=True, data_key="class")
    leaders = Whole(required=True)
    short = Whole(required=True)
    links = Whole(required=True)


TOTALS = List(Nested(QuotaTotals), required=True)
Quotas = page_of(QuotaItem, "Quotas", on=Day(required=True), totals=TOTALS)
"""A page of leaders, those that lack most first."""


@asks(QuotaFilter)
class QuotaQuery(Pages):
    """Filters of the quota report."""


@calls.get("/quotas", answer=Quotas, query=QuotaQuery, right=RIGHT)
def quotas(query: dict[str, Any]) -> Mapping[str, Any]:
    """Every leader on any day with the quota (Q1: two for class A, Q3: three for class B)."""
    asked = wanted(QuotaFilter, query)
    page, totals = liaisons.quota_report(db(), asked, **query, reader=actor())
    return {**paged(page), "on": asked.on or clock.today(), "totals": totals}
