"""Lists of cases: their filters in the address, what a table needs beside its rows, the columns of an export."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from service import clock
from service.errors import Finding, Invalid
from service.http.context import db
from service.ledger import Cell
from service.processes.filters import CaseFilter
from service.processes.lateness import standings
from service.processes.models import Instance
from service.processes.rules import NEED, STATUSES, one_line
from service.usecases.names import Names
from service.web.answers import argument, asked_day
from service.web.asked import asked
from service.web.context import stage_name


def rows(instances: Any) -> dict[str, Any]:
    """The facts that a table of cases needs beside the rows."""
    names = Names(db()).learn(
        [row.initiator for row in instances],
        [row.initiator_unit for row in instances],
        [row.talent_id for row in instances],
    )
    return {"names": names, "standings": standings(db(), instances, clock.today())}


def filters(process: str | None = NEED, *, on: date | None = None) -> CaseFilter:
    """The filters of a list of cases as of a day (default: today), from the address bar."""
    late = argument("late")
    known = {"yes": True, "no": False}.get(late or "")
    return asked(CaseFilter, process=process, late=known, late_steps=True if late == "steps" else None, as_of=on)


def as_of() -> date | None:
    """The day as of which a list is asked for. Raises Invalid for what is no day."""
    found = asked_day("as_of")
    if found is None and argument("as_of"):
        raise Invalid("不能这样筛选", [Finding("/as_of", "截至日期请写成 2026-01-31 的格式")])
    return found


def case_status(case: Instance) -> str:
    """Where a case stands, in words."""
    if case.status == "running":
        return stage_name(case.process, case.stage) or STATUSES[case.status]
    return (case.status == "completed" and one_line(case.end_name)) or STATUSES[case.status]


def case_columns(names: Names) -> dict[str, Callable[[Instance], Cell]]:
    return {
        "编号": lambda case: case.number or "未编号",
        "人才": lambda case: names.talent(case.talent_id),
        "事项": lambda case: case.title or "（尚未登记）",
        "状态": case_status,
    }
