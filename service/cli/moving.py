"""``liaison impact`` and ``liaison migrate-cases``: open cases and another version of their process."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.audit.tables.names import short
from service.cli.setup import doer, wired
from service.db import Database
from service.db.failures import BUSY, trouble
from service.errors import LiaisonError
from service.processes.migrating import Choices
from service.processes.models import Instance
from service.processes.moves import KEEP, RECOUNT
from service.studio import impact as outlook
from service.studio import moving
from service.studio.dated_clocks import in_words

WORDS: Mapping[str, str] = {
    outlook.MOVES: "可迁移",
    outlook.CHANGES: "可迁移，有变化",
    outlook.CANNOT: "不能迁移",
    moving.MOVED: "已迁移",
    moving.FAILED: "未迁移",
}
BATCH = 50

_FROM = click.option(
    "--from", "of", type=click.IntRange(1), metavar="N", help="只看按第 N 版办理的事项；缺省为其他各版。"
)
_TO = click.option("--to", type=click.IntRange(1), required=True, metavar="M", help="要迁移到的版本。")
_MAP = click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="流程/步骤=新步骤",
    help="新版没有的步骤由哪个步骤接替，如 request/accept=take_in；可多次给出。",
)
_DUE = click.option(
    "--due",
    type=click.Choice([KEEP, RECOUNT]),
    default=KEEP,
    show_default=True,
    help="keep：保持已承诺的期限；recount：按新版从进入步骤之日重新计算。",
)


@click.command()
@click.argument("process")
@_TO
@_FROM
@_MAP
@_DUE
def impact(process: str, to: int, of: int | None, mapped: tuple[str, ...], due: str) -> None:
    """评估 PROCESS 的在办事项迁移到第 M 版的影响；不锁定、不改动任何事项。有不能迁移的，以 1 退出。"""
    with wired() as database:
        _require(database, wish := _wish(process, to, of, mapped, due))
        counts = _look(database, wish)
    sys.exit(1 if counts[outlook.CANNOT] else 0)


@click.command("migrate-cases")
@click.argument("process")
@_FROM
@_TO
@_MAP
@_DUE
@click.option("--reason", default="", metavar="理由", help="记入每件事项的办理记录。")
@click.option("--dry-run", is_flag=True, help="只评估，不迁移。")
def migrate_cases(
    process: str, of: int | None, to: int, mapped: tuple[str, ...], due: str, reason: str, dry_run: bool
) -> None:
    """把 PROCESS 的在办事项迁移到第 M 版，逐件提交；不能迁移的留在原版本并说明原因，以 1 退出。可重复执行。"""
    with wired() as database:
        _require(database, wish := _wish(process, to, of, mapped, due, reason))
        counts = _look(database, wish) if dry_run else _move(database, wish)
    sys.exit(1 if counts[outlook.CANNOT] or counts[moving.FAILED] else 0)


def _wish(process: str, to: int, of: int | None, mapped: Sequence[str], due: str, reason: str = "") -> moving.Wish:
    said = {key.strip(): node.strip() for key, _, node in (one.partition("=") for one in mapped)}
    return moving.Wish(process, to, None, of, None, Choices(moving.mapping_of(said), due, reason))


def _require(database: Database, wish: moving.Wish) -> None:
    with database.reading() as session:
        moving.require_wish(session, wish, doer())


def _ids(session: Session, wish: moving.Wish, after: UUID | None) -> list[UUID]:
    return outlook.open_ids(session, wish.process, version=wish.of, but=wish.to, after=after, limit=BATCH)


def _look(database: Database, wish: moving.Wish) -> Counter[str]:
    counts: Counter[str] = Counter()
    after: UUID | None = None
    with database.reading(long=True) as session:
        new, version = moving.target_of(session, wish)
        look = outlook.Look.of(session, new, version, wish.choices, clock.now())
        while ids := _ids(session, wish, after):
            for one in outlook.judged(session, look, ids):
                counts[one.verdict] += 1
                _tell(_name(one.number, one.instance), one.verdict, _words(one))
            session.expunge_all()
            after = ids[-1]
    _sum(counts)
    return counts


def _move(database: Database, wish: moving.Wish) -> Counter[str]:
    counts: Counter[str] = Counter()
    after: UUID | None = None
    while True:
        with database.reading() as session:
            ids = _ids(session, wish, after)
        if not ids:
            break
        for case in ids:
            try:
                with database.transaction() as session:
                    moved = moving.moved_one(session, wish, case, doer(), clock.now())
            except Exception as error:  # one case that cannot be moved holds up no other
                if not isinstance(error, LiaisonError) and trouble(error) is not BUSY:
                    raise
                counts[moving.FAILED] += 1
                _tell(_called(database, case), moving.FAILED, [str(moving.reason_of(error)["reason"])])
            else:
                counts[moving.MOVED] += 1
                called = moved.data["number"] or _called(database, case)
                _tell(called, moving.MOVED, in_words(moved.data.get("clocks", ())))
        after = ids[-1]
    _sum(counts)
    return counts


def _words(one: outlook.Outlook) -> list[str]:
    """The changes that one case would meet, each as a phrase."""
    return [
        *(str(why["message"]) for why in one.why),
        *in_words(one.clocks),
        *(f"「{who['step']}」改由{who['to']}办理" for who in one.people),
        *(f"缺「{gap['title']}」（{gap['step']}）" for gap in one.missing),
        *(f"「{step['from']}」改为「{step['to']}」" for step in one.steps),
    ]


def _called(database: Database, case: UUID) -> str:
    with database.reading() as session:
        return _name(session.scalar(select(Instance.number).where(Instance.id == case)), case)


def _name(number: str | None, case: UUID) -> str:
    """The case's number, but no title: it may tell of people, and a terminal's lines end in logs."""
    return number or f"尚未编号（{short(str(case))}）"


def _tell(called: str, verdict: str, words: Sequence[str]) -> None:
    click.echo(f"{called}：{WORDS[verdict]}{'：' if words else ''}{'；'.join(words)}")


def _sum(counts: Counter[str]) -> None:
    told = "，".join(f"{WORDS[verdict]} {count} 件" for verdict, count in sorted(counts.items()))
    click.echo(told or "没有需要迁移的在办事项。", err=True)
