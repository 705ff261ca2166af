"""The server process: requests that never end hold up nobody. A real gunicorn on loopback."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from service.cli.arrivals import HEAD_SECONDS, LARGEST_UNKNOWN, LONGEST_SECONDS, Arrival
from service.cli.receiving import KNOWN
from tests.factories import echo
from tests.service.test_serving import _ask, _await_ready, _end, _running, environ

__all__ = ["environ"]  # the fixture

COOKIE = b"Cookie: liaison_session=made-up\r\n"
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
        # uploads, of a stated length and in chunks, with a session and without
        large = b"Content-Length: %d\r\n\r\nhalf of it" % (LARGEST_UNKNOWN * 2)
        chunked = HEAD + COOKIE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal"
        for start in (HEAD + COOKIE + large, HEAD + large, chunked):
            held += [stack.enter_context(_sent(environ, start)) for _ in range(20)]
        # half of a second request behind a whole one
        ahead = b"GET /healthz HTTP/1.1\r\nHost: liaison\r\n\r\nGET /hea"
        held += [stack.enter_context(_sent(environ, ahead)) for _ in range(20)]
        time.sleep(0.5)
        for path in ("/healthz", "/sign-in", "/healthz", "/static/icon.svg"):
            began = time.monotonic()
            assert _ask(environ, path)[0] == 200
            assert time.monotonic() - began < 2
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


@contextmanager
def _echoing(tmp_path: Path, *more: str) -> Iterator[tuple[dict[str, str], int]]:
    """The server alone, over an application that says what it got; gives where it is, and its worker's process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "gunicorn", "--bind", bind, "--workers", "1", "--threads", "2", *more]
    command += ["--worker-class", "tests.factories.echo.SmallWorker", "tests.factories.echo:app"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        environ = {"LIAISON_BIND": bind}
        for _ in range(300):
            with suppress(OSError), _sent(environ, GET) as asked:
                assert b"200 OK" in _answer(asked)
                break
            time.sleep(0.05)
        [worker] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield environ, int(worker)
    finally:
        process.terminate()
        process.wait(30)


GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


def _served_at_once(environ: dict[str, str], times: int = 5) -> None:
    for _ in range(times):
        began = time.monotonic()
        with _sent(environ, GET) as asked:
            assert b"200 OK" in _answer(asked)
        assert time.monotonic() - began < 1


def test_readers_who_take_nothing_hold_no_thread_and_who_reads_gets_all(tmp_path):
    much = b"GET /much/%d HTTP/1.0\r\n\r\n"
    with _echoing(tmp_path) as (environ, worker), ExitStack() as stack:
        host, _, port = environ["LIAISON_BIND"].rpartition(":")
        readers = []
        for _ in range(10):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect((host, int(port)))
            reader.sendall(much % 15)
            readers.append(reader)
        time.sleep(1)
        _served_at_once(environ)
        assert 0 < _kept_in_files(worker) < echo.ROOM + 15_000_000  # the last of them may be larger than all the room
        with _sent(environ, much % 30) as asked:  # longer than what may be kept: it is read as it comes
            assert _answer(asked).partition(b"\r\n\r\n")[2] == b"x" * 30_000_000


def _kept_in_files(worker: int) -> int:
    """Bytes of the files that the process keeps open and that have no name."""
    found = 0
    for file in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):
            found += file.stat().st_size if "(deleted)" in str(file.readlink()) else 0
    return found


def test_who_is_silent_longest_makes_room_and_a_live_upload_goes_through(tmp_path):
    body = os.urandom(1_500_000)
    large = POST + COOKIE + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with _echoing(tmp_path) as (environ, worker), ExitStack() as stack:
        half = [stack.enter_context(_sent(environ, large + body[:700_000])) for _ in range(4)]
        time.sleep(0.3)
        with _sent(environ, large) as live:
            for start in range(0, len(body), 300_000):
                live.sendall(body[start : start + 300_000])
                time.sleep(0.05)
            assert hashlib.sha256(body).hexdigest().encode() in _answer(live)
        assert b"408" in _answer(half[0])
        half[3].sendall(body[700_000:])  # what was not in the way is taken up to its end
        assert hashlib.sha256(body).hexdigest().encode() in _answer(half[3])
        for one in half[1:3]:
            one.close()
        time.sleep(0.3)
        assert _kept_in_files(worker) == 0


def test_every_open_connection_counts_and_the_slow_ones_make_room_for_new(tmp_path):
    with _echoing(tmp_path, "--worker-connections", "40") as (environ, worker), ExitStack() as stack:
        # answered and never closed by who asked; half-sent
        for place in range(120):
            stack.enter_context(_sent(environ, GET if place % 2 else POST + b"Content-Le"))
        _served_at_once(environ)
        assert _open_sockets(worker) <= 40 + 10  # its listener and gunicorn's own


def _open_sockets(worker: int) -> int:
    found = 0
    for file in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):
            found += str(file.readlink()).startswith("socket:")
    return found


