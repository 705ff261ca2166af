"""Verification by replay: the journal's inputs, run again on the stored definition, must give the recorded effects and
every column of the stored rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, exists, func, literal, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import NullType

from service import history
from service.canonical import dumps
from service.db import raw_rows
from service.db.differing import THERE, apart_in
from service.errors import DAMAGE
from service.fields.columns import column_words
from service.history import HistoryEvent, HistoryHead
from service.history.apart import NO_HEAD
from service.processes import counters
from service.processes.bundles import Compiled
from service.processes.calendars import LONGEST_SOURCE
from service.processes.case_checks import check_cases
from service.processes.case_rows import AT_ONCE
from service.processes.cycles import Cycle
from service.processes.deployed import Mismatch, definitions_as_deployed, unreadable
from service.processes.models import (
    CalendarVersion,
    Counter,
    Incident,
    Instance,
    Schedule,
)
from service.processes.scheduled_starts import MAX_ATTEMPTS as START_ATTEMPTS
from service.processes.series import twice_and_missing
from service.workdays import Calendar

STREAMS_AT_ONCE = 200
"""Streams whose chains are read with one statement."""


def verify(
    session: Session,
    instance_ids: Sequence[UUID] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Mismatch]:
    """Checks definitions, calendars, chains, replays and rows; yields every mismatch, each named.

    Of all instances, or of ``instance_ids`` only. Anything that cannot be read or replayed is a mismatch, not an error.
    ``progress`` is told how many instances of how many are done. All in one transaction: the work of many is done in
    pieces, by ``audit.verifying``.
    """
    definitions: dict[str, Compiled] = {}
    calendars: dict[str, Calendar] = {}
    yield from verify_bases(session, definitions, calendars)
    if instance_ids is None:
        yield from verify_journal(session)
    total = count_cases(session) if instance_ids is None else len(instance_ids)
    played, done = history.played_until(session), 0
    for bad, some in _pages(session) if instance_ids is None else _pages_of(instance_ids):
        yield from bad
        for _, wrong in check_cases(session, some, definitions.__getitem__, calendars.__getitem__, played):
            yield from wrong
            if progress is not None:
                progress(done, total)
            done += 1


def verify_bases(
    session: Session, definitions: dict[str, Compiled], calendars: dict[str, Calendar]
) -> Iterator[Mismatch]:
    """Checks definitions, planned starts and calendars; the two tables take those that can be used."""
    newest = yield from definitions_as_deployed(session, definitions)
    yield from _schedules(session, newest, definitions)
    yield from _calendars(session, calendars)


def verify_journal(session: Session, *, less: str | None = None) -> Iterator[Mismatch]:
    """Checks what no single case tells: the chains of all other streams, streams without a case, numbers given.

    ``less``: the prefix of streams whose chains are checked elsewhere.
    """
    played = history.played_until(session)
    yield from _streams(session, played, less)
    yield from _counters(session)


def count_cases(session: Session) -> int:
    """How many cases there are."""
    return session.scalar(select(func.count()).select_from(Instance)) or 0


def page(session: Session, after: Any, size: int) -> tuple[list[Mismatch], list[UUID], Any]:
    """A few cases in the order of their ids, behind ``after`` (None: the first): what is wrong with ids, the ids that
    can be read, and behind what the next ones stand (None where these were the last)."""
    column = type_coerce(Instance.id, NullType())
    wanted = select(column).order_by(column).limit(size)
    stored = session.scalars(wanted if after is None else wanted.where(column > after)).all()
    bad, found = list[Mismatch](), list[UUID]()
    for one in stored:
        try:
            found.append(UUID(str(one)))
        except ValueError:
            bad.append(Mismatch(f"instance:{one}", None, "事项的标识无法识别"))
    return bad, found, stored[-1] if stored else None


def _pages(session: Session) -> Iterator[tuple[list[Mismatch], list[UUID]]]:
    bad, some, after = page(session, None, AT_ONCE)
    while after is not None:
        yield bad, some
        bad, some, after = page(session, after, AT_ONCE)


def _pages_of(ids: Sequence[UUID]) -> Iterator[tuple[list[Mismatch], Sequence[UUID]]]:
    for first in range(0, len(ids), AT_ONCE):
        yield [], ids[first : first + AT_ONCE]


# --- What all instances share ----------------------------------------------------------------------------------------


def _schedules(session: Session, newest: Mapping[str, str], definitions: Mapping[str, Compiled]) -> Iterator[Mismatch]:
    """Checks that the starts are those that the newest versions draw, each at the moment that its interval gives.

    Of a process whose newest version cannot run nothing is said: that it is damaged has been named.
    """
    again = {
        row["resolved_at"]
        for row in raw_rows.rows(session, Incident, Incident.kind == "schedule", Incident.resolved_at.is_not(None))
    }
    known = {key: definitions[digest] for key, digest in newest.items() if digest in definitions}
    must = {(key, start.event): start.cycle for key, made in known.items() for start in made.program.timer_starts}
    for row in raw_rows.rows(session, Schedule):
        process, event = row["process"], row["event"]
        if process in newest and process not in known:
            continue
        stream, cycle = f"schedule:{process}", must.pop((process, event), None)
        if (row["digest"], row["cycle"]) != (newest.get(process), cycle) or cycle is None:
            yield Mismatch(stream, None, f"定时开始「{event}」与最新版流程图不符")
        elif (problem := _planned(session, row, again)) is not None:
            yield Mismatch(stream, None, f"定时开始「{event}」的{problem}")
    for process, event in must:
        yield Mismatch(f"schedule:{process}", None, f"缺少定时开始「{event}」的记录", **THERE)


def _planned(session: Session, row: raw_rows.Row, again: Collection[Any]) -> str | None:
    """The fault in the row's next start, which should be as planned, later after a failure, or at the moment
    (one of ``again``) when somebody had it tried again."""
    try:
        told = row["incident_id"] is not None
        if not 0 <= row["attempts"] <= START_ATTEMPTS or told != (row["attempts"] == START_ATTEMPTS):
            return "失败次数被改动"
        planned = Cycle.parse(row["cycle"]).moment(row["occurrence"])
        as_planned = row["next_at"] == raw_rows.form(session, Schedule, {"next_at": planned})["next_at"]
    except DAMAGE as error:
        return f"记录无法读取：{unreadable(error)}"
    right = as_planned or row["next_at"] in again if row["attempts"] == 0 else not as_planned
    return None if right else "下次启动时间或失败次数被改动"


def _calendars(session: Session, into: dict[str, Calendar]) -> Iterator[Mismatch]:
    """Each calendar is as it was loaded, and the newest is in force; ``into`` takes those that can be counted with."""
    rows = sorted(raw_rows.rows(session, CalendarVersion), key=lambda row: int(row["id"]))
    have = {row["digest"]: row for row in rows}
    must: dict[str, dict[str, Any]] = {}
    try:
        for event in history.stream_events(session, "calendar"):
            digest = str(event.data.get("digest"))
            if event.kind == "calendar_loaded" and digest != next(reversed(must), None):
                must.pop(digest, None)
                source = event.data["source"][:LONGEST_SOURCE]
                must[digest] = {"source": source, "loaded_at": event.at, "loaded_by": event.actor}
    except DAMAGE as error:
        yield Mismatch("calendar", None, f"载入记录无法读取：{unreadable(error)}")
    if list(have) != list(must):
        yield Mismatch("calendar", None, "工作日历的版本与载入记录不符")
    for digest, row in have.items():
        stream = f"calendar:{digest}"
        if (problem := _calendar(row, into)) is not None:
            yield Mismatch(stream, None, problem)
        for column in raw_rows.differences(session, CalendarVersion, row, must.get(digest, {})):
            what = f"工作日历的{column_words(column)}与载入记录不符"
            values = apart_in(session, CalendarVersion, column, must[digest], row)
            yield Mismatch(stream, None, what, CalendarVersion.__tablename__, row["digest"], column, **values)


def _calendar(row: raw_rows.Row, into: dict[str, Calendar]) -> str | None:
    try:
        data = json.loads(row["data"])
        calendar = Calendar.from_data(data)
    except DAMAGE as error:
        return f"工作日历无法读取：{unreadable(error)}"
    if calendar.digest != row["digest"]:
        return f"工作日历与摘要不符（实际 {calendar.digest[:12]}…）"
    into[row["digest"]] = calendar
    return None if row["data"] == dumps(calendar.to_data()) else "工作日历的内容被改动"


def _streams(session: Session, played: datetime, less: str | None) -> Iterator[Mismatch]:
    """The chains of all streams but those of instances, and streams that nothing holds together."""
    other, after = ~HistoryHead.stream.startswith("instance:"), ""
    chained = other & ~HistoryHead.stream.startswith(less) if less is not None else other
    while True:
        page = select(HistoryHead.stream).where(chained, HistoryHead.stream > after)
        some = session.scalars(page.order_by(HistoryHead.stream).limit(STREAMS_AT_ONCE)).all()
        if not some:
            break
        after = some[-1]
        for one in history.verify_streams(session, some, played=played):
            yield Mismatch(one.stream, one.seq, one.what, must=one.must, have=one.have)
    headless = ~exists().where(HistoryHead.stream == HistoryEvent.stream)
    for stream in session.scalars(select(HistoryEvent.stream).where(headless).distinct()):
        yield Mismatch(stream, None, "缺少链头", must=NO_HEAD[0], have=NO_HEAD[1])
    for stream in session.scalars(select(HistoryHead.stream).where(~other, ~_case_of(session, HistoryHead.stream))):
        yield Mismatch(stream, None, "有历史而没有事项记录", **THERE)


def _case_of(session: Session, stream: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether there is the case whose journal this stream is."""
    if session.get_bind().dialect.name != "sqlite":
        return exists().where(literal("instance:").concat(cast(Instance.id, String)) == stream)
    own = type_coerce(Instance.id, String)  # 32 figures there; asked for by its index, then held against the whole name
    places = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    parts = [func.substr(own, first, length) for first, length in places]
    written = parts[0].concat("-").concat(parts[1]).concat("-").concat(parts[2])
    written = literal("instance:").concat(written.concat("-").concat(parts[3]).concat("-").concat(parts[4]))
    return exists().where(own == func.replace(func.substr(stream, 10), "-", ""), written == stream)


