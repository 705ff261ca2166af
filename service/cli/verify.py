"""``liaison verify``: the hash chain, every row, and every case executed once more where it has changed since."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from service import clock
from service.audit.models import FULL
from service.audit.verifying import results
from service.audit.verifying.elsewhere import Elsewhere
from service.audit.verifying.runs import MOST_JOBS, Outcome, Verifier
from service.cli.against import against_heads
from service.cli.setup import doer, settings, wired
from service.errors import Invalid
from service.processes.deployed import Mismatch
from service.processes.instances import case_id
from service.usecases.verifying import conclude


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
@click.option("--full", is_flag=True, help="全部事项重新执行；不加时，上次执行后一个字节也没有变的只核对摘要。")
@click.option(
    "--jobs",
    type=click.IntRange(1, MOST_JOBS),
    metavar="N",
    help="同时用几个进程；不加时与处理器核数相同，事项很少时只用一个。",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
def verify(instances: tuple[str, ...], against: Path | None, *, full: bool, jobs: int | None, as_json: bool) -> None:
    """核验日志和全部数据：重算哈希链，按日志核对每一行，重新执行有变动的事项；逐条列出不符之处，有不符则以 1 退出。"""
    if against is not None:
        if instances or full or jobs:
            raise Invalid("--against 核对的是整部日志，不能与 --instance、--full、--jobs 一起用")
        against_heads(against, _progress(), as_json=as_json)
    tell = None if as_json else _tell
    with wired() as database:
        known = settings()
        verifier = Verifier(database, known.secret_key, jobs or 0, elsewhere=Elsewhere(known.seal.witness))
        if instances:
            with database.reading() as session:
                wanted = [case_id(session, one) for one in instances]
            outcome = verifier.verify_cases(wanted, tell)
        else:
            begun = clock.now()
            outcome = verifier.verify(full=full, tell=tell, progress=_progress())
            try:
                with database.transaction() as session:
                    kept = results.keep(session, outcome, begun_at=begun, actor=doer(), now=clock.now())
                    conclude(session, kept)
            except DBAPIError:
                outcome.told.remarks.append("数据库不能写入，本次核验的结果没有记入日志")
    if as_json:
        click.echo(json.dumps(_report(outcome), ensure_ascii=False))
    else:
        for name, found, by in outcome.acknowledged:
            also = f"、{by.also_by}" if by.also_by else ""
            click.echo(f"已确认（{by.by}{also} {clock.local(by.at):%Y-%m-%d}：{by.reason}）{_words(name, found)}")
        for remark in outcome.told.remarks:
            click.echo(f"注意：{remark}")
        click.echo(_summary(outcome))
        good = "核验通过：哈希链完整，重新执行的结果与记录一致。"
        click.echo(f"发现 {outcome.found} 处不符。" if outcome.found else good)
    sys.exit(1 if outcome.found else 0)


def _tell(name: str, found: Mismatch) -> None:
    click.echo(_words(name, found))


def _words(name: str, found: Mismatch) -> str:
    place = name if found.seq in (None, 0) else f"{name} 第 {found.seq} 条"
    values = f"（应为 {found.must}，现为 {found.have}）" if found.must is not None else ""
    return f"{place}：{found.what}{values}"


def _summary(outcome: Outcome) -> str:
    told = outcome.told
    kept = f"，{told.kept} 件自上次重新执行以来一个字节未变，只核对了摘要" if outcome.mode != FULL else ""
    return f"事项 {outcome.cases} 件：重新执行 {told.executed} 件{kept}；用时 {outcome.seconds:.1f} 秒。"


def _report(outcome: Outcome) -> dict[str, object]:
    listed = [{**asdict(one), "name": name} for name, one in outcome.findings]
    told = Counter(one.table for _, one in outcome.findings if one.table is not None)
    rows = outcome.told.rows
    tables = {one: {"rows": rows.get(one, 0), "mismatches": told[one]} for one in sorted({*rows, *told})}
    said = {"ok": not outcome.found, "mode": outcome.mode, "seconds": round(outcome.seconds, 3)}
    counts = {"cases": outcome.cases, "executed": outcome.told.executed, "kept": outcome.told.kept}
    more = {"found": outcome.found, "mismatches": listed, "remarks": outcome.told.remarks, "tables": tables}
    known = [{**asdict(one), "name": name, "acknowledged": by.kept()} for name, one, by in outcome.acknowledged]
    return {**said, **counts, **more, "acknowledged": known}


def _progress() -> Callable[[int, int], None] | None:
    """One line on a terminal that says how far the work is; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        click.echo(f"\r\x1b[K正在核验：{done}/{total}", nl=False, err=True)
        if done >= total:
            click.echo("\r\x1b[K", nl=False, err=True)

    return tell
