"""一人一档: all that is known of one talent as one list by time, for who may see it.

Contacts, notes, opinions, activities, matters, needs, changes, links and files: each source answers by the reader's own
rights, so that what may not be seen leaves neither a count nor a gap. A stretch of the list costs a fixed number of
statements (R4, C2, C3, R2, R6, R9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from service import clock, contacts, liaisons, talents
from service.audit.questions.words import picked, told, word
from service.contacts import ASPECTS, OPINION_STATUSES, TOPICS, Contact, Opinion, TalentNote, on_file
from service.contacts.access import readable
from service.contacts.fields import CAME
from service.contacts.models import Activity, Invitation, Matter
from service.contacts.rules import ACTIVITY_KINDS
from service.db.stretches import Place, Stretch, first_moment
from service.history import HistoryEvent
from service.ledger import on_file as cases_on_file
from service.ledger.reported import seen_entries
from service.processes.models import Instance
from service.processes.rules import STATUSES, one_line
from service.processes.wiring import wiring
from service.rights import Actor
from service.storage import Attachment
from service.talents import Talent
from service.usecases.names import Names

CONTACT, NOTE, OPINION, ACTIVITY, MATTER = "contact", "note", "opinion", "activity", "matter"
NEED, CHANGE, LINK, FILE = "need", "change", "link", "file"
CASE = "case"
"""The record of an entry that is about a need, or about another case."""
KINDS: Mapping[str, str] = {
    CONTACT: "联系",
    NOTE: "科研等情况",
    OPINION: "意见建议",
    ACTIVITY: "活动",
    MATTER: "单位事项",
    NEED: "需求",
    CHANGE: "变动",
    LINK: "联系关系",
    FILE: "文件",
}
"""The kinds of entries, in the order in which people choose among them."""

PER_PAGE = 30


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the list. ``record`` is what it is about: kind and id, or of a file the stream of its record.

    ``on`` is its day; ``at`` its moment where that is known. ``facts`` are short words beside the title, ``who`` did it
    or wrote it down. ``late``: it was done late.
    """

    place: Place
    kind: str
    on: date
    at: datetime | None
    title: str
    text: str = ""
    facts: tuple[str, ...] = ()
    who: str = ""
    record: tuple[str, str] = ("", "")
    late: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the list; ``next`` is where the following one begins. ``kinds`` are those of which there is any."""

    entries: Sequence[Entry]
    next: Place | None
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a source before it has names: its place and how it is told."""

    place: Place
    kind: str
    tell: Callable[[Names], Entry]
    people: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()


Rows = Iterator[_Row]


def file_of(
    session: Session, talent: Talent, actor: Actor, wanted: Stretch, kind: str | None = None, *, kinds: bool = True
) -> Part:
    """The part of a talent's file that is ``wanted``, of one ``kind`` or of all, as ``actor`` may see it.

    ``kinds``: also which kinds there are at all, which costs another look at each source.
    """
    journal = _journal(session, talent, actor)
    rows = sorted(_gathered(session, talent.id, actor, wanted.more(), journal, kind), key=lambda row: row.place.order)
    shown = rows[: wanted.limit]
    there: Sequence[str] = ()
    if kinds:
        whole = kind is None and wanted == Stretch(wanted.limit)  # then each source has given its newest
        some = rows if whole else list(_gathered(session, talent.id, actor, Stretch(1), journal, None))
        there = [one for one in KINDS if any(row.kind == one for row in some)]
    names = Names(session).learn(
        [one for row in shown for one in row.people],
        units=_named(shown, "unit"),
        talents=_named(shown, "talent"),
        leaders=_named(shown, "leader"),
    )
    entries = [row.tell(names) for row in shown]
    return Part(entries, shown[-1].place if len(rows) > wanted.limit else None, there)


def _named(rows: Iterable[_Row], kind: str) -> list[str]:
    named = (stream.partition(":") for row in rows for stream in row.streams)
    return [name for prefix, _, name in named if prefix == kind]


