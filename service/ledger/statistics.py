"""统计: the needs of a period in figures, by month, unit, town, category and leader, and how long steps took (R1, O1).

All as of the end of a day, by the definitions of ``processes.figures``; a figure opens the cases that it counts in the
ledger. Only needs that the reader may see are counted. A fixed number of statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Integer, Text, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from service import clock
from service.errors import Finding, Invalid
from service.fields import condition
from service.ledger import kept_figures
from service.ledger.kept_figures import Kept
from service.processes import lateness, need_figures, readers, visibility
from service.processes.calendars import current
from service.processes.column_filters import midnight
from service.processes.figure_folding import UNSAID as NOT_SAID
from service.processes.figure_picking import Wanted, key_of
from service.processes.filters import UNSAID
from service.processes.lateness import Answers
from service.processes.models import RUN_MOVED, RUN_SUSPENDED, CaseSpan, ClockRun, Instance, UserTask
from service.processes.need_figures import ASKED, FIGURES, REGISTERED, flag
from service.processes.rules import NEED
from service.processes.spans import at_end_of
from service.rights import RESPONSIBLE_UNIT, Actor, may, units_with
from service.workdays import Calendar

RIGHT, PAGE_RIGHT = "view_statistics", "view_statistics_pages"
TOTAL, MONTH, UNIT, TOWN, CATEGORY, LEADER = "total", "month", "unit", "town", "category", "leader"
DIMENSIONS: Mapping[str, str] = {
    MONTH: "登记月份",
    UNIT: "责任单位",
    TOWN: "镇街",
    CATEGORY: "类别",
    LEADER: "联系领导",
}
"""Dimension → its name."""
MOST_MONTHS = 36
"""Longer periods are told by years."""
OF_UNIT = "unit"
"""The mark of a stage's steps that are a responsible unit's [T]; all others are the office's own [A]."""
HALF, NINE_OF_TEN = 50, 90
STAGES_MEANING = (
    "办理时长：所选期间登记的需求里，截至当日已经办完的步骤，从收到的次日算到办完当日的工作日数；"
    "一半（中位数）、九成（第 90 百分位）的步骤在这个天数以内办完。责任单位的时限是文件规定的 7 个工作日，"
    "其他步骤的时限是本系统默认，非文件规定。不计时的步骤（待上会）不在内。"
)
"""The explanation beside the times of stages."""
ANSWERS_MEANING = (
    "答复件次：截至当日、自期间第一天起责任单位的每一次答复各算一次（退回重办、改派后重新计算），不论需求何时登记；"
    "超期之后才同意的延期，原期限算一次未按时，新期限另算一次，是否按时看新期限内的答复；"
    "期间以前到期、期间内仍未答复的也算在内，在每个期间都算未按时；"
    "与考核指标的“责任单位按时答复”同口径。"
)
"""The explanation beside the answers of units."""


@dataclass(frozen=True, slots=True)
class StatisticsFilter:
    """The needs to count: registered from ``since`` to ``until``, as they stood at the end of ``as_of``.

    Default: from 1 January of the last year that is asked about to today, as of the last day. ``unit`` counts what one
    responsible unit was asked, and of its figures only what that unit did.
    """

    since: date | None = condition(note="registered on this day or later (default: 1 January)")
    until: date | None = condition(note="registered on this day or earlier (default: today)")
    as_of: date | None = condition(note="as of the end of this day (default: `until`)")
    unit: str | None = condition(note="code of a responsible unit that was asked")
    town: str | None = None
    category: str | None = None
    leader: str | None = condition(note="id of the leader's post")


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a question, each at most today: those of registering, and the day as of whose end is counted."""

    since: date
    until: date
    on: date


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one value of a dimension: ``key`` is its code (None: nothing was said), ``first`` and ``last`` the
    days of a month."""

    dimension: str
    key: str | None
    counts: Mapping[str, int]
    first: date | None = None
    last: date | None = None

    def share(self, figure: str) -> int | None:
        """A figure's share of what it is a share of, in per cent; None of nothing."""
        of = FIGURES[figure].share_of
        return round(100 * self.counts[figure] / self.counts[of]) if of is not None and self.counts[of] else None


