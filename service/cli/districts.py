"""``liaison districts``: the districts of an installation that serves several, how they stand, a new one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from service import clock
from service.cli.choosing import NOWHERE, folder_of_districts
from service.cli.setup import config_directory, project_directory
from service.config import Settings
from service.config.districts import (
    CONFIG,
    ENVIRONMENT,
    NAME_RULE,
    District,
    Known,
    host_of,
    is_name,
    known,
    plain_host,
    read_all,
    require_apart,
)
from service.config.settings import PREFIX
from service.db import Database, migrate
from service.db.failures import explain
from service.db.standing import size_of
from service.errors import Conflict, Invalid

OWN_FILES = ("organization.toml",)
"""Files of the configuration that a new district gets a copy of; of all others it shares the one."""


@click.group(invoke_without_command=True)
@click.pass_context
def districts(ctx: click.Context) -> None:
    """各区的情况：网址、数据库结构、大小、最近一次备份、后台任务。"""
    if ctx.invoked_subcommand is not None:
        return
    found = known(_folder(), os.environ)
    rows = [_row(district, settings) for district, settings in found.settings.values()]
    click.echo(f"共 {len(found.settings) + len(found.faults)} 个区，本程序的数据库结构为 {migrate.newest_revision()}。")
    for line in _table([("区", "网址", "数据库结构", "大小", "最近一次备份", "后台任务"), *rows]):
        click.echo(line)
    told_faults(found)


def told_faults(found: Known) -> None:
    """Says on standard error which districts cannot be served, and why. Raises Invalid where none can."""
    for said in found.faults.values():
        click.echo(f"{said}（这个区没有提供服务）", err=True)
    if not found.settings:
        raise Invalid("没有一个区可以提供服务：请用 liaison districts add 名称 --host 主机名 建立，或改正上面的错误")


@districts.command()
@click.argument("name", metavar="名称")
@click.option("--host", required=True, metavar="主机名", help="按这个主机名分辨是哪个区，如 east.example.gov.cn。")
def add(name: str, host: str) -> None:
    """建立一个区的目录：单位和角色是自己的一份，其余设置、流程和表单与各区共用（链接）。"""
    folder = _folder()
    if not is_name(name):
        raise Invalid(NAME_RULE)
    plain = plain_host(host)
    if not plain or any(mark in host for mark in ":/@ "):
        raise Invalid("--host 应写成 east.example.gov.cn 的样子，不带 https:// 和端口")
    if (folder / name).exists():
        raise Conflict(f"已有区 {name}（{folder / name}）")
    there = read_all(folder, os.environ).settings.values()
    taken = {host_of(settings.public_url): one.name for one, settings in there}
    if plain in taken:
        raise Conflict(f"主机名 {plain} 已是区 {taken[plain]} 的")
    made = folder / f".{name}"  # a folder with a dot is no district: it becomes one when it is whole
    (made / CONFIG).mkdir(parents=True, mode=0o750)
    for file in sorted(config_directory().resolve().glob("*.toml")):
        place = made / CONFIG / file.name
        if file.name in OWN_FILES:
            place.write_bytes(file.read_bytes())
        else:
            place.symlink_to(os.path.relpath(file, folder.resolve() / name / CONFIG))
    for shared in ("bpmn", "forms"):
        if (project_directory() / shared).is_dir():
            (made / shared).symlink_to(os.path.relpath(project_directory() / shared, folder.resolve() / name))
    (made / ENVIRONMENT).touch(mode=0o600)
    (made / ENVIRONMENT).write_text(
        f"# 本区自己的设置，写法与系统的环境变量相同\n{PREFIX}PUBLIC_URL=https://{plain}\n", "utf-8"
    )
    made.rename(folder / name)
    click.echo(
        f"已建立区 {name}（{folder / name}）。请检查其中的 {CONFIG}/organization.toml 和 {ENVIRONMENT}，然后运行"
    )
    click.echo(f"  liaison --district {name} migrate")
    click.echo(f"  liaison --district {name} user add 用户名 --name 姓名 --role admin")
    _warn(folder, name)


def _warn(folder: Path, name: str) -> None:
    """Says on standard error what a new district must not have as it stands: until then no command works for it."""
    found = read_all(folder, os.environ)
    if name in found.faults:
        click.echo(f"注意：{found.faults[name]}", err=True)
    try:
        require_apart({other: settings for other, (_, settings) in found.settings.items()}, of=name)
    except Invalid as error:
        place = f"{name}/{ENVIRONMENT}"
        click.echo(f"注意：请先改正下列设置（写在 {place}，或在各区共用的变量里用 {{district}} 代表区名）：", err=True)
        for one in error.findings:
            click.echo(f"  {one.path}：{one.message}", err=True)


def _folder() -> Path:
    found = folder_of_districts()
    if found is None:
        raise Invalid(f"{NOWHERE}。这条命令看全部的区，不写 --district")
    return found


def _row(district: District, settings: Settings) -> Sequence[str]:
    database = Database(settings.database_url, settings.timeouts)
    try:
        told = _standing(database) if database.exists() else ("没有数据库，请先 migrate", "", "", "")
    except SQLAlchemyError as error:
        told = (explain(error) or "不能连接", "", "", "")
    finally:
        database.dispose()
    return (district.name, settings.public_url, *told)


def _standing(database: Database) -> tuple[str, str, str, str]:
    from service.access_log import last_exported
    from service.processes.figures import last_beat
    from service.usecases.examining import BACKUP, SILENT_AFTER

    with database.engine.connect() as connection:
        revision = migrate.revision_of(connection)
    size = f"{size_of(database) / 1_000_000:.1f} MB"
    if not migrate.is_current(database):
        return (f"{revision or '空'}，请先 migrate", size, "", "")
    with database.reading() as session:
        backed_up, beat = last_exported(session, BACKUP), last_beat(session)
    at = f"{clock.local(backed_up):%Y-%m-%d %H:%M}" if backed_up is not None else "没有备份过"
    alive = beat is not None and clock.now() - beat <= SILENT_AFTER
    return (f"{revision}，最新", size, at, "在运行" if alive else "没有运行")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    return ["\t".join(row) for row in rows]
