"""``liaison resume``: a person has seen to the server's clock, and the workers go on."""

from __future__ import annotations

import click

from service import clock
from service.cli.setup import doer, wired
from service.processes.incidents import CLOCK, close_incident, incidents_of


@click.command()
def resume() -> None:
    """确认服务器时钟无误：后台因时钟跳变停止执行定时的，由此继续。"""
    with wired() as database, database.transaction() as session:
        held = incidents_of(session, CLOCK)
        for incident in held:
            close_incident(session, incident, actor=doer(), now=clock.now())
    said = f"已确认现在是 {clock.local(clock.now()):%Y-%m-%d %H:%M:%S}，后台即将继续。"
    click.echo(said if held else "后台没有因时钟跳变而停止。")