@dataclass(frozen=True, slots=True)
class Stage:
    """The steps of a stage that were done, of responsible units (``of_unit``) or of others: how many, in how many
    ``cases``, and the working days within which half and nine of ten of them were done."""

    stage: str
    of_unit: bool
    steps: int
    cases: int
    median: int
    p90: int

    @property
    def key(self) -> str:
        """The value of the ledger's filter ``done_in``."""
        return f"{self.stage}.{OF_UNIT}" if self.of_unit else self.stage


@dataclass(frozen=True, slots=True)
class Statistics:
    """All that the page shows. ``answers``: unit → its answers, counted one by one (``lateness.unit_answers``)."""

    period: Period
    total: Row
    rows: Mapping[str, Sequence[Row]]
    stages: Sequence[Stage]
    answers: Mapping[str, Answers] = field(default_factory=dict)


def period_of(wish: StatisticsFilter) -> Period:
    """The days that a question is about. Raises Invalid at the field that makes no sense."""
    today = clock.today()
    if wish.as_of is not None and wish.as_of > today:
        raise Invalid("不能这样统计", [Finding("/as_of", f"截至日期不能晚于今天（{today.isoformat()}）")])
    on = wish.as_of or min(wish.until or today, today)
    until = min(wish.until or on, on)
    since = wish.since or date(until.year, 1, 1)
    if since > until:
        raise Invalid("不能这样统计", [Finding("/since", f"登记日期的第一天不能晚于最后一天（{until.isoformat()}）")])
    return Period(since, until, on)


def statistics(session: Session, actor: Actor, wish: StatisticsFilter) -> Statistics:
    """The figures of the needs that the actor may see, out of kept sums where all are asked about (adr/0068), else out
    of the kept parts of those that are (adr/0078). A fixed number of statements."""
    period = period_of(wish)
    units = own_units(actor)
    bins = months_of(period)
    kept = kept_of(session, actor, wish, period)
    found: dict[str, list[Row]] = {name: [] for name in (TOTAL, *DIMENSIONS)}
    for row in kept.rows if kept else session.execute(_counted(session, actor, wish, period, bins)).mappings():
        counts = {key: int(row[key] or 0) for key in FIGURES}
        name, key = row["dimension"], row["key"]
        if name == MONTH:
            first, last = bins[int(key)]
            found[name].append(Row(name, first.isoformat(), counts, first, last))
        elif name != UNIT or units is None or key in units:
            found[name].append(Row(name, key, counts))
    total = next(iter(found.pop(TOTAL)), None) or Row(TOTAL, None, dict.fromkeys(FIGURES, 0))
    for name, rows in found.items():
        rows.sort(key=lambda one: (str(one.key),) if name == MONTH else (-one.counts[REGISTERED], str(one.key)))
    stages = _times(kept.steps, kept.cases, current(session)) if kept else _stages(session, actor, wish, period)
    answers = _answers(session, actor, wish, period, units, kept)
    return Statistics(period, total, found, stages, answers)


def own_units(actor: Actor) -> frozenset[str] | None:
    """The units whose rows the actor sees: None for all, as the Talent Office and leaders in the cases they may see."""
    if may(actor, RIGHT) or not (mine := units_with(actor, RIGHT)):
        return None
    return mine


def kept_of(session: Session, actor: Actor, wish: StatisticsFilter, period: Period) -> Kept | None:
    """The kept figures: sums, where all needs, or those of one unit, town or category, are asked about by somebody who
    sees all, else those of some needs added up. None where too much has changed since: then all are counted one by one.
    """
    bins = months_of(period)
    if visibility.sees_all(actor) and not any((wish.unit, wish.town, wish.category, wish.leader)):
        return kept_figures.kept(session, period.since, period.until, period.on, bins)
    said = [_key(one) for one in (wish.town, wish.category, wish.leader)]
    wanted = Wanted(period.since, period.until, period.on, wish.unit or None, *said)
    if visibility.sees_all(actor):
        found = kept_figures.within_kept(session, wanted, bins)
        return found or kept_figures.picked_kept(session, actor, None, wanted, bins)
    ways = visibility.ways_of(session, actor)
    # a unit sees all that it was asked
    asked = wish.unit and readers.of_role(RESPONSIBLE_UNIT, wish.unit) in ways.known
    found = (kept_figures.within_kept(session, wanted, bins) if asked else None) or (
        kept_figures.seen_kept(session, actor, ways, wanted, bins)
    )
    return found or kept_figures.picked_kept(session, actor, ways.wide.ids(), wanted, bins)


