"""Once, at the upgrade to the release that compares every column: what earlier events did not tell is written down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service import history
from service.audit.tables.comparing import Found
from service.audit.tables.streams import verify_records
from service.history.folding import BASELINE
from service.rights import SYSTEM

STREAM = "baseline"


def write_baseline(session: Session, *, now: datetime) -> int | None:
    """Journals, as found, the values that no earlier event tells; gives how many rows, None where it was done before.

    Only what the events left open is taken as it stands: where they say something else verification names it still.
    It is done once for ever, so that nothing changed later is taken for what was there.
    """
    if history.count(session, STREAM):
        return None
    found: list[Found] = []
    for _ in verify_records(session, found=found):
        pass
    listed = [one for one in found if one.stream]
    history.lock_all(session, {one.stream for one in listed})
    for one in listed:
        data = {"table": one.table, "by": dict(one.by), "row": dict(one.row)}
        history.append(session, stream=one.stream, kind=BASELINE, actor=SYSTEM.username, at=now, data=data)
    said = {"rows": len(listed)}
    history.append(session, stream=STREAM, kind=BASELINE, actor=SYSTEM.username, at=now, data=said)
    session.flush()
    return len(listed)
