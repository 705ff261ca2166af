"""Questions that the journal answers as it stands: of which kinds, by whom, for whom, about what, when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from service.audit.questions.declared import Asked, Find, Row
from service.audit.questions.known import Known, the_case, the_people, the_talents
from service.audit.questions.words import detail, done, picked
from service.clock import end_of
from service.db.lists import MAX_LIMIT, Page
from service.history import HistoryEvent
from service.processes.recording import stream_of

EVIDENCE = "evidence_exported"
"""The kind of entries of the seals' journal that are about a case: their data names it."""
EFFECTS = ("entered", "cancelled", "reopened", "due_changed", "renewed", "ended", "advanced", "action", "notice")
"""Kinds of entries that follow from what somebody did; nobody does them."""
_COLUMNS = (
    HistoryEvent.id,
    HistoryEvent.stream,
    HistoryEvent.seq,
    HistoryEvent.at,
    HistoryEvent.actor,
    HistoryEvent.on_behalf_of,
    HistoryEvent.kind,
    HistoryEvent.task,
    HistoryEvent.data,
)

Event = Any
"""A row of ``_COLUMNS``."""
More = Callable[[Session, Sequence[Event], Known], Mapping[int, Mapping[str, Any]]]
"""Further columns of a page of events, by the events' ids, in a fixed number of statements."""


def of(
    kinds: Collection[str] = (),
    *,
    less: Collection[str] = (),
    where: Callable[[Asked], Iterable[ColumnElement[bool]]] | None = None,
    more: More | None = None,
) -> Find:
    """The entries of ``kinds`` (all but ``less``), the newest first."""

    def find(asked: Asked) -> Page[Row]:
        conditions = [*_kinds(asked, kinds, less), *_period(asked), *_people(asked), *_subjects(asked)]
        conditions += where(asked) if where is not None else ()
        found = paged(asked, select(*_COLUMNS).where(*conditions))
        known = learnt(asked.session, found.items)
        told = more(asked.session, found.items, known) if more is not None else {}
        rows = tuple({**row(event, known), **told.get(event.id, {})} for event in found.items)
        return Page(rows, found.total, found.limit, found.offset)

    return find


def paged(asked: Asked, query: Select[Any]) -> Page[Event]:
    """A page of events, the newest first: one statement counts, one reads."""
    limit, offset = max(1, min(asked.limit, MAX_LIMIT)), max(0, asked.offset)
    total = asked.session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    if offset >= total:
        return Page((), total, limit, offset)
    keys = query.with_only_columns(HistoryEvent.id).order_by(HistoryEvent.at.desc(), HistoryEvent.id.desc())
    shown = select(*_COLUMNS).where(HistoryEvent.id.in_(keys.limit(limit).offset(offset).scalar_subquery()))
    ordered = shown.order_by(HistoryEvent.at.desc(), HistoryEvent.id.desc())
    return Page(tuple(asked.session.execute(ordered).all()), total, limit, offset)


def learnt(session: Session, events: Iterable[Event]) -> Known:
    """The names that the entries need."""
    listed = list(events)
    people = [name for one in listed for name in (one.actor, one.on_behalf_of)]
    units = [str(one.data["unit"]) for one in listed if isinstance(one.data.get("unit"), str)]
    streams = [_about(one) for one in listed]
    streams += [stream for one in listed for stream in picked(one.kind, one.data)]
    return Known(session).learn(people, streams, units)


def row(event: Event, known: Known) -> dict[str, Any]:
    """The columns that every entry has."""
    about, link = known.record(_about(event))
    return {
        "at": event.at,
        "who": known.person(event.actor),
        "behalf": known.person(event.on_behalf_of),
        "about": about,
        "what": done(event.kind, event.data),
        "detail": detail(event.kind, event.stream, event.data, lambda stream: known.record(stream)[0]),
        "links": {"about": link} if link is not None else {},
    }


def _about(event: Event) -> str:
    """The stream of the record that an entry is about."""
    if event.kind == EVIDENCE and event.data.get("instance"):
        return stream_of(event.data["instance"])
    return str(event.stream)


def _kinds(asked: Asked, kinds: Collection[str], less: Collection[str]) -> list[ColumnElement[bool]]:
    wanted = asked.text("kind")
    if wanted and (not kinds or wanted in kinds):
        return [HistoryEvent.kind == wanted]
    if kinds:
        return [HistoryEvent.kind.in_(sorted(kinds))]
    return [HistoryEvent.kind.not_in(sorted(less))] if less else []


def _period(asked: Asked) -> list[ColumnElement[bool]]:
    return period(asked, HistoryEvent.at)


def period(asked: Asked, column: Any) -> list[ColumnElement[bool]]:
    """The conditions that a moment lies in the days asked for, both included."""
    since, until = asked.day("since"), asked.day("until")
    found: list[ColumnElement[bool]] = []
    if since is not None:
        found.append(column >= beginning_of(since))
    if until is not None:
        found.append(column < end_of(until))
    return found


def beginning_of(day: date) -> datetime:
    """The first moment of a day in Shanghai."""
    return end_of(day - timedelta(days=1))


def _people(asked: Asked) -> list[ColumnElement[bool]]:
    person = asked.text("person")
    return [HistoryEvent.actor.in_(the_people(asked.session, person))] if person else []


def _subjects(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if case := asked.text("case"):
        key = the_case(asked.session, case)
        named = and_(HistoryEvent.kind == EVIDENCE, HistoryEvent.data["instance"].as_string() == str(key))
        found.append(or_(HistoryEvent.stream == stream_of(key), named))
    if talent := asked.text("talent"):
        streams = [f"talent:{one}" for one in the_talents(asked.session, talent)]
        found.append(HistoryEvent.stream.in_(streams))
    return found
