"""gunicorn's threaded worker, whose threads never wait for the network.

As it comes, gunicorn gives each connection one of its few threads, and the thread waits for the rest of the request
and for the reader of its answer: as many half-sent requests or slow readers as there are threads stop the service. Here
the one loop that also accepts connections collects what arrives, gives a thread only what is complete, and sends on
what the thread has written (``wires``). A client that sends or reads slowly holds a connection and room on the disk,
and is the first to go where either becomes scarce.

A proxy that buffers (``docs/deployment.zh.md``) keeps the slow ones away from here altogether.
"""

from __future__ import annotations

import errno
import re
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from service.cli.arrivals import LARGEST_BODY, LARGEST_HEAD, Arrival
from service.cli.wires import Wire

KEPT_ALTOGETHER = 512_000_000
"""Bytes of requests and answers on their way, of all connections of a server process; each beyond 32 kB in a file."""
SEND_SECONDS, LONGEST_ANSWER_SECONDS = 30.0, 600.0
"""How long a reader may take nothing of an answer, and how long all of it."""
LINGER_SECONDS, LARGEST_LINGER = 2.0, LARGEST_BODY
"""For which a closed connection may go on sending what nobody keeps: without that its reader may lose the answer."""
ROOM = 0.9
"""The share of all connections beyond which the slow ones are given up for new ones."""
LARGEST = "LARGEST_BODY"
"""The application's configuration that names the largest body it takes anywhere."""
KNOWN = re.compile(rb"\r\nauthorization:|\r\ncookie:[^\r\n]*\bliaison_session=", re.IGNORECASE)
"""The mark of a token or a session; its owner, if any, is looked up when the request is there."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\nContent-Length: 0\r\n\r\n"
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(TConn):
    """gunicorn's connection, over a wire. ``kept``: bytes of its request and its answer."""

    def __init__(self, cfg: Any, real: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, real, client, server)
        self.sock = Wire(real)
        self.data_ready = True
        self.cut = False
        self.kept = 0

    def close(self, graceful: bool = False) -> None:
        """Closes at once; whoever is to be heard out has been (``_linger``)."""
        self.sock.end()


@dataclass(slots=True)
class Answer:
    """The rest of an answer, and what comes after it."""

    then: Callable[[], None]
    begun: float = field(default_factory=time.monotonic)
    heard_at: float = field(default_factory=time.monotonic)

    def is_late(self, now: float) -> bool:
        """Whether its reader is not waited for any longer."""
        return self.heard_at + SEND_SECONDS <= now or self.begun + LONGEST_ANSWER_SECONDS <= now


@dataclass(slots=True)
class Farewell:
    """A connection that is closed for writing."""

    ends_at: float = field(default_factory=lambda: time.monotonic() + LINGER_SECONDS)
    heard: int = 0


