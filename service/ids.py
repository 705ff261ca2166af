"""The only source of identifiers.

``new()`` makes an unguessable id for a record that starts its own history. Ids that an instance makes inside itself
come from ``derive()``: the same name within the same namespace always gives the same id, so replay meets the ids of the
past.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from uuid import UUID, uuid4, uuid5

_series: ContextVar[Iterator[UUID] | None] = ContextVar("series_of_ids", default=None)


def new() -> UUID:
    """A fresh random id; the next of the series where one is set."""
    series = _series.get()
    return uuid4() if series is None else next(series)


def derive(namespace: UUID, name: str) -> UUID:
    """The id that ``name`` has within ``namespace``, the same for ever."""
    return uuid5(namespace, name)


def as_id(value: UUID | str) -> UUID | None:
    """``value`` as an id, or ``None`` where it is no id at all."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except ValueError:
        return None


@contextmanager
def reproducible(namespace: UUID, name: str) -> Iterator[None]:
    """Within the block ``new()`` gives the same ids in the same order at every run, for this thread or task only.

    They can be guessed: for made-up data (the demonstration), never for what must be kept apart.
    """
    token = _series.set(uuid5(namespace, f"{name}:{number}") for number in count(1))
    try:
        yield
    finally:
        _series.reset(token)
