"""How the journal of a verification, and of what is acknowledged of it, makes its row: verification folds and compares
it. Pure."""

from __future__ import annotations

from service.audit.models import Acknowledgement, Verification
from service.history.folding import Digest, Event, Family, Held, Row, Rows, moment_words

VERIFIED = "verified"
ACKNOWLEDGED, CONFIRMED, WITHDRAWN = "finding_acknowledged", "finding_confirmed", "finding_reopened"


def _fold(rows: Rows, event: Event) -> None:
    if event.kind == VERIFIED:
        told = {"id": rows.name, "made_by": event.actor, "ended_at": event.at}
        rows.put(Verification, rows.name, event.data, told, findings=Digest(event.data["findings"]))


def _called(row: Row) -> str:
    return f"{row['made_by']} {moment_words(row['ended_at'])}"


def _fold_word(rows: Rows, event: Event) -> None:
    if event.kind == ACKNOWLEDGED:
        told = {"id": rows.name, "made_by": event.actor, "made_at": event.at}
        empty = dict.fromkeys(("confirmed_by", "confirmed_at", "withdrawn_by", "withdrawn_at"))
        rows.put(Acknowledgement, rows.name, empty, event.data, told)
    elif event.kind == CONFIRMED:
        rows.set(Acknowledgement, rows.name, confirmed_by=event.actor, confirmed_at=event.at)
    elif event.kind == WITHDRAWN:
        rows.set(Acknowledgement, rows.name, withdrawn_by=event.actor, withdrawn_at=event.at)


def _word_called(row: Row) -> str:
    return f"{row['made_by']} {moment_words(row['made_at'])}"


_WORDS = Held(Acknowledgement, Acknowledgement.id, "核验确认", _word_called)

FAMILIES = (
    Family("acknowledgement", (_WORDS,), _fold_word),
    Family("verification", (Held(Verification, Verification.id, "核验结果", _called),), _fold),
)
