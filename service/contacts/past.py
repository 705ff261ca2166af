"""The outcomes of opinions by the end of a day: papers say the state of their day.

A contact and what was said at it belong to the day on which it was held, whenever somebody entered it. The outcome of
an opinion belongs to the day on which it was dealt with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service import clock
from service.contacts.models import Contact, Opinion
from service.contacts.rules import NEED, OPEN
from service.history import HistoryEvent, of_kinds

State = tuple[str, str | None]
"""Status and answer of an opinion."""


def opinion_states(session: Session, opinions: Sequence[Opinion], on: date) -> Mapping[UUID, State]:
    """The status and the answer of each opinion at the end of a day; at most one statement."""
    after = clock.end_of(on)
    found: dict[UUID, State] = {one.id: (one.status, one.answer) for one in opinions}
    later = [one for one in opinions if one.updated_at >= after]
    if not later:
        return found
    found |= {one.id: (OPEN, None) for one in later}
    changes = (
        select(HistoryEvent.kind, HistoryEvent.data)
        .where(
            HistoryEvent.stream.in_({f"contact:{one.contact_id}" for one in later}),
            of_kinds("opinion_answered", "opinion_linked"),
            HistoryEvent.at < after,
        )
        .order_by(HistoryEvent.stream, HistoryEvent.seq)
    )
    for kind, data in session.execute(changes):
        key = UUID(str(data["opinion_id"]))
        if key in found:
            before = found[key]
            found[key] = (data["status"], data["answer"]) if kind == "opinion_answered" else (NEED, before[1])
    return found


def statuses(
    session: Session, scope: Iterable[ColumnElement[bool]], on: date
) -> tuple[Counter[str], Mapping[UUID, Counter[str]]]:
    """How many opinions of the contacts of a scope had which status at the end of a day: all, and by leader's post.

    At most three statements.
    """
    contacts, after = list(scope), clock.end_of(on)
    total: Counter[str] = Counter()
    of: dict[UUID, Counter[str]] = {}
    settled = (
        select(Contact.leader_id, Opinion.status, func.count())
        .join(Opinion, Opinion.contact_id == Contact.id)
        .where(*contacts, Opinion.updated_at < after)
        .group_by(Contact.leader_id, Opinion.status)
    )
    counted = list(session.execute(settled).all())
    later = session.execute(
        select(Contact.leader_id, Opinion)
        .join(Opinion, Opinion.contact_id == Contact.id)
        .where(*contacts, Opinion.updated_at >= after)
    ).all()
    then = opinion_states(session, [opinion for _, opinion in later], on)
    for leader_id, status, number in [
        *((leader_id, status, number) for leader_id, status, number in counted),
        *((leader_id, then[opinion.id][0], 1) for leader_id, opinion in later),
    ]:
        total[status] += number
        of.setdefault(leader_id, Counter())[status] += number
    return total, of
