"""The ledger (台账, R2) as a table: one row a case, in words, for .xlsx and .csv."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import TextIOWrapper
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.config import Organization
from service.ids import as_id
from service.ledger.workbooks import FORMULA, Cell, write_table
from service.people.models import Leader
from service.people.past import leaders_then, unit_names_then
from service.processes.calendars import current, days_late
from service.processes.lateness import IN_TIME, Standing, standings
from service.processes.models import RUN_ANSWERED, RUN_HANDED_BACK, RUN_RETURNED, RUN_SUSPENDED, SUSPENDED, Instance
from service.processes.past import State, states, units_awaiting, units_of_role_then
from service.processes.rules import NEED, STATUSES, left, one_line
from service.processes.speaking import Term, terms, unit_terms
from service.processes.stages import StageNames
from service.processes.wide import of_process
from service.rights.policy import RESPONSIBLE_UNIT
from service.talents.past import names_then
from service.workdays import Calendar

BATCH = 500
OUTCOMES: Mapping[str, str] = {"solved": "已解决", "partly": "部分解决", "policy_limited": "目前政策框架下尚未能解决"}
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
    "主办",
    "协办",
    "轮次",
    "收到",
    "期限",
    "原定期限",
    "期限单位",
    "各单位期限",
    "剩余/超期",
    "环节期限",
    "环节剩余/超期",
    "登记时间",
    "结束时间",
    "结束方式",
    "办理结果",
    "催办次数",
    "是否超期",
    "环节超期",
)


_OF_TERM, _OF_STEPS, _OF_STANDING = (
    frozenset(("轮次", "收到", "期限", "原定期限", "期限单位", "剩余/超期")),
    frozenset(("环节期限", "环节剩余/超期")),
    frozenset(("是否超期", "环节超期")),
)
"""Columns that are looked up together."""
EACH_UNIT = "各单位期限"
"""The column that tells the date of each unit, looked up by itself."""
LEFT = "剩余/超期"
"""The column of what is left, which asks each unit of a suspended case."""

STOPPED = "挂起期间不计时"
"""Instead of the days left, of a suspended case whose units owe an answer."""
NOT_GIVEN = "未答复"
ENDS: Mapping[str, str] = {RUN_ANSWERED: "已答复", RUN_HANDED_BACK: "已退回", RUN_RETURNED: "已退回"}
"""How a unit's work ended, in words; ``NOT_GIVEN`` of all other ends."""


@dataclass(frozen=True, slots=True)
class _Names:
    talents: Mapping[str, str]
    leaders: Mapping[str, str]
    units: Mapping[str, str]
    handlers: Mapping[UUID, Sequence[str]]
    terms: Mapping[UUID, Term]
    step_terms: Mapping[UUID, Term]
    unit_terms: Mapping[UUID, Sequence[Term]]
    awaiting: Mapping[UUID, Sequence[str]]
    calendar: Calendar
    on: date
    organization: Organization
    standings: Mapping[UUID, Standing]
    states: Mapping[UUID, State]
    stages: StageNames


def ledger_rows(
    session: Session,
    cases: Iterable[Instance],
    organization: Organization,
    on: date | None = None,
    only: Collection[str] = COLUMNS,
) -> Iterator[list[Cell]]:
    """The cells of each case under ``COLUMNS``, as of the end of a day (default: today), of cases that had begun then.

    是否超期, 收到, 剩余/超期 and all that tells of 期限 is about responsible units [T], 环节超期 and 环节期限 about all
    other steps [A] (``processes.lateness``, ``processes.speaking``). Of columns that are not among ``only`` nothing is
    looked up. A fixed number of statements for every 500 cases.
    """
    for group in _groups(cases):
        names = _names(session, group, organization, on or clock.today(), frozenset(only))
        for case in group:
            yield _row(case, names)


def all_cases(session: Session, process: str = NEED) -> Iterator[Instance]:
    """Every case of the process, of needs those that have been filled in, the oldest first."""
    found = select(Instance).where(*of_process(process, found=False)).order_by(Instance.started_at, Instance.id)
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


