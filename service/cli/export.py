"""``liaison export``: the event log, the ledger or the evidence of a case as a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click
from sqlalchemy.orm import Session

from service import access_log, clock
from service.audit import logs
from service.audit.logs import LogWish, wish_of
from service.cli.setup import digest, doer, organization, settings, wired
from service.errors import Conflict, Finding, Incident, Invalid, NotFound
from service.ledger.cases import all_cases, ledger_rows, write_csv, write_xlsx
from service.processes.instances import case_id
from service.rights import AUDITOR, COMMAND_LINE, Actor, Grant
from service.seals import Sealer

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")


_READER = Actor("command-line-reader", COMMAND_LINE.name, grants=frozenset({Grant(AUDITOR)}))
"""The command line with an auditor's eyes: the papers of a case are made for somebody who sees it."""


@click.group()
def export() -> None:
    """导出事件日志或台账到新文件。"""


_PROCESS = click.option("--process", metavar="流程", help="只导出这个流程的事项，例如 request；不写为全部流程。")
_FROM = click.option("--from", "first", type=click.DateTime(("%Y-%m-%d",)), metavar="日期", help="这一天起发起的。")
_TO = click.option("--to", "last", type=click.DateTime(("%Y-%m-%d",)), metavar="日期", help="这一天止发起的。")


@export.command()
@_FILE
@_PROCESS
@_FROM
@_TO
def xes(file: Path, process: str | None, first: datetime | None, last: datetime | None) -> None:
    """事件日志，XES 格式（流程挖掘软件通用）；不含表单内容和姓名。FILE 没有后缀时用 .xes。"""
    wish = _wish(process, first, last)
    target = file if file.suffix else file.with_suffix(".xes")
    _export_log(target, "xes", wish)


@export.command()
@_FILE
@_PROCESS
@_FROM
@_TO
def ocel(file: Path, process: str | None, first: datetime | None, last: datetime | None) -> None:
    """以对象为中心的事件日志，OCEL 2.0 格式；不含表单内容和姓名。

    FILE 以 .sqlite 结尾的为 SQLite 文件，其他为 JSON；没有后缀时用 .jsonocel。
    """
    wish = _wish(process, first, last)
    target = file if file.suffix else file.with_suffix(".jsonocel")
    _export_log(target, "sqlite" if target.suffix.lower() == ".sqlite" else "jsonocel", wish)


def _export_log(file: Path, suffix: str, wish: LogWish) -> None:
    """Writes the log; names the cases that it lacks."""
    damaged: list[str] = []

    def to(session: Session, path: Path) -> int:
        done = logs.write(session, path, suffix, wish)
        damaged.extend(done.damaged)
        return done.cases

    _export_to(file, to, "件事项", logs.asked_of(wish))
    if damaged:
        named = "、".join(damaged)
        click.echo(f"注意：有 {len(damaged)} 件的日志残缺，没有导出，请运行 liaison verify 核验：{named}", err=True)


def _wish(process: str | None, first: datetime | None, last: datetime | None) -> LogWish:
    return wish_of(process, first.date() if first else None, last.date() if last else None)


@export.command(name="ledger")
@_FILE
def ledger_table(file: Path) -> None:
    """需求台账，按文件名为 .xlsx 或 .csv。"""
    write = {".xlsx": write_xlsx, ".csv": write_csv}.get(file.suffix.lower())
    if write is None:
        raise Invalid("不能识别的文件类型", [Finding(str(file), "文件名应以 .xlsx 或 .csv 结尾")])
    names = organization()
    _export(file, lambda session, into: write(ledger_rows(session, all_cases(session), names), into), "行", "全部需求")


@export.command()
@_FILE
@click.option("--instance", "wanted", required=True, metavar="编号", help="事项的编号（或标识）。")
def evidence(file: Path, wanted: str) -> None:
    """一个事项的证据包：日志、流程图、附件、打印件、封存的证明和核对程序。先封存一次，再写入 FILE（.zip）。"""
    from service.usecases.evidence import hand_out

    target = file if file.suffix else file.with_suffix(".zip")
    _require_new(target)
    with wired() as database:
        sealer = Sealer(database, settings().seal, mail=settings().mail.enabled)
        unsealed = _sealed_now(sealer)
        with database.reading() as session:
            case = case_id(session, wanted)
        made, receipt = hand_out(database, case, _READER, by=doer())
    target.write_bytes(made.content)
    click.echo(f"已导出证据包 {target}：{made.events} 条记录，第 {made.seal} 次封存。")
    click.echo(f"回执（清单摘要）：{made.digest}")
    click.echo(f"文件的 SHA-256：{receipt.sha256}")
    click.echo(f"文件的 SM3：{receipt.sm3 or '没有（运行环境没有 SM3）'}")
    moment = f"{clock.local(receipt.at):%Y-%m-%d %H:%M:%S}"
    click.echo(f"{receipt.by} {moment} 导出，记在日志的链“封存”（seals）第 {receipt.seq} 条。")
    if made.uncovered:
        why = unsealed or "刚才写入"
        click.echo(f"注意：有 {len(made.uncovered)} 条记录还没有封存（{why}），包内已写明。", err=True)


def _sealed_now(sealer: Sealer) -> str | None:
    """Seals, so that the evidence is covered; why not, where it cannot be done."""
    try:
        return None if sealer.seal(by=doer(), now=clock.now()) is not None else "有人正在写入"
    except Incident as error:
        return error.message


def _require_new(file: Path) -> None:
    if not file.parent.is_dir():
        raise NotFound(f"没有文件夹 {file.parent}，请先建立")
    if file.exists():
        raise Conflict(f"文件 {file} 已存在，请换一个文件名")


def _export(file: Path, write: Callable[[Session, BinaryIO], int], what: str, asked: str) -> None:
    """Writes ``file`` whole or not at all. Raises Conflict where there is such a file, NotFound without its folder."""

    def to(session: Session, path: Path) -> int:
        with path.open("wb") as into:
            return write(session, into)

    _export_to(file, to, what, asked)


def _export_to(file: Path, write: Callable[[Session, Path], int], what: str, asked: str) -> None:
    """Writes ``file`` whole or not at all, and journals it with what was ``asked`` for; ``what`` is counted."""
    _require_new(file)
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with wired() as database, database.reading(long=True, aside=True) as session:
            count = write(session, partial)
        with wired() as database, database.transaction() as session:
            told = {"name": file.name, "sha256": digest(partial), "records": count, "asked": asked, "way": "命令行"}
            access_log.note_exported(session, data=told, actor=doer(), now=clock.now())
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"已导出 {count} {what}到 {file}。")
