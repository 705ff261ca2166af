"""``liaison verify``: the hash chain, and every instance executed once more."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from service import seals
from service.audit.tables import whole
from service.audit.tables.names import named
from service.cli.against import against_heads, told
from service.cli.setup import wired
from service.errors import Invalid
from service.history import Mismatch
from service.processes.deployed import Mismatch as CaseMismatch
from service.processes.instances import case_id


@click.command()
@click.option(
    "--instance", "instances", multiple=True, metavar="编号|ID", help="只核验该事项（受理编号或标识）；可多次给出。"
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    metavar="DIR|FILE",
    help="用保存在别处的封存（目录或文件）核对整部日志：是否被改写，最早改的是哪一条。",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
def verify(instances: tuple[str, ...], against: Path | None, as_json: bool) -> None:
    """核验日志：重算哈希链，重新执行每个事项并与记录比对；逐条列出不符之处，有不符则以 1 退出。"""
    if against is not None:
        if instances:
            raise Invalid("--against 核对的是整部日志，不能与 --instance 一起用")
        against_heads(against, _progress(), as_json=as_json)
    found: list[CaseMismatch | Mismatch] = []
    remarks: list[str] = []
    names: dict[str, str] = {}
    rows: dict[str, int] = {}
    with wired() as database, database.reading(long=True) as session:
        wanted = [case_id(session, one) for one in instances]
        for mismatch in whole.verify(session, wanted or None, _progress()):
            found.append(mismatch)
            names.setdefault(mismatch.stream, named(session, mismatch.stream))
            if not as_json:
                place = names[mismatch.stream]
                place = place if mismatch.seq is None else f"{place} 第 {mismatch.seq} 条"
                click.echo(f"{place}：{mismatch.what}")
        if not instances:
            rows = whole.rows_compared(session)
            checked = seals.check_seals(session, _progress())
            found += checked.mismatches
            remarks = checked.remarks
            if not as_json:
                told(checked)
    if as_json:
        listed = [{**asdict(one), "name": names.get(one.stream, one.stream)} for one in found]
        said = {"ok": not found, "mismatches": listed, "remarks": remarks, "tables": _by_table(rows, found)}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        click.echo(f"发现 {len(found)} 处不符。" if found else "核验通过：哈希链完整，重新执行的结果与记录一致。")
    sys.exit(1 if found else 0)


def _by_table(rows: Mapping[str, int], found: Sequence[CaseMismatch | Mismatch]) -> dict[str, dict[str, int]]:
    """Table → how many rows were compared, and how many findings there are."""
    told = Counter(one.table for one in found if isinstance(one, CaseMismatch) and one.table is not None)
    return {table: {"rows": rows.get(table, 0), "mismatches": told[table]} for table in sorted({*rows, *told})}


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
