"""The rule of each table: folded from which streams, checked by what else, or outside and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.access_log import folding as access_log
from service.access_log.models import AccessEntry, AccessSubject
from service.audit import folding as verifications
from service.audit.models import CaseWayRow, VerifiedCase
from service.audit.tables.files import FILES
from service.auth import folding as auth
from service.auth.models import FormerPassword, SignInLock, WebSession
from service.contacts import folding as contacts
from service.db import Base
from service.db.idempotency import IdempotentAnswer
from service.exchange import folding as exchange
from service.history import HistoryEvent, HistoryHead
from service.history.folding import Event, Family, Fold, Held, Rows
from service.jobs import folding as jobs
from service.liaisons import folding as liaisons
from service.notifications import folding as notifications
from service.people import folding as people
from service.processes import folding as processes
from service.processes.models import (
    CalendarVersion,
    CaseSpan,
    ClockRun,
    CopyTo,
    Counter,
    Definition,
    DefinitionFile,
    DefinitionPicture,
    Instance,
    Timer,
    UserTask,
    WorkerBeat,
)
from service.reports import folding as reports
from service.seals.models import Seal, SealBlock, SealKey, SealToken
from service.studio import folding as studio
from service.studio.models import KeptContent
from service.talents import folding as talents


@dataclass(frozen=True, slots=True)
class Merged:
    """All that the streams of one prefix tell: the tables and folds of whichever rooms keep something there."""

    prefix: str
    held: tuple[Held, ...]
    folds: tuple[Fold, ...]
    single: bool

    def fold(self, rows: Rows, event: Event) -> None:
        """Takes the event into the rows of all rooms."""
        for one in self.folds:
            one(rows, event)


def merged(families: Iterable[Family]) -> dict[str, Merged]:
    """The families of one prefix together."""
    listed: dict[str, list[Family]] = {}
    for one in families:
        listed.setdefault(one.prefix, []).append(one)
    return {
        prefix: Merged(
            prefix,
            tuple(held for one in some for held in one.held),
            tuple(one.fold for one in some),
            any(one.single for one in some),
        )
        for prefix, some in listed.items()
    }


ORDER = "内部流水号，不表示任何内容"

FAMILIES: Mapping[str, Merged] = merged(
    (
        *people.FAMILIES,
        *talents.FAMILIES,
        *liaisons.FAMILIES,
        *contacts.FAMILIES,
        *reports.FAMILIES,
        *auth.FAMILIES,
        *processes.FAMILIES,
        *jobs.FAMILIES,
        *notifications.FAMILIES,
        *exchange.FAMILIES,
        *studio.FAMILIES,
        *access_log.FAMILIES,
        *verifications.FAMILIES,
    )
)
REPLAYED: Mapping[type[Base], Mapping[str, str]] = {
    Definition: {},
    DefinitionFile: {},
    DefinitionPicture: {},
    Instance: {},
    UserTask: {},
    Timer: {},
    CopyTo: {"id": ORDER},
    ClockRun: {"id": ORDER},
    CaseSpan: {"id": ORDER},
    Counter: {},
    CalendarVersion: {"id": "内部流水号，只表示先后；先后次序另行核对"},
    HistoryEvent: {},
    HistoryHead: {},
    Seal: {},
    SealBlock: {},
    SealKey: {},
    SealToken: {"id": ORDER, "given_at": "外部签章取得的时间，以签章里写的为准", "token": "由给出签章的一方核对"},
    KeptContent: {},
    AccessEntry: {},
    AccessSubject: {},
}
"""Tables that the replay of cases, the check of definitions, the chains and the seals compare; columns outside, and
why."""
OUTSIDE: Mapping[type[Base], str] = {
    FormerPassword: "用过的密码的散列，只为不许重复使用；日志不保存密码的任何痕迹",
    WebSession: "登录中的浏览器，退出即删；登录本身在日志里",
    SignInLock: "登录失败的计数和锁定，过后即清；每次失败和锁定在日志里",
    IdempotentAnswer: "接口的应答，按幂等键留七天供重取；所办的事在日志里",
    WorkerBeat: "后台进程的心跳，时时在变",
    CaseWayRow: "流程图谱的底稿，只由各事项的日志推算；与日志末条不同的，打开图谱时或由后台任务重新推算",
    VerifiedCase: "核验的记忆：哪些事项已重新执行过、当时一字一节如何；带数据库之外的密钥，对不上就重新执行",
}
"""Tables that no event tells of, and why."""
HELD: Mapping[type[Base], Held] = {held.model: held for family in FAMILIES.values() for held in family.held} | {
    FILES.model: FILES
}
