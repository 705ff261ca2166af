"""Filling at once: tables without indexes and triggers, and the sums of figures made of one need of each kind.

An index that is made of all rows at the end takes a small part of the time that keeping it row by row does; copies of
one need that lie on the same days tell the same of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, Uuid, insert, select, text
from sqlalchemy.orm import Session

from service import clock
from service.processes import figure_tallies, figure_within
from service.processes.figure_folding import Cell, cells
from service.processes.figure_models import FigureCase
from service.processes.figure_within import Part

MARK = "case_text_"
"""Begins the names of the triggers that keep the index of words, which stay."""


@contextmanager
def bare(connection: Connection, tables: Iterable[str]) -> Iterator[None]:
    """These tables without indexes, primary keys apart, and on SQLite without the triggers that note what changed;
    both are made anew at the end. PostgreSQL's triggers sleep already (``volume.hurry``)."""
    names = list(tables)
    if connection.dialect.name == "sqlite":
        listed = "SELECT type, name, sql, tbl_name FROM sqlite_master WHERE type IN ('index', 'trigger')"
        found = connection.execute(text(listed)).all()
        taken = [one for one in found if one.tbl_name in names and one.sql and not one.name.startswith(MARK)]
        made = [one.sql for one in taken]
        drops = [f'DROP {one.type} "{one.name}"' for one in taken]
    else:
        listed = (
            "SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = ANY(:names) AND NOT EXISTS "
            "(SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
        )
        rows = connection.execute(text(listed), {"names": names}).all()
        made, drops = [one.made for one in rows], [f"DROP INDEX {one.name}" for one in rows]
    for drop in drops:
        connection.exec_driver_sql(drop)
    connection.commit()
    yield
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
    for one in made:
        connection.exec_driver_sql(one)
        connection.commit()


_KINDS = MetaData()
_OF_CASE = Table("bench_kind", _KINDS, Column("instance_id", Uuid), Column("kind", Integer))
_TOLD = Table("bench_told", _KINDS, Column("kind", Integer, primary_key=True), Column("told", Text))


@dataclass
class Kinds:
    """Copies that tell the same of a need, by the number of their kind: one of them speaks for all."""

    connection: Connection
    numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)
    speaks: dict[int, UUID] = field(default_factory=dict)
    counted: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        _KINDS.create_all(self.connection)

    def note(self, source: int, rows: Mapping[str, Sequence[Mapping[str, Any]]], n: int, minutes: int) -> int:
        """The number of the kind of copy ``n`` of an original, all of which happened ``minutes`` earlier."""
        back, case = timedelta(minutes=minutes), rows["instance"][0]
        moments = {one for row in (case, *rows["case_span"]) for one in row.values() if isinstance(one, datetime)}
        days = tuple(clock.local(one - back).date() for one in sorted(moments))
        whole = datetime(2000, 1, 1) - back  # noqa: DTZ001 - a day alone is moved from its midnight
        return self.numbers.setdefault((source, n % 5 == 0, whole.date(), days), len(self.numbers))

    def keep(self, rows: Sequence[tuple[UUID, int]]) -> None:
        """Notes cases with the numbers of their kinds."""
        for case, kind in rows:
            self.speaks.setdefault(kind, case)
        self.counted.update(kind for _, kind in rows)
        self.connection.execute(insert(_OF_CASE), [{"instance_id": case, "kind": kind} for case, kind in rows])

    def sum_up(self) -> None:
        """Writes what all these cases tell, and adds it to the sums of the figures."""
        with Session(self.connection) as session:
            said = figure_tallies.told(session, list(self.speaks.values()))
            told = {kind: said[case] for kind, case in self.speaks.items() if case in said}
            moved, within = Counter[Cell](), Counter[Part]()
            settled = figure_within.settle(session, clock.today())
            for kind, one in told.items():
                for cell, number in cells(one).items():
                    moved[cell] += number * self.counted[kind]
                for part, number in figure_within.parts(one, settled).items():
                    within[part] += number * self.counted[kind]
            figure_tallies.add(session, moved)
            figure_within.add(session, within)
            session.execute(insert(_TOLD), [{"kind": kind, "told": one} for kind, one in told.items()])
            every = select(_OF_CASE.c.instance_id, _TOLD.c.told).join(_TOLD, _TOLD.c.kind == _OF_CASE.c.kind)
            session.execute(insert(FigureCase).from_select(["instance_id", "told"], every))
            session.commit()
        _KINDS.drop_all(self.connection)
        self.connection.commit()
