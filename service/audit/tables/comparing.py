"""Holding stored rows against those that a fold tells: what is missing, too many, or otherwise in which column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, String, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from service import clock
from service.audit.tables.called import contact_called
from service.audit.tables.columns import column_of
from service.db import Base
from service.db.differing import NOT_THERE, THERE, apart
from service.db.raw_rows import Row, Shape, shape
from service.errors import DAMAGE
from service.history.folding import LIVE, Digest, Held
from service.ids import as_id
from service.processes.deployed import Mismatch
from service.processes.models import Instance

UNTOLD = "untold"
"""The sort of a finding about a column of which no event tells: an upgrade writes these down as it finds them."""
LONGEST_LEASE = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class Told:
    """A row that the journal tells: the stream, its values in the form of the database, those that are digests."""

    stream: str
    row: Row
    digests: Mapping[str, Digest]
    live: frozenset[str]
    unreadable: tuple[str, ...] = ()

    def key(self, known: Shape) -> tuple[Any, ...] | None:
        """The primary key, where the journal tells it."""
        return tuple(self.row[name] for name in known.keys) if all(name in self.row for name in known.keys) else None


def told_row(held: Held, known: Shape, stream: str, row: Mapping[str, Any]) -> Told:
    """A row of a fold with what is derived from it, in the form of the database."""
    made: Row = {}
    digests: dict[str, Digest] = {}
    live, unreadable = set(), []
    whole = dict(row)
    if held.derived is not None:
        with suppress(*DAMAGE):  # of a column that it is made of no event tells: that is said already
            whole |= held.derived(dict(row))
    for name, value in whole.items():
        if name not in known.columns:
            continue
        if value is LIVE:
            live.add(name)
            continue
        if isinstance(value, Digest):
            digests[name] = value
            continue
        try:
            made[name] = known.told(name, value)
        except DAMAGE:
            unreadable.append(name)
    return Told(stream, made, digests, frozenset(live), tuple(unreadable))


@dataclass(frozen=True, slots=True)
class Found:
    """The values of a stored row that no event of ``stream`` tells; ``by`` are the values by which it is recognized."""

    stream: str
    table: str
    by: Mapping[str, Any]
    row: Mapping[str, Any]


class Comparison:
    """Compares the rows of one table, a batch of streams at a time."""

    def __init__(self, session: Session, held: Held) -> None:
        self.session, self.held = session, held
        self.known = shape(session, held.model)
        self.table = held.model.__tablename__
        self.spared = frozenset(held.outside) | frozenset(held.proved)
        self.count = 0
        self.found: list[Found] | None = None
        """Filled where an upgrade asks for it: what stored rows say that no event tells."""

    # --- reading ------------------------------------------------------------------------------------------------------

    def stored(self, streams: Sequence[str] | None) -> list[tuple[str | None, Row]]:
        """The stored rows, without bytes, each with its stream: of these streams, or of all where one tells of all."""
        owner = self.held.owner
        asked = self.known.asked(less=self.known.blobs)
        if owner is None or streams is None:
            found = self.session.execute(select(*asked).select_from(self.held.model))
            return [(None, self.known.stored(row)) for row in found.mappings()]
        names = {self._raw_owner(stream): stream for stream in streams}
        column = type_coerce(owner, NullType()) if self.known.raw else owner
        query = select(*asked, type_coerce(owner, NullType()).label("its_owner")).select_from(self.held.model)
        for model, on in self.held.through:
            query = query.outerjoin(model, on)
        rows: list[tuple[str | None, Row]] = []
        for mapping in self.session.execute(query.where(column.in_(list(names)))).mappings():
            row = dict(mapping)
            stream = names.get(row.pop("its_owner"))
            rows.append((stream, self.known.stored(row)))
        return rows

    def owners(self, prefix: str) -> set[str]:
        """The streams that stored rows name, whether they are there or not."""
        owner = self.held.owner
        if owner is None:
            return set()
        column = type_coerce(owner, NullType())
        query = select(column.label("its_owner")).select_from(self.held.model).distinct()
        for model, on in self.held.through:
            query = query.outerjoin(model, on)
        return {self._stream(prefix, value) for value in self.session.scalars(query)}

    def _raw_owner(self, stream: str) -> Any:
        """The value of the owner's column that names ``stream``."""
        owner = self.held.owner
        assert owner is not None  # noqa: S101 - asked only where rows have an owner
        if isinstance(owner.type, String):
            return stream if self._whole else stream.partition(":")[2]
        known = shape(self.session, self._owner_model)
        name = stream.partition(":")[2]
        if isinstance(owner.type, Integer):
            return int(name) if name.isdecimal() else name if known.raw else None
        try:
            return known.told(owner.key, name)
        except DAMAGE:
            return name if known.raw else None

    @property
    def _owner_model(self) -> type[Base]:
        owner = self.held.owner
        for model in (self.held.model, *(one for one, _ in self.held.through)):
            if owner is not None and model.__table__ is owner.class_.__table__:
                return model
        raise TypeError(f"{self.table}: no table on the way holds the owner")

    @property
    def _whole(self) -> bool:
        """Whether the owner's column holds the name of the whole stream."""
        return self.held.owner is not None and self.held.owner.key == "stream"

    def _stream(self, prefix: str, value: Any) -> str:
        owner = self.held.owner
        if self._whole or owner is None:
            return str(value)
        if not isinstance(owner.type, String):
            with suppress(ValueError):
                value = UUID(str(value))
        return f"{prefix}:{value}"

    # --- comparing ----------------------------------------------------------------------------------------------------

    def compare(self, stored: Iterable[tuple[str | None, Row]], told: Iterable[Told]) -> Iterator[Mismatch]:
        """Each row that is missing, too many, or says something else than it must.

        A column of which no event tells holds nothing: one that came after the row, too.
        """
        by_key = {tuple(row[name] for name in self.known.keys): (stream, row) for stream, row in stored}
        self.count += len(by_key)
        pairs: list[tuple[Told, Row]] = []
        lost: list[Told] = []
        for one in told:
            key = one.key(self.known)
            found = by_key.pop(key, None) if key is not None else None
            if found is not None:
                pairs.append((one, found[1]))
            else:
                lost.append(one)
        alike = {tuple(row[name] for name in self.held.alike): key for key, (_, row) in by_key.items()}
        for one in lost:
            key = self._alike(one, by_key, alike)
            if key is not None:
                pairs.append((one, by_key.pop(key)[1]))
                continue
            elsewhere = self._elsewhere(one)
            if elsewhere is not None:
                pairs.append((one, elsewhere))
                continue
            lost_row = self._finding(one.stream, one.row, None, f"缺少{self.held.noun}「{self._title(one.row)}」的记录")
            yield lost_row.telling(THERE)
        for stream, row in by_key.values():
            if self.found is not None and self.held.late:
                self._find(stream, row, self.known.keys, row)
            what = f"{self.held.noun}「{self._title(row)}」没有历史"
            yield self._finding(stream or self.table, row, None, what).telling(NOT_THERE)
        for one, row in pairs:
            yield from self._columns(one, row)
        yield from self._bytes(pairs)

    def _alike(
        self,
        one: Told,
        left: Mapping[tuple[Any, ...], tuple[str | None, Row]],
        alike: Mapping[tuple[Any, ...], tuple[Any, ...]],
    ) -> tuple[Any, ...] | None:
        """The stored row that must be meant: of those that no event names the one that says mostly the same."""
        if one.key(self.known) is None and self.held.alike:
            meant = alike.get(tuple(one.row.get(name) for name in self.held.alike))
            if meant in left:
                return meant
        best, most = None, 0.0
        for key, (stream, row) in left.items():
            if stream is not None and stream != one.stream:
                continue
            same = sum(row[name] == value for name, value in one.row.items() if name in row) / max(1, len(one.row))
            if same > most:
                best, most = key, same
        return best if most >= 0.5 else None

    def _elsewhere(self, one: Told) -> Row | None:
        """The row of that key, where it names another record as its owner."""
        key = one.key(self.known)
        if key is None:
            return None
        columns = [self.known.columns[name] for name in self.known.keys]
        where = [
            (type_coerce(column, String) if self.known.raw and isinstance(value, str) else column) == value
            for column, value in zip(columns, key, strict=True)
        ]
        found = self.session.execute(select(*self.known.asked(less=self.known.blobs)).where(*where)).mappings().first()
        return self.known.stored(found) if found is not None else None

    def _find(self, stream: str | None, row: Row, by: Iterable[str], columns: Iterable[str]) -> None:
        if self.found is None:
            return
        plain = self.known.plain
        told = {name: plain(name, row[name]) for name in columns if name in row}
        self.found.append(Found(stream or "", self.table, {name: plain(name, row[name]) for name in by}, told))

    def _columns(self, one: Told, row: Row) -> Iterator[Mismatch]:
        self._untold(one, row)
        for name, have in row.items():
            if name in one.row:
                other = have != one.row[name] or type(have) is not type(one.row[name])
                if other and not self._leased(name, have, one.row[name]):
                    yield self._otherwise(one, row, name)
            elif name in one.digests:
                if not one.digests[name].fits(have):
                    yield self._otherwise(one, row, name)
            elif name in one.unreadable:
                yield self._otherwise(one, row, name)
            elif name not in self.spared and name not in one.live and have is not None:
                what = f"{self.held.noun}「{self._title(row)}」的{column_of(self.table, name)}在历史中没有说明"
                found = self._finding(one.stream, row, name, what, UNTOLD)
                yield found.telling(apart(self.known, name, None, have))
        for name in self._contradicting(row):
            yield self._otherwise(one, row, name)

    def _untold(self, one: Told, row: Row) -> None:
        if self.found is None:
            return
        known = {*one.row, *one.digests, *one.live, *one.unreadable, *self.spared}
        if untold := [name for name, value in row.items() if name not in known and value is not None]:
            by = self.known.keys if one.key(self.known) is not None else self.held.alike
            self._find(one.stream, row, by, untold)

    def _leased(self, name: str, have: Any, told: Any) -> bool:
        """Whether a worker that is at it now has put the moment off."""
        if name != self.held.leased:
            return False
        with suppress(*DAMAGE):
            until = clock.now() + LONGEST_LEASE
            return bool(told < have and datetime.fromisoformat(self.known.plain(name, have)) <= until)
        return False

    def _contradicting(self, row: Row) -> list[str]:
        if self.held.fault is None:
            return []
        try:
            return list(self.held.fault(row))
        except DAMAGE:
            return list(self.held.proved)

    def _bytes(self, pairs: Sequence[tuple[Told, Row]]) -> Iterator[Mismatch]:
        """The contents, one after the other, so that memory holds one at a time."""
        for name in sorted(self.known.blobs - self.spared):
            column = self.known.columns[name]
            for one, row in pairs:
                if name in one.live:
                    continue
                nothing = name in one.row and one.row[name] is None
                if name not in one.digests and not nothing:
                    what = f"{self.held.noun}「{self._title(row)}」的{column_of(self.table, name)}在历史中没有说明"
                    found = self._finding(one.stream, row, name, what, UNTOLD)
                    yield replace(found, must="日志里记有摘要的内容", have="日志里没有写到的内容")
                    continue
                where = [
                    (type_coerce(self.known.columns[key], NullType())) == row[key]
                    if self.known.raw
                    else self.known.columns[key] == row[key]
                    for key in self.known.keys
                ]
                content: Any = self.session.scalar(select(type_coerce(column, NullType())).where(*where))
                if nothing and content is not None:
                    yield self._otherwise(one, row, name)
                content = bytes(content) if isinstance(content, bytes | memoryview) else None
                if not nothing and not one.digests[name].fits(content):
                    yield self._otherwise(one, row, name)

    # --- saying -------------------------------------------------------------------------------------------------------

    def _otherwise(self, one: Told, row: Row, name: str) -> Mismatch:
        title = self._title({**row, **one.row})
        found = self._finding(
            one.stream, row, name, f"{self.held.noun}「{title}」的{column_of(self.table, name)}与历史不符"
        )
        if name in one.row and name in row and one.row[name] != row[name]:
            told = apart(self.known, name, one.row[name], row[name])
            return replace(found, must=told["must"], have=told["have"])
        return replace(found, must="日志里记有摘要的内容", have="摘要不同的内容") if name in one.digests else found

    def _title(self, row: Row) -> str:
        try:
            return self._worded(str(self.held.title(row)))
        except DAMAGE:
            return "、".join(self._worded(str(row.get(name))) for name in self.known.keys)

    def _worded(self, title: str) -> str:
        """The number of the case, or leader, talents and day of the contact, whose id a title is; of another id its
        beginning."""
        key = as_id(title)
        if key is None:
            return title
        number = self.session.scalar(select(Instance.number).where(Instance.id == key))
        return number or contact_called(self.session, key) or f"标识 {str(key)[:8]}…"

    def _finding(self, stream: str, row: Row, column: str | None, what: str, sort: str | None = None) -> Mismatch:
        return Mismatch(stream, None, what, self.table, self._title(row), column, sort)
