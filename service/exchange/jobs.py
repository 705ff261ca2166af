"""The way of an import: uploaded, checked row by row, shown, confirmed by a person, written all or nothing.

The worker checks and writes; a page looks at the job's row. Checking rehearses each row with the very command that
would take it in and undoes it, a few rows a transaction, so nobody waits long for the database. People see all findings
before anything is written; writing is one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import clock, ids
from service.auth import actor_of
from service.db import Database
from service.db.failures import describe
from service.db.lists import Page, page
from service.errors import Conflict, Finding, Invalid, LiaisonError, NotFound
from service.exchange.cells import Column, Fault
from service.exchange.inspection import inspect
from service.exchange.kinds import KINDS, Kind
from service.exchange.lookups import Basis, Lookups, columns_said
from service.exchange.models import ImportJob
from service.exchange.reading import HEADER_ROW, MAX_FINDINGS, Reading, Row, read_rows
from service.history.folding import Digest
from service.history.records import record
from service.rights import SYSTEM, Actor, may, require

ABANDONED = timedelta(minutes=3)
"""A job that nobody has touched for so long belongs to a worker that is gone."""
PREVIEWED = 200
OPEN = ("uploaded", "checking", "checked", "confirmed", "writing")
NAME_LENGTH = 200
SEALED = ("findings", "preview", "notes", "hidden")
UNKNOWN = "没有这次导入，或您无权查看"


log = structlog.get_logger(__name__)


class _Undone(Exception):
    """Ends a rehearsal: its transaction is rolled back."""


def upload(session: Session, *, kind: str, name: str, content: bytes, actor: Actor, now: datetime) -> ImportJob:
    """Takes in a file for checking. Raises ``Invalid`` where it is no bearable workbook at all, ``NotAllowed``."""
    kind_for(kind, actor)
    inspect(content)
    job = ImportJob(
        id=ids.new(),
        kind=kind,
        name=name.strip()[-NAME_LENGTH:] or "未命名.xlsx",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        status="uploaded",
        total=0,
        done=0,
        findings=[],
        preview=[],
        notes=[],
        hidden=[],
        skip_hidden=False,
        created_by=actor.username,
        created_at=now,
        touched_at=now,
        finished_at=None,
    )
    session.add(job)
    session.flush()
    data = {"kind": kind, "name": job.name, "sha256": job.sha256, "size": len(content)}
    record(session, f"import:{job.id}", "import_uploaded", data, actor=actor, now=now)
    return job


def kinds_for(actor: Actor) -> list[Kind]:
    """The kinds that ``actor`` may import: whose records the account may write by hand too."""
    return [kind for kind in KINDS.values() if may(actor, "import_data") and may(actor, kind.right)]


def kind_for(kind: str, actor: Actor) -> Kind:
    """The kind with that id. Raises ``NotFound``, and ``NotAllowed`` for who may not write such records."""
    require(actor, "import_data")
    if kind not in KINDS:
        raise NotFound("没有这种导入，请从导入页面选择")
    require(actor, KINDS[kind].right)
    return KINDS[kind]


def confirm(session: Session, *, job_id: UUID, actor: Actor, now: datetime, skip_hidden: bool = False) -> ImportJob:
    """A person has seen the preview and wants it written, without the rows that the sheet hides if ``skip_hidden``.

    Raises ``Conflict`` unless it was checked without a fault, and where no row would be left.
    """
    job = _locked(session, job_id, actor)
    if job.status != "checked":
        raise Conflict("该导入不在待确认状态，请刷新页面查看最新情况")
    left = job.total - (len(job.hidden) if skip_hidden else 0)
    if not left:
        raise Conflict("全部行都是隐藏的行，略去后没有可以导入的行；请在 Excel 中取消隐藏后重新上传")
    job.status, job.touched_at, job.skip_hidden = "confirmed", now, skip_hidden
    data = {"rows": left, "skip_hidden": skip_hidden} | (
        {"hidden_left_out": job.hidden} if skip_hidden and job.hidden else {}
    )
    record(session, f"import:{job.id}", "import_confirmed", data, actor=actor, now=now)
    return job


def cancel(session: Session, *, job_id: UUID, actor: Actor, now: datetime) -> ImportJob:
    """Gives an import up before it is written. Raises ``Conflict`` where that is too late."""
    job = _locked(session, job_id, actor)
    if job.status not in ("uploaded", "checking", "checked", "confirmed"):
        raise Conflict("该导入已经写入或结束，不能取消")
    job.status, job.finished_at, job.touched_at, job.content = "cancelled", now, now, b""
    record(session, f"import:{job.id}", "import_cancelled", {}, actor=actor, now=now)
    return job


def get_job(session: Session, job_id: UUID, actor: Actor) -> ImportJob:
    """A job of a kind that ``actor`` may import."""
    job = session.get(ImportJob, job_id)
    if job is None or not _sees(job, actor):
        raise NotFound(UNKNOWN)
    return job


def jobs(session: Session, actor: Actor, *, limit: int = 20, offset: int = 0) -> Page[ImportJob]:
    """The imports of the kinds that ``actor`` may import, newest first."""
    require(actor, "import_data")
    kinds = [kind.id for kind in kinds_for(actor)]
    query = select(ImportJob).where(ImportJob.kind.in_(kinds)).order_by(ImportJob.created_at.desc(), ImportJob.id)
    return page(session, query, limit=limit, offset=offset)


def work(database: Database, basis: Basis, now: datetime) -> bool:
    """Does the next step of one import; whether there was one. Called by the worker, outside any transaction."""
    with database.reading() as session:
        left = or_(
            ImportJob.status.in_(("uploaded", "confirmed")),
            ImportJob.status.in_(("checking", "writing")) & (ImportJob.touched_at < now - ABANDONED),
        )
        found = session.execute(select(ImportJob.id, ImportJob.status).where(left).order_by(ImportJob.created_at))
        waiting = found.first()
    if waiting is None:
        return False
    job_id, status = waiting
    checking = status in ("uploaded", "checking")
    with database.transaction() as session:
        job = session.get(ImportJob, job_id, with_for_update={"skip_locked": True})
        if job is None:
            return False  # a worker that was taken for gone is still writing it
        if job.status != status:
            return True  # another worker was faster
        job.status, job.touched_at, job.done = ("checking" if checking else "writing"), now, 0
        record(session, f"import:{job_id}", "import_begun", {"status": job.status}, actor=SYSTEM, now=now)
    try:
        if checking:
            _check(database, job_id, basis)
        else:
            _write(database, job_id, basis)
    except LiaisonError as error:  # the account has lost its rights, a name has vanished meanwhile …
        _finish(database, job_id, [Fault(0, "", str(error))], [], (), refused="failed")
    except Exception as error:  # a defect must be seen, not tried for ever
        log.exception("import_failed", job=str(job_id), error=describe(error))
        fault = Fault(0, "", "系统内部错误，没有写入任何数据；请联系系统管理员查看日志")
        _finish(database, job_id, [fault], [], (), refused="failed")
        raise
    return True


def _check(database: Database, job_id: UUID, basis: Basis) -> None:
    """Reads the file, rehearses every row, and notes what was found."""
    kind, actor, content = _begin(database, job_id)
    columns = kind.columns(basis)
    try:
        read = _rows(kind, content, columns)
    except Invalid as error:
        _finish(database, job_id, [Fault(0, "", str(error))], [], columns)
        return
    rows = read.rows
    _progress(database, job_id, total=len(rows), done=0)
    # Where a heading is wrong every row would seem to lack what it does not name.
    if any(fault.row == HEADER_ROW for fault in read.faults):
        _finish(database, job_id, read.faults, rows, columns, notes=read.notes)
        return
    sheet = _Sheet(kind, columns, basis, actor, read.faults)
    for done, some in _batches(rows, kind.batch):
        with suppress(_Undone), database.transaction() as session:
            sheet.take(session, some)
            raise _Undone
        if not _progress(database, job_id, total=len(rows), done=done):
            return  # cancelled meanwhile
        if len(sheet.faults) > MAX_FINDINGS:
            break
    _finish(database, job_id, sheet.faults, rows, columns, notes=read.notes)


def _write(database: Database, job_id: UUID, basis: Basis) -> None:
    """Takes in all rows in one transaction, or none and says why."""
    kind, actor, content = _begin(database, job_id)
    columns = kind.columns(basis)
    read = read_rows(content, columns)
    faults, rows = read.faults, read.rows
    if not faults:
        with suppress(_Undone), database.transaction() as session:
            # A worker that was taken for gone may still be writing: the second waits here, and finds it done.
            job = session.get_one(ImportJob, job_id, with_for_update=True)
            if job.status != "writing":
                return
            wanted = [row for row in rows if not (row.hidden and job.skip_hidden)]
            sheet = _Sheet(kind, columns, basis, actor, faults)
            sheet.take(session, wanted)
            if sheet.faults:
                raise _Undone
            now = clock.now()
            job.status, job.touched_at, job.finished_at = "done", now, now
            job.total = job.done = len(wanted)
            job.content = b""  # it is in the records now; nobody reads a restricted note from here
            data = {"rows": len(wanted), "sha256": job.sha256}
            session.flush()
            record(session, f"import:{job_id}", "import_written", data, actor=actor, now=now)
    if faults:
        _finish(database, job_id, faults, rows, columns, refused="failed", notes=read.notes)


def _rows(kind: Kind, content: bytes, columns: Sequence[Column]) -> Reading:
    read = read_rows(content, columns)
    if len(read.rows) > kind.limit:
        raise Invalid(f"“{kind.name}”一次最多导入 {kind.limit} 行，现有 {len(read.rows)} 行；请分成几个文件导入")
    return read


def _begin(database: Database, job_id: UUID) -> tuple[Kind, Actor, bytes]:
    """Begins a job; gives the kind, the actor (with the rights of today) and the file."""
    with database.reading() as session:
        job = session.get_one(ImportJob, job_id)
        return KINDS[job.kind], actor_of(session, job.created_by), job.content


class _Sheet:
    """The rows of a sheet as they are taken in, over however many transactions, and the ``faults`` so far.

    A rehearsal is undone every few rows, so what the rows above would have written is remembered here, by the records
    that they name: rehearsed in pieces a sheet is held to the same rules as when it is written in one.
    """

    def __init__(self, kind: Kind, columns: Sequence[Column], basis: Basis, actor: Actor, faults: list[Fault]) -> None:
        self.faults = faults
        self._kind, self._basis, self._actor = kind, basis, actor
        self._titles = {column.key: column.title for column in columns}
        keys = {column.title: column.key for column in columns}
        self._wrong: dict[int, set[str]] = {}
        for fault in faults:
            self._wrong.setdefault(fault.row, set()).add(keys.get(fault.column, fault.column))
        self._marks: dict[object, int] = {}
        self._namesakes: dict[str, list[tuple[int, str | None, str | None]]] = {}

    def take(self, session: Session, rows: Sequence[Row]) -> None:
        """Takes in ``rows``; one that is refused leaves nothing behind and gives its faults."""
        lookups = Lookups(session, self._actor, clock.now(), self._basis, self._marks, self._namesakes)
        for row in rows:
            self._compare(lookups, row)
        if self._kind.take_all is not None:
            for number, error in self._kind.take_all(lookups, rows).items():
                self._note(number, error)
            return
        for row in rows:
            try:
                with session.begin_nested():
                    self._kind.take(lookups, row.values)
                    session.flush()
            except LiaisonError as error:
                self._note(row.number, error)

    def _compare(self, lookups: Lookups, row: Row) -> None:
        """Notes where a row says what one above said already."""
        try:
            twin = self._kind.twin(lookups, row.number, row.values)
        except LiaisonError:
            return  # a name that leads nowhere is told of when the row is taken
        if twin is None:
            return
        said = columns_said(self._titles, twin.columns)
        message = f"与第 {twin.number} 行重复（{said}相同），请删去第 {twin.number} 行或第 {row.number} 行{twin.unless}"
        self._fault(row.number, twin.columns[0], message)
        self._wrong[row.number].update(twin.columns)

    def _note(self, number: int, error: LiaisonError) -> None:
        """The findings of a command by the sheet's own row and headings; one a column, the first says why."""
        for finding in error.findings or [Finding("", error.message)]:
            path = finding.path.strip("/").split("/")[0]
            key = self._kind.titles.get(path, path)
            self._fault(number, key if key in self._titles else self._kind.about, finding.message)

    def _fault(self, number: int, key: str, message: str) -> None:
        wrong = self._wrong.setdefault(number, set())
        if key in wrong or self._kind.instead.get(key) in wrong:
            return
        wrong.add(key)
        self.faults.append(Fault(number, self._titles[key], message))


