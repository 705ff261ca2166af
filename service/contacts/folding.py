"""How journals make contacts, opinions, activities and matters: verification folds and compares them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from service.contacts import rules
from service.contacts.models import (
    Activity,
    Contact,
    ContactTalent,
    ContactTopic,
    Invitation,
    Matter,
    MatterProgress,
    MissedInterviews,
    Opinion,
    RestrictedNote,
    TalentNote,
)
from service.history.folding import Event, Family, Held, Row, Rows
from service.people.models import Leader


def _contact(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "contact_recorded":
        rows.put(Contact, key, data, entered_by=event.actor, entered_at=event.at, withdrawn_at=None)
        for talent_id in data["talents"]:
            rows.put(ContactTalent, talent_id, contact_id=key, talent_id=talent_id)
        for topic in data["topics"]:
            rows.put(ContactTopic, topic, contact_id=key, topic=topic)
        for place, one in enumerate(data["opinions"], start=1):
            first = {"contact_id": key, "position": place, "status": rules.OPEN, "answer": None, "instance_id": None}
            rows.put(Opinion, one["id"], one, first, updated_at=event.at)
        _notes(rows, event)
        if data["restricted_sha256"] is not None:
            rows.put(RestrictedNote, key, contact_id=key, sha256=data["restricted_sha256"])
    elif event.kind == "contact_withdrawn":
        rows.set(Contact, key, withdrawn_at=event.at)
    elif event.kind == "contact_noted":
        _notes(rows, event)
    elif event.kind == "note_withdrawn":
        rows.set(TalentNote, data["note_id"], withdrawn_at=event.at)
    elif event.kind == "opinion_answered":
        said = {"status": data["status"], "answer": data["answer"]}
        rows.set(Opinion, data["opinion_id"], said, updated_at=event.at)
    elif event.kind == "opinion_linked":
        said = {"status": rules.NEED, "instance_id": data["instance_id"]}
        rows.set(Opinion, data["opinion_id"], said, updated_at=event.at)


def _notes(rows: Rows, event: Event) -> None:
    """The notes that an entry tells of; those from before there were any tell of none."""
    for place, one in enumerate(event.data.get("notes", ()), start=len(rows.of(TalentNote)) + 1):
        first = {"contact_id": rows.name, "position": place, "withdrawn_at": None}
        rows.put(TalentNote, one["id"], one, first, entered_by=event.actor, entered_at=event.at)


def _activity(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "activity_added":
        rows.put(Activity, key, data, cancelled_at=None, created_by=event.actor, created_at=event.at)
    elif event.kind == "activity_cancelled":
        rows.set(Activity, key, cancelled_at=event.at)
    elif event.kind == "talents_invited":
        for talent_id in data["talents"]:
            first = {"invited_on": data["invited_on"], "attended": None, "note": None}
            rows.put(Invitation, talent_id, first, activity_id=key, talent_id=talent_id)
    elif event.kind == "attendance_recorded":
        for talent_id, attended in data["attended"].items():
            rows.set(Invitation, talent_id, attended=attended)
        for talent_id, note in data.get("notes", {}).items():
            rows.set(Invitation, talent_id, note=note)


def _matter(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "matter_recorded":
        rows.put(Matter, key, data, entered_by=event.actor, entered_at=event.at)
    elif event.kind == "matter_followed":
        place = len(rows.of(MatterProgress)) + 1
        first = {"matter_id": key, "position": place, "entered_by": event.actor, "entered_at": event.at}
        rows.put(MatterProgress, place, data, first)
    elif event.kind == "matter_solved":
        rows.set(Matter, key, data)


def _missed(rows: Rows, event: Event) -> None:
    if event.kind == "missed_interviews_explained":
        data = event.data
        key = (data["leader_id"], data["talent_id"], data["year"])
        rows.put(MissedInterviews, key, data, given_by=event.actor, given_at=event.at)


def _unsealed(row: Row) -> Iterator[str]:
    """The text of a restricted note stands, with its salt, under the digest that the journal keeps."""
    if sha256(f"{row['salt']}{row['text']}".encode(errors="surrogatepass")).hexdigest() != row["sha256"]:
        yield "text"  # which of the two was changed, no digest tells


_CONTACT_OF = "联系记录"
FAMILIES = (
    Family(
        "contact",
        (
            Held(Contact, Contact.id, _CONTACT_OF, lambda row: row["id"]),
            Held(ContactTalent, ContactTalent.contact_id, "联系对象", lambda row: row["talent_id"]),
            Held(ContactTopic, ContactTopic.contact_id, "联系内容", lambda row: f"第 {row['topic']} 项"),
            Held(Opinion, Opinion.contact_id, "意见建议", lambda row: f"第 {row['position']} 条"),
            Held(TalentNote, TalentNote.contact_id, "情况记录", lambda row: f"第 {row['position']} 条"),
            Held(
                RestrictedNote,
                RestrictedNote.contact_id,
                "受限记录",
                lambda row: row["contact_id"],
                fault=_unsealed,
                proved=("text", "salt"),
            ),
        ),
        _contact,
    ),
    Family(
        "activity",
        (
            Held(Activity, Activity.id, "活动", lambda row: row["name"]),
            Held(Invitation, Invitation.activity_id, "活动邀请", lambda row: row["talent_id"]),
        ),
        _activity,
    ),
    Family(
        "matter",
        (
            Held(Matter, Matter.id, "单位事项", lambda row: row["title"]),
            Held(MatterProgress, MatterProgress.matter_id, "事项进展", lambda row: f"第 {row['position']} 条"),
        ),
        _matter,
    ),
    Family(
        "person",
        (
            Held(
                MissedInterviews,
                Leader.person_id,
                "访谈说明",
                lambda row: f"{row['talent_id']} {row['year']} 年",
                through=((Leader, Leader.id == MissedInterviews.leader_id),),
            ),
        ),
        _missed,
    ),
)
