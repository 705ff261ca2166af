"""The processes of a cluster: started in sessions of their own, noted on disk, ended by their noted ids alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_WITHIN_SECONDS = 30.0


class NotReady(Exception):
    """Something did not come up, or did not come to pass, in time."""


def await_that(what: str, holds: Callable[[], object], within: float, every: float = 0.3) -> float:
    """Waits until ``holds()`` is true; the seconds that it took. Raises NotReady naming ``what`` after ``within``."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise NotReady(f"{what}: not within {within:.0f} s")
        time.sleep(every)
    return time.monotonic() - began


def found(program: str, *places: str) -> Path:
    """The path of ``program``. Raises NotReady with what to install."""
    path = shutil.which(program, path=os.pathsep.join([*places, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if path is None:
        raise NotReady(
            f"{program} is not installed: apt install --no-install-recommends patroni etcd-server postgresql iproute2"
        )
    return Path(path)


def family(pid: int) -> Iterator[int]:
    """``pid`` and all that descend from it."""
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from family(int(child))


class Process:
    """One program of the cluster in ``home``, its log at ``home/<name>.log``, its id at ``home/<name>.pid``."""

    def __init__(self, home: Path, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.home, self.name, self.command, self.environ = home, name, [*command], dict(environ)
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The file of its output."""
        return self.home / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The id of the running process. Raises NotReady where there is none."""
        if self._running is None or self._running.poll() is not None:
            raise NotReady(f"{self.name} does not run; see {self.log}")
        return self._running.pid

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Starts it."""
        with self.log.open("ab") as into:
            self._running = subprocess.Popen(
                self.command, cwd="/", env=self.environ, stdout=into, stderr=into, start_new_session=True
            )
        (self.home / f"{self.name}.pid").write_text(str(self._running.pid))

    def send(self, wanted: signal.Signals) -> None:
        """Sends a signal to it and to all that descend from it."""
        for one in [*family(self.pid)]:
            with suppress(ProcessLookupError):
                os.kill(one, wanted)

    def kill(self) -> None:
        """Kills it and all that descend from it, at once."""
        if self.is_running:
            self.send(signal.SIGKILL)
        if self._running is not None:
            self._running.wait()

    def stop(self) -> None:
        """Ends it in good order, within half a minute."""
        if not self.is_running or self._running is None:
            return
        self._running.terminate()
        try:
            self._running.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def end_noted(home: Path) -> int:
    """Ends what an earlier run in ``home`` has left: the processes noted there that still are what was noted, and
    servers of its data folders. How many there were."""
    ended = 0
    for note in [*home.glob("*.pid"), *home.glob("*/data/postmaster.pid")]:
        with suppress(OSError, ValueError, IndexError):
            pid = int(note.read_text().split()[0])
            ended += _end_if_ours(pid, home)
        note.unlink(missing_ok=True)
    return ended


def _end_if_ours(pid: int, home: Path) -> int:
    said = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    if str(home).encode() not in said:  # the id has gone to somebody else's process meanwhile
        return 0
    everybody = [*family(pid)]
    for wanted in (signal.SIGCONT, signal.SIGKILL):
        for one in everybody:
            with suppress(ProcessLookupError):
                os.kill(one, wanted)
    return 1
