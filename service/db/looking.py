"""Looking before locking: on SQLite a request that writes reads and thinks before it takes the one lock (adr/0074).

SQLite lets one write at a time. A transaction that takes the lock first holds it while it checks a form and runs the
engine, and all others wait. One that looks first begins as a reader; its statements that say how their answers are
proved (``covered``) leave it so. The first other one takes the lock: where nobody at all has written since, the reader
becomes the writer, and all that it has read stands (adr/0111). Else the transaction begins anew as the writer, asks for
each proof again, and goes on if all are as they were. If not it raises ``Overtaken``, nothing is written, and the
request is done once more with the lock from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sqlite3 import SQLITE_BUSY
from typing import Any

from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.db.prepared import LOOKING, Prepared

BECOME = "DELETE FROM idempotent_answer WHERE 0"
"""It changes nothing, and makes a reader the writer; SQLite says BUSY where another has written since it reads."""
_BECOME = Prepared(text(BECOME), covered=True)
_LOOK_NO_MORE = Prepared(text("ROLLBACK"), covered=True)
_LOCK = Prepared(text("BEGIN IMMEDIATE"), covered=True)


class Overtaken(Exception):
    """Another has written, between looking and locking, what this transaction had read."""


class Looking:
    """A transaction that has not taken the lock yet. ``turn`` waits for its turn among those who write."""

    def __init__(self, session: Session, turn: Callable[[], object]) -> None:
        connection: Any = session.connection()
        self._connection, self._turn = connection, turn
        self._proofs: list[tuple[Prepared, Mapping[str, Any], Any]] = []
        connection.looking = session.info[LOOKING] = self

    def proved_by(self, question: Prepared, given: Mapping[str, Any], answer: Any) -> None:
        """Notes that what was read holds as long as ``question`` is answered so."""
        self._proofs.append((question, given, answer))

    def lock(self) -> None:
        """Takes the lock. Raises ``Overtaken``, and what a database raises that stays locked too long.

        Then the session is in no transaction, though it believes so: its connection is given up, and takes no more.
        """
        self.end()
        try:
            self._turn()
            if self._becomes_the_writer():
                return
            _LOOK_NO_MORE.run(self._connection, [{}])
            _LOCK.run(self._connection, [{}])
        except BaseException:
            self._connection.invalidate()
            raise
        for question, given, answer in self._proofs:
            if question.on(self._connection).rows(self._connection, given) != answer:
                raise Overtaken

    def _becomes_the_writer(self) -> bool:
        try:
            _BECOME.run(self._connection, [{}])
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != SQLITE_BUSY:
                raise
            return False
        return True

    def end(self) -> None:
        """From now on statements are sent as usual."""
        setattr(self._connection, LOOKING, None)


def proved_by(session: Session, question: Prepared, given: Mapping[str, Any], answer: Any) -> None:
    """Notes that what the session has just read holds as long as ``question`` (a ``covered`` one) is answered so."""
    found: Looking | None = session.info.get(LOOKING)
    if found is not None:
        found.proved_by(question, given, answer)


def watch(engine: Engine) -> None:
    """From now on transactions over the engine may look first."""

    @event.listens_for(engine, "do_execute")
    @event.listens_for(engine, "do_executemany")
    @event.listens_for(engine, "do_execute_no_params")
    def lock(*told: Any) -> None:
        """Of a statement that SQLAlchemy sends; a ``Prepared`` sees to it itself."""
        found: Looking | None = getattr(told[-1].root_connection, LOOKING, None)
        if found is not None:
            found.lock()
