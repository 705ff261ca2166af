"""A server as production runs it, and clients that ask as fast as they are answered."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.cli.serving import HOOKS, SERVER
from tests.bench.figures import share

HOME = Path(__file__).resolve().parents[2]
WORKERS, THREADS = 2, 4
"""As ``liaison serve`` starts without being told otherwise."""
START_WITHIN_SECONDS = 30
REST_SECONDS = 0.5

Ask = Callable[["Client"], None]


class Client:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """The JSON of the answer. Raises RuntimeError unless it is one of success."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


@dataclass
class Load:
    """The answers that all clients got, together."""

    taken: list[float] = field(default_factory=list)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.taken:
            return f"failed: {self.faults[:1]}"
        half, most = share(self.taken, 0.5), share(self.taken, 0.95)
        wrong = f"  {len(self.faults)} failed" if self.faults else ""
        return f"{half:7.1f} / {most:6.1f} ms  {len(self.taken) / self.seconds:6.0f}/s{wrong}"


@contextmanager
def serving(application: str, url: str) -> Iterator[int]:
    """``application`` under gunicorn on a free port of loopback; gives the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
        *("--worker-class", SERVER, "--workers", str(WORKERS), "--threads", str(THREADS)),
        *("--config", HOOKS, application),
    ]
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIAISON_")},
        "LIAISON_CONFIG": str(HOME / "config"),
        "LIAISON_DATABASE_URL": url,
        "LIAISON_RATE_LIMITS_API_PER_MINUTE": "1000000",
    }
    # The log of requests is written as in production, but nobody reads it.
    server = subprocess.Popen(command, cwd=HOME, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(server, port)
        _rest(server.pid)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def press(port: int, asks: list[Ask], seconds: float) -> Load:
    """Each of ``asks`` by a client of its own, over and over, for so long; the first answer of each does not count."""
    load, ready = Load(), threading.Barrier(len(asks) + 1)

    def work(ask: Ask) -> None:
        client = Client(port)
        try:
            ask(client)
            ready.wait()
            end = time.perf_counter() + seconds
            while (began := time.perf_counter()) < end:
                ask(client)
                load.taken.append((time.perf_counter() - began) * 1000)
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            load.faults.append(str(error))
            ready.abort()
        except threading.BrokenBarrierError:
            pass
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        ready.wait(240)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    return load


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("gunicorn did not start")


def _rest(server: int) -> None:
    """Waits until the server has done all that it does beside its first answers, such as reading what type can print:
    for a second that would be measured as theirs."""
    end, before = time.monotonic() + START_WITHIN_SECONDS, ""
    while time.monotonic() < end and (now := _worked(server)) != before:
        before = now
        time.sleep(REST_SECONDS)


def _worked(server: int) -> str:
    """For how long each process of the server has worked, as the system tells; nothing where it does not."""
    with suppress(OSError):
        workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return " ".join(" ".join(Path(f"/proc/{one}/stat").read_text().split()[13:15]) for one in workers)
    return ""
