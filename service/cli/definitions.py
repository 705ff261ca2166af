"""``liaison check`` and ``liaison deploy``: definitions of processes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from service import clock, rights
from service.auth import actor_of
from service.checks import DefinitionFinding
from service.checks.confined import check_all_confined
from service.checks.gate import passed
from service.checks.kinds import grouped, totals
from service.cli.folders import PATHS, Folder, folders_of
from service.cli.scenarios import require
from service.cli.setup import doer, organization, settings, wired
from service.processes.bundles import CheckedBundle
from service.processes.definitions import newest_files
from service.studio.publishing import DEPLOY, LAYOUT, SAME, SCENARIOS, Release, release
from service.usecases import check_context
from service.usecases.panels import choices_of


@click.command()
@PATHS
def check(paths: tuple[Path, ...]) -> None:
    """检查 PATH 中的流程定义，并运行其用例（流程目录如 bpmn/request，或含多个流程的 bpmn）；有错误则以 1 退出。"""
    folders = folders_of(paths)
    bundles = _require_pass(folders)
    require([(folder, bundle, folder.scenarios()) for folder, bundle in zip(folders, bundles, strict=True)])


@click.command()
@PATHS
@click.option("--note", default="", metavar="说明", help="为什么修改，和新版本记在一起。")
@click.option("--by", "username", default="", metavar="用户名", help="由谁发布；不写的记为命令行。")
def deploy(paths: tuple[Path, ...], note: str, username: str) -> None:
    """检查 PATH 中的流程定义，运行其用例，然后部署；任何一个有错误或用例不符，就一个也不部署。"""
    folders = folders_of(paths)
    with wired() as database, database.reading() as session:
        before = {folder.key: newest_files(session, folder.key) for folder in folders}
    bundles = _require_pass(folders, before)
    require([(folder, bundle, folder.scenarios()) for folder, bundle in zip(folders, bundles, strict=True)])
    words = choices_of(settings(), organization())
    with wired() as database, database.transaction() as session:
        actor = actor_of(session, username) if username else doer()
        rights.require(actor, DEPLOY)
        for folder, bundle in zip(folders, bundles, strict=True):
            scenarios = {f"scenarios/{path.name}": path.read_bytes() for path in folder.scenarios()}
            made = release(session, bundle, scenarios, note=note, words=words, actor=actor, now=clock.now())
            _tell(made)


def _tell(made: Release) -> None:
    """Prints the outcome of one process and its changes, in words."""
    definition = made.definition
    if definition is None:
        return
    done = {
        LAYOUT: f"仍为第 {definition.version} 版，只换了流程图的布局",
        SCENARIOS: f"仍为第 {definition.version} 版，只更新了用例",
        SAME: f"仍为第 {definition.version} 版，没有差别",
    }.get(made.outcome, f"现为第 {definition.version} 版")
    click.echo(f"流程 {definition.name}（{definition.key}）{done}。")
    if definition.version > 1:
        for line in made.difference.lines:
            click.echo(f"  {line}")


def _require_pass(
    folders: Iterable[Folder], before: Mapping[str, Mapping[str, bytes]] | None = None
) -> list[CheckedBundle]:
    """Shows the findings of all folders, not only of the first bad one; ends the command if there is an error.

    ``before`` are the files of the newest version of each process, where that is known.
    """
    read = [(folder, folder.files()) for folder in folders]
    context = check_context(settings(), organization())
    based = before or {}
    found = check_all_confined(
        [(files, replace(context, base=based.get(folder.key) or None)) for folder, files in read]
    )
    fine = [_passes(folder, findings) for (folder, _), findings in zip(read, found, strict=True)]
    if not all(fine):
        sys.exit(1)
    return [
        passed(files, findings, key=folder.key, context=context)
        for (folder, files), findings in zip(read, found, strict=True)
    ]


def _passes(folder: Folder, findings: Sequence[DefinitionFinding]) -> bool:
    """Prints the findings by kind, errors first, and whether none of them is an error.

    Each as ``file:line element rule: message``, of one kind not more than anybody reads.
    """
    for group in grouped(findings):
        for one in group.shown:
            weight = "" if one.severity == "error" else "（提示）"
            click.echo(f"{folder.path_of(one.file)}:{one.line} {one.element} {one.rule}: {weight}{one.message}")
        if group.more:
            click.echo(f"{group.rule}（{group.name}）：{group.more}")
    passes = all(one.severity != "error" for one in findings)
    told = f"（{counts}）" if (counts := totals(findings)) else ""
    click.echo(f"{folder.bpmn}：{'通过' if passes else '有错误，不能部署'}{told}。", err=True)
    return passes
