"""The only source of identifiers.

``new()`` makes an unguessable id for a record that starts its own history. What an instance does inside itself takes
``derive()``: the same name within the same namespace always gives the same id, so replay meets the ids of the past.
"""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5


def new() -> UUID:
    """A fresh random id."""
    return uuid4()


def derive(namespace: UUID, name: str) -> UUID:
    """The id that ``name`` has within ``namespace``, the same for ever."""
    return uuid5(namespace, name)
