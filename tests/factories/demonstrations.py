"""The demonstration, built once."""

from __future__ import annotations

from datetime import datetime

from service import clock
from service.db import Database, migrate
from service.usecases import prepare, wire
from tests.factories.databases import opened
from tests.factories.world import CONFIG, HOME, read_config

UNTIL = datetime(2026, 11, 20, 17, 30, tzinfo=clock.SHANGHAI)


def fresh(url: str) -> Database:
    """A migrated, prepared database without people."""
    settings, organization = read_config(url)
    database = opened(url)
    migrate.upgrade(database)
    wire(database, settings, organization)
    with clock.simulated(UNTIL), database.transaction() as session:
        prepare(session, settings=settings, organization=organization, config=CONFIG, home=HOME, now=clock.now())
    return database
