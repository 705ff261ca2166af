"""Measurements over HTTP: the service under gunicorn beside the bare application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from tests.bench import bare
from tests.bench.figures import Table
from tests.bench.load import Ask, Client, press, serving
from tests.bench.work import REDO, UNIT_STAFF, Bench
from tests.factories.world import OFFICE

CLIENTS = (1, 4)


@dataclass
class PingPong:
    """A client with a case of its own: it answers, and sends its own answer back for rework, for ever."""

    task: UUID | str
    handler: str
    office: str
    answer: dict[str, object]
    handling: bool = True

    def __call__(self, client: Client) -> None:
        token, data = (self.handler, self.answer) if self.handling else (self.office, dict(REDO))
        found = client.call("POST", f"/api/v1/tasks/{self.task}/complete", {"data": data}, token)
        step = "review_reply" if self.handling else "handle"
        self.task = next(task["id"] for task in found["open_tasks"] if task["task"] == step)
        self.handling = not self.handling


def requests(world: Bench, url: str, seconds: float, table: Table, column: str) -> None:
    """Reading and completing, by one client and by four."""
    office, handler = world.token(OFFICE), world.token(UNIT_STAFF)

    def listing(_n: int) -> Ask:
        return lambda client: client.call("GET", "/api/v1/tasks", token=office)

    def completing(_n: int) -> Ask:
        world.dispatched()
        return PingPong(world.task("handle").id, handler, office, world.sample("handle"))

    def bare_json(_n: int) -> Ask:
        return lambda client: client.call("GET", "/json")

    def bare_rows(_n: int) -> Ask:
        return lambda client: client.call("GET", "/rows")

    def bare_write(n: int) -> Ask:
        return lambda client: client.call("POST", "/write", {"row": n})

    bare.prepare(world.database)
    service = {"GET /api/v1/tasks": listing, "POST /api/v1/tasks/…/complete": completing}
    beside = {"bare GET: JSON": bare_json, "bare GET: 50 rows": bare_rows, "bare POST: update 8 kB, insert": bare_write}
    _run("service.app:create_app()", url, service, seconds, table, column)
    _run("tests.bench.bare:create_app()", url, beside, seconds, table, column)


def _run(
    application: str,
    url: str,
    made: dict[str, Callable[[int], Ask]],
    seconds: float,
    table: Table,
    column: str,
) -> None:
    with serving(application, url) as port:
        for row, make in made.items():
            for clients in CLIENTS:
                asks = [make(n) for n in range(clients)]
                name = f"{row}, {clients} client{'s' if clients > 1 else ''}"
                table.put(name, column, press(port, asks, seconds))
