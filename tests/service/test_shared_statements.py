"""Databases of one kind in one process put statements together once, and send each its own values."""

from __future__ import annotations

from sqlalchemy import select

from service.db import Database
from service.people.models import Unit
from tests.factories.databases import opened


def test_one_of_many_shares_with_the_others_of_its_kind_and_with_nobody_else(database_url: str) -> None:
    several = [Database(database_url, idle=1) for _ in range(2)]
    alone = opened(database_url)
    found = []
    for one in several:
        one.engine.connect().close()  # from here on it is known what the server is
    for one in (*several, alone):
        with one.reading() as session:
            found.append(session.scalars(select(Unit.code).where(Unit.code == f"none-{len(found)}")).all())
    assert found == [[], [], []]
    first, second = (one.engine for one in several)
    assert first.dialect is second.dialect
    assert first.dialect is not alone.engine.dialect
    kept = [one.get_execution_options()["compiled_cache"] for one in (first, second)]
    assert kept[0] is kept[1]
    assert "compiled_cache" not in alone.engine.get_execution_options()
    before = len(kept[0])
    with several[1].reading() as session:
        session.scalars(select(Unit.code).where(Unit.code == "another")).all()
    assert len(kept[0]) == before  # the statement was there, its value is another
    for one in (*several, alone):
        one.dispose()
