"""The common start of commands: the settings, the organization, the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import click

from service.auth.roles import PASSWORDS, RULES
from service.config import Organization, Settings, load, load_organization
from service.db import Database, migrate
from service.errors import Conflict


def config_directory() -> Path:
    """The directory of the settings, as the command line or ``LIAISON_CONFIG`` says."""
    return cast(Path, click.get_current_context().find_root().obj)


def project_directory() -> Path:
    """The directory that holds ``config``, ``bpmn`` and ``forms``."""
    return config_directory().resolve().parent


def settings() -> Settings:
    """The settings; raises Invalid naming each bad one."""
    return load(config_directory(), os.environ)


def organization() -> Organization:
    """The roles, towns, categories and first units; raises Invalid naming each mistake."""
    return load_organization(config_directory())


@contextmanager
def opened(*, current: bool = True) -> Iterator[Database]:
    """The database of the settings, closed at the end of the block.

    Raises Conflict if its schema is not that of this version, unless ``current`` is False.
    """
    database = Database(settings().database_url, settings().timeouts)
    database.session_info.update({RULES: settings().accounts, PASSWORDS: settings().passwords})
    try:
        if current:
            require_current(database)
        yield database
    finally:
        database.dispose()


@contextmanager
def wired(*, current: bool = True) -> Iterator[Database]:
    """The same, able to run processes."""
    from service.usecases import wire  # loads the engine, which commands on accounts need not wait for

    with opened(current=current) as database:
        wire(database, settings(), organization())
        yield database


def require_current(database: Database) -> None:
    """Raises Conflict if the schema is not that of this version."""
    if not migrate.is_current(database):
        raise Conflict("数据库结构不是最新的，请先运行 liaison migrate")
