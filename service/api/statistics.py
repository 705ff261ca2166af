"""统计: the needs of a period in figures; each figure finds its cases in the ledger (``GET /requests?figure=…``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.calls import Calls
from service.api.fields import Choice, Day, Flag, List, Nested, Query, Said, Schema, Whole
from service.api.shapes import asks, wanted
from service.http.context import actor, db
from service.ledger import statistics as ledger
from service.ledger.dispatch_rates import dispatch_rates
from service.ledger.statistics import DIMENSIONS, LEADER, PAGE_RIGHT, TOTAL, UNIT, Row, StatisticsFilter
from service.processes.need_figures import FIGURES
from service.processes.rules import NEED
from service.processes.stages import StageNames
from service.usecases.names import Names

calls = Calls("statistics", "统计: the needs of a period in figures, by month, unit, town, category and leader")
FIGURE = {"description": "also a value of the filter `figure` of `GET /requests`"}


@asks(StatisticsFilter)
class StatisticsQuery(Query):
    """The needs to count, and the day as of which."""


class StatisticsFigure(Schema):
    """A figure: how many cases, and its share of the figure ``share_of`` in per cent (null of nothing)."""

    figure = Choice(*FIGURES, required=True, metadata=FIGURE)
    count = Whole(required=True)
    share = Whole(required=True, allow_none=True)


class StatisticsRow(Schema):
    """The figures of one value: ``key`` is its code (null: nothing was said), of a month its first day."""

    dimension = Choice(TOTAL, *DIMENSIONS, required=True)
    key = Said(required=True, allow_none=True)
    name = Said(required=True, allow_none=True)
    since = Day(required=True, metadata={"description": "the figures are of needs registered from this day"})
    until = Day(required=True)
    figures = List(Nested(StatisticsFigure), required=True)


class StatisticsStage(Schema):
    """The steps of a stage that were done: half of them within ``median`` working days, nine of ten within ``p90``."""

    stage = Said(required=True)
    stage_name = Said(required=True)
    of_unit = Flag(required=True, metadata={"description": "of responsible units [T]; else the office's own days [A]"})
    done_in = Said(required=True, attribute="key", metadata={"description": "the ledger's filter that finds the cases"})
    cases = Whole(required=True)
    steps = Whole(required=True)
    median = Whole(required=True)
    p90 = Whole(required=True)


class StatisticsAnswers(Schema):
    """The answers of a unit one by one, as the assessment counts them."""

    unit = Said(required=True)
    asked = Whole(required=True)
    in_time = Whole(required=True)
    late = Whole(required=True)
    unanswered = Whole(required=True)


class StatisticsRule(Schema):
    """A rule of the table that proposes units: needs dispatched as it does, of these handed back by a unit, and needs
    dispatched otherwise. The ledger's filters `rule` and `against` find them; only for who sees all units."""

    id = Said(required=True)
    place = Whole(required=True)
    words = Said(required=True)
    followed = Whole(required=True)
    handed_back = Whole(required=True)
    otherwise = Whole(required=True)
    share = Whole(required=True, allow_none=True, metadata={"description": "错派率 in per cent"})


class StatisticsDefinition(Schema):
    """A figure in words."""

    figure = Choice(*FIGURES, required=True)
    name = Said(required=True)
    meaning = Said(required=True)
    share_of = Choice(*FIGURES, required=True, allow_none=True)
    share_name = Said(required=True)


class StatisticsView(Schema):
    """The figures as of the end of ``as_of``, of the needs registered from ``since`` to ``until``."""

    since = Day(required=True)
    until = Day(required=True)
    as_of = Day(required=True)
    rows = List(Nested(StatisticsRow), required=True)
    stages = List(Nested(StatisticsStage), required=True)
    answers = List(Nested(StatisticsAnswers), required=True)
    rules = List(Nested(StatisticsRule), required=True)
    definitions = List(Nested(StatisticsDefinition), required=True)


@calls.get("/statistics", answer=StatisticsView, query=StatisticsQuery, right=PAGE_RIGHT)
def statistics(query: dict[str, Any]) -> Mapping[str, Any]:
    """The figures of the needs that I may see."""
    wish = wanted(StatisticsFilter, query)
    found = ledger.statistics(db(), actor(), wish)
    days, stages = found.period, StageNames(db())
    names = Names(db(), days.on).learn(
        units=[one.key for one in found.rows[UNIT]], leaders=[one.key for one in found.rows[LEADER]]
    )

    def row(one: Row) -> dict[str, Any]:
        called = names.known_unit(one.key) if one.dimension == UNIT else None
        if one.dimension == LEADER:
            called = (names.known("leaders", one.key) or {}).get("name")
        return {
            "dimension": one.dimension,
            "key": one.key,
            "name": called,
            "since": one.first or days.since,
            "until": one.last or days.until,
            "figures": [{"figure": key, "count": one.counts[key], "share": one.share(key)} for key in FIGURES],
        }

    return {
        "since": days.since,
        "until": days.until,
        "as_of": days.on,
        "rows": [row(one) for one in (found.total, *(each for name in DIMENSIONS for each in found.rows[name]))],
        "stages": [
            {
                "stage": one.stage,
                "stage_name": stages.of(NEED, one.stage),
                "of_unit": one.of_unit,
                "key": one.key,
                "cases": one.cases,
                "steps": one.steps,
                "median": one.median,
                "p90": one.p90,
            }
            for one in found.stages
        ],
        "answers": [
            {
                "unit": unit,
                "asked": one.asked,
                "in_time": one.in_time,
                "late": one.late,
                "unanswered": one.unanswered,
            }
            for unit, one in sorted(found.answers.items())
        ],
        "rules": [
            {
                "id": one.id,
                "place": one.place,
                "words": one.words,
                "followed": one.followed,
                "handed_back": one.handed_back,
                "otherwise": one.otherwise,
                "share": one.share,
            }
            for one in dispatch_rates(db(), actor(), wish)
        ],
        "definitions": [
            {
                "figure": one.key,
                "name": one.name,
                "meaning": one.meaning,
                "share_of": one.share_of,
                "share_name": one.share_name,
            }
            for one in FIGURES.values()
        ],
    }