def _gathered(
    session: Session, talent_id: str, actor: Actor, wanted: Stretch, journal: Sequence[_Row], kind: str | None
) -> Rows:
    """The newest rows of each source, at most ``wanted.limit`` of each."""
    for rank, (of_kind, find, tell) in enumerate(_SOURCES):
        if kind in (None, of_kind):
            for found in find(session, actor, talent_id, wanted, rank):
                yield tell(found, rank)
    taken = [row for row in journal if kind in (None, row.kind) and wanted.holds(row.place)]
    for of_kind in (CHANGE, LINK):
        yield from [row for row in taken if row.kind == of_kind][: wanted.limit]


# --- The journal of the talent: changes of the file, links ---


def _journal(session: Session, talent: Talent, actor: Actor) -> list[_Row]:
    """The entries of the talent's journal that the reader may know of, the newest first; at most four statements."""
    leaders = liaisons.leaders_of(session, [talent.id], clock.today(), actor)[talent.id]
    known = readable(session, actor, talents.file_history(session, talent, actor, leaders))
    seen = seen_entries(session, actor, known)
    towns = wiring(session).towns
    return [_of_event(event, _with_town(data, towns)) for event, data in reversed(seen)]


def _with_town(data: Mapping[str, Any], towns: Mapping[str, str]) -> Mapping[str, Any]:
    """The data of an entry with towns by their names."""
    town = data.get("town")
    if isinstance(town, list):
        return {**data, "town": [towns.get(one, one) for one in town]}
    return {**data, "town": towns.get(town, town)} if isinstance(town, str) else data


def _of_event(event: HistoryEvent, data: Mapping[str, Any]) -> _Row:
    kind = LINK if event.kind.startswith("link_") else CHANGE
    place = Place(event.at, len(_SOURCES), event.id)

    def tell(names: Names) -> Entry:
        return Entry(
            place,
            kind,
            clock.local(event.at).date(),
            event.at,
            word(event.kind),
            "；".join(told(event.kind, data, lambda stream: _called(names, stream))),
            who=names.person(event.actor),
            record=_link_of(data) if kind == LINK else ("", ""),
        )

    people = tuple(one for one in (event.actor, event.on_behalf_of) if one)
    return _Row(place, kind, tell, people, tuple(picked(event.kind, data)))


def _link_of(data: Mapping[str, Any]) -> tuple[str, str]:
    return (LINK, str(data["link_id"])) if data.get("link_id") else ("", "")


def _called(names: Names, stream: str) -> str:
    prefix, _, key = stream.partition(":")
    if prefix == "unit":
        return names.unit(key)
    kinds = {"talent": "talents", "leader": "leaders", "person": "people"}
    return names.record(kinds[prefix], key) if prefix in kinds else ""


# --- The sources that the database sorts; the order is that of entries of one moment ---


def _of_contact(found: Contact, rank: int) -> _Row:
    place = Place(first_moment(found.held_on), rank, found.id.int)
    topics = "、".join(TOPICS[row.topic] for row in found.topics)
    facts = (*((topics,) if topics else ()), *((found.place,) if found.place else ()))
    title = f"{found.leader.person.name} · {contacts.form_name(found.form, inbound=found.inbound)}"
    return _Row(
        place,
        CONTACT,
        lambda names: Entry(
            place,
            CONTACT,
            found.held_on,
            None,
            title + ("（人才主动反映）" if found.inbound else ""),
            found.summary,
            facts,
            names.person(found.entered_by),
            (CONTACT, str(found.id)),
            found.late,
        ),
        (found.entered_by,),
    )


def _of_note(found: tuple[TalentNote, Contact, bool], rank: int) -> _Row:
    note, contact, sees = found
    record = (CONTACT, str(contact.id)) if sees else ("", "")
    place = Place(first_moment(contact.held_on), rank, note.id.int)
    title = f"{ASPECTS[note.aspect]}情况 · {contact.leader.person.name}联系时了解"
    return _Row(
        place,
        NOTE,
        lambda names: Entry(
            place, NOTE, contact.held_on, None, title, note.text, (), names.person(note.entered_by), record
        ),
        (note.entered_by,),
    )


