"""The districts (区) that one installation serves: a folder each under ``tenants/``, with its configuration and data.

``tenants/<name>/config/`` is what ``config/`` is to an installation of its own; a file in it may be a link to the one
that all share. ``tenants/<name>/environment`` holds variables ``LIAISON_…`` of this district alone, which stand over
those of the process; in the latter ``{district}`` is the district's name.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog

from service.config.reader import invalid
from service.config.settings import DEVELOPMENT_SECRET, FILE, PREFIX, Settings, load
from service.errors import Finding, Invalid

if TYPE_CHECKING:
    from sqlalchemy import URL

CONFIG, ENVIRONMENT = "config", "environment"
VARIABLE = f"{PREFIX}DISTRICTS"
"""Names the folder of the districts; without it an installation serves one district as ever."""
HOLDER = "{district}"
SECRET = f"{PREFIX}SECRET_KEY"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_LINE = re.compile(r"\s*([A-Z][A-Z0-9_]*)\s*=(.*)")
_OF_THE_PROCESS = frozenset({VARIABLE, f"{PREFIX}CONFIG", f"{PREFIX}BIND"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class District:
    """A district's folder. ``environ`` are the variables of the process, before the district's own."""

    name: str
    folder: Path
    environ: Mapping[str, str]

    @property
    def config(self) -> Path:
        """The directory of its configuration."""
        return self.folder / CONFIG

    def variables(self) -> dict[str, str]:
        """The variables ``LIAISON_…`` that hold for it. Raises Invalid naming a line that is none.

        A secret of the process is not handed on: each district gets one of its own, made from it and the name, so that
        what one has signed means nothing to another.
        """
        own = _read(self.folder / ENVIRONMENT, self.name)
        shared = {
            name: value.replace(HOLDER, self.name)
            for name, value in self.environ.items()
            if name.startswith(PREFIX) and name not in _OF_THE_PROCESS
        }
        given = shared.get(SECRET)
        if given and given != DEVELOPMENT_SECRET and HOLDER not in self.environ[SECRET]:
            shared[SECRET] = hmac.new(given.encode(), f"district:{self.name}".encode(), sha256).hexdigest()
        return {**shared, **own}

    def settings(self) -> Settings:
        """Its settings. Raises Invalid whose text names the district, as do its findings each bad setting."""
        try:
            found = load(self.config, self.variables())
        except Invalid as error:
            raise Invalid(f"区 {self.name}：{error.message}", error.findings) from error
        if (bad := _fault(found)) is not None:
            raise Invalid(f"区 {self.name}：{bad.path} {bad.message}", [bad])
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """The districts that can be served, by name, with their settings; those that cannot, with the reason in words."""

    settings: Mapping[str, tuple[District, Settings]]
    faults: Mapping[str, str]


def find_districts(folder: Path, environ: Mapping[str, str]) -> list[District]:
    """The districts of the folder in the order of their names; what begins with a dot or is no folder is none.

    Raises Invalid for a missing folder, and for a name that is no part of an address.
    """
    if not folder.is_dir():
        raise Invalid(f"没有各区的目录 {folder}：请先建立，或改正 {VARIABLE}", [Finding(VARIABLE, "目录不存在")])
    found = sorted(one.name for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    if bad := [Finding(f"{folder.name}/{name}", NAME_RULE) for name in found if not is_name(name)]:
        raise invalid("各区的目录", bad)
    return [District(name, folder.resolve() / name, environ) for name in found]


NAME_RULE = "区的名称只用小写字母、数字和减号，最多 32 个字符，首尾不用减号"


def is_name(text: str) -> bool:
    """Whether a district may be called so."""
    return _NAME.fullmatch(text) is not None


def find_district(folder: Path, name: str, environ: Mapping[str, str]) -> District:
    """The district called ``name``. Raises Invalid."""
    if not is_name(name) or not (folder / name / CONFIG / FILE).is_file():
        there = "、".join(one.name for one in find_districts(folder, environ)) or "无"
        raise Invalid(f"没有区 {name}（找的是 {folder / name / CONFIG / FILE}）；现有：{there}")
    return District(name, folder.resolve() / name, environ)


def known(folder: Path, environ: Mapping[str, str]) -> Known:
    """All districts, read and held against each other. A district with bad settings is a fault of its own.

    Raises Invalid where two share what must be one's own (a host name, a database, a place of files …), naming both:
    then nobody may start, for nobody knows whose it is.
    """
    found = read_all(folder, environ)
    require_apart({name: settings for name, (_, settings) in found.settings.items()})
    return found


def read_all(folder: Path, environ: Mapping[str, str]) -> Known:
    """All districts, each by itself. Raises Invalid for a bad folder alone."""
    good: dict[str, tuple[District, Settings]] = {}
    faults: dict[str, str] = {}
    for one in find_districts(folder, environ):
        try:
            good[one.name] = (one, one.settings())
        except Invalid as error:
            faults[one.name] = error.message
        except OSError as error:
            faults[one.name] = f"区 {one.name}：不能读取设置（{error}），请检查文件和目录的权限"
        except Exception as error:  # a defect of ours must not stop the others
            log.exception("district_not_read", district=one.name)
            faults[one.name] = f"区 {one.name}：不能读取设置（{type(error).__name__}），详情见技术日志"
    return Known(good, faults)


def require_apart(settings: Mapping[str, Settings], *, of: str | None = None) -> None:
    """Raises Invalid where two of the districts share what must be one's own, naming both; with ``of``, where that
    district is one of the two."""
    if shared := [finding for names, finding in _shared(settings) if of is None or of in names]:
        raise invalid("各区的设置", shared)


def host_of(address: str) -> str:
    """The host name in an address, as browsers ask for it: small, without port, 汉字 as IDNA; '' for none."""
    return plain_host(urlsplit(address).hostname or "") if address else ""


def plain_host(text: str) -> str:
    """A ``Host`` header's name in the same form; '' where it is none."""
    host = text.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0].strip("[")
    host = host.partition(":")[0] if host.count(":") <= 1 else host
    host = host.rstrip(".")
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return ""


