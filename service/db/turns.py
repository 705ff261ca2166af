"""Writers of one SQLite file take turns.

SQLite lets one write at a time; whoever finds the lock taken sleeps, and asks again after ever longer pauses, while
others who came later pass by. Here they take turns before they ask: the threads of a process queue for each other, and
one of each process asks every two milliseconds whether another has the turn. SQLite's own lock still decides.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from weakref import WeakSet


class Turns:
    """The queue before the file at ``path``, which is kept in an empty file beside it.

    After ``patience`` seconds of waiting for a thread of the same process, or for another process, one asks the
    database without a turn, and is told there what is wrong.
    """

    _lock: Lock
    _file: int | None

    def __init__(self, path: Path, patience: float) -> None:
        self._path, self._patience = path.with_name(f"{path.name}-turn"), patience
        self._forget()
        _all.add(self)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until it is the caller's turn, which ends with the block, or with the process."""
        lock = self._lock
        if not lock.acquire(timeout=self._patience):
            yield
            return
        try:
            file = self._queued()
            try:
                yield
            finally:
                if file is not None:
                    fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            lock.release()

    def _queued(self) -> int | None:
        """Waits for the other processes; None where no file can be kept there, so that SQLite alone has to do."""
        try:
            if self._file is None:
                # To read is enough for the queue: another user of the machine may have made the file.
                self._file = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            ends = monotonic() + self._patience
            while not _taken(self._file):
                if monotonic() >= ends:
                    return None
                sleep(_LOOK_EVERY)
        except OSError:
            return None
        return self._file

    def _forget(self) -> None:
        self._lock, self._file = Lock(), None

    def close(self) -> None:
        """Lets the file go until the next turn, unless somebody has it."""
        lock = self._lock
        if lock.acquire(timeout=1):
            try:
                if self._file is not None:
                    os.close(self._file)
                self._file = None
            finally:
                lock.release()

    def after_fork(self) -> None:
        """A child begins anew: it would share its parent's place in the queue, and its threads' locks."""
        if self._file is not None:
            os.close(self._file)
        self._forget()


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_LOOK_EVERY = 0.002
"""Seconds after which a process asks again: the system's own waiting has no end, and another may stand still."""
_all: WeakSet[Turns] = WeakSet()


def _after_fork() -> None:
    for one in list(_all):
        one.after_fork()


os.register_at_fork(after_in_child=_after_fork)
