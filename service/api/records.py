"""The common part of calls on records: their journal, and lists by pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from service.api.fields import Body, Count, Day, Form, List, Moment, Nested, Query, Said, Schema, Text, Whole
from service.contacts.access import readable
from service.db.lists import Page
from service.history import HistoryEvent, stream_events
from service.http.context import actor, db
from service.ledger.reported import seen_entries
from service.usecases.names import Names

R = TypeVar("R")
_MISSING = object()


class Row:
    """A row of a table with what an answer tells besides: by name, else by the first of ``rows`` that knows it."""

    def __init__(self, *rows: object, **more: Any) -> None:
        self._rows: tuple[object, ...] = rows
        self._more: dict[str, Any] = more
        if rows and isinstance(first := rows[0], Row):  # both are told as one
            mine, told = first._rows, first._more  # noqa: SLF001 - of its own kind
            self._rows, self._more = (*mine, *rows[1:]), {**told, **more}

    def __getattr__(self, name: str) -> Any:
        found = self.told(name, _MISSING)
        if found is _MISSING:
            raise AttributeError(name)
        return found

    def known(self) -> Mapping[str, Any]:
        """The values that stand in the row itself, by name: schemas ask for thousands of them for a page of a list."""
        return {**getattr(self._rows[0], "__dict__", {}), **self._more} if self._rows else self._more

    def told(self, name: str, default: Any) -> Any:
        """The value under ``name``, or ``default``."""
        if name in self._more:
            return self._more[name]
        for row in self._rows:
            found = getattr(row, name, _MISSING)
            if found is not _MISSING:
                return found
        return default


class RecordChange(Schema):
    """An entry of a record's journal. In ``data`` a changed field holds ``[before, after]``."""

    seq = Whole(required=True)
    at = Moment(required=True)
    actor = Said(required=True)
    actor_name = Said(required=True)
    on_behalf_of = Said(required=True, allow_none=True)
    kind = Said(required=True)
    data = Form(required=True)


class RecordHistory(Schema):
    """The whole journal of a record."""

    items = List(Nested(RecordChange), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class LastDay(Body):
    """The last day of a service."""

    ends_on = Day(required=True)


class Pages(Query):
    """The part of a list, where it is not searched by a name."""

    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


class Search(Query):
    """``q`` finds 汉字, pinyin and initials; without it everything is listed."""

    q = Text()
    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


def paged(page: Page[R], shape: Callable[[R], object] = lambda row: row) -> Mapping[str, Any]:
    """A page of a list as an answer: its rows themselves, or what ``shape`` makes of them."""
    return {"items": [shape(row) for row in page.items], "total": page.total, "more": page.more, "next": page.next}


def whole(items: Sequence[object]) -> Mapping[str, Any]:
    """A list that has no pages, as an answer."""
    return {"items": items, "total": len(items), "more": False, "next": None}


def journal(events: Iterable[tuple[HistoryEvent, Mapping[str, Any]]]) -> Mapping[str, Any]:
    """Entries with the data that the reader may see, as an answer; two statements beside."""
    listed = seen_entries(db(), actor(), readable(db(), actor(), events))
    names = Names(db()).learn([event.actor for event, _ in listed])
    return whole(
        [Row(event, actor_name=names.known_person(event.actor) or event.actor, data=data) for event, data in listed]
    )


def journal_of(stream: str) -> Mapping[str, Any]:
    """The journal of a record that holds no contact data, as an answer."""
    return journal((event, event.data) for event in stream_events(db(), stream))
