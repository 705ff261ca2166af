"""``liaison check`` and ``liaison deploy``: definitions of processes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from service import clock
from service.checks import DefinitionFinding
from service.checks.confined import check_all_confined
from service.checks.gate import passed
from service.cli.setup import organization, settings, wired
from service.errors import NotFound
from service.processes import definitions
from service.processes.bundles import CheckedBundle, read_bundle
from service.rights import COMMAND_LINE
from service.usecases import check_context

_PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="PATH…")


@dataclass(frozen=True, slots=True)
class _Folder:
    """A process on the disk: ``bpmn/<key>`` with its forms in ``forms/<key>`` beside ``bpmn``."""

    bpmn: Path

    @property
    def key(self) -> str:
        return self.bpmn.resolve().name

    @property
    def forms(self) -> Path:
        return self.bpmn / ".." / ".." / "forms" / self.key

    def files(self) -> Mapping[str, bytes]:
        return read_bundle(self.bpmn, self.forms)

    def path_of(self, name: str) -> Path:
        """Where the bundle's file ``name`` lies, as people would type it."""
        kind, _, file = name.partition("/")
        return self.bpmn / file if kind == "bpmn" else Path(self._shown_forms) / file

    @property
    def _shown_forms(self) -> str:
        parent = self.bpmn.parent.parent if self.bpmn.is_absolute() or len(self.bpmn.parts) > 1 else Path("..")
        return str(parent / "forms" / self.key)


@click.command()
@_PATHS
def check(paths: tuple[Path, ...]) -> None:
    """检查 PATH 中的流程定义（流程目录如 bpmn/request，或含多个流程的目录如 bpmn）；有错误则以 1 退出。"""
    _require_pass(_folders(paths))


@click.command()
@_PATHS
def deploy(paths: tuple[Path, ...]) -> None:
    """检查并部署 PATH 中的流程定义；任何一个有错误，就一个也不部署。"""
    folders = _folders(paths)
    bundles = _require_pass(folders)
    with wired() as database, database.transaction() as session:
        for bundle in bundles:
            made = definitions.deploy(session, bundle, actor=COMMAND_LINE, now=clock.now())
            click.echo(f"流程 {made.name}（{made.key}）现为第 {made.version} 版。")


def _folders(paths: Iterable[Path]) -> list[_Folder]:
    found: dict[Path, _Folder] = {}
    for path in paths:
        top = path if path.is_dir() else path.parent
        inside = [top] if any(top.glob("*.bpmn")) else sorted(one.parent for one in top.glob("*/*.bpmn"))
        if not inside:
            raise NotFound(f"{path} 中没有流程图（.bpmn）")
        found |= {folder.resolve(): _Folder(folder) for folder in inside}
    return list(found.values())


def _require_pass(folders: Iterable[_Folder]) -> list[CheckedBundle]:
    """Shows the findings of all folders, not only of the first bad one; ends the command if there is an error."""
    read = [(folder, folder.files()) for folder in folders]
    context = check_context(settings(), organization())
    found = check_all_confined([(files, context) for _, files in read])
    fine = [_passes(folder, findings) for (folder, _), findings in zip(read, found, strict=True)]
    if not all(fine):
        sys.exit(1)
    return [passed(files, findings, key=folder.key) for (folder, files), findings in zip(read, found, strict=True)]


def _passes(folder: _Folder, findings: Sequence[DefinitionFinding]) -> bool:
    """Prints every finding as ``file:line element rule: message``; whether none of them is an error."""
    for one in findings:
        weight = "" if one.severity == "error" else "（提示）"
        click.echo(f"{folder.path_of(one.file)}:{one.line} {one.element} {one.rule}: {weight}{one.message}")
    passes = all(one.severity != "error" for one in findings)
    click.echo(f"{folder.bpmn}：{'通过' if passes else '有错误，不能部署'}。", err=True)
    return passes
