"""The cases of an event log one at a time, and the codes by which people stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service import clock, history
from service.audit.logs.activities import Activity, activities
from service.audit.replay.fold import fold
from service.audit.replay.steps import Happened
from service.auth.models import Account
from service.errors import Finding, Incident, Invalid, NotFound
from service.processes.bundles import compiled
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.processes.standing import OF_LEADER, OF_ROLE, OF_UNIT
from service.rights import SERVICE_NAMES, service_name

RIGHT = "export_all"
"""The right to take an event log."""
MOST_AT_ONCE = 5000
"""Cases of an event log that a page or a call gives; the command line gives all."""
MOST_NAMED = 10
ALL_CASES = "全部事项"


@dataclass(frozen=True, slots=True)
class LogWish:
    """The cases of an event log: of one process or of all, begun in a period whose ends are counted in."""

    process: str | None = None
    first: date | None = None
    last: date | None = None

    @property
    def name(self) -> str:
        """A name for its file, without the suffix."""
        days = [one.isoformat() for one in (self.first, self.last) if one is not None]
        return "_".join(["liaison", self.process or "all", *days])


def wish_of(process: str | None, first: date | None, last: date | None) -> LogWish:
    """The wish. Raises Invalid for a period that ends before it begins."""
    if first is not None and last is not None and last < first:
        raise Invalid("导出设置有 1 处需要修改", [Finding("/to", "结束日期不能早于开始日期")])
    return LogWish(process, first, last)


def asked_of(wish: LogWish) -> str:
    """The wish as the journal keeps what was asked for: process=request；from=2026-01-01."""
    asked = {"process": wish.process, "from": wish.first, "to": wish.last}
    return "；".join(f"{name}={value}" for name, value in asked.items() if value) or ALL_CASES


def count(session: Session, wish: LogWish) -> int:
    """How many cases the log will hold."""
    return session.scalar(select(func.count()).select_from(Instance).where(*_asked(wish))) or 0


def require_moderate(session: Session, wish: LogWish) -> None:
    """Raises Invalid for more cases than one answer may hold."""
    there = count(session, wish)
    if there > MOST_AT_ONCE:
        way = "请缩短期间或只选一个流程，或由系统管理员在服务器上运行 liaison export"
        raise Invalid(f"一次最多导出 {MOST_AT_ONCE:,} 件", [Finding("/from", f"这段时间有 {there:,} 件；{way}")])


def _asked(wish: LogWish) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if wish.process is not None:
        asked.append(Instance.process == wish.process)
    if wish.first is not None:
        asked.append(Instance.started_at >= clock.end_of(wish.first - timedelta(days=1)))
    if wish.last is not None:
        asked.append(Instance.started_at < clock.end_of(wish.last))
    return asked


@dataclass(frozen=True, slots=True)
class CaseLog:
    """A case with its replayed steps and its activities, in order."""

    case: Instance
    steps: list[Happened]
    activities: list[Activity]


@dataclass(slots=True)
class Done:
    """The cases of a log that was written, and the names of those whose journals cannot be read."""

    cases: int = 0
    damaged: list[str] = field(default_factory=list)

    def require_whole(self) -> None:
        """Raises Incident where a case is missing: a file says nothing of what is not in it."""
        if self.damaged:
            named = "、".join(self.damaged[:MOST_NAMED])
            way = "请审计人员核验；其余事项由系统管理员用 liaison export 导出"
            raise Incident(f"有 {len(self.damaged)} 件事项的日志残缺，没有导出：{named}。{way}")


def case_logs(session: Session, wish: LogWish, done: Done) -> Iterator[CaseLog]:
    """The cases in the order in which they began, one at a time in memory; ``done`` is told of each."""
    found = select(Instance.id).where(*_asked(wish)).order_by(Instance.started_at, Instance.id)
    for case_id in session.scalars(found).all():
        case = session.get_one(Instance, case_id)
        log = _log(session, case)
        if log is not None:
            yield log
            done.cases += 1
        else:
            done.damaged.append(case.number or str(case.id))
        session.expunge_all()


def _log(session: Session, case: Instance) -> CaseLog | None:
    try:
        steps = replayed(session, case)
        told = activities(case.id, steps, lambda digest: compiled(session, digest, case.process))
    except (LookupError, TypeError, ValueError, NotFound):  # a damaged journal, which verification names
        return None
    return CaseLog(case, steps, told)


def replayed(session: Session, case: Instance) -> list[Happened]:
    """All steps of a case, whoever may see them."""
    events = history.stream_events(session, stream_of(case.id))
    return fold(case.id, events, lambda digest: compiled(session, digest, case.process))


class Codes:
    """Sign-in name → code: the id of the person behind it, else a short digest: a sign-in name may be a name."""

    def __init__(self, people: Mapping[str, UUID | None]) -> None:
        self._people = people

    @classmethod
    def of(cls, session: Session) -> Codes:
        """The codes of all accounts; one statement."""
        return cls(dict(session.execute(select(Account.username, Account.person_id)).all()))

    def person(self, username: str | None) -> str | None:
        """The id of the person behind a sign-in name; None where none is known."""
        known = self._people.get(username or "")
        return str(known) if known is not None else None

    def code(self, username: str | None) -> str | None:
        """The code of who acted; None of nobody. The service itself, a role, a unit or a post go by their own names;
        who worked at the command line, whose name stands behind it, is the command line."""
        if username is None:
            return None
        if service_name(username) is not None:
            return username.partition(":")[0]
        if username.startswith((OF_LEADER, OF_UNIT, OF_ROLE)):
            return username
        return self.person(username) or f"account-{sha256(username.encode()).hexdigest()[:12]}"

    def strangers(self) -> set[str]:
        """The codes of accounts with no person, and the names of the service itself."""
        return {str(self.code(name)) for name, person in self._people.items() if person is None} | set(SERVICE_NAMES)
