"""Contacts: records, opinions, activities with invitations, a unit's own matters, interviews a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from service import attachments, clock, contacts, history
from service.api.calls import Calls
from service.api.context import actor, api, db
from service.api.fields import (
    Body,
    Choice,
    Count,
    Day,
    Flag,
    Id,
    List,
    Moment,
    Nested,
    Query,
    Said,
    Schema,
    Text,
    Whole,
)
from service.api.instances import Reason
from service.api.names import account_names
from service.api.records import RecordHistory, journal
from service.api.tasks import Named
from service.contacts.access import leaders_clause
from service.contacts.models import Activity, Contact, Matter, Opinion
from service.contacts.rules import ACTIVITY_KINDS, FORMS, OPINION_STATUSES, TOPICS
from service.processes.calendars import current
from service.processes.queries import visible as visible_case

calls = Calls("contacts", "Contacts of leaders and talents: records, opinions, activities, matters, interviews")


class OpinionItem(Schema):
    """An opinion that a talent gave. ``instance`` is the need it became."""

    id = Id(required=True)
    contact = Id(required=True)
    talent = Nested(Named, required=True)
    text = Said(required=True)
    status = Choice(*OPINION_STATUSES, required=True)
    answer = Said(required=True, allow_none=True)
    instance = Id(required=True, allow_none=True)


class ContactItem(Schema):
    """A contact. ``late`` and ``due_on`` were fixed when it was entered; both names are kept."""

    id = Id(required=True)
    leader = Nested(Named, required=True)
    talents = List(Nested(Named), required=True)
    form = Choice(*FORMS, required=True)
    inbound = Flag(required=True)
    interview = Flag(required=True)
    held_on = Day(required=True)
    topics = List(Whole(), required=True)
    place = Said(required=True, allow_none=True)
    participants = Said(required=True, allow_none=True)
    summary = Said(required=True)
    follow_up = Said(required=True, allow_none=True)
    tags = List(Said(), required=True)
    activity = Id(required=True, allow_none=True)
    opinions = List(Nested(OpinionItem), required=True)
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


class Contacts(Schema):
    """A page of contacts."""

    items = List(Nested(ContactItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Opinions(Schema):
    """A page of opinions."""

    items = List(Nested(OpinionItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class InvitationItem(Schema):
    """An invitation; ``attended`` is null until somebody says so."""

    talent = Nested(Named, required=True)
    invited_on = Day(required=True)
    attended = Flag(required=True, allow_none=True)
    note = Said(required=True, allow_none=True)


class ActivityItem(Schema):
    """An activity, consultation or symposium with its invitations."""

    id = Id(required=True)
    name = Said(required=True)
    kind = Choice(*ACTIVITY_KINDS, required=True)
    held_on = Day(required=True)
    place = Said(required=True, allow_none=True)
    unit = Said(required=True, metadata={"description": "code of the unit that holds it"})
    unit_name = Said(required=True)
    note = Said(required=True, allow_none=True)
    cancelled_at = Moment(required=True, allow_none=True)
    invitations = List(Nested(InvitationItem), required=True)


class Activities(Schema):
    """A page of activities."""

    items = List(Nested(ActivityItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class MatterStep(Schema):
    """What was done about a matter."""

    done_on = Day(required=True)
    text = Said(required=True)
    entered_by = Said(required=True)
    entered_at = Moment(required=True)


class MatterItem(Schema):
    """A matter that a unit takes care of by itself; ``progress`` the first step first."""

    id = Id(required=True)
    unit = Said(required=True)
    unit_name = Said(required=True)
    talent = Nested(Named, required=True)
    title = Said(required=True)
    description = Said(required=True)
    raised_on = Day(required=True)
    result = Said(required=True, allow_none=True)
    solved_on = Day(required=True, allow_none=True)
    progress = List(Nested(MatterStep), required=True)


class Matters(Schema):
    """A page of matters."""

    items = List(Nested(MatterItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Share(Schema):
    """How many of a pair's interviews a leader held."""

    leader = Nested(Named, required=True)
    count = Whole(required=True)


