"""The vocabulary in which a feature says how its events make its rows: verification folds them and compares.

A feature's ``folding.py`` names its families: the tables whose rows follow from streams of one prefix, and the pure
function that takes one event after the other. Values are as the journal keeps them (JSON) or of Python; they are
brought into the form of each column when compared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from service.canonical import dumps
from service.clock import local
from service.db import Base
from service.history.versions import pairs

Row = dict[str, Any]
BASELINE = "baseline"
"""The kind of an event that says how a row was found at an upgrade, where earlier events told less of it."""


class Event(Protocol):
    """The part of an event that a fold reads."""

    @property
    def id(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def stream(self) -> str: ...
    @property
    def task(self) -> str | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Digest:
    """A value of which the journal keeps the SHA-256 alone: of a text or of bytes, of all else its canonical JSON."""

    sha256: str
    salt: str = ""

    def fits(self, value: Any) -> bool:
        """Whether ``value`` (bytes or text, as stored) is what the journal gave the digest of."""
        salted = f"{self.salt}{value}" if self.salt else value
        return isinstance(value, bytes | str) and Digest.of(salted).sha256 == self.sha256

    @classmethod
    def salted(cls, text: str, salt: str) -> Digest:
        """The digest of ``text`` behind ``salt``, so that nobody finds a short text by trying."""
        return cls(cls.of(f"{salt}{text}").sha256, salt)

    @classmethod
    def of(cls, value: Any) -> Digest:
        """The digest of ``value``: of bytes or text as they are, of all else its canonical JSON."""
        content = value if isinstance(value, bytes) else value if isinstance(value, str) else dumps(value)
        raw = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
        return cls(sha256(raw).hexdigest())


LIVE = object()
"""The value of a column while work is under way: it changes without events until the work is told to be over."""


class Rows:
    """The rows that the events of one stream have made so far, by table and by a key that the fold chooses.

    ``name`` is the stream's without its prefix: the number or id of the record. A column that no event told of is
    absent from its row.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.name = stream.partition(":")[2]
        self.held: dict[type[Base], dict[Hashable, Row]] = {}

    def put(self, model: type[Base], key: Hashable, *told: Mapping[str, Any], **more: Any) -> Row:
        """A new row of ``model``, of what ``told`` and ``more`` say of its columns; it takes the place of one there."""
        row: Row = {}
        self.held.setdefault(model, {})[key] = row
        return self._tell(model, row, *told, more)

    def set(self, model: type[Base], key: Hashable, *told: Mapping[str, Any], **more: Any) -> None:
        """Changes columns of a row; one that is not there stays away."""
        row = self.get(model, key)
        if row is not None:
            self._tell(model, row, *told, more)

    def learn(self, model: type[Base], key: Hashable, column: str, data: Mapping[str, Any], name: str) -> None:
        """Sets a column to what ``data`` says under ``name``; an earlier event that did not say so leaves it untold."""
        row = self.get(model, key)
        if row is not None and name in data:
            row[column] = data[name]
        elif row is not None:
            row.pop(column, None)

    def change(self, model: type[Base], key: Hashable, data: Mapping[str, Any], **more: Any) -> None:
        """Changes the columns of which ``data`` says ``[old, new]``, and ``more``."""
        self.set(model, key, {name: new for name, (_, new) in pairs(data).items()}, **more)

    def get(self, model: type[Base], key: Hashable) -> Row | None:
        """The row under ``key``, to be read or changed; None where there is none."""
        return self.held.get(model, {}).get(key)

    def drop(self, model: type[Base], key: Hashable) -> None:
        """The row is no more."""
        self.held.get(model, {}).pop(key, None)

    def clear(self, model: type[Base], **where: Any) -> None:
        """All rows in which these columns say this are no more."""
        there = self.held.get(model, {})
        for key in [key for key, row in there.items() if all(row.get(name) == value for name, value in where.items())]:
            del there[key]

    def of(self, model: type[Base]) -> list[Row]:
        """The rows of a table, in the order in which they came."""
        return list(self.held.get(model, {}).values())

    def _tell(self, model: type[Base], row: Row, *told: Mapping[str, Any]) -> Row:
        columns = model.__table__.columns
        for some in told:
            row.update((name, value) for name, value in some.items() if name in columns)
        return row


Fold = Callable[[Rows, Event], None]


@dataclass(frozen=True, slots=True)
class Held:
    """The rule of a table: how its rows are found by their stream, named for people, and compared.

    ``owner`` is the column whose value is the name of the stream, reached over ``through`` (joins); None where one
    stream tells of the whole table. ``title`` names a row by its values, ``noun`` its kind. ``derived`` recomputes
    columns from the others of a row (search keys). ``outside`` says of a column why no event tells of it. Bytes are
    told by their ``Digest``. ``alike`` are the columns by which a row is recognized whose own key earlier events did
    not tell. ``fault`` names the columns of a stored row (in the database's form) that contradict each other; of the
    columns that it ``proved`` no event tells. ``late``: rows of an older release came to be without any event;
    ``key`` is then how the fold calls a row that an upgrade found. ``leased``: a moment that a worker puts off for
    a few minutes while it is at work.
    """

    model: type[Base]
    owner: InstrumentedAttribute[Any] | None
    noun: str
    title: Callable[[Row], object]
    through: tuple[tuple[type[Base], ColumnElement[bool]], ...] = ()
    derived: Callable[[Row], Mapping[str, Any]] | None = None
    outside: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    fault: Callable[[Row], Iterable[str]] | None = None
    proved: tuple[str, ...] = ()
    late: bool = False
    key: Callable[[Row], Hashable] | None = None
    leased: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """The tables whose rows follow from the streams ``<prefix>:…`` (or from the one stream ``prefix``), and how."""

    prefix: str
    held: tuple[Held, ...]
    fold: Fold
    single: bool = False


def moment_words(moment: Any) -> str:
    """A moment of a row as people read it, in Beijing's time; SQLite's driver gives its text."""
    try:
        read = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    except ValueError:
        return "读不出的时间"
    return f"{local(read if read.tzinfo is not None else read.replace(tzinfo=UTC)):%Y-%m-%d %H:%M:%S}"
