"""Inputs, which move an instance, and the stream of the journal that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import history
from service.processes.models import Instance
from service.rights import Actor


def stream_of(instance_id: UUID) -> str:
    """The journal stream of an instance."""
    return f"instance:{instance_id}"


def record(
    session: Session,
    instance: Instance,
    *,
    kind: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any],
    task: str | None = None,
) -> history.Happened:
    """Appends an event to the instance's journal."""
    return history.append(
        session,
        stream=stream_of(instance.id),
        kind=kind,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data=data,
        task=task,
    )


@dataclass(frozen=True, slots=True)
class Input:
    """An input, which moves an instance: its kind, data and the user task (or timer) that it is about."""

    kind: str
    data: Mapping[str, Any]
    task: str | None = None
    completes: bool = False
