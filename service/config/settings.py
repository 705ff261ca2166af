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
from types import MappingProxyType

from service.config import language, trust
from service.config.accounts import Accounts, SecondFactor, read_accounts, read_second_factor
from service.config.keeping import read_keeping
from service.config.language import NumberSeries
from service.config.notifications import FILE as NOTIFICATIONS
from service.config.outside import URL, Mail, Oidc, read_mail, read_oidc
from service.config.reader import FromEnvironment, Table, braces, invalid, read_file
from service.config.sealing import Sealing, read_sealing
from service.config.trust import Metrics, Passwords, Proxy, RateLimits, SessionLimits, Timeouts
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
    "process",
    "oidc",
    "rate_limits",
    "mail",
    "metrics",
    "passwords",
    "proxy",
    "seal",
    "second_factor",
    "studio",
    "timeouts",
    "verify",
)
# Read by the entry points and the tests themselves; not settings.
_NOT_SETTINGS = re.compile(r"LIAISON_(CONFIG|TEST_\w+)")
_DATABASE = r"(sqlite|postgresql(\+psycopg)?)://\S*"

INDICATORS = (
    "quota",
    "contacts",
    "interviews",
    "entered_in_time",
    "opinions_handled",
    "needs_in_time",
    "answers_in_time",
    "reports_in_time",
)
"""The figures of leaders and units that are counted for a year's assessment (O1)."""

TAGS = {"stationed": "驻点直联", "warm_spring": "企业暖春行动", "research": "调研活动"}
"""Joint activities where the settings name none of their own (O3)."""

ProcessValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Contact:
    """How users reach the Talent Office (H2); empty until the office fills it in."""

    name: str
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """The limits of contact records and reports in working days [A], and the joint activities (O3) by code."""

    entry_days: int
    report_days: int
    tags: Mapping[str, str]


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

    The office's own are ``counters``, series of numbers, and ``notice_kinds``, code → name of notices.
    """

    env: str
    database_url: str = field(repr=False)
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
    counters: Mapping[str, NumberSeries]
    notice_kinds: Mapping[str, str]
    most_instances: int
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
    hsts_days: int
    timeouts: Timeouts
    studio: Studio
    seal: Sealing
    verify: Verifying
    access_kept: timedelta
    accounts: Accounts
    second_factor: SecondFactor

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


def load(directory: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of ``directory/settings.toml`` under the overrides in ``environ``.

    Relative paths are taken from the directory that holds ``directory``. Raises ``Invalid`` whose findings name every
    unknown or bad setting, or the environment variable that set it.
    """
    data = read_file(directory / FILE)
    findings = Table(data, "", []).findings
    _override(data, environ)
    root = Table(data, "", findings)
    home = directory.resolve().parent
    env = root.text("env", "development", choices=("development", "production"))
    opens, closes = _office_hours(root)
    data_dir = home / root.text("data_dir", "var")
    settings = Settings(
        env=env,
        database_url=_database_url(root, home),
        secret_key=root.text("secret_key", DEVELOPMENT_SECRET),
        bind=_bind(root),
        public_url=root.text("public_url", "", pattern=URL, hint="应写成 https://主机名 的样子").rstrip("/"),
        data_dir=data_dir,
        log_level=root.text("log_level", "info", choices=("debug", "info", "warning", "error")),
        demo=root.boolean("demo", default=False),
        sessions=trust.sessions(root),
        token_lifetime=timedelta(days=root.integer("token_days", 365, low=1, high=3660)),
        office_opens=opens,
        office_closes=closes,
        longest_jump=timedelta(hours=root.integer("longest_jump_hours", 24, low=1, high=8760)),
        longest_outage=timedelta(days=root.integer("longest_outage_days", 30, low=1, high=3660)),
        number_format=_number_format(root),
        counters=language.series(root.table("counters")),
        notice_kinds=language.own_kinds(directory / NOTIFICATIONS),
        most_instances=root.integer("most_instances", 500, low=1, high=1000),
        contact=_contact(root.table("contact")),
        contacts=_contacts(root.table("contacts"), root.table("tags") if root.has("tags") else None),
        assessment=_assessment(root.table("assessment")),
        process=_process(root.table("process")),
        oidc=read_oidc(root.table("oidc"), production=env == "production"),
        rate_limits=trust.rate_limits(root.table("rate_limits")),
        mail=read_mail(root.table("mail")),
        passwords=trust.passwords(root.table("passwords")),
        proxy=trust.proxy(root.table("proxy")),
        metrics=trust.metrics(root.table("metrics")),
        hsts_days=root.integer("hsts_days", 365, low=0, high=3650),
        timeouts=trust.timeouts(root.table("timeouts")),
        studio=_studio(root.table("studio")),
        seal=read_sealing(root.table("seal"), home=home, data_dir=data_dir),
        verify=read_verifying(root.table("verify")),
        access_kept=read_keeping(root.table("access_log")),
        accounts=read_accounts(root.table("accounts")),
        second_factor=read_second_factor(root.table("second_factor"), home=home, data_dir=data_dir),
    )
    if settings.is_production:
        _check_production(settings, root)
    root.close()
    if findings:
        raise invalid(f"系统设置（{FILE} 与 {PREFIX}… 环境变量）", findings)
    return settings


