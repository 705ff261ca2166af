"""The ledger (台账, R2): every case that the reader may see, filterable, with the columns the reader wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service import clock
from service.db.lists import Page
from service.http.context import actor, db, wired
from service.ledger import COLUMNS, Cell, ledger_rows
from service.processes import queries
from service.processes.lateness import MEANING
from service.processes.models import Instance
from service.processes.rules import NEED
from service.web.access import requires
from service.web.answers import PER_PAGE, offset
from service.web.case_lists import as_of, filters
from service.web.choices import every_unit
from service.web.context import stage_names
from service.web.exports import Columns, batches, workbook

blueprint = Blueprint("ledger", __name__)

LINKED = "需求"
"""The column that leads to the case; it is always shown."""
USUAL = ("编号", LINKED, "状态", "联系对象", "责任单位", "登记时间", "结束时间", "催办次数", "是否超期")
STEPS = "环节超期"
"""The column that shows why a case is found by the filter of that name."""
WIDE = ("责任单位", "登记单位", "联系领导")
"""Columns whose cells may break into lines."""
SORTED = {"编号": "number", "登记时间": "started", "结束时间": "ended"}


@blueprint.get("/ledger")
@requires(cases=True)
def ledger() -> ResponseReturnValue:
    """需求台账."""
    page = _found(PER_PAGE, offset())
    organization = wired().organization
    table = ledger_rows(db(), page.items, organization, as_of())
    return render_template(
        "ledger/ledger.html",
        page=page,
        rows=[dict(zip(COLUMNS, row, strict=True)) for row in table],
        today=clock.today(),
        meaning=MEANING,
        columns=COLUMNS,
        shown=_shown(),
        linked=LINKED,
        wide=WIDE,
        sorted_by=SORTED,
        stages=stage_names().newest(NEED),
        towns=organization.towns,
        categories=organization.categories,
        units=every_unit(),
    )


@blueprint.get("/ledger.xlsx")
@requires(cases=True)
def export() -> ResponseReturnValue:
    """Exports the shown list, by its filters and columns, all its pages, for a spreadsheet."""
    on = as_of() or clock.today()
    return workbook(f"需求台账（截至{on.isoformat()}）", batches(_found), _columns)


def _found(limit: int, offset: int) -> Page[Instance]:
    return queries.cases(db(), actor(), filters=filters(on=as_of()), limit=limit, offset=offset)


def _columns(cases: Sequence[Instance]) -> Columns[Instance]:
    table = ledger_rows(db(), cases, wired().organization, as_of())
    cells = {case.id: row for case, row in zip(cases, table, strict=True)}

    def column(place: int) -> Callable[[Instance], Cell]:
        return lambda case: cells[case.id][place]

    return {name: column(COLUMNS.index(name)) for name in _shown()}


def _shown() -> Sequence[str]:
    """The columns that the address asks for, in the table's order."""
    asked = set(request.args.getlist("col")) & set(COLUMNS)
    usual = {*USUAL, STEPS} if request.args.get("late") == "steps" else set(USUAL)
    return [name for name in COLUMNS if name in (asked | {LINKED} if asked else usual)]
