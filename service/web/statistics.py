"""统计: the needs of a period in figures, with plots; every figure leads to its cases in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.audit.ways import RIGHT as WAYS_RIGHT
from service.audit.ways.queries import BEGUN
from service.errors import Invalid
from service.http.context import actor, db
from service.ledger import Cell
from service.ledger.dispatch_rates import MEANING as RULES_MEANING
from service.ledger.dispatch_rates import RuleRate, dispatch_rates
from service.ledger.statistics import (
    ANSWERS_MEANING,
    CATEGORY,
    DIMENSIONS,
    LEADER,
    MONTH,
    PAGE_RIGHT,
    STAGES_MEANING,
    TOWN,
    UNIT,
    Row,
    Stage,
    Statistics,
    StatisticsFilter,
    period_of,
    statistics,
)
from service.processes.filters import UNSAID
from service.processes.lateness import MEANING, Answers
from service.processes.need_figures import DONE, FIGURES, IN_SEVEN, IN_TIME, LATE, REGISTERED
from service.processes.queries import first_started
from service.processes.rules import NEED
from service.rights import may
from service.usecases.names import Names
from service.web.access import requires
from service.web.asked import asked
from service.web.choices import every_unit
from service.web.context import stage_name, stage_names
from service.web.exports import sheet
from service.web.ledger import choices
from service.web.ways import HEAT

blueprint = Blueprint("statistics", __name__)

SAID: Mapping[str, str] = {TOWN: "town", CATEGORY: "category", LEADER: "leader"}
"""Dimension → the filter of the ledger that finds one of its values."""
IN_ROWS = (IN_SEVEN, IN_TIME, DONE)
"""The figures whose share stands beside them in a row; the first table tells all shares."""
PLOTTED = 15
"""So many units stand in a plot: those with most needs. The table has all."""


@blueprint.get("/statistics")
@requires(right=PAGE_RIGHT)
def index() -> ResponseReturnValue:
    """统计."""
    wish = _wish()
    found = _with_answering(statistics(db(), actor(), wish))
    named = _names(found, wish)
    known = Names(db()).learn(leaders=[wish.leader])
    return render_template(
        "statistics/statistics.html",
        found=found,
        wish=wish,
        figures=FIGURES,
        dimensions=DIMENSIONS,
        named=named,
        opened=_opener(found, wish),
        opened_stage=lambda stage: _ledger(wish, found, figure=REGISTERED, done_in=stage.key),
        stages=_in_order(found.stages),
        stage_words=stage_words,
        in_rows=IN_ROWS,
        plots=plots(found, named, _opener(found, wish)),
        heat=_heat(found) if may(actor(), WAYS_RIGHT) else "",
        today=clock.today(),
        answered=_answered(found),
        begun=None if found.total.counts[REGISTERED] else first_started(db(), actor(), NEED),
        choices=choices(),
        units=every_unit(),
        leader=known.known("leaders", wish.leader) if wish.leader not in (None, UNSAID) else None,
        may_pick_leaders=may(actor(), "view_directory"),
        meanings=(MEANING, ANSWERS_MEANING if found.answers else ""),
        stages_meaning=STAGES_MEANING,
        rules=dispatch_rates(db(), actor(), wish),
        opened_answers=lambda unit, which: _answers(wish, found, unit, which),
        opened_rule=lambda **more: _ledger(wish, found, **more),
        rules_meaning=RULES_MEANING,
    )


@blueprint.get("/statistics.xlsx")
@requires(right=PAGE_RIGHT)
def export() -> ResponseReturnValue:
    """The figures as a workbook."""
    wish = _wish()
    found = _with_answering(statistics(db(), actor(), wish))
    days = found.period
    title = f"统计（截至{days.on.isoformat()}）"
    shares = [one.share_name for one in FIGURES.values() if one.share_of]
    answers = ["答复件次", "按期件次"] if found.answers else []
    times = ["步骤数", "一半在（工作日）", "九成在（工作日）"]
    rules = dispatch_rates(db(), actor(), wish)
    of_rules = ["照建议派出", "照建议派出后退回", "错派率", "另选主办"] if rules else []
    heading = ["统计维度", "对象", *(one.name for one in FIGURES.values()), *shares, *answers, *times, *of_rules]
    return sheet(title, heading, _cells(found, _names(found, wish), len(answers), rules))


def stage_words(stage: Stage) -> str:
    """A stage with whose steps are meant."""
    return f"{stage_name(NEED, stage.stage)}（{'责任单位' if stage.of_unit else '其他步骤'}）"


def plots(found: Statistics, named: Callable[[Row], str], opened: Callable[[Row, str], str]) -> dict[str, Any]:
    """The input of the plots: each with its names, its series and where a press on each bar leads."""
    months, stages = found.rows[MONTH], _in_order(found.stages)
    units = [one for one in found.rows[UNIT] if one.counts[REGISTERED]][:PLOTTED]

    def series(rows: Sequence[Row], figure: str) -> dict[str, Any]:
        told = FIGURES[figure]
        return {
            "name": told.name,
            "values": [one.counts[figure] for one in rows],
            "links": [opened(one, figure) for one in rows],
        }

    return {
        "months": {
            "names": [named(one) for one in months],
            "bars": [series(months, figure) for figure in (REGISTERED, DONE, LATE)],
            "line": {"name": FIGURES[IN_SEVEN].share_name, "values": [one.share(IN_SEVEN) for one in months]},
        },
        "units": {
            "names": [named(one) for one in units],
            "bars": [series(units, figure) for figure in (IN_TIME, LATE)],
        },
        "stages": {
            "names": [stage_words(one) for one in stages],
            "bars": [
                {"name": "一半在（工作日）以内", "values": [one.median for one in stages]},
                {"name": "九成在（工作日）以内", "values": [one.p90 for one in stages]},
            ],
        },
    }


def _in_order(stages: Sequence[Stage]) -> list[Stage]:
    """The stages in the order of the process, in each the responsible units' steps first."""
    order = list(stage_names().newest(NEED))
    return sorted(
        stages, key=lambda one: (order.index(one.stage) if one.stage in order else len(order), not one.of_unit)
    )


