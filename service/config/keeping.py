"""The setting of the access log: how long it is kept."""

from __future__ import annotations

from datetime import timedelta

from service.config.reader import Table

LEAST_DAYS = 180
"""等保2.0: logs are kept for at least half a year."""


def read_keeping(table: Table) -> timedelta:
    """``keep_days`` of the table ``[access_log]``."""
    found = timedelta(days=table.integer("keep_days", 365, low=LEAST_DAYS, high=36500))
    table.close()
    return found
