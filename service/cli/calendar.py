"""``liaison due``: due dates and why."""

from __future__ import annotations

import json
from datetime import date

import click

from service.cli.setup import config_directory
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
    answer = Calendar.from_config(load_notices(config_directory())).add(start, days)
    if as_json:
        click.echo(json.dumps({"from": start.isoformat(), "days": days, **answer.to_data()}, ensure_ascii=False))
        return
    click.echo(f"{answer.due}{'（暂定）' if answer.provisional else ''}")
    for note in answer.explanation:
        number = "" if note.number is None else str(note.number)
        click.echo(f"  {note.date}  {number:>3}  {note.reason}")
    if answer.notices:
        click.echo(f"依据：{'、'.join(answer.notices)}")
