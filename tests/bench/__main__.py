"""``python -m tests.bench``: measures on SQLite and PostgreSQL and prints one table."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sqlite3
import tempfile
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import text

from tests.bench import databases
from tests.bench.asking import asking, filled
from tests.bench.comparing import compared, keep
from tests.bench.crowd import crowd
from tests.bench.districts import memory
from tests.bench.figures import Table
from tests.bench.lists import fill_lists, kept, lists
from tests.bench.moving import moving
from tests.bench.posting import posting
from tests.bench.rehearsing import checking, proving, rehearsing
from tests.bench.requests import requests
from tests.bench.sharing import sharing
from tests.bench.sizes import sizes
from tests.bench.splitting import split
from tests.bench.standing import incremental
from tests.bench.verifying import evidence, looking_on, replaying, sealing, verifying
from tests.bench.work import Bench, bench, fill, operations, people_pages, reading, rework, verification, wake_ups

KINDS = {"SQLite": databases.sqlite, "PostgreSQL": databases.postgresql}
SERVED = "Under gunicorn, 2 workers of 4 threads"
FEW = 200
"""Cases, and open tasks of the Talent Office, where clients alone are measured."""


def main() -> None:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="cases in the full database (default 20000)")
    parser.add_argument("--open", type=int, default=2000, help="open tasks of the Talent Office (default 2000)")
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each load lasts (default 1.5)")
    parser.add_argument("--only", choices=[*KINDS], help="one database instead of both")
    parser.add_argument(
        "--moving", type=int, default=5000, help="open cases that move to another version (default 5000)"
    )
    parser.add_argument("--crowd", action="store_true", help="these alone")
    parser.add_argument(
        "--entries",
        type=int,
        default=1_000_000,
        help="entries of the journal that auditors ask about (default a million)",
    )
    parser.add_argument("--auditing", action="store_true", help="what auditors wait for alone")
    parser.add_argument("--people", action="store_true", help="the people side alone")
    parser.add_argument("--lists", action="store_true", help="lists at size alone; ask for --cases 1000000")
    parser.add_argument("--at", type=Path, help="a folder in which the filled databases of --lists are kept")
    parser.add_argument(
        "--letters",
        type=int,
        default=0,
        metavar="N",
        help="timers shared by workers, notices, and N letters alone, worker killed",
    )
    parser.add_argument("--districts", action="store_true", help="the memory that each further district takes, alone")
    parser.add_argument("--requests", action="store_true", help="what clients of a running server wait for, alone")
    parser.add_argument("--split", action="store_true", help="the work of a completion part by part, alone")
    parser.add_argument("--compare", action="store_true", help="name what got slower since the last run")
    chosen = parser.parse_args()
    began, table = time.monotonic(), Table()
    if chosen.districts:
        with databases.sqlite() as url:
            memory(Path(url.removeprefix("sqlite:///")), table, "SQLite")
        return
    for column, kind in KINDS.items():
        if chosen.only in (None, column):
            print(f"{column}:", flush=True)
            if chosen.lists:
                at_size(chosen, table, column)
                continue
            if chosen.requests or chosen.split:
                with kind() as url, bench(url) as world:
                    steps(world, url, chosen, table, column)
                continue
            if chosen.letters:
                with kind() as url, bench(url) as world:
                    table.head("Due timers, shared by workers")
                    sharing(world, table, column)
                    table.head("Notices and letters")
                    posting(world, chosen.letters, table, column)
                continue
            if chosen.auditing or not (chosen.people or chosen.crowd):
                with kind() as url, bench(url) as world:
                    logging.getLogger("service.requests").setLevel(logging.WARNING)
                    auditing(world, chosen, table, column)
            if chosen.auditing:
                continue
            if not chosen.crowd:
                with kind() as url, bench(url) as world:
                    logging.getLogger("service.requests").setLevel(logging.WARNING)
                    measure(world, url, chosen, table, column)
            if not chosen.people:
                # a database of its own: copies of cases in both fills would bear the same numbers
                with kind() as url, bench(url) as world:
                    logging.getLogger("service.requests").setLevel(logging.WARNING)
                    table.head("Another version of the process")
                    moving(world, table, column)
                    crowd(world, url, chosen.moving, chosen.seconds, table, column)
    print("\nms: median / 95 of 100 are not slower; work: ms of this process alone; sql: statements of one run")
    print(f"{table}\n\n{machine()}")
    print(f"Taken in {time.monotonic() - began:.0f} seconds.")
    what = {"cases": chosen.cases, "open": chosen.open}
    if chosen.compare:
        print("\n".join(["", *compared(table.figures, what)]))
    keep(table.figures, what)


def measure(world: Bench, url: str, chosen: argparse.Namespace, table: Table, column: str) -> None:
    """All figures of one database."""
    table.put("server", column, _server(world))
    if chosen.people:
        table.head("The people side")
        people_pages(world, table, column)
        return
    table.head("Operations (one transaction)")
    cases = operations(world, table, column)
    verification(world, cases, table, column)
    verifying(world, cases, table, column)
    table.head("The room that a case takes")
    sizes(world, table, column)
    table.head("Rehearsal (no database)")
    checking(table, column)
    rehearsing(table, column)
    proving(table, column)
    table.head("Rework")
    rework(world, table, column)
    replaying(world, table, column)
    table.head("A full database")
    fill(world, cases[0], chosen.cases, chosen.open, table, column)
    sealing(world, table, column)
    evidence(world, cases[0], table, column)
    looking_on(world, table, column)
    wake_ups(world, table, column)
    reading(world, table, column)
    table.head("The people side")
    people_pages(world, table, column)
    table.head(SERVED)
    requests(world, url, chosen.seconds, table, column)


def steps(world: Bench, url: str, chosen: argparse.Namespace, table: Table, column: str) -> None:
    """The waiting of clients, or the parts of a completion."""
    if chosen.split:
        logging.getLogger("service.requests").setLevel(logging.WARNING)
        table.head("The work of a completion")
        split(world, table, column)
    else:
        table.head("A database with work in it")
        fill(world, world.finished(), FEW, FEW, table, column)  # lists that show nothing would be measured else
        table.head(SERVED)
        requests(world, url, chosen.seconds, table, column)


def at_size(chosen: argparse.Namespace, table: Table, column: str) -> None:
    """Lists over as many cases as asked for."""
    with ExitStack() as stack:
        place = chosen.at or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="liaison-bench-")))
        url, fresh = stack.enter_context(kept(column, place))
        world = stack.enter_context(bench(url))
        logging.getLogger("service.requests").setLevel(logging.WARNING)
        table.head("Lists at size")
        if fresh:
            began = time.monotonic()
            fill_lists(world, chosen.cases, table, column)
            table.put("filling", column, f"{time.monotonic() - began:.0f} s")
        lists(world, table, column)


def auditing(world: Bench, chosen: argparse.Namespace, table: Table, column: str) -> None:
    """Questions and an incremental verification over a long journal, in a database of its own."""
    table.head("What auditors wait for, over a long journal")
    filled(world, chosen.entries, table, column)
    asking(world, table, column)
    incremental(world, table, column)
    looking_on(world, table, column)


def machine() -> str:
    """The machine and libraries it ran on: two runs compare only where these are alike."""
    load = os.getloadavg()[0]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("Flask", "SQLAlchemy", "SpiffWorkflow", "gunicorn"))
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}, "
        f"{libraries}. Load of the machine at the end: {load:.1f}."
    )


def _server(world: Bench) -> str:
    if world.database.is_sqlite:
        return f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"
    with world.database.engine.connect() as connection:
        found = connection.scalar(text("SHOW server_version"))
        durable = connection.scalar(text("SHOW synchronous_commit")), connection.scalar(text("SHOW fsync"))
    return f"PostgreSQL {str(found).split()[0]}, synchronous_commit={durable[0]}, fsync={durable[1]}"


if __name__ == "__main__":
    main()
