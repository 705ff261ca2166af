"""``liaison seal``: a signed head over the whole journal, now."""

from __future__ import annotations

import time

import click

from service import clock
from service.cli.setup import doer, opened, settings
from service.errors import Conflict, LiaisonError
from service.seals import Seal, Sealer, last_seal
from service.seals.heads import groups, head_of

TRIES, PAUSE_SECONDS = 30, 1.0
"""How often, and how long apart, it is tried while somebody writes."""


@click.command()
@click.option("--last", is_flag=True, help="不封存，只显示最近一次。")
def seal(*, last: bool) -> None:
    """立即封存：给整部日志算出根值并签名，写到见证目录；输出供抄录、核对的根值。"""
    with opened() as database:
        if last:
            with database.reading() as session:
                made = last_seal(session)
                session.expunge_all()
            if made is None:
                raise Conflict("还没有封存过，请运行 liaison seal")
        else:
            sealer = Sealer(database, settings().seal, mail=settings().mail.enabled)
            made = _sealed(sealer)
            _tell(made)
            _rest(sealer)
            return
    _tell(made)


def _rest(sealer: Sealer) -> None:
    """Does what is left about the seal; where one thing fails, the others are done all the same. Raises the first
    failure."""
    failed: list[LiaisonError] = []
    for name, operation in sealer.rest(clock.now()):
        try:
            operation()
        except LiaisonError as error:
            failed.append(error)
            if len(failed) > 1:
                click.echo(f"{name}没有完成：{error.message}", err=True)
    if failed:
        raise failed[0]


def _sealed(sealer: Sealer) -> Seal:
    for _ in range(TRIES):
        made = sealer.seal(by=doer(), now=clock.now())
        if made is not None:
            return made
        time.sleep(PAUSE_SECONDS)
    raise Conflict("有人正在长时间写入（例如批量导入），现在不能封存，请稍后再试")


def _tell(made: Seal) -> None:
    head = head_of(made.head)
    click.echo(
        f"第 {head.number} 次封存：{clock.local(head.made_at):%Y-%m-%d %H:%M:%S}，"
        f"共 {head.size} 条记录、{head.streams} 条链。"
    )
    click.echo(f"根值（SHA-256）  {' '.join(groups(head.sha256))}")
    if head.sm3 is not None:
        click.echo(f"根值（SM3）      {' '.join(groups(head.sm3))}")
    click.echo(f"封存摘要         {' '.join(groups(made.digest))}")
    click.echo(f"签名密钥         {made.key_id}")
