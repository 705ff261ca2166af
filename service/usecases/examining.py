"""``liaison doctor``: whether this machine and its database are fit for the service to stand on."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

import service
from service import clock
from service.access_log import last_exported
from service.config import Settings
from service.db import Database, aside, migrate
from service.db.aside import Aside
from service.db.failures import explain
from service.db.standing import BESIDE, SPARE, require_durable, standbys, taken, time_of
from service.documents.type import coverage, replaced_faces
from service.errors import Conflict, Incident
from service.notifications.channels import unreachable
from service.processes import calendars
from service.processes.figures import worker_beats
from service.seals import last_seal
from service.storage import chosen
from service.workdays import missing_notice_reminder

GOOD, DOUBTFUL, WRONG = "good", "doubtful", "wrong"
BACKUP = "备份"
"""The word of an export that was a whole copy (``liaison backup``)."""
OLDEST_BROWSER = "Chromium 90"
CLOCKS_APART = timedelta(seconds=5)
SILENT_AFTER, BACKUP_WITHIN, SEAL_WITHIN = timedelta(minutes=2), timedelta(days=7), timedelta(days=2)
LEAST_FREE, ENOUGH_FREE = 1 << 30, 10 << 30
THREADS = 8
"""Threads of a server process, as ``liaison serve`` has them by default."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was looked at: its name, ``GOOD``, ``DOUBTFUL`` or ``WRONG``, and what was found and is to do."""

    name: str
    grade: str
    said: str


def examine(settings: Settings, database: Database) -> Iterator[Seen]:
    """Looks at everything, one after the other; what a database that does not answer cannot tell is left out."""
    yield _environment(settings)
    yield from _keys(settings)
    yield _clock()
    yield from _type()
    yield _bundle()
    yield from _disks(settings, database)
    if settings.files.place.startswith("s3:"):
        yield _bucket(settings)
    yield _mail(settings)
    yield (answers := _answers(database))
    if answers.grade == WRONG:
        return
    yield from _server(settings, database)
    with database.reading() as session:
        for look in _LOOKS:
            yield look(settings, session)


def _environment(settings: Settings) -> Seen:
    if not settings.is_production:
        return Seen("运行环境", DOUBTFUL, "试用环境（env = development）；正式使用请设 LIAISON_ENV=production")
    if not settings.public_url:
        return Seen("运行环境", DOUBTFUL, "正式环境；public_url 没有填写，通知里的链接打不开")
    return Seen("运行环境", GOOD, f"正式环境，{settings.public_url}")


def _keys(settings: Settings) -> Iterator[Seen]:
    """Files that hold secrets must be readable by the service's own user alone."""
    for name, file in (("封存密钥", settings.seal.key_file), ("动态口令密钥", settings.second_factor.key_file)):
        try:
            mode = file.stat().st_mode
        except FileNotFoundError:
            continue  # it is made when it is first needed
        except PermissionError:
            yield Seen(name, GOOD, "本用户不能读取（由后台进程的用户保管）")
            continue
        if stat.S_IMODE(mode) & 0o077:
            yield Seen(name, WRONG, f"{file.name} 能被其他用户读取，请执行 chmod 600")
        else:
            yield Seen(name, GOOD, f"{file.name} 只有本用户能读取")


def _clock() -> Seen:
    offset = clock.now().astimezone().utcoffset()
    if offset != timedelta(hours=8):
        return Seen("时区", DOUBTFUL, "本机不是北京时间；期限不受影响（按北京时间计算），日志和定时任务的时间请留意")
    return Seen("时区", GOOD, "北京时间")


def _type() -> Iterator[Seen]:
    try:
        lacking = [one.name for one in coverage() if not one.there]
    except Incident as error:
        yield Seen("字体", WRONG, error.message)
        return
    replaced = replaced_faces()
    if replaced:
        yield Seen("公文字体", DOUBTFUL, f"没有安装{'、'.join(replaced)}，打印时用其他字体代替")
    else:
        yield Seen("公文字体", GOOD, "齐全")
    if lacking:
        yield Seen("生僻字", DOUBTFUL, f"没有含{'、'.join(lacking)}的字体，这些字打印成“〓”")
    else:
        yield Seen("生僻字", GOOD, "齐全")


def _bundle() -> Seen:
    folder = Path(service.__file__).parent / "web" / "static" / "dist"
    if not (folder / "base.js").is_file():
        return Seen("网页脚本", WRONG, "没有编译，请运行 make setup")
    return Seen("网页脚本", GOOD, f"已编译；最低支持 {OLDEST_BROWSER}，更旧的浏览器请升级")


def _disks(settings: Settings, database: Database) -> Iterator[Seen]:
    places = {"数据目录": settings.data_dir, "临时目录": Path(tempfile.gettempdir())}
    if not settings.files.place.startswith("s3:"):
        places["附件存放处"] = Path(settings.files.place)
    if database.is_sqlite and database.url.database not in (None, "", ":memory:"):
        places["数据库所在磁盘"] = Path(str(database.url.database)).parent
    for name, place in places.items():
        there = next((one for one in (place, *place.parents) if one.exists()), Path("/"))
        free = shutil.disk_usage(there).free
        told = f"{free / (1 << 30):.1f} GB 可用"
        if free < LEAST_FREE:
            yield Seen(name, WRONG, f"{told}，请立即清理：写满后不能办理")
        elif not os.access(there, os.W_OK):
            yield Seen(name, WRONG, f"本用户不能写入 {place}")
        else:
            yield Seen(name, GOOD if free >= ENOUGH_FREE else DOUBTFUL, told)


