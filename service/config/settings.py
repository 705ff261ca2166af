"""The service's settings: ``settings.toml``, overridden by environment variables ``LIAISON_…``.

A setting ``key`` at the top of the file is overridden by ``LIAISON_KEY``, one in ``[table]`` by ``LIAISON_TABLE_KEY``.
Anything unknown or wrong stops the start with its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

from service.config import language, trust
from service.config.accounts import Accounts, SecondFactor, read_accounts, read_second_factor
from service.config.files import Files, read_files
from service.config.keeping import read_keeping
from service.config.language import NumberSeries
from service.config.notifications import FILE as NOTIFICATIONS
from service.config.office import Contact, Contacts, ProcessValue, read_office
from service.config.outside import URL, Mail, Oidc, read_mail, read_oidc
from service.config.reader import FromEnvironment, Table, invalid, read_file
from service.config.sealing import Sealing, read_sealing
from service.config.supervision import Supervision, load_supervision
from service.config.trust import Metrics, Passwords, Proxy, RateLimits, SessionLimits, Timeouts, Traces
from service.config.verifying import Verifying, read_verifying

FILE = "settings.toml"
PREFIX = "LIAISON_"
DEVELOPMENT_SECRET = "development-only-secret-change-me"  # noqa: S105 - production refuses it, below
SHORTEST_SECRET = 32

_TABLES = (
    "access_log",
    "accounts",
    "contact",
    "contacts",
    "counters",
    "tags",
    "assessment",
    "files",
    "process",
    "oidc",
    "rate_limits",
    "mail",
    "wechat",
    "dingtalk",
    "metrics",
    "passwords",
    "proxy",
    "seal",
    "second_factor",
    "studio",
    "timeouts",
    "tracing",
    "verify",
)
# Read by the entry points and the tests themselves; not settings.
_NOT_SETTINGS = re.compile(r"LIAISON_(CONFIG|DISTRICTS|TEST_\w+)")
_DATABASE = r"(sqlite|postgresql(\+psycopg)?)://\S*"


@dataclass(frozen=True, slots=True)
class Studio:
    """``four_eyes``: what one person proposes, a second one publishes. ``scenarios``: all must pass to be published;
    ``proof``: every way of the very content must have been walked, and no fault found."""

    four_eyes: bool
    scenarios: bool
    proof: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. ``process`` is the ``[process]`` table that expressions in diagrams read.

    The office's own are ``counters``, series of numbers, ``paper_formats``, print template → how its papers are
    numbered, and ``notice_kinds``, code → name of notices.
    """

    env: str
    database_url: str = field(repr=False)
    read_url: str = field(repr=False)
    durable: bool
    connections: int
    secret_key: str = field(repr=False)
    bind: str
    public_url: str
    data_dir: Path
    log_level: str
    demo: bool
    sessions: SessionLimits
    token_lifetime: timedelta
    office_opens: time
    office_closes: time
    longest_jump: timedelta
    longest_outage: timedelta
    number_format: str
    circular_format: str
    counters: Mapping[str, NumberSeries]
    paper_formats: Mapping[str, str]
    notice_kinds: Mapping[str, str]
    most_instances: int
    extension_days: int
    contact: Contact
    contacts: Contacts
    assessment: Mapping[str, float]
    process: Mapping[str, ProcessValue]
    oidc: Oidc
    rate_limits: RateLimits
    mail: Mail
    passwords: Passwords
    proxy: Proxy
    metrics: Metrics
    tracing: Traces
    hsts_days: int
    timeouts: Timeouts
    studio: Studio
    seal: Sealing
    verify: Verifying
    access_kept: timedelta
    accounts: Accounts
    second_factor: SecondFactor
    supervision: Supervision
    files: Files
    outranked: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Name of each setting that the environment says, as the file has it (``contact.phone``) → the variable."""

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers may send the cookies over https alone: wherever that is not ruled out by the address."""
        return self.public_url.startswith("https://") or (self.is_production and not self.public_url)

    @property
    def group_opinion_required(self) -> bool:
        """Whether every need asks for the leading group's opinion (X1 box 4), not only one that went to a meeting."""
        return bool(self.process.get("group_opinion_required", False))

    def request_number(self, year: int, seq: int) -> str:
        """The number of the ``seq``-th need accepted in ``year`` (W3), e.g. 2026-需-0001."""
        return self.number_format.format(year=year, seq=seq)

    def circular_number(self, year: int, seq: int) -> str:
        """The number of the ``seq``-th circular issued in ``year`` (W10), e.g. 通报〔2026〕1号."""
        return self.circular_format.format(year=year, seq=seq)


