"""``liaison scenario``: the scenarios 用例 of processes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.cli.folders import PATHS, Folder, folders_of
from service.cli.setup import config_directory, organization, settings, wired
from service.errors import Finding, Invalid, NotFound
from service.ids import as_id
from service.processes.bundles import Compiled, compile_bundle
from service.processes.calendars import current
from service.processes.models import Instance
from service.rehearsal.scenarios import KINDS, Coverage, Dated, Outcome, coverage, recording, run_file
from service.usecases.rehearsals import plan_of
from service.workdays import Calendar, load_notices, parse_notice_file

MOST_SHOWN = 12
"""Parts of a drawing that no scenario passes, named one by one."""


@click.group()
def scenario() -> None:
    """用例：事先写好的一次办理，写明每一步和应有的结果。"""


@scenario.command("run")
@PATHS
def run_command(paths: tuple[Path, ...]) -> None:
    """运行 PATH 中的用例（流程目录如 bpmn/request，或一个 .yaml 文件）；有不符则以 1 退出。"""
    files = [path for path in paths if path.suffix == ".yaml"]
    whole = [path for path in paths if path.suffix != ".yaml"]
    folders = folders_of(whole) if whole else []
    chosen = [(folder, folder.scenarios()) for folder in folders]
    chosen += [(folder, [file]) for file in files for folder in folders_of([file.resolve().parent.parent])]
    if not any(some for _, some in chosen):
        raise NotFound("没有用例：请把用例（.yaml）放在流程目录的 scenarios 目录里")
    require([(folder, _bundle(folder), some) for folder, some in chosen])


@scenario.command()
@click.argument("case", metavar="CASE")
def record(case: str) -> None:
    """把一件真实事项（编号如 2026-需-0001，或标识）录成用例，输出到屏幕；其中的文字和人员一律换成样例。"""
    plan = plan_of(settings(), organization())
    with wired() as database, database.reading() as session:
        instance = _case(session, case)
        found = recording.recorded(session, instance.id, plan=plan, calendar=current(session))
    click.echo(found.text, nl=False)
    for note in found.notes:
        click.echo(f"请核对：{note}", err=True)
    if found.difference is not None:
        click.echo(f"请修改后使用，推演与原事项不同：{found.difference.path} {found.difference.message}", err=True)


class Ready(Protocol):
    """A bundle that may run."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Its files."""

    @property
    def compiled(self) -> Compiled:
        """The compiled bundle."""


def require(chosen: Sequence[tuple[Folder, Ready, Sequence[Path]]]) -> None:
    """Runs scenarios, prints the first difference of each and what they cover; ends the command on a difference."""
    plan = plan_of(settings(), organization())
    passed = True
    for folder, bundle, files in chosen:
        if not files:
            continue
        made = bundle.compiled
        outcomes = [run_file(path.read_bytes(), str(path), made, plan, _dated(path.parent)) for path in files]
        shown = [_shown(one) for one in outcomes]
        passed = passed and all(shown)
        states = [one.state for one in outcomes if one.state is not None]
        _tell(folder, outcomes, coverage(bundle.files, states))
    if not passed:
        sys.exit(1)


def _case(session: Session, name: str) -> Instance:
    """The case by number or id. Raises NotFound."""
    by_number = session.scalar(select(Instance).where(Instance.number == name))
    wanted = as_id(name)
    instance = by_number if by_number is not None or wanted is None else session.get(Instance, wanted)
    if instance is None:
        raise NotFound(f"没有事项 {name}，请写编号（如 2026-需-0001）或标识")
    return instance


@dataclass(frozen=True, slots=True)
class _Bundle:
    files: Mapping[str, bytes]
    compiled: Compiled


def _bundle(folder: Folder) -> Ready:
    files = folder.files()
    return _Bundle(files, compile_bundle(files, folder.key))


def _dated(beside: Path) -> Dated:
    def dated(names: Sequence[str]) -> Calendar:
        notices = load_notices(config_directory())
        for name in names:
            path = beside / name
            if Path(name).name != name or not path.is_file():
                message = f"calendar：没有文件 {name}，请放在用例旁边，只写文件名"
                raise Invalid(message, [Finding(name, message)])
            notices = notices.merged(parse_notice_file(path.read_bytes(), name))
        return Calendar.from_config(notices)

    return dated


def _shown(outcome: Outcome) -> bool:
    if outcome.difference is not None:
        click.echo(f"{outcome.difference.path} 用例「{outcome.title}」：{outcome.difference.message}")
    return outcome.passed


def _tell(folder: Folder, outcomes: Sequence[Outcome], passed: Coverage) -> None:
    failed = sum(not one.passed for one in outcomes)
    result = f"{failed} 个不符" if failed else "全部通过"
    counts = "，".join(
        f"{words} {done}/{every}" for kind, words in KINDS.items() for done, every in [passed.count(kind)] if every
    )
    click.echo(f"{folder.bpmn}：{len(outcomes)} 个用例{result}；走过{counts}。", err=True)
    if missed := passed.missed:
        names = "、".join(f"{part.where}/{part.id}" for part in missed[:MOST_SHOWN])
        more = f" 等 {len(missed)} 处" if len(missed) > MOST_SHOWN else ""
        click.echo(f"  没有用例走过：{names}{more}", err=True)
