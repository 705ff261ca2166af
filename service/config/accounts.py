"""The settings of who may hold which role, of the second factor, and of sessions beside each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from service.config.reader import Table

SYSTEM_NAME = "直联平台"
"""The name under which a telephone's program keeps the second factor, where the settings name none."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """``separate``: the three administrators are kept apart (三员分立). ``by_two``: what one proposes about roles and
    second factors, another approves within ``proposal_lifetime``. ``one_session``: a newer sign-in ends the older."""

    separate: bool = False
    by_two: bool = False
    proposal_lifetime: timedelta = timedelta(days=7)
    one_session: bool = False


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """``roles``: whoever holds one of these must give a code (TOTP) beside the password. ``issuer`` is what the
    telephone shows, ``key_file`` holds the key under which the secrets lie in the database."""

    roles: frozenset[str] = frozenset()
    issuer: str = SYSTEM_NAME
    key_file: Path = field(default=Path("second-factor.key"))


def read_accounts(table: Table) -> Accounts:
    """The table ``[accounts]``."""
    separate = table.boolean("separate_administrators", default=False)
    found = Accounts(
        separate=separate,
        by_two=table.boolean("grants_by_two", default=separate) or separate,
        proposal_lifetime=timedelta(days=table.integer("proposal_days", 7, low=1, high=90)),
        one_session=table.boolean("one_session", default=False),
    )
    table.close()
    return found


def read_second_factor(table: Table, *, home: Path, data_dir: Path) -> SecondFactor:
    """The table ``[second_factor]``; a relative path is taken from ``home``."""
    key_file = table.text("key_file", "")
    found = SecondFactor(
        roles=frozenset(table.texts("required_for")),
        issuer=table.text("issuer", SYSTEM_NAME, longest=40, pattern=r"[^:]*", hint="不能有冒号"),
        key_file=home / key_file if key_file else data_dir / "second-factor.key",
    )
    table.close()
    return found
