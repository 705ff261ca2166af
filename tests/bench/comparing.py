"""The last figures, kept as JSON outside the repository, and the rows that got slower since by more than noise.

Between two runs the machine itself may be slower, by what all rows show alike: a row is held against the middle of all.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure

KEPT = Path(__file__).resolve().parents[2] / "var" / "bench.json"
SHARE, LEAST = 1 / 6, 0.3
"""Slower is what works longer than the middle of all rows lets expect, by this share and by so many milliseconds."""

Results = Mapping[str, Mapping[str, Figure]]
"""Database → row → figure."""


def keep(results: Results, what: Mapping[str, object], place: Path = KEPT) -> None:
    """Keeps the results of a run; ``what`` says of which size it was. Those of a database not measured stay."""
    found = _read(what, place)
    for column, rows in results.items():
        said = {row: [figure.work, figure.statements] for row, figure in rows.items()}
        found[column] = {**found.get(column, {}), **said}
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({"what": dict(what), "figures": found}, ensure_ascii=False, indent=1) + "\n")


def compared(results: Results, what: Mapping[str, object], place: Path = KEPT) -> list[str]:
    """One line a database, then one a row that got slower or sends more statements than when figures were last kept."""
    before, lines = _read(what, place), []
    for column, rows in results.items():
        pairs = [(row, figure, before[column][row]) for row, figure in rows.items() if row in before.get(column, {})]
        ratios = [figure.work / work for _, figure, (work, _) in pairs if work]
        if not ratios:
            lines.append(f"{column}: nothing kept to compare with")
            continue
        middle = statistics.median(ratios)
        lines.append(f"{column}: works {middle:.2f} of the last time, in the middle of {len(ratios)} rows; slower:")
        for row, figure, (work, statements) in pairs:
            expected = work * middle
            if figure.work > max(expected * (1 + SHARE), expected + LEAST):
                lines.append(f"  {row}: {figure.work:.1f} ms of work, expected {expected:.1f}")
            if figure.statements > statements:
                lines.append(f"  {row}: {figure.statements:.0f} statements, before {statements:.0f}")
    return lines


def _read(what: Mapping[str, object], place: Path) -> dict[str, dict[str, Any]]:
    if not place.is_file():
        return {}
    kept = json.loads(place.read_text())
    return dict(kept["figures"]) if kept["what"] == dict(what) else {}
