"""The server process: requests that never end hold up nobody. A real gunicorn on loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from service.cli.receiving import HEAD_SECONDS, LARGEST_KEPT, Arrival
from tests.service.test_serving import _ask, _await_ready, _end, _running, environ

__all__ = ["environ"]  # the fixture

HEAD = b"POST /sign-in HTTP/1.1\r\nHost: liaison\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@contextmanager
def _sent(environ: dict[str, str], data: bytes) -> Iterator[socket.socket]:
    host, _, port = environ["LIAISON_BIND"].rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        connection.sendall(data)
        yield connection


def _answer(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    found = b""
    while data := connection.recv(65536):
        found += data
    return found


def test_half_sent_requests_hold_up_nobody_and_are_given_up(environ):
    half = [b"", b"GE", b"GET /healthz HTTP/1.1\r\nHost: x", HEAD + b"Content-Length: 1000\r\n\r\nusername=off"]
    with _running(environ, "serve", "--workers", "1", "--threads", "8") as process, ExitStack() as stack:
        _await_ready(environ, process, "/healthz")
        held = [stack.enter_context(_sent(environ, half[place % 4])) for place in range(40)]
        # uploads: half of the threads at most
        large = HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST_KEPT * 2)
        held += [stack.enter_context(_sent(environ, large)) for _ in range(20)]
        # half of a second request behind a whole one
        ahead = b"GET /healthz HTTP/1.1\r\nHost: liaison\r\n\r\nGET /hea"
        held += [stack.enter_context(_sent(environ, ahead)) for _ in range(20)]
        time.sleep(0.5)
        for path in ("/healthz", "/sign-in", "/healthz", "/static/icon.svg"):
            began = time.monotonic()
            assert _ask(environ, path)[0] == 200
            assert time.monotonic() - began < 5
        waited = time.monotonic()
        assert b"408" in _answer(held[1])
        assert time.monotonic() - waited < HEAD_SECONDS + 5
        assert _answer(held[0]) == b""
        stack.close()
        _end(process)
    assert process.returncode == 0


def test_what_comes_in_pieces_one_after_the_other_or_kept_alive_is_answered(environ):
    with _running(environ, "serve", "--workers", "1", "--threads", "2") as process:
        _await_ready(environ, process, "/healthz")
        whole = b"GET /healthz HTTP/1.1\r\nHost: liaison\r\n\r\n"
        last = b"GET /healthz HTTP/1.1\r\nHost: liaison\r\nConnection: close\r\n\r\n"
        with _sent(environ, b"") as slow:
            for place in range(0, len(last), 7):
                slow.sendall(last[place : place + 7])
                time.sleep(0.02)
            assert _answer(slow).count(b"200 OK") == 1
        with _sent(environ, whole + whole + last) as together:
            assert _answer(together).count(b"200 OK") == 3
        with _sent(environ, whole) as kept:
            assert b"200 OK" in kept.recv(65536)
            kept.sendall(last[:20])
            time.sleep(0.1)
            kept.sendall(last[20:])
            assert _answer(kept).count(b"200 OK") == 1
        chunked = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na=b&c\r\n0\r\n\r\n"
        expecting = HEAD + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        with _sent(environ, chunked) as connection:
            assert b"400" in _answer(connection)  # no token of a page
        with _sent(environ, expecting) as connection:
            assert b"100 Continue" in connection.recv(65536)
            connection.sendall(b"a=b")
            assert b"400" in _answer(connection)
        body = b"a=" + b"b" * 300_000
        with _sent(environ, HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)) as connection:
            connection.sendall(body)
            assert b"400" in _answer(connection)
        with _sent(environ, b"nonsense\r\n\r\n") as connection:
            assert b"400" in _answer(connection)
        with _sent(environ, b"GET /" + b"x" * 100_000) as connection:
            assert b"HTTP/1.1 4" in _answer(connection)
        _end(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("data", "complete", "large"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", False, False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True, False),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd", False, False),
        (b"POST / HTTP/1.1\r\ncontent-length:5\r\n\r\nabcde", True, False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True, True),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", True, True),
        (b"x" * 70_000, True, True),
    ],
)
def test_a_request_is_complete_when_its_last_byte_is_there(data, complete, large):
    arrival = Arrival(None, 0.0)
    for place in range(0, len(data), 1000):
        arrival.add(data[place : place + 1000])
    assert (arrival.complete, arrival.large) == (complete, large)


@pytest.mark.parametrize("said", [b"0000000000000000500", b"+500", b"\xb2", b""])
def test_a_length_that_only_the_parser_can_judge_takes_a_thread_that_is_timed(said: bytes) -> None:
    arrival = Arrival(None, 0.0)
    arrival.add(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + said + b"\r\n\r\n")
    assert arrival.large