def _files(settings: Settings) -> str:
    place = settings.files.place
    return f"{settings.files.endpoint} {place.rstrip('/')}" if place.startswith("s3:") else _path(Path(place))


def _path(path: Path | None) -> str:
    return "" if path is None else str(path.resolve())


def _fault(settings: Settings) -> Finding | None:
    """The setting by which a district cannot be told from the others, if there is one."""
    for name, (_, value) in OWN.items():
        try:
            value(settings)
        except (ValueError, OSError):  # an address that cannot be taken apart, a path that leads nowhere
            return Finding(name, "写得不对，请改正")
    if not host_of(settings.public_url):
        return Finding("public_url", "必须填写本区的网址，按其中的主机名分辨是哪个区")
    if _read_places(settings) and _named(settings.read_url) != _named(settings.database_url):
        return Finding("read_url", "和 database_url 的数据库名不同：备库与主库同名，请改正（可用 {district} 代表区名）")
    return None


_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1", "/var/run/postgresql", "/run/postgresql", "/tmp"})  # noqa: S108
_PORT = "5432"


def _places(address: str) -> set[str]:
    """Where a database stands, without who asks and how: one place for each host that may be asked for it."""
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        return {_path(Path(url.database))} if url.database else set()
    hosts = _all(url.query.get("host") or url.query.get("hostaddr") or url.host or "")
    ports = _all(url.query.get("port") or str(url.port or _PORT))
    told = set()
    for number, host in enumerate(hosts):
        plain, _, own = host.partition(":") if host.count(":") == 1 else (host, "", "")
        plain = plain.lower().strip("[]").rstrip(".")
        plain = plain if plain not in _LOCAL else "localhost"
        port = own or (ports[number] if number < len(ports) else ports[0]) or _PORT
        told.add(f"{plain}:{port}/{_named(address)} {' '.join(_all(url.query.get('options', '')))}".strip())
    return told


