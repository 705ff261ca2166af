"""The common start of commands: the settings, the organization, the database."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import click
from sqlalchemy.exc import DBAPIError

from service import storage
from service.auth.roles import KEY as ROLES
from service.auth.roles import PASSWORDS, RULES
from service.config import Organization, Settings, load, load_organization
from service.config.editable import CHANGED, STREAM
from service.config.overlay import overlaid
from service.db import Database, migrate
from service.errors import Conflict, Invalid
from service.history import last_of
from service.rights import COMMAND_LINE, Actor, at_command_line
from service.storage.stores import KEY as STORE

LONGEST_NAME = 32
PRODUCT = Path(__file__).resolve().parent.parent.parent
"""The directory of the product, with the processes that it brings."""
_KEY = "liaison.settings"
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
    if started().is_production:
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
    """The directory that holds ``bpmn`` and ``forms``: that beside ``config``, else that of the product."""
    beside = config_directory().resolve().parent
    return beside if (beside / "bpmn").is_dir() else PRODUCT


def started() -> Settings:
    """The settings of the files and the environment; raises Invalid naming each bad one."""
    return load(config_directory(), os.environ)


def settings() -> Settings:
    """The settings in force: the same with what pages have changed, as far as there is a database to ask.

    Raises Invalid naming each bad one.
    """
    known = click.get_current_context().find_root().meta
    if _KEY not in known:
        known[_KEY] = _with_pages(started())
    return cast(Settings, known[_KEY])


def _with_pages(found: Settings) -> Settings:
    database = Database(found.database_url, found.timeouts)
    try:
        if not database.exists():
            return found
        with database.reading() as session:
            event = last_of(session, STREAM, CHANGED)
            changed = None if event is None else dict(event.data["set"])
    except DBAPIError:  # not there, or not migrated yet: who needs it hears so
        return found
    finally:
        database.dispose()
    try:
        return found if changed is None else overlaid(found, changed)
    except Invalid as error:  # as in a process that runs: the page is left out until it is reset
        click.echo(f"{error.message}。设置页上的设定没有采用，见 liaison settings", err=True)
        return found


def organization() -> Organization:
    """The roles, towns, categories and first units; raises Invalid naming each mistake."""
    return load_organization(config_directory())


@contextmanager
def opened(*, current: bool = True) -> Iterator[Database]:
    """The database of the settings, closed at the end of the block.

    Raises Conflict if its schema is not that of this version, unless ``current`` is False.
    """
    chosen = started()
    database = Database(chosen.database_url, chosen.timeouts, read_url=chosen.read_url)
    roles = {role.id: role.rights for role in organization().roles.values()}
    database.session_info.update({ROLES: roles, RULES: chosen.accounts, PASSWORDS: chosen.passwords})
    database.session_info[STORE] = storage.chosen(chosen.files)
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
        wire(database, started(), organization())
        yield database


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def require_current(database: Database) -> None:
    """Raises Conflict if the schema is not that of this version."""
    if not migrate.is_current(database):
        raise Conflict("数据库结构不是最新的，请先运行 liaison migrate")
