"""An export that is refused, or that nobody reads to its end, keeps no file open."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import pytest

from service.access_log import subjects
from service.ledger import workbooks
from service.web import exports
from tests.bench.volume import multiply, original
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.visitor import Visitor
from tests.factories.world import World

pytestmark = ON_BOTH


def _kept_open() -> set[Path]:
    """Files of answers that stand in no folder any more, and are still open."""
    gc.collect()
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(one.readlink())
    return {one for one in found if one.name == "file (deleted)"}


def test_no_file_of_an_export_stays_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 3)
    monkeypatch.setattr(subjects, "HELD", 3)
    multiply(world.database, [(original(world.database, world.recorded()), 29)], journals=1, lean=True)
    office = Visitor(world, "office")
    assert len(exported_rows(office, "/ledger.xlsx")) == 30
    before = _kept_open()
    answer = office.client.get("/ledger.xlsx", buffered=False)
    next(answer.iter_encoded())
    assert len(_kept_open() - before) == 1
    answer.close()  # who reads goes away
    office.client.head("/ledger.xlsx", buffered=True)
    with monkeypatch.context() as patch:
        patch.setattr(workbooks, "MOST_ROWS", 5)
        assert office.client.get("/ledger.xlsx", buffered=True).status_code in (400, 422)
    assert _kept_open() == before
    assert len(exported_rows(office, "/ledger.xlsx")) == 30
    assert _kept_open() == before
