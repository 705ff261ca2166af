"""The job that tests a draft, or a version, on finished cases, and its report as a sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import jobs
from service.auth.queries import actor_of
from service.db import Database
from service.errors import Conflict, Finding, Invalid, NotFound
from service.ids import as_id
from service.ledger.workbooks import Cell, write_table
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import current
from service.processes.migrating import version_of
from service.processes.models import COMPLETED, Instance
from service.rights import Actor, require
from service.studio import backtest, dated_clocks, drafts
from service.studio.checking import House, verdict
from service.studio.supposing import Suppositions

BACKTEST = "backtest"
BATCH = 20
MOST = 5000
COLUMNS = (
    "编号",
    "结论",
    "说明",
    "步骤",
    "当时期限",
    "新版期限",
    "相差工作日",
    "当时逾期",
    "新版逾期",
    "照设想办的步骤",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A test of a draft, or of the version ``version``, on the cases that ended in a period, at most ``limit``."""

    process: str
    first: date
    last: date
    draft: UUID | None = None
    version: int | None = None
    limit: int = 200
    supposing: Suppositions = field(default_factory=Suppositions)

    def params(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "process": self.process,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "draft": str(self.draft) if self.draft else None,
            "version": self.version,
            "limit": self.limit,
            **({"suppose": self.supposing.params()} if self.supposing else {}),
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Wish:
        """The wish that a job keeps."""
        first, last = date.fromisoformat(said["from"]), date.fromisoformat(said["to"])
        supposing = Suppositions.read(said.get("suppose", {}))
        return cls(said["process"], first, last, as_id(said["draft"] or ""), said["version"], said["limit"], supposing)


def submit(session: Session, *, wish: Wish, actor: Actor, now: datetime) -> jobs.Job:
    """Asks for the test. Raises NotAllowed, NotFound, Invalid (a period that ends before it begins)."""
    require(actor, drafts.EDIT)
    require_period(wish)
    if wish.draft is not None:
        drafts.get(session, wish.draft, actor)
    else:
        version_of(session, wish.process, wish.version or 0)
    total = min(wish.limit, in_period(session, wish))
    return jobs.submit(session, kind=BACKTEST, params=wish.params(), actor=actor, now=now, total=total)


def require_period(wish: Wish) -> None:
    """Raises Invalid where the period or the limit makes no sense."""
    findings = []
    if wish.last < wish.first:
        findings.append(Finding("/to", "结束日期不能早于开始日期"))
    if not 1 <= wish.limit <= MOST:
        findings.append(Finding("/limit", f"应在 1 到 {MOST:,} 之间"))
    if findings:
        raise Invalid(f"回测设置有 {len(findings)} 处需要修改", findings)


def in_period(session: Session, wish: Wish) -> int:
    """How many cases came to their end in the period."""
    bounds = backtest.ended(wish.first, wish.last)
    query = select(func.count()).where(Instance.process == wish.process, Instance.status == COMPLETED, *bounds)
    return session.scalar(query) or 0


def work(run: jobs.Run, house: House) -> dict[str, Any]:
    """The work of a backtest: some cases at a time; gives dates by step and how often each flow was gone."""
    wish = Wish.read(run.params)
    with run.database.reading() as session:
        actor = actor_of(session, run.made_by)
        require(actor, drafts.EDIT)
        draft = drafts.get(session, wish.draft, actor) if wish.draft is not None else None
        revision = draft.revision if draft is not None else None
        if run.state and run.state.get("revision") != revision:
            raise Conflict("暂停期间草稿又有改动，已测的和没有测的不是同一份；请重新回测")
        files, calendar = drafts.files(session, draft) if draft is not None else None, current(session)
        base = drafts.base_files(session, draft) if draft is not None else {}
    made = _made(run, wish, house, files, base)
    supposing = fitted(run.database, wish, made)
    summary, after = backtest.Summary.read(run.state.get("summary", {})), as_id(run.state.get("after") or "")
    while run.done < wish.limit:
        with run.database.reading() as session:
            limit = min(BATCH, wish.limit - run.done)
            period = {"first": wish.first, "last": wish.last}
            ids = backtest.finished(session, wish.process, **period, after=after, limit=limit)
            found = [backtest.tested(session, case, made, house.plan, calendar, supposing) for case in ids]
        if not ids:
            break
        for one in found:
            summary.take(one)
        after = ids[-1]
        items = [jobs.Item(str(one.instance), one.verdict, one.data()) for one in found]
        state = {"after": str(after), "summary": summary.data(), "revision": revision}
        run.tell(done=run.done + len(ids), items=items, state=state)
    said = {dated_clocks.step_of(made, *key): one.words(made.form_of(*key)) for key, one in supposing.steps.items()}
    return {**summary.data(), "revision": revision, "suppositions": said}


def fitted(database: Database, wish: Wish, made: Compiled) -> Suppositions:
    """The suppositions for the draft, in which the answer of most people is that of the cases tested.

    Raises Invalid, naming the step and the field.
    """
    tally: dict[str, Counter[str]] = {}
    after, seen = None, 0
    while wish.supposing.asks_most and seen < wish.limit:
        with database.reading() as session:
            limit = min(BATCH, wish.limit - seen)
            ids = backtest.finished(session, wish.process, first=wish.first, last=wish.last, after=after, limit=limit)
            found = backtest.given(session, ids)
        if not ids:
            break
        for name, answers in found.items():
            tally.setdefault(name, Counter()).update(answers)
        after, seen = ids[-1], seen + len(ids)
    return wish.supposing.fitting(made, tally)


def _made(
    run: jobs.Run, wish: Wish, house: House, files: Mapping[str, bytes] | None, base: Mapping[str, bytes]
) -> Compiled:
    """The draft, checked with no transaction open, or the version."""
    if files is not None:
        return verdict(files, key=wish.process, context=house.context, base=base).required().compiled
    with run.database.reading() as session:
        return compiled(session, version_of(session, wish.process, wish.version or 0).digest, wish.process)


def write_sheet(session: Session, job: jobs.Job, into: Path) -> None:
    """The report as a workbook."""
    write_table(rows(jobs.all_items(session, job.id)), into, columns=COLUMNS, title="回测")


def job_of(session: Session, job_id: UUID, actor: Actor) -> jobs.Job:
    """The backtest. Raises NotAllowed, NotFound."""
    found = jobs.visible_job(session, job_id, actor)
    if found.kind != BACKTEST:
        raise NotFound("没有这个回测")
    return found


def rows(items: Iterable[jobs.JobItem]) -> Iterator[Sequence[Cell]]:
    """The report as rows of ``COLUMNS``: one for each date that would be another, at least one a case."""
    for item in items:
        data = item.data
        supposed = "、".join(data.get("supposed", ())) or None
        about = (data["number"] or item.key, backtest.WORDS.get(item.verdict, item.verdict), data.get("message", ""))
        dues: list[dict[str, Any]] = data.get("due") or [{}]
        for due in dues:
            yield (*about, *_due_cells(due), supposed)


def _due_cells(due: Mapping[str, Any]) -> tuple[Cell, ...]:
    if not due:
        return (None,) * 6
    days = [date.fromisoformat(due[name]) if due[name] else None for name in ("from", "to")]
    late = ["是" if due[name] else "否" for name in ("late_before", "late_after")]
    return (due["step"], *days, due["days"], *late)


def kind(house: House) -> jobs.Kind:
    """The kind of these jobs, by the facts of the house."""
    return jobs.Kind(BACKTEST, "回测", drafts.EDIT, lambda run: work(run, house))
