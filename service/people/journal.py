"""How a command of the people side enters the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from service import history


class By(Protocol):
    """Who does it: ``auth.Actor``, seen from below the layer that knows it."""

    @property
    def username(self) -> str: ...

    @property
    def on_behalf_of(self) -> str | None: ...


def record(session: Session, stream: str, kind: str, data: Mapping[str, object], *, actor: By, now: datetime) -> None:
    """Appends what ``actor`` did to ``stream``; dates and ids in ``data`` become text."""
    history.append(
        session,
        stream=stream,
        kind=kind,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data=as_json(data),
    )


def as_json(data: Mapping[str, object]) -> dict[str, object]:
    """``data`` with its dates and ids as text, as the journal keeps it."""
    return {key: _json(value) for key, value in data.items()}


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """What an update changed: field → ``[old, new]``; fields that stay are left out."""
    return {key: [_json(before[key]), _json(after[key])] for key in after if before[key] != after[key]}


def _json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
