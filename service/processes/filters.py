"""Filters and sort orders of lists of tasks and cases, as conditions of SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service import clock
from service.errors import Finding, Invalid
from service.fields import condition
from service.processes import lateness, need_figures, said_kept, speaking
from service.processes.column_filters import UNSAID as UNSAID
from service.processes.column_filters import midnight, of_columns, of_office
from service.processes.models import COMPLETED, DONE, OPEN, RUNNING, SUSPENDED, TERMINATED, Instance, UserTask
from service.processes.past import Rows, assisted_by, assisting, cases_on, is_past, of_unit, said
from service.processes.readers import UNIT
from service.processes.rules import GREEN, GREY, NEED, RED, YELLOW
from service.processes.said_fields import HOW, asked_of, column_named, of_leader, where_said
from service.processes.said_fields import of_unit as pinyin_of_unit
from service.processes.searching import best_first, sought
from service.processes.title_order import of_title
from service.processes.wide import Wide, by_reader, of_process
from service.processes.wiring import Wiring
from service.spelling import terms

STAGE = "the code of a stage, as the process or `organization.toml` names it"
SEARCHED = "number or matter: 汉字, pinyin or initials"
FOUND = "number, matter, text of the need, talent, employer or unit: 汉字 in any form, pinyin or initials"
TASK_SORTS = ("due", "-due", "entered", "-entered", "number", "-number", "stage")
SORTED = (
    *("number", "title", "status", "stage", "talent", "leader", "category", "town", "origin", "lead", "assisting"),
    *("rounds", "received", "due", "first_due", "due_unit", "step_due", "started", "ended", "end", "outcome"),
    *("urges", "late", "late_steps"),
)
"""The columns by which cases are sorted; after ``-`` in the other direction."""
COMPUTED = frozenset(
    (
        *("talent", "leader", "origin", "lead", "rounds", "received", "due", "first_due", "due_unit", "step_due"),
        *("late", "late_steps"),
    )
)
"""Those that are worked out for each case: beyond as many as are counted they are told by what is kept (``ranking``),
or not at all."""
BEST = "best"
"""The best of what a search finds first; without a search the newest."""
CASE_SORTS = (BEST, *(sign + name for name in SORTED for sign in ("", "-")))
MOST = 99


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """The filter of a list of tasks; None leaves it open. ``q`` searches number and matter, 汉字 or pinyin.

    ``status`` says which list is asked for: it is the list that holds to it.
    """

    instance: str | None = condition(note="id of the instance")
    status: str = condition(OPEN, choices=(OPEN, DONE))
    process: str | None = None
    light: str | None = condition(choices=(GREEN, YELLOW, RED, GREY))
    stage: str | None = condition(note=STAGE)
    unit: str | None = condition(note="code of the unit that must act")
    q: str | None = condition(note=SEARCHED)
    sort: str = condition("due", choices=TASK_SORTS)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """The filter of a list of cases (the ledger).

    ``late``: a responsible unit is late in it, ``late_steps``: somebody else is (``lateness``). ``received…``,
    ``due…`` and ``first_due…`` are about the answer that a responsible unit owes, ``step_due…`` about the other steps
    (``speaking``).
    ``as_of``: as of the end of that day (None: today): the cases that had begun, all that is asked of them as it was
    then. ``figure``: the cases that a figure of the statistics counts (``figures``), of the unit ``asked`` alone where
    it is named; ``done_in``: those in which a step of a stage had been done. ``rule`` and ``against`` are
    asked by ``queries`` (``dispatching``).
    """

    process: str | None = NEED
    status: str | None = condition(choices=(RUNNING, SUSPENDED, COMPLETED, TERMINATED))
    stage: str | None = condition(note=STAGE)
    number: str | None = None
    talent_id: str | None = condition(sent="talent")
    talents: Collection[str] | None = condition(internal=True)
    talents_but: Collection[str] | None = condition(internal=True)
    leader_id: str | None = condition(sent="leader")
    category: str | None = None
    town: str | None = None
    unit: str | None = condition(note="code of a unit that has, or had, a task in the case")
    origin: str | None = condition(note="code of the unit that registered it")
    office: str | None = condition(note="code of a liaison office: needs of its leaders, and those it registered")
    lead: str | None = condition(note="code of the unit that leads (主办)")
    assisting: str | None = condition(note="code of a unit that assists (协办)")
    outcome: str | None = condition(note="what came of it, as the feedback says")
    urges: int | None = condition(choices=range(1, MOST + 1), note="urged at least so often")
    rounds: int | None = condition(
        choices=range(1, MOST + 1), note="the unit is asked at least for the so-manieth time"
    )
    end: str | None = condition(note="id of the end event")
    figure: str | None = condition(choices=need_figures.FIGURES, note="the needs that this figure counts")
    asked: str | None = condition(note="code of a responsible unit that had been asked for an answer")
    done_in: str | None = condition(note="a stage of which a step had been done; `stage.unit`: by a responsible unit")
    answers: str | None = condition(
        choices=lateness.ANSWERS, note="the needs of the answers that are counted so, of the unit `asked` if named"
    )
    answers_since: date | None = condition(note="counts the `answers` from this day on, as of `as_of`")
    rule: str | None = condition(note="id of a rule that proposes units: dispatched as it does")
    against: str | None = condition(note="id of a rule that proposes units: dispatched otherwise than it does")
    late: bool | None = condition(note="a responsible unit is late in it as of `as_of`")
    late_steps: bool | None = condition(note="another step is late in it as of `as_of`")
    as_of: date | None = condition(note="as of the end of this day (default: today): cases as they stood then")
    since: date | None = condition(note="started on this day or later")
    until: date | None = condition(note="started on this day or earlier")
    ended_since: date | None = condition(note="ended on this day or later")
    ended_until: date | None = condition(note="ended on this day or earlier")
    received_since: date | None = condition(note="received by the unit on this day or later")
    received_until: date | None = condition(note="received by the unit on this day or earlier")
    due_since: date | None = condition(note="the unit's answer is due on this day or later")
    due_until: date | None = condition(note="the unit's answer is due on this day or earlier")
    first_due_since: date | None = condition(note="the unit's answer was first due on this day or later")
    first_due_until: date | None = condition(note="the unit's answer was first due on this day or earlier")
    due_unit: str | None = condition(note="code of the unit whose date `due…` and `first_due…` are")
    step_due_since: date | None = condition(note="another step is due on this day or later")
    step_due_until: date | None = condition(note="another step is due on this day or earlier")
    q: str | None = condition(note=FOUND)
    said: str | None = condition(note="a field of a step's form as `step.field`, asked by `said_is` and `said_text`")
    said_is: str | None = condition(choices=HOW, note="how that field is asked (default: contains)")
    said_text: str | None = condition(note="what it contains or equals, in words; of several values one of them")
    sort: str = condition(BEST, choices=CASE_SORTS)
    sort_said: str | None = condition(note="sorts by a field of a form instead: `step.field`, downwards `-step.field`")


def light_clause(name: str, today: date) -> ColumnElement[bool]:
    """The open tasks that show a light. Raises Invalid for one that there is not."""
    stands = UserTask.paused.is_(False) & UserTask.due_on.is_not(None) & (Instance.status == RUNNING)
    if name == RED:
        return and_(stands, UserTask.due_on < today)
    if name == YELLOW:
        return and_(stands, UserTask.due_on >= today, UserTask.warn_on <= today)
    if name == GREEN:
        return and_(stands, UserTask.due_on >= today, or_(UserTask.warn_on.is_(None), UserTask.warn_on > today))
    if name == GREY:
        return or_(UserTask.paused, UserTask.due_on.is_(None), Instance.status != RUNNING)
    raise Invalid("没有这种灯", [Finding("/light", "请选正常（green）、临期（yellow）、超期（red）或不计时（grey）")])


def task_clauses(wanted: TaskFilter, today: date) -> list[ColumnElement[bool]]:
    """The tasks that a filter lets through."""
    clauses = _equal(
        {
            Instance.process: wanted.process,
            UserTask.stage: wanted.stage,
            UserTask.unit: wanted.unit,
        }
    )
    if wanted.instance:
        instance_id = _uuid_or_none(wanted.instance)
        clauses.append(UserTask.instance_id == instance_id if instance_id is not None else false())
    if wanted.light:
        clauses.append(light_clause(wanted.light, today))
    return clauses + holding(wanted.q, Instance.search_key)


def case_clauses(session: Session, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """The cases that a filter lets through. Raises Invalid for a day to come."""
    narrow, wide = conditions_of(session, wanted)
    return [*of_process(wanted.process, found=bool(wide)), *narrow, *(one.clause for one in wide)]


def conditions_of(session: Session, wanted: CaseFilter) -> tuple[list[ColumnElement[bool]], list[Wide]]:
    """The same but for the process: what is asked of each case, and what may let through most of them. Raises Invalid
    for a day to come."""
    today, on = clock.today(), wanted.as_of
    if on is not None and on > today:
        raise Invalid("不能这样筛选", [Finding("/as_of", f"截至日期不能晚于今天（{today.isoformat()}）")])
    rows, tied = cases_on(on)
    clauses: list[ColumnElement[bool]] = [*tied]
    if is_past(on) and on is not None:
        clauses.append(Instance.started_at < clock.end_of(on))
        if wanted.process == NEED:
            clauses.append(rows.title != "")  # what was filled in later was no need yet
    clauses += _equal(
        {
            rows.status: wanted.status,
            rows.number: wanted.number,
            rows.talent_id: wanted.talent_id,
            rows.end: wanted.end,
            Instance.initiator_unit: wanted.origin,
        }
    )
    clauses += _equal_or_unsaid({rows.leader_id: wanted.leader_id})
    own, kept = of_columns(session, wanted, rows, on or today)
    clauses += own
    if wanted.assisting:
        clauses.append(assisted_by(rows, wanted.assisting) if "\x00" not in wanted.assisting else false())
    if wanted.office:
        clauses.append(of_office(session, rows, wanted.office, on or today) if "\x00" not in wanted.office else false())
    clauses += _of_talents(wanted, rows)
    clauses += _figures(wanted, rows, on or today)
    for asked, steps in ((wanted.late, False), (wanted.late_steps, True)):
        if asked is False:
            clauses.append(~lateness.late_case(on or today, steps=steps))
    if wanted.since:
        clauses.append(Instance.started_at >= midnight(wanted.since))
    if wanted.until:
        clauses.append(Instance.started_at < midnight(wanted.until) + timedelta(days=1))
    of_forms, looked_up = _said(session, wanted, on or today)
    clauses += of_forms
    words = sought(session, wanted.q, on)
    if words is None:
        clauses.append(false())
    return clauses, [*kept, *looked_up, *_wide(wanted, on or today), *(words or ())]


def _said(session: Session, wanted: CaseFilter, on: date) -> tuple[list[ColumnElement[bool]], list[Wide]]:
    if not wanted.said:
        if wanted.said_text:
            raise Invalid("不能这样筛选", [Finding("/said", "请先选择是表单里的哪一项")])
        return [], []
    asked = asked_of(session, wanted.said, wanted.said_is, wanted.said_text, on)
    if asked is None:
        return [], []
    due = said_kept.waiting(session, wanted)
    return ([where_said(asked, on)], []) if due is None else ([], [said_kept.finding(session, asked, on, due)])


def _of_talents(wanted: CaseFilter, rows: Rows) -> Iterator[ColumnElement[bool]]:
    if wanted.talents is not None:
        yield rows.talent_id.in_(wanted.talents)
    if wanted.talents_but is not None:
        yield or_(rows.talent_id.is_(None), rows.talent_id.not_in(wanted.talents_but))


def _wide(wanted: CaseFilter, on: date) -> Iterator[Wide]:
    if wanted.unit and ("\x00" in wanted.unit or is_past(on)):
        theirs = of_unit(wanted.unit, on) if "\x00" not in wanted.unit else false()
        yield Wide([select(Instance.id).where(theirs).correlate(None)], theirs)
    elif wanted.unit:
        yield by_reader([UNIT + wanted.unit])
    for asked, steps in ((wanted.late, False), (wanted.late_steps, True)):
        if asked:
            late = lateness.late_cases(on, steps=steps).distinct()
            yield Wide([late], lateness.late_case(on, steps=steps))


def _figures(wanted: CaseFilter, rows: Rows, on: date) -> Iterator[ColumnElement[bool]]:
    """The cases behind a figure of the statistics."""
    if "\x00" in f"{wanted.asked}{wanted.done_in}":
        yield false()
        return
    if wanted.figure and wanted.figure not in need_figures.FIGURES:
        raise Invalid("不能这样筛选", [Finding("/figure", "可用：" + "、".join(need_figures.FIGURES))])
    if wanted.answers and wanted.answers not in lateness.ANSWERS:
        raise Invalid("不能这样筛选", [Finding("/answers", "可用：" + "、".join(lateness.ANSWERS))])
    if wanted.answers or wanted.answers_since:
        which = wanted.answers or lateness.ASKED_FOR
        yield Instance.id.in_(lateness.answer_cases(which, on, wanted.answers_since, wanted.asked or None))
    if wanted.figure or wanted.asked:
        yield need_figures.found_in(wanted.figure or need_figures.REGISTERED, rows, on, wanted.asked or None)
    if wanted.done_in:
        yield need_figures.done_in(wanted.done_in, on, wanted.asked or None)


def _equal(wanted: Mapping[Any, str | None]) -> list[ColumnElement[bool]]:
    """Each column that must be something.

    A NUL character, which PostgreSQL does not even take as a question, is nowhere.
    """
    return [column == value if "\x00" not in value else false() for column, value in wanted.items() if value]


def _equal_or_unsaid(wanted: Mapping[Any, str | None]) -> list[ColumnElement[bool]]:
    """The same, where ``UNSAID`` finds the cases without a value."""
    unsaid = [column.is_(None) for column, value in wanted.items() if value == UNSAID]
    return unsaid + _equal({column: value for column, value in wanted.items() if value != UNSAID})


def holding(q: str | None, key: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Each word of a search must occur; a search of nothing but characters that no case holds finds nothing."""
    words = terms(q or "")
    if q and q.strip() and not words:
        return [false()]
    return [key.contains(word, autoescape=True) for word in words]


