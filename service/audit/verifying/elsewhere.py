"""The heads that are kept where the owner of the database does not write, held against it by each verification.

Heads alone are compared as long as nothing else is wrong: a tree that was checked has the root that its head says.
Where a head is another one, or the seals do not fit the journal, every hash is made anew, and the first event that
differs is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.audit.tables.names import named
from service.audit.verifying.pieces import Answer
from service.db import Database
from service.errors import Invalid
from service.processes.deployed import Mismatch
from service.seals import check_against
from service.seals.against import heads_differ
from service.seals.witnesses import collect

NOT_HELD = (
    "没有设置封存的见证目录，本次没有与保存在别处的封存核对：连同封存一起重做的改写，"
    "只有用保存在别处的封存（liaison verify --against，或“封存”页）才查得出"
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The folder of witnesses that the settings name, None where they name none."""

    folder: Path | None

    def check(self, database: Database, *, sealed: int, wrong: bool) -> Answer:
        """Holds the database against the heads that are kept there, and gives the differences.

        ``sealed``: heads that the database has; ``wrong``: something of them was found wrong already.
        """
        if self.folder is None:
            return Answer(remarks=[NOT_HELD] if sealed else [])
        try:
            witnesses = collect(self.folder)
        except (Invalid, OSError) as error:
            why = error.message if isinstance(error, Invalid) else f"见证目录 {self.folder} 读不出来"
            return Answer(remarks=[f"{why}；本次没有与保存在别处的封存核对"] if sealed else [])
        with database.reading(long=True) as session:
            if not wrong and not heads_differ(session, witnesses):
                return Answer()
            checked = check_against(session, witnesses, None, lambda stream: named(session, stream))
        found = [Mismatch(one.stream, one.seq, one.what, must=one.must, have=one.have) for one in checked.mismatches]
        return Answer(found, remarks=checked.remarks)