def _wish() -> StatisticsFilter:
    """The question of the address; days that make no sense together are passed over, and the page says so."""
    wish = asked(StatisticsFilter)
    try:
        period_of(wish)
    except Invalid as error:
        flash(f"{error.findings[0].message}，没有按日期筛选", "warning")
        return replace(wish, since=None, until=None, as_of=None)
    return wish


def _names(found: Statistics, wish: StatisticsFilter) -> Callable[[Row], str]:
    """The words of a row, as of the day that is asked about."""
    rows = found.rows
    known = Names(db(), found.period.on).learn(
        units=[one.key for one in rows[UNIT]], leaders=[one.key for one in rows[LEADER]]
    )
    said = choices()

    def named(one: Row) -> str:
        if one.dimension == MONTH and one.first is not None and one.last is not None:
            return (
                f"{one.first.year} 年 {one.first.month} 月"
                if one.first.month == one.last.month
                else f"{one.first.year} 年"
            )
        if one.key is None:
            return "未注明"
        if one.dimension == UNIT:
            return known.known_unit(one.key) or "（未知单位）"
        if one.dimension == LEADER:
            return (known.known("leaders", one.key) or {}).get("name") or "（已停用的记录）"
        return said[one.dimension].get(one.key, "（已停用的选项）")

    return named


def _opener(found: Statistics, wish: StatisticsFilter) -> Callable[[Row, str], str]:
    """Where the cases of a figure are listed; nowhere where the ledger does not offer the value."""
    said = choices()

    def opened(one: Row, figure: str) -> str:
        more: dict[str, str | None] = {"figure": figure}
        if one.first is not None and one.last is not None:
            more |= {"since": one.first.isoformat(), "until": one.last.isoformat()}
        elif one.dimension == UNIT:
            more["asked"] = one.key
        elif one.dimension in SAID:
            if one.key is not None and one.dimension in said and one.key not in said[one.dimension]:
                return ""
            more[SAID[one.dimension]] = one.key or UNSAID
        return _ledger(wish, found, **more)

    return opened


