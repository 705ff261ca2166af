"""Background jobs done at once, as a worker does them."""

from __future__ import annotations

from service import clock, jobs
from tests.factories.world import World


def work_off(world: World) -> None:
    """Does every waiting job to its end."""
    while jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: False, clock.now()):
        pass
