"""``liaison stuck``: the cases that nobody can move."""

from __future__ import annotations

import sys

import click

from service import clock
from service.cli.setup import wired
from service.processes.incidents import CLOCK, incidents_of
from service.processes.stuck import all_stuck


@click.command()
def stuck() -> None:
    """列出无法继续的事项和原因，以及使后台停下的时钟异常；有则以 1 退出，可用于监控。"""
    with wired() as database, database.reading(long=True) as session:
        found = all_stuck(session, clock.today())
        held = [one.message for one in incidents_of(session, CLOCK)]
        for case in found:
            for reason in case.reasons:
                number = case.instance.number or case.instance.id
                click.echo(f"{number}  {case.process_name}（第 {case.instance.version} 版）  {reason.message}")
    for message in held:
        click.echo(f"后台已停下，到期、提醒都不处理：{message}")
    if held:
        click.echo("请核对服务器时间；时间无误的，运行 liaison resume 让后台继续。")
    click.echo(f"有 {len(found)} 件事项无法继续，请到“无法继续的事项”页处理。" if found else "没有无法继续的事项。")
    sys.exit(1 if found or held else 0)
