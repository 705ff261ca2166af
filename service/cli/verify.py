"""``liaison verify``: the hash chain, and every instance executed once more."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from service import seals
from service.audit.tables import whole
from service.cli.against import against_heads, told
from service.cli.setup import wired
from service.errors import Invalid
from service.history import Mismatch
from service.processes.deployed import Mismatch as CaseMismatch


@click.command()
@click.option(
    "--instance", "instances", multiple=True, type=click.UUID, metavar="ID", help="只核验该事项；可多次给出。"
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    metavar="DIR|FILE",
    help="用保存在别处的封存（目录或文件）核对整部日志：是否被改写，最早改的是哪一条。",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
def verify(instances: tuple[UUID, ...], against: Path | None, as_json: bool) -> None:
    """核验日志：重算哈希链，重新执行每个事项并与记录比对；逐条列出不符之处，有不符则以 1 退出。"""
    if against is not None:
        if instances:
            raise Invalid("--against 核对的是整部日志，不能与 --instance 一起用")
        against_heads(against, _progress(), as_json=as_json)
    found: list[CaseMismatch | Mismatch] = []
    remarks: list[str] = []
    with wired() as database, database.reading(long=True) as session:
        for mismatch in whole.verify(session, list(instances) or None, _progress()):
            found.append(mismatch)
            if not as_json:
                place = mismatch.stream if mismatch.seq is None else f"{mismatch.stream} 第 {mismatch.seq} 条"
                click.echo(f"{place}：{mismatch.what}")
        if not instances:
            checked = seals.check_seals(session, _progress())
            found += checked.mismatches
            remarks = checked.remarks
            if not as_json:
                told(checked)
    if as_json:
        said = {"ok": not found, "mismatches": [asdict(one) for one in found], "remarks": remarks}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        click.echo(f"发现 {len(found)} 处不符。" if found else "核验通过：哈希链完整，重新执行的结果与记录一致。")
    sys.exit(1 if found else 0)


def _progress() -> Callable[[int, int], None] | None:
    """One line on a terminal that says how far the work is; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        if done % 20 == 0:
            click.echo(f"\r\x1b[K正在核验：{done}/{total}", nl=False, err=True)
        if done + 1 == total:
            click.echo("\r\x1b[K", nl=False, err=True)

    return tell
