"""Questions that the journal answers as it stands: of which kinds, by whom, for whom, about what, when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Uuid,
    and_,
    cast,
    func,
    null,
    or_,
    select,
    union_all,
)
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


Beside = tuple[str, Callable[[Asked], Select[Any]], str]
"""A kind of which few entries are meant, and the query that finds them among the tasks of cases, each once: ``at``,
``case``, ``seq`` and ``task``. The entry has that number; of a task it is the first of the kind behind that number.
Last the other kind under whose word they are found as well."""


def of(
    kinds: Collection[str] = (),
    *,
    less: Collection[str] = (),
    where: Callable[[Asked], Iterable[ColumnElement[bool]]] | None = None,
    few: bool = False,
    beside: Beside | None = None,
    more: More | None = None,
) -> Find:
    """The entries of ``kinds`` (all but ``less``), and some of the kind ``beside`` them; the newest first. ``few``:
    few entries hold to ``where``."""

    def find(asked: Asked) -> Page[Row]:
        if beside is not None:
            found = _paged_beside(asked, kinds, beside)
        else:
            people = _people(asked, few=few)
            conditions = [*_kinds(asked, kinds, less), *_period(asked), *people, *_subjects(asked)]
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


def paged_of(asked: Asked, found: Subquery) -> Page[Event]:
    """The same of entries that take long to find: those ``found``, their ``id`` and ``at``, are found and counted at
    once, and those of the page read."""
    limit, offset = max(1, min(asked.limit, MAX_LIMIT)), max(0, asked.offset)
    keys = select(found.c.id, func.count().over()).order_by(found.c.at.desc(), found.c.id.desc())
    shown = asked.session.execute(keys.limit(limit).offset(offset)).all()
    if not shown:
        total = asked.session.scalar(select(func.count()).select_from(found)) or 0 if offset else 0
        return Page((), total, limit, offset)
    places = {key: place for place, (key, _) in enumerate(shown)}
    events = asked.session.execute(select(*_COLUMNS).where(HistoryEvent.id.in_(places))).all()
    return Page(tuple(sorted(events, key=lambda one: places[one.id])), shown[0][1], limit, offset)


def wanted_of(asked: Asked, kinds: Collection[str], beside: Beside) -> tuple[list[str], Select[Any] | None]:
    """The kinds of which all entries are meant, and the query of those beside them, as the filter ``kind`` asks."""
    kind, find, under = beside
    wanted = asked.text("kind")
    return [name for name in sorted(kinds) if wanted in ("", name)], find(asked) if wanted in (
        "",
        kind,
        under,
    ) else None


def _paged_beside(asked: Asked, kinds: Collection[str], beside: Beside) -> Page[Event]:
    """The same where some entries are told by tasks: none is read before its page is known. Two statements."""
    limit, offset = max(1, min(asked.limit, MAX_LIMIT)), max(0, asked.offset)
    plain, told = wanted_of(asked, kinds, beside)
    parts: list[Select[Any]] = []
    if plain:
        nothing = [cast(null(), sort).label(name) for name, sort in (("case", Uuid), ("seq", Integer), ("task", Uuid))]
        entries = select(HistoryEvent.at, *nothing, HistoryEvent.id)
        parts.append(
            entries.where(HistoryEvent.kind.in_(plain), *_period(asked), *_people(asked, few=True), *_subjects(asked))
        )
    if told is not None:
        found = told.subquery()
        parts.append(select(found.c.at, found.c.case, found.c.seq, found.c.task, cast(null(), BigInteger).label("id")))
    if not parts:
        return Page((), 0, limit, offset)
    every = union_all(*parts).subquery()
    keys = select(every, func.count().over().label("total"))
    keys = keys.order_by(every.c.at.desc(), every.c.id.desc(), every.c.case, every.c.seq.desc())
    shown = asked.session.execute(keys.limit(limit).offset(offset)).all()
    if not shown:  # behind the last of them
        total = asked.session.scalar(select(func.count()).select_from(every)) or 0 if offset else 0
        return Page((), total, limit, offset)
    return Page(tuple(_read(asked.session, beside[0], shown)), shown[0].total, limit, offset)


def _read(session: Session, kind: str, shown: Sequence[Any]) -> list[Event]:
    """The entries behind the rows of a page, in their order; one statement."""
    few = [one for one in shown if one.id is None]
    wanted: list[ColumnElement[bool]] = []
    if ids := [one.id for one in shown if one.id is not None]:
        wanted.append(HistoryEvent.id.in_(ids))
    streams = {stream_of(one.case) for one in few}
    if seqs := {one.seq for one in few if one.task is None}:
        wanted.append(and_(HistoryEvent.stream.in_(streams), HistoryEvent.seq.in_(seqs)))
    if tasks := {str(one.task) for one in few if one.task is not None}:  # of their kind there are too many
        wanted.append(and_(HistoryEvent.stream.in_(streams), HistoryEvent.task.in_(tasks)))
    read = session.execute(select(*_COLUMNS).where(or_(*wanted))).all()
    events = sorted(read, key=lambda one: one.id)  # sorted by the database, it would look for them by their ids
    by_id, by_seq = {one.id: one for one in events}, {(one.stream, one.seq): one for one in events}
    found: list[Event | None] = []
    for one in shown:
        if one.id is not None:
            found.append(by_id.get(one.id))
        elif one.task is None:
            found.append(by_seq.get((stream_of(one.case), one.seq)))
        else:  # an effect stands behind its input
            stream, task = stream_of(one.case), str(one.task)
            mine = (each for each in events if (each.stream, each.task, each.kind) == (stream, task, kind))
            behind = (each for each in mine if each.seq > one.seq)
            found.append(next(behind, None))
    return [one for one in found if one is not None]


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


def _people(asked: Asked, *, few: bool = False) -> list[ColumnElement[bool]]:
    """By whom, where that is asked. ``few``: there are fewer such entries by whomever than somebody may have done, and
    so it is written that the index of who did what is not walked."""
    person = asked.text("person")
    actor: Any = func.coalesce(HistoryEvent.actor, "") if few else HistoryEvent.actor
    return [actor.in_(the_people(asked.session, person))] if person else []


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
