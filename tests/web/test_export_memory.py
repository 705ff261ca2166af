"""An export of a whole ledger takes as much memory for four times as many rows."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from service.access_log import keeping, subjects
from service.http import looking
from service.ledger import Cell, cases, write_table
from service.web import exports
from tests.bench.volume import multiply, original
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.visitor import Visitor
from tests.factories.world import World

pytestmark = ON_BOTH

FEW, MANY, AT_ONCE = 500, 2000, 100
A_ROW = 100
"""Bytes a row that nobody would notice; the id of a row alone takes more, and so did its bytes in the workbook."""


def test_a_ledger_four_times_as_long_takes_no_more_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((exports, "AT_ONCE"), (cases, "BATCH"), (subjects, "HELD")):
        monkeypatch.setattr(module, name, AT_ONCE)
    for module in (looking, keeping):
        monkeypatch.setattr(module, "MOST_SUBJECTS", AT_ONCE)
    monkeypatch.setattr(exports, "write_table", _collecting)
    multiply(world.database, [(original(world.database, world.recorded()), FEW - 1)], journals=1, lean=True)
    office = Visitor(world, "office")
    assert len(exported_rows(office, "/ledger.xlsx")) == FEW  # what is read once for ever is there
    few = _most(office)
    multiply(world.database, [(original(world.database, world.recorded()), MANY - FEW - 1)], journals=1, lean=True)
    many = _most(office)
    assert len(exported_rows(office, "/ledger.xlsx")) == MANY
    assert many - few < (MANY - FEW) * A_ROW, f"{few:,} and {many:,} bytes"


def _collecting(rows: Iterable[Sequence[Cell]], *arguments: Any, **named: Any) -> int:
    """Has what is let go collected with every batch, not when the collector comes to it."""

    def each() -> Iterator[Sequence[Cell]]:
        for place, row in enumerate(rows):
            if place % AT_ONCE == 0:
                gc.collect()
            yield row

    return write_table(each(), *arguments, **named)


def _most(office: Visitor) -> int:
    """Bytes that the export of the ledger holds at most at one moment, while its reader keeps nothing of it."""
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    try:
        answer = office.client.get("/ledger.xlsx", buffered=False)
        assert answer.status_code == 200
        for _ in answer.iter_encoded():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()
