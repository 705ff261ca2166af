"""How the journal makes the batches of the access log: verification folds and compares them. Pure."""

from __future__ import annotations

from service.access_log.models import AccessBatch
from service.access_log.sealing import ENDED, SEALED, STREAM
from service.history.folding import Digest, Event, Family, Held, Rows


def _batch(rows: Rows, event: Event) -> None:
    data = event.data
    if event.kind == SEALED:
        rows.put(AccessBatch, data["number"], data, leaves=Digest(data["leaves_sha256"]), ended_at=None)
    elif event.kind == ENDED:
        rows.set(AccessBatch, data["number"], leaves=Digest.of(b""), ended_at=event.at)


FAMILIES = (
    Family(STREAM, (Held(AccessBatch, None, "访问记录的批次", lambda row: row["number"]),), _batch, single=True),
)
