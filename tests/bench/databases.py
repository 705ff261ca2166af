"""The two databases as production runs them: every commit survives a power cut."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres
from tests.factories import world


@contextmanager
def sqlite() -> Iterator[str]:
    """A SQLite file with the shipped processes and the demonstration's people; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="liaison-bench-") as directory:
        url = f"sqlite:///{Path(directory) / 'bench.db'}"
        world.build(url)
        yield url


@contextmanager
def postgresql() -> Iterator[str]:
    """The same in a PostgreSQL of this run's own, whose shortcuts for tests are taken back."""
    _stop_those_left_behind()
    place = _home(os.getpid())
    try:
        server = postgres.Server(place)
        for setting in postgres.FAST:
            name = setting.split(" = ")[0]
            if name != "max_connections":
                server._do(f"ALTER SYSTEM RESET {name}")
        server._do("SELECT pg_reload_conf()")
        url = server.create_empty("bench")
        world.build(url)
        yield url
    finally:
        postgres.stop(place)


def _home(process: int) -> Path:
    return postgres.home(f"b{process:07}", Path(tempfile.gettempdir()))


def _stop_those_left_behind() -> None:
    """Servers of benches that were killed; another one that is at work beside this one keeps its own."""
    for place in _home(0).parent.glob(_home(0).name.replace("0000000", "[0-9]" * 7)):
        if not Path(f"/proc/{int(place.name[-7:])}").exists():
            postgres.stop(place)
