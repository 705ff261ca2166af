"""Verification of cases, a batch at a time: chain, effects and every column of the rows of each.

A batch takes a statement a table, whatever the number of its cases. Each event is read once, for its chain and for its
replay; a replay goes on with the workflow at hand, and what then differs is replayed from the stored states before it
is told.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from service.canonical import dumps, normalized
from service.db import raw_rows
from service.db.differing import NOT_THERE, THERE, apart, apart_in
from service.db.raw_rows import Row, shape
from service.errors import DAMAGE, LiaisonError
from service.fields.columns import column_words
from service.history import HistoryEvent
from service.processes import told_effects
from service.processes.bundles import Compiled
from service.processes.called import row_called, valued
from service.processes.case_link import CaseLink
from service.processes.case_rows import Case, stored_cases
from service.processes.clocks import runs_of
from service.processes.course import Replayer, steps_of, taken_back_effects
from service.processes.deployed import Mismatch, unreadable
from service.processes.effects import EFFECTS
from service.processes.fields import ENTRIES
from service.processes.inputs import Course
from service.processes.models import CaseSpan, CaseText, ClockRun, CopyTo, Instance, Timer, UserTask
from service.processes.projections import Projection
from service.processes.reader_models import CaseReader
from service.processes.readers import rows_of
from service.processes.recording import stream_of
from service.processes.register_models import Urge
from service.processes.rules import one_line
from service.processes.spans import joined
from service.processes.texts import WORDS
from service.processes.told_parts import Parts
from service.workdays import Calendar

T = TypeVar("T")


def check_cases(
    session: Session,
    ids: Sequence[UUID],
    definitions: Callable[[str], Compiled],
    calendars: Callable[[str], Calendar],
    played: datetime | None = None,
) -> Iterator[tuple[UUID, list[Mismatch]]]:
    """Each case with all that is wrong with it; one that cannot be read or replayed is a mismatch, no error."""
    for case in stored_cases(session, ids, played):
        yield case.id, list(check_case(session, case, definitions, calendars))


def check_case(
    session: Session,
    case: Case,
    definitions: Callable[[str], Compiled],
    calendars: Callable[[str], Calendar],
) -> Iterator[Mismatch]:
    """Chain, effects and rows of one case."""
    stream = stream_of(case.id)
    for one in case.chain.mismatches:
        yield Mismatch(one.stream, one.seq, one.what, must=one.must, have=one.have)
    events = case.events
    if case.chain.unreadable is not None:
        yield Mismatch(stream, None, f"无法重放：{case.chain.unreadable}")
        return
    if not events or events[0].kind != "started":
        yield Mismatch(stream, None, "历史缺少启动记录")
        return
    try:
        digest = str(events[0].data["digest"])
        try:
            definitions(digest)
        except (LookupError, LiaisonError):
            yield Mismatch(stream, None, f"定义 {digest} 缺失或已损坏，无法重放")
            return
        wrong, told = _replay(case, definitions, calendars)
    except DAMAGE as error:
        yield Mismatch(stream, None, f"无法重放：{unreadable(error)}")
        return
    yield from wrong
    found = list(_compared(session, stream, case, told, Parts(session, events, definitions)))
    yield from found
    if not (wrong or found or case.chain.mismatches):
        case.told = told


def _compared(session: Session, stream: str, case: Case, told: Projection, parts: Parts) -> Iterator[Mismatch]:
    yield from _rows(session, stream, case, told, parts)
    yield from _runs(session, stream, case, told)
    yield from _spans(session, stream, case, told)
    yield from _texts(session, stream, case, told)


def _replay(
    case: Case, definitions: Callable[[str], Compiled], calendars: Callable[[str], Calendar]
) -> tuple[list[Mismatch], Projection]:
    """The steps that are not as recorded, and the rows that the journal leads to."""
    began = case.events[0]
    with suppress(*DAMAGE):
        wrong, told = _told(case, Replayer(case.id, began, definitions, calendars, live=True))
        if not wrong:
            return wrong, told
    # as it happened: each step from the stored state before it
    return _told(case, Replayer(case.id, began, definitions, calendars))


def _told(case: Case, replayer: Replayer) -> tuple[list[Mismatch], Projection]:
    texts = {event.seq: event.text for event in case.chain.events}
    found = replayed(stream_of(case.id), replayer, case.events, texts)
    wrong: list[Mismatch] = []
    while True:
        try:
            wrong.append(next(found))
        except StopIteration as end:
            return wrong, end.value


def replayed(
    stream: str, replayer: Replayer, events: Sequence[HistoryEvent], texts: Mapping[int, str] | None = None
) -> Generator[Mismatch, None, Projection]:
    """Replays a journal: yields each step that is not as recorded, gives the rows that it leads to.

    ``texts``: seq → the event's data as canonical JSON, where that is known already.
    """
    course, told, steps = Course(), Projection(replayer.begun.instance_id, replayer.begun.made), steps_of(events)
    position_of = {step.event.seq: position for position, step in enumerate(steps)}
    for event in events:
        position = position_of.get(event.seq)
        if position is None:
            if event.kind not in EFFECTS:  # they are told with their input
                told.note(event)
            continue
        step = steps[position]
        if event.kind == "taken_back":
            before = course
            course = replayer.run(steps[: position + 1])
            found = taken_back_effects(before.open, before.due, before.facts, before.kept, course)
        else:
            found = replayer.step(course, step)
        told.step(event, found, course)
        have = [(one.kind, one.task, texts[one.seq] if texts else dumps(one.data)) for one in step.effects]
        if [(effect.kind, effect.task, dumps(effect.data)) for effect in found] != have:
            wanted = [(effect.kind, effect.task, dumps(normalized(dict(effect.data)))) for effect in found]
            if wanted != have:
                what = f"重放「{_word(event.kind)}」得到的结果与记录不符"
                yield Mismatch(stream, event.seq, what, **told_effects.apart(wanted, have))
    told.number()
    return told


def _word(kind: str) -> str:
    """A kind of event by the journal's word for it, with its code."""
    return f"{ENTRIES[kind].word}（{kind}）" if kind in ENTRIES else kind


