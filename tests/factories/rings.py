"""Two operations over a real PostgreSQL, of which the second begins while the first stands still in the middle."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Thread, current_thread
from time import sleep
from typing import Any

from sqlalchemy import event, text

from tests.factories.world import World


def in_the_middle(world: World, first: Callable[[], Any], after: str, second: Callable[[], Any]) -> list[Any]:
    """Runs ``first`` up to a statement with the pattern ``after``, then ``second`` until it waits or is done.

    Gives what each gave or raised.
    """
    reached, go_on, finished = Event(), Event(), Event()
    results: list[Any] = [None, None]

    def stand_still(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if current_thread().name == "first" and re.search(after, statement, re.DOTALL) and not reached.is_set():
            reached.set()
            assert go_on.wait(30)

    def run(place: int, operation: Callable[[], Any]) -> None:
        try:
            results[place] = operation()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[place] = error

    def run_second() -> None:
        run(1, second)
        finished.set()

    event.listen(world.database.engine, "after_cursor_execute", stand_still)
    one = Thread(target=copy_context().run, args=(run, 0, first), name="first", daemon=True)
    other = Thread(target=copy_context().run, args=(run_second,), name="second", daemon=True)
    try:
        one.start()
        assert reached.wait(20), f"{after} is never said: {results[0]}"
        other.start()
        _await_waiting(world, finished)
    finally:
        go_on.set()
        one.join(30)
        other.join(30)
        event.remove(world.database.engine, "after_cursor_execute", stand_still)
    assert not one.is_alive()
    assert not other.is_alive()
    return results


def _await_waiting(world: World, finished: Event) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(1000):
        with world.database.engine.connect() as connection:
            if finished.is_set() or connection.scalar(waiting):
                return
        sleep(0.01)
    raise AssertionError("the second neither waits nor ends")
