"""The way to and from the figures of what a whole unit sees, of a database in which there are needs."""

from __future__ import annotations

import json

from alembic import command
from sqlalchemy import delete, func, select

from service import clock
from service.db import migrate
from service.db.migrate import _config, _loosened
from service.processes import figure_tallies
from service.processes.figure_models import FigureCase, FigureDue, FigureWithin
from service.processes.models import Instance
from tests.factories.databases import ON_BOTH
from tests.factories.world import World
from tests.service.test_figure_tallies import same

pytestmark = ON_BOTH


def test_needs_are_taken_in_anew_on_either_way(world: World) -> None:
    world.recorded()
    world.dispatched("edu", "hrss")
    world.do("handler-edu", "handle", unit="edu")
    figure_tallies.take_in_all(world.database)
    began, handler = clock.today(), world.actor("handler-edu")
    before, _ = same(world, handler, since=began, until=began)
    with _loosened(world.database) as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0161_runs_by_due_date")
    with world.transaction() as session:
        needs = set(session.scalars(select(Instance.id).where(Instance.process == "request")))
        assert set(session.scalars(select(FigureDue.instance_id))) == needs
        assert not session.scalar(select(func.count()).where(FigureWithin.about.startswith("seen:")))
        # as the version of before takes them in
        session.execute(delete(FigureDue))
        for part in session.scalars(select(FigureCase)):
            data = json.loads(part.told)
            del data["ways"]
            part.told = json.dumps(data, ensure_ascii=False)
    migrate.upgrade(world.database)
    world.do("handler-hrss", "handle", unit="hrss")
    found, _ = same(world, handler, since=began, until=began)
    figure_tallies.take_in_all(world.database)
    again, _ = same(world, handler, since=began, until=began)
    assert found.total == again.total
    assert before.total.counts["registered"] == 1
    with world.database.reading() as session:
        assert not figure_tallies.sums_differ(session)
        assert figure_tallies.wrong_cases(session, list(needs)) == ([], [], [])
