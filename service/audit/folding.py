"""How the journal of a verification makes its row: verification folds and compares it. Pure."""

from __future__ import annotations

from service.audit.models import Verification
from service.history.folding import Digest, Event, Family, Held, Rows

VERIFIED = "verified"


def _fold(rows: Rows, event: Event) -> None:
    if event.kind == VERIFIED:
        told = {"id": rows.name, "made_by": event.actor, "ended_at": event.at}
        rows.put(Verification, rows.name, event.data, told, findings=Digest(event.data["findings"]))


FAMILIES = (
    Family(
        "verification",
        (Held(Verification, Verification.id, "核验结果", lambda row: f"{row['made_by']} {row['ended_at']}"),),
        _fold,
    ),
)
