"""The data of tasks as they were read, or as they were last written, until somebody changes them.

A state says of each task by what its data differ from those of the task above. Most tasks of a case are only carried
along by a step: nobody looks at their data. So these are put together when they are asked for, and of a task that
nobody has asked, the next state says what the last one said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.task import Task

_NOTHING: dict[str, Any] = {}


class Kept:
    """The data of a task that nobody has asked for: ``updates`` to those ``above`` it (None: to none), and the names
    that are taken out of them; 0 for nothing, as in a text."""

    __slots__ = ("_known", "above", "deletions", "text", "updates")

    def __init__(self, above: Kept | None, updates: Any, deletions: Any) -> None:
        self.above, self.updates, self.deletions = above, updates, deletions
        self.text: str | None = None
        self._known: dict[str, Any] | None = None

    def known(self) -> dict[str, Any]:
        """The data, to be looked at only."""
        if self._known is None:
            above = self.above.known() if self.above is not None else _NOTHING
            if self.updates or self.deletions:
                self._known = {**above, **(self.updates or _NOTHING)}
                for name in self.deletions or ():
                    self._known.pop(name, None)
            else:
                self._known = above
        return self._known

    def own(self) -> dict[str, Any]:
        """The data for a task of its own: what is an object or a list is copied, one level deep."""
        data = dict(self.known())
        for name in containers(data):
            data[name] = data[name].copy()
        return data


_SHARED = Kept(None, 0, 0)
"""Above data that are shared: it is above no task, so that a state says anew by what they differ."""


class _Data:
    """The data of a task, which are its own from the first time that they are asked for."""

    def __get__(self, task: Task | None, _kind: type) -> Any:
        if task is None:
            return self
        facts = task.__dict__
        if "kept" not in facts:
            raise AttributeError("data")
        data = facts["data"] = facts["kept"].own()
        return data


Task.data = _Data()


def kept_of(task: Task) -> Kept | None:
    """The data of a task as they are kept; None where somebody has asked for them and may have changed them."""
    facts = task.__dict__
    return None if "data" in facts else facts["kept"]


def look(task: Task) -> dict[str, Any]:
    """The data of a task, to be looked at only."""
    facts = task.__dict__
    found: dict[str, Any] = facts["data"] if "data" in facts else facts["kept"].known()
    return found


def keep(task: Task, kept: Kept, data: dict[str, Any]) -> None:
    """Keeps the ``data`` of a task as ``kept`` says: the next who asks for them gets its own."""
    facts, kept._known = task.__dict__, data
    facts["kept"] = kept
    facts.pop("data", None)


def share(giver: Task, taker: Task) -> None:
    """Lets a task have the data of another: whoever asks for them afterwards, on either side, gets its own."""
    facts, own = giver.__dict__, taker.__dict__
    if "data" in facts:
        kept = Kept(_SHARED, 0, 0)
        kept._known = facts.pop("data")
        facts["kept"] = kept
    own.pop("data", None)
    own["kept"] = facts["kept"]


def containers(data: Mapping[str, Any]) -> list[str]:
    """The names in the data of a task of objects and lists, of which each task has its own."""
    return [name for name, value in data.items() if type(value) is dict or type(value) is list]
