"""The pieces of a verification, each done with one look at the database, in whichever process.

A piece and its answer are JSON, so that a child (``child``) does it as the parent would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service import clock, history, seals
from service.audit.tables.guards import guards
from service.audit.tables.registry import FAMILIES
from service.audit.tables.streams import NOTICES as OF_NOTICES
from service.audit.tables.streams import verify_family, verify_rest
from service.audit.tables.whole import access_log, rows_compared
from service.audit.verifying.acknowledging import acknowledged, named_before
from service.audit.verifying.marks import Marks
from service.audit.verifying.notices import FAMILY, NoticeMarks, check_run
from service.audit.verifying.seal_marks import SealMarks
from service.audit.verifying.stored import FileMarks, stored_files
from service.audit.ways.checking import check_way, kept_ways, ways_of_no_case
from service.db import Database
from service.db.failures import is_unreadable
from service.db.full_text import index_differs
from service.db.raw_rows import Read
from service.processes import figure_tallies, replay, said_rows
from service.processes.bundles import Compiled, compiled
from service.processes.case_checks import check_case
from service.processes.case_rows import stored_cases
from service.processes.deployed import Mismatch
from service.processes.figure_models import FigureCase, FigureTally
from service.processes.followed import as_kept
from service.processes.models import CalendarVersion, CaseText, Definition
from service.processes.order_models import CaseOrder
from service.processes.recording import stream_of
from service.processes.said_models import CaseSaid
from service.storage.stores import KEY as STORE
from service.workdays import Calendar

Piece = Mapping[str, Any]
"""``{"do": …}``, with ``ids`` of cases, or the ``prefix`` of the streams of records."""
BASES, JOURNAL, RECORDS, REST, SEALS, CASES = "bases", "journal", "records", "rest", "seals", "cases"
ACCESS, NOTICES = "access_log", "notices"


@dataclass(slots=True)
class Answer:
    """The findings of a piece.

    ``executed``: cases that were executed again; ``kept``: those that stand as they stood when they were; ``rows``:
    table → how many there are; ``seals`` and ``size``: heads checked, events under them; ``unwritten``: the database
    takes no marks.
    """

    wrong: list[Mismatch] = field(default_factory=list)
    executed: int = 0
    kept: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    seals: int = 0
    size: int = 0
    unwritten: bool = False

    def with_those_of(self, other: Answer) -> Answer:
        """The answer over the cases of both."""
        executed, kept = self.executed + other.executed, self.kept + other.kept
        return Answer(self.wrong + other.wrong, executed, kept, unwritten=self.unwritten or other.unwritten)

    def text(self) -> str:
        """As a child says it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> Answer:
        """The answer that ``text`` holds."""
        said = json.loads(text)
        return cls(**{**said, "wrong": [Mismatch(**one) for one in said["wrong"]]})


