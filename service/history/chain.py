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
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = dumps([stream, seq, moment, actor, on_behalf_of, kind, task, data, prev_hash])
    return hashlib.sha256(text.encode()).hexdigest()
