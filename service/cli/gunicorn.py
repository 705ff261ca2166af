"""What gunicorn is told beside its command line: metrics of a server process that ended are counted, not kept open."""

from __future__ import annotations

import os
from typing import Any

from prometheus_client import multiprocess

METRICS = "PROMETHEUS_MULTIPROC_DIR"


def child_exit(_server: Any, worker: Any) -> None:
    """gunicorn's hook, called in its main process when one of its workers has ended."""
    if METRICS in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library leaves it untyped