def _batches(rows: Sequence[Row], size: int) -> Iterator[tuple[int, Sequence[Row]]]:
    """A few rows after the other, with how many are done then."""
    for start in range(0, len(rows), size):
        yield min(start + size, len(rows)), rows[start : start + size]


def _progress(database: Database, job_id: UUID, *, total: int, done: int) -> bool:
    """Moves the bar; whether the job still goes on."""
    with database.transaction() as session:
        job = session.get_one(ImportJob, job_id, with_for_update=True)
        if job.status != "checking":
            return False
        job.total, job.done, job.touched_at = total, done, clock.now()
        return True


def _finish(
    database: Database,
    job_id: UUID,
    faults: Sequence[Fault],
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    refused: str = "refused",
    notes: Sequence[Fault] = (),
) -> None:
    """Notes what was found, what was not read, and the first rows as they were understood."""
    places = {column.title: place for place, column in enumerate(columns)}
    found = sorted(faults, key=lambda fault: (fault.row, places.get(fault.column, -1)))[:MAX_FINDINGS]
    with database.transaction() as session:
        job = session.get_one(ImportJob, job_id, with_for_update=True)
        if job.status not in ("checking", "writing"):
            return
        job.status = refused if faults else "checked"
        job.total, job.done = len(rows), 0 if faults and refused == "failed" else len(rows)
        job.findings = [fault.data() for fault in found]
        wrong = {fault.row for fault in found}
        job.notes, job.hidden = [note.data() for note in notes], [row.number for row in rows if row.hidden]
        # Rows that somebody must look at come first; the others as they stand.
        shown = sorted(rows, key=lambda row: (row.number not in wrong, not row.hidden))
        job.preview = [
            {
                "row": row.number,
                "cells": [_shown(row.values[column.key], column) for column in columns],
                "hidden": row.hidden,
            }
            for row in shown[:PREVIEWED]
        ]
        now = job.touched_at = clock.now()
        if faults:
            job.finished_at, job.content = now, b""
        told = {"status": job.status, "total": job.total, "done": job.done, "over": bool(faults)}
        # What a sheet holds may be private: the journal keeps the digests.
        told["sealed"] = {name: Digest.of(getattr(job, name)).sha256 for name in SEALED}
        record(session, f"import:{job_id}", "import_checked", told, actor=SYSTEM, now=now)


def _shown(value: object, column: Column) -> str:
    """A value as people wrote it."""
    if value is None:
        return ""
    if column.hidden:
        return "（已填写，不显示）"
    if isinstance(value, bool):
        return "是" if value else "否"
    words = {code: word for word, code in reversed(list(column.choices.items()))}  # of two words the first
    if isinstance(value, list):
        return "、".join(str(words.get(one, one)) for one in value)
    return str(words.get(value, value))


def _locked(session: Session, job_id: UUID, actor: Actor) -> ImportJob:
    require(actor, "import_data")
    job = session.get(ImportJob, job_id, with_for_update=True)
    if job is None or not _sees(job, actor):
        raise NotFound(UNKNOWN)
    return job


def _sees(job: ImportJob, actor: Actor) -> bool:
    """Whether the job is of a kind that ``actor`` may import: nobody confirms or cancels what must not be looked at."""
    return KINDS[job.kind] in kinds_for(actor)
