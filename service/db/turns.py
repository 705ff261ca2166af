"""Writers of one SQLite file take turns.

SQLite lets one write at a time; whoever finds the lock taken sleeps, and asks again after ever longer pauses, while
others who came later pass by. Here they take turns before they ask: the threads of a process queue for each other, and
one of each process for those of the others. A second lock, which all must have had first, tells who is next: so
no process takes turn after turn while another waits (adr/0108). SQLite's own lock still decides.
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
    """The queue before the file at ``path``, which is kept in two empty files beside it: who is next, whose turn it is.

    After ``patience`` seconds of waiting for a thread of the same process, or for another process, one asks the
    database without a turn, and is told there what is wrong.
    """

    _lock: Lock
    _files: tuple[int, int] | None

    def __init__(self, path: Path, patience: float) -> None:
        self._paths, self._patience = [path.with_name(f"{path.name}-{name}") for name in ("next", "turn")], patience
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
        """Waits for the other processes; None where no files can be kept there, so that SQLite alone has to do."""
        try:
            if self._files is None:
                self._files = _opened(self._paths[0]), _opened(self._paths[1])
            next_one, turn = self._files
            ends = monotonic() + self._patience
            if not _waited_for(next_one, ends):
                return None
            try:
                return turn if _waited_for(turn, ends) else None
            finally:
                fcntl.flock(next_one, fcntl.LOCK_UN)
        except OSError:
            return None

    def _forget(self) -> None:
        self._lock, self._files = Lock(), None

    def _let_go(self) -> None:
        for file in self._files or ():
            os.close(file)

    def close(self) -> None:
        """Lets the file go until the next turn, unless somebody has it."""
        lock = self._lock
        if lock.acquire(timeout=1):
            try:
                self._let_go()
                self._files = None
            finally:
                lock.release()

    def after_fork(self) -> None:
        """A child begins anew: it would share its parent's place in the queue, and its threads' locks."""
        self._let_go()
        self._forget()


def _opened(path: Path) -> int:
    """To read is enough for the queue: another user of the machine may have made the file."""
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _waited_for(file: int, ends: float) -> bool:
    """Has the lock of a file, at last; False where somebody else still has it in the end."""
    pause = _FIRST_LOOK
    while not _taken(file):
        if monotonic() >= ends:
            return False
        sleep(pause)
        pause = min(pause * 2, _LOOK_EVERY)
    return True


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_FIRST_LOOK, _LOOK_EVERY = 0.0002, 0.002
"""Seconds after which a process asks again, first and at most: the system's own waiting has no end, and another may
stand still."""
_all: WeakSet[Turns] = WeakSet()


def _after_fork() -> None:
    for one in list(_all):
        one.after_fork()


os.register_at_fork(after_in_child=_after_fork)