@dataclass
class Hands:
    """Does pieces. ``marks`` tells which cases stand as they stood; ``full``: that is not asked, all are executed.

    Definitions and calendars are read once; each is held against its digest before it is used.
    """

    database: Database
    marks: Marks
    full: bool
    definitions: dict[str, Compiled] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    unwritten: bool = False

    def do(self, piece: Piece, progress: Callable[[int, int], None] | None = None) -> Answer:
        """Does one piece; a value that cannot be read ends this one alone. Raises what else the database raises."""
        try:
            return self._done(piece, progress)
        except DBAPIError as error:
            if not is_unreadable(error):
                raise
            return Answer([_unreadable(piece, error)])

    def _done(self, piece: Piece, progress: Callable[[int, int], None] | None) -> Answer:
        if piece["do"] == CASES:
            return self._cases([UUID(one) for one in piece["ids"]])
        if piece["do"] == NOTICES:
            return self._notices()
        if piece["do"] == SEALS:
            return self._seals(progress)
        with self.database.reading(long=True, aside=True) as session:
            if piece["do"] == RECORDS:
                return Answer(list(verify_family(session, FAMILIES[piece["prefix"]])))
            rows = rows_compared(session) if piece["do"] == REST else {}
            answer = Answer(list(_found(session, piece["do"])), rows=rows)
        if piece["do"] == REST:
            self._index(answer)
        return answer

    def stored(self) -> Answer:
        """The bytes of files that stand in the store; by who has its address, which children have not."""
        marks = FileMarks(self.marks.key)
        with self.database.reading(long=True) as session:
            if STORE not in session.info:
                return Answer(remarks=["没有附件存放处的设置，附件的内容没有核对"])
            found = stored_files(session, marks, full=self.full)
        answer = Answer(list(found.faults()))
        if found.clean and not self.unwritten:
            self._keep(marks, found.clean)
        answer.unwritten = self.unwritten
        return answer

    def _index(self, answer: Answer) -> None:
        """The index by which cases are searched is that of their words."""
        differs = index_differs(self.database)
        if differs:
            what = "检索用的索引与检索内容不符，请运行 liaison rebuild"
            answer.wrong.append(Mismatch("search", None, what, CaseText.__tablename__))
        elif differs is None:
            answer.remarks.append("数据库不能写入，检索用的索引没有核对")

    def _cases(self, ids: list[UUID]) -> Answer:
        """A case whose rows hold what is no value is a finding; those beside it are checked all the same."""
        try:
            return self._checked(ids)
        except DBAPIError as error:
            if not is_unreadable(error):
                raise
        if len(ids) == 1:
            return Answer([_unread(ids[0])], executed=1)
        half = len(ids) // 2
        return self._cases(ids[:half]).with_those_of(self._cases(ids[half:]))

    def _checked(self, ids: list[UUID]) -> Answer:
        answer, clean, read = Answer(), dict[UUID, str](), Read() if self.full else None
        with self.database.reading(long=True, aside=True) as session:
            now = self.marks.now(session, ids, read)
            known = {} if self.full else self.marks.known(session, ids)
            changed = [one for one in ids if known.get(one) is None or known[one] != now.get(one)]
            answer.kept, answer.executed = len(ids) - len(changed), len(changed)
            if changed:
                wrong = self._wrong(session, changed, read)
                answer.wrong = [one for each in wrong.values() for one in each]
                clean = {one: now[one] for one, found in wrong.items() if not found and one in now}
        if clean and not self.unwritten:
            self._keep(self.marks, clean)
        answer.unwritten = self.unwritten
        return answer

    def _wrong(self, session: Session, ids: list[UUID], read: Read | None) -> dict[UUID, list[Mismatch]]:
        """All that is wrong with each of these cases, executed again, and with the rows kept beside it."""
        played, hidden = history.played_until(session), cache(partial(said_rows.hidden_in, session))
        definition, calendar = partial(self._definition, session), partial(self._calendar, session)
        ways, of_ways, unsure = kept_ways(session, ids, read), dict[UUID, list[Mismatch]](), list[UUID]()
        found: dict[UUID, list[Mismatch]] = {}
        for case in stored_cases(session, ids, played, read, beside=True):
            found[case.id] = list(check_case(session, case, definition, calendar))
            if not as_kept(session, case, hidden):
                unsure.append(case.id)
            of_ways[case.id] = list(check_way(session, case, ways.get(case.id), definition))
            case.told = None  # of each case as much as of the next
        summed, ordered, said = map(set, figure_tallies.wrong_cases(session, unsure) if unsure else ((), (), ()))
        for one, wrong in found.items():
            wrong += [_unsummed(one)] if one in summed else []
            wrong += [_unordered(one)] if one in ordered else []
            wrong += [_unsaid(one)] if one in said else []
            wrong += of_ways[one]
        return found

    def _notices(self) -> Answer:
        answer, clean, marks = Answer(), dict[int, str](), NoticeMarks(self.marks.key)
        with self.database.reading(long=True, aside=True) as session:
            now = marks.now(session)
            known = {} if self.full else marks.known(session)
        for run in sorted(run for run, mark in now.items() if known.get(run) != mark):
            with self.database.reading(
                long=True, aside=True
            ) as session:  # a look a run: what is marked is what was checked
                mark = marks.now(session, run).get(run)
                wrong = list(check_run(session, run))
            answer.wrong += wrong
            if mark is not None and not wrong:
                clean[run] = mark
        if clean and not self.unwritten:
            self._keep(marks, clean)
        answer.unwritten = self.unwritten
        return answer

    def _seals(self, progress: Callable[[int, int], None] | None) -> Answer:
        marks = SealMarks(self.marks.key)
        with self.database.reading(long=True, aside=True) as session:
            known = None if self.full else marks.known(session)
            fresh = marks.newest(session)
            now = marks.now(session, {one for one in (known and known[0], fresh) if one})
            proven = known[0] if known is not None and now.get(known[0]) == known[1] else 0
            checked = seals.check_seals(session, progress, proven=proven, known=named_before(session))
            wrong = [
                Mismatch(one.stream, one.seq, one.what, must=one.must, have=one.have) for one in checked.mismatches
            ]
            open_ones = set(wrong) - acknowledged(session, wrong).keys()
        if fresh is not None and fresh in now and not open_ones and not self.unwritten:
            self._keep(marks, {fresh: now[fresh]})
        return Answer(wrong, remarks=checked.remarks, seals=checked.seals, size=checked.size, unwritten=self.unwritten)

    def _keep(self, marks: Any, clean: Mapping[Any, str]) -> None:
        try:
            with self.database.transaction() as session:
                marks.keep(session, clean, clock.now())
        except DBAPIError:  # a copy that may only be read is verified all the same
            self.unwritten = True

    def _definition(self, session: Session, digest: str) -> Compiled:
        if digest not in self.definitions:
            key = session.scalar(select(Definition.key).where(Definition.digest == digest).limit(1))
            if key is None:
                raise LookupError(digest)
            self.definitions[digest] = compiled(session, digest, key)
        return self.definitions[digest]

    def _calendar(self, session: Session, digest: str) -> Calendar:
        if digest not in self.calendars:
            data = session.scalar(select(CalendarVersion.data).where(CalendarVersion.digest == digest))
            if data is None or (made := Calendar.from_data(data)).digest != digest:
                raise LookupError(f"没有摘要为 {digest} 的工作日历")
            self.calendars[digest] = made
        return self.calendars[digest]