def _key(value: str | None) -> str | None:
    """A condition as a key of what needs tell: None where nothing is asked."""
    return None if not value else NOT_SAID if value == UNSAID else key_of(value)


def months_of(period: Period) -> list[tuple[date, date]]:
    """The (first, last) days of the months of a period, or of its years where it is long."""
    found, first = [], period.since
    by_year = (period.until.year - period.since.year) * 12 > MOST_MONTHS
    while first <= period.until:
        following = date(first.year + 1, 1, 1) if by_year or first.month == 12 else date(first.year, first.month + 1, 1)
        found.append((first, min(following - timedelta(days=1), period.until)))
        first = following
    return found


# --- One pass over the cases -----------------------------------------------------------------------------------------


def _counted(
    session: Session, actor: Actor, wish: StatisticsFilter, period: Period, bins: Sequence[tuple[date, date]]
) -> Any:
    """A row for each value of each dimension: the sums of all figures."""
    units = need_figures.by_case_and_unit(period.on)
    if wish.unit:
        units = select(units).where(units.c.unit == wish.unit).cte("of_unit")
    asked = need_figures.by_case(units)
    told = need_figures.interims(period.on).cte("interims")
    if wish.unit:
        told = select(told).where(told.c.unit == wish.unit).cte("interims_of_unit")
    cases = _cases(session, actor, wish, period, bins, asked, told)
    sums = [func.sum(cases.c[key]).label(key) for key in FIGURES]
    parts = [select(literal(TOTAL).label("dimension"), cast(null(), Text).label("key"), *sums)]
    for name in (MONTH, TOWN, CATEGORY, LEADER):
        key = cast(cases.c[name], Text)
        parts.append(select(literal(name), key, *sums).group_by(key))
    parts.append(_by_unit(cases, units, told))
    return union_all(*parts)


def _cases(
    session: Session,
    actor: Actor,
    wish: StatisticsFilter,
    period: Period,
    bins: Sequence[tuple[date, date]],
    asked: CTE,
    told: CTE,
) -> CTE:
    """The needs that are asked about, with 1 or 0 of each figure."""
    rows, clauses = CaseSpan, needs_of(session, actor, wish, period)
    interim = select(told.c.instance_id).distinct().subquery()
    placed = [(Instance.started_at < midnight(last + timedelta(days=1)), place) for place, (_, last) in enumerate(bins)]
    was_asked = flag(asked.c.instance_id.is_not(None))
    of_runs = [func.coalesce(asked.c[key], 0).label(key) for key in need_figures.OF_RUNS]
    query = (
        select(
            Instance.id.label("id"),
            case(*placed).label(MONTH),
            rows.town.label(TOWN),
            rows.category.label(CATEGORY),
            rows.leader_id.label(LEADER),
            literal(1, Integer).label(REGISTERED),
            flag(need_figures.accepted(rows)).label(need_figures.ACCEPTED),
            was_asked.label(need_figures.ASKED),
            *of_runs,
            flag(interim.c.instance_id.is_not(None)).label(need_figures.INTERIM),
            flag(need_figures.completed(rows)).label(need_figures.DONE),
            flag(need_figures.limited(rows)).label(need_figures.LIMITED),
        )
        .select_from(Instance)
        .join(CaseSpan, CaseSpan.instance_id == Instance.id)
        .join(asked, asked.c.instance_id == Instance.id, isouter=not wish.unit)
        .outerjoin(interim, interim.c.instance_id == Instance.id)
        .where(*clauses)
    )
    return query.cte("needs")


def needs_of(session: Session, actor: Actor, wish: StatisticsFilter, period: Period) -> list[ColumnElement[bool]]:
    """The needs of the period that the actor may see, by their stretch of the day."""
    rows = CaseSpan
    clauses = [
        Instance.process == NEED,
        Instance.started_at >= midnight(period.since),
        Instance.started_at < midnight(period.until + timedelta(days=1)),
        at_end_of(period.on),
        rows.title != "",
        visibility.visible_clause(session, actor),
    ]
    for column, value in ((rows.town, wish.town), (rows.category, wish.category), (rows.leader_id, wish.leader)):
        if value:
            clauses.append(column.is_(None) if value == UNSAID else column == value)
    return clauses


