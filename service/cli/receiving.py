"""gunicorn's threaded worker, which hands a request to a thread when it has arrived and not before.

As it comes, gunicorn gives each connection one of its few threads, and the thread waits for the rest of the request: as
many half-sent requests as there are threads stop the service. Here the one loop that also accepts connections collects
what arrives, without waiting for anybody. A thread is taken only for what is complete. Bodies too large to be collected
(uploads) are read by a thread, but only half of the threads may be busy with those, and each has its deadline.

A proxy that buffers requests (``docs/deployment.zh.md``) keeps the slow ones away from here altogether.
"""

from __future__ import annotations

import errno
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

HEAD_SECONDS = 10.0
"""From the first byte that may come to the end of the headers."""
BODY_SECONDS, BYTES_A_SECOND = 20.0, 10_000
"""For a body: so long, and more for a longer one."""
LARGEST_HEAD, LARGEST_KEPT = 65_536, 1_048_576
"""Bytes of headers, and of a body that is collected before a thread is taken."""
KEPT_ALTOGETHER = 64 * LARGEST_KEPT
RECEIVE_SECONDS, SEND_SECONDS = 10, 30
"""For which a thread waits for the next bytes of a large body, and for a reader of its answer."""
LINGER_SECONDS, LARGEST_LINGER = 2.0, 65_536
"""For which a closed connection may go on sending what nobody reads: without that its reader may lose the answer."""
_ROOM = 0.9
"""The share of all connections beyond which the oldest half-sent ones are given up for new ones."""
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([^\r\n]*)", re.IGNORECASE)
_PLAIN_LENGTH = re.compile(rb"\d{1,15}")
_BY_THREAD = re.compile(rb"\r\n(transfer-encoding|expect|upgrade):", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection(TConn):
    """gunicorn's connection, with what has been collected for the next thread."""

    collected: bytes = b""


@dataclass(slots=True, eq=False)
class Arrival:
    """A request on its way. ``wanted``: how many bytes it has, once the headers say so."""

    connection: Connection
    ends_at: float
    data: bytearray = field(default_factory=bytearray)
    wanted: int | None = None
    large: bool = False

    @property
    def complete(self) -> bool:
        """Whether a thread may have it."""
        return self.large or (self.wanted is not None and len(self.data) >= self.wanted)

    def add(self, data: bytes) -> None:
        """Takes what has come."""
        self.data += data
        if self.wanted is not None or self.large:
            return
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            self.large = len(self.data) > LARGEST_HEAD  # the parser refuses it
            return
        head = bytes(self.data[: end + 4])
        length = _LENGTH.search(head)
        said = length[1].rstrip() if length else b"0"
        plain = _PLAIN_LENGTH.fullmatch(said) is not None
        body = int(said) if plain else 0
        # Of a body in chunks nobody knows the length, who expects to be told to go on waits for that, and an odd length
        # may be one to the parser all the same.
        self.large = not plain or body > LARGEST_KEPT or _BY_THREAD.search(head) is not None
        self.wanted = end + 4 + body
        self.ends_at = time.monotonic() + BODY_SECONDS + body / BYTES_A_SECOND


class ReceivingWorker(ThreadWorker):
    """The worker class of ``liaison run`` and ``liaison serve``."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._arriving: dict[Arrival, None] = {}
        """In the order in which they began."""
        self._kept = 0
        self._large_waiting: deque[Arrival] = deque()
        self._large: dict[Connection, float] = {}
        """Connections whose body a thread reads, and until when it may."""
        self._lingering: dict[Connection, list[float]] = {}
        """Connections that are closed for writing: until when they stay, and how many bytes have come since."""

    @property
    def _large_at_once(self) -> int:
        return max(1, int(self.cfg.threads) // 2)

    def accept(self, listener: socket.socket) -> None:
        """A new connection: nothing is known of it yet."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptor is left: who waits is taken when another has gone
            if error.errno in (errno.EMFILE, errno.ENFILE):
                return
            raise
        self.nr_conns += 1
        for option, seconds in ((socket.SO_RCVTIMEO, RECEIVE_SECONDS), (socket.SO_SNDTIMEO, SEND_SECONDS)):
            client.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))
        self._await(Connection(self.cfg, client, address, listener.getsockname()))
        if self.nr_conns > self.worker_connections * _ROOM:
            self._give_up(list(self._arriving)[: max(1, self.worker_connections // 20)])

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """A kept-alive connection begins its next request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._receive(self._await(conn), client)

    def murder_pending(self) -> None:
        """Once a second: what has come to its deadline is given up."""
        super().murder_pending()
        now = time.monotonic()
        stops = not self.alive
        self._give_up([one for one in self._arriving if one.ends_at <= now or (stops and not one.data)])
        for connection, ends_at in self._large.items():
            if ends_at <= now:
                with suppress(OSError):  # the thread that reads it meets its end
                    connection.sock.shutdown(socket.SHUT_RD)
        for connection in [one for one, (ends_at, _) in self._lingering.items() if ends_at <= now or stops]:
            self._close(connection)

    def handle(self, conn: Any) -> Any:
        """In a thread: gunicorn's own way, with what has been collected already."""
        data, conn.collected = conn.collected, b""
        conn.sock.setblocking(True)
        conn.init()
        if data:
            conn.parser.unreader.unread(data)
        return super().handle(conn)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Back in the loop: what has come of the next request already is no reason to take a thread again."""
        if self._large.pop(conn, None) is not None:
            self._begin_large()
        again = not fs.cancelled() and fs.exception() is None and fs.result()
        if not again or again is _DEFER:
            self.nr_conns -= 1
            self._linger(conn)
            return
        if self.alive:
            rest = conn.parser.unreader.take_buffered()
            if rest:
                conn.sock.setblocking(False)
                self._came(self._await(conn), rest)
                return
        super().finish_request(conn, fs)

    def _await(self, conn: Any) -> Arrival:
        arrival = Arrival(conn, time.monotonic() + HEAD_SECONDS)
        self._arriving[arrival] = None
        self.poller.register(conn.sock, EVENT_READ, partial(self._receive, arrival))
        return arrival

    def _receive(self, arrival: Arrival, client: socket.socket) -> None:
        if arrival not in self._arriving:  # given up by what came at the same moment
            return
        try:
            data = client.recv(LARGEST_HEAD)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._came(arrival, data)
        else:
            self._give_up([arrival], told=False)

    def _came(self, arrival: Arrival, data: bytes) -> None:
        arrival.add(data)
        self._kept += len(data)
        if not arrival.complete:
            if self._kept > KEPT_ALTOGETHER:
                self._give_up([max(self._arriving, key=lambda one: len(one.data))])
            return
        self._forget(arrival)
        if arrival.large:
            self._large_waiting.append(arrival)
            self._begin_large()
        else:
            self._hand_over(arrival)

    def _begin_large(self) -> None:
        while self._large_waiting and len(self._large) < self._large_at_once:
            arrival = self._large_waiting.popleft()
            left = max(0, (arrival.wanted or 0) - len(arrival.data))
            self._large[arrival.connection] = time.monotonic() + BODY_SECONDS + left / BYTES_A_SECOND
            self._hand_over(arrival)

    def _hand_over(self, arrival: Arrival) -> None:
        arrival.connection.collected = bytes(arrival.data)
        arrival.connection.data_ready = True
        self.enqueue_req(arrival.connection)

    def _linger(self, conn: Connection) -> None:
        """Closes in good order (RFC 9112 section 9.6), and without gunicorn's wait: this is the only loop there is."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, KeyError, ValueError):
            conn.close()
            return
        self._lingering[conn] = [time.monotonic() + LINGER_SECONDS, 0]

    def _drain(self, conn: Connection, client: socket.socket) -> None:
        state = self._lingering.get(conn)
        if state is None:
            return
        try:
            data = client.recv(4096)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        state[1] += len(data)
        if not data or state[1] > LARGEST_LINGER:
            self._close(conn)

    def _close(self, conn: Connection) -> None:
        del self._lingering[conn]
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        conn.close()

    def _forget(self, arrival: Arrival) -> None:
        del self._arriving[arrival]
        self._kept -= len(arrival.data)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(arrival.connection.sock)

    def _give_up(self, arrivals: Iterable[Arrival], *, told: bool = True) -> None:
        for arrival in arrivals:
            self._forget(arrival)
            self.nr_conns -= 1
            if told and arrival.data:
                with suppress(OSError):
                    arrival.connection.sock.send(_TOO_SLOW)
            arrival.connection.close()
