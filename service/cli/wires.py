"""The thread's stand-in for a socket: it reads what has arrived, and what it writes waits for nobody.

So no thread ever waits for the network. Anything that the other side does not take at once is kept, in a file where it
is long, and sent by the loop as fast as it is read.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from service.cli.arrivals import IN_MEMORY, Arrival

PIECE = 65_536


class Wire:
    """Stands for the socket ``real``, which never blocks. At any time it is a thread's or the loop's, never both's."""

    def __init__(self, real: socket.socket) -> None:
        self.real = real
        self.unsent = 0
        """Bytes that are written and not yet sent."""
        self._arrival: Arrival | None = None
        self._head_read = 0
        self._later: SpooledTemporaryFile[bytes] | None = None
        self._sent_of_later = 0

    # --- for the loop ---

    def give(self, arrival: Arrival) -> None:
        """The bytes that the thread may read from now on."""
        self._arrival, self._head_read = arrival, 0
        if arrival.body is not None:
            arrival.body.seek(0)

    def take_rest(self) -> bytes:
        """Takes the bytes that came and the thread has not read: they belong to the next request; forgets all else."""
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            return b""
        rest = arrival.rest
        arrival.drop()
        return rest

    def flush(self) -> bool:
        """Sends on what is taken; gives whether anything was. Raises OSError when the other side has gone."""
        before = self.unsent
        while self.unsent and self._later is not None:
            self._later.seek(self._sent_of_later)
            sent = self._send_now(self._later.read(PIECE))
            if not sent:
                break
            self._sent_of_later += sent
            self.unsent -= sent
        if not self.unsent and self._later is not None:
            self._later.close()
            self._later, self._sent_of_later = None, 0
        return self.unsent < before

    def end(self) -> None:
        """Closes for good."""
        self.take_rest()
        if self._later is not None:
            self._later.close()
            self._later, self.unsent = None, 0
        with suppress(OSError):
            self.real.close()

    # --- what gunicorn does with a socket ---

    def fileno(self) -> int:
        """For the poller."""
        return self.real.fileno()

    def recv(self, size: int) -> bytes:
        """Of what has arrived; nothing at its end, as if the other side had gone."""
        arrival = self._arrival
        if arrival is None:
            return b""
        if self._head_read < len(arrival.head):
            data = bytes(arrival.head[self._head_read : self._head_read + size])
            self._head_read += len(data)
            return data
        return arrival.body.read(size) if arrival.body is not None else b""

    def sendall(self, data: bytes) -> None:
        """Sends what is taken at once and keeps the rest."""
        if self.unsent:
            self.flush()
        sent = 0 if self.unsent else self._send_now(data)
        if sent == len(data):
            return
        if self._later is None:
            self._later = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when all is sent
        self._later.seek(0, 2)
        self._later.write(memoryview(data)[sent:])
        self.unsent += len(data) - sent

    def send(self, data: bytes) -> int:
        """As ``sendall``."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """Sends ``count`` bytes of ``file`` from ``offset`` on."""
        file.seek(offset)
        sent = 0
        while (count is None or sent < count) and (
            data := file.read(PIECE if count is None else min(PIECE, count - sent))
        ):
            self.sendall(data)
            sent += len(data)
        return sent

    def setblocking(self, _: Any) -> None:
        """It never blocks."""

    def settimeout(self, _: Any) -> None:
        """It never waits."""

    def gettimeout(self) -> None:
        """As of a socket that waits, which this never has to."""

    def shutdown(self, _: int) -> None:
        """The loop shuts down, once all is sent."""

    def close(self) -> None:
        """The loop closes (``end``)."""

    def _send_now(self, data: bytes | memoryview) -> int:
        sent = 0
        left = memoryview(data)
        with suppress(BlockingIOError, InterruptedError):
            while left:
                done = self.real.send(left)
                sent, left = sent + done, left[done:]
        return sent
