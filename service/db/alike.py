"""Statements that are written once for all questions that are alike but for the values in them.

SQLAlchemy takes longer to write a long statement than a database to answer it. A statement of this module stays, with
a named parameter in the place of each value of the conditions that it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

from cachetools import LRUCache
from sqlalchemy import BindParameter, ClauseElement, bindparam
from sqlalchemy.sql.visitors import replacement_traverse

_PART = "part"
MOST = 64
"""So many kinds of a statement are kept at most."""

T = TypeVar("T", bound=ClauseElement)


class Alike(Generic[T]):
    """One statement in all its kinds. ``write`` makes that of a kind, whose word or number are its first arguments,
    out of ``parts``: conditions and queries of others, None where there is none."""

    def __init__(self, write: Callable[..., T]) -> None:
        self._write = write
        self._made: LRUCache[Hashable, T] = LRUCache(MOST)
        self._lock = Lock()

    def of(self, *kind: Hashable, parts: Sequence[Any] = ()) -> tuple[T, dict[str, Any]]:
        """The statement for these parts, and the values in them by the names of its parameters.

        Raises TypeError for a part of which SQLAlchemy cannot tell which others are like it.
        """
        told = [None if part is None else _key(part) for part in parts]
        asked = (*kind, *(None if one is None else one.key for one in told))
        with self._lock:
            found = self._made.get(asked)
        if found is None:
            found = self._write(*kind, *(_named(place, part) for place, part in enumerate(parts)))
            with self._lock:
                self._made[asked] = found
        return found, {
            f"{_PART}_{place}_{number}": bind.effective_value
            for place, one in enumerate(told)
            if one is not None
            for number, bind in enumerate(one.bindparams)
        }


def _named(place: int, part: Any) -> Any:
    """A part with parameters of its own names, in the order in which its key has the values."""
    if part is None:
        return None
    names: dict[int, BindParameter[Any]] = {}
    for number, bind in enumerate(_key(part).bindparams):
        made: Any = bindparam(f"{_PART}_{place}_{number}", type_=bind.type, expanding=bind.expanding)
        made.expand_op, made.literal_execute = bind.expand_op, bind.literal_execute
        names[id(bind)] = made
    named = replacement_traverse(part, {}, lambda element, **_: names.get(id(element)))
    if [bind.key for bind in _key(named).bindparams] != [one.key for one in names.values()]:
        raise TypeError(f"the values of {part} are not found again")
    return named


def _key(part: Any) -> Any:
    """The key of all that is like this part, and its values in order."""
    found = part._generate_cache_key()  # noqa: SLF001 - that by which SQLAlchemy keeps what it has compiled
    if found is None:
        raise TypeError(f"nobody can tell what is like {part}")
    return found
