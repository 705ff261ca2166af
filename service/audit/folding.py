"""How the journal of a verification makes its row: verification folds and compares it. Pure."""

from __future__ import annotations

from service.audit.models import Verification
from service.history.folding import Digest, Event, Family, Held, Row, Rows, moment_words

VERIFIED = "verified"


def _fold(rows: Rows, event: Event) -> None:
    if event.kind == VERIFIED:
        told = {"id": rows.name, "made_by": event.actor, "ended_at": event.at}
        rows.put(Verification, rows.name, event.data, told, findings=Digest(event.data["findings"]))


def _called(row: Row) -> str:
    return f"{row['made_by']} {moment_words(row['ended_at'])}"


FAMILIES = (Family("verification", (Held(Verification, Verification.id, "核验结果", _called),), _fold),)
