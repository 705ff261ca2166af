"""``liaison diff`` and ``liaison ways``: what changed between two states of a process, and every path through one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import click
from sqlalchemy.orm import Session

from service.cli.folders import PATHS, folders_of
from service.cli.setup import organization, settings, wired
from service.errors import NotFound
from service.ids import as_id
from service.processes.options import frozen
from service.studio import drafts
from service.studio.difference import compare
from service.studio.models import Draft
from service.studio.ways import lines
from service.studio.ways import ways as ways_of
from service.usecases.panels import choices_of

_VERSION = re.compile(r"([a-z][a-z0-9_]*)@(\d{1,9})")


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
def diff(before: str, after: str) -> None:
    """用文字说明 A 改成 B 有哪些变化；A、B 可写流程目录（bpmn/request）、版本（request@3）或草稿的标识。"""
    house = choices_of(settings(), organization())
    if all(Path(one).exists() for one in (before, after)):
        told = compare(_folder(before), _folder(after), house)
    else:
        with wired() as database, database.reading() as session:
            told = compare(_files(session, before), _files(session, after), house)
    for line in told.lines:
        click.echo(line)
    click.echo({"same": "没有差别", "layout": "只有布局不同"}.get(told.sort, "内容有变"), err=True)


@click.command()
@PATHS
def ways(paths: tuple[Path, ...]) -> None:
    """把 PATH 中流程图的每一条路径写成一步一步的文字，供审批和培训。"""
    house = choices_of(settings(), organization())
    for folder in folders_of(paths):
        for found in ways_of(folder.files(), folder.key, house):
            for line in lines(found):
                click.echo(line)


def _files(session: Session, name: str) -> Mapping[str, bytes]:
    """The files that a folder, a version or a draft holds. Raises NotFound."""
    if Path(name).exists():
        return _folder(name)
    if known := _VERSION.fullmatch(name):
        return drafts.version_files(session, drafts.version(session, known[1], int(known[2])))
    wanted = as_id(name)
    draft = session.get(Draft, wanted) if wanted is not None else None
    if draft is None:
        raise NotFound(f"没有 {name}：请写流程目录、版本（request@3）或草稿的标识")
    return frozen(drafts.files(session, draft), organization().lists)


def _folder(name: str) -> Mapping[str, bytes]:
    found = folders_of([Path(name)])
    if len(found) != 1:
        raise NotFound(f"{name} 里有几个流程，请写其中一个的目录")
    [folder] = found
    return {**folder.files(), **{f"scenarios/{path.name}": path.read_bytes() for path in folder.scenarios()}}
