"""Statements that are asked at every step: written with SQLAlchemy, compiled once, handed to the driver as they are.

They go through the connection of the session, so that failures, traces and counts are told as of any other statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import psycopg
from sqlalchemy import BindParameter, Connection, Table, bindparam
from sqlalchemy.orm import Session
from sqlalchemy.sql import Executable
from sqlalchemy.sql.visitors import replacement_traverse

from service.db.pipe import Pipe
from service.db.values import maker, reader
from service.db.watched import WatchedConnection

Values = tuple[Any, ...]
WAY = "prepared_way"
"""At a connection: that of the driver, and how it sends what is prepared (``_way``)."""
LOOKING = "looking"
"""At a connection: what takes the lock of its transaction, before any statement that is not ``covered`` (``looking``).
"""
MOST_ROWS = 100
"""So many rows a cursor that is kept may hold."""
_SOON = "asked_soon"
"""In a session: the questions that wait for the next one."""
_NONE: Mapping[str, Any] = {}
_WORD = re.compile("[a-z_]+")
_NAMED = re.compile(r"%(?:\((\w+)\)s|%)")
"""A parameter by its name, or a sign of per cent, as the driver of PostgreSQL has them."""


class Prepared:
    """One statement. ``make`` writes it for a dialect (``sqlite``, ``postgresql``) when it is first asked there.

    Parameters are those of its ``bindparam``; all other values in it stay as they were when it was made. Lists of
    values may stand in it, but no parameter may be a list. ``covered``: what it reads, its caller proves to be as it
    was when the transaction takes the lock (``db.looking``).
    """

    def __init__(self, make: Callable[[str], Executable] | Executable, *, covered: bool = False) -> None:
        self._make, self._covered = make, covered
        self._made: dict[str, _Made] = {}

    def on(self, connection: Connection) -> _Made:
        """The statement as the database of ``connection`` takes it."""
        found = self._made.get(connection.dialect.name)
        if found is None:
            statement = self._make(connection.dialect.name) if callable(self._make) else self._make
            found = self._made[connection.dialect.name] = _Made(statement, connection.dialect, covered=self._covered)
        return found

    def rows(self, session: Session, given: Mapping[str, Any] = _NONE) -> list[Values]:
        """The rows that it gives; changes that wait are sent first, as before any other question."""
        if session.autoflush:
            session.flush()
        connection = session.connection()
        if waiting := session.info.get(_SOON):
            session.info[_SOON] = []
            with together(connection):
                for one in waiting:
                    one.read = one.question.asked(connection, one.given)
                read = self.asked(connection, given)
            return read()
        return self.on(connection).rows(connection, given)

    def soon(self, session: Session, given: Mapping[str, Any]) -> Callable[[], list[Values]]:
        """Waits for the next prepared question of the session, and is asked with it, or when its rows are called for.

        Gives a function for them.
        """
        waiting: list[_Soon] = session.info.setdefault(_SOON, [])
        one = _Soon(self, given)
        waiting.append(one)

        def read() -> list[Values]:
            if one.read is None:
                if one in session.info.get(_SOON, ()):
                    session.info[_SOON].remove(one)
                return self.rows(session, given)
            return one.read()

        return read

    def asked(self, connection: Connection, given: Mapping[str, Any]) -> Callable[[], list[Values]]:
        """Asks, and gives a function that reads the rows: within ``together`` nobody waits for them before that."""
        return self.on(connection).asked(connection, given)

    def do(self, session: Session, given: Sequence[Mapping[str, Any]]) -> None:
        """As ``run``, after the changes that wait."""
        if session.autoflush:
            session.flush()
        self.run(session.connection(), given)

    def run(self, connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
        """Does it with each of ``given`` in turn; its rows, where it has any, are not read."""
        self.on(connection).run(connection, given)


@dataclass(slots=True, eq=False)
class _Soon:
    """A question that waits for another; ``read`` gives its rows once it is asked."""

    question: Prepared
    given: Mapping[str, Any]
    read: Callable[[], list[Values]] | None = None


def ask_no_more(session: Session) -> None:
    """Drops the questions that wait: their transaction, or savepoint, has been given up."""
    session.info.pop(_SOON, None)


class _Made:
    """A compiled statement: its text, the parameters in order, what makes a value the driver's and the other way."""

    def __init__(self, statement: Any, dialect: Any, *, covered: bool) -> None:
        compiled = _spelled_out(statement).compile(dialect=dialect)
        lists = compiled._process_parameters_for_postcompile(compiled.construct_params(_check=False))
        usual = compiled._bind_processors
        makers = {name: maker(bind.type, dialect.name, usual.get(name)) for bind, name in compiled.bind_names.items()}
        makers |= lists.processors
        known = {name: bind.value for bind, name in compiled.bind_names.items() if not _is_asked(bind)}
        known = {name: value for name, value in known.items() if name not in lists.parameter_expansion}
        parts = [part for name in lists.parameter_expansion.values() for part in name]
        known |= {name: lists.additional_parameters[name] for name in parts}
        self._covered = covered
        if compiled.positional:
            self.text, names = lists.statement, list(lists.positiontup)
        else:
            self.text, names = _numbered(lists.statement)
        self._sends = self.text.encode()
        self._constants = {name: _made(makers.get(name), value) for name, value in known.items()}
        self._names = [(name, makers.get(name), name in known) for name in names]
        columns = compiled._result_columns or ()
        usual_readers = [(column.type, column.type._cached_result_processor(dialect, None)) for column in columns]
        readers = [reader(kind, dialect.name, usual) for kind, usual in usual_readers]
        self._readers = [(place, read) for place, read in enumerate(readers) if read is not None]

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[Values]:
        """The rows that the statement gives, each value as Python knows it."""
        found: list[Values] = self._sent(connection, self._bound(given), read=True)
        return [self._read(row) for row in found] if self._readers else found

    def asked(self, connection: Connection, given: Mapping[str, Any]) -> Callable[[], list[Values]]:
        """As ``rows``, which are read when they are called for, where statements leave together."""
        bound, way = self._bound(given), _way(connection)
        if not isinstance(way, Pipe):
            found = self.rows(connection, given)
            return lambda: found
        answer = self._sent(connection, bound)

        def read() -> list[Values]:
            try:
                found = way.rows(answer)
            except psycopg.Error as error:
                _fail(connection, error, way, self.text, bound)
            return [self._read(row) for row in found] if self._readers else found

        return read

    def run(self, connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
        """Does the statement with each of ``given``, in one call of the driver."""
        if len(given) == 1:
            self._sent(connection, self._bound(given[0]))
        elif given:
            self._sent(connection, [self._bound(one) for one in given], many=True)

    def _sent(self, connection: Connection, bound: Any, *, read: bool = False, many: bool = False) -> Any:
        """Sends it as SQLAlchemy sends a text, without the objects that it makes for each: listeners hear of it, and
        failures are told as its own. Gives rows where they are ``read``, else PostgreSQL's answer to come."""
        if not self._covered and (looking := getattr(connection, LOOKING, None)) is not None:
            looking.lock()
        listeners = connection.engine.dispatch
        heard = bool(listeners.before_cursor_execute)  # whoever hears of the end hears of the beginning
        context = Sending(many) if heard else None
        way = _way(connection)
        try:
            if heard:
                listeners.before_cursor_execute(connection, way, self.text, bound, context, many)
            found = self._piped(way, bound, read, many) if isinstance(way, Pipe) else self._done(way, bound, read, many)
            if heard:
                listeners.after_cursor_execute(connection, way, self.text, bound, context, many)
        except connection.dialect.loaded_dbapi.Error as error:
            _fail(connection, error, way, self.text, bound, context or Sending(many))
        if read and len(found) > MOST_ROWS and not isinstance(way, Pipe):
            way.close()  # it is kept, and would keep them
            setattr(connection, WAY, None)
        return found

    def _piped(self, pipe: Pipe, bound: Any, read: bool, many: bool) -> Any:
        text = self._sends
        for one in bound if many else (bound,):
            answer = pipe.send(text, one)
        if read:
            return pipe.rows(answer)
        if not pipe.held:
            pipe.settle()
        return answer

    def _done(self, cursor: Any, bound: Any, read: bool, many: bool) -> Any:
        if many:
            cursor.executemany(self.text, bound)
        else:
            cursor.execute(self.text, bound)
        return cursor.fetchall() if read else ()

    def _read(self, row: Sequence[Any]) -> Values:
        values = list(row)
        for place, read in self._readers:
            values[place] = read(values[place])
        return tuple(values)

    def _bound(self, given: Mapping[str, Any]) -> Values:
        constants = self._constants
        values = [
            constants[name] if known else given[name] if make is None else make(given[name])
            for name, make, known in self._names
        ]
        return tuple(values)


def _way(connection: Any) -> Any:
    """How a connection sends what is prepared: over its ``Pipe`` to PostgreSQL, on SQLite over one cursor for all, for
    as long as it has its connection of the driver."""
    held = connection._dbapi_connection
    if held is None or held.dbapi_connection is None:
        held = connection.connection  # which says why there is none
    known = getattr(connection, WAY, None)
    if known is None or known[0] is not held:
        own: Any = held.dbapi_connection
        known = held, own.pipe if isinstance(own, WatchedConnection) else held.cursor()
        setattr(connection, WAY, known)
    return known[1]


class Sending:
    """A statement on its way, as far as listeners and the telling of failures ask for it."""

    def __init__(self, many: bool) -> None:
        self.executemany = many

    def handle_dbapi_exception(self, _error: BaseException) -> None:
        """Nothing of it is left to be put away."""


@contextmanager
def told_as_ours(connection: Connection, cursor: Any, asked: str, given: Any) -> Iterator[None]:
    """Tells the failures of ``cursor``, which is asked past SQLAlchemy within the block, as SQLAlchemy does."""
    context: Any = Sending(many=False)
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        connection._handle_dbapi_exception(error, asked, given, cursor, context)


@contextmanager
def together(connection: Any) -> Iterator[None]:
    """On PostgreSQL the statements of the block leave without waiting for the answer to the one before; a failure is
    told at the next answer that is read, at the latest at the end."""
    pipe = _way(connection)
    if not isinstance(pipe, Pipe) or pipe.held:
        yield
        return
    pipe.held = True
    try:
        yield
    except BaseException:
        pipe.drop()
        raise
    finally:
        pipe.held = False
    try:
        pipe.settle()
    except psycopg.Error as error:
        _fail(connection, error, pipe, "the rows of a step", None)


def _fail(connection: Connection, error: Any, way: Any, text: str, bound: Any, context: Any = None) -> NoReturn:
    """Tells a failure as SQLAlchemy does: that of a statement, or of one that left before it and was not waited for."""
    setattr(connection, WAY, None)
    cursor: Any = way
    told: Any = context or Sending(many=False)
    if isinstance(way, Pipe):
        cursor, broken = None, way.broken
        text, bound = (text, bound) if broken is None else (broken.text.decode(), broken.given)
    connection._handle_dbapi_exception(error, text, bound, cursor, told)


def set_of(table: Table, names: Iterable[str]) -> dict[str, BindParameter[Any]]:
    """The values of an INSERT or UPDATE, given as ``new_`` and the name of the column."""
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


def new(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a row as ``set_of`` asks for them."""
    return {f"new_{name}": value for name, value in row.items()}


def size_of(values: Sized) -> int:
    """For how many values a statement is made that takes these: a power of two, so that few statements are made."""
    return 1 << max(0, len(values) - 1).bit_length()


def places(name: str, size: int, kind: Any) -> list[BindParameter[Any]]:
    """The parameters of a list of ``size`` values of the type ``kind``: ``name_0`` and so on."""
    return [bindparam(f"{name}_{place}", type_=kind) for place in range(size)]


def listed(name: str, values: Collection[Any]) -> dict[str, Any]:
    """The values for ``places``, of which there is at least one; the last stands in all that are left over."""
    given = list(values)
    given += given[-1:] * (size_of(given) - len(given))
    return {f"{name}_{place}": value for place, value in enumerate(given)}


def _spelled_out(statement: Any) -> Any:
    """A question with its own words (``status = 'open'``) in its text.

    SQLite makes a statement's plan anew each time when it is asked with a parameter where an index says a word: another
    value might make use of the index. PostgreSQL sees there, too, which index of some rows it may use.
    """

    def spelled(element: Any, **_: Any) -> Any:
        known = isinstance(element, BindParameter) and not element.expanding and isinstance(element.value, str)
        own = known and not _is_asked(element) and _WORD.fullmatch(element.value)
        return element.render_literal_execute() if own else None

    return replacement_traverse(statement, {}, spelled) if statement.is_select else statement


def _numbered(statement: str) -> tuple[str, list[str]]:
    """A text for PostgreSQL as the server itself takes it, its parameters numbered; their names in this order.

    The driver would look for their names in the text, and make the server's, each time when there are many of them.
    """
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}" if found[1] else "%"

    return _NAMED.sub(number, statement), list(names)


def _is_asked(bind: Any) -> bool:
    """Whether a parameter was named to be given; SQLAlchemy names those of plain values by itself."""
    return not bind.unique and bind.value is None


def _made(make: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if make is None else make(value)
