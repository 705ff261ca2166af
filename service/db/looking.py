"""Looking before locking: on SQLite a request that writes reads and thinks before it takes the one lock (adr/0074).

SQLite lets one write at a time. A transaction that takes the lock first holds it while it checks a form and runs the
engine, and all others wait. One that looks first begins as a reader; its statements that say how their answers are
proved (``covered``) leave it so. The first other one takes the lock: the transaction begins anew as the writer, asks
for each proof again, and goes on if all are as they were. Else it raises ``Overtaken``, nothing is written, and the
request is done once more with the lock from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from service.db.prepared import Prepared

_LOOKING = "looking"
"""In a session, and in the connection that it has: its ``Looking``."""


class Overtaken(Exception):
    """Another has written, between looking and locking, what this transaction had read."""


class Looking:
    """A transaction that has not taken the lock yet. ``turn`` waits for its turn among those who write."""

    def __init__(self, session: Session, turn: Callable[[], object]) -> None:
        self._connection, self._turn = session.connection(), turn
        self._proofs: list[tuple[Prepared, Mapping[str, Any], Any]] = []
        session.info[_LOOKING] = self._connection.info[_LOOKING] = self

    def proved_by(self, question: Prepared, given: Mapping[str, Any], answer: Any) -> None:
        """Notes that what was read holds as long as ``question`` is answered so."""
        self._proofs.append((question, given, answer))

    def lock(self) -> None:
        """Takes the lock. Raises ``Overtaken``, and what a database raises that stays locked too long.

        Then the session is in no transaction, though it believes so: its connection is given up, and takes no more.
        """
        self.end()
        try:
            self._connection.exec_driver_sql("ROLLBACK")
            self._turn()
            self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            self._connection.invalidate()
            raise
        for question, given, answer in self._proofs:
            if question.on(self._connection).rows(self._connection, given) != answer:
                raise Overtaken

    def end(self) -> None:
        """From now on statements are sent as usual."""
        if not self._connection.invalidated:
            self._connection.info.pop(_LOOKING, None)


def proved_by(session: Session, question: Prepared, given: Mapping[str, Any], answer: Any) -> None:
    """Notes that what the session has just read holds as long as ``question`` (a ``covered`` one) is answered so."""
    found: Looking | None = session.info.get(_LOOKING)
    if found is not None:
        found.proved_by(question, given, answer)


def watch(engine: Engine) -> None:
    """From now on transactions over the engine may look first."""

    @event.listens_for(engine, "before_cursor_execute")
    def lock(
        connection: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
    ) -> None:
        found: Looking | None = connection.info.get(_LOOKING)
        if found is not None and not getattr(context, "covered", False):
            found.lock()
