"""``liaison export``: the event log or the ledger as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click
from sqlalchemy.orm import Session

from service.cli.setup import organization, wired
from service.errors import Conflict, Finding, Invalid, NotFound
from service.ledger.cases import all_cases, ledger_rows, write_csv, write_xlsx
from service.ledger.ocel import write_ocel
from service.ledger.xes import write_xes

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")


@click.group()
def export() -> None:
    """导出事件日志或台账到新文件。"""


@export.command()
@_FILE
def xes(file: Path) -> None:
    """事件日志，XES 格式（流程挖掘软件通用）；不含表单内容和姓名。FILE 没有后缀时用 .xes。"""
    _export(file if file.suffix else file.with_suffix(".xes"), write_xes, "件事项")


@export.command()
@_FILE
def ocel(file: Path) -> None:
    """以对象为中心的事件日志，OCEL 2.0 JSON 格式；不含表单内容和姓名。FILE 没有后缀时用 .jsonocel。"""
    _export(file if file.suffix else file.with_suffix(".jsonocel"), write_ocel, "件事项")


@export.command(name="ledger")
@_FILE
def ledger_table(file: Path) -> None:
    """需求台账，按文件名为 .xlsx 或 .csv。"""
    write = {".xlsx": write_xlsx, ".csv": write_csv}.get(file.suffix.lower())
    if write is None:
        raise Invalid("不能识别的文件类型", [Finding(str(file), "文件名应以 .xlsx 或 .csv 结尾")])
    names = organization()
    _export(file, lambda session, into: write(ledger_rows(session, all_cases(session), names), into), "行")


def _export(file: Path, write: Callable[[Session, BinaryIO], int], what: str) -> None:
    """Writes ``file`` whole or not at all. Raises Conflict where there is such a file, NotFound without its folder."""
    if not file.parent.is_dir():
        raise NotFound(f"没有文件夹 {file.parent}，请先建立")
    if file.exists():
        raise Conflict(f"文件 {file} 已存在，请换一个文件名")
    partial = file.with_name(file.name + ".partial")
    try:
        with wired() as database, database.reading(long=True) as session, partial.open("wb") as into:
            count = write(session, into)
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"已导出 {count} {what}到 {file}。")