def _heat(found: Statistics) -> str:
    """The drawing with the waiting of the needs that were registered in the period."""
    days: dict[str, Any] = {"from": found.period.since.isoformat(), "to": found.period.until.isoformat()}
    return url_for("web.ways.index", show=HEAT, by=BEGUN, **days)


def _ledger(wish: StatisticsFilter, found: Statistics, **more: str | None) -> str:
    days = found.period
    told: dict[str, Any] = {
        "since": days.since.isoformat(),
        "until": days.until.isoformat(),
        "as_of": days.on.isoformat(),
        "asked": wish.unit,
        "town": wish.town,
        "category": wish.category,
        "leader": wish.leader,
        **more,
    }
    return url_for("web.ledger.ledger", **{name: value for name, value in told.items() if value})


def _with_answering(found: Statistics) -> Statistics:
    """The figures with a row for each unit that was to answer, though no need of the period is its own: what the rows
    say of answers is then all that the assessment counts."""
    known = {one.key for one in found.rows[UNIT]}
    more = [Row(UNIT, unit, dict.fromkeys(FIGURES, 0)) for unit in sorted(found.answers) if unit not in known]
    if not more or not found.total.counts[REGISTERED]:
        return found
    return replace(found, rows={**found.rows, UNIT: [*found.rows[UNIT], *more]})


def _answered(found: Statistics) -> list[tuple[str, str, Answers]]:
    """(unit, its name, its answers) where no need was registered: those of before are asked for all the same."""
    if found.total.counts[REGISTERED]:
        return []
    known = Names(db(), found.period.on).learn(units=list(found.answers))
    return [(key, known.known_unit(key) or "（未知单位）", one) for key, one in sorted(found.answers.items())]


def _answers(wish: StatisticsFilter, found: Statistics, unit: str, which: str) -> str:
    """The needs of a unit's answers, whenever they were registered."""
    days: dict[str, Any] = {"answers_since": found.period.since.isoformat(), "as_of": found.period.on.isoformat()}
    return url_for("web.ledger.ledger", asked=unit, answers=which, **days)


def _cells(
    found: Statistics, named: Callable[[Row], str], answers: int, rules: Sequence[RuleRate]
) -> Iterator[Sequence[Cell]]:
    for one in [found.total, *(row for name in DIMENSIONS for row in found.rows[name])]:
        counts = [one.counts[key] for key in FIGURES]
        shares = [_percent(one.share(key)) for key, figure in FIGURES.items() if figure.share_of]
        unit = found.answers.get(one.key or "") if one.dimension == UNIT else None
        told: Sequence[Cell] = (unit.asked, unit.in_time) if unit else [None] * answers
        yield [
            DIMENSIONS.get(one.dimension, "合计"),
            named(one) if one.dimension in DIMENSIONS else "合计",
            *counts,
            *shares,
            *told,
            *[None] * 3,
        ]
    blank: list[Cell] = [None] * (len(FIGURES) + sum(1 for one in FIGURES.values() if one.share_of) + answers)
    for stage in _in_order(found.stages):
        yield ["办理时长", stage_words(stage), *blank, stage.steps, stage.median, stage.p90]
    for rule in rules:
        words = f"第 {rule.place} 条：{rule.words or '（没有说明）'}"
        counted: Sequence[Cell] = (rule.followed, rule.handed_back, _percent(rule.share), rule.otherwise)
        yield ["派单规则", words, *blank, *[None] * 3, *counted]
    days = found.period
    yield [
        "口径",
        "期间",
        f"{days.since.isoformat()} 至 {days.until.isoformat()} 登记的需求，截至 {days.on.isoformat()} 的情况。",
    ]
    for figure in FIGURES.values():
        share = f"{figure.share_name}＝{figure.name}÷{FIGURES[figure.share_of].name}。" if figure.share_of else ""
        yield ["口径", figure.name, f"{figure.meaning}{share}"]
    yield ["口径", "办理时长", STAGES_MEANING]
    if rules:
        yield ["口径", "派单规则", RULES_MEANING]
    if answers:
        yield ["口径", "答复件次", ANSWERS_MEANING]


def _percent(share: int | None) -> Cell:
    return None if share is None else f"{share}%"
