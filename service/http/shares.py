"""The threads of a process, as its districts share them: silent databases, however many, take them all once at most,
for one attempt to connect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Condition
from time import monotonic

import structlog

PATIENCE_SECONDS = 5.0
"""How long a request waits for a thread of its own district, where they come and go: pages ask for several things at
once, and the first of all wait until the district is opened."""
QUIET_SECONDS = 2.0
"""Nobody waits for a district that has answered nothing for so long where others would be left without a thread."""
LOOK_SECONDS = 0.5

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Share:
    """One district's: nothing has come ``since`` its last answer, or since it began to hold any; ``stuck``: somebody
    waited in vain meanwhile, or for so long as one waits nothing came."""

    held: int = 0
    since: float = 0.0
    stuck: bool = False


class Shares:
    """The ``threads`` of a process, which gives a district no more of them than it leaves free.

    The first takes half of them, the second half of the rest … A district that has let somebody wait in vain, or has
    held one so long for nothing, is stuck until it answers: it gets one at a time, and all that are stuck get half of
    the threads together.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._of: dict[str, _Share] = {}
        self._held = self._waiting = 0
        self._changed = Condition()

    def take(self, district: str) -> bool:
        """Takes a thread for a request, as soon as there is one; False where it is not worth waiting for one."""
        with self._changed:
            one = self._of.setdefault(district, _Share())
            end = monotonic() + PATIENCE_SECONDS
            while not self._may(one):
                left = end - monotonic()
                if left <= 0 and not one.stuck:
                    one.stuck = True
                    log.warning("district_holds_its_share", district=district, threads=one.held)
                if one.stuck or self._is_crowded(one):
                    return False
                self._waiting += 1
                self._changed.wait(min(left, LOOK_SECONDS))
                self._waiting -= 1
            if not one.held:
                one.since = monotonic()
            one.held += 1
            self._held += 1
            return True

    def give(self, district: str, *, answered: bool) -> None:
        """Gives it back; ``answered``: by this request the district has shown that it is there."""
        with self._changed:
            one = self._of[district]
            one.held -= 1
            self._held -= 1
            if answered:
                one.since, one.stuck = monotonic(), False
            elif monotonic() - one.since > PATIENCE_SECONDS:
                one.stuck = True
            self._changed.notify_all()

    def _may(self, one: _Share) -> bool:
        if one.stuck:
            stuck = sum(other.held for other in self._of.values() if other.stuck)
            return not one.held and stuck < max(1, self._threads // 2)
        return one.held < self._threads - self._held

    def _is_crowded(self, one: _Share) -> bool:
        """Whether whoever waits for this one would take the last thread, and nothing comes from it."""
        return monotonic() - one.since > QUIET_SECONDS and self._held + self._waiting + 1 >= self._threads


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
