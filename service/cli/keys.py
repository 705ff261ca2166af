"""``liaison key``: the keys that seals are signed with."""

from __future__ import annotations

import click

from service import clock
from service.cli.setup import doer, opened, settings
from service.errors import Invalid
from service.seals import keys
from service.seals.statements import FIRST, LOST, ROTATED

WORDS = {FIRST: "首个密钥", ROTATED: "更换，由前一密钥签名", LOST: "前一密钥遗失后启用"}


@click.group()
def key() -> None:
    """封存用的签名密钥：生成、更换、查看。私钥在 seal.key_file 所指的文件里，不在数据库里。"""


@key.command()
@click.option("--lost", metavar="原因", help="原密钥已遗失：写明原因，另起一个密钥。以后每次封存和核验都会写明这件事。")
def new(lost: str | None) -> None:
    """生成首个密钥；已有密钥的请用 rotate。"""
    if lost is not None and not lost.strip():
        raise Invalid("请写明密钥遗失的原因")
    with opened() as database:
        made = keys.begin(database, settings().seal.key_file, actor=doer(), now=clock.now(), lost=lost)
    click.echo(f"密钥 {made.id} 已启用，私钥在 {settings().seal.key_file}，请另存副本。")


@key.command()
@click.option("--reason", default="", metavar="原因", help="为什么更换。")
def rotate(reason: str) -> None:
    """更换密钥：新密钥由现用的密钥签名，旧私钥随即不再保留，旧公钥一直保留。"""
    with opened() as database:
        made = keys.rotate(database, settings().seal.key_file, reason=reason, actor=doer(), now=clock.now())
    click.echo(f"已更换为密钥 {made.id}，私钥在 {settings().seal.key_file}，请另存副本。")


@key.command()
def show() -> None:
    """列出全部公钥和它们的来历；抄录现用的一个，以便日后核对。"""
    with opened() as database, database.reading() as session:
        known = keys.known_keys(session)
    for one in known:
        said = one.said
        why = f"（{said['reason']}）" if said["reason"] else ""
        click.echo(f"{said['id']}  {said['begun_at'][:19]}Z  {WORDS.get(said['begun'], said['begun'])}{why}")
        click.echo(f"    公钥 {said['key']}")
    if not known:
        click.echo("还没有密钥：第一次封存时自动生成，或运行 liaison key new。")
