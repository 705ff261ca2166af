"""Prepared statements on their way to PostgreSQL: as many as there are leave before anybody waits for an answer.

They go to the server through libpq, past the driver's cursors: a statement that comes again is a name and its values,
and what makes these the server's is known by then. The transaction begins with the first of them, in the same wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.waiting import Wait

MOST_NAMES = 200
"""So many statements are kept prepared at a connection; beyond that it begins anew."""
_GOOD = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_FORGET = b"DEALLOCATE ALL"

Values = tuple[Any, ...]


class Own(Protocol):
    """The driver's connection, as far as a pipe asks for it."""

    pgconn: Any
    autocommit: bool

    def wait(self, gen: Generator[Any, Any, Any]) -> Any:
        """Drives ``gen`` on until it ends, and gives what it gives."""
        ...

    def _get_tx_start_command(self) -> bytes: ...


@dataclass(slots=True, eq=False)
class _Known:
    """A statement that was sent before: what makes its values, and the names it is prepared under by their types."""

    values: Any
    formats: list[PyFormat]
    names: dict[tuple[int, ...], bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Answer:
    """The answer to a statement that has been sent; ``text`` and ``given`` are what was asked."""

    text: bytes
    given: Values
    known: _Known
    result: Any = None


class Pipe:
    """Statements that a connection sends by itself. It is ``open`` from the first one sent until all are answered.

    ``broken`` is the statement of which a failure is told, None where that cannot be said.
    """

    def __init__(self, own: Own) -> None:
        self._own = own
        self._known: dict[bytes, _Known] = {}
        self._waiting: deque[tuple[Answer | None, bool]] = deque()  # of whom, and whether it is what was asked
        self._numbers, self._named = count(), 0
        self._stale = False
        self.open = self.held = False
        self.broken: Answer | None = None

    def send(self, text: bytes, given: Values) -> Answer:
        """Sends a statement with its values, and begins a transaction where there is none.

        Raises DataError for a value that the driver cannot write, OperationalError where the connection is gone.
        """
        self.broken = None
        known = self._known.get(text)
        if known is None:
            values: Any = Transformer(self._own)  # type: ignore[arg-type]  # of the connection it asks no more than we
            known = self._known[text] = _Known(values, [PyFormat.AUTO] * len(given))
        values = known.values.dump_sequence(given, known.formats) if given else None
        types, formats = (known.values.types, known.values.formats) if given else ((), None)
        answer, pgconn = Answer(text, given, known), self._own.pgconn
        try:
            if not self.open:
                self._begin(pgconn)
            name = known.names.get(types)
            if name is None:
                name = known.names[types] = b"_liaison_%d" % next(self._numbers)
                self._named += 1
                pgconn.send_prepare(name, text, types)
                self._waiting.append((answer, False))
            pgconn.send_query_prepared(name, values, formats)
        except psycopg.Error:
            self._end(pgconn)
            raise
        self._waiting.append((answer, True))
        return answer

    def settle(self) -> None:
        """Waits until all that was sent is answered; nothing where nothing was. Raises the first failure of them."""
        if not self.open:
            return
        pgconn = self._own.pgconn
        try:
            pgconn.pipeline_sync()
            failed = self._own.wait(self._answered(pgconn))
        except psycopg.Error:
            self.forget()
            raise
        except BaseException:
            pgconn.finish()  # what still comes would be taken for the answer to something else
            raise
        finally:
            self._end(pgconn)
        if failed is not None:
            self.forget()
            raise error_from_result(failed, encoding="utf-8")

    def drop(self) -> None:
        """As ``settle``, and nobody is told what failed: the transaction is given up."""
        with suppress(psycopg.Error):
            self.settle()

    def rows(self, answer: Answer) -> list[Values]:
        """The rows of an answer, which is waited for; none where the statement gives none."""
        if answer.result is None:
            self.settle()
        values, result = answer.known.values, answer.result
        if result is None:
            raise psycopg.InterfaceError("a statement that left before this one has failed")
        if result.status != pq.ExecStatus.TUPLES_OK:
            return []
        try:
            values.set_pgresult(result)
            found: list[Values] = values.load_rows(0, result.ntuples, tuple)
        except psycopg.Error:
            self.broken = answer
            raise
        finally:
            values.set_pgresult(None)  # it would hold all rows until the statement is sent again
        return found

    def forget(self) -> None:
        """Has all prepared anew from the next transaction on: something has failed, so that one may not be there,
        or a table may have been made anew."""
        self._stale = True
        self._nothing_known()

    def _nothing_known(self) -> None:
        self._known.clear()
        self._named = 0

    def _begin(self, pgconn: Any) -> None:
        idle = pgconn.transaction_status == pq.TransactionStatus.IDLE
        pgconn.enter_pipeline_mode()
        self.open = True
        if not idle:
            return
        if not self._own.autocommit:
            self._say(pgconn, self._own._get_tx_start_command())  # noqa: SLF001 - the driver's own words for it
        if self._stale or self._named > MOST_NAMES:
            for known in self._known.values():
                known.names.clear()
            self._say(pgconn, _FORGET)
            self._stale, self._named = False, 0

    def _say(self, pgconn: Any, command: bytes) -> None:
        pgconn.send_query_params(command, None)
        self._waiting.append((None, False))

    def _answered(self, pgconn: Any) -> Generator[Wait, int, Any]:
        """Sends what is left, takes all answers, and gives the one that says what failed first, if any did."""
        failed = None
        while pgconn.flush():
            if (yield Wait.RW) & Wait.R:
                pgconn.consume_input()
        while True:
            while pgconn.is_busy():
                yield Wait.R
                try:
                    pgconn.consume_input()
                except psycopg.OperationalError:
                    if failed is None:
                        raise
                    return failed  # why the server has ended the connection
            result = pgconn.get_result()
            if result is None:  # the end of one statement
                if pgconn.status != pq.ConnStatus.OK:
                    if failed is None:
                        raise psycopg.OperationalError("the connection was lost before all was answered")
                    return failed
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return failed
            else:
                failed = self._took(result, failed)

    def _took(self, result: Any, failed: Any) -> Any:
        answer, asked = self._waiting.popleft() if self._waiting else (None, False)
        if result.status not in _GOOD:
            if failed is None:
                failed, self.broken = result, answer
        elif answer is not None and asked:
            answer.result = result
        return failed

    def _end(self, pgconn: Any) -> None:
        self._waiting.clear()
        self.open = False
        if pgconn.status == pq.ConnStatus.OK:
            pgconn.exit_pipeline_mode()
