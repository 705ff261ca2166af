"""The ledger (台账, R2) as a table: one row a case, in words, for .xlsx and .csv."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import TextIOWrapper
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.config import Organization
from service.ledger.tables import FORMULA, Cell, write_table
from service.people.models import Leader, Unit
from service.processes import queries
from service.processes.models import Instance, UserTask
from service.processes.rules import STAGES, one_line
from service.talents.models import Talent

BATCH = 500
STATUSES: Mapping[str, str] = {
    "running": "办理中",
    "suspended": "已挂起",
    "completed": "已办结",
    "terminated": "已终止",
}
OUTCOMES: Mapping[str, str] = {"solved": "已解决", "partly": "部分解决", "policy_limited": "现行政策框架下未能解决"}
COLUMNS = (
    "编号",
    "需求",
    "状态",
    "当前环节",
    "联系对象",
    "联系领导",
    "类别",
    "镇街",
    "登记单位",
    "责任单位",
    "登记时间",
    "结束时间",
    "结束方式",
    "办理结果",
    "催办次数",
    "是否超期",
)


@dataclass(frozen=True, slots=True)
class _Names:
    talents: Mapping[str, str]
    leaders: Mapping[str, str]
    units: Mapping[str, str]
    handlers: Mapping[Any, Sequence[str]]
    organization: Organization
    overdue: Collection[Any]


def ledger_rows(session: Session, cases: Iterable[Instance], organization: Organization) -> Iterator[list[Cell]]:
    """The cells of each case under ``COLUMNS``; five statements for every 500 cases."""
    for group in _groups(cases):
        names = _names(session, group, organization)
        for case in group:
            yield _row(case, names)


def all_cases(session: Session, process: str = "request") -> Iterator[Instance]:
    """Every case of the process, the oldest first."""
    found = select(Instance).where(Instance.process == process).order_by(Instance.started_at, Instance.id)
    yield from session.scalars(found.execution_options(yield_per=BATCH))


def write_xlsx(rows: Iterable[Sequence[Cell]], into: BinaryIO) -> int:
    """Writes a workbook with one sheet of ``COLUMNS``; gives the number of rows below the heading."""
    return write_table(rows, into, columns=COLUMNS, title="台账")


def write_csv(rows: Iterable[Sequence[Cell]], into: BinaryIO) -> int:
    """Writes UTF-8 with a mark that Excel knows; gives the number of rows below the heading."""
    text = TextIOWrapper(into, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
        count += 1
    text.flush()
    text.detach()
    return count


def _plain(cell: Cell) -> str | int | date | None:
    if isinstance(cell, datetime):
        return f"{clock.local(cell):%Y-%m-%d %H:%M}"
    # a leading apostrophe keeps a spreadsheet from running what somebody typed
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _groups(cases: Iterable[Instance]) -> Iterator[list[Instance]]:
    group: list[Instance] = []
    for case in cases:
        group.append(case)
        if len(group) == BATCH:
            yield group
            group = []
    if group:
        yield group


def _names(session: Session, cases: Sequence[Instance], organization: Organization) -> _Names:
    talents = select(Talent.id, Talent.name).where(Talent.id.in_({case.talent_id for case in cases if case.talent_id}))
    wanted = {case.leader_id for case in cases if case.leader_id}
    leaders = {str(leader.id): leader.person.name for leader in session.scalars(select(Leader))} if wanted else {}
    handlers: dict[Any, list[str]] = {}
    handling = (
        select(UserTask.instance_id, UserTask.unit)
        .where(
            UserTask.instance_id.in_([case.id for case in cases]),
            UserTask.role == "responsible_unit",
            UserTask.unit.is_not(None),
        )
        .order_by(UserTask.entered_seq, UserTask.id)
    )
    for instance_id, unit in session.execute(handling):
        units = handlers.setdefault(instance_id, [])
        if unit is not None and unit not in units:
            units.append(unit)
    return _Names(
        talents=dict(session.execute(talents).all()),
        leaders=leaders,
        units=dict(session.execute(select(Unit.code, Unit.name)).all()),
        handlers=handlers,
        organization=organization,
        overdue=queries.overdue(session, cases),
    )


def _row(case: Instance, names: _Names) -> list[Cell]:
    data = case.data
    category = names.organization.categories.get(str(data.get("category")))
    town = names.organization.towns.get(str(data.get("town")))
    return [
        case.number or "",
        case.title,
        STATUSES[case.status],
        STAGES.get(case.stage or "", ""),
        names.talents.get(case.talent_id or "", ""),
        names.leaders.get(case.leader_id or "", ""),
        category.name if category is not None else "",
        town.name if town is not None else "",
        names.units.get(case.initiator_unit or "", ""),
        "、".join(names.units.get(unit, unit) for unit in names.handlers.get(case.id, ())),
        case.started_at,
        case.ended_at,
        one_line(case.end_name),
        OUTCOMES.get(str(data.get("outcome")), ""),
        case.urges,
        "是" if case.late or case.id in names.overdue else "否",
    ]
