"""``liaison acknowledge``: the entries whose time is doubtful, and a word on why one may stand."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.audit.models import Verification
from service.audit.verifying import acknowledging
from service.cli.setup import doer, settings, wired
from service.errors import Invalid, NotFound


@click.command()
@click.argument("places", nargs=-1, metavar="[链/条号]...")
@click.option("--reason", metavar="TEXT", help="为什么可以保留，例如服务器时钟何时被拨回、如何查明。")
def acknowledge(places: tuple[str, ...], reason: str | None) -> None:
    """确认时间存疑的记录，写明理由；不带参数时列出最近一次核验里可以确认的。其他不符不能确认，要查明并改正。"""
    with wired() as database:
        if not places:
            with database.reading() as session:
                _list(session, _newest(session))
            return
        second = settings().accounts.by_two
        with database.transaction() as session:
            told: dict[str, Any] = {"reason": reason or "", "second": second, "actor": doer(), "now": clock.now()}
            chosen = [_place(one) for one in places]
            made = acknowledging.acknowledge(session, verification=_newest(session), places=chosen, **told)
            count = len(made)
    then = "须一位审计人员在“核验”页再确认才算数" if second else "下次核验起列为“已确认”"
    click.echo(f"已确认 {count} 处，{then}。")


def _newest(session: Session) -> Verification:
    found = session.scalars(select(Verification).order_by(Verification.ended_at.desc()).limit(1)).first()
    if found is None:
        raise NotFound("还没有核验过，请先运行 liaison verify")
    return found


def _list(session: Session, newest: Verification) -> None:
    doubtful = [one for one in newest.findings if acknowledging.may_be_acknowledged(one)]
    said = acknowledging.words_about(session, doubtful)
    for one in doubtful:
        row = said.get((one["stream"], one["seq"]))
        words = {None: "未确认", acknowledging.HOLDS: "已确认", acknowledging.WAITS: "等待另一人确认"}
        state = words[acknowledging.state_of(row) if row is not None else None]
        click.echo(f"{state}　{one['stream']}/{one['seq']}　{one['name']} 第 {one['seq']} 条：{one['what']}")
    if not doubtful:
        click.echo("最近一次核验里没有时间存疑的记录。")


def _place(given: str) -> acknowledging.Place:
    stream, _, seq = given.rpartition("/")
    if not stream or not (seq.isascii() and seq.isdecimal() and len(seq) < 10):
        raise Invalid(f"{given} 不是“链/条号”，请照 liaison acknowledge 列出的写")
    return stream, int(seq)
