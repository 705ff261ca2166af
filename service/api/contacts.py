"""Contact records (联系记录): found, entered, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from service import attachments, clock, contacts
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.instances import Reason
from service.api.opinions import OpinionItem
from service.api.records import RecordHistory, Row, journal, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.tasks import Named
from service.contacts import ASPECTS, FORMS, TOPICS, Contact, ContactFilter
from service.contacts.fields import CONTACT, NOTE, OPINION
from service.fields import picked
from service.http.context import actor, db, settings
from service.processes.calendars import current
from service.usecases.names import Names

calls = Calls("contacts", "Contacts of leaders and talents: records, opinions, activities, matters, interviews")


@answers(picked(NOTE, "text"))
class NoteItem(Schema):
    """A note on a talent's file: research, discipline, business or training, as a contact learnt of it (C3)."""

    id = Id(required=True)
    talent = Nested(Named, required=True)
    aspect = Choice(*ASPECTS, required=True)
    entered_by = Said(required=True)
    entered_at = Moment(required=True)


@answers(picked(CONTACT, "inbound", "interview", "held_on", "place", "participants", "summary", "follow_up"))
class ContactItem(Schema):
    """A contact. ``late`` and ``due_on`` were fixed when it was entered; both names are kept."""

    id = Id(required=True)
    leader = Nested(Named, required=True)
    talents = List(Nested(Named), required=True)
    form = Choice(*FORMS, required=True)
    topics = List(Whole(), required=True)
    tags = List(Said(), required=True)
    activity = Id(required=True, allow_none=True, attribute="activity_id")
    opinions = List(Nested(OpinionItem), required=True)
    notes = List(Nested(NoteItem), required=True)
    due_on = Day(required=True)
    late = Flag(required=True)
    supplementary = Flag(required=True)
    entered_by = Said(required=True)
    entered_by_name = Said(required=True, allow_none=True)
    entered_at = Moment(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    has_restricted = Flag(required=True)


class ContactDetail(ContactItem):
    """A contact with its restricted note (C4): null for all but that leader, the liaison and the Talent Office."""

    restricted = Said(required=True, allow_none=True)


@takes([OPINION], new=True)
class OpinionBody(Body):
    """An opinion within a contact; without ``talent`` it is that of the only one."""

    talent_id = Text(data_key="talent")


@takes(NOTE, new=True)
class NoteBody(Body):
    """A note for a talent's file; without ``talent`` it is that of the contact's only one."""

    talent_id = Text(data_key="talent")


class NotesBody(Body):
    """Notes to be added to a contact of topic 3."""

    notes = List(Nested(NoteBody), required=True)


@takes(picked(CONTACT, "form", "held_on", "place", "participants", "follow_up", "restricted"), new=True)
class ContactBody(Body):
    """A contact to be entered."""

    leader_id = Text(required=True, data_key="leader")
    talent_ids = List(Text(), required=True, data_key="talents")
    topics = List(Whole(low=min(TOPICS), high=max(TOPICS)), load_default=list)
    summary = Text(longest=4000, load_default="")
    tags = List(Text(), load_default=list)
    opinions = List(Nested(OpinionBody), load_default=list)
    notes = List(Nested(NoteBody), load_default=list)
    inbound = Flag(load_default=False)
    interview = Flag(allow_none=True)
    activity_id = Text(allow_none=True, data_key="activity")


@calls.get("/contacts", answer=page_of(ContactItem, "Contacts"), query=query_of(ContactFilter))
def contact_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """联系记录: the contacts that I may see, the newest first."""
    page = contacts.search_contacts(db(), actor(), wanted(ContactFilter, query), **query)
    shown = {row.id: shape for row, shape in zip(page.items, _shown(page.items), strict=True)}
    return paged(page, lambda row: shown[row.id])


@calls.get("/contacts/<uuid:contact_id>", answer=ContactDetail)
def contact(contact_id: UUID) -> object:
    """One contact, withdrawn or not."""
    found = contacts.get_contact(db(), contact_id, actor())
    note = contacts.restricted_note(db(), actor(), found.id).get(found.id)
    [shown] = _shown([found])
    return Row(shown, restricted=note)


@calls.get("/contacts/<uuid:contact_id>/history", answer=RecordHistory)
def contact_history(contact_id: UUID) -> Mapping[str, Any]:
    """The journal of a contact; of a restricted note it holds a digest, never the text (C4).

    A reader without access to the note is not told of files either.
    """
    events = attachments.record_history(db(), f"contact:{contact_id}", actor())
    return journal((event, event.data) for event in events)


@calls.post("/contacts", answer=ContactItem, status=201, body=ContactBody)
def record(body: dict[str, Any]) -> object:
    """Enters a contact: by the leader, a liaison of the leader, or the Talent Office."""
    rules = settings().contacts
    made = contacts.record_contact(
        db(),
        **body,
        known_tags=rules.tags,
        entry_days=rules.entry_days,
        calendar=current(db()),
        actor=actor(),
        now=clock.now(),
    )
    return _shown([made])[0]


@calls.post("/contacts/<uuid:contact_id>/withdraw", answer=ContactItem, body=Reason)
def withdraw(body: dict[str, Any], contact_id: UUID) -> object:
    """Takes a contact entered by mistake off the lists."""
    made = contacts.withdraw_contact(db(), contact_id=contact_id, **body, actor=actor(), now=clock.now())
    return _shown([made])[0]


@calls.post("/contacts/<uuid:contact_id>/notes", answer=ContactItem, status=201, body=NotesBody)
def note(body: dict[str, Any], contact_id: UUID) -> object:
    """Adds to a contact what it learnt of a talent's work; it stands on the talent's file."""
    made = contacts.add_notes(db(), contact_id=contact_id, **body, actor=actor(), now=clock.now())
    return _shown([made])[0]


@calls.post("/contacts/notes/<uuid:note_id>/withdraw", answer=NoteItem, body=Reason)
def withdraw_note(body: dict[str, Any], note_id: UUID) -> object:
    """Takes a wrong note off the talent's file."""
    return contacts.withdraw_note(db(), note_id=note_id, **body, actor=actor(), now=clock.now())


def _shown(rows: Sequence[Contact]) -> list[Row]:
    names = Names(db()).learn([row.entered_by for row in rows])
    noted = contacts.restricted_notes(db(), actor(), [row.id for row in rows])
    return [
        Row(
            row,
            talents=[one.talent for one in row.talents],
            notes=[one for one in row.notes if one.withdrawn_at is None],
            topics=[one.topic for one in row.topics],
            entered_by_name=names.known_person(row.entered_by),
            has_restricted=row.id in noted,
        )
        for row in rows
    ]
