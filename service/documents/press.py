"""A process that has read programs and type already and forks for each paper: a paper waits for neither.

Every paper still has a process of its own with limits of its own, so that a template can spoil no other paper.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from service.children import MOST_COMPLAINT, Ended, environment

DONE = b"done"
"""The last word of a paper's process."""
_lock = threading.Lock()
_press: tuple[int, subprocess.Popen[bytes], socket.socket] | None = None
"""The process that asked for it (a forked server needs its own), the press, and the way to it."""


def run(given: bytes, *, wall: float) -> Ended:
    """The answer of ``apart_child`` to ``given``, in at most ``wall`` seconds; not with an open transaction."""
    with TemporaryFile() as asked, TemporaryFile() as told, TemporaryFile() as complained:
        asked.write(given)
        asked.seek(0)
        code = _finished(_begun((asked, told, complained)), wall)
        told.seek(0)
        complained.seek(max(0, complained.seek(0, os.SEEK_END) - MOST_COMPLAINT))
        return Ended(code, told.read(), complained.read().decode(errors="replace"))


def _begun(files: tuple[IO[bytes], IO[bytes], IO[bytes]]) -> int:
    """The end of a pipe that tells how the paper goes; a press that is gone is replaced once."""
    heard, says = os.pipe()
    try:
        numbers = [*(one.fileno() for one in files), says]
        try:
            socket.send_fds(_ready(), [b"."], numbers)
        except OSError:
            close()
            socket.send_fds(_ready(), [b"."], numbers)
    except BaseException:
        os.close(heard)
        raise
    finally:
        os.close(says)
    return heard


def _finished(heard: int, wall: float) -> int:
    """0 where the paper's process said that it is done, else 1; one that takes longer than ``wall`` is ended."""
    until, said = time.monotonic() + wall, b""
    with open(heard, "rb", buffering=0) as stream:
        while select.select([stream], [], [], max(0.0, until - time.monotonic()))[0]:
            part = stream.read(64)
            if not part:
                return 0 if said.endswith(DONE) else 1
            said += part
        # It holds the pipe still, so it is alive and its number is its own.
        if number := said.split(b"\n")[0]:
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
    return 1


def _ready() -> socket.socket:
    global _press
    with _lock:
        if _press is not None and _press[0] == os.getpid() and _press[1].poll() is None:
            return _press[2]
        _end()
        ours, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-m", "service.documents.press_child"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(("HOME",)),
                close_fds=True,
            )
        _press = (os.getpid(), child, ours)
        return ours


def close() -> None:
    """Ends the press of this process; the next paper starts another."""
    with _lock:
        _end()


def _end() -> None:
    global _press
    found, _press = _press, None
    if found is not None:
        found[2].close()
        if found[0] == os.getpid():
            found[1].kill()
            found[1].wait()


atexit.register(close)