# --- Rows ------------------------------------------------------------------------------------------------------------


def _rows(session: Session, stream: str, case: Case, told: Projection, parts: Parts) -> Iterator[Mismatch]:
    have = case.rows[Instance]
    if not have:
        yield Mismatch(stream, None, "没有这个事项", Instance.__tablename__, **THERE)
        return
    for column in raw_rows.differences(session, Instance, have[0], told.instance):
        if column == "state":
            seal = hashlib.sha256(have[0]["state"].encode()).hexdigest()[:12]
            what = f"保存的状态（{seal}…）与重放结果不符"
        else:
            what = f"事项的{column_words(column)}与历史不符"
        apart_there = apart_in(session, Instance, column, told.instance, have[0])
        values = valued(session, column, apart_there, told.instance, have[0], parts)
        yield Mismatch(stream, None, what, Instance.__tablename__, told.instance["number"], column, **values)
    yield from _held(session, stream, UserTask, "任务", case, parts, told.tasks)
    yield from _held(session, stream, Timer, "定时", case, parts, told.timers, tasks=told.tasks)
    yield from _held(session, stream, CopyTo, "抄送", case, parts, told.copies, key="username")
    yield from _held(session, stream, Urge, "催办", case, parts, told.urges, key="seq")
    yield from _held(session, stream, CaseLink, "关联", case, parts, told.links, key="other_id")
    readers = {row["reader"]: row for row in rows_of(told.instance, told.tasks.values())}
    yield from _held(session, stream, CaseReader, "可见范围", case, parts, readers, key="reader")


