"""The words by which a case is found, as they stood on any day: number, matter with its spelling, and what was told of
the need when it was registered (R2).

A row of ``CaseText`` is a stretch of days over which they stayed the same. Live code keeps the rows step by step;
verification, an upgrade and ``liaison rebuild`` make the same ones by replay. The database keeps an index of ``grams``
beside them by itself (adr/0050).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, Table, Text, event, insert, literal, or_, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from service import clock
from service.db import Base
from service.db.by_hand import UNREAD, were
from service.processes.bundles import Compiled, compiled
from service.processes.models import CaseText, Instance
from service.spelling import grams, plain

LONGEST = 8_000
"""Characters of the words of a case."""
_PAIR = 2
WORDS = ("words",)
"""The columns of a stretch that say something."""

_MOVED = "texts_moved"
"""In a session: what the words were made of of the cases that were changed, by id."""

_ROWS: Table = Base.metadata.tables[CaseText.__tablename__]


def words_of(made: Compiled, search_key: str, data: Mapping[str, Any]) -> str:
    """The words of a case, set apart by spaces: its search key, then each text of its registration as search compares
    it. Fields that are private, chosen from a list, or dates are left out."""
    said = (data.get(name) for name in made.told_texts)
    lines = (plain(line) for text in said if isinstance(text, str) for line in text.splitlines())
    return " ".join(dict.fromkeys(one for one in (search_key, *lines) if one))[:LONGEST].rstrip()


def keep(session: Session, instance: Instance, on: date) -> None:
    """From this day on the case is found by the words that it has now; no statement where they stayed the same."""
    if (were := session.info.get(_MOVED, {}).pop(instance.id, None)) is None:
        return
    made = compiled(session, instance.digest, instance.process)
    words = words_of(made, instance.search_key, instance.data)
    if were.digest == instance.digest and words_of(made, were.search_key, were.data) == words:
        return
    now = select(CaseText.id, CaseText.from_on, CaseText.words).where(
        CaseText.instance_id == instance.id, CaseText.until_on.is_(None)
    )
    row = session.execute(now).one_or_none()
    if row is None:
        on = clock.local(instance.started_at).date()
    elif row.words == words:
        return
    elif row.from_on == on:  # no evening has seen what it said earlier today
        session.execute(update(_ROWS).where(_ROWS.c.id == row.id).values(words=words))
        return
    else:
        session.execute(update(_ROWS).where(_ROWS.c.id == row.id).values(until_on=on))
    session.execute(insert(_ROWS).values(instance_id=instance.id, from_on=on, until_on=None, words=words))


@dataclass(frozen=True, slots=True)
class _Were:
    """The values that made the words of a case before it was changed; ``digest`` is empty where that is not known."""

    digest: str = ""
    search_key: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@event.listens_for(Instance, "before_insert")
def _begun(_mapper: Mapper[Instance], _connection: Connection, instance: Instance) -> None:
    _moved(instance, _Were())


@event.listens_for(Instance, "before_update")
def _changed(_mapper: Mapper[Instance], _connection: Connection, instance: Instance) -> None:
    names = ("digest", "search_key", "data")
    if before := were(instance, names):
        told = {name: before[name] if name in before else getattr(instance, name) for name in names}
        _moved(instance, _Were() if any(one is UNREAD for one in before.values()) else _Were(**told))


def _moved(instance: Instance, were: _Were) -> None:
    if (session := object_session(instance)) is not None:
        session.info.setdefault(_MOVED, {}).setdefault(instance.id, were)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    session.info.pop(_MOVED, None)


class _Indexed(FunctionElement[Any]):
    """The rows that hold all grams of a text: by the index, without a look at the words themselves."""

    type = NullType()  # of a boolean SQLAlchemy asks "= 1" on SQLite, which keeps the index out
    inherit_cache = True


@compiles(_Indexed, "postgresql")
def _postgresql(element: _Indexed, compiler: Any, **more: Any) -> str:
    _, words, sought = (compiler.process(one, **more) for one in element.clauses)
    return f"(case_grams({words}) @> string_to_array({sought}, ' '))"


@compiles(_Indexed, "sqlite")
def _sqlite(element: _Indexed, compiler: Any, **more: Any) -> str:
    key, _, sought = (compiler.process(one, **more) for one in element.clauses)
    return f"({key} IN (SELECT rowid FROM case_text_index WHERE case_text_index MATCH {sought}))"  # noqa: S608 - names of our own tables


def holds(word: str) -> ColumnElement[bool]:
    """Whether the words of the ``Instance`` of the statement around it hold ``word`` today."""
    own = select(CaseText.id).where(CaseText.instance_id == Instance.id, CaseText.until_on.is_(None))
    own = own.where(CaseText.words.contains(word, autoescape=True)).correlate(Instance)
    # with an offset, which keeps PostgreSQL from reading the words of all cases there are, to look at those of a few
    return own.offset(0).exists()


def holding(word: str, on: date | None) -> Select[UUID]:
    """The ids of the cases whose words hold ``word``, as ``spelling.plain`` makes it, as of the end of a day (``None``:
    today). The index finds them, but for a word of one character."""
    found = grams(word)
    longer = [one for one in found if len(one) > _PAIR]
    # a pair within three characters that are looked up anyway tells nothing more
    needed = [one for one in found if len(one) > _PAIR or not any(one in three for three in longer)]
    by_index = [_Indexed(CaseText.id, CaseText.words, literal(" ".join(needed), Text))] if needed else []
    query = select(CaseText.instance_id).where(*by_index, CaseText.words.contains(word, autoescape=True))
    if on is None or on >= clock.today():
        return query.where(CaseText.until_on.is_(None))
    return query.where(CaseText.from_on <= on, or_(CaseText.until_on.is_(None), CaseText.until_on > on))
