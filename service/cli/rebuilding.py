"""``liaison rebuild``: the projections of cases that follow from the journal are made anew."""

from __future__ import annotations

import sys
from time import monotonic

import click

from service.cli.setup import wired
from service.processes.figure_tallies import begin_anew, take_in_all
from service.processes.rebuilding import TABLES, Rebuilt, begin, rebuild_index, rebuild_some


@click.command()
@click.option("--again", is_flag=True, help="从头开始；不加时，上次中断的从中断处继续。")
def rebuild(*, again: bool) -> None:
    """由日志重新推算各事项的各日状态、检索内容、计时记录和可见范围，与日志不符的予以更正。

    统计的底稿、合计和列表排序用的底稿全部重新做出。可随时中断，下次接着做。
    """
    told, began = Rebuilt(), monotonic()
    with wired() as database:
        with database.transaction() as session:
            done, total = begin(session, again=again)
        if done:
            click.echo(f"从上次中断处继续：已完成 {done} 件，共 {total} 件。")
        more = True
        while more:
            with database.transaction() as session:
                more = rebuild_some(session, told)
            _tell(done + told.cases, total)
        with database.transaction() as session:
            database.allow_long_work(session.connection())
            rebuild_index(session)
        with database.transaction() as session:
            database.allow_long_work(session.connection())
            begin_anew(session)
        take_in_all(database)
    seconds = max(monotonic() - began, 0.001)
    click.echo(
        f"重新推算了 {told.cases} 件事项、{told.events} 条日志，用时 {seconds:.1f} 秒，"
        f"每秒 {told.events / seconds:.0f} 条。"
    )
    mended = "、".join(f"{word} {count} 件" for word, count in told.mended.items())
    compared = "、".join(TABLES.values())
    click.echo(f"与日志不符、已更正的：{mended}。" if mended else f"{compared}都与日志一致，没有改动。")
    click.echo("统计的底稿、合计和列表排序用的底稿已全部重新做出。")
    if told.damaged:
        click.echo(f"{told.damaged} 件的日志无法重放，没有改动，请运行 liaison verify 查看。", err=True)
        sys.exit(1)


def _tell(done: int, total: int) -> None:
    """One line on a terminal that says how far the work is; nothing where nobody looks."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K正在重新推算：{done}/{total}", nl=done >= total, err=True)
