"""Imports: sheets made, uploaded, checked and written."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

from openpyxl import Workbook
from sqlalchemy import func, select

from service import auth, exchange
from service.exchange import Basis, ImportJob
from tests.factories.world import World

TALENTS = ("姓名", "人才类别", "工作单位", "主管单位", "镇街", "证件号末位", "确认不重复")


def sheet(headings: tuple[str, ...], *rows: tuple[Any, ...]) -> bytes:
    made = Workbook()
    made.worksheets[0].append(headings)
    for row in rows:
        made.worksheets[0].append(row)
    written = BytesIO()
    made.save(written)
    return written.getvalue()


def basis(world: World) -> Basis:
    return Basis(world.organization, world.settings.contacts)


def uploaded(world: World, kind: str, content: bytes, by: str = "office") -> UUID:
    with world.database.transaction() as session:
        actor = auth.actor_of(session, by)
        return exchange.upload(
            session, kind=kind, name="名单.xlsx", content=content, actor=actor, now=world.clock.now
        ).id


def confirmed(world: World, job_id: UUID) -> None:
    with world.database.transaction() as session:
        exchange.confirm(session, job_id=job_id, actor=auth.actor_of(session, "office"), now=world.clock.now)
    work(world)


def work(world: World) -> None:
    while exchange.work(world.database, basis(world), world.clock.now):
        pass


def job(world: World, job_id: UUID) -> ImportJob:
    with world.database.reading() as session:
        found = session.get_one(ImportJob, job_id)
        session.expunge(found)
        return found


def rows_of(world: World, table: type[Any]) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def faults(world: World, job_id: UUID) -> list[tuple[int, str, str]]:
    return [(one["row"], one["column"], one["message"]) for one in job(world, job_id).findings]


def written(world: World, kind: str, *rows: tuple[Any, ...]) -> str:
    """How an import ends whose preview found nothing."""
    job_id = uploaded(world, kind, sheet(*rows))
    work(world)
    assert faults(world, job_id) == []
    confirmed(world, job_id)
    return job(world, job_id).status
