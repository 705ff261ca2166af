"""The bench names what got slower than the last time, whatever the machine's own pace."""

from __future__ import annotations

from pathlib import Path

from tests.bench.comparing import compared, keep
from tests.bench.figures import Figure

WHAT = {"cases": 100}


def figures(**rows: tuple[float, float]) -> dict[str, dict[str, Figure]]:
    return {"SQLite": {row: Figure(0, 0, work, statements) for row, (work, statements) in rows.items()}}


def test_a_row_that_got_slower_than_all_others_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "var" / "bench.json"
    keep(figures(start=(6, 15), complete=(8, 12), page=(40, 20)), WHAT, kept)
    told = compared(figures(start=(12, 15), complete=(16.2, 12), page=(120, 20)), WHAT, kept)
    assert told == [
        "SQLite: works 2.02 of the last time, in the middle of 3 rows; slower:",
        "  page: 120.0 ms of work, expected 81.0",
    ]


def test_a_statement_more_is_named_whatever_it_costs(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    keep(figures(start=(6, 15), page=(40, 20)), WHAT, kept)
    assert compared(figures(start=(6, 16), page=(40, 19)), WHAT, kept)[1:] == ["  start: 16 statements, before 15"]


def test_runs_of_another_size_or_database_are_not_compared(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    keep(figures(start=(6, 15)), WHAT, kept)
    nothing = ["SQLite: nothing kept to compare with"]
    assert compared(figures(start=(60, 15)), {"cases": 5}, kept) == nothing
    keep({"PostgreSQL": {"start": Figure(0, 0, 9, 15)}}, WHAT, kept)
    assert compared(figures(start=(60, 15)), WHAT, kept) != nothing
