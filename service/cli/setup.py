"""What commands start from: the settings and the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import click

from service.config.settings import Settings, load
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


@contextmanager
def opened(*, current: bool = True) -> Iterator[Database]:
    """The database of the settings, closed at the end of the block.

    Raises Conflict if its schema is not that of this version, unless ``current`` is False.
    """
    database = Database(settings().database_url)
    try:
        if current and not migrate.is_current(database):
            raise Conflict("数据库结构不是最新的，请先运行 liaison migrate")
        yield database
    finally:
        database.dispose()