def load(directory: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of ``directory/settings.toml`` under the overrides in ``environ``.

    Relative paths are taken from the directory that holds ``directory``. Raises ``Invalid`` whose findings name every
    unknown or bad setting, or the environment variable that set it.
    """
    data = read_file(directory / FILE)
    findings = Table(data, "", []).findings
    outranked = _override(data, environ)
    root = Table(data, "", findings)
    home = directory.resolve().parent
    env = root.text("env", "development", choices=("development", "production"))
    office = read_office(root)
    data_dir = home / root.text("data_dir", "var")
    settings = Settings(
        env=env,
        database_url=_database_url(root, home),
        read_url=trust.read_url(root),
        durable=root.boolean("durable", default=False),
        connections=root.integer("connections", 0, low=0, high=1000),
        secret_key=root.text("secret_key", DEVELOPMENT_SECRET),
        bind=_bind(root),
        public_url=root.text("public_url", "", pattern=URL, hint="应写成 https://主机名 的样子").rstrip("/"),
        data_dir=data_dir,
        log_level=root.text("log_level", "info", choices=("debug", "info", "warning", "error")),
        demo=root.boolean("demo", default=False),
        sessions=trust.sessions(root),
        token_lifetime=timedelta(days=root.integer("token_days", 365, low=1, high=3660)),
        office_opens=office.office_opens,
        office_closes=office.office_closes,
        longest_jump=timedelta(hours=root.integer("longest_jump_hours", 24, low=1, high=8760)),
        longest_outage=timedelta(days=root.integer("longest_outage_days", 30, low=1, high=3660)),
        number_format=office.number_format,
        circular_format=office.circular_format,
        counters=office.counters,
        paper_formats=office.paper_formats,
        notice_kinds=language.own_kinds(directory / NOTIFICATIONS),
        most_instances=office.most_instances,
        extension_days=office.extension_days,
        contact=office.contact,
        contacts=office.contacts,
        assessment=office.assessment,
        process=office.process,
        oidc=read_oidc(root.table("oidc"), production=env == "production"),
        rate_limits=trust.rate_limits(root.table("rate_limits")),
        mail=read_mail(root.table("mail"), root.table("wechat"), root.table("dingtalk")),
        passwords=trust.passwords(root.table("passwords")),
        proxy=trust.proxy(root.table("proxy")),
        metrics=trust.metrics(root.table("metrics")),
        tracing=trust.traces(root.table("tracing")),
        hsts_days=root.integer("hsts_days", 365, low=0, high=3650),
        timeouts=trust.timeouts(root.table("timeouts")),
        studio=_studio(root.table("studio")),
        seal=read_sealing(root.table("seal"), home=home, data_dir=data_dir),
        verify=read_verifying(root.table("verify")),
        access_kept=read_keeping(root.table("access_log")),
        accounts=read_accounts(root.table("accounts")),
        second_factor=read_second_factor(root.table("second_factor"), home=home, data_dir=data_dir),
        supervision=load_supervision(directory),
        outranked=outranked,
        files=read_files(root.table("files"), home=home, data_dir=data_dir),
    )
    if settings.is_production:
        _check_production(settings, root)
    root.close()
    if findings:
        raise invalid(f"系统设置（{FILE} 与 {PREFIX}… 环境变量）", findings)
    return settings


def _override(data: dict[str, object], environ: Mapping[str, str]) -> Mapping[str, str]:
    """Puts each ``LIAISON_…`` variable in the place of its setting; unknown ones are found as unknown keys later.

    Gives the names of the settings, each with its variable.
    """
    outranked = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or _NOT_SETTINGS.fullmatch(variable):
            continue
        value = FromEnvironment(environ[variable], variable)
        name = variable.removeprefix(PREFIX).lower()
        table = next((table for table in _TABLES if name.startswith(f"{table}_")), None)
        if table is None:
            data[name] = value
            outranked[name] = variable
            continue
        inner, key = data.setdefault(table, {}), name.removeprefix(f"{table}_")
        if isinstance(inner, dict):
            inner[key] = value
            outranked[f"{table}.{key}"] = variable
    return outranked


def _database_url(root: Table, home: Path) -> str:
    url = root.text(
        "database_url",
        "sqlite:///var/liaison.db",
        pattern=_DATABASE,
        hint="应以 sqlite:/// 或 postgresql+psycopg:// 开头",
    )
    relative = re.fullmatch(r"sqlite:///([^/:?][^?]*)(\?.*)?", url)
    if relative and not Path(relative[1]).is_absolute():
        return f"sqlite:///{home / relative[1]}{relative[2] or ''}"
    # Plain postgresql:// would ask for a driver that is not installed.
    return re.sub(r"^postgresql://", "postgresql+psycopg://", url)


def _bind(root: Table) -> str:
    bind = root.text(
        "bind", "127.0.0.1:8000", pattern=r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):[0-9]{1,5}", hint="应写成 主机:端口"
    )
    if not 0 < int(bind.rpartition(":")[2]) < 65536:
        root.fault("bind", "端口应在 1 到 65535 之间")
    return bind


def _studio(table: Table) -> Studio:
    studio = Studio(
        four_eyes=table.boolean("four_eyes", default=False),
        scenarios=table.boolean("scenarios", default=True),
        proof=table.boolean("proof", default=False),
    )
    table.close()
    return studio


def _check_production(settings: Settings, root: Table) -> None:
    if settings.secret_key == DEVELOPMENT_SECRET:
        root.fault("secret_key", "正式环境不能使用默认密钥，请用 LIAISON_SECRET_KEY 设置一个随机密钥")
    elif len(settings.secret_key) < SHORTEST_SECRET:
        root.fault("secret_key", f"正式环境的密钥至少 {SHORTEST_SECRET} 个字符，请换用更长的随机密钥")
    if settings.demo:
        root.fault("demo", "正式环境不能使用演示账号，请设为 false（或 LIAISON_DEMO=false）")