def _counters(session: Session) -> Iterator[Mismatch]:
    """The last number under each name is as many as the journal tells to have been given.

    Of a journal that cannot be read nothing is said: the chains have named where it is damaged.
    """
    try:
        given = counters.given(session)
    except DAMAGE:
        return
    except DBAPIError as error:
        if "malformed JSON" not in str(error.orig):  # SQLite's word for a text that is none
            raise
        return
    have = {row["name"]: row["value"] for row in raw_rows.rows(session, Counter)}
    ours = {name for name in have if str(name).startswith(counters.PREFIXES)}
    for name in sorted(given.keys() | ours):
        numbers = given.get(name, [])
        if have.get(name) != len(numbers):
            used = f"已用到 {have[name]}" if name in have else "没有记录"
            what = f"编号{used}，历史中给出的是 {len(numbers)} 个"
            said = f"{have[name]} 个" if name in have else "没有记录"
            yield Mismatch(f"counter:{name}", None, what, must=f"{len(numbers)} 个", have=said)
        twice, missing = twice_and_missing(numbers)
        for number in twice:
            times = f"{numbers.count(number)} 次"
            yield Mismatch(f"counter:{name}", None, f"编号 {number} 给出不止一次", must="1 次", have=times)
        for number in missing:
            what = f"编号 {number} 没有给出，而它前后的号都给出了"
            yield Mismatch(f"counter:{name}", None, what, must="1 次", have="没有给出")