class PairItem(Schema):
    """A leader of class B and a talent: the interviews of a year; ``split`` after a handover."""

    link = Id(required=True)
    leader = Nested(Named, required=True)
    talent = Nested(Named, required=True)
    count = Whole(required=True)
    required = Whole(required=True)
    split = List(Nested(Share), required=True)
    reason = Said(required=True, allow_none=True)


class Pairs(Schema):
    """All pairs that stand on the asked-for day."""

    items = List(Nested(PairItem), required=True)
    total = Whole(required=True)


class Period(Query):
    """A page of a list, narrowed to a period; ``q`` finds 汉字, pinyin and initials."""

    q = Text()
    since = Day()
    until = Day()
    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


class ContactQuery(Period):
    """Filters of the list of contacts."""

    leader_id = Text(data_key="leader")
    talent_id = Text(data_key="talent")
    unit = Text()
    form = Choice(*FORMS)
    topic = Count(low=1, high=4)
    tag = Text()
    activity_id = Text(data_key="activity")
    inbound = Flag()
    interview = Flag()
    late = Flag()
    withdrawn = Flag()


class OpinionQuery(Period):
    """Filters of the list of opinions."""

    status = Choice(*OPINION_STATUSES)
    leader_id = Text(data_key="leader")
    talent_id = Text(data_key="talent")
    unit = Text()


class ActivityQuery(Period):
    """Filters of the list of activities."""

    kind = Choice(*ACTIVITY_KINDS)
    unit = Text()
    talent_id = Text(data_key="talent")


class MatterQuery(Period):
    """Filters of the list of matters."""

    unit = Text()
    talent_id = Text(data_key="talent")
    solved = Flag()


class InterviewQuery(Query):
    """Whose interviews of which year; ``on`` is the last day counted (default today)."""

    year = Count(low=1940, high=2099)
    on = Day()
    unit = Text()
    leader_id = Text(data_key="leader")


class OpinionBody(Body):
    """An opinion within a contact; without ``talent`` it is that of the only one."""

    talent_id = Text(data_key="talent")
    text = Text(longest=2000, required=True)


class ContactBody(Body):
    """A contact to be entered."""

    leader_id = Text(required=True, data_key="leader")
    talent_ids = List(Text(), required=True, data_key="talents")
    form = Choice(*FORMS, required=True)
    held_on = Day(required=True)
    topics = List(Whole(low=min(TOPICS), high=max(TOPICS)), load_default=list)
    summary = Text(longest=4000, load_default="")
    place = Text(allow_none=True)
    participants = Text(longest=500, allow_none=True)
    follow_up = Text(longest=2000, allow_none=True)
    tags = List(Text(), load_default=list)
    opinions = List(Nested(OpinionBody), load_default=list)
    restricted = Text(longest=4000, allow_none=True)
    inbound = Flag(load_default=False)
    interview = Flag(allow_none=True)
    activity_id = Text(allow_none=True, data_key="activity")


class Answer(Body):
    """What became of an opinion."""

    status = Choice("answered", "noted", required=True)
    answer = Text(longest=2000, allow_none=True)


class Became(Body):
    """The need that an opinion became."""

    instance = Id(required=True)


class ActivityBody(Body):
    """An activity to be held."""

    name = Text(required=True)
    kind = Choice(*ACTIVITY_KINDS, required=True)
    held_on = Day(required=True)
    organizer_unit = Text(required=True, data_key="unit")
    place = Text(allow_none=True)
    note = Text(longest=2000, allow_none=True)
    talent_ids = List(Text(), load_default=list, data_key="talents")


class Invited(Body):
    """Who is invited."""

    talent_ids = List(Text(), required=True, data_key="talents")
    invited_on = Day()


class Came(Body):
    """Whether somebody came; null for not known."""

    talent = Text(required=True)
    attended = Flag(required=True, allow_none=True)


class Attendance(Body):
    """Who came."""

    attendance = List(Nested(Came), required=True)


class MatterBody(Body):
    """A matter of a unit; with ``result`` it is solved."""

    unit_code = Text(required=True, data_key="unit")
    talent_id = Text(required=True, data_key="talent")
    title = Text(required=True)
    description = Text(longest=4000, required=True)
    raised_on = Day(required=True)
    result = Text(longest=4000, allow_none=True)
    solved_on = Day(allow_none=True)


