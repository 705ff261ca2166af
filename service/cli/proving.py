"""``liaison prove``: walks every way through processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from service.cli.folders import PATHS, Folder, folders_of
from service.cli.setup import config_directory, organization, settings
from service.errors import Invalid
from service.proof import Bounds, Fault, Proof
from service.usecases.proving import MEMORY, House, prove_all_confined
from service.workdays import Calendar, load_notices

MEGABYTE = 1_000_000
USUAL = Bounds()


@click.command()
@PATHS
@click.option(
    "--seconds",
    default=USUAL.seconds,
    show_default=True,
    type=click.FloatRange(min=1),
    help="每个流程最多走多少秒（处理器时间）。",
)
@click.option(
    "--states", default=USUAL.states, show_default=True, type=click.IntRange(min=1), help="每个流程最多走多少种情形。"
)
@click.option(
    "--units", default=USUAL.units, show_default=True, type=click.IntRange(1, 5), help="多实例最多几份同时办理。"
)
@click.option(
    "--rounds", default=USUAL.rounds, show_default=True, type=click.IntRange(1, 5), help="同一步骤最多几份同时未办。"
)
@click.option(
    "--memory",
    default=MEMORY // MEGABYTE,
    show_default=True,
    type=click.IntRange(min=100),
    help="每个流程最多用多少 MB 内存。",
)
@click.option(
    "--at-once",
    default=os.cpu_count() or 1,
    show_default="处理器数",
    type=click.IntRange(min=1),
    help="同时走查几个流程。",
)
@click.option(
    "--write",
    "into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="把每处问题的走法存成用例，放进这个目录。",
)
def prove(
    paths: tuple[Path, ...],
    seconds: float,
    states: int,
    units: int,
    rounds: int,
    memory: int,
    at_once: int,
    into: Path | None,
) -> None:
    """走遍 PATH 中的流程（如 bpmn/request，或含多个流程的 bpmn）人和定时能到的每种情形；有错误则以 1 退出。"""
    folders = folders_of(paths)
    house = House(settings(), organization(), Calendar.from_config(load_notices(config_directory())))
    jobs = [(folder.files(), folder.key) for folder in folders]
    found = prove_all_confined(
        jobs, house, Bounds(seconds, states, units, rounds), memory=memory * MEGABYTE, at_once=at_once
    )
    fine = [_shown(folder, proof, into) for folder, proof in zip(folders, found, strict=True)]
    if not all(fine):
        sys.exit(1)


def _shown(folder: Folder, proof: Proof | Invalid, into: Path | None) -> bool:
    """Prints a proof; whether it holds."""
    if isinstance(proof, Invalid):
        click.echo(f"{folder.bpmn}：不能走查，请先用 liaison check 检查。{proof.message}")
        return False
    for number, one in enumerate((*proof.faults, *proof.warnings), 1):
        weight = "" if one.severity == "error" else "（提示）"
        click.echo(f"{folder.path_of(one.file)}:{one.line} {one.element} {one.kind}: {weight}{one.message}")
        _show_way(folder, one, number, into)
    for left in proof.unexplored:
        click.echo(f"{folder.bpmn}：没有走到底：{left}。", err=True)
    if proof.unexplored:
        click.echo(
            f"{folder.bpmn}：上限用 --seconds、--states、--units、--rounds、--memory 调高后可再走一遍。", err=True
        )
    click.echo(
        f"{folder.bpmn}：{_result(proof)}；走过 {proof.states} 种情形、{proof.ways} 步，"
        f"{proof.seconds:.1f} 秒，内存最多 {proof.memory // MEGABYTE} MB。",
        err=True,
    )
    return proof.holds


def _result(proof: Proof) -> str:
    told = [f"{len(some)} 处{words}" for some, words in ((proof.faults, "错误"), (proof.warnings, "提示")) if some]
    return "、".join(told) or "没有发现问题"


def _show_way(folder: Folder, fault: Fault, number: int, into: Path | None) -> None:
    if fault.way:
        click.echo(f"  走法：{' → '.join(fault.way)}")
    if fault.scenario and into is not None:
        into.mkdir(parents=True, exist_ok=True)
        path = into / f"{folder.key}_{number:02}_{fault.kind}_{fault.element}.yaml"
        path.write_text(fault.scenario, encoding="utf-8")
        click.echo(f"  用例：{path}")
