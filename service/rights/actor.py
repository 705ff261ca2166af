"""The actor: the one value that every command takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of ``organization.toml``, held for one unit (its code) or, with ``None``, not bound to a unit."""

    role: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """A right (a key of ``RIGHTS``) that an office has given a role; ``scope`` is ``all``, ``unit`` or ``own``."""

    role: str
    right: str
    scope: str


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person with the rights of today.

    ``username`` and ``name`` are always those of who really acts. When somebody acts as the declared substitute (代理),
    ``on_behalf_of`` and ``on_behalf_of_name`` name the represented account, and ``unit``, ``grants`` and
    ``person_id`` are that account's: both names are kept, the rights are the absent person's.

    ``permissions`` are those of roles that an office has added; those of the product's own stand in ``policy``.
    ``separate``: the three administrators are kept apart (三员分立), and each has the rights of that alone.
    """

    username: str
    name: str
    unit: str | None = None
    grants: frozenset[Grant] = field(default_factory=frozenset)
    permissions: frozenset[Permission] = field(default_factory=frozenset, kw_only=True)
    person_id: UUID | None = None
    on_behalf_of: str | None = None
    on_behalf_of_name: str | None = None
    separate: bool = field(default=False, kw_only=True)

    def has_role(self, role: str) -> bool:
        """Whether the actor holds ``role``, for whichever unit."""
        return any(grant.role == role for grant in self.grants)

    def units_of(self, role: str) -> frozenset[str]:
        """The codes of the units for which the actor holds ``role``."""
        return frozenset(grant.unit for grant in self.grants if grant.role == role and grant.unit is not None)

    @property
    def roles(self) -> frozenset[str]:
        """Every role held, units left aside."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def is_system(self) -> bool:
        """Whether this is the service itself (timers, first start, command line)."""
        return service_name(self.username) is not None


SYSTEM = Actor(username="system", name="系统")
"""The service itself: timers, first start. No account can have its name."""

_AT_COMMAND_LINE = "command-line:"

COMMAND_LINE = Actor(username="command-line", name="命令行")
"""The actor at the machine's own command line: it may do everything, and the journal says that it was there."""

SERVICE_NAMES = {one.username: one.name for one in (SYSTEM, COMMAND_LINE)}
"""Sign-in name → name of those who are nobody's account."""


def at_command_line(name: str) -> Actor:
    """The actor at the machine's own command line who works there under ``name``; no account can be called so."""
    return Actor(username=f"{_AT_COMMAND_LINE}{name}", name=f"{COMMAND_LINE.name}（{name}）")


def service_name(username: str) -> str | None:
    """The name of who is nobody's account, also at the command line; None for an account's."""
    if username.startswith(_AT_COMMAND_LINE):
        return at_command_line(username.removeprefix(_AT_COMMAND_LINE)).name
    return SERVICE_NAMES.get(username)
