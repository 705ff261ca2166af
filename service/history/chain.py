"""The hash chain: pure, so that anybody can recompute it from an export."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from service.canonical import dumps

FIRST = "0" * 64
"""``prev_hash`` of the first event of a stream."""


def seal(
    *,
    stream: str,
    seq: int,
    at: datetime,
    actor: str,
    on_behalf_of: str | None,
    kind: str,
    task: str | None,
    data: dict[str, Any],
    prev_hash: str,
) -> str:
    """SHA-256, in hex, of the canonical JSON list of all the arguments in this order; ``at`` as ISO text in UTC."""
    return seal_text(
        stream=stream,
        seq=seq,
        at=at,
        actor=actor,
        on_behalf_of=on_behalf_of,
        kind=kind,
        task=task,
        said=dumps(data),
        prev_hash=prev_hash,
    )


def seal_text(
    *,
    stream: str,
    seq: int,
    at: datetime,
    actor: str,
    on_behalf_of: str | None,
    kind: str,
    task: str | None,
    said: str,
    prev_hash: str,
) -> str:
    """As ``seal``, of data whose canonical text is at hand as ``said``."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    before, after = dumps([stream, seq, moment, actor, on_behalf_of, kind, task]), dumps(prev_hash)
    return hashlib.sha256(f"{before[:-1]},{said},{after}]".encode()).hexdigest()