_TASK_SORTS: Mapping[str, Any] = {
    "due": (UserTask.due_on.is_(None), UserTask.due_on, UserTask.entered_at, UserTask.id),
    "-due": (UserTask.due_on.is_(None), UserTask.due_on.desc(), UserTask.entered_at, UserTask.id),
    "entered": (UserTask.entered_at, UserTask.id),
    "-entered": (UserTask.entered_at.desc(), UserTask.id),
    "number": (Instance.number.is_(None), Instance.number, UserTask.id),
    "-number": (Instance.number.is_(None), Instance.number.desc(), UserTask.id),
    "stage": (UserTask.stage, UserTask.due_on.is_(None), UserTask.due_on, UserTask.id),
}


def task_order(sort: str) -> Any:
    """How tasks are sorted. Raises Invalid."""
    if sort not in _TASK_SORTS:
        raise Invalid("不能这样排序", [Finding("/sort", "可用：" + "、".join(_TASK_SORTS))])
    return _TASK_SORTS[sort]


NEWEST = (Instance.started_at.desc(), Instance.id)


def case_order(session: Session, wanted: CaseFilter, plan: Wiring) -> Any:
    """How cases are sorted, by what was so at the end of the asked day; no value comes last. Raises Invalid."""
    sort, on = wanted.sort, wanted.as_of
    if wanted.sort_said:
        asked = column_named(session, wanted.sort_said.removeprefix("-"), "sort_said")
        due = said_kept.waiting(session, wanted)
        column = said_kept.order(session, asked, on or clock.today(), plan, due)
        down = wanted.sort_said.startswith("-")
        return (column.desc().nulls_last() if down else column.asc().nulls_last(), *NEWEST)
    if sort not in CASE_SORTS:
        raise Invalid("不能这样排序", [Finding("/sort", "可用：" + "、".join(CASE_SORTS))])
    newest = NEWEST
    if sort == BEST:
        return (*best_first(wanted.q, on), *newest)
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name == "started":
        return newest if down else (Instance.started_at, Instance.id)
    column = sort_key(name, cases_on(on)[0], on or clock.today(), plan)
    return (column.desc().nulls_last() if down else column.asc().nulls_last(), *newest)


