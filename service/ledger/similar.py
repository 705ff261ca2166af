"""Open needs that a new one may repeat (O3): of the same talent, and of others; only what the reader may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from service.contacts.rules import shared_words, similarity
from service.processes.models import Instance
from service.processes.rules import NEED
from service.processes.visibility import visible_clause
from service.rights import Actor

MOST_LOOKED_AT = 300
"""Open needs of the talent, and as many of others in each of two ways: of the same category, and the newest of all."""
MOST_SHOWN = 5
LONGEST_COMPARED = 600
"""Characters of a description that are compared: the matter is told at its beginning."""
LONGEST_WORD = 12
"""Characters of a stretch that both tell."""
OWN, OTHERS = 0.34, 0.5
"""How alike a need of the same talent, and one of another's, must be to be shown."""
TITLE, TEXT, CATEGORY = 0.55, 0.3, 0.15
"""The shares of what is compared."""


Told = tuple[UUID, str | None, str, str, str, str | None]
"""Of an open need its id, number, title, the beginning of its description, its category and its talent."""
Asked = Select[UUID, str | None, str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Similar:
    """An open need that may be the same matter, how alike it is (0 to 1), and why it was taken for that, in words."""

    id: UUID
    number: str | None
    title: str
    same_talent: bool
    score: float
    why: str


def similar_needs(
    session: Session,
    actor: Actor,
    *,
    talent_id: str | None,
    title: str,
    text: str,
    category: str | None = None,
    besides: Iterable[UUID] = (),
) -> list[Similar]:
    """The open needs most like a matter, the likest first; those of the same talent before others' as like.

    Compared are the pairs of neighbouring characters of title and text, and the category. Three statements at most;
    nothing is told of a need that the actor may not see.
    """
    mine = _open(session, actor)
    rows: dict[UUID, Told] = {}
    if talent_id:
        _take(session, mine.where(Instance.talent_id == talent_id), rows)
    if title.strip() or text.strip():
        _take(session, mine, rows)
        if category:
            _take(session, mine.where(_said("category") == category), rows)
    left_out, found = set(besides), []
    for key, number, other_title, other_text, other_category, other_talent in rows.values():
        own = talent_id is not None and other_talent == talent_id
        alike = category is not None and other_category == category
        score = _score(title, text, other_title, other_text, alike=alike)
        if key not in left_out and score >= (OWN if own else OTHERS):
            why = _why(title, text, other_title, other_text, own=own, alike=alike)
            found.append(Similar(key, number, other_title, own, round(score, 2), why))
    return sorted(found, key=lambda one: (-one.score, not one.same_talent, str(one.id)))[:MOST_SHOWN]


def _open(session: Session, actor: Actor) -> Asked:
    return (
        select(
            Instance.id,
            Instance.number,
            Instance.title,
            func.substr(_said("description"), 1, LONGEST_COMPARED),
            _said("category"),
            Instance.talent_id,
        )
        .where(
            Instance.process == NEED,
            Instance.ended_at.is_(None),
            Instance.title != "",
            visible_clause(session, actor),
        )
        .order_by(Instance.started_at.desc(), Instance.id)
        .limit(MOST_LOOKED_AT)
    )


def _said(name: str) -> ColumnElement[str]:
    return func.coalesce(Instance.data[name].as_string(), "")


def _take(session: Session, query: Asked, rows: dict[UUID, Told]) -> None:
    for row in session.execute(query):
        rows.setdefault(row[0], (row[0], row[1], row[2], row[3], row[4], row[5]))


def _score(title: str, text: str, other_title: str, other_text: str, *, alike: bool) -> float:
    """From 0 to 1. A matter without a text yet is held by its title against title and text of the other."""
    titles = max(similarity(title, other_title), 0.8 * similarity(title, other_text))
    texts = similarity(text[:LONGEST_COMPARED], other_text) if text.strip() else titles
    titles = titles if title.strip() else texts
    return TITLE * titles + TEXT * texts + (CATEGORY if alike else 0.0)


def _why(title: str, text: str, other_title: str, other_text: str, *, own: bool, alike: bool) -> str:
    words = shared_words(f"{title}\n{text[:LONGEST_COMPARED]}", f"{other_title}\n{other_text}")
    said = ["同一人才"] if own else []
    said += ["同类事项"] if alike else []
    short = [word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}…" for word in words]
    said += [f"都提到“{'”“'.join(short)}”"] if short else []
    return "，".join(said)
