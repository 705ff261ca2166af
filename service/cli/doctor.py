"""``liaison doctor``: whether this machine, or a database server, is fit for the service."""

from __future__ import annotations

import re
import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from service.cli.setup import opened, settings
from service.db import Database, probing
from service.errors import Invalid

_MARKS = {"good": "✓", "doubtful": "!", "wrong": "✗"}


@click.command()
@click.option(
    "--database",
    "url",
    metavar="URL",
    help="检查这个数据库（如人大金仓、openGauss）能不能用：逐项试用本系统要用的功能，在自建的临时模式里进行，查完删除。",
)
def doctor(url: str | None) -> None:
    """检查本机能否正常运行：字体、时区、密钥、邮件、磁盘、数据库、后台任务、备份。"""
    wrong = _database(url) if url else _machine()
    if wrong:
        click.echo(f"有 {wrong} 项必须处理。", err=True)
        sys.exit(1)


def _machine() -> int:
    from service.usecases.examining import WRONG, examine  # loads the documents: not for --database

    wrong = 0
    with opened(current=False) as database:
        for one in examine(settings(), database):
            click.echo(f"{_MARKS[one.grade]} {one.name}：{one.said}")
            wrong += one.grade == WRONG
    return wrong


def _database(url: str) -> int:
    if not re.fullmatch(r"postgresql(\+psycopg)?://\S+", url):
        raise Invalid("--database 应以 postgresql:// 开头：SQLite 随本系统安装，不必检查")
    database, lacks = Database(re.sub(r"^postgresql:", "postgresql+psycopg:", url)), 0
    try:
        click.echo(probing.version(database))
        for one in probing.probe(database):
            click.echo(f"✗ {one.name}（{one.needed_for}）：{one.lacks}" if one.lacks else f"✓ {one.name}")
            lacks += one.lacks is not None
    except SQLAlchemyError as error:
        raise Invalid(f"不能连接，或没有建立模式（CREATE SCHEMA）的权限：{probing.said(error)}") from error
    finally:
        database.dispose()
    return lacks
