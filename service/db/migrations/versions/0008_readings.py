"""Search keys of names hold every reading of their characters: 顾长风 is found by gcf as by gzf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from service.spelling import PART_READINGS, search_key, spell

revision = "0008_readings"
down_revision = "0007_leader_tasks"
branch_labels = None
depends_on = None

BATCH = 2_000

# The keys are what today's rules make of the names: a copy of the rules here would only become another truth.
RENEWED: tuple[tuple[str, str, tuple[str, ...], Callable[[Any], str]], ...] = (
    ("unit", "code", ("name",), lambda row: search_key(spell(row.name, of_person=False).keys, row.code)),
    ("person", "id", ("name", "post"), lambda row: search_key(spell(row.name).keys, row.post)),
    (
        "talent",
        "id",
        ("name", "employer"),
        lambda row: search_key(
            spell(row.name).keys,
            row.id,
            spell(row.employer, of_person=False, readings=PART_READINGS).keys,
        ),
    ),
    ("talent_team", "id", ("name",), lambda row: search_key(spell(row.name, of_person=False).keys)),
)


def upgrade() -> None:
    """Cases keep their keys: they are rebuilt from the journal with the likeliest reading of their titles alone."""
    connection = op.get_bind()
    for name, key, columns, made in RENEWED:
        kind = sa.Uuid() if name in ("person", "talent_team") else sa.String()
        table = sa.table(name, sa.column(key, kind), *map(sa.column, (*columns, "search_key")))
        rows = connection.execute(sa.select(table.c[key], *(table.c[column] for column in columns))).all()
        change = table.update().where(table.c[key] == sa.bindparam("row")).values(search_key=sa.bindparam("made"))
        renewed = [{"row": getattr(row, key), "made": made(row)} for row in rows]
        for start in range(0, len(renewed), BATCH):
            connection.execute(change, renewed[start : start + BATCH])