def _by_unit(cases: CTE, units: CTE, told: CTE) -> Any:
    """Of each unit: of the needs in which it was asked, what it did itself; and what became of them."""
    own: dict[str, ColumnElement[Any]] = {key: units.c[key] for key in need_figures.OF_RUNS}
    own[need_figures.INTERIM] = flag(told.c.instance_id.is_not(None))
    sums = [func.sum(own.get(key, cases.c[key])).label(key) for key in FIGURES]
    return (
        select(literal(UNIT), cast(units.c.unit, Text), *sums)
        .select_from(units)
        .join(cases, cases.c.id == units.c.instance_id)
        .outerjoin(told, and_(told.c.instance_id == units.c.instance_id, told.c.unit == units.c.unit))
        .where(units.c.unit.is_not(None))
        .group_by(units.c.unit)
    )


# --- How long steps took ---------------------------------------------------------------------------------------------


def _stages(session: Session, actor: Actor, wish: StatisticsFilter, period: Period) -> list[Stage]:
    """The stages in which steps were done; two statements. Days are counted with the calendar in force."""
    needs = select(Instance.id).join(CaseSpan, CaseSpan.instance_id == Instance.id)
    needs = needs.where(*needs_of(session, actor, wish, period))
    if wish.unit:
        needs = needs.where(need_figures.found_in(ASKED, CaseSpan, period.on, wish.unit))
    cases = needs.cte("needs")
    run, task, before = aliased(ClockRun), aliased(UserTask), aliased(ClockRun)
    # another date or a suspension begins no new clock
    begun = select(before.task_id, func.min(before.from_on).label("on")).group_by(before.task_id)
    begun = begun.where(before.ended.in_((RUN_MOVED, RUN_SUSPENDED)))
    earlier = begun.subquery()
    first = func.coalesce(earlier.c.on, run.from_on)
    of_unit = flag(lateness.by_unit(run))
    done = (
        select(task.stage, of_unit.label("of_unit"), first.label("first"), run.until_on, run.instance_id)
        .join(cases, cases.c.id == run.instance_id)
        .join(task, task.id == run.task_id)
        .outerjoin(earlier, earlier.c.task_id == run.task_id)
        .where(need_figures.answered(period.on, run), lateness.counts(period.on, run), task.stage.is_not(None))
    )
    if wish.unit:
        done = done.where(or_(run.unit == wish.unit, lateness.by_others(run)))
    each = done.subquery()
    whose = (each.c.stage, each.c.of_unit)
    counted = select(*whose, each.c.first, each.c.until_on, func.count()).group_by(
        *whose, each.c.first, each.c.until_on
    )
    in_cases = select(*whose, func.count(each.c.instance_id.distinct())).group_by(*whose)
    number = {(stage, bool(mine)): cases for stage, mine, cases in session.execute(in_cases)}
    return _times(session.execute(counted), number, current(session))


def _times(counted: Iterable[Any], cases: Mapping[tuple[str, bool], int], calendar: Calendar) -> list[Stage]:
    took: dict[tuple[str, bool], Counter[int]] = {}
    for stage, mine, first, last, number in counted:
        took.setdefault((stage, bool(mine)), Counter())[calendar.between(first, last)] += number
    return [
        Stage(*whose, days.total(), cases[whose], within(days, HALF), within(days, NINE_OF_TEN))
        for whose, days in sorted(took.items())
    ]


def within(days: Mapping[int, int], percent: int) -> int:
    """So many of a hundred took no longer (nearest rank), of days → how often."""
    rank, reached = -(-sum(days.values()) * percent // 100), 0
    for day in sorted(days):
        reached += days[day]
        if reached >= rank:
            return day
    raise ValueError("nothing was measured")


def _answers(
    session: Session,
    actor: Actor,
    wish: StatisticsFilter,
    period: Period,
    units: frozenset[str] | None,
    kept: Kept | None,
) -> Mapping[str, Answers]:
    """The answers of units one by one, as the assessment counts them, of all units or the actor's own."""
    if (not may(actor, RIGHT) and units is None) or any((wish.town, wish.category, wish.leader)):
        return {}
    found = kept.answers if kept else None
    if found is None and kept:
        found = kept_figures.kept_answers(session, period.since, period.on)
    if found is None:
        found = lateness.unit_answers(session, process=NEED, since=period.since, on=period.on)
    return {unit: one for unit, one in found.items() if (units is None or unit in units) and wish.unit in (None, unit)}
