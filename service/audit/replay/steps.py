"""The output of the fold over a case's journal: its steps, as plain values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.history import HistoryEvent

NO_STEP = "没有这一步，或您无权查看"

Place = tuple[str, str, str]
"""Where a token stands: process, scope (the id of a slot, '' for the whole case), element."""
Pass = tuple[str, str, str, str | None]
"""A passed element: process, scope, element, and the element it was reached from."""
Row = Mapping[str, Any]
"""A row of the case, or of one of its tasks, as it stood: columns by name."""


@dataclass(frozen=True, slots=True)
class DueChange:
    """The date of a task that a step set, moved or left.

    ``why`` is ``set`` (the task came up), ``calendar``, ``migrated``, ``taken_back``, ``extended`` (延期) or
    ``shifted`` (顺延); ``notice`` names the notice or version; ``moved`` is whether the day is another one.
    ``explanation`` counts the days.
    """

    task: str
    name: str
    scope: str
    unit: str | None
    old: str | None
    new: str | None
    provisional: bool
    why: str
    notice: str
    basis: str | None
    explanation: Mapping[str, Any]

    @property
    def moved(self) -> bool:
        """Whether the day is another one than before."""
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class FileThen:
    """A file of the case; ``withdrawn`` is when it was taken back (撤回), None while it counts."""

    id: str
    name: str
    size: int | None
    sha256: str
    by: str
    at: datetime
    withdrawn: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_why: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """Word owed to people: ``template`` is a kind of ``config.notifications``; ``data`` as the journal has it."""

    seq: int
    template: str
    task: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a step as it lay before the person: task, moment, and where the journal has its data.

    ``typed`` is what was sent, None where nothing was; ``before`` what stood there from an earlier time that the step
    was done; ``filled`` what the service had filled in (``x-fill``), None where the journal does not say. ``entered``
    is the input that brought the task, ``entered_at`` when.
    """

    task: str
    process: str
    step: str
    scope: str
    entered: int
    entered_at: datetime
    due_on: str | None
    calendar: str
    typed: Mapping[str, Any] | None
    before: Mapping[str, Any]
    warnings: Sequence[str] = ()
    filled: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step: something that somebody or a clock did, and what belongs to it.

    ``task`` is the id of the user task that it is about, ``step`` what the diagram calls it, ``name`` its label then;
    ``data`` is what the journal keeps of it. ``entries`` are its own of the journal, without notices and the way that
    it went; ``places`` is number of an entry → the task that it is about, or one by which its slot is known.
    ``digest`` and ``version`` are the definition's by which the case goes on. ``taken_back`` and ``redone`` number the
    later step by which it was taken back (撤回) or sent back to be done again (退回).
    """

    seq: int
    last: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    kind: str
    task: str | None
    process: str | None
    step: str | None
    name: str
    scope: str
    slot: str | None
    unit: str | None
    data: Mapping[str, Any]
    digest: str
    version: int
    entries: Sequence[HistoryEvent]
    places: Mapping[int, Row]
    entered: Sequence[str] = ()
    ended: str = ""
    actions: Sequence[Mapping[str, Any]] = ()
    due_changes: Sequence[DueChange] = ()
    notices: Sequence[NoticeSent] = ()
    taken_back: int | None = None
    redone: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it still counts: neither taken back nor sent back."""
        return self.taken_back is None and self.redone is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Told):
    """A step, and how the case stood after it; ``case`` are the data of the case then."""

    case: Mapping[str, Any]
    row: Row
    tasks: Mapping[str, Row]
    timers: Sequence[Row]
    copies: Sequence[Row]
    marking: Sequence[Place]
    passed: Sequence[Pass]
    files: Sequence[FileThen] = ()
    form: Form | None = None
