"""The map of real ways 流程图谱, the cases behind its numbers, and event logs for process mining."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response

from service import clock
from service.api.calls import Calls
from service.api.fields import Choice, Day, Flag, Id, List, Moment, Nested, Query, Said, Schema, Text, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.audit import logs
from service.audit.ways import RIGHT, WayFilter, Ways, keeping, picking, ways
from service.audit.ways.counting import Times, Worked
from service.audit.ways.queries import BEGUN, ENDED, key_of
from service.audit.ways.sheet import COLUMNS, busiest, rows, slowest_units, units_of
from service.db.lists import Page
from service.errors import NotFound
from service.http.context import actor, db
from service.http.files import written
from service.ledger.workbooks import XLSX, write_table
from service.people.queries import unit_names
from service.processes.queries import instances_by_id, seen_among

calls = Calls("ways", "The map of real ways of a process, and event logs for process mining")
OF = "which number's cases: `all`, or the `of` of a number of the map"


class WaysQuery(Query):
    """The cases of a map, by the last version that they ran by and a period whose ends are counted in."""

    version = Text(longest=100, metadata={"description": "numbers with commas between them; default: all"})
    by = Choice(ENDED, BEGUN, load_default=ENDED, metadata={"description": "the period is of the end or the begin"})
    first = Day(data_key="from")
    last = Day(data_key="to")
    variant = Text(longest=20, metadata={"description": "the `key` of a variant: the map of its cases alone"})


class WaysCasesQuery(WaysQuery, Pages):
    """The same, with the number whose cases are asked for."""

    of = Text(longest=300, load_default=picking.ALL, metadata={"description": OF})


class LogQuery(Query):
    """The cases of a log: of one process (default: of all), that began in a period whose ends are counted in."""

    process = Text(longest=64)
    first = Day(data_key="from")
    last = Day(data_key="to")


class WayTimes(Schema):
    """Working days: half of ``count`` took no longer than ``median``, nine of ten no longer than ``p90``."""

    count = Whole(required=True)
    median = Whole(required=True, allow_none=True)
    p90 = Whole(required=True, allow_none=True)
    total = Whole(required=True)


class WayFlow(Schema):
    """A flow of the drawing: how often it was gone, in how many cases, the time from one element to the next."""

    process = Said(required=True)
    source = Said(required=True, data_key="from", attribute="source")
    node = Said(required=True, data_key="to", attribute="node")
    source_name = Said(required=True, data_key="from_name", attribute="source_name")
    node_name = Said(required=True, data_key="to_name", attribute="node_name")
    count = Whole(required=True)
    cases = Whole(required=True)
    times = Nested(WayTimes, required=True)
    of = Said(required=True)


class WayStep(Schema):
    """A step: how often it came up and was done, how many wait now; how many of those done were late, and of those that
    wait are (``overdue``); ``waited`` are the working days of all together."""

    process = Said(required=True)
    step = Said(required=True)
    name = Said(required=True)
    came = Whole(required=True)
    done = Whole(required=True)
    waits = Whole(required=True)
    late = Whole(required=True)
    overdue = Whole(required=True)
    waited = Whole(required=True)
    cases = Whole(required=True)
    times = Nested(WayTimes, required=True)
    of = Said(required=True)


class WayUnit(WayStep):
    """The same of one unit's steps; ``unit`` is its code."""

    unit = Said(required=True)


class WayVariant(Schema):
    """A variant: the steps in the order in which each was first done, the most frequent variant first."""

    key = Said(required=True)
    steps = List(Said(), required=True)
    names = List(Said(), required=True)
    cases = Whole(required=True)
    times = Nested(WayTimes, required=True)
    of = Said(required=True)


class WayDeviation(Schema):
    """A turn off the usual course: ``returned`` (from ``step`` to ``target``), ``taken_back``, ``migrated``,
    ``terminated``."""

    kind = Choice(*picking.WORDS, required=True)
    process = Said(required=True)
    step = Said(required=True)
    target = Said(required=True)
    words = Said(required=True)
    cases = Whole(required=True)
    of = Said(required=True)


class WayMapView(Schema):
    """The map of ``cases``. ``version`` is that of its drawing; ``behind`` counts cases whose newest entries are not in
    it yet; ``times`` are those of the ended ones from begin to end."""

    process = Said(required=True)
    version = Whole(required=True)
    cases = Whole(required=True)
    ended = Whole(required=True)
    behind = Whole(required=True)
    times = Nested(WayTimes, required=True)
    flows = List(Nested(WayFlow), required=True)
    steps = List(Nested(WayStep), required=True)
    units = List(Nested(WayUnit), required=True)
    variants = List(Nested(WayVariant), required=True)
    deviations = List(Nested(WayDeviation), required=True)


class WayCase(Schema):
    """A case behind a number. ``deviations`` are the kinds of what left the usual course; ``visible``: the reader may
    see the case itself."""

    id = Id(required=True)
    number = Said(required=True, allow_none=True)
    started_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    deviations = List(Said(), required=True)
    visible = Flag(required=True)


