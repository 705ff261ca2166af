"""The threads of a process that one of its districts may hold at a time: a silent database never takes them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import BoundedSemaphore

import structlog

PATIENCE_SECONDS = 5.0
"""How long a request waits for those of its own district, where they come and go: pages ask for several things at once,
and the first of all wait until the district is opened. An answer within that time says that they do."""

log = structlog.get_logger(__name__)


class Share:
    """Half of the ``threads``, for the district ``name``."""

    def __init__(self, name: str, threads: int) -> None:
        self._name, self._free, self._stuck = name, BoundedSemaphore(max(1, threads // 2)), False

    def take(self) -> bool:
        """Takes a thread for a request; False where there is none. Where the last one waited in vain nobody waits."""
        if self._free.acquire(blocking=False):
            return True
        if self._stuck:
            return False
        if self._free.acquire(timeout=PATIENCE_SECONDS):
            return True
        self._stuck = True
        log.warning("district_holds_its_share", district=self._name)
        return False

    def give(self, *, after: float | None) -> None:
        """Gives it back: the district has answered ``after`` so many seconds, or (None) could not."""
        if after is not None and after < PATIENCE_SECONDS:
            self._stuck = False
        self._free.release()


class Held:
    """The ``answer`` to a request; ``give`` is called once when it is closed, whatever becomes of it."""

    def __init__(self, answer: Iterable[bytes], give: Callable[[], None]) -> None:
        self._answer, self._give, self._closed = answer, give, False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        """Closes the answer."""
        if self._closed:
            return
        self._closed = True
        try:
            if (close := getattr(self._answer, "close", None)) is not None:
                close()
        finally:
            self._give()
