"""Connections that notice when their server has fallen silent, and have a pipe for what is prepared.

A machine that stands still (a frozen virtual machine, a disk that does not answer) closes nothing: its kernel still
acknowledges what is sent, so that no time limit of TCP runs out, and the server, which would end a statement that takes
too long, stands still with it. Nothing but asking tells such a server from one at work.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Generator
from time import monotonic
from typing import Any

import psycopg

from service.db.pipe import Pipe

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The first words of PostgreSQL's protocol: every server answers with a byte, whoever asks and however busy it is."""


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that gives its server up where this answers nothing at all.

    After each ``silence`` seconds (0: never) without a word on it, the server is asked over a connection of its own
    whether it still answers, and has ``patience`` seconds for that. A statement may take as long as it takes.
    """

    silence: float = 0.0
    patience: float = 0.0
    heard: float = 0.0
    """When the server was last waited for and has answered."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.pipe = Pipe(self)

    def cursor(self, *given: Any, **more: Any) -> Any:
        """As of any connection; what the pipe has sent is answered first."""
        self.pipe.settle()
        return super().cursor(*given, **more)

    def commit(self) -> None:
        """As of any connection; what the pipe has sent is answered first. Raises what failed of it."""
        self.pipe.settle()
        super().commit()

    def rollback(self) -> None:
        """As of any connection; what the pipe has sent is answered first, and nobody is told how."""
        self.pipe.drop()
        super().rollback()

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **more: Any) -> Any:
        """Waits for the server as the driver does. Raises OperationalError, and closes, where it has fallen silent."""
        try:
            wanted = next(gen)  # within a pipeline most statements wait for nothing
            found = super().wait(self._watched(gen, wanted), *arguments, **more)
        except StopIteration as end:
            return end.value
        except psycopg.Error:
            self.pipe.forget()
            raise
        self.heard = monotonic()
        return found

    def _watched(self, gen: Generator[Any, Any, Any], wanted: Any) -> Generator[Any, Any, Any]:
        """``gen``, which has begun and wants something, driven on; the driver sends 0 into it every tenth of a second
        in which nothing has come."""
        heard = monotonic()
        try:
            while True:
                ready = yield wanted
                if ready:
                    heard = monotonic()
                elif self.silence and monotonic() - heard > self.silence:
                    self._require_answer()
                    heard = monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _require_answer(self) -> None:
        info = self.info
        if not answers(info.hostaddr or info.host, info.port, self.patience):
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server at {info.host}:{info.port} has fallen silent: given up")


def answers(host: str, port: int, within: float) -> bool:
    """Whether a PostgreSQL server at ``host`` (an address, or the folder of its socket) says a word in ``within``
    seconds."""
    try:
        with _reached(host, port, within) as probe:
            probe.sendall(_SSL_REQUEST)
            return bool(probe.recv(1))
    except OSError:
        return False


def _reached(host: str, port: int, within: float) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), within)
    probe = socket.socket(socket.AF_UNIX)
    try:
        probe.settimeout(within)
        probe.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        probe.close()
        raise
    return probe
