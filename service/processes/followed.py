"""The rows kept beside a case, held against what its rows lead to, where each of these came out as its journal says.

They are then at hand: nothing is read twice. Of a case that is not as it should be, and of one of which something here
differs, nothing is said: ``figure_tallies.wrong_cases`` asks the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.db.raw_rows import shape
from service.processes import case_orders, readers, said_rows
from service.processes.case_rows import BESIDE, Case
from service.processes.figure_folding import runs_of, span_of, told_of
from service.processes.figure_models import FigureCase
from service.processes.order_models import CaseOrder
from service.processes.projections import Projection
from service.processes.rules import NEED
from service.processes.said_folding import Stretch
from service.processes.said_models import CaseSaid
from service.processes.spoken import spoken


def as_kept(session: Session, case: Case, hidden: Callable[[str], frozenset[str]]) -> bool:
    """Whether the rows beside a case are proven to be those that follow from it. No statement.

    ``hidden`` gives the fields of the forms of a version (by digest) of which nothing is kept.
    """
    told, runs = case.told, case.runs
    if told is None or runs is None or case.beside.keys() != BESIDE.keys():
        return False
    if told.instance["process"] != NEED:
        return not any(case.beside.values())
    tasks = {row["id"]: row for row in told.tasks.values()}
    numbered = [{**run, "id": place, **_of_task(tasks[run["task_id"]])} for place, run in enumerate(runs)]
    return (
        _summed(session, case, told, numbered)
        and _ordered(session, case, told, numbered, tasks)
        and _said(session, case, told, hidden(told.instance["digest"]))
    )


def _of_task(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("task", "scope", "stage")}


def _summed(session: Session, case: Case, told: Projection, runs: list[dict[str, Any]]) -> bool:
    at = shape(session, FigureCase).names.index("told")
    registered = clock.day_of(told.instance["started_at"]).toordinal()
    spans = sorted(map(span_of, told.spans.rows), key=lambda span: span.first)
    ways = filter(readers.of_many, readers.every_way(told.instance, told.tasks.values()))
    return [row[at] for row in case.beside[FigureCase]] == [told_of(registered, spans, runs_of(runs), ways)]


def _ordered(
    session: Session, case: Case, told: Projection, runs: list[dict[str, Any]], tasks: Mapping[Any, Mapping[str, Any]]
) -> bool:
    known, rows = shape(session, CaseOrder), case.beside[CaseOrder]
    first_due = {key: row["first_due_on"] for key, row in tasks.items()}
    answer, step = (spoken(runs, first_due, clock.LAST_DAY, steps=steps) for steps in (False, True))
    must = case_orders.row_of(told.instance, answer, step)
    if len(rows) != 1 or must.keys() != known.columns.keys():
        return False
    return not any(known.differences(known.of_plain(rows[0]), must))


def _said(session: Session, case: Case, told: Projection, hidden: frozenset[str]) -> bool:
    known, rows = shape(session, CaseSaid), case.beside[CaseSaid]
    must = said_rows.of_tasks(told.tasks.values(), case.events, hidden)
    places = [known.names.index(name) for name in ("started_at", *Stretch._fields)]
    have = {tuple([row[place] for place in places]) for row in rows}
    if not len(have) == len(rows) == len(must):
        return False
    begun = known.form("started_at", told.instance["started_at"])
    days = {day: known.form("from_on", day) for day in {day for row in must for day in (row.from_on, row.until_on)}}
    return have == {
        (begun, row.field, row.newest, days[row.from_on], days[row.until_on], row.key, row.value) for row in must
    }
