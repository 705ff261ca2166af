"""The settings of what keeps the service standing and its people apart from strangers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from service.config.reader import Table

SHORTEST_TOKEN = 16
RELAYED = "liaison.relayed"
"""In a request's environment: it did not come straight from who asks, as far as is known."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Throttling of sign-in and API calls, and the largest request body in bytes."""

    sign_in_attempts: int
    sign_in_window: timedelta
    api_per_minute: int
    body_bytes: int


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """When a session of the pages ends by itself: at its ``longest`` age, or so long (``idle``) after its last use."""

    longest: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class Passwords:
    """``change_first``: a password that an administrator chose must be changed at the first sign-in. ``history``: none
    of so many that an account had may be taken again. ``longest_age``: None is no end; ``warned`` is how long before it
    its person is told. A new one has at least ``shortest`` characters, of at least ``classes`` of the five classes."""

    change_first: bool = True
    history: int = 5
    longest_age: timedelta | None = timedelta(days=90)
    warned: timedelta = timedelta(days=14)
    shortest: int = 8
    classes: int = 3


Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxies whose ``X-Forwarded-…`` headers count: those at ``addresses``, or the last ``hops`` before us.

    With both, of so many proxies, and only where the nearest is at one of the addresses. With neither, nobody's.
    """

    addresses: tuple[Network, ...]
    hops: int

    def knows(self, address: str) -> bool:
        """Whether a proxy stands at ``address``."""
        found = address_of(address)
        return found is not None and any(found in network for network in self.addresses)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The callers that may read the metrics: those at one of ``addresses`` itself, or with the bearer ``token``."""

    addresses: tuple[Network, ...]
    token: str = field(repr=False)

    def knows(self, address: str) -> bool:
        """Whether ``address`` may read them."""
        found = address_of(address)
        return found is not None and any(found in network for network in self.addresses)


@lru_cache(maxsize=4096)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """``text`` as an address (a port, brackets and the IPv4 form of IPv6 are taken off); None where it is none."""
    text = text.strip().strip('"')
    if match := re.fullmatch(r"\[([^\]]+)\](:\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", text):
        text = match[1] or match[3]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped if mapped is not None else found


def _networks(table: Table, key: str, usual: tuple[str, ...] = ()) -> tuple[Network, ...]:
    found = []
    for text in table.texts(key) if table.has(key) else usual:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError:
            table.fault(key, f"{text} 不是 IP 地址或网段，应写成 10.0.0.5 或 10.0.0.0/24 的样子")
    return tuple(found)


def proxy(table: Table) -> Proxy:
    """The table ``[proxy]``."""
    found = Proxy(_networks(table, "addresses"), table.integer("hops", 0, low=0, high=10))
    table.close()
    return found


@dataclass(frozen=True, slots=True)
class Traces:
    """The collector of traces (OTLP over HTTP) and how many of a hundred requests are told; '' for none."""

    endpoint: str
    percent: int


def traces(table: Table) -> Traces:
    """The table ``[tracing]``."""
    found = Traces(
        table.text("endpoint", "", pattern=r"(https?://\S+)?", hint="应写成 http://主机:4318/v1/traces 的样子"),
        table.integer("percent", 100, low=1, high=100),
    )
    table.close()
    return found


def metrics(table: Table) -> Metrics:
    """The table ``[metrics]``."""
    token = table.text("token", "")
    if token and len(token) < SHORTEST_TOKEN:
        table.fault("token", f"至少 {SHORTEST_TOKEN} 个字符，请换用更长的随机令牌")
    found = Metrics(_networks(table, "addresses", ("127.0.0.1", "::1")), token)
    table.close()
    return found


def rate_limits(table: Table) -> RateLimits:
    """The table ``[rate_limits]``."""
    limits = RateLimits(
        sign_in_attempts=table.integer("sign_in_attempts", 5, low=1, high=1000),
        sign_in_window=timedelta(minutes=table.integer("sign_in_window_minutes", 15, low=1, high=1440)),
        api_per_minute=table.integer("api_per_minute", 600, low=1, high=1_000_000),
        body_bytes=table.integer("body_bytes", 2_000_000, low=10_000, high=100_000_000),
    )
    table.close()
    return limits


def sessions(root: Table) -> SessionLimits:
    """The part of the settings' top about sessions."""
    return SessionLimits(
        longest=timedelta(hours=root.integer("session_hours", 10, low=1, high=168)),
        idle=timedelta(minutes=root.integer("session_idle_minutes", 30, low=5, high=10_080)),
    )


def passwords(table: Table) -> Passwords:
    """The table ``[passwords]``."""
    days = table.integer("longest_days", 90, low=0, high=3660)
    found = Passwords(
        change_first=table.boolean("change_first", default=True),
        history=table.integer("history", 5, low=0, high=24),
        longest_age=timedelta(days=days) if days else None,
        warned=timedelta(days=table.integer("warn_days", 14, low=0, high=365)),
        shortest=table.integer("shortest", 8, low=8, high=64),
        classes=table.integer("classes", 3, low=1, high=5),
    )
    table.close()
    return found


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the service waits for PostgreSQL, in seconds; 0 waits for ever. SQLite has a wait of its own.

    ``long_statement`` holds in the place of ``statement`` and ``idle_in_transaction`` for work that reads everything:
    verification, backup, restore, export, migration. So does it in the place of ``lock``.
    """

    connect: int = 5
    tcp: int = 15
    statement: int = 60
    lock: int = 15
    idle_in_transaction: int = 60
    long_statement: int = 3600


def timeouts(table: Table) -> Timeouts:
    """The table ``[timeouts]``."""
    usual = Timeouts()
    found = Timeouts(
        connect=table.integer("connect_seconds", usual.connect, low=1, high=300),
        tcp=table.integer("tcp_seconds", usual.tcp, low=0, high=3600),
        statement=table.integer("statement_seconds", usual.statement, low=0, high=86_400),
        lock=table.integer("lock_seconds", usual.lock, low=0, high=86_400),
        idle_in_transaction=table.integer("idle_in_transaction_seconds", usual.idle_in_transaction, low=0, high=86_400),
        long_statement=table.integer("long_statement_seconds", usual.long_statement, low=0, high=604_800),
    )
    table.close()
    return found


def read_url(root: Table) -> str:
    """``read_url``: a PostgreSQL server that is read from alone, such as a standby; '' for none."""
    url = root.text("read_url", "", pattern=r"(postgresql(\+psycopg)?://\S*)?", hint="应以 postgresql+psycopg:// 开头")
    return re.sub(r"^postgresql://", "postgresql+psycopg://", url)
