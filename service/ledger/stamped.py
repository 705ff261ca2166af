"""The seals and signatures that a paper of a case bears, by the case's journal (用印)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from service.documents import NO_STAMPS
from service.ledger.case_record import Record
from service.people.stamps import pictures

STAMPED = "stamped"
"""The entry of the case's journal that a stamp on a paper leaves."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """``names``: kind of stamp → the file of its picture ('' for none), as templates read it; ``files``: content."""

    names: Mapping[str, str]
    files: Mapping[str, bytes]


def file_of(sha256: str) -> str:
    """The name under which a picture stands beside the templates."""
    return f"stamp-{sha256[:16]}.png"


def stamped(record: Record, paper: str, n: int) -> Stamped:
    """The stamps on the paper; they stay when a stamp goes out of use."""
    on = {"paper": paper, "of": n}
    found = {
        str(one.data["kind"]): one.data
        for one in record.events
        if one.kind == STAMPED and on.items() <= one.data.items()
    }
    if not found:
        return Stamped(NO_STAMPS, {})
    content = pictures(record.session, [UUID(data["stamp"]) for data in found.values()])
    names = {kind: file_of(data["sha256"]) for kind, data in found.items()}
    files = {file_of(data["sha256"]): content[UUID(data["stamp"])] for data in found.values()}
    return Stamped({**NO_STAMPS, **names}, files)
