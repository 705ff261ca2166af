"""The two databases as production runs them: every commit survives a power cut."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres
from tests.factories import world

RUN = "bench"


@contextmanager
def sqlite() -> Iterator[str]:
    """A SQLite file with the shipped processes and the demonstration's people; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="liaison-bench-") as directory:
        url = f"sqlite:///{Path(directory) / 'bench.db'}"
        world.build(url)
        yield url


@contextmanager
def postgresql() -> Iterator[str]:
    """The same in a PostgreSQL of its own, whose shortcuts for tests are taken back."""
    place = postgres.home(RUN, Path(tempfile.gettempdir()))
    postgres.stop(place)  # of a bench that was broken off
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