def _read_places(settings: Settings) -> set[str]:
    """The same for reading alone; a SQLite database has none."""
    beside = settings.read_url and not settings.database_url.startswith("sqlite")
    return _places(settings.read_url) if beside else set()


def _named(address: str) -> str:
    """The name of a database at its server; PostgreSQL takes the user's where it is not told."""
    url = _url(address)
    return unquote(",".join(_all(url.query.get("dbname") or url.database or url.username or "")))


def _url(address: str) -> URL:
    from sqlalchemy.engine import make_url  # a command without a database need not wait for it
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(address)
    except ArgumentError as error:
        raise ValueError from error


def _all(told: str | Iterable[str]) -> list[str]:
    """The parts of a value of an address, which may stand there twice, or with commas."""
    return told.split(",") if isinstance(told, str) else [part for one in told for part in one.split(",")]


def _one(text: str) -> set[str]:
    return {text} if text else set()


OWN: Mapping[str, tuple[str, Callable[[Settings], set[str]]]] = {
    "public_url": ("主机名", lambda one: _one(host_of(one.public_url))),
    "database_url": ("数据库", lambda one: _places(one.database_url)),
    "read_url": ("只读数据库", _read_places),
    "data_dir": ("数据目录", lambda one: _one(_path(one.data_dir))),
    "files.place": ("附件存放处", lambda one: _one(_files(one))),
    "seal.key_file": ("封存密钥", lambda one: _one(_path(one.seal.key_file))),
    "seal.witness": ("见证目录", lambda one: _one(_path(one.seal.witness))),
    "second_factor.key_file": ("动态口令密钥", lambda one: _one(_path(one.second_factor.key_file))),
    "secret_key": ("密钥", lambda one: set() if one.secret_key == DEVELOPMENT_SECRET else _one(one.secret_key)),
}
"""Setting → its name in words, and what no other district may have too; nothing where there is nothing to share."""


def _shared(settings: Mapping[str, Settings]) -> Iterator[tuple[list[str], Finding]]:
    """The names of those that share something, and what it is."""
    for setting, (words, value) in OWN.items():
        owners: dict[str, list[str]] = {}
        for name, one in settings.items():
            for key in value(one):
                owners.setdefault(key, []).append(name)
        for names in dict.fromkeys(tuple(names) for names in owners.values() if len(names) > 1):
            said = f"{_listed(names)} 的{words}相同；每个区必须有自己的，请改正后再启动"
            yield list(names), Finding(setting, said)
    written = [(name, key) for name, one in settings.items() for key in _places(one.database_url)]
    for name, one in settings.items():
        asked = _read_places(one)
        for other in dict.fromkeys(owner for owner, key in written if key in asked and owner != name):
            yield [name, other], Finding("read_url", f"区 {name} 的只读数据库是区 {other} 的数据库，请改正后再启动")


def _listed(names: Iterable[str]) -> str:
    return "、".join(f"区 {name}" for name in names)


def _read(path: Path, district: str) -> dict[str, str]:
    """``NAME=value`` lines, as in an EnvironmentFile of systemd; empty lines and those with ``#`` say nothing."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"区 {district}：不能读取 {ENVIRONMENT} 文件，请检查权限和编码（应为 UTF-8）") from error
    found, faults = {}, []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        said = _LINE.fullmatch(line)
        if said is None or not said[1].startswith(PREFIX) or said[1] in _OF_THE_PROCESS:
            name = f"，{said[1]} 不能写在这里" if said is not None else ""
            faults.append(Finding(f"{ENVIRONMENT} 第 {number} 行", f"应写成 LIAISON_名称=值{name}"))
            continue
        value = said[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[said[1]] = value[1:-1] if quoted else value
    if faults:
        raise invalid(f"区 {district} 的 {ENVIRONMENT} 文件", faults)
    return found
