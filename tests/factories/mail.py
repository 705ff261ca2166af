"""A mail server, a web hook and a chat service on the loopback that keep what they get, and refuse when told to."""

from __future__ import annotations

import json
import socketserver
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from threading import Thread
from time import sleep
from typing import Any
from urllib.parse import parse_qsl, urlsplit


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

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that dies while it sends is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

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


class ChatServer(socketserver.ThreadingTCPServer):
    """Speaks as much of the interfaces of 企业微信 and 钉钉 as the service uses, and keeps what it was asked.

    ``codes``: the ``errcode`` of the next answers to messages, one after the other; ``invalid``: names that nobody has;
    ``stale``: tokens that are no good any more.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Chat)
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.codes: list[int] = []
        self.invalid: set[str] = set()
        self.stale: set[str] = set()
        self.tokens = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Chat(BaseHTTPRequestHandler):
    server: ChatServer

    def do_GET(self) -> None:
        path, query = self._asked()
        if query.get("corpsecret", query.get("appsecret")) != "right":
            self._say({"errcode": 40001, "errmsg": "bad secret"})
            return
        self.server.tokens += 1
        self.server.got.append((path, query, None))
        self._say({"errcode": 0, "access_token": f"token-{self.server.tokens}", "expires_in": 7200})

    def do_POST(self) -> None:
        path, query = self._asked()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if query.get("access_token") in self.server.stale:
            self._say({"errcode": 42001, "errmsg": "expired"})
            return
        code = self.server.codes.pop(0) if self.server.codes else 0
        if code == 0:
            self.server.got.append((path, query, body))
        bad = {"invaliduser": body["touser"]} if body.get("touser") in self.server.invalid else {}
        self._say({"errcode": code, "errmsg": "ok", **bad})

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, dict(parse_qsl(parts.query))

    def _say(self, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """A test's output is no place for an access log."""


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """The running chat service."""
    with ChatServer() as server, _running(server):
        yield server


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