def _override(data: dict[str, object], environ: Mapping[str, str]) -> None:
    """Puts each ``LIAISON_…`` variable in the place of its setting; unknown ones are found as unknown keys later."""
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or _NOT_SETTINGS.fullmatch(variable):
            continue
        value = FromEnvironment(environ[variable], variable)
        name = variable.removeprefix(PREFIX).lower()
        table = next((table for table in _TABLES if name.startswith(f"{table}_")), None)
        if table is None:
            data[name] = value
            continue
        inner = data.setdefault(table, {})
        if isinstance(inner, dict):
            inner[name.removeprefix(f"{table}_")] = value


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


def _office_hours(root: Table) -> tuple[time, time]:
    clock, hint = r"([01][0-9]|2[0-3]):[0-5][0-9]", "应写成 09:00 的样子（24 小时制）"
    opens = time.fromisoformat(root.text("office_opens", "09:00", pattern=clock, hint=hint))
    closes = time.fromisoformat(root.text("office_closes", "17:30", pattern=clock, hint=hint))
    if opens >= closes:
        root.fault("office_closes", f"下班时间 {closes:%H:%M} 应晚于上班时间 {opens:%H:%M}")
    return opens, closes


def _number_format(root: Table) -> str:
    """The format may hold {year} and {seq} with a width only: anything else could read what it should not."""
    default = "{year}-需-{seq:04d}"
    text = root.text("number_format", default, longest=40)
    try:
        fields = braces(text)
    except ValueError:
        fields = []
    years = [spec for name, spec, how in fields if name == "year" and not how]
    counts = [spec for name, spec, how in fields if name == "seq" and not how]
    good = len(years) == 1 and years[0] == "" and len(counts) == 1 and re.fullmatch(r"(0[1-9]d)?", counts[0] or "")
    if not good or len(fields) != 2:
        root.fault("number_format", "必须含 {year} 和 {seq}（或 {seq:04d}）各一次，不能有其他花括号，例如 " + default)
        return default
    return text


def _contact(table: Table) -> Contact:
    contact = Contact(
        name=table.text("name", "区人才办"),
        phone=table.text("phone", "", pattern=r"[0-9+()（）、 \-转]*", hint="只写数字、空格和 - + ( )"),
        email=table.text("email", "", pattern=r"[^@\s]+@[^@\s]+", hint="应写成 名称@域名"),
        address=table.text("address", ""),
    )
    table.close()
    return contact


def _tags(table: Table) -> dict[str, str]:
    names = {}
    for code in table.names():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", code):
            table.fault(code, "代码只能用小写字母、数字和下划线，以字母开头，最多 32 个字符")
        names[code] = table.text(code, code, longest=20)
    return names


def _contacts(table: Table, tags: Table | None) -> Contacts:
    names = TAGS if tags is None else _tags(tags)
    contacts = Contacts(
        entry_days=table.integer("entry_days", 3, low=0, high=60),
        report_days=table.integer("report_days", 10, low=1, high=120),
        tags=MappingProxyType(names),
    )
    table.close()
    return contacts


def _assessment(table: Table) -> Mapping[str, float]:
    """The weights of the indicators: none, and no score is computed (O1)."""
    found = {name: float(table.integer(name, 0, low=0, high=1000)) for name in INDICATORS if table.has(name)}
    table.close()
    return MappingProxyType(found)


def _process(table: Table) -> Mapping[str, ProcessValue]:
    """The values that expressions read as ``settings.<name>``: the office may add its own."""
    table.boolean("group_opinion_required", default=False)
    values: dict[str, ProcessValue] = {"group_opinion_required": False}
    for name in table.names():
        value = table.value(name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            table.fault(name, "名称只能用小写字母、数字和下划线，以字母开头")
        elif isinstance(value, FromEnvironment):
            values[name] = _plain(value)
        elif isinstance(value, bool | int | float | str):
            values[name] = value
        else:
            table.fault(name, "应为 true/false、数字或文字")
    return MappingProxyType(values)


def _plain(text: FromEnvironment) -> ProcessValue:
    """An environment's text as the value it looks like: true, 12 or words."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else str(text)


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
