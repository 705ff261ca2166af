"""Lists of cases: their filters in the address, what a table needs beside its rows, the columns of an export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from service import clock
from service.errors import Finding, Invalid
from service.http.context import db
from service.ledger import Cell
from service.processes.calendars import current
from service.processes.filters import CaseFilter
from service.processes.lateness import standings
from service.processes.links import into_of
from service.processes.models import RUNNING, SUSPENDED, Instance, UserTask
from service.processes.rules import NEED, STATUSES, left, one_line
from service.processes.steps import waiting_of_cases
from service.processes.visibility import is_round
from service.usecases.names import Names
from service.web.answers import argument, asked_day
from service.web.asked import asked
from service.web.context import stage_name
from service.web.present import case_number


def rows(instances: Any) -> dict[str, Any]:
    """The facts that a table of cases needs beside the rows."""
    apart = [row for row in instances if not is_round(row)]  # of a round each unit knows its own part alone
    waiting = waiting_of_cases(db(), [row.id for row in apart if row.status == RUNNING])
    names = Names(db()).learn(
        [row.initiator for row in instances],
        [*(row.initiator_unit for row in instances), *(one.unit for one in waiting)],
        [row.talent_id for row in instances],
    )
    return {
        "names": names,
        "standings": standings(db(), instances, clock.today()),
        "waiting": _waiting(waiting, names),
        "joined": into_of(db(), [row.id for row in apart if row.status == SUSPENDED]).keys(),
    }


def _waiting(steps: Sequence[UserTask], names: Names) -> Mapping[UUID, Sequence[str]]:
    """Case → who must act and how far the date is (区教育局，还剩 3 个工作日), the most urgent first."""
    calendar, today = current(db()), clock.today()
    found: dict[UUID, list[str]] = {}
    for one in steps:
        days = calendar.between(today, one.due_on) if one.due_on is not None and not one.paused else None
        said = [names.holder(one.unit, one.role, one.person_key), left(days, one.due_on, today)]
        found.setdefault(one.instance_id, []).append("，".join(part for part in said if part))
    return found


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
        "编号": case_number,
        "人才": lambda case: names.talent(case.talent_id),
        "事项": lambda case: case.title or "（尚未登记）",
        "状态": case_status,
    }
