"""An object of an event log, with its changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

Relation = tuple[str, str]
"""The id of an object, and the qualifier: what it is to the other."""
Told = tuple[str, datetime, str]
"""An attribute, the moment from which it has the value, the value as text."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: its type, attributes with every moment at which they changed, and the objects that it belongs to."""

    id: str
    type: str
    attributes: tuple[Told, ...]
    relations: tuple[Relation, ...] = ()


def said(at: datetime, **values: Any) -> tuple[Told, ...]:
    """The attributes from a moment on; what is not known is left out."""
    return tuple((name, at, written(value)) for name, value in values.items() if value is not None)


def written(value: Any) -> str:
    """A value as text: true and false as JSON writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
