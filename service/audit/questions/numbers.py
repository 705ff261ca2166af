"""Documents by their numbers, series by series; before them the numbers that nobody was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, select

from service.audit.questions.declared import Asked, Row
from service.audit.questions.journal import learnt, paged, paged_of, period
from service.audit.questions.known import the_case
from service.db.lists import MAX_LIMIT, Page
from service.history import HistoryEvent
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.processes.series import twice_and_missing

CASES, CIRCULARS, URGES, OWN = "case", "circular", "urge", "own"
SERIES: Mapping[str, str] = {CASES: "受理编号", CIRCULARS: "通报文号", URGES: "催办编号", OWN: "流程自己的编号"}
_KIND = {CASES: "action", CIRCULARS: "circular_issued", URGES: "urged", OWN: "numbered"}
ISSUE = "issue_number"
"""The automatic step that gives a case its number."""


def numbers(asked: Asked) -> Page[Row]:
    """The numbers of a series (default: of cases), the newest first."""
    series = asked.text("series") or CASES
    faults = [
        {"number": number, "series": SERIES[series], "what": what, "links": {}}
        for number, what in _faults(asked, series)
    ]
    limit, offset = max(1, min(asked.limit, MAX_LIMIT)), max(0, asked.offset)
    first: list[Row] = list(faults[offset : offset + limit])
    left, start = limit - len(first), max(0, offset - len(faults))
    rest = _events(asked, series, left, start)
    return Page((*first, *rest.items), rest.total + len(faults), limit, offset)


def _faults(asked: Asked, series: str) -> list[tuple[str, str]]:
    """Numbers given twice, and those that lie between others and were not given."""
    if series == CASES:
        given = select(Instance.number).where(Instance.number.is_not(None)).order_by(Instance.number)
    else:
        given = select(HistoryEvent.data["number"].as_string()).where(HistoryEvent.kind == _KIND[series])
    twice, missing = twice_and_missing(str(one) for one in asked.session.scalars(given))
    return [(one, "重号") for one in twice] + [(one, "缺号") for one in missing]


def _events(asked: Asked, series: str, limit: int, offset: int) -> Page[Row]:
    of_case = []
    if written := asked.text("case"):
        of_case.append(HistoryEvent.stream == stream_of(the_case(asked.session, written)))
    part = Asked(asked.session, asked.reader, asked.organization, asked.values, max(1, limit), offset)
    if series == CASES:
        page = paged_of(part, _given(asked, *of_case))
    else:
        given = select(HistoryEvent.id).where(HistoryEvent.kind == _KIND[series], *of_case)
        page = paged(part, given.where(*period(asked, HistoryEvent.at)))
    items = page.items if limit else ()
    known = learnt(asked.session, items)
    told = []
    for one in items:
        about, link = known.record(one.stream)
        number = str(one.data.get("result" if series == CASES else "number", ""))
        told.append(_row(number, series, one.at, known.person(one.actor), about, link))
    return Page(tuple(told), page.total, limit, offset)


def _given(asked: Asked, *conditions: ColumnElement[bool]) -> Subquery:
    """The entries that gave cases their numbers: a case is numbered once, whatever is taken again."""
    first = func.min(HistoryEvent.at)
    given = select(func.min(HistoryEvent.id).label("id"), first.label("at"))
    given = given.where(HistoryEvent.kind == _KIND[CASES], HistoryEvent.data["name"].as_string() == ISSUE, *conditions)
    return given.group_by(HistoryEvent.stream).having(*period(asked, first)).subquery()


def _row(number: str, series: str, at: Any, who: str, about: str, link: tuple[str, str] | None) -> Row:
    links = {"about": link} if link is not None else {}
    return {
        "number": number,
        "series": SERIES[series],
        "what": "已给出",
        "at": at,
        "who": who,
        "about": about,
        "links": links,
    }
