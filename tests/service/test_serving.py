"""``liaison run``, ``serve`` and ``worker`` as real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from service.demonstration import PASSWORD, accounts

SECRET = "a-long-and-random-secret-of-this-test-only"


@pytest.fixture
def environ(sqlite_world, tmp_path) -> dict[str, str]:
    """The environment of a command over a database with the demonstration's people, bound to a free port."""
    shutil.copy(sqlite_world, tmp_path / "world.db")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        **os.environ,
        "LIAISON_DATABASE_URL": f"sqlite:///{tmp_path / 'world.db'}",
        "LIAISON_BIND": f"127.0.0.1:{port}",
    }


@contextmanager
def _running(environ: dict[str, str], *command: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "service", *command],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _end(process: subprocess.Popen[str], wanted: signal.Signals = signal.SIGTERM) -> str:
    process.send_signal(wanted)
    output, _ = process.communicate(timeout=60)
    return output


def _ask(environ: dict[str, str], path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{environ['LIAISON_BIND']}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _await_ready(environ: dict[str, str], process: subprocess.Popen[str], path: str = "/readyz") -> str:
    for _ in range(600):
        assert process.poll() is None, process.communicate()[0]
        with suppress(urllib.error.URLError, ConnectionError):
            status, body = _ask(environ, path)
            if status == 200:
                return body
        time.sleep(0.1)
    raise AssertionError("it never got ready")


def _refused(environ: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service", *command],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False), done
    return done.stderr


def _listens(environ: dict[str, str]) -> bool:
    host, _, port = environ["LIAISON_BIND"].rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.mark.parametrize(("how", "wanted"), [([], signal.SIGTERM), (["--prepare"], signal.SIGINT)])
def test_run_brings_pages_and_worker_up_tells_the_names_and_stops_both(environ, how, wanted):
    with _running(environ, "run", *how) as process:
        ready = json.loads(_await_ready(environ, process))
        assert ready["checks"]["worker"] is True
        assert "直联平台" in _ask(environ, "/sign-in")[1]
        output = _end(process, wanted)
    assert process.returncode == 0, output
    assert f"http://{environ['LIAISON_BIND']}" in output
    assert PASSWORD in output
    rows = [line.split() for line in output.splitlines() if line.startswith("  ")]
    assert [name for name, *_ in rows] == [account[0] for account in accounts()]
    assert all(len(row) in (3, 4) for row in rows)  # whose it is, and the post where it says more than the unit
    assert not _listens(environ)


def test_run_ends_when_its_server_ends(environ):
    with _running(environ, "run") as process:
        _await_ready(environ, process)
        [server] = _children(process.pid)
        os.kill(server, signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "网页服务已退出" in output


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_serve_gives_the_pages_without_a_worker(environ):
    with _running(environ, "serve", "--workers", "1") as process:
        _await_ready(environ, process, "/healthz")
        status, body = _ask(environ, "/readyz")
        assert (status, json.loads(body)["checks"]["worker"]) == (503, False)
        _end(process)
    assert process.returncode == 0
    assert not _listens(environ)


def test_metrics_are_those_of_all_server_processes_of_this_start(environ, tmp_path):
    place = tmp_path / "metrics"
    place.mkdir()
    (place / "counter_1.db").write_bytes(b"left over from an earlier start")
    environ = {**environ, "PROMETHEUS_MULTIPROC_DIR": str(place)}
    with _running(environ, "serve", "--workers", "2", "--threads", "1") as process:
        _await_ready(environ, process, "/healthz")
        before = _answered(environ)
        for _ in range(30):
            _ask(environ, "/healthz")
        os.kill(_children(process.pid)[0], signal.SIGTERM)
        told = [_answered_again(environ) for _ in range(5)]
        assert told == [before + 30] * 5
        _end(process)


def _answered_again(environ: dict[str, str]) -> int:
    """As ``_answered``; a connection that the ending process had just taken is made anew, as clients do."""
    for _ in range(3):
        with suppress(ConnectionResetError):
            return _answered(environ)
    return _answered(environ)


def _answered(environ: dict[str, str]) -> int:
    """How often the metrics say that /healthz was answered."""
    lines = _ask(environ, "/metrics")[1].splitlines()
    [found] = [line for line in lines if line.startswith("liaison_requests_total") and 'route="/healthz"' in line]
    return int(float(found.rpartition(" ")[2]))


@pytest.mark.parametrize("command", ["run", "serve"])
def test_an_address_that_is_taken_is_told(environ, command):
    with socket.socket() as other:
        host, _, port = environ["LIAISON_BIND"].rpartition(":")
        other.bind((host, int(port)))
        other.listen()
        assert f"不能在 {environ['LIAISON_BIND']} 上监听" in _refused(environ, command)


@pytest.mark.parametrize("command", ["run", "serve", "worker"])
def test_what_would_stop_the_start_is_told_before_it(environ, command, tmp_path):
    empty = {**environ, "LIAISON_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"}
    assert "liaison migrate" in _refused(empty, command)
    assert "LIAISON_NONSENSE" in _refused({**environ, "LIAISON_NONSENSE": "1"}, command)
    production = {**environ, "LIAISON_ENV": "production"}
    told = _refused(production, command)
    assert "默认密钥" in told
    assert "演示账号" in told
    told = _refused({**production, "LIAISON_SECRET_KEY": SECRET, "LIAISON_DEMO": "false"}, command)
    assert "演示账号" in told
