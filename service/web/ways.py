"""流程图谱: the real ways of the cases of a process, drawn, timed and counted; every number opens its cases.

Owners see counts, and of a case its number: its content is for who may see it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.audit import logs
from service.audit.replay.drawn import drawing_of
from service.audit.ways import RIGHT, WayFilter, Ways, keeping, picking, ways
from service.audit.ways.counting import Times, Worked
from service.audit.ways.queries import key_of, processes
from service.audit.ways.sheet import COLUMNS, busiest, percent, rows, slowest_units, units_of
from service.db.lists import Page
from service.errors import NotFound
from service.http.context import actor, db
from service.http.files import written
from service.people.queries import unit_names
from service.processes.bundles import files_of
from service.processes.queries import instances_by_id, seen_among
from service.rights import may
from service.usecases.names import Names
from service.web import diagrams
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset
from service.web.asked import asked
from service.web.exports import sheet

blueprint = Blueprint("ways", __name__)

USUAL = timedelta(days=365)
"""The period that the page offers: back from today."""
SHOWN_VARIANTS = 20
TIMES = "times"
"""Under ``?show=`` the drawing tells on its flows how long they took, not how often they were gone."""
HEAT = "heat"
"""The steps are the darker, the longer cases waited there in all."""
HOTTEST = 5
SLOWEST = 3
"""So many steps are marked as the bottlenecks."""


@blueprint.get("/ways")
@requires(right=RIGHT)
def index() -> ResponseReturnValue:
    """The map over the drawing, the bottlenecks, the variants and the deviations."""
    wish = _wish()
    found = ways(db(), wish, actor())
    job = keeping.running(db())
    if job is None and request.headers.get("HX-Target") == "ways-job":  # it has ended while the page looked
        return "", {"HX-Refresh": "true"}
    show = argument("show") if argument("show") in (TIMES, HEAT) else ""
    drawn = _heated(found, wish) if show == HEAT else _drawn(found, wish, timed=show == TIMES)
    return render_template(
        "ways/ways.html",
        found=found,
        wish=wish,
        processes=processes(db()),
        job=job,
        drawn=drawn,
        show=show,
        hottest=HOTTEST,
        island=diagrams.island(drawn),
        steps=busiest(found),
        units=slowest_units(found),
        names=Names(db()).learn(units=units_of(found)),
        flows=sorted(found.shown.flows.items(), key=lambda one: (-one[1].count, one[0])),
        variants=_variants(found),
        most=SHOWN_VARIANTS,
        slowest=[step for step, _ in busiest(found)[:SLOWEST]],
        deviations=_deviations(found),
        opened=lambda *parts: _address(wish, *parts),
        narrowed=lambda key: url_for("web.ways.index", **_query(wish, variant=key)),
        percent=percent,
        exports=may(actor(), logs.RIGHT),
        formats=logs.FORMATS,
        query=_query(wish),
    )


@blueprint.get("/ways/cases")
@requires(right=RIGHT)
def cases() -> ResponseReturnValue:
    """The cases of one number of the map (``?of=``)."""
    wish = _wish()
    found = ways(db(), wish, actor())
    number = picking.picked(found, argument("of", 300) or picking.ALL)
    start = offset()
    places = list(number.places[start : start + PER_PAGE])
    ids = picking.ids_of(found, places)
    known, seen = instances_by_id(db(), ids), seen_among(db(), ids, actor())
    ranks = {way: rank for rank, way in enumerate(found.whole.ranked, 1)}
    taken = {place: way for way, one in found.shown.variants.items() for place in one.cases}
    items = [
        {
            "case": known[key],
            "seen": key in seen,
            "rank": ranks[taken[place]],
            "apart": picking.apart(found, taken[place], ended=known[key].ended_at is not None),
            "aside": [picking.WORDS[kind] for kind in found.shown.aside(place)],
        }
        for key, place in zip(ids, places, strict=True)
        if key in known
    ]
    return render_template(
        "ways/cases.html",
        found=found,
        wish=wish,
        words=number.words + (f"（{Names(db()).unit(number.unit)}）" if number.unit else ""),
        page=Page(tuple(items), len(number.places), PER_PAGE, start),
        back=url_for("web.ways.index", **_query(wish)),
        opened=lambda *parts: _address(wish, *parts),
    )


@blueprint.get("/ways.xlsx")
@requires(right=RIGHT)
def export() -> ResponseReturnValue:
    """The map as a workbook."""
    found = ways(db(), _wish(), actor())
    names = unit_names(db(), units_of(found))
    return sheet(f"流程图谱 {found.made.name}", COLUMNS, rows(found, names))


@blueprint.post("/ways")
@requires(right=RIGHT)
def update() -> ResponseReturnValue:
    """Has the worker fold what is behind."""
    keeping.submit(db(), actor=actor(), now=clock.now())
    return done("已提交，后台任务正在汇总。", url_for("web.ways.index", **_query(_wish())))


@blueprint.get("/ways/log.<suffix>")
@requires(right=logs.RIGHT)
def log(suffix: str) -> ResponseReturnValue:
    """The event log of the process, of the cases that began in the period."""
    if suffix not in logs.FORMATS:
        raise NotFound("没有这种格式，请选择 XES 或 OCEL")
    asked_for = _wish()
    wish = logs.wish_of(asked_for.process, asked_for.first, asked_for.last)
    logs.require_moderate(db(), wish)
    return written(
        lambda path: logs.write(db(), path, suffix, wish).require_whole(),
        logs.FORMATS[suffix][0],
        f"{wish.name}.{suffix}",
    )


# --- The question in the address -------------------------------------------------------------------------------------


def _wish() -> WayFilter:
    """The filter that the address asks for; where it says nothing of a period, the last year."""
    wish = asked(WayFilter)
    if wish.first is None and wish.last is None and not argument("from") and not argument("to"):
        return replace(wish, first=clock.today() - USUAL, last=clock.today())
    return wish


def _query(wish: WayFilter, **more: str | None) -> dict[str, Any]:
    """The filter as an address says it."""
    said = {
        "process": wish.process,
        "version": wish.version,
        "by": wish.by,
        "from": wish.first.isoformat() if wish.first else "",
        "to": wish.last.isoformat() if wish.last else "",
        "variant": wish.variant,
        **more,
    }
    return {name: value for name, value in said.items() if value is not None}


def _address(wish: WayFilter, *parts: str) -> str:
    """Where the cases of a number are listed."""
    return url_for("web.ways.cases", of=picking.pick(*parts), **_query(wish))


# --- The drawing -----------------------------------------------------------------------------------------------------


def _drawn(found: Ways, wish: WayFilter, *, timed: bool) -> list[diagrams.Picture]:
    """The diagrams with the counts (or, ``timed``, the times) on their flows and the times at their steps."""
    drawn = diagrams.pictures(files_of(db(), found.drawn.digest), found.wish.process)
    by_id = {picture.id: picture for picture in drawn}
    most = max((gone.count for gone in found.shown.flows.values()), default=1)
    for (process, source, node), gone in found.shown.flows.items():
        picture = by_id.get(drawing_of(found.drawn, process) or process)
        if picture is not None:
            ends = f"从「{found.name(process, source)}」到「{found.name(process, node)}」"
            told = f"{ends}{gone.count} 次，{_words(gone.times)}"
            label = _days(gone.times) if timed else str(gone.count)
            address = _address(wish, picking.FLOW, process, source, node)
            picture.flows.append((source, node, label, told, address, round(gone.count / most, 3)))
    slow = {step for step, _ in busiest(found)[:SLOWEST]}
    for (process, step), worked in found.shown.steps.items():
        picture = by_id.get(drawing_of(found.drawn, process) or process)
        if picture is not None:
            label, told = _badge(found.name(process, step), worked)
            late = worked.late + worked.overdue
            tone = "late" if late else "slow" if (process, step) in slow else "plain"
            kind = picking.LATE if late else picking.STEP
            picture.badges.append((step, label, told, _address(wish, kind, process, step), tone))
    for picture in drawn:
        picture.hidden = not (picture.flows or picture.badges or picture.id == found.wish.process)
    return drawn


def _heated(found: Ways, wish: WayFilter) -> list[diagrams.Picture]:
    """The diagrams with the share that each step has in all waiting, the darker the more; a call is as hot as what it
    calls in all."""
    drawn = diagrams.pictures(files_of(db(), found.drawn.digest), found.wish.process)
    by_id = {picture.id: picture for picture in drawn}
    waited: dict[str, dict[str, int]] = {picture.id: {} for picture in drawn}
    for (process, step), worked in found.shown.steps.items():
        picture = by_id.get(drawing_of(found.drawn, process) or process)
        if picture is not None and worked.waited:
            days = f"{worked.waited} 天 {percent(worked.waited, found.shown.waited)}%"
            told = f"「{found.name(process, step)}」累计等待 {days}，{_words(worked.times)}"
            waited[picture.id][step] = worked.waited
            picture.badges.append((step, days, told, _address(wish, picking.STEP, process, step), "plain"))
    steps = {key: sum(told.values()) for key, told in waited.items()}
    for picture in drawn:
        called = {activity: steps[key] for activity, key in diagrams.calls(picture) if steps.get(key)}
        waited[picture.id] |= called
    most = max((days for told in waited.values() for days in told.values()), default=0)
    for picture in drawn:
        picture.heat = {element: -(-days * HOTTEST // most) for element, days in waited[picture.id].items()}
        picture.hidden = not (picture.heat or picture.id == found.wish.process)
    return drawn


def _badge(name: str, worked: Worked) -> tuple[str, str]:
    """A step's label (median / 90th percentile, late) and the same in words."""
    late = worked.late + worked.overdue
    times = f"{worked.times.median}/{worked.times.p90} 天" if worked.times.count else "等待中"
    label = f"{times} 超期 {late}" if late else times
    told = f"「{name}」{worked.came} 次，{_words(worked.times)}"
    waits = f"，正在等待 {worked.waits} 次" if worked.waits else ""
    return label, told + waits + (f"，超期 {late} 次" if late else "")


