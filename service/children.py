"""Work in a process of its own, with little time and memory and no secrets: a hostile file harms nobody there.

The parent calls ``run``, the child ``size_now`` and ``limit``; their messages are their own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

MOST_COMPLAINT = 4_000
"""Bytes of what a child said when it failed, its last words, that are kept."""
_POLL = 0.2
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its code (negative: by which signal), what it said, and its last complaint."""

    code: int
    said: bytes
    complained: str


def run(
    program: str, given: bytes, *, wall: float, going: Callable[[], None] | None = None, keep: Iterable[str] = ()
) -> Ended:
    """Runs one of our own modules on ``given`` for at most ``wall`` seconds; not with an open transaction.

    ``going`` is called now and then meanwhile; what it raises ends the child. ``keep`` names what the child may know of
    the environment beside the usual.
    """
    with TemporaryFile() as asked, TemporaryFile() as told, TemporaryFile() as complained:
        asked.write(given)
        asked.seek(0)
        child = subprocess.Popen(  # noqa: S603 - one of our own modules, on a file and no command line from outside
            [sys.executable, "-m", program],
            stdin=asked,
            stdout=told,
            stderr=complained,
            env=environment(keep),
            close_fds=True,
        )
        until = time.monotonic() + wall
        try:
            while child.poll() is None and (left := until - time.monotonic()) > 0:
                if going is not None:
                    going()
                with suppress(subprocess.TimeoutExpired):
                    child.wait(left if going is None else _POLL)
        finally:
            child.kill()
            child.wait()
        told.seek(0)
        complained.seek(max(0, complained.seek(0, os.SEEK_END) - MOST_COMPLAINT))
        return Ended(child.returncode, told.read(), complained.read().decode(errors="replace"))


def limit(what: int, value: int) -> None:
    """The soft limit alone: the next piece of work gets its own."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def size_now() -> int:
    """Bytes that this process has now."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:  # no such place on this system: as much as a child has after its imports
        return 400_000_000
    return pages * resource.getpagesize()


def environment(keep: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a child: all that it needs to run, and the names in ``keep``; no secrets."""
    kept = {name: os.environ[name] for name in (*_KEPT, *keep) if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