def _held(
    session: Session,
    stream: str,
    model: type[UserTask | Timer | CopyTo | Urge | CaseLink | CaseReader],
    noun: str,
    case: Case,
    parts: Parts,
    must: Mapping[str, Mapping[str, Any]],
    key: str = "id",
    tasks: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Iterator[Mismatch]:
    """Each row that is missing, too many, or says something else than it must. Only such a row is asked for its name,
    for that takes statements."""
    known = shape(session, model)
    found = {str(row[key]): row for row in case.rows[model]}
    for row in must.values():
        there = found.pop(str(known.form(key, row[key])), None)
        if there is None:
            name = row_called(session, model, row, key, tasks)
            what = f"缺少{noun}「{name}」的记录"
            yield Mismatch(stream, row.get("entered_seq"), what, model.__tablename__, name, **THERE)
            continue
        for column in known.differences(there, row):
            name = row_called(session, model, row, key, tasks)
            what = f"{noun}「{name}」的{column_words(column)}与历史不符"
            whose = str(row[key]) if model is UserTask else None
            values = valued(session, column, apart_in(session, model, column, row, there), row, there, parts, whose)
            yield Mismatch(stream, row.get("entered_seq"), what, model.__tablename__, name, column, **values)
    for row in found.values():
        name = row_called(session, model, row, key, tasks)
        yield Mismatch(stream, None, f"{noun}「{name}」没有历史", model.__tablename__, name, **NOT_THERE)


def _runs(session: Session, stream: str, case: Case, told: Projection) -> Iterator[Mismatch]:
    """The clocks of the tasks ran as the journal says: lateness is told by them."""
    try:
        runs = runs_of(case.id, case.events)
        must = [raw_rows.form(session, ClockRun, row) for row in runs]
    except DAMAGE as error:
        yield Mismatch(stream, None, f"计时记录无法核对：{unreadable(error)}")
        return
    if _in_order(case.rows[ClockRun], must):
        case.runs = runs
        return
    have = _without(case.rows[ClockRun], ("id",))
    if _same(have, must):
        case.runs = _as_stored(have, must, runs)
        return
    known, table = shape(session, ClockRun), ClockRun.__tablename__
    if len(have) != len(must):
        what = "计时记录的段数与历史不符"
        yield Mismatch(stream, None, what, table, must=f"{len(must)} 段", have=f"{len(have)} 段")
        return
    names = {str(known.form("task_id", one["id"])): one_line(one["name"]) for one in told.tasks.values()}
    for column, wanted, found in _unlike(have, must, _plain):
        step = names.get(str(wanted["task_id"]), "")
        what = f"计时记录「{step}」的{column_words(column)}与历史不符"
        yield Mismatch(stream, None, what, table, step, column, **apart(known, column, wanted[column], found[column]))


def _spans(session: Session, stream: str, case: Case, told: Projection) -> Iterator[Mismatch]:
    """How the case stood on each day is as the journal says: papers of past days are told by it."""
    must = [raw_rows.form(session, CaseSpan, row) for row in told.spans.rows]
    if _in_order(case.rows[CaseSpan], must):
        return
    have = _without(case.rows[CaseSpan], ("id", "instance_id"))
    if _same(have, must):
        return
    case.runs = None  # what is made of other stretches that say the same need not be the same
    known, table, left, right = shape(session, CaseSpan), CaseSpan.__tablename__, joined(have), joined(must)
    if len(left) != len(right):
        what = "各日状态的段数与历史不符"
        yield Mismatch(stream, None, what, table, must=f"{len(right)} 段", have=f"{len(left)} 段")
        return
    for column, wanted, found in _unlike(left, right, dict):
        values = apart(known, column, wanted[column], found[column])
        day = known.plain("from_on", wanted["from_on"])
        yield Mismatch(
            stream, None, f"自 {day} 起的各日状态的{column_words(column)}与历史不符", table, day, column, **values
        )


def _texts(session: Session, stream: str, case: Case, told: Projection) -> Iterator[Mismatch]:
    """The case was found on each day by the words that the journal says."""
    must = [raw_rows.form(session, CaseText, row) for row in told.texts.rows]
    if _in_order(case.rows[CaseText], must):
        return
    have = _without(case.rows[CaseText], ("id", "instance_id"))
    if _same(have, must):
        return
    what, table = "检索用的内容与历史不符", CaseText.__tablename__
    known, left, right = shape(session, CaseText), joined(have, WORDS), joined(must, WORDS)
    if len(left) != len(right):
        yield Mismatch(stream, None, what, table, must=f"{len(right)} 段", have=f"{len(left)} 段")
        return
    for column, wanted, found in _unlike(left, right, dict):
        yield Mismatch(stream, None, what, table, None, column, **apart(known, column, wanted[column], found[column]))


def _without(rows: Sequence[Row], names: Collection[str]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def _in_order(have: Sequence[Row], must: Sequence[Row]) -> bool:
    """Whether these are the same rows in the same order, as nearly always: in the one in which they were written."""
    return len(have) == len(must) and all(map(_alike, have, must))


def _same(have: Sequence[Row], must: Sequence[Row]) -> bool:
    """Whether these are the same rows, in whatever order."""
    names = tuple(must[0]) if must else ()
    if len(have) != len(must):
        return False

    def counted(rows: Sequence[Row]) -> Counter[tuple[Any, ...]]:
        return Counter(tuple((type(row.get(name)), row.get(name)) for name in names) for row in rows)

    return counted(have) == counted(must)


def _as_stored(have: Sequence[Row], must: Sequence[Row], told: Sequence[T]) -> list[T]:
    """``told``, which are the rows of ``must``, in the order of the same rows as they are stored."""
    left, found = list(zip(must, told, strict=True)), []
    for row in have:
        place = next(place for place, (one, _) in enumerate(left) if _alike(row, one))
        found.append(left.pop(place)[1])
    return found


def _alike(have: Row, must: Row) -> bool:
    """Whether two rows hold the same values of the same types in the columns of the second."""
    some = _getter(tuple(must))
    left, right = some(have), some(must)
    return bool(left == right) and list(map(type, left)) == list(map(type, right))


@lru_cache(maxsize=64)
def _getter(names: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    """The getter of the values of these columns, two at least, of a row that has them."""
    return itemgetter(*names)


def _unlike(have: Sequence[Row], must: Sequence[Row], plain: Callable[[Row], Row]) -> Iterator[tuple[str, Row, Row]]:
    """The columns in which the rows of a case differ, as many on both sides: each with the row that must be there and
    the stored one that says mostly the same."""
    left, lost = list(have), []
    for row in must:
        same = next((one for one in left if plain(one) == plain(row)), None)
        if same is not None:
            left.remove(same)
        else:
            lost.append(row)
    for row in lost:
        wanted = plain(row)
        nearest = max(left, key=lambda other: sum(plain(other).get(name) == value for name, value in wanted.items()))
        left.remove(nearest)
        for name, value in wanted.items():
            if plain(nearest).get(name) != value:
                yield name, row, nearest


def _plain(row: Mapping[str, Any]) -> Row:
    return {name: value if value is None else str(value) for name, value in row.items()}
