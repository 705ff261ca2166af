"""``liaison demo``: a made-up district with cases at every stage, for trying and training."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.audit.ways import keeping
from service.auth import Account
from service.cli.setup import settings, wired
from service.config import Settings
from service.demonstration import PASSWORD, accounts, build, require_none
from service.errors import Conflict, NotAllowed
from service.people.models import Person, Unit
from service.processes import figure_tallies

DEFAULT_CASES = 60


@click.command()
@click.option("--cases", default=DEFAULT_CASES, show_default=True, type=click.IntRange(0, 20_000), help="事项数量。")
@click.option("--seed", default=1, show_default=True, help="随机种子：数量、种子和截止日期相同，数据就相同。")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="数据截止到哪一天下班时；默认到现在。")
@click.option("--if-empty", is_flag=True, help="已有数据时不做任何事，也不报错。")
def demo(cases: int, seed: int, until: datetime | None, if_empty: bool) -> None:
    """装入演示数据：虚构的单位人员、账号，和分布在各环节、各分支的 N 件需求。仅限试用环境。"""
    chosen = settings()
    if chosen.env == "production" or not chosen.demo:
        raise NotAllowed("正式环境或未启用演示（demo = false）时不能装入演示数据")
    with wired() as database:
        if if_empty:
            try:
                with database.reading() as session:
                    require_none(session)
            except Conflict:
                return
        with click.progressbar(length=cases, label="正在生成演示数据") as bar:
            counted = build(
                database, cases=cases, seed=seed, until=_moment(until, chosen), progress=lambda done: bar.update(done)
            )
        keeping.take_in(database)
        figure_tallies.take_in_all(database)
        click.echo(f"已生成 {sum(counted.values())} 件需求：" + "，".join(f"{name} {n}" for name, n in counted.items()))
        if if_empty:  # what starts the service next tells the accounts
            return
        with database.reading() as session:
            click.echo("\n".join(account_lines(session)))


def account_lines(session: Session) -> list[str]:
    """The demonstration's accounts that are there, each once with whose it is, in columns.

    Those of the organization come first, then the officers of the other units, which only a year's life has.
    """
    order = {username: place for place, (username, *_) in enumerate(accounts())}
    query = (
        select(Account.username, Person.name, Unit.name, Person.post)
        .join(Person, Person.id == Account.person_id)
        .outerjoin(Unit, Unit.code == Person.unit_code)
        .where(Account.demo)
    )
    known = sorted(session.execute(query).all(), key=lambda row: (order.get(row[0], len(order)), row[0]))
    wide = max((len(username) for username, *_ in known), default=0)
    return [
        f"演示账号（密码都是 {PASSWORD}）：",
        *(
            f"  {username:<{wide}}  {name.ljust(4, '　')}  {unit or ''}　{(post or '').removeprefix(unit or '')}"
            for username, name, unit, post in known
        ),
    ]


def _moment(until: datetime | None, chosen: Settings) -> datetime:
    """The end of the office day of that date, or the present."""
    if until is None:
        return clock.now()
    day: date = until.date()
    closes: time = chosen.office_closes
    return datetime.combine(day, closes, tzinfo=clock.SHANGHAI).astimezone(UTC)
