"""The start of a process over one database: whatever must stop it is told, and what it starts with is journaled."""

from __future__ import annotations

from service import clock
from service.auth.queries import has_demo_accounts
from service.config import Organization, Settings
from service.db import Database
from service.db.standing import require_durable
from service.errors import Conflict, Invalid
from service.processes import calendars
from service.rights import Actor
from service.usecases.configuration import note_configuration
from service.usecases.in_force import over, require


def make_ready(database: Database, settings: Settings, organization: Organization, *, actor: Actor) -> None:
    """Checks a wired database before a process works with it, and journals the configuration where it has changed.

    Raises Invalid (settings of pages that cannot hold, demonstration accounts in production), Conflict (not prepared by
    ``liaison migrate``, not durable where that is asked).
    """
    require(database)
    if settings.durable:
        require_durable(database)
    with database.reading() as session:
        if calendars.find_current(session) is None:
            raise Conflict("数据库里还没有工作日历和流程，请先运行 liaison migrate")
        if settings.is_production and has_demo_accounts(session):
            raise Invalid("正式环境不能有演示账号，请换用没有演示数据的数据库，或停用全部演示账号")
    with database.transaction() as session:
        note_configuration(session, over(database, settings), organization, actor=actor, now=clock.now())