@pytest.mark.parametrize("way", ["length", "chunks", "expecting"])
def test_large_bodies_arrive_whole_and_the_next_request_behind_them_too(tmp_path, way):
    body = os.urandom(2_000_000)
    head = POST + COOKIE
    if way == "chunks":
        pieces = [body[start : start + 70_001] for start in range(0, len(body), 70_001)]
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n"
        sent += b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nx: y\r\n\r\n"
    else:
        expect = b"Expect: 100-continue\r\n" if way == "expecting" else b""
        sent = head + expect + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with _echoing(tmp_path) as (environ, _), _sent(environ, sent + GET) as asked:
        said = _answer(asked)
    assert said.count(b"200 OK") == 2
    assert said.startswith(b"HTTP/1.1 100 Continue") == (way == "expecting")
    assert said.count(b"100 Continue") == (way == "expecting")
    assert f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode() in said
    assert said.endswith(f"0 {hashlib.sha256().hexdigest()}".encode())


def test_who_shows_no_session_is_refused_before_a_large_body_is_sent(environ):
    large = b"Content-Length: %d\r\n\r\n" % (LARGEST_UNKNOWN * 2)
    place = b"POST %s HTTP/1.1\r\nHost: liaison\r\nContent-Type: multipart/form-data; boundary=x\r\n%s"
    with _running(environ, "serve", "--workers", "1", "--threads", "2") as process:
        _await_ready(environ, process, "/healthz")
        for path, status in ((b"/api/v1/imports", b"401"), (b"/imports/talents", b"302")):
            for expect in (b"", b"Expect: 100-continue\r\n"):
                began = time.monotonic()
                with _sent(environ, place % (path, expect) + large) as asked:
                    answer = _answer(asked)
                assert answer.startswith(b"HTTP/1.1 " + status), answer
                assert time.monotonic() - began < 5
        # a session that was made up is refused too, without looking at what came
        body = b"x" * (LARGEST_UNKNOWN * 2)
        with _sent(environ, place % (b"/imports/talents", COOKIE) + large + body) as asked:
            assert _answer(asked).startswith(b"HTTP/1.1 302")
        # too large for anybody: refused by its length
        with _sent(environ, place % (b"/imports/talents", COOKIE) + b"Content-Length: 9000000000\r\n\r\n") as asked:
            assert _answer(asked)[:12] in (b"HTTP/1.1 302", b"HTTP/1.1 413")
        _end(process)


KNOWN_HEAD = b"POST / HTTP/1.1\r\nCookie: a=b; liaison_session=x\r\n"


@pytest.mark.parametrize(
    ("data", "complete", "cut"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", False, False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True, False),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd", False, False),
        (b"POST / HTTP/1.1\r\ncontent-length:5\r\n\r\nabcde", True, False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", False, False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", True, False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", True, True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", True, True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", True, True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\n", True, True),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", True, True),
        (KNOWN_HEAD + b"Content-Length: 9999999\r\n\r\n", False, False),
        (KNOWN_HEAD + b"Content-Length: 99999999\r\n\r\n", True, True),
        (b"POST / HTTP/1.1\r\nAuthorization: Bearer x\r\nContent-Length: 9999999\r\n\r\n", False, False),
        (b"x" * 70_000, True, True),
    ],
)
def test_a_request_is_complete_when_its_last_byte_is_there(data, complete, cut):
    for step in (1, 7, 1000):
        arrival = Arrival(None, known=KNOWN)
        for place in range(0, len(data), step):
            if not arrival.complete:
                arrival.add(data[place : place + step])
        assert (arrival.complete, arrival.cut) == (complete, cut)
        arrival.drop()


@pytest.mark.parametrize("said", [b"0000000000000000500", b"+500", b"\xb2", b""])
def test_a_length_that_only_the_parser_can_judge_is_not_waited_for(said: bytes) -> None:
    arrival = Arrival(None)
    arrival.add(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + said + b"\r\n\r\n")
    assert (arrival.complete, arrival.cut) == (True, True)


def test_no_stated_length_makes_anybody_wait_for_longer_than_five_minutes() -> None:
    arrival = Arrival(None, largest=10**12, known=KNOWN)
    arrival.add(KNOWN_HEAD + b"Content-Length: 90000000000\r\n\r\n")
    now = time.monotonic()
    arrival.heard_at = now + LONGEST_SECONDS
    assert not arrival.is_late(now + LONGEST_SECONDS - 5)
    assert arrival.is_late(now + LONGEST_SECONDS + 1)
    arrival.heard_at = now
    assert arrival.is_late(now + 25)  # silent: it has gone


def test_what_trickles_in_beyond_the_largest_is_not_kept() -> None:
    arrival = Arrival(None, largest=1_000_000)
    arrival.add(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    fed = 0
    while not arrival.complete:
        arrival.add(b"%x\r\n" % 50_000 + b"x" * 50_000 + b"\r\n")
        fed += 50_000
    assert arrival.cut
    assert fed < 1_200_000
    arrival.drop()
