"""``liaison backtest``: a process on the disk, tried on the finished cases of the database."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TextIO
from uuid import UUID

import click

from service.cli.folders import folders_of
from service.cli.setup import organization, settings, wired
from service.errors import Finding, Invalid
from service.processes.calendars import current
from service.studio import backtest as past
from service.studio.backtesting import Wish, fitted, in_period, require_period
from service.studio.checking import verdict
from service.studio.supposing import Suppositions
from service.usecases.studio import house_of

BATCH = 50
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--from", "first", type=_DAY, required=True, metavar="YYYY-MM-DD", help="办结日期从哪一天起。")
@click.option("--to", "last", type=_DAY, required=True, metavar="YYYY-MM-DD", help="到哪一天止。")
@click.option("--limit", type=click.IntRange(1, 5000), default=200, show_default=True, help="最多取多少件（随机）。")
@click.option(
    "--suppose",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="设想（JSON）：新步骤照什么办、几个工作日后办，写法同 API 的 suppose。",
)
def backtest(path: Path, first: datetime, last: datetime, limit: int, suppose: TextIO | None) -> None:
    """用 PATH 中的流程把办结的事项重办一遍（只读）：走法是否相同、期限早晚；有走法不同的，以 1 退出。"""
    folders = folders_of([path])
    if len(folders) != 1:
        raise Invalid("一次只能回测一个流程", [Finding(str(path), "请写明流程目录，如 bpmn/request")])
    [folder] = folders
    house = house_of(settings(), organization())
    made = verdict(folder.files(), key=folder.key, context=house.context, base={}).required().compiled
    wish = Wish(folder.key, first.date(), last.date(), limit=limit, supposing=_supposed(suppose))
    require_period(wish)
    counts: Counter[str] = Counter()
    summary, after = past.Summary(), None
    with wired() as database, database.reading(long=True) as session:
        supposing = fitted(database, wish, made)
        total, calendar = min(limit, in_period(session, wish)), current(session)
        while counts.total() < limit:
            size = min(BATCH, limit - counts.total())
            ids = past.finished(session, folder.key, first=wish.first, last=wish.last, after=after, limit=size)
            for case in ids:
                one = past.tested(session, case, made, house.plan, calendar, supposing)
                summary.take(one)
                counts[one.verdict] += 1
                _tell(one)
            if not ids:
                break
            session.expunge_all()
            after = ids[-1]
    _sum(counts, summary, total)
    sys.exit(1 if counts.total() != counts[past.SAME] else 0)


def _supposed(file: TextIO | None) -> Suppositions:
    try:
        said = json.load(file) if file is not None else {}
    except ValueError as error:
        raise Invalid("设想文件不是 JSON", [Finding("--suppose", str(error))]) from error
    if not isinstance(said, dict):
        raise Invalid("设想文件有误", [Finding("--suppose", "应为 JSON 对象，按 流程/步骤 写")])
    return Suppositions.read(said)


def _tell(one: past.Tested) -> None:
    dues = [f"「{due.step}」{past.moved(due.days)}" for due in one.dues if due.was != due.would]
    words = [one.message, *dues] if one.message else dues
    words += [f"照设想办了「{step}」" for step in dict.fromkeys(one.supposed)]
    number: str | UUID = one.number or one.instance
    click.echo(f"{number}：{past.WORDS[one.verdict]}{'：' if words else ''}{'；'.join(words)}")


def _sum(counts: Counter[str], summary: past.Summary, total: int) -> None:
    click.echo(
        f"共 {total} 件：" + "，".join(f"{past.WORDS[name]} {n} 件" for name, n in sorted(counts.items())), err=True
    )
    if summary.supposed:
        click.echo(f"其中 {summary.supposed['']} 件的结论建立在设想上", err=True)
    for step, row in sorted(summary.steps.items()):
        if row["earlier"] or row["later"]:
            late = f"逾期 {row['late_before']} → {row['late_after']} 次"
            click.echo(f"「{step}」{row['n']} 次：期限提早 {row['earlier']}，推迟 {row['later']}，{late}", err=True)
