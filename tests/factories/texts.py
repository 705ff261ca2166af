"""The files of this project as readers find them: without what is built or installed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
WITHOUT = {"node_modules", "static", "__pycache__"}


def files_of(rooms: Collection[str], endings: Collection[str]) -> Iterator[Path]:
    """The files below the folders ``rooms`` of the project whose names end so (``.py``), in order."""
    for room in rooms:
        for folder, folders, names in os.walk(HOME / room):
            folders[:] = sorted(set(folders) - WITHOUT)
            yield from (path for name in sorted(names) if (path := Path(folder, name)).suffix in endings)