def _found(session: Session, what: str) -> Iterator[Mismatch]:
    if what == BASES:
        yield from replay.verify_bases(session, {}, {})
    elif what == JOURNAL:
        yield from guards(session)
        yield from replay.verify_journal(session, less=OF_NOTICES)
    elif what == ACCESS:
        yield from access_log(session)
    else:
        yield from verify_rest(session, notices=False)
        yield from ways_of_no_case(session)
        if figure_tallies.sums_differ(session):
            what = "统计的合计与各事项的底稿不符，请运行 liaison rebuild"
            yield Mismatch("figures", None, what, FigureTally.__tablename__)


_READABLE = {"must": "按 UTF-8 写的文字、公元 1 年至 9999 年的日期", "have": "不是文字的字节，或这以外的日期"}
_READ_FROM = re.compile(r"\bFROM (\w+)")


def _unread(case: UUID) -> Mismatch:
    return Mismatch(stream_of(case), None, "这个事项的记录里有无法读取的文字或日期，没有核对", **_READABLE)


def _unreadable(piece: Piece, error: DBAPIError) -> Mismatch:
    """The finding of rows that are no case's; with the table from which they were read, where the driver says it."""
    found = _READ_FROM.search(error.statement or "")
    table = found[1] if found is not None else None
    what = "这部分记录里有无法读取的文字或日期，没有核对完"
    return Mismatch(table or str(piece.get("prefix") or piece["do"]), None, what, table, **_READABLE)


def _unsummed(case: UUID) -> Mismatch:
    what = "统计里这个事项的底稿与它的各日状态、计时记录不符，请运行 liaison rebuild"
    return Mismatch(stream_of(case), None, what, FigureCase.__tablename__, str(case))


def _unordered(case: UUID) -> Mismatch:
    what = "列表排序用的底稿与这个事项的记录不符，请运行 liaison rebuild"
    return Mismatch(stream_of(case), None, what, CaseOrder.__tablename__, str(case))


def _unsaid(case: UUID) -> Mismatch:
    what = "筛选表单内容用的底稿与这个事项的记录不符，请运行 liaison rebuild"
    return Mismatch(stream_of(case), None, what, CaseSaid.__tablename__, str(case))


def pieces_of(ids: Iterable[UUID]) -> Piece:
    """The piece that checks these cases."""
    return {"do": CASES, "ids": [str(one) for one in ids]}


def others() -> list[Piece]:
    """The pieces of all that is no case, the longest first."""
    return [
        {"do": SEALS},
        {"do": JOURNAL},
        {"do": ACCESS},
        {"do": NOTICES},
        {"do": REST},
        *({"do": RECORDS, "prefix": prefix} for prefix in FAMILIES if prefix != FAMILY),
    ]
