"""联络员小结: the summaries that liaisons wrote of contacts and of needs, for them, their heads and the office (T5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.contacts.models import Contact
from service.contacts.rules import form_name
from service.contacts.summaries import (
    CONTACT,
    NEED,
    Stint,
    SummaryFilter,
    chosen,
    openable,
    summed_up,
)
from service.db.lists import Page
from service.processes.models import Instance
from service.processes.registered import registered
from service.processes.rules import STATUSES, numbered
from service.processes.steps import done_steps
from service.rights import Actor
from service.usecases.names import Names

FEEDBACK = "feedback_result"
"""The step in which the outcome of a need is summed up for the talent."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of a contact or of a need, ``id`` being that of either.

    ``on`` is the day of the contact, or of the registration. ``title`` is what it is about, ``text`` the summary: of a
    need what the talent was told of its outcome, '' before. ``state`` is the form of a contact, or how far a need is,
    in words. ``open``: the reader may see the record itself.
    """

    kind: str
    id: UUID
    on: date
    liaison: str
    unit: str
    talents: str
    leader: str
    title: str
    text: str
    state: str
    open: bool = True


def summaries(
    session: Session, actor: Actor, known: Sequence[Stint], wanted: SummaryFilter, limit: int = 50, offset: int = 0
) -> Page[Summary]:
    """The summaries that the actor may read, the newest first: a fixed number of statements.

    ``known`` are ``contacts.summaries.stints`` of the actor.
    """
    of = chosen(known, wanted)
    if wanted.kind == CONTACT:
        contacts = summed_up(session, actor, of, wanted, limit, offset)
        seen = openable(session, actor, contacts.items)
        told = tuple(
            _of_contact(one, _stint(of, one.entered_by, one.entered_at), one.id in seen) for one in contacts.items
        )
        return Page(told, contacts.total, contacts.limit, contacts.offset, contacts.more)
    by = [(one.username, one.begins, one.ends) for one in of]
    needs = registered(session, actor, by, wanted.since, wanted.until, limit, offset)
    return Page(tuple(_of_needs(session, needs.items, of)), needs.total, needs.limit, needs.offset, needs.more)


def _of_contact(contact: Contact, stint: Stint, seen: bool) -> Summary:
    return Summary(
        CONTACT,
        contact.id,
        contact.held_on,
        stint.name,
        stint.unit_name,
        "、".join(row.talent.name for row in contact.talents),
        contact.leader.person.name,
        "",
        "\n".join(part for part in (contact.summary, contact.follow_up) if part),
        form_name(contact.form, inbound=contact.inbound),
        seen,
    )


def _of_needs(session: Session, needs: Sequence[Instance], of: Sequence[Stint]) -> list[Summary]:
    names = Names(session).learn(talents=[one.talent_id for one in needs], leaders=[one.leader_id for one in needs])
    said: dict[UUID, str] = {}
    for step in done_steps(session, [one.id for one in needs], FEEDBACK):  # the newest first
        said.setdefault(step.instance_id, str((step.submitted or {}).get("content") or ""))
    told = []
    for one in needs:
        stint = _stint(of, one.initiator, one.started_at)
        told.append(
            Summary(
                NEED,
                one.id,
                clock.local(one.started_at).date(),
                stint.name,
                stint.unit_name,
                (names.known("talents", one.talent_id) or {}).get("name") or "",
                (names.known("leaders", one.leader_id) or {}).get("name") or "",
                f"{numbered(one.number, one.process)} {one.title}".strip(),
                said.get(one.id, ""),
                one.end_name or STATUSES[one.status],
            )
        )
    return told


def _stint(of: Sequence[Stint], username: str, at: datetime) -> Stint:
    return next(one for one in of if one.holds(username, at))
