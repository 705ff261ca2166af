"""The statements sent to the database: their one counter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from service.db import Database
from tests.factories.world import World

To = World | Database | Engine


@contextmanager
def counted(to: To) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    told: list[str] = []
    with _noting(to, lambda statement, _: told.append(statement)):
        yield told


@contextmanager
def sent(to: To) -> Iterator[list[tuple[str, Any]]]:
    """The same with their parameters."""
    told: list[tuple[str, Any]] = []
    with _noting(to, lambda statement, parameters: told.append((statement, parameters))):
        yield told


class Statements:
    """Counts what a session sends to the database from now on."""

    def __init__(self, session: Session) -> None:
        session.flush()
        self.sent: list[str] = []
        event.listen(session.get_bind(), "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.sent.append(statement)

    def since(self) -> int:
        """How many since the last time this was asked."""
        count, self.sent = len(self.sent), []
        return count


@contextmanager
def _noting(to: To, keep: Callable[[str, Any], None]) -> Iterator[None]:
    engine = to if isinstance(to, Engine) else to.engine if isinstance(to, Database) else to.database.engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        keep(statement, parameters)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