@calls.get("/processes/<key>/ways", answer=WayMapView, query=WaysQuery, right=RIGHT)
def way_map(query: dict[str, Any], key: str) -> Mapping[str, Any]:
    """The map: flows, steps (those first at which cases waited longest), variants, deviations."""
    found = ways(db(), WayFilter(key, **query), actor())
    shown = found.shown
    return {
        "process": key,
        "version": found.made.version,
        "cases": len(shown.ids),
        "ended": shown.ended,
        "behind": found.behind,
        "times": _times(shown.times),
        "flows": list(_flows(found)),
        "steps": [_step(found, worked, *key) for key, worked in busiest(found)],
        "units": [_step(found, worked, *key) for key, worked in slowest_units(found)],
        "variants": list(_variants(found)),
        "deviations": list(_deviations(found)),
    }


@calls.get("/processes/<key>/ways/cases", answer=page_of(WayCase, "WayCases"), query=WaysCasesQuery, right=RIGHT)
def way_cases(query: dict[str, Any], key: str) -> Mapping[str, Any]:
    """The cases behind a number of the map."""
    of, limit, offset = query.pop("of"), query.pop("limit"), query.pop("offset")
    found = ways(db(), WayFilter(key, **query), actor())
    number = picking.picked(found, of)
    places = list(number.places[offset : offset + limit])
    ids = picking.ids_of(found, places)
    known, seen = instances_by_id(db(), ids), seen_among(db(), ids, actor())
    items = [
        Row(known[one], deviations=found.shown.aside(place), visible=one in seen)
        for one, place in zip(ids, places, strict=True)
        if one in known
    ]
    return paged(Page(tuple(items), len(number.places), limit, offset), lambda one: one)


@calls.file("/processes/<key>/ways/xlsx", media_types=(XLSX,), query=WaysQuery, right=RIGHT)
def way_sheet(query: dict[str, Any], key: str) -> Response:
    """The map as a workbook."""
    found = ways(db(), WayFilter(key, **query), actor())
    told = rows(found, unit_names(db(), units_of(found)))
    name = f"流程图谱 {found.made.name}.xlsx"
    return written(lambda path: write_table(told, path, columns=COLUMNS, title="流程图谱"), XLSX, name)


@calls.post("/ways", answer=JobView, status=202, right=RIGHT)
def update_ways(_: dict[str, Any]) -> Row:
    """Has the worker take in what happened since, of all processes; gives the job that is at it already, if any."""
    return view_of(keeping.submit(db(), actor=actor(), now=clock.now()))


@calls.file(
    "/event-logs/<suffix>", media_types=[kind for kind, _ in logs.FORMATS.values()], query=LogQuery, right=logs.RIGHT
)
def event_log(query: dict[str, Any], suffix: str) -> Response:
    """The event log as `xes` (IEEE 1849), `jsonocel` or `sqlite` (OCEL 2.0): steps, people by codes, no content.

    At most 5,000 cases; the command line gives all.
    """
    if suffix not in logs.FORMATS:
        raise NotFound("没有这种格式，请用 xes、jsonocel 或 sqlite")
    wish = logs.wish_of(query.get("process"), query.get("first"), query.get("last"))
    logs.require_moderate(db(), wish)
    return written(
        lambda path: logs.write(db(), path, suffix, wish).require_whole(),
        logs.FORMATS[suffix][0],
        f"{wish.name}.{suffix}",
    )


def _times(times: Times) -> Mapping[str, Any]:
    return {"count": times.count, "median": times.median, "p90": times.p90, "total": times.total}


def _flows(found: Ways) -> Iterable[Mapping[str, Any]]:
    for (process, source, node), gone in sorted(found.shown.flows.items(), key=lambda one: (-one[1].count, one[0])):
        yield {
            "process": process,
            "source": source,
            "node": node,
            "source_name": found.name(process, source),
            "node_name": found.name(process, node),
            "count": gone.count,
            "cases": len(gone.cases),
            "times": _times(gone.times),
            "of": picking.pick(picking.FLOW, process, source, node),
        }


def _step(found: Ways, worked: Worked, process: str, step: str, unit: str | None = None) -> Row:
    of = picking.pick(picking.STEP, process, step, *([unit] if unit is not None else []))
    known = {"process": process, "step": step, "unit": unit, "name": found.name(process, step), "of": of}
    return Row(worked, cases=len(worked.cases), times=_times(worked.times), **known)


def _variants(found: Ways) -> Iterable[Mapping[str, Any]]:
    for way in found.shown.ranked:
        taken = found.shown.variants[way]
        if taken.cases:
            yield {
                "key": key_of(way),
                "steps": ["/".join(step) for step in way],
                "names": [found.name(*step) for step in way],
                "cases": len(taken.cases),
                "times": _times(taken.times),
                "of": picking.pick(picking.VARIANT, key_of(way)),
            }


def _deviations(found: Ways) -> Iterable[Mapping[str, Any]]:
    for (kind, process, step, target), cases in sorted(
        found.shown.deviations.items(), key=lambda one: (-len(one[1]), one[0])
    ):
        yield {
            "kind": kind,
            "process": process,
            "step": step,
            "target": target,
            "words": picking.deviation_words(found, kind, process, step, target),
            "cases": len(cases),
            "of": picking.pick(picking.ASIDE, kind, process, step, target),
        }