def _days(times: Times) -> str:
    """Median and 90th percentile; nothing of what takes no day."""
    return f"{times.median}/{times.p90} 天" if times.p90 else ""


def _words(times: Times) -> str:
    if not times.count:
        return "还没有办过"
    return f"一半在 {times.median} 个工作日以内，九成在 {times.p90} 个工作日以内"


# --- The tables ------------------------------------------------------------------------------------------------------


def _variants(found: Ways) -> list[dict[str, Any]]:
    """The variants, the most frequent first: rank, key, steps with what is not in the usual one, cases."""
    usual = found.whole.usual
    listed = []
    for rank, way in enumerate(found.whole.ranked, 1):
        taken = found.shown.variants.get(way)
        if taken is not None and taken.cases:
            steps = [(found.name(*step), step not in usual) for step in way]
            left_out = [found.name(*step) for step in usual if step not in way]
            listed.append(
                {
                    "rank": rank,
                    "key": key_of(way),
                    "steps": steps,
                    "without": left_out,
                    "taken": taken,
                    "usual": way == usual,
                }
            )
    return listed


def _deviations(found: Ways) -> list[tuple[str, str, int, str]]:
    """(kind, in words, cases, address) of what left the usual course, the most frequent first."""
    told = sorted(found.shown.deviations.items(), key=lambda one: (-len(one[1]), one[0]))
    return [
        (
            picking.WORDS[key[0]],
            picking.deviation_words(found, *key),
            len(cases),
            _address(found.wish, picking.ASIDE, *key),
        )
        for key, cases in told
    ]