class MatterProgress(Body):
    """What was done about a matter, on which day."""

    text = Text(longest=2000, required=True)
    done_on = Day(required=True)


class Solution(Body):
    """How a matter was solved."""

    result = Text(longest=4000, required=True)
    solved_on = Day(required=True)


class Missed(Body):
    """Why a pair had too few interviews in a year."""

    leader_id = Text(required=True, data_key="leader")
    talent_id = Text(required=True, data_key="talent")
    year = Whole(low=1940, high=2099, required=True)
    reason = Text(longest=500, required=True)


class Given(Schema):
    """The reason that is kept."""

    reason = Said(required=True)


@calls.get("/contacts", answer=Contacts, query=ContactQuery)
def contact_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """联系记录: the contacts that I may see, the newest first."""
    limit, offset = query.pop("limit"), query.pop("offset")
    wanted = contacts.ContactFilter(**query)
    page = contacts.search_contacts(db(), actor(), filters=wanted, limit=limit, offset=offset)
    return {"items": _contacts(page.items), "total": page.total, "next": page.next}


@calls.get("/contacts/<uuid:contact_id>", answer=ContactDetail)
def contact(contact_id: UUID) -> Mapping[str, Any]:
    """One contact, withdrawn or not."""
    found = contacts.get_contact(db(), contact_id, actor())
    note = contacts.restricted_notes(db(), actor(), [found.id]).get(found.id)
    return {**_contacts([found])[0], "restricted": note}


@calls.get("/contacts/<uuid:contact_id>/history", answer=RecordHistory)
def contact_history(contact_id: UUID) -> Mapping[str, Any]:
    """The journal of a contact; of a restricted note it holds a digest, never the text (C4).

    Who may not read the note is not told of files either.
    """
    found = contacts.get_contact(db(), contact_id, actor())
    events = history.stream_events(db(), f"contact:{found.id}")
    if attachments.hides_files(db(), found, actor()):
        events = [event for event in events if event.kind not in attachments.ENTRIES]
    return journal((event, event.data) for event in events)


@calls.post("/contacts", answer=ContactItem, status=201, body=ContactBody)
def record(body: dict[str, Any]) -> Mapping[str, Any]:
    """Enters a contact: by the leader, a liaison of the leader, or the Talent Office."""
    rules = api().settings.contacts
    made = contacts.record_contact(
        db(),
        **body,
        known_tags=rules.tags,
        entry_days=rules.entry_days,
        calendar=current(db()),
        actor=actor(),
        now=clock.now(),
    )
    return _contacts([made])[0]


@calls.post("/contacts/<uuid:contact_id>/withdraw", answer=ContactItem, body=Reason)
def withdraw(body: dict[str, Any], contact_id: UUID) -> Mapping[str, Any]:
    """Takes a contact entered by mistake off the lists."""
    made = contacts.withdraw_contact(db(), contact_id=contact_id, **body, actor=actor(), now=clock.now())
    return _contacts([made])[0]


@calls.get("/opinions", answer=Opinions, query=OpinionQuery)
def opinions(query: dict[str, Any]) -> Mapping[str, Any]:
    """意见建议: the opinions that I may see, the newest contact first."""
    page = contacts.search_opinions(db(), actor(), **query)
    return {"items": [_opinion(one) for one, _ in page.items], "total": page.total, "next": page.next}


@calls.post("/opinions/<uuid:opinion_id>/answer", answer=OpinionItem, body=Answer)
def answer(body: dict[str, Any], opinion_id: UUID) -> Mapping[str, Any]:
    """Says what became of an opinion that needs no case."""
    contacts.get_opinion(db(), opinion_id, actor())
    return _opinion(contacts.answer_opinion(db(), opinion_id=opinion_id, **body, actor=actor(), now=clock.now()))


