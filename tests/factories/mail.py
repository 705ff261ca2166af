"""A mail server and a web hook on the loopback that keep what they get; the first refuses when told to."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from threading import Thread
from time import sleep
from typing import Any


class Sink(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a client needs.

    ``refuse``: every message is answered with 451; ``unknown``: addresses that are refused; ``answers``: what is said
    to the message for an address; ``slow``: seconds before each message is answered; ``drops``: addresses at whose
    message the line is cut.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.got: list[tuple[str, EmailMessage]] = []
        self.refuse = False
        self.unknown: set[str] = set()
        self.answers: dict[str, str] = {}
        self.drops: set[str] = set()
        self.slow = 0.0
        self.calls = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def addresses(self) -> list[str]:
        """To whom mail came, in order."""
        return [address for address, _ in self.got]


class _Conversation(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        self.server.calls += 1
        self._say("220 sink")
        address = ""
        while line := self.rfile.readline():
            words = line.decode().strip()
            verb = words[:4].upper()
            if verb == "RCPT":
                address = words.partition("<")[2].partition(">")[0]
                self._say("550 unknown" if address in self.server.unknown else "250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                if not self._take(address):
                    return
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self, address: str) -> bool:
        """Takes a message, or not; False when the line is cut instead of an answer."""
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        sleep(self.server.slow)
        if address in self.server.drops:
            return False
        if self.server.refuse or address in self.server.answers:
            self._say(self.server.answers.get(address, "451 later"))
            return True
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.server.got.append((address, message))
        self._say("250 taken")
        return True

    def _say(self, words: str) -> None:
        with suppress(OSError):  # who asked has waited long enough
            self.wfile.write(f"{words}\r\n".encode())


class Hook(socketserver.ThreadingTCPServer):
    """Takes POSTs of JSON."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.got: list[Any] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Post(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """A test's output is no place for an access log."""


@contextmanager
def sink() -> Iterator[Sink]:
    """The running mail server."""
    with Sink() as server, _running(server):
        yield server


@contextmanager
def web_hook() -> Iterator[Hook]:
    """The running web hook."""
    with Hook() as server, _running(server):
        yield server


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()
