"""Every column of every table is under the journal, is recomputed, or stands outside with a reason."""

from __future__ import annotations

from service.audit.tables.registry import HELD, OUTSIDE, REPLAYED
from service.cli.schema import all_tables


def test_every_table_has_one_rule() -> None:
    ruled = [model.__tablename__ for rules in (HELD, OUTSIDE, REPLAYED) for model in rules]
    assert sorted(ruled) == sorted(all_tables().tables)


def test_what_stands_outside_says_why() -> None:
    for held in HELD.values():
        columns = held.model.__table__.columns
        assert set(held.outside) | set(held.proved) <= {column.key for column in columns}
        assert all(len(reason) > 5 for reason in held.outside.values())
    assert all(len(reason) > 5 for reason in OUTSIDE.values())
