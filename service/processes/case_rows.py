"""All that is stored of the cases of a batch: the journal of each, the rows that hold it, those kept beside it.

A batch takes a statement a table, whatever the number of its cases; on SQLite none for what was read already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session

from service import history
from service.db import Base
from service.db.failures import is_unreadable
from service.db.raw_rows import Read, Row, plain_rows, shape
from service.history import Chain, HistoryEvent
from service.processes.case_link import CaseLink
from service.processes.figure_models import FigureCase
from service.processes.models import CaseSpan, CaseText, ClockRun, CopyTo, Instance, Timer, UserTask
from service.processes.order_models import CaseOrder
from service.processes.reader_models import CaseReader
from service.processes.recording import stream_of
from service.processes.register_models import Urge
from service.processes.said_models import CaseSaid

if TYPE_CHECKING:
    from service.processes.projections import Projection

AT_ONCE = 200
"""Cases of a batch: enough that statements cost nothing, few enough that they fit into some megabytes."""
OWNERS: Mapping[type[Base], InstrumentedAttribute[UUID]] = {
    Instance: Instance.id,
    UserTask: UserTask.instance_id,
    Timer: Timer.instance_id,
    CopyTo: CopyTo.instance_id,
    CaseLink: CaseLink.instance_id,
    ClockRun: ClockRun.instance_id,
    CaseSpan: CaseSpan.instance_id,
    CaseText: CaseText.instance_id,
    Urge: Urge.instance_id,
    CaseReader: CaseReader.instance_id,
}
"""The tables that hold a case, each with the column that says which case."""
BESIDE: Mapping[type[Base], InstrumentedAttribute[UUID]] = {
    FigureCase: FigureCase.instance_id,
    CaseOrder: CaseOrder.instance_id,
    CaseSaid: CaseSaid.instance_id,
}
"""The same of the tables that follow from those rows (adr/0068, adr/0091, adr/0103)."""


@dataclass(slots=True)
class Case:
    """All that is stored of a case: its journal, and its rows by table.

    ``beside``: the rows of ``BESIDE``, each with the columns of its table in their order; of a table in which somebody
    wrote what is no value, nothing. ``told``: the rows that its journal leads to, once each stored row was found to be
    as these are; ``runs``: those of its clocks in the order in which they are stored, None where the days of the case
    are cut otherwise.
    """

    id: UUID
    chain: Chain
    rows: dict[type[Base], list[Row]] = field(default_factory=dict)
    beside: dict[type[Base], Sequence[Sequence[Any]]] = field(default_factory=dict)
    told: Projection | None = field(default=None, compare=False)
    runs: Sequence[Mapping[str, Any]] | None = field(default=None, compare=False)

    @property
    def events(self) -> Sequence[HistoryEvent]:
        """Its journal, for those who read events as the ORM gives them: these have the same attributes."""
        return cast("Sequence[HistoryEvent]", self.chain.events)


def stored_cases(
    session: Session,
    ids: Sequence[UUID],
    played: datetime | None = None,
    read: Read | None = None,
    *,
    beside: bool = False,
) -> list[Case]:
    """The cases of a batch, in their order; ``beside``: with the rows of ``BESIDE``. A statement a table, less those of
    tables that were ``read`` already."""
    read = read or Read()
    chains = history.chains(session, [stream_of(one) for one in ids], played=played, read=read)
    found = [Case(one, chains[stream_of(one)]) for one in ids]
    for model, owner in OWNERS.items():
        known = shape(session, model)
        rows, made = _by_owner(session, model, owner, ids, read), known.of_plain
        for case in found:
            case.rows[model] = [made(row) for row in rows.get(known.form(owner.key, case.id), ())]
    for model, owner in BESIDE.items() if beside else ():
        try:
            known, rows = shape(session, model), _by_owner(session, model, owner, ids, read)
        except DBAPIError as error:
            if not is_unreadable(error):
                raise
            continue  # whoever asks about each case finds which
        for case in found:
            case.beside[model] = rows.get(known.form(owner.key, case.id), ())
    return found


def _by_owner(
    session: Session, model: type[Base], owner: InstrumentedAttribute[UUID], ids: Sequence[UUID], read: Read
) -> Mapping[Any, Sequence[Sequence[Any]]]:
    """Owner as it is stored → rows, in the order of their keys."""
    if (there := read.of(model)) is not None:
        return there
    own = shape(session, model).names.index(owner.key)
    rows: dict[Any, list[Sequence[Any]]] = defaultdict(list)
    for row in plain_rows(session, model, owner, ids):
        rows[row[own]].append(row)
    return rows
