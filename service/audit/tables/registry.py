"""The rule of each table: folded from which streams, checked by what else, or outside and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.access_log import folding as access_log
from service.access_log.models import AccessEntry, AccessSubject
from service.audit import folding as verifications
from service.audit.models import CaseWayRow, VerifiedCase, VerifiedFile, VerifiedNotices, VerifiedSeal
from service.audit.tables.files import FILES
from service.auth import folding as auth
from service.auth.models import DirectoryStamp, FormerPassword, SignInLock, WebSession
from service.contacts import folding as contacts
from service.db import Base
from service.db.idempotency import IdempotentAnswer
from service.exchange import folding as exchange
from service.history import HistoryEvent, HistoryHead
from service.history.folding import Event, Family, Fold, Held, Rows
from service.jobs import folding as jobs
from service.ledger import folding as ledger
from service.liaisons import folding as liaisons
from service.notifications import folding as notifications
from service.people import folding as people
from service.people.models import PhraseUse
from service.processes import folding as processes
from service.processes.case_link import CaseLink
from service.processes.figure_models import FigureCase, FigureDue, FigureTally, FigureWithin
from service.processes.models import (
    CalendarVersion,
    CaseSpan,
    CaseText,
    ClockRun,
    CopyTo,
    Counter,
    Definition,
    DefinitionFile,
    DefinitionPicture,
    Instance,
    Timer,
    UserTask,
)
from service.processes.order_models import CaseOrder
from service.processes.reader_models import CaseReader
from service.processes.register_models import Urge
from service.processes.said_models import CaseSaid
from service.processes.upkeep import Rebuilding, WorkerBeat
from service.reports import folding as reports
from service.seals.models import Seal, SealBlock, SealKey, SealOffer, SealToken
from service.storage.models import StagedFile
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
        *ledger.FAMILIES,
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
    CaseLink: {},
    ClockRun: {"id": ORDER},
    CaseSpan: {"id": ORDER},
    CaseText: {"id": ORDER},
    Urge: {},
    CaseReader: {},
    Counter: {},
    CaseWayRow: {"format": "推算规则的编号：与现行规则不同的一行谁也不用，打开图谱时或由后台任务重新推算"},
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
"""Tables that the replay of cases, their ways, the check of definitions, the chains and the seals compare; columns
outside, and why."""
OUTSIDE: Mapping[type[Base], str] = {
    FormerPassword: "用过的密码的散列，只为不许重复使用；日志不保存密码的任何痕迹",
    WebSession: "登录中的浏览器，退出即删；登录本身在日志里",
    DirectoryStamp: "权限有变时由触发器换上的随机数，只让各进程知道要重读；账号、角色、人员各表另行核对",
    SignInLock: "登录失败的计数和锁定，过后即清；每次失败和锁定在日志里",
    IdempotentAnswer: "接口的应答，按幂等键留七天供重取；所办的事在日志里",
    StagedFile: "表单旁上传而没有提交的附件，提交时成为事项的附件并记入日志，不提交的过期即删",
    PhraseUse: "常用语上次用到的时间，只决定排列先后；常用语本身在日志里",
    SealOffer: "交来核对的封存文件，核对后即弃；核对本身和文件的摘要在日志里",
    FigureCase: "统计的底稿，由各日状态和计时记录推算；核验时逐件重新推算、比对",
    CaseOrder: "列表排序用的底稿，由事项、各日状态和计时记录推算；核验时逐件重新推算、比对",
    CaseSaid: "筛选、排序表单内容用的底稿，由任务和日志推算；核验时逐件重新推算、比对",
    FigureTally: "统计的合计，由底稿相加；核验时重新相加、比对",
    FigureWithin: "统计的分项合计，由底稿相加；核验时重新相加、比对",
    FigureDue: "各日状态或计时有变、统计尚待重新汇总的事项，由数据库自己记下，汇总即删；汇总的结果本身另行核对",
    WorkerBeat: "后台进程的心跳，时时在变",
    Rebuilding: "重新推算做到哪一件，只在中断后留着；推算的结果本身另行核对",
    VerifiedNotices: "核验的记忆：哪些提醒已核对过、当时一字一节如何；带数据库之外的密钥，对不上就重新核对",
    VerifiedSeal: "核验的记忆：核对过的封存、当时的记录一字一节如何；带数据库之外的密钥，对不上就重新核对",
    VerifiedFile: "核验的记忆：哪些附件的内容已逐字节核对过、当时存放处如何；带数据库之外的密钥，对不上就重新核对",
    VerifiedCase: "核验的记忆：哪些事项已重新执行过、当时一字一节如何；带数据库之外的密钥，对不上就重新执行",
}
"""Tables that no event tells of, and why."""
HELD: Mapping[type[Base], Held] = {held.model: held for family in FAMILIES.values() for held in family.held} | {
    FILES.model: FILES
}
