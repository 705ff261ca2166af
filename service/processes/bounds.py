"""How large a form becomes when its references are followed: what a kilobyte can unfold to is counted before anything
unfolds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LARGEST_FORM = 5_000
"""Parts of a form with all references followed; the largest shipped one has some hundreds."""
LARGEST_STORED = 50_000
"""The same for a form that was deployed before forms were counted."""
REFERRING = ("$ref", "$dynamicRef", "$recursiveRef")

_MOST = 10**12
_AGAIN = ("unevaluatedProperties", "unevaluatedItems")
"""Keywords that make a validator go through all beside it once more, at each level on which it stands."""


def unfolded(schema: Any) -> int | None:
    """How many parts ``schema`` has with each reference replaced by what it refers to; None where one leads back to
    itself, so that it never ends. Takes time that grows with the schema as written."""
    try:
        return _Count(schema).of(schema)
    except _Circle:
        return None


def local_target(root: Any, reference: object) -> Any:
    """The target of a reference within the schema (``#/$defs/…``); None for any other, or where nothing stands."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    target: Any = root
    for step in reference.lstrip("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping):
            target = target.get(step)
        elif isinstance(target, list) and step.isdecimal() and int(step) < len(target):
            target = target[int(step)]
        else:
            return None
    return target


class _Circle(Exception):
    pass


class _Count:
    def __init__(self, root: Any) -> None:
        self.root = root
        self.known: dict[int, int] = {}
        self.under_way: set[int] = set()

    def of(self, part: Any) -> int:
        if not isinstance(part, dict | list):
            return 1
        if id(part) in self.known:
            return self.known[id(part)]
        if id(part) in self.under_way:
            raise _Circle
        self.under_way.add(id(part))
        count = 1 + sum(self.of(inner) for inner in self._inner(part))
        if isinstance(part, dict) and any(word in part for word in _AGAIN):
            count *= 2
        self.under_way.discard(id(part))
        self.known[id(part)] = min(count, _MOST)
        return self.known[id(part)]

    def _inner(self, part: Any) -> Iterator[Any]:
        yield from part.values() if isinstance(part, dict) else part
        for word in REFERRING if isinstance(part, dict) else ():
            target = local_target(self.root, part.get(word))
            if isinstance(target, dict | list):
                yield target
