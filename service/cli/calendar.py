"""``liaison due`` and ``liaison calendar``: working days, due dates and why, notices on holidays."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from service import clock
from service.cli.setup import config_directory, doer, opened, wired
from service.db import migrate
from service.workdays import Calendar, load_notices

REPLY_DAYS = 7
"""Working days for a reply (W6)."""


class Day(click.ParamType[date]):
    """A calendar day such as 2026-09-16."""

    name = "日期"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}”不是日期，应写成 2026-09-16 的样子", param, ctx)


@click.command()
@click.argument("start", type=Day(), metavar="DATE")
@click.option("--days", type=int, default=REPLY_DAYS, show_default=True, help="工作日数；可为负数或 0。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
def due(start: date, days: int, as_json: bool) -> None:
    """自 DATE 起（当日不计）第 N 个工作日是哪一天，是否暂定，以及逐日说明。"""
    answer = _calendar().add(start, days)
    if as_json:
        click.echo(json.dumps({"from": start.isoformat(), "days": days, **answer.to_data()}, ensure_ascii=False))
        return
    click.echo(f"{answer.due}{'（暂定）' if answer.provisional else ''}")
    for note in answer.explanation:
        number = "" if note.number is None else str(note.number)
        click.echo(f"  {note.date}  {number:>3}  {note.reason}")
    if answer.notices:
        click.echo(f"依据：{'、'.join(answer.notices)}")


@click.group()
def calendar() -> None:
    """维护工作日历。"""


@calendar.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def load(file: Path) -> None:
    """载入放假安排或临时停工文件 FILE（格式同 config/calendar.toml），并重算未答复事项的期限。"""
    from service.history import last_event
    from service.processes.due_changes import due_changes
    from service.usecases import calendars  # loads the engine, which counting days need not wait for

    now = clock.now()
    with wired() as database:
        with database.transaction() as session:
            since = last_event(session)
            loaded = calendars.add_notices(
                session,
                content=file.read_bytes(),
                name=file.name,
                config=config_directory(),
                actor=doer(),
                now=now,
            )
            changes = due_changes(session, since=since)
        if loaded.job is None:
            with database.transaction() as session:
                again = calendars.recount(session, actor=doer(), now=now)
    for change in changes:
        what = " ".join(part for part in (change.number, change.title, change.step, change.unit) if part)
        click.echo(f"{what}：{change.old} → {change.new}{'（暂定）' if change.provisional else ''}")
    if loaded.job is not None:
        click.echo(f"已载入 {file.name}。未答复的事项很多，期限由后台任务重新计算，进度见“工作日历”页。")
        click.echo("请保持 liaison worker 运行。")
        return
    click.echo(f"已载入 {file.name}，重新计算了 {loaded.changed} 件事项的期限。")
    if again.failed:
        click.echo(
            f"有 {again.failed} 件没有算成，期限仍是原来的；请在“停滞的事项”里查看原因，排除后在“工作日历”页重新计算。"
        )


def _calendar() -> Calendar:
    """The calendar in force in the database; where there is no database yet, that of the configuration."""
    from service.processes import calendars

    with opened(current=False) as database:
        if database.exists() and migrate.is_current(database):
            with database.reading() as session:
                if calendars.find_current(session) is not None:
                    return calendars.current(session)
    return Calendar.from_config(load_notices(config_directory()))
