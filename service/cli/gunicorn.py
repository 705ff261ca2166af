"""Settings of gunicorn beside its command line, for its server processes: how they begin, and what is left of them."""

from __future__ import annotations

import gc
import os
from threading import Thread
from typing import Any

from prometheus_client import multiprocess

from service import documents

FIRST = 1
"""The age of the server process that was started first; it tells what is the same for all."""

METRICS = "PROMETHEUS_MULTIPROC_DIR"

forwarded_allow_ips = ""
"""The settings (``proxy``) and nothing else say whose word on the client's address and scheme counts."""


def post_worker_init(worker: Any) -> None:
    """gunicorn's hook, called in a server process that has loaded the application.

    Loaded objects stay for good. Python's collector walked its half a million objects every twentieth page or so:
    200 ms, and whoever had asked waited. Now it walks only what came since.
    """
    gc.collect()
    gc.freeze()
    if (keeper := _keeper(worker)) is not None:
        if (share := getattr(keeper, "share", None)) is not None:  # several districts, which share the threads
            share(worker.cfg.threads)
        keeper.start()
    if getattr(worker, "age", 0) == FIRST:
        # Reading what the type can print takes a second, for which no page waits.
        Thread(target=documents.log_coverage, daemon=True).start()


def worker_exit(_server: Any, worker: Any) -> None:
    """gunicorn's hook, called in a server process that ends in good order: the access log loses nothing."""
    if (keeper := _keeper(worker)) is not None:
        keeper.stop()


def _keeper(worker: Any) -> Any:
    """The access log of the application that a server process has loaded; None where it has not come so far, or has
    loaded another (the bench's)."""
    application = getattr(worker, "wsgi", None)
    parts = application.extensions.get("liaison") if application is not None else None
    return parts.keeper if parts is not None else None


def child_exit(_server: Any, worker: Any) -> None:
    """gunicorn's hook, called in its main process when one of its workers has ended."""
    if METRICS in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library leaves it untyped
