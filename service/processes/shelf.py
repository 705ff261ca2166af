"""The definitions that a process keeps: a part that several have alike stands once, and all together fit in memory.

A hundred districts draw their processes alike and differ in the choices of a few forms: each further one costs what is
its own, and none pushes the others' out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """Something made of a few files of a definition; ``size``: how many bytes these have."""

    size: int
    made: Any


class Shelf(Generic[T]):
    """Things by key, those last asked for, whose parts together are made of at most ``largest`` bytes of files.

    A single one may be larger. A part is known by its digest; it stands here as long as one of the things has it.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._things: OrderedDict[Hashable, tuple[T, Mapping[str, Part]]] = OrderedDict()
        self._parts: dict[str, Part] = {}
        self._holders: dict[str, int] = {}
        self._lock = Lock()
        self.size = 0
        """Bytes of the files of which the parts that stand here were made."""

    @property
    def parts(self) -> Mapping[str, Part]:
        """Digest → part, of all that stands here now."""
        return self._parts

    def find(self, key: Hashable) -> T | None:
        """The thing of that key, or None; it is the last to go from now on."""
        with self._lock:
            if (found := self._things.get(key)) is None:
                return None
            self._things.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, thing: T, parts: Mapping[str, Part]) -> T:
        """Keeps a thing with all of its parts; gives the one that stands there, which somebody may have put before."""
        with self._lock:
            if (found := self._things.get(key)) is not None:
                return found[0]
            self._things[key] = (thing, parts)
            for digest, part in parts.items():
                self._holders[digest] = self._holders.get(digest, 0) + 1
                if self._holders[digest] == 1:
                    self._parts[digest] = part
                    self.size += part.size
            while self.size > self._largest and len(self._things) > 1:
                self._drop(self._things.popitem(last=False)[1][1])
            return thing

    def _drop(self, parts: Mapping[str, Part]) -> None:
        for digest in parts:
            self._holders[digest] -= 1
            if not self._holders[digest]:
                del self._holders[digest]
                self.size -= self._parts.pop(digest).size
