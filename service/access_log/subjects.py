"""Distinct names in the order in which they came, many of them on disk: those of an export of a whole ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

HELD = 10_000
"""Names that are held in memory; of more, all are in a file that nobody else can open."""

_MAKE = "CREATE TABLE subject (place INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"
_ADD = "INSERT OR IGNORE INTO subject (name) VALUES (?)"
_ONE = "SELECT 1 FROM subject WHERE name = ?"
_COUNT, _ALL = "SELECT count(*) FROM subject", "SELECT name FROM subject ORDER BY place"


class Subjects:
    """The streams of the records that a request has shown, each once, the first shown first."""

    def __init__(self) -> None:
        self._held: dict[str, None] = {}
        self._rest: sqlite3.Connection | None = None

    def add(self, names: Iterable[str]) -> None:
        """Adds those that are not among them yet. Raises sqlite3.Error where the disk takes no more."""
        for one in names:
            self._held[one] = None
        if len(self._held) > HELD:
            self._put_down()

    def __len__(self) -> int:
        if self._rest is None:
            return len(self._held)
        count: int = self._put_down().execute(_COUNT).fetchone()[0]
        return count

    def __contains__(self, name: object) -> bool:
        if self._rest is None:
            return name in self._held
        return self._put_down().execute(_ONE, (name,)).fetchone() is not None

    def __iter__(self) -> Iterator[str]:
        if self._rest is None:
            yield from self._held
        else:
            yield from (one for (one,) in self._put_down().execute(_ALL))

    def parts(self, first: Iterable[str], size: int) -> Iterator[list[str]]:
        """All of them, at most ``size`` at a time, those of ``first`` before the others; one empty part of none."""
        named = list(dict.fromkeys(first))
        known = frozenset(named)
        waiting = (one for names in (named, (name for name in self if name not in known)) for one in names)
        part = list(islice(waiting, size))
        while True:
            yield part
            part = list(islice(waiting, size))
            if not part:
                return

    def close(self) -> None:
        """Gives back the file."""
        if self._rest is not None:
            self._rest.close()
            self._rest = None
        self._held = {}

    def _put_down(self) -> sqlite3.Connection:
        """The file, with all that was held until now; SQLite removes it with its connection, and with its process."""
        if self._rest is None:
            self._rest = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._rest.execute("PRAGMA synchronous=OFF")
            self._rest.execute("PRAGMA journal_mode=OFF")
            self._rest.execute(_MAKE)
        if self._held:
            self._rest.execute("BEGIN")
            self._rest.executemany(_ADD, ((one,) for one in self._held))
            self._rest.execute("COMMIT")
            self._held = {}
        return self._rest
