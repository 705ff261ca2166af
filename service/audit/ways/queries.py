"""The map of a process in a period, counted from the stored ways and remembered while no case moves."""

from __future__ import annotations

import json
import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service import clock
from service.audit.models import CaseWayRow
from service.audit.ways.counting import Variant, WayMap, counted
from service.audit.ways.keeping import MOST_ASIDE, RIGHT, Folded, behind, count_behind, folded
from service.audit.ways.way import FORMAT
from service.errors import Finding, Invalid, NotFound
from service.fields import condition
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import current
from service.processes.definitions import list_definitions, shown_digest
from service.processes.models import Definition
from service.processes.rules import NEED, one_line
from service.rights import Actor, require

ENDED, BEGUN = "ended", "begun"
UNNAMED = "（未命名）"
KEPT = 12
"""Maps that are remembered: those that several people look at in several ways."""


@dataclass(frozen=True, slots=True)
class WayFilter:
    """The cases of a map: of a process, of some versions (numbers with commas; None: of all), that ended or began in a
    period whose ends are counted in; of one variant (``key_of``) alone."""

    process: str = NEED
    version: str | None = condition(note="numbers of versions, with commas between them; the last that a case ran by")
    by: str = condition(ENDED, choices=(ENDED, BEGUN), note="the period is that of the end, or of the begin")
    first: date | None = condition(sent="from")
    last: date | None = condition(sent="to")
    variant: str | None = condition(note="the `key` of a variant: the map of its cases alone")

    @property
    def versions(self) -> tuple[int, ...]:
        """The numbers of versions; none for all. Raises Invalid."""
        parts = [one.strip() for one in (self.version or "").replace("，", ",").split(",") if one.strip()]
        if any(not (one.isascii() and one.isdecimal() and len(one) < 7) for one in parts):
            raise Invalid("不能这样筛选", [Finding("/version", "版本请写数字，几个版本用逗号隔开，例如 1,2")])
        return tuple(sorted({int(one) for one in parts}))


@dataclass(frozen=True, slots=True)
class Ways:
    """The map of what a filter lets through (``shown``), beside that of all variants (``whole``).

    ``behind`` counts the cases of the process whose newest entries are not in it; ``made`` is the version on whose
    drawing it is shown, ``drawn`` its drawing.
    """

    wish: WayFilter
    whole: WayMap
    shown: WayMap
    behind: int
    made: Definition
    drawn: Compiled

    def name(self, process: str, element: str) -> str:
        """The name of an element on the drawing, or that it has none."""
        return one_line(self.drawn.program.names.get((process, element))) or UNNAMED


def key_of(way: Variant) -> str:
    """A short name for a variant, that stays the same while others come."""
    return sha256(json.dumps(way).encode()).hexdigest()[:10]


def ways(session: Session, wish: WayFilter, actor: Actor) -> Ways:
    """The map. A fixed number of statements; counted once while no case of the process moves.

    Raises NotAllowed, NotFound for a process or variant that there is not, Invalid for a filter that makes no sense.
    """
    require(actor, RIGHT)
    made = _drawn_by(session, wish)
    if wish.by not in (ENDED, BEGUN):
        raise Invalid("不能这样筛选", [Finding("/by", f"请用 {ENDED}（办结日期）或 {BEGUN}（发起日期）")])
    if wish.first is not None and wish.last is not None and wish.last < wish.first:
        raise Invalid("不能这样筛选", [Finding("/to", "结束日期不能早于开始日期")])
    late = behind(session, wish.process, limit=MOST_ASIDE + 1)
    missing, aside = 0, list[Folded]()
    if len(late) > MOST_ASIDE:
        missing = count_behind(session, wish.process)
    elif late:
        aside = [one for one in folded(session, late) if one.way is not None]
    whole = _map(session, replace(wish, variant=None), aside)
    shown = whole
    if wish.variant is not None:
        way = next((one for one in whole.variants if key_of(one) == wish.variant), None)
        if way is None:
            raise NotFound("这段时间没有这种走法，请重新选择")
        shown = _map(session, wish, aside, way)
    drawn = compiled(session, shown_digest(session, made.key, made.version, made.digest), made.key)
    return Ways(wish, whole, shown, missing, made, drawn)


def processes(session: Session) -> dict[str, list[Definition]]:
    """Process → its versions, the newest first; one statement."""
    found: dict[str, list[Definition]] = {}
    for one in list_definitions(session):
        found.setdefault(one.key, []).append(one)
    return found


def _drawn_by(session: Session, wish: WayFilter) -> Definition:
    """The newest of the asked versions, on whose drawing the map is shown."""
    versions = processes(session).get(wish.process, [])
    asked = [one for one in versions if not wish.versions or one.version in wish.versions]
    if not versions:
        raise NotFound("没有这个流程，请从列表中选择")
    if not asked:
        raise Invalid("不能这样筛选", [Finding("/version", f"没有这个版本，最新的是第 {versions[0].version} 版")])
    return asked[0]


def _map(session: Session, wish: WayFilter, aside: Sequence[Folded], only: Variant | None = None) -> WayMap:
    calendar, today = current(session), clock.today()
    stamp = session.execute(
        select(func.count(), func.coalesce(func.sum(CaseWayRow.seq), 0)).where(
            CaseWayRow.process == wish.process, CaseWayRow.format == FORMAT
        )
    ).one()
    newest = tuple(sorted((str(one.instance), one.seq) for one in aside))
    key = (str(session.get_bind().engine.url), wish, tuple(stamp), newest, calendar.digest, today)
    known = _remembered(key)
    if known is None:
        known = counted(_told(session, wish, aside), calendar, today, only)
        _remember(key, known)
    return known


def _told(session: Session, wish: WayFilter, aside: Sequence[Folded]) -> Iterator[tuple[UUID, Mapping[str, Any]]]:
    """The ways that the filter lets through: those that moved since, then the newest first."""
    newer = {one.instance for one in aside}
    for one in aside:
        if one.way is not None and _lets_through(wish, one.row(one.way)):
            yield one.instance, one.way.data()
    order = (CaseWayRow.started_on.desc(), CaseWayRow.instance_id)
    for instance, told in session.execute(
        select(CaseWayRow.instance_id, CaseWayRow.told).where(*_asked(wish)).order_by(*order)
    ):
        if instance not in newer:
            yield instance, json.loads(told)


def _asked(wish: WayFilter) -> list[ColumnElement[bool]]:
    on = CaseWayRow.ended_on if wish.by == ENDED else CaseWayRow.started_on
    asked = [CaseWayRow.process == wish.process, CaseWayRow.format == FORMAT]
    if wish.versions:
        asked.append(CaseWayRow.version.in_(wish.versions))
    if wish.by == ENDED:
        asked.append(CaseWayRow.ended_on.is_not(None))
    if wish.first is not None:
        asked.append(on >= wish.first)
    if wish.last is not None:
        asked.append(on <= wish.last)
    return asked


def _lets_through(wish: WayFilter, row: Mapping[str, Any]) -> bool:
    on = row["ended_on"] if wish.by == ENDED else row["started_on"]
    return (
        on is not None
        and (not wish.versions or row["version"] in wish.versions)
        and (wish.first is None or on >= wish.first)
        and (wish.last is None or on <= wish.last)
    )


_maps: LRUCache[Hashable, WayMap] = LRUCache(KEPT)
_lock = threading.Lock()


def _remembered(key: Hashable) -> WayMap | None:
    with _lock:
        return _maps.get(key)


def _remember(key: Hashable, found: WayMap) -> None:
    with _lock:
        _maps[key] = found
