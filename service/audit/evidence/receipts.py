"""The receipts of the packages of evidence that were given out of a case: who, when, and the digests of each file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit.evidence.package import EXPORTED, RIGHT
from service.errors import NotFound
from service.history import Happened, HistoryEvent
from service.processes.models import Instance
from service.processes.queries import visible
from service.rights import Actor, require
from service.seals import STREAM


@dataclass(frozen=True, slots=True)
class Receipt:
    """One package: ``seq`` numbers its entry in the journal of seals, ``digest`` is the SHA-256 of its
    manifest, ``sha256`` and ``sm3`` are those of the whole file (``sm3`` None where it was not made)."""

    seq: int
    at: datetime
    by: str
    digest: str
    sha256: str
    sm3: str | None
    seal: int | None

    @classmethod
    def of(cls, event: HistoryEvent | Happened) -> Receipt:
        """The receipt that an entry of the journal gives."""
        data: Any = event.data
        return cls(event.seq, event.at, event.actor, data["digest"], data["sha256"], data.get("sm3"), data.get("seal"))


@dataclass(frozen=True, slots=True)
class Receipts:
    """The case and its receipts, the newest first."""

    instance: Instance
    items: Sequence[Receipt]


def receipts(session: Session, instance_id: UUID | str, actor: Actor) -> Receipts:
    """The receipts of a case for who may export its evidence. Raises NotAllowed, NotFound."""
    require(actor, RIGHT)
    instance = visible(session, instance_id, actor)
    found = select(HistoryEvent).where(
        HistoryEvent.stream == STREAM,
        HistoryEvent.kind == EXPORTED,
        HistoryEvent.data["instance"].as_string() == str(instance.id),
    )
    listed = session.scalars(found.order_by(HistoryEvent.seq.desc())).all()
    return Receipts(instance, [Receipt.of(one) for one in listed])


def receipt(session: Session, instance_id: UUID | str, seq: int, actor: Actor) -> tuple[Instance, Receipt]:
    """One of them by the number of its entry, with the case. Raises NotAllowed, NotFound."""
    found = receipts(session, instance_id, actor)
    for one in found.items:
        if one.seq == seq:
            return found.instance, one
    raise NotFound("没有这张回执")
