"""Notes on talents' files: news from a contact of research, discipline, business and training (C3).

The journal is that of the contact. A contact is not edited: what was left out is added, what is wrong is withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from service import ids
from service.contacts import rules
from service.contacts.access import acting_on_leader, selves, visible
from service.contacts.fields import NOTE, NOTE_WITHDRAWAL
from service.contacts.models import Contact, TalentNote
from service.contacts.queries import lock_contact
from service.errors import Conflict, NotFound
from service.fields import Checks, take
from service.history.records import record
from service.ids import as_id
from service.liaisons.served import served_by
from service.rights import Actor
from service.talents.models import Talent

MOST_NOTES = 50

Learnt = tuple[str, str, str]
"""The talent's id, the aspect, the text."""


def add_notes(
    session: Session, *, contact_id: UUID | str, notes: Sequence[Mapping[str, str]], actor: Actor, now: datetime
) -> Contact:
    """Adds ``notes`` (``{talent_id, aspect, text}``) to a contact of topic 3 that was entered without them (C3).

    Raises ``NotAllowed``, ``Invalid``, and ``Conflict`` where the contact was withdrawn or is of other topics.
    """
    contact = lock_contact(session, contact_id, actor)
    entering = acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    topics = [row.topic for row in contact.topics]
    if contact.withdrawn_at is not None:
        raise Conflict("该联系记录已撤回，不能补记")
    if rules.NOTED_TOPIC not in topics:
        raise Conflict(f"该次联系的内容不含“{rules.TOPICS[rules.NOTED_TOPIC]}”，不能补记；请撤回后更正登记")
    checks = Checks()
    if not notes:
        checks.refuse("/notes", "请填写了解到的情况")
    learnt = taken_notes(checks, notes, [row.talent for row in contact.talents], topics)
    if len(contact.notes) + len(learnt) > MOST_NOTES:
        checks.refuse("/notes", f"一次联系最多记录 {MOST_NOTES} 条情况")
    checks.done()
    added = note_rows(contact, learnt, entering, now, after=len(contact.notes))
    contact.notes.extend(added)
    session.flush()
    record(session, f"contact:{contact.id}", "contact_noted", {"notes": notes_told(added)}, actor=entering, now=now)
    return contact


def withdraw_note(session: Session, *, note_id: UUID | str, reason: str, actor: Actor, now: datetime) -> TalentNote:
    """Takes a wrong note off the file; the journal keeps it. Raises ``Conflict`` where that was done before."""
    key = as_id(note_id)
    seen = select(Contact.id).where(visible(session, actor))
    query = select(TalentNote).where(TalentNote.id == key, TalentNote.contact_id.in_(seen))
    found = session.scalar(query) if key is not None else None
    if found is None:
        raise NotFound("没有这条情况记录，或您无权查看")
    contact = lock_contact(session, found.contact_id, actor)
    session.refresh(found)
    entering = acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    checks = Checks()
    why = take([NOTE_WITHDRAWAL], {"reason": reason}, checks)
    checks.done()
    if contact.withdrawn_at is not None or found.withdrawn_at is not None:
        raise Conflict("该情况记录已经撤回")
    found.withdrawn_at = now
    session.flush()
    data = {"note_id": found.id, **why}
    record(session, f"contact:{contact.id}", "note_withdrawn", data, actor=entering, now=now)
    return found


def readable_notes(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``TalentNote`` (joined with its ``Contact``) that the actor reads the note.

    Those who may see the contact do, and those who serve the talent today: knowledge of a talent's work is handed over
    with the talent (O4).
    """
    served = [whom for one in selves(session, actor) if (whom := served_by(one)) is not None]
    return or_(visible(session, actor), *(TalentNote.talent_id.in_(whom) for whom in served))


def taken_notes(
    checks: Checks, notes: Sequence[Mapping[str, str]], talents: Sequence[Talent], topics: Collection[int]
) -> list[Learnt]:
    """The checked notes of a contact with these talents on these topics; what is wrong is noted in ``checks``."""
    if len(notes) > MOST_NOTES:
        checks.refuse("/notes", f"一次联系最多记录 {MOST_NOTES} 条情况")
        return []
    if notes and rules.NOTED_TOPIC not in topics:
        checks.refuse("/topics", f"填写了了解到的情况，请同时勾选联系内容“{rules.TOPICS[rules.NOTED_TOPIC]}”")
    there = {talent.id for talent in talents}
    found = []
    for place, one in enumerate(notes):
        own = [replace(field, name=f"notes/{place}/{field.name}") for field in NOTE]
        aspect, text = take(own, {f"notes/{place}/{name}": value for name, value in one.items()}, checks).values()
        talent_id = one.get("talent_id") or (talents[0].id if len(talents) == 1 else "")
        if talent_id not in there:
            said = "须是本次联系的对象，请改选" if talent_id else "请选择这条情况是哪位联系对象的"
            checks.refuse(f"/notes/{place}/talent_id", said)
        found.append((talent_id, str(aspect), str(text)))
    return found


def note_rows(
    contact: Contact, learnt: Iterable[Learnt], entering: Actor, now: datetime, *, after: int = 0
) -> list[TalentNote]:
    """The rows of new notes of a contact that has ``after`` of them."""
    names = {row.talent_id: row.talent for row in contact.talents}
    return [
        TalentNote(
            id=ids.derive(contact.id, f"note:{place}"),
            contact_id=contact.id,
            position=place,
            talent_id=talent_id,
            talent=names[talent_id],
            aspect=aspect,
            text=text,
            entered_by=entering.username,
            entered_at=now,
            withdrawn_at=None,
        )
        for place, (talent_id, aspect, text) in enumerate(learnt, start=after + 1)
    ]


def notes_told(notes: Iterable[TalentNote]) -> list[dict[str, str]]:
    """Notes as the journal keeps them."""
    return [{"id": str(one.id), "talent_id": one.talent_id, "aspect": one.aspect, "text": one.text} for one in notes]
