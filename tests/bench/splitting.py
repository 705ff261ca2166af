"""The work of a completion, part by part: a profile of many in one process, without a server and a network.

A profile makes small functions seem slower than they are, so that only the share of each part is taken from it, and of
the time that the process works without one.
"""

from __future__ import annotations

import cProfile
import json
import pstats
from collections import Counter
from collections.abc import Callable
from time import process_time
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.bench.figures import Table, share
from tests.bench.requests import PingPong
from tests.bench.work import UNIT_STAFF, Bench
from tests.factories.world import OFFICE

WARM, TIMES = 30, 200
PARTS = {
    "HTTP": ("flask", "werkzeug", "itsdangerous", "service/http", "service/web", "service/app"),
    "shapes of calls and answers": ("marshmallow", "webargs", "service/api"),
    "logs and metrics": ("structlog", "logging", "prometheus_client", "service/logs"),
    "who asks": ("service/auth", "service/rights", "service/usecases", "service/access_log", "service/people"),
    "engine": ("SpiffWorkflow", "simpleeval", "service/engine"),
    "the case: form, effects, rows": ("service/processes", "service/workdays", "service/fields"),
    "journal": ("service/history", "service/canonical", "hashlib"),
    "JSON": ("json/",),
    "objects and transaction": ("sqlalchemy",),
    "statements as they are prepared and read": ("service/db",),
    "driver, database and disk": ("psycopg", "sqlite3"),
}
"""A part → texts, of which one stands near the beginning (``_NAMED`` characters) of its files, below the folders of
libraries, or of the name of a function in C. The first part that fits has it."""
_NAMED = 60
OTHER = "other"


class Direct:
    """A client that calls the application itself."""

    def __init__(self, world: Bench) -> None:
        self._app = world.app

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """The JSON of the answer. Raises RuntimeError unless it is one of success."""
        headers = {"Authorization": f"Bearer {token}"}
        environ = EnvironBuilder(path, method=method, json=body, headers=headers).get_environ()
        content, status, _ = run_wsgi_app(self._app, environ, buffered=True)
        text = b"".join(content)
        if not status.startswith("2"):
            raise RuntimeError(f"{method} {path}: {status} {text[:300]!r}")
        return json.loads(text)


def split(world: Bench, table: Table, column: str) -> None:
    """A case goes back and forth between 办理 and 办理审核."""
    world.dispatched()
    ask: Any = PingPong(world.task("handle").id, world.token(UNIT_STAFF), world.token(OFFICE), world.sample("handle"))
    client = Direct(world)
    with world.meter.deaf():
        worked, profile = _profiled(lambda: ask(client))
    parts, calls = _parts(pstats.Stats(profile))
    work, taken = share(worked, 0.5), sum(parts.values())
    table.put("a completion", column, f"{work:6.2f} ms of work  {sum(calls.values()) / TIMES:6.0f} calls")
    for part in (*PARTS, OTHER):
        table.put(part, column, f"{work * parts[part] / taken:6.2f} ms  {calls[part] / TIMES:6.0f} calls")


def _profiled(do: Callable[[], object]) -> tuple[list[float], cProfile.Profile]:
    """The milliseconds that each of many times works, and the profile of as many more."""
    for _ in range(WARM):
        do()
    worked = []
    for _ in range(TIMES):
        began = process_time()
        do()
        worked.append((process_time() - began) * 1000)
    profile = cProfile.Profile(process_time)
    profile.enable()
    for _ in range(TIMES):
        do()
    profile.disable()
    return worked, profile


def _parts(stats: Any) -> tuple[Counter[str], Counter[str]]:
    """Seconds and calls of each part. A function in C counts with its caller, but for those of the databases."""
    seconds, calls = Counter[str](), Counter[str]()
    for (file, _line, name), (_primitive, count, own, _cumulative, callers) in stats.stats.items():
        part = _part(name if file == "~" else file)
        if file != "~" or part != OTHER:
            seconds[part] += own
            calls[part] += count
            continue
        for (caller, _at, outer), (_cc, number, took, _ct) in callers.items():
            whose = _part(outer if caller == "~" else caller)
            seconds[whose] += took
            calls[whose] += number
    return seconds, calls


def _part(place: str) -> str:
    for folder in ("/site-packages/", "/lib/python"):
        if folder in place:
            place = place.partition(folder)[2]
            break
    else:
        place = place[place.rfind("/service/") + 1 :] if "/service/" in place else place
    known = (part for part, texts in PARTS.items() for text in texts if text in place[:_NAMED])
    return next(known, OTHER)
