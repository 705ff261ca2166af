"""``liaison migrate``, ``backup``, ``restore``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from service import access_log, history
from service.auth.sessions import end_all_sessions
from service.cli.schema import all_tables
from service.cli.setup import config_directory, digest, doer, opened, organization, project_directory, settings, wired
from service.clock import now
from service.db import Database
from service.db import backup as copies
from service.db import migrate as migrations
from service.storage import stored_contents
from service.storage.stores import KEY as STORE
from service.usecases.examining import BACKUP


@click.command()
def migrate() -> None:
    """把数据库升级到最新结构，并部署随附流程中尚未部署的。"""
    from service.usecases import prepare

    with wired(current=False) as database:
        before = migrations.is_current(database)
        migrations.upgrade(database)
        click.echo("数据库结构已是最新。" if before else "数据库已升级到最新结构。")
        with database.transaction() as session:
            done = prepare(
                session,
                settings=settings(),
                organization=organization(),
                config=config_directory(),
                home=project_directory(),
                now=now(),
            )
    for line in done:
        click.echo(line)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """把整个数据库和附件备份到新文件 FILE（运行中也可备份，各表取自同一时刻）。"""
    with opened() as database:
        with _progress() as tell:
            rows = copies.dump(
                database, all_tables(), file, now=now(), progress=tell, contents=lambda: _contents(database)
            )
        with database.transaction() as session:
            told = {"name": file.name, "sha256": digest(file), "records": rows, "asked": BACKUP, "way": "命令行"}
            access_log.note_exported(session, data=told, actor=doer(), now=now())
    click.echo(f"已备份 {rows} 行到 {file}。")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore(file: Path) -> None:
    """把备份 FILE 恢复到空数据库（SQLite 与 PostgreSQL 的备份可互相恢复），并核对日志的哈希链。"""
    with opened(current=False) as database:
        with _progress() as tell:
            rows = copies.restore(database, file, progress=tell, put=database.session_info[STORE].put)
        with database.transaction() as session:
            end_all_sessions(session)  # who had signed out since the copy was made stays out
        broken = _verified(database)
    click.echo(f"已恢复 {rows} 行。")
    if broken:
        click.echo(f"注意：备份时日志已有 {broken} 处不符，请运行 liaison verify 查看。", err=True)


def _contents(database: Database) -> Iterator[bytes]:
    with database.reading(long=True) as session:
        yield from stored_contents(session)


def _verified(database: Database) -> int:
    with database.reading(long=True) as session:
        return sum(len(history.verify_stream(session, stream)) for stream in history.streams(session))


@contextmanager
def _progress() -> Iterator[copies.Progress]:
    """One line on a terminal that says how far the work is; nothing where nobody looks."""
    watched = sys.stderr.isatty()

    def tell(table: str, rows: int) -> None:
        if watched:
            click.echo(f"\r\x1b[K{table}：共 {rows} 行", nl=False, err=True)

    yield tell
    if watched:
        click.echo("\r\x1b[K", nl=False, err=True)
