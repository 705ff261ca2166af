"""Summaries of liaisons (小结): of contacts, and of the needs that they registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.calls import Calls
from service.api.fields import Choice, Day, Id, Said, Schema
from service.api.records import Pages, paged
from service.api.shapes import asks, page_of, wanted
from service.contacts.summaries import KINDS, SummaryFilter, stints
from service.http.context import actor, db
from service.usecases.summaries import summaries

calls = Calls("contacts", "Summaries of contacts and needs by liaison", noun="summaries")


class SummaryItem(Schema):
    """A summary. ``id`` is that of the contact or of the need; names are in words."""

    kind = Choice(*KINDS, required=True)
    id = Id(required=True)
    on = Day(required=True, metadata={"description": "the day of the contact, or of the registration of the need"})
    liaison = Said(required=True)
    unit = Said(required=True)
    talents = Said(required=True)
    leader = Said(required=True)
    title = Said(required=True, metadata={"description": "number and matter of a need; empty for a contact"})
    text = Said(required=True, metadata={"description": "the summary; of a need what the talent was told at its end"})
    state = Said(required=True)


@asks(SummaryFilter)
class SummaryQuery(Pages):
    """The conditions of summaries: author, unit and days."""


@calls.get("/summaries", answer=page_of(SummaryItem, "Summaries"), query=SummaryQuery)
def summary_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """联络员小结: those that I may read, the newest first."""
    asked = wanted(SummaryFilter, query)
    return paged(summaries(db(), actor(), stints(db(), actor()), asked, **query))