def sort_key(name: str, rows: Rows, on: date, plan: Wiring) -> Any:
    """The value of an ``Instance`` by which a sort compares, told by ``rows`` as of a day."""
    return _CASES_SORTED[name](rows, on, plan)


def stage_place(stage: Any, plan: Wiring) -> ColumnElement[int]:
    """The place of a stage in the course of a need."""
    places = {code: place for place, code in enumerate(plan.stages)}
    return case(places, value=stage, else_=len(plan.stages))


LATENESS = ("late", "late_steps")
"""The sorts that tell the late needs from the others."""


def late_of(name: str, on: date) -> ColumnElement[bool]:
    """The cases that are late as of a day in the sense of one of ``LATENESS``."""
    return lateness.late_case(on, steps=name == "late_steps")


def _late(on: date, *, steps: bool) -> ColumnElement[Any]:
    return case((Instance.id.in_(lateness.late_cases(on, steps=steps)), 1), else_=0)


def _assisting(rows: Rows) -> Any:
    """The codes of the units that assist, with commas."""
    listed: Any = said(rows, "assisting_units")
    if rows is Instance:  # still a list of JSON
        for sign in '"[] ':
            listed = func.replace(listed, sign, "")
    return assisting(listed, said(rows, "lead_unit"))


_Column = Callable[[Rows, date, Wiring], Any]
_CASES_SORTED: Mapping[str, _Column] = {
    "number": lambda rows, _on, _plan: rows.number,
    "title": lambda rows, _on, _plan: of_title(rows.number, rows.search_key),
    "status": lambda rows, _on, _plan: rows.status,
    "stage": lambda rows, _on, plan: stage_place(rows.stage, plan),
    "talent": lambda rows, _on, plan: plan.spelled(rows.talent_id),
    "leader": lambda rows, _on, _plan: of_leader(rows.leader_id),
    "category": lambda rows, _on, _plan: said(rows, "category"),
    "town": lambda rows, _on, _plan: said(rows, "town"),
    "origin": lambda _rows, _on, _plan: pinyin_of_unit(Instance.initiator_unit),
    "lead": lambda rows, _on, _plan: pinyin_of_unit(said(rows, "lead_unit")),
    "assisting": lambda rows, _on, _plan: _assisting(rows),
    "rounds": lambda _rows, on, _plan: speaking.rounds(on),
    "received": lambda _rows, on, _plan: speaking.received_on(on),
    "due": lambda _rows, on, _plan: speaking.due_on(on),
    "first_due": lambda _rows, on, _plan: speaking.first_due_on(on),
    "due_unit": lambda _rows, on, _plan: pinyin_of_unit(speaking.unit_asked(on)),
    "step_due": lambda _rows, on, _plan: speaking.due_on(on, steps=True),
    "ended": lambda rows, _on, _plan: rows.ended_at,
    "end": lambda rows, _on, _plan: rows.end_name,
    "outcome": lambda rows, _on, _plan: said(rows, "outcome"),
    "urges": lambda rows, _on, _plan: rows.urges,
    "late": lambda _rows, on, _plan: _late(on, steps=False),
    "late_steps": lambda _rows, on, _plan: _late(on, steps=True),
}


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
