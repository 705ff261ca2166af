"""``liaison resume``: a person has seen to the server's clock, and the workers go on."""

from __future__ import annotations

from datetime import datetime

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.cli.setup import doer, wired
from service.history import LATE_BY, HistoryEvent
from service.processes.incidents import CLOCK, close_incident, incidents_of, open_incident


@click.command()
def resume() -> None:
    """确认服务器时钟无误：后台因时钟跳变停止执行定时的，由此继续；时钟快了时写下的记录，不再挡住现在的登录和保存。"""
    now = clock.now()
    with wired() as database, database.transaction() as session:
        held = incidents_of(session, CLOCK)
        if not held and (ahead := _ahead(session, now)) is not None:
            message = f"日志里有 {clock.local(ahead):%Y-%m-%d %H:%M:%S} 的记录，晚于现在：服务器时钟曾经快了"
            held = [open_incident(session, kind=CLOCK, message=message, now=now)]
        for incident in held:
            close_incident(session, incident, actor=doer(), now=now)
    said = f"已确认现在是 {clock.local(now):%Y-%m-%d %H:%M:%S}，后台即将继续。"
    click.echo(said if held else "后台没有因时钟跳变而停止。")


def _ahead(session: Session, now: datetime) -> datetime | None:
    """The latest moment of the journal that is yet to come; None where there is none."""
    latest = session.scalar(select(func.max(HistoryEvent.at)))
    return latest if latest is not None and latest > now + LATE_BY else None