def _bucket(settings: Settings) -> Seen:
    try:
        chosen(settings.files).probe()
    except Incident as error:
        return Seen("附件存放处", WRONG, f"{settings.files.place} 不能写入、读取、删除：{error.message}")
    return Seen("附件存放处", GOOD, f"{settings.files.place} 可写入、读取、删除")


def _mail(settings: Settings) -> Seen:
    if not settings.mail.enabled:
        return Seen("邮件", GOOD, "没有启用")
    trouble = unreachable(settings.mail)
    return Seen("邮件", WRONG, trouble) if trouble else Seen("邮件", GOOD, f"{settings.mail.host} 可用")


def _answers(database: Database) -> Seen:
    if not database.exists():
        return Seen("数据库", WRONG, "还没有数据库，请运行 liaison migrate")
    try:
        current = migrate.is_current(database)
    except SQLAlchemyError as error:
        return Seen("数据库", WRONG, explain(error) or "不能连接，请检查 database_url 设置和数据库服务")
    if not current:
        return Seen("数据库", WRONG, "结构不是最新的，请运行 liaison migrate")
    return Seen("数据库", GOOD, "SQLite" if database.is_sqlite else "PostgreSQL")


def _server(settings: Settings, database: Database) -> Iterator[Seen]:
    """The clock, connections and standbys of a database server."""
    if settings.durable:
        try:
            require_durable(database)
        except Conflict as error:
            yield Seen("同步备库", WRONG, error.message)
    if database.is_sqlite:
        return
    apart = timedelta(seconds=abs(time.time() - time_of(database).timestamp()))  # the machine's own clock
    if apart > CLOCKS_APART:
        yield Seen("时钟", WRONG, f"本机与数据库服务器的时钟相差 {apart.total_seconds():.0f} 秒，请校准")
    else:
        yield Seen("时钟", GOOD, "与数据库服务器一致")
    most, workers = taken(database) or 0, min(os.cpu_count() or 1, 64)
    wanted = workers * (THREADS + SPARE) + BESIDE
    told = f"数据库接受 {most} 个；本机按 {workers} 个网页进程、每个 {THREADS} 个线程用 {wanted} 个"
    yield Seen("连接数", GOOD if wanted <= most else DOUBTFUL, told)
    if database.aside is not None:
        yield _aside(database.aside)
    if not settings.durable:
        there = standbys(database)
        yield Seen("同步备库", GOOD if there.durable else DOUBTFUL, there.names or "没有：主库损坏时会丢失刚提交的内容")


def _aside(server: Aside) -> Seen:
    """The server for reading: which of what is said to be read there is read there now."""
    how, otherwise = server.stands(), "核验、统计、导出现在都从主库读取"
    if how == aside.CURRENT:
        return Seen(
            "只读数据库", GOOD, "备库，已跟上主库；核验、统计、审计查询、流程图谱、导出表格和事件日志从这里读取"
        )
    if how == aside.PRIMARY:
        return Seen("只读数据库", DOUBTFUL, f"read_url 连到的不是备库（现在可能没有备库），{otherwise}")
    if how == aside.BEHIND:
        return Seen("只读数据库", DOUBTFUL, f"备库落后主库 {aside.CATCH_UP_SECONDS:.0f} 秒以上，{otherwise}")
    if how == aside.ANOTHERS:
        return Seen("只读数据库", WRONG, f"read_url 连到的是另一套数据库的备库，请改正；{otherwise}")
    return Seen("只读数据库", WRONG, f"不能连接，请检查 read_url；{otherwise}")


def _worker(_settings: Settings, session: Session) -> Seen:
    beats = worker_beats(session)
    if not beats:
        return Seen("后台任务", WRONG, "从未运行，请启动 liaison worker：没有它，定时和提醒都不会发生")
    silent, alive = clock.now() - beats[0].beat_at, sum(clock.now() - one.beat_at <= SILENT_AFTER for one in beats)
    if not alive:
        return Seen("后台任务", WRONG, f"已停 {silent.total_seconds() / 60:.0f} 分钟，请启动 liaison worker")
    return Seen("后台任务", GOOD, f"{alive} 个在运行")


def _backup(_settings: Settings, session: Session) -> Seen:
    at = last_exported(session, BACKUP)
    if at is None:
        return Seen("备份", DOUBTFUL, "没有用 liaison backup 备份过；用其他工具备份的，请自行确认")
    told = f"最近一次 {clock.local(at):%Y-%m-%d %H:%M}"
    return Seen("备份", GOOD if clock.now() - at <= BACKUP_WITHIN else DOUBTFUL, told)


def _seal(settings: Settings, session: Session) -> Seen:
    newest = last_seal(session)
    if newest is None:
        return Seen("封存", DOUBTFUL, "还没有封存过，请运行 liaison seal 或等后台任务到点封存")
    told = f"第 {newest.number} 次，{clock.local(newest.made_at):%Y-%m-%d %H:%M}"
    if clock.now() - newest.made_at > SEAL_WITHIN:
        return Seen("封存", DOUBTFUL, f"{told}，已有两天没有封存")
    if settings.seal.witness is None:
        return Seen("封存", DOUBTFUL, f"{told}；没有设见证目录，数据库的管理者可以连封存一起改掉")
    return Seen("封存", GOOD, told)


def _holidays(_settings: Settings, session: Session) -> Seen:
    if calendars.find_current(session) is None:
        return Seen("放假安排", WRONG, "还没有工作日历，请运行 liaison migrate")
    reminder = missing_notice_reminder(calendars.current(session), clock.today())
    return Seen("放假安排", DOUBTFUL, reminder) if reminder else Seen("放假安排", GOOD, "已录入")


_LOOKS: tuple[Callable[[Settings, Session], Seen], ...] = (_worker, _backup, _seal, _holidays)
