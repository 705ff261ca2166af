"""Statements that are put together once for many databases of the same kind.

Each engine of the library keeps its own, which is half a megabyte a page: with a hundred districts in one process that
would be most of its memory. The text of statements is kept and how their rows are read, and no value with which they
are sent is taken from there. Databases whose servers differ in anything (version, schema, setting) share nothing.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.util import LRUCache

LARGEST = 2000
"""Statements that are kept of each kind of server."""
_PLAIN = (bool, int, float, str, tuple, frozenset, type(None))

_known: dict[tuple[object, ...], tuple[Dialect, LRUCache[Any, Any]]] = {}
_lock = Lock()


def share(engine: Engine) -> None:
    """From its first connection on, the engine works with the statements of the first one of its kind."""

    @event.listens_for(engine, "connect", once=True)  # after the library has asked the server what it is
    def join(_connection: Any, _record: Any) -> None:
        with _lock:
            dialect, statements = _known.setdefault(_kind(engine.dialect), (engine.dialect, LRUCache(LARGEST)))
        engine.dialect = dialect
        engine.update_execution_options(compiled_cache=statements)


def _kind(dialect: Dialect) -> tuple[object, ...]:
    """Everything plain that a dialect knows of its server."""
    told = ((name, repr(value)) for name, value in vars(dialect).items() if isinstance(value, _PLAIN))
    return (type(dialect), *sorted(told))