def _of_opinion(found: tuple[Opinion, Contact], rank: int) -> _Row:
    opinion, contact = found
    place = Place(first_moment(contact.held_on), rank, opinion.id.int)
    text = opinion.text + (f"\n答复：{opinion.answer}" if opinion.answer else "")
    return _Row(
        place,
        OPINION,
        lambda names: Entry(
            place,
            OPINION,
            contact.held_on,
            None,
            f"向{contact.leader.person.name}提出",
            text,
            (OPINION_STATUSES[opinion.status],),
            names.person(contact.entered_by),
            (CONTACT, str(contact.id)),
        ),
        (contact.entered_by,),
    )


def _of_invitation(found: tuple[Invitation, Activity], rank: int) -> _Row:
    invitation, activity = found
    place = Place(first_moment(activity.held_on), rank, activity.id.int)
    facts = (ACTIVITY_KINDS[activity.kind], activity.organizer.name, CAME[invitation.attended])
    entry = Entry(
        place,
        ACTIVITY,
        activity.held_on,
        None,
        activity.name,
        invitation.note or "",
        facts,
        record=(ACTIVITY, str(activity.id)),
    )
    return _Row(place, ACTIVITY, lambda _: entry)


def _of_matter(found: Matter, rank: int) -> _Row:
    place = Place(first_moment(found.raised_on), rank, found.id.int)
    solved = f"{clock.written(found.solved_on)}办结" if found.solved_on else STATUSES["running"]
    text = found.description + (f"\n结果：{found.result}" if found.result else "")
    return _Row(
        place,
        MATTER,
        lambda names: Entry(
            place,
            MATTER,
            found.raised_on,
            None,
            found.title,
            text,
            (found.unit.name, solved),
            names.person(found.entered_by),
            (MATTER, str(found.id)),
        ),
        (found.entered_by,),
    )


def _of_need(found: Instance, rank: int) -> _Row:
    return _of_case(found, rank, NEED, "登记需求", found.started_at)


def _of_end(found: Instance, rank: int) -> _Row:
    assert found.ended_at is not None  # noqa: S101 - the source asks for those alone
    return _of_case(found, rank, NEED, one_line(found.end_name) or STATUSES[found.status], found.ended_at, ended=True)


def _of_change(found: Instance, rank: int) -> _Row:
    return _of_case(found, rank, CHANGE, "", found.started_at)


def _of_case(found: Instance, rank: int, kind: str, what: str, at: datetime, *, ended: bool = False) -> _Row:
    place = Place(at, rank, found.id.int)
    title = " ".join(part for part in (found.number, found.title or "（尚未登记）") if part)
    stands = "" if ended else one_line(found.end_name) if found.ended_at else STATUSES[found.status]
    people = () if ended else (found.initiator,)
    return _Row(
        place,
        kind,
        lambda names: Entry(
            place,
            kind,
            clock.local(at).date(),
            at,
            title,
            "",
            tuple(one for one in (what, stands, names.unit(found.initiator_unit)) if one),
            names.person(found.initiator) if people else "",
            (CASE, str(found.id)),
        ),
        people,
        (f"unit:{found.initiator_unit}",) if found.initiator_unit else (),
    )


def _of_file(found: Attachment, rank: int) -> _Row:
    place = Place(found.added_at, rank, found.id.int)
    return _Row(
        place,
        FILE,
        lambda names: Entry(
            place,
            FILE,
            clock.local(found.added_at).date(),
            found.added_at,
            found.name,
            who=names.person(found.added_by),
            record=(FILE, str(found.id)),
        ),
        (found.added_by,),
    )


_SOURCES: Sequence[tuple[str, Callable[..., Sequence[Any]], Callable[[Any, int], _Row]]] = (
    (CONTACT, on_file.contacts_with, _of_contact),
    (NOTE, on_file.notes_on, _of_note),
    (OPINION, on_file.opinions_from, _of_opinion),
    (ACTIVITY, on_file.invitations_to, _of_invitation),
    (MATTER, on_file.matters_of, _of_matter),
    (NEED, cases_on_file.needs_ended, _of_end),
    (NEED, cases_on_file.needs_begun, _of_need),
    (CHANGE, cases_on_file.changes_begun, _of_change),
    (FILE, cases_on_file.files_about, _of_file),
)
