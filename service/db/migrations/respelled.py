"""Makes anew what is searched or sorted by spelling; for migrations, whenever a rule of ``spelling`` changes.

Cases are rebuilt from their number and title, as ``liaison verify`` will read them from the journal. The keys are what
today's rules make of the names: a copy of the rules in a migration would only become another truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from service.spelling import PART_READINGS, search_key, spell

BATCH = 2_000
Made = dict[str, str]


def _named(row: Any, *more: str | tuple[str, ...] | None, of_person: bool = True) -> Made:
    spelling = spell(row.name, of_person=of_person)
    key = search_key(spelling.keys, *more)
    return {"new_key": key, "new_pinyin": spelling.pinyin, "new_initials": spelling.initials}


def _talent(row: Any) -> Made:
    return _named(row, row.id, spell(row.employer, of_person=False, readings=PART_READINGS).keys)


def _case(row: Any) -> Made:
    return {"new_key": search_key(row.number, spell(row.title, of_person=False, readings=1).keys)}


RENEWED: tuple[tuple[str, str, tuple[str, ...], Callable[[Any], Made]], ...] = (
    ("unit", "code", ("name",), lambda row: _named(row, row.code, of_person=False)),
    ("person", "id", ("name", "post"), lambda row: _named(row, row.post)),
    ("talent", "id", ("name", "employer"), _talent),
    ("talent_team", "id", ("name",), lambda row: _named(row, of_person=False)),
    ("instance", "id", ("number", "title"), _case),
)


def respell(connection: sa.Connection) -> None:
    """Writes the keys of every unit, person, talent, team and case anew."""
    for name, key, columns, made in RENEWED:
        kind = sa.String() if name in ("unit", "talent") else sa.Uuid()
        named = ("pinyin", "initials") if name != "instance" else ()
        table = sa.table(name, sa.column(key, kind), *map(sa.column, (*columns, "search_key", *named)))
        rows = connection.execute(sa.select(table.c[key], *(table.c[column] for column in columns))).all()
        new: dict[str, Any] = {"search_key": sa.bindparam("new_key")} | {
            one: sa.bindparam(f"new_{one}") for one in named
        }
        change = table.update().where(table.c[key] == sa.bindparam("row")).values(new)
        for start in range(0, len(rows), BATCH):
            connection.execute(change, [{"row": row[0], **made(row)} for row in rows[start : start + BATCH]])
