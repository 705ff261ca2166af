"""The common start of commands: the settings, the organization, the database."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import click

from service.auth.roles import PASSWORDS, RULES
from service.config import Organization, Settings, load, load_organization
from service.db import Database, migrate
from service.errors import Conflict, Invalid
from service.rights import COMMAND_LINE, Actor, at_command_line

LONGEST_NAME = 32
_SPACES = re.compile(r"[\s:]+")


def config_directory() -> Path:
    """The directory of the settings, as the command line or ``LIAISON_CONFIG`` says."""
    return cast(Path, click.get_current_context().find_root().obj)


def doer() -> Actor:
    """The actor of this command, by the name that ``--as`` gives, else the system's user.

    Raises Invalid in production where nobody can be named.
    """
    if (found := known_doer()) is not None:
        return found
    if settings().is_production:
        raise Invalid("不知道是谁在操作：请用 liaison --as 姓名 … 写明，日志要记下")
    return COMMAND_LINE


def known_doer() -> Actor | None:
    """The same; None where nobody can be named."""
    name = click.get_current_context().find_root().params.get("as_name") or os.environ.get("SUDO_USER") or _user()
    return at_command_line(_SPACES.sub(" ", name.strip())[:LONGEST_NAME]) if name else None


def _user() -> str | None:
    """The name of the system's user; None where the machine knows none, as in some containers."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None


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
