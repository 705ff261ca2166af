"""The settings of verification: what is verified every night, and by how many processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from service.config.reader import Table

OFF, INCREMENTAL, FULL = "off", "incremental", "full"
MOST_JOBS = 64
USUAL = "02:30"
"""The time of the nightly verification where the settings say nothing of it."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """``nightly``: ``off``, ``incremental`` or ``full``, at the time of day ``at``. ``jobs`` processes work side by
    side; 0 is as many as the machine has cores."""

    nightly: str
    at: time
    jobs: int


def read_verifying(table: Table) -> Verifying:
    """The table ``[verify]``."""
    nightly = table.text("nightly", INCREMENTAL, pattern="off|incremental|full", hint="应为 off、incremental 或 full")
    at = table.text("at", USUAL, pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]", hint="应写成 02:30 的样子")
    found = Verifying(nightly or OFF, time.fromisoformat(at or USUAL), table.integer("jobs", 0, low=0, high=MOST_JOBS))
    table.close()
    return found
