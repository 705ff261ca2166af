"""常用语: words that people write every day, a person's own and those of a unit, put into long texts by a click.

Each has a journal of its own, ``phrase:<id>``. None of the commands commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from service import ids
from service.errors import Conflict, Finding, Invalid, NotFound
from service.fields import Checks, held, take
from service.history.records import difference, record
from service.ids import as_id
from service.people.fields import PHRASE
from service.people.models import Phrase, PhraseUse
from service.rights import Actor, may, require

ADDED, CHANGED, REMOVED = "phrase_added", "phrase_changed", "phrase_removed"
RIGHT = "edit_unit_phrases"
MOST = 200
"""Phrases of one person, and of one unit."""
NONE = "没有这条常用语，或已删除，请刷新后查看"


@dataclass(frozen=True, slots=True)
class Usable:
    """A phrase as somebody may use it. ``shared``: the unit's; ``editable``: the reader may change and remove it."""

    id: UUID
    text: str
    shared: bool
    editable: bool
    used_at: datetime | None


def phrases_of(session: Session, actor: Actor) -> list[Usable]:
    """The phrases that the actor may use, one's own and the unit's: those used last first, then the newest; one
    statement."""
    used = and_(PhraseUse.phrase_id == Phrase.id, PhraseUse.username == actor.username)
    query = (
        select(Phrase, PhraseUse.used_at)
        .outerjoin(PhraseUse, used)
        .where(_usable(actor))
        .order_by(PhraseUse.used_at.desc().nulls_last(), Phrase.added_at.desc(), Phrase.id)
    )
    return [
        Usable(row.id, row.text, row.username is None, _may_edit(row, actor), at) for row, at in session.execute(query)
    ]


def add_phrase(
    session: Session, *, text: str, shared: bool = False, phrase_id: UUID | None = None, actor: Actor, now: datetime
) -> Phrase:
    """A phrase of the actor's own or, ``shared``, of the actor's unit. Raises NotAllowed, Invalid, Conflict."""
    unit = actor.unit if shared else None
    if shared and unit is None:
        raise Invalid("不能添加单位的常用语", [Finding("/shared", "您的账号没有所在单位，只能添加个人常用语")])
    if shared:
        require(actor, RIGHT, unit=unit)
    mine = Phrase.unit_code == unit if shared else Phrase.username == actor.username
    said = _checked(text)
    there = list(session.scalars(select(Phrase.text).where(mine)))
    if said in there:
        raise Conflict("已有同样的常用语")
    if len(there) >= MOST:
        raise Conflict(f"常用语最多 {MOST} 条，请先删去不用的")
    row = Phrase(
        id=phrase_id or ids.new(),
        unit_code=unit,
        username=None if shared else actor.username,
        text=said,
        added_by=actor.username,
        added_at=now,
    )
    session.add(row)
    session.flush()
    data = {"id": row.id, "unit_code": unit, "username": row.username, **held(row, PHRASE)}
    record(session, f"phrase:{row.id}", ADDED, data, actor=actor, now=now)
    return row


def change_phrase(session: Session, *, phrase_id: UUID | str, text: str, actor: Actor, now: datetime) -> Phrase:
    """Other words for a phrase. Raises NotFound for one that is not the actor's to change, Invalid."""
    row = _locked(session, phrase_id, actor)
    before, said = held(row, PHRASE), _checked(text)
    if said != row.text:
        row.text = said
        session.flush()
        record(session, f"phrase:{row.id}", CHANGED, difference(before, held(row, PHRASE)), actor=actor, now=now)
    return row


def remove_phrase(session: Session, *, phrase_id: UUID | str, actor: Actor, now: datetime) -> None:
    """Takes a phrase away. Raises NotFound for one that is not the actor's to remove."""
    row = _locked(session, phrase_id, actor)
    for use in session.scalars(select(PhraseUse).where(PhraseUse.phrase_id == row.id)):
        session.delete(use)
    session.flush()
    record(session, f"phrase:{row.id}", REMOVED, held(row, PHRASE), actor=actor, now=now)
    session.delete(row)
    session.flush()


def note_used(session: Session, *, phrase_id: UUID | str, actor: Actor, now: datetime) -> None:
    """The actor has put the phrase into a text: it stands first from now on. Raises NotFound."""
    key = as_id(phrase_id)
    found = session.scalar(select(Phrase.id).where(Phrase.id == key, _usable(actor))) if key is not None else None
    if found is None:
        raise NotFound(NONE)
    session.merge(PhraseUse(phrase_id=found, username=actor.username, used_at=now))
    session.flush()


def _usable(actor: Actor) -> ColumnElement[bool]:
    of_unit = Phrase.unit_code == actor.unit if actor.unit is not None and actor.roles else false()
    return or_(Phrase.username == actor.username, of_unit)


def _may_edit(row: Phrase, actor: Actor) -> bool:
    if row.username is not None:
        return row.username == actor.username
    return row.unit_code == actor.unit and may(actor, RIGHT, unit=row.unit_code)


def _locked(session: Session, phrase_id: UUID | str, actor: Actor) -> Phrase:
    key = as_id(phrase_id)
    query = select(Phrase).where(Phrase.id == key, _usable(actor)).with_for_update()
    row = session.scalar(query) if key is not None else None
    if row is None or not _may_edit(row, actor):
        raise NotFound(NONE)
    return row


def _checked(text: str) -> str:
    checks = Checks()
    said = take(PHRASE, {"text": text}, checks)["text"]
    checks.done()
    return str(said)
