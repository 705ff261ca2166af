"""Databases of one kind in one process put statements together once, and send each its own values."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from service.config.trust import Timeouts
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


@pytest.mark.databases("postgresql")
def test_each_of_them_keeps_its_own_limits(database_url: str) -> None:
    """The statements are shared, the patience with a server is not: neither at first nor after the pool was emptied."""
    given = [Timeouts(connect=3 + n, statement=30 + n, lock=10 + n, tcp=20 + n) for n in range(3)]
    several = [Database(database_url, one, idle=1) for one in given]
    for _ in range(2):
        for one, limits in zip(several, given, strict=True):
            with one.reading() as session:
                told = [session.scalar(text(f"SHOW {name}")) for name in ("statement_timeout", "lock_timeout")]
                raw: Any = session.connection().connection.driver_connection
                options = {option.keyword: option.val for option in raw.pgconn.info}
            assert told == [f"{limits.statement}s", f"{limits.lock}s"]
            assert (raw.silence, raw.patience) == (limits.tcp, limits.connect)
            assert options[b"connect_timeout"] == str(limits.connect).encode()
            assert options[b"tcp_user_timeout"] == str(limits.tcp * 1000).encode()
            one.dispose()
    assert len({id(one.engine.dialect) for one in several}) == 1
