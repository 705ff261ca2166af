"""The records that a request has shown so far: each is noted where it is read, whoever reads it.

``begin`` and ``end`` stand around a request; outside of one nothing is noted, and it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import event

from service.access_log.subjects import Subjects

_Model = TypeVar("_Model")


@dataclass(slots=True)
class Shown:
    """The records read (their streams, in order), the absent whom the reader could stand in for, restricted notes.

    ``facts`` keeps of the rows what tells why the reader was let in.
    """

    subjects: Subjects = field(default_factory=Subjects)
    facts: set[tuple[Any, ...]] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    restricted: int = 0

    def add(self, subjects: Iterable[str]) -> None:
        """The records of these streams are shown."""
        self.subjects.add(subjects)


_shown: ContextVar[Shown | None] = ContextVar("shown", default=None)


def begin() -> Shown:
    """Begins anew for the running thread or task: a request has begun."""
    made = Shown()
    _shown.set(made)
    return made


def end() -> Shown | None:
    """All that was noted since ``begin``; nothing is noted any more."""
    found = _shown.get()
    _shown.set(None)
    return found


def note_shown(*subjects: str) -> None:
    """Notes records that are shown without being loaded as rows: from columns, from a file."""
    shown = _shown.get()
    if shown is not None:
        shown.add(subjects)


def note_restricted(count: int, *subjects: str) -> None:
    """Notes that the texts of so many restricted notes are shown."""
    shown = _shown.get()
    if shown is not None and count:
        shown.restricted += count
        shown.add(subjects)


def note_absent(usernames: Iterable[str]) -> None:
    """Notes for whom the reader is the declared substitute today (代理)."""
    shown = _shown.get()
    if shown is not None:
        shown.absent.update(usernames)


def watch(
    model: type[_Model],
    subjects: Callable[[_Model], Sequence[str]],
    facts: Callable[[_Model], tuple[Any, ...]] | None = None,
) -> None:
    """From now on each row of ``model`` that is read in a request is noted under ``subjects`` (streams)."""

    @event.listens_for(model, "load")
    def noted(row: _Model, _context: object) -> None:
        shown = _shown.get()
        if shown is not None:
            shown.add(subjects(row))
            if facts is not None:
                shown.facts.add(facts(row))
