"""The memory of a server process and of a worker that serve 1, 2 and 20 districts, all of which have been used.

A process of its own tells it (``python -m tests.bench.districts KIND FILE``), whose districts stand over copies of a
SQLite file: what the bench itself has loaded is not counted.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

from service import logs
from service.app import create_districts
from service.worker import Rota
from tests.bench.figures import Table
from tests.factories.districts import QUIET, Asking, copied, session_in

COUNTS = (1, 2, 20)
PAGES = ("/", "/tasks", "/ledger", "/board", "/talents", "/statistics", "/notices", "/links", "/search?q=周")
WHO = "office"


def memory(world: Path, table: Table, column: str) -> None:
    """A row for the pages and one for the worker: MB at 1, 2 and 20 districts, and what each further one takes."""
    for what in KINDS:
        command = [sys.executable, "-m", "tests.bench.districts", what, str(world)]
        sizes = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        each = (sizes[-1] - sizes[0]) / (COUNTS[-1] - COUNTS[0])
        told = " / ".join(f"{size:.0f}" for size in sizes)
        table.put(f"memory of {what} with 1 / 2 / 20 districts", column, f"{told} MB, {each:.1f} MB each")


def resident() -> float:
    """MB that this process has in memory."""
    gc.collect()
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) / 1024
    raise OSError("no such line")


def _pages(folder: Path) -> list[float]:
    app = create_districts(environ={**QUIET, "LIAISON_DISTRICTS": str(folder), "LIAISON_LOG_LEVEL": "error"})
    sizes = []
    for number in range(COUNTS[-1]):
        asking = Asking(app, f"d{number}", cookie=session_in(folder / f"d{number}", WHO))
        for _ in range(2):
            codes = [asking.get(page).status_code for page in PAGES]
            if set(codes) != {200}:
                raise AssertionError(codes)
        if number + 1 in COUNTS:
            sizes.append(resident())
    return sizes


def _worker(folder: Path) -> list[float]:
    """The same of a worker that has taken every district in and given each a few turns."""
    aside, sizes = folder.parent / "aside", []
    folder.rename(aside)
    folder.mkdir()
    stop = Event()
    (aside / "d0").rename(folder / "d0")
    rota = Rota(folder, QUIET, poll_seconds=0.5, look_seconds=0.2)
    thread = Thread(target=rota.run, args=(stop,))
    thread.start()
    for count in COUNTS:
        for number in range(count):
            if (aside / f"d{number}").exists():
                (aside / f"d{number}").rename(folder / f"d{number}")
        while len(rota.names) < count:
            time.sleep(0.2)
        time.sleep(10)
        sizes.append(resident())
    stop.set()
    thread.join()
    return sizes


KINDS: Mapping[str, Callable[[Path], list[float]]] = {"a server process": _pages, "a worker": _worker}


def main() -> None:
    """Prints the figures as JSON."""
    measure, world = KINDS[sys.argv[1]], Path(sys.argv[2])
    logs.configure("error")
    with tempfile.TemporaryDirectory(prefix="liaison-bench-") as place:
        folder = Path(place) / "tenants"
        for number in range(COUNTS[-1]):
            copied(folder, f"d{number}", world)
        print(json.dumps(measure(folder)))


if __name__ == "__main__":
    main()