def _names(
    session: Session, cases: Sequence[Instance], organization: Organization, on: date, only: frozenset[str]
) -> _Names:
    stood = states(session, cases, on)
    served = {state.talent_id for state in stood.values() if state.talent_id} if "联系对象" in only else set()
    serving = {state.leader_id for state in stood.values() if state.leader_id}
    wanted = [key for one in serving if (key := as_id(one)) is not None]
    leaders = leaders_then(session, session.scalars(select(Leader).where(Leader.id.in_(wanted))), on)
    ids = [case.id for case in cases]
    still = [key for key in ids if stood[key].status == SUSPENDED] if LEFT in only else []
    each = ids if EACH_UNIT in only else still
    return _Names(
        terms=terms(session, ids, on) if only & _OF_TERM else {},
        step_terms=terms(session, ids, on, steps=True) if only & _OF_STEPS else {},
        unit_terms=unit_terms(session, each, on) if each else {},
        awaiting=units_awaiting(session, ids, on) if EACH_UNIT in only else {},
        calendar=current(session),
        on=on,
        talents=names_then(session, served, on),
        leaders={str(key): one.name for key, one in leaders.items()},
        units=unit_names_then(session, on),
        handlers=units_of_role_then(session, ids, RESPONSIBLE_UNIT, on) if "责任单位" in only else {},
        organization=organization,
        standings=standings(session, cases, on) if only & _OF_STANDING else {},
        states=stood,
        stages=StageNames(session),
    )


def _row(case: Instance, names: _Names) -> list[Cell]:
    state, standing = names.states[case.id], names.standings.get(case.id, IN_TIME)
    category = names.organization.categories.get(state.category or "")
    town = names.organization.towns.get(state.town or "")
    term, step = names.terms.get(case.id), names.step_terms.get(case.id)
    units, assisting = names.unit_terms.get(case.id, ()), filter(None, (state.assisting_units or "").split(","))
    return [
        state.number or "",
        state.title,
        STATUSES[state.status],
        names.stages.of(case.process, state.stage),
        names.talents.get(state.talent_id or "", ""),
        names.leaders.get(state.leader_id or "", ""),
        category.name if category is not None else "",
        town.name if town is not None else "",
        names.units.get(case.initiator_unit or "", ""),
        "、".join(names.units.get(unit, unit) for unit in names.handlers.get(case.id, ())),
        names.units.get(state.lead_unit or "", ""),
        "、".join(names.units.get(unit, unit) for unit in assisting if unit != state.lead_unit),
        term.rounds if term is not None else None,
        term.received_on if term is not None else None,
        term.due_on if term is not None else None,
        term.first_due_on if term is not None else None,
        names.units.get(term.unit or "", "") if term is not None else "",
        "；".join(_of_units(units, names.awaiting.get(case.id, ()), state, names)),
        STOPPED if _stopped(term, units, state) else _standing(term, names),
        step.due_on if step is not None else None,
        _standing(step, names),
        case.started_at,
        state.ended_at,
        one_line(state.end_name),
        OUTCOMES.get(state.outcome or "", ""),
        state.urges,
        "是" if standing.late else "否",
        "是" if standing.late_steps else "否",
    ]


def _of_units(terms: Iterable[Term], awaiting: Collection[str], state: State, names: _Names) -> Iterator[str]:
    """Each unit, who leads first, with its own date, the one that it first had, and whether it has answered.

    Of the units that are ``awaiting`` a meeting and owe nothing else it is said that their days are not counted.
    """
    dated = {term.unit: term for term in terms if term.ended is None or term.unit not in awaiting}
    every: dict[str | None, Term | None] = {**dict.fromkeys(awaiting), **dated}
    for unit, term in sorted(every.items(), key=lambda one: one[0] != state.lead_unit):
        part = "（主办）" if unit == state.lead_unit else ""
        if term is None:
            yield f"{names.units.get(unit or '', '')}{part}（待上会，不计时）"
            continue
        if term.ended == RUN_SUSPENDED and state.status == SUSPENDED:
            yield f"{names.units.get(term.unit or '', '')}{part}（挂起，不计时）"
            continue
        first = f"，原定 {term.first_due_on.isoformat()}" if term.first_due_on != term.due_on else ""
        doubt = "（暂定）" if names.calendar.is_provisional(term.due_on) else ""
        ended = f"，{ENDS.get(term.ended, NOT_GIVEN)}" if term.ended is not None else doubt
        yield f"{names.units.get(term.unit or '', '')}{part} {term.due_on.isoformat()}{first}{ended}"


def _stopped(term: Term | None, units: Iterable[Term], state: State) -> bool:
    """Whether the case is suspended and a unit still owes an answer, or none has given one."""
    if state.status != SUSPENDED:
        return False
    return term is None or term.ended != RUN_ANSWERED or any(one.ended == RUN_SUSPENDED for one in units)


def _standing(term: Term | None, names: _Names) -> str:
    """The working days that are left or over; of an answer whether it came in time; else that none was given."""
    if term is None:
        return ""
    if term.ended is not None and term.ended != RUN_ANSWERED:
        return ENDS.get(term.ended, NOT_GIVEN)
    if term.until_on is not None:
        late = days_late(names.calendar, term.due_on, term.until_on)
        return f"超期 {late} 个工作日答复" if late else "按期答复"
    told = left(names.calendar.between(names.on, term.due_on), term.due_on, names.on)
    return f"{told}（期限暂定）" if names.calendar.is_provisional(term.due_on) else told
