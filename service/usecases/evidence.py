"""证据包: the evidence of a case is read, printed and packed, and that it was given out is journaled."""

from __future__ import annotations

from uuid import UUID

from service import clock
from service.audit.evidence import package
from service.audit.evidence.package import RIGHT, Evidence
from service.audit.evidence.receipts import Receipt
from service.db import Database
from service.rights import Actor

__all__ = ["RIGHT", "Evidence", "hand_out"]


def hand_out(
    database: Database, instance_id: UUID | str, actor: Actor, *, by: Actor | None = None
) -> tuple[Evidence, Receipt]:
    """The evidence of a case for who sees it, exported ``by`` whom, if by another; it is journaled before it leaves,
    and the receipt says how.

    Has transactions of its own, none while it prints. Raises NotFound, NotAllowed, Conflict (what is sealed was
    changed), Busy while others print.
    """
    with database.reading(long=True) as session:
        gathered = package.gather(session, instance_id, actor, by=by)
        session.expunge_all()  # what was read outlives the reading
    made = package.packed(gathered)
    with database.transaction() as session:
        receipt = Receipt.of(package.journal(session, made, actor=by or actor, now=clock.now()))
    return made, receipt
