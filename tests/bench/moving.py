"""Impact, migration and backtest: cases a second, on the work of this process alone."""

from __future__ import annotations

from functools import partial
from time import process_time
from uuid import UUID

from sqlalchemy import select

from service import clock
from service.processes.bundles import compile_bundle, compiled
from service.processes.calendars import current
from service.processes.definitions import deploy
from service.processes.migrating import Choices
from service.processes.models import COMPLETED, Instance
from service.rights import COMMAND_LINE
from service.studio import backtest, impact
from service.studio.moving import Wish, moved_one
from service.studio.supposing import Suppositions
from tests.bench.figures import Table
from tests.bench.work import Bench
from tests.factories.bundles import unchecked
from tests.factories.rehearsals import plan
from tests.factories.versions import Edits, changed

MOVED, TESTED = 20, 10
SIX_DAYS: Edits = {"bpmn/unit_handling.bpmn": [("else working_days(7)", "else working_days(6)")]}
"""Another version than that to which the crowd has gone."""


def moving(world: Bench, table: Table, column: str) -> None:
    """Open needs towards a changed version; some of them moved there; finished ones tested."""
    files, database = changed(SIX_DAYS), world.database
    for _ in range(TESTED):
        world.finished()
    for _ in range(MOVED):
        world.dispatched()
    with database.transaction() as session:
        to = deploy(session, unchecked("request", files), actor=COMMAND_LINE, now=clock.now())
    with database.reading() as session:
        made = compiled(session, to.digest, "request")
        ids = impact.open_ids(session, "request", version=None, but=to.version, limit=MOVED)
        impact.judged(session, impact.Look.of(session, made, to.version, Choices(), clock.now()), ids[:5])
        look, began = impact.Look.of(session, made, to.version, Choices(), clock.now()), process_time()
        seen = impact.judged(session, look, ids)
        _put(table, "impact: each open case", column, process_time() - began, len(seen))
    wish = Wish("request", to.version)

    def move(case: UUID) -> None:
        with database.transaction() as session:
            moved_one(session, wish, case, COMMAND_LINE, clock.now())

    table.put("migration: each case", column, world.meter.runs([partial(move, case) for case in ids[:MOVED]]))
    draft = compile_bundle(files, "request")
    with database.reading() as session:
        done = session.scalars(
            select(Instance.id).where(Instance.process == "request", Instance.status == COMPLETED).limit(TESTED)
        ).all()
        calendar, began = current(session), process_time()
        for case in done:
            backtest.tested(session, case, draft, plan(), calendar, Suppositions())
        _put(table, "backtest: each finished case", column, process_time() - began, len(done))


def _put(table: Table, name: str, column: str, busy: float, count: int) -> None:
    if count:
        table.put(name, column, f"{busy * 1000 / count:7.1f} ms  {count / busy:5.0f} a second")
