"""Measuring one thing many times, and the table it ends up in."""

from __future__ import annotations

import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from service.db import Database

_NOT_COUNTED = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True, slots=True)
class Figure:
    """Of one run: milliseconds (median, and 95 of 100), those of them that this process worked, SQL statements.

    The work is what others on the machine do not change; the rest is the disk, the database server and waiting.
    """

    ms: float
    ms_95: float
    work: float
    statements: float

    def __str__(self) -> str:
        return f"{self.ms:6.1f} / {self.ms_95:5.1f} ms  work {self.work:5.1f}  {self.statements:2.0f} sql"


@dataclass(frozen=True, slots=True)
class Rate(Figure):
    """Of one of many pieces that were done at once: how many a second, and what each of them worked and sent."""

    def __str__(self) -> str:
        sent = f"  {self.statements:4.1f} sql" if self.statements else ""
        return f"{1000 / self.ms:7.0f} / s  work {self.work:6.2f} ms{sent} each"


class Meter:
    """Counts what a database is sent, and takes the time."""

    def __init__(self, database: Database) -> None:
        self._sent, self._engine = 0, database.engine
        event.listen(self._engine, "before_cursor_execute", self._note)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Hears of no statement within the block, so that it adds no work of its own to what is measured there."""
        event.remove(self._engine, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            event.listen(self._engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(_NOT_COUNTED):
            self._sent += 1

    def runs(self, calls: Iterable[Callable[[], Any]]) -> Figure:
        """The figure of ``calls``, each done once."""
        taken, worked, sent = [], [], []
        for call in calls:
            self._sent, began, busy = 0, time.perf_counter(), time.process_time()
            call()
            taken.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - busy) * 1000)
            sent.append(self._sent)
        return Figure(statistics.median(taken), share(taken, 0.95), statistics.median(worked), statistics.median(sent))

    def rate(self, pieces: int, call: Callable[[], Any]) -> Rate:
        """The figure of one of the ``pieces`` that ``call`` does; the work is that of the calling thread."""
        self._sent, began, busy = 0, time.perf_counter(), time.thread_time()
        call()
        each = (time.perf_counter() - began) * 1000 / pieces
        return Rate(each, each, (time.thread_time() - busy) * 1000 / pieces, self._sent / pieces)

    def again(self, call: Callable[[], Any], times: int = 15) -> Figure:
        """The figure of ``call`` done ``times`` times, after one that does not count."""
        call()
        return self.runs([call] * times)


def share(values: list[float], part: float) -> float:
    """The value that ``part`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


@dataclass
class Table:
    """Rows in the order in which they were first named; a column for each database."""

    columns: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    figures: dict[str, dict[str, Figure]] = field(default_factory=dict)
    """Column → row → its figure, of the rows that have one."""

    def put(self, row: str, column: str, value: object) -> None:
        """Fills a cell, and says so at once: a bench that is silent for minutes looks hung."""
        if column not in self.columns:
            self.columns.append(column)
        self.rows.setdefault(row, {})[column] = str(value)
        if isinstance(value, Figure):
            self.figures.setdefault(column, {})[row] = value
        print(f"  {row}: {' '.join(str(value).split())}", flush=True)

    def head(self, title: str) -> None:
        """Begins a group of rows."""
        self.rows.setdefault(f"\n{title}", {})

    def __str__(self) -> str:
        """The table as Markdown, lined up for a terminal too."""
        first = max(width(name) for name in self.rows)
        widths = [
            max([width(column), *(width(row.get(column, "")) for row in self.rows.values())]) for column in self.columns
        ]
        lines = []
        for name, cells in self.rows.items():
            if name.startswith("\n"):
                title = name.strip()
                lines += ["", f"| {padded(title, first)} | " + " | ".join(map(padded, self.columns, widths)) + " |"]
                lines.append(f"|{'-' * (first + 2)}|" + "|".join("-" * (wide + 2) for wide in widths) + "|")
                continue
            values = (padded(cells.get(column, "—"), wide) for column, wide in zip(self.columns, widths, strict=True))
            lines.append(f"| {padded(name, first)} | " + " | ".join(values) + " |")
        return "\n".join(lines)


def width(text: str) -> int:
    """Columns that ``text`` takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def padded(text: str, wide: int) -> str:
    """``text`` filled up with blanks."""
    return text + " " * (wide - width(text))
