"""Search everywhere: what the caller may see and a few words call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.calls import Calls
from service.api.fields import Choice, List, Nested, Query, Said, Schema, Text
from service.http.context import actor, db
from service.usecases.finding import KINDS, find

calls = Calls("search", "Search everywhere")


class Found(Schema):
    """Something found. ``id`` is that of the talent, unit (its code) or case; of a file the stream of its record, a
    space, and the file's id. ``note`` tells it from another of that name."""

    kind = Choice(*KINDS, required=True)
    id = Said(required=True)
    title = Said(required=True)
    note = Said(required=True)


class FoundItems(Schema):
    """At most six of each kind, names first."""

    items = List(Nested(Found), required=True)


class SearchQuery(Query):
    """The words: 汉字 in any form, pinyin, initials, numbers, short names of units."""

    q = Text(required=True)


@calls.get("/search", answer=FoundItems, query=SearchQuery)
def search(query: dict[str, Any]) -> Mapping[str, Any]:
    """Talents, units, cases and files that I may see."""
    return {"items": find(db(), actor(), query["q"])}
