"""The settings of what keeps the service standing and its people apart from strangers."""

from __future__ import annotations

from dataclasses import dataclass

from service.config.reader import Table


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the service waits for PostgreSQL, in seconds; 0 waits for ever. SQLite has a wait of its own.

    ``long_statement`` holds in the place of ``statement`` and ``idle_in_transaction`` for work that reads everything:
    verification, backup, restore, export, migration. So does it in the place of ``lock``.
    """

    connect: int = 5
    tcp: int = 15
    statement: int = 60
    lock: int = 15
    idle_in_transaction: int = 60
    long_statement: int = 3600


def timeouts(table: Table) -> Timeouts:
    """The table ``[timeouts]``."""
    usual = Timeouts()
    found = Timeouts(
        connect=table.integer("connect_seconds", usual.connect, low=1, high=300),
        tcp=table.integer("tcp_seconds", usual.tcp, low=0, high=3600),
        statement=table.integer("statement_seconds", usual.statement, low=0, high=86_400),
        lock=table.integer("lock_seconds", usual.lock, low=0, high=86_400),
        idle_in_transaction=table.integer("idle_in_transaction_seconds", usual.idle_in_transaction, low=0, high=86_400),
        long_statement=table.integer("long_statement_seconds", usual.long_statement, low=0, high=604_800),
    )
    table.close()
    return found
