"""``liaison stuck``: the cases that nobody can move."""

from __future__ import annotations

import sys

import click

from service import clock
from service.cli.setup import wired
from service.processes.stuck import all_stuck


@click.command()
def stuck() -> None:
    """列出无法继续的事项和原因；有则以 1 退出，可用于监控。"""
    with wired() as database, database.reading(long=True) as session:
        found = all_stuck(session, clock.today())
        for case in found:
            for reason in case.reasons:
                number = case.instance.number or case.instance.id
                click.echo(f"{number}  {case.process_name}（第 {case.instance.version} 版）  {reason.message}")
    click.echo(f"有 {len(found)} 件事项无法继续，请到“无法继续的事项”页处理。" if found else "没有无法继续的事项。")
    sys.exit(1 if found else 0)
