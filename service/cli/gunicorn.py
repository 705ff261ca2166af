"""What gunicorn is told beside its command line, of its server processes: how they begin, and what is left of them."""

from __future__ import annotations

import gc
import os
from typing import Any

from prometheus_client import multiprocess

METRICS = "PROMETHEUS_MULTIPROC_DIR"


def post_worker_init(_worker: Any) -> None:
    """gunicorn's hook, called in a server process that has loaded the application.

    What was loaded stays for good. Python's collector walked its half a million objects every twentieth page or so:
    200 ms, and whoever had asked waited. Now it walks only what came since.
    """
    gc.collect()
    gc.freeze()


def child_exit(_server: Any, worker: Any) -> None:
    """gunicorn's hook, called in its main process when one of its workers has ended."""
    if METRICS in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library leaves it untyped