@calls.post("/opinions/<uuid:opinion_id>/need", answer=OpinionItem, body=Became)
def became_need(body: dict[str, Any], opinion_id: UUID) -> Mapping[str, Any]:
    """Notes which need an opinion became."""
    contacts.get_opinion(db(), opinion_id, actor())
    case = visible_case(db(), body["instance"], actor())
    return _opinion(
        contacts.link_opinion(db(), opinion_id=opinion_id, instance_id=case.id, actor=actor(), now=clock.now())
    )


@calls.get("/activities", answer=Activities, query=ActivityQuery, right="view_activities")
def activities(query: dict[str, Any]) -> Mapping[str, Any]:
    """活动: the newest first."""
    page = contacts.search_activities(db(), actor(), **query)
    return {"items": [_activity(one) for one in page.items], "total": page.total, "next": page.next}


@calls.get("/activities/<uuid:activity_id>", answer=ActivityItem, right="view_activities")
def activity(activity_id: UUID) -> Mapping[str, Any]:
    """One activity with its invitations."""
    return _activity(contacts.get_activity(db(), activity_id, actor()))


@calls.post("/activities", answer=ActivityItem, status=201, body=ActivityBody)
def add_activity(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new activity of a unit."""
    return _activity(contacts.add_activity(db(), **body, actor=actor(), now=clock.now()))


@calls.post("/activities/<uuid:activity_id>/invite", answer=ActivityItem, body=Invited)
def invite(body: dict[str, Any], activity_id: UUID) -> Mapping[str, Any]:
    """Invites talents; who was invited before stays so."""
    contacts.invite(db(), activity_id=activity_id, **body, actor=actor(), now=clock.now())
    return _activity(_held(activity_id))


@calls.post("/activities/<uuid:activity_id>/attendance", answer=ActivityItem, body=Attendance)
def attendance(body: dict[str, Any], activity_id: UUID) -> Mapping[str, Any]:
    """Who came."""
    came = {row["talent"]: row["attended"] for row in body["attendance"]}
    contacts.record_attendance(db(), activity_id=activity_id, attended=came, actor=actor(), now=clock.now())
    return _activity(_held(activity_id))


@calls.post("/activities/<uuid:activity_id>/cancel", answer=ActivityItem, body=Reason)
def cancel(body: dict[str, Any], activity_id: UUID) -> Mapping[str, Any]:
    """Cancels an activity that nobody has attended."""
    return _activity(contacts.cancel_activity(db(), activity_id=activity_id, **body, actor=actor(), now=clock.now()))


@calls.get("/matters", answer=Matters, query=MatterQuery)
def matters(query: dict[str, Any]) -> Mapping[str, Any]:
    """A unit's own matters (R6, R7): those that I may see."""
    page = contacts.search_matters(db(), actor(), **query)
    return {"items": [_matter(one) for one in page.items], "total": page.total, "next": page.next}


@calls.post("/matters", answer=MatterItem, status=201, body=MatterBody)
def add_matter(body: dict[str, Any]) -> Mapping[str, Any]:
    """Logs a matter that a unit takes care of by itself."""
    return _matter(contacts.record_matter(db(), **body, actor=actor(), now=clock.now()))


@calls.get("/matters/<uuid:matter_id>", answer=MatterItem)
def matter(matter_id: UUID) -> Mapping[str, Any]:
    """One matter with what was done about it."""
    return _matter(contacts.get_matter(db(), matter_id, actor()))


@calls.get("/matters/<uuid:matter_id>/history", answer=RecordHistory)
def matter_history(matter_id: UUID) -> Mapping[str, Any]:
    """The journal of a matter."""
    found = contacts.get_matter(db(), matter_id, actor())
    return journal((event, event.data) for event in history.stream_events(db(), f"matter:{found.id}"))


@calls.post("/matters/<uuid:matter_id>/progress", answer=MatterItem, body=MatterProgress)
def add_progress(body: dict[str, Any], matter_id: UUID) -> Mapping[str, Any]:
    """Says what was done about a matter that is not solved yet."""
    contacts.get_matter(db(), matter_id, actor())
    return _matter(contacts.follow_matter(db(), matter_id=matter_id, **body, actor=actor(), now=clock.now()))


@calls.post("/matters/<uuid:matter_id>/solve", answer=MatterItem, body=Solution)
def solve_matter(body: dict[str, Any], matter_id: UUID) -> Mapping[str, Any]:
    """Says how a matter was solved."""
    contacts.get_matter(db(), matter_id, actor())
    return _matter(contacts.solve_matter(db(), matter_id=matter_id, **body, actor=actor(), now=clock.now()))


@calls.get("/interviews", answer=Pairs, query=InterviewQuery)
def interviews(query: dict[str, Any]) -> Mapping[str, Any]:
    """Interviews a year of the leaders of class B (F2), those with the most missing first."""
    on: date = query.pop("on", None) or clock.today()
    year = query.pop("year", None) or on.year
    pairs = contacts.interview_counts(db(), year=year, on=on, leader_ids=leaders_clause(db(), actor()), **query)
    items = [
        {
            "link": pair.link.id,
            "leader": _leader(pair.leader),
            "talent": _named(pair.talent),
            "count": pair.count,
            "required": pair.required,
            "split": [{"leader": _leader(one), "count": count} for one, count in pair.split],
            "reason": pair.reason,
        }
        for pair in pairs
    ]
    return {"items": items, "total": len(items)}


@calls.post("/interviews/reason", answer=Given, body=Missed)
def missed(body: dict[str, Any]) -> Mapping[str, Any]:
    """Says why a pair had too few interviews in a year."""
    return {"reason": contacts.give_missed_reason(db(), **body, actor=actor(), now=clock.now()).reason}


def _held(activity_id: UUID) -> Activity:
    found = db().get(Activity, activity_id, populate_existing=True)
    assert found is not None  # noqa: S101 - the command has just changed it
    return found


def _contacts(rows: Iterable[Contact]) -> list[dict[str, Any]]:
    found = list(rows)
    names = account_names(db(), [row.entered_by for row in found])
    noted = contacts.restricted_notes(db(), actor(), [row.id for row in found])
    return [
        {
            **{
                field: getattr(row, field)
                for field in (
                    "id",
                    "form",
                    "inbound",
                    "interview",
                    "held_on",
                    "place",
                    "participants",
                    "summary",
                    "follow_up",
                    "tags",
                    "due_on",
                    "late",
                    "supplementary",
                    "entered_by",
                    "entered_at",
                    "withdrawn_at",
                )
            },
            "leader": _leader(row.leader),
            "talents": [_named(one.talent) for one in row.talents],
            "topics": [one.topic for one in row.topics],
            "activity": row.activity_id,
            "opinions": [_opinion(one) for one in row.opinions],
            "entered_by_name": names.get(row.entered_by),
            "has_restricted": row.id in noted,
        }
        for row in found
    ]


def _opinion(row: Opinion) -> dict[str, Any]:
    return {
        "id": row.id,
        "contact": row.contact_id,
        "talent": _named(row.talent),
        "text": row.text,
        "status": row.status,
        "answer": row.answer,
        "instance": row.instance_id,
    }


def _activity(row: Activity) -> dict[str, Any]:
    return {
        **{field: getattr(row, field) for field in ("id", "name", "kind", "held_on", "place", "note", "cancelled_at")},
        "unit": row.organizer_unit,
        "unit_name": row.organizer.name,
        "invitations": [
            {
                "talent": _named(one.talent),
                "invited_on": one.invited_on,
                "attended": one.attended,
                "note": one.note,
            }
            for one in row.invitations
        ],
    }


def _matter(row: Matter) -> dict[str, Any]:
    fields = ("id", "title", "description", "raised_on", "result", "solved_on")
    return {
        **{field: getattr(row, field) for field in fields},
        "unit": row.unit_code,
        "unit_name": row.unit.name,
        "talent": _named(row.talent),
        "progress": [
            {field: getattr(one, field) for field in ("done_on", "text", "entered_by", "entered_at")}
            for one in row.progress
        ],
    }


def _leader(row: Any) -> dict[str, str]:
    return {"id": str(row.id), "name": row.person.name}


def _named(row: Any) -> dict[str, str]:
    return {"id": row.id, "name": row.name}