class ReceivingWorker(ThreadWorker):
    """The worker class of ``liaison run`` and ``liaison serve``. ``nr_conns`` counts all that are open."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._arriving: dict[Arrival, None] = {}
        self._answering: dict[Connection, Answer] = {}
        self._lingering: dict[Connection, Farewell] = {}
        self._kept = 0
        self._looked_at = 0.0

    def accept(self, listener: socket.socket) -> None:
        """A new connection: nothing is known of it yet."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # no descriptor is left
                self._make_room()
                return
            raise
        self.nr_conns += 1
        self._await(Connection(self.cfg, client, address, listener.getsockname()))
        if self.nr_conns > self.worker_connections * ROOM:
            self._make_room()

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """A kept-alive connection begins its next request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._receive(self._await(conn), client)

    def murder_pending(self) -> None:
        """Once a second: what has come to its deadline is given up."""
        super().murder_pending()
        now, stops = time.monotonic(), not self.alive
        if now < self._looked_at + 1 and not stops:
            return
        self._looked_at = now
        self._give_up([one for one in self._arriving if one.is_late(now) or (stops and not one.size)])
        for connection in [conn for conn, answer in self._answering.items() if answer.is_late(now)]:
            self._leave(connection)
        for connection in [conn for conn, said in self._lingering.items() if stops or said.ends_at <= now]:
            self._part(connection)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Back in the loop: what is left of the answer is sent, then the connection goes on or ends."""
        again = not fs.cancelled() and fs.exception() is None and fs.result()
        then = (
            partial(self._go_on, conn, fs)
            if again and again is not _DEFER and not conn.cut
            else partial(self._linger, conn)
        )
        if not conn.sock.unsent:
            then()
            return
        self._keep(conn, conn.sock.unsent)
        self._answering[conn] = Answer(then)
        self.poller.register(conn.sock, EVENT_WRITE, partial(self._send_on, conn))
        self._keep_to_the_room(conn)

    # --- requests ---

    def _await(self, conn: Connection) -> Arrival:
        config = getattr(self.wsgi, "config", {})
        arrival = Arrival(conn, int(config.get(LARGEST, LARGEST_BODY)), KNOWN)
        self._arriving[arrival] = None
        self.poller.register(conn.sock, EVENT_READ, partial(self._receive, arrival))
        return arrival

    def _receive(self, arrival: Arrival, _: Any) -> None:
        if arrival not in self._arriving:  # given up by what came at the same moment
            return
        try:
            data = arrival.connection.sock.real.recv(LARGEST_HEAD)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._came(arrival, data)
        else:
            self._give_up([arrival], told=None)

    def _came(self, arrival: Arrival, data: bytes) -> None:
        self._keep(arrival.connection, len(data))
        try:
            arrival.add(data)
        except OSError as error:  # no room on the disk, no descriptor for a file
            self.log.warning("no room for a request: %s", error)
            self._give_up([arrival], told=_NO_ROOM)
            return
        if arrival.complete:
            self._hand_over(arrival)
            return
        if arrival.wants_word:
            arrival.wants_word = False
            with suppress(OSError):
                arrival.connection.sock.real.send(_GO_ON)
        self._keep_to_the_room(arrival.connection)

    def _hand_over(self, arrival: Arrival) -> None:
        connection: Connection = arrival.connection
        self._forget(arrival)
        connection.cut = arrival.cut
        connection.sock.give(arrival)
        self.enqueue_req(connection)

    # --- answers ---

    def _send_on(self, conn: Connection, _: Any) -> None:
        answer = self._answering.get(conn)
        if answer is None:
            return
        before = conn.sock.unsent
        try:
            if conn.sock.flush():
                answer.heard_at = time.monotonic()
                self._keep(conn, conn.sock.unsent - before)
        except OSError:
            self._leave(conn)
            return
        if not conn.sock.unsent:
            del self._answering[conn]
            self._unregister(conn)
            answer.then()

    def _go_on(self, conn: Connection, fs: Future[Any]) -> None:
        rest = conn.parser.unreader.take_buffered() + conn.sock.take_rest()
        self._keep(conn, -conn.kept)
        if rest and self.alive:  # of the next request, which is no reason to take a thread again
            self._came(self._await(conn), rest)
        else:
            super().finish_request(conn, fs)

    def _leave(self, conn: Connection) -> None:
        """Gives up a reader who takes nothing."""
        del self._answering[conn]
        self._unregister(conn)
        self._close(conn)

    def _linger(self, conn: Connection) -> None:
        """Closes in good order (RFC 9112 section 9.6), and without gunicorn's wait: this is the only loop there is."""
        conn.sock.take_rest()
        self._keep(conn, -conn.kept)
        try:
            conn.sock.real.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, KeyError, ValueError):
            self._close(conn)
            return
        self._lingering[conn] = Farewell()

    def _drain(self, conn: Connection, _: Any) -> None:
        state = self._lingering.get(conn)
        if state is None:
            return
        try:
            data = conn.sock.real.recv(LARGEST_HEAD)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        state.heard += len(data)
        if not data or state.heard > LARGEST_LINGER:
            self._part(conn)

    def _part(self, conn: Connection) -> None:
        del self._lingering[conn]
        self._unregister(conn)
        self._close(conn)

    # --- room ---

    def _make_room(self) -> None:
        """Gives up a twentieth of all connections: those that are done first, then who has been silent longest."""
        wanted = max(1, self.worker_connections // 20)
        done = list(self._lingering)[:wanted]
        for connection in done:
            self._part(connection)
        for _ in range(wanted - len(done)):
            if not self._drop_slowest():
                return

    def _keep_to_the_room(self, conn: Connection) -> None:
        """Gives up others until what is kept has room; what there is of ``conn`` alone is bounded by itself."""
        while self._kept > KEPT_ALTOGETHER and self._drop_slowest(but=conn):
            pass

    def _drop_slowest(self, but: Connection | None = None) -> bool:
        """Gives up who has neither sent nor taken anything for longest; False where there is nobody to wait for."""
        sending = [(one.heard_at, one) for one in self._arriving if one.connection is not but]
        reading = [(answer.heard_at, conn) for conn, answer in self._answering.items() if conn is not but]
        sender, reader = min(sending, key=_since, default=None), min(reading, key=_since, default=None)
        if sender is not None and (reader is None or sender[0] <= reader[0]):
            self._give_up([sender[1]])
        elif reader is not None:
            self._leave(reader[1])
        return sender is not None or reader is not None

    def _keep(self, conn: Connection, more: int) -> None:
        conn.kept += more
        self._kept += more

    def _forget(self, arrival: Arrival) -> None:
        del self._arriving[arrival]
        self._unregister(arrival.connection)

    def _give_up(self, arrivals: Iterable[Arrival], *, told: bytes | None = _TOO_SLOW) -> None:
        for arrival in arrivals:
            self._forget(arrival)
            if told and arrival.size:
                with suppress(OSError):
                    arrival.connection.sock.real.send(told)
            arrival.drop()
            self._close(arrival.connection)

    def _unregister(self, conn: Connection) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _close(self, conn: Connection) -> None:
        self._keep(conn, -conn.kept)
        self.nr_conns -= 1
        conn.close()


def _since(waiting: tuple[float, object]) -> float:
    return waiting[0]
