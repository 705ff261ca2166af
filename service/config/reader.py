"""Reading an office's TOML files: every mistake is collected, named by its place, and told with the way out.

Offices edit these files by hand, so one run shows all mistakes of a file and nothing is guessed: a key that is not
known is as wrong as a bad value.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from string import Formatter

from service.errors import Finding, Invalid

LARGEST_FILE_BYTES = 1_000_000
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_TRUE = frozenset({"1", "true", "yes", "on", "是"})
_FALSE = frozenset({"0", "false", "no", "off", "否"})


class FromEnvironment(str):
    """The text of an environment variable that stands in for a setting; it still wants the setting's type."""

    __slots__ = ("variable",)
    variable: str

    def __new__(cls, text: str, variable: str) -> FromEnvironment:
        value = super().__new__(cls, text)
        value.variable = variable
        return value


def read_file(path: Path) -> dict[str, object]:
    """The parsed TOML file; ``Invalid`` names the file if it is missing, unreadable or not TOML."""
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "文件不存在" if isinstance(error, FileNotFoundError) else f"无法读取（{error.strerror}）"
        raise invalid(path.name, [Finding(path.name, f"{reason}，请检查路径 {path}")]) from error
    return parse(content, path.name)


def parse(content: bytes, name: str) -> dict[str, object]:
    """``content`` as TOML; ``name`` is what findings call the file."""
    if len(content) > LARGEST_FILE_BYTES:
        raise invalid(name, [Finding(name, f"文件有 {len(content)} 字节，超过上限 {LARGEST_FILE_BYTES} 字节")])
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise invalid(name, [Finding(name, "文件不是 UTF-8 编码，请另存为 UTF-8 后重试")]) from error
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise invalid(name, [Finding(name, f"不是正确的 TOML 格式：{error}")]) from error


def invalid(name: str, findings: Sequence[Finding]) -> Invalid:
    """The error for the file ``name``, whose text already names every place."""
    places = "；".join(f"{finding.path}：{finding.message}" for finding in findings)
    return Invalid(f"{name} 有 {len(findings)} 处错误。{places}", findings)


class Table:
    """One table of a file, read key by key; what was never asked for is unknown.

    Reading never raises: a mistake is added to the shared ``findings`` and a harmless value is returned. The builder of
    the root table raises ``invalid`` once everything has been read.
    """

    def __init__(self, data: Mapping[str, object], path: str, findings: list[Finding]) -> None:
        self._data = data
        self.path = path
        self._asked: dict[str, None] = {}  # in the order of asking
        self.findings = findings

    def place(self, key: str) -> str:
        """How people find ``key``: its path in the file, or the environment variable that set it."""
        value = self._data.get(key)
        if isinstance(value, FromEnvironment):
            return value.variable
        return f"{self.path}.{key}" if self.path else key

    def names(self) -> tuple[str, ...]:
        """The keys of the table, read or not."""
        return tuple(self._data)

    def has(self, key: str) -> bool:
        """Whether ``key`` is there; asking makes it a known key."""
        self._asked[key] = None
        return key in self._data

    def fault(self, key: str, message: str) -> None:
        """Notes a mistake at ``key``."""
        self.findings.append(Finding(self.place(key), message))

    def text(
        self,
        key: str,
        default: str | None = None,
        *,
        pattern: str | None = None,
        hint: str = "",
        choices: Iterable[str] = (),
        longest: int = 500,
    ) -> str:
        """A line of text that matches ``pattern`` as a whole.

        Without ``default`` it must be there; it may be empty only if the default is.
        """
        value = self._take(key, required=default is None)
        if value is None:
            return default or ""
        allowed = tuple(choices)
        if not isinstance(value, str):
            self.fault(key, "应为文字，请加英文双引号")
        elif not value.strip() and default != "":
            self.fault(key, "不能为空")
        elif len(value) > longest or any(ord(character) < 32 for character in value):
            self.fault(key, f"应为一行不超过 {longest} 字的文字")
        elif allowed and value not in allowed:
            self.fault(key, f"“{value}”不在可选值之内，应为：{'、'.join(allowed)}")
        elif pattern and value and not re.fullmatch(pattern, value):
            self.fault(key, f"“{value}”格式不对，{hint or '请参照文件中的说明填写'}")
        else:
            return str(value)
        return default or (allowed[0] if allowed else "")

    def code(self, key: str) -> str:
        """A code: small letters, digits and underscores."""
        return self.text(key, pattern=_CODE.pattern, hint="代码只能用小写字母、数字和下划线，以字母开头", longest=60)

    def boolean(self, key: str, default: bool) -> bool:
        value = self._take(key)
        if isinstance(value, FromEnvironment) and value.strip().lower() in _TRUE | _FALSE:
            return value.strip().lower() in _TRUE
        if value is not None and not isinstance(value, bool):
            self.fault(key, "应为 true（是）或 false（否）")
        return value if isinstance(value, bool) else default

    def integer(self, key: str, default: int | None = None, *, low: int = 0, high: int = 1_000_000) -> int:
        """A whole number from ``low`` to ``high``, both allowed. Without ``default`` it must be there."""
        fallback = low if default is None else default
        value = self._take(key, required=default is None)
        if value is None:
            return fallback
        if isinstance(value, FromEnvironment) and re.fullmatch(r"[+-]?[0-9]{1,15}", value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, f"应为 {low} 到 {high} 之间的整数，不加引号")
        elif not low <= value <= high:
            self.fault(key, f"{value} 超出范围，应在 {low} 到 {high} 之间")
        else:
            return value
        return fallback

    def day(self, key: str, default: date | None = None, *, required: bool = True) -> date | None:
        """A calendar day such as 2027-01-01, written with or without quotes."""
        value = self._take(key, required=required and default is None)
        if value is None:
            return default
        found = as_day(value)
        if found is None:
            self.fault(key, f"“{value}”不是日期，应写成 2027-01-01 的样子")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; from the environment: separated by commas, or written as in the file."""
        value = self._take(key)
        if value is None:
            return ()
        if isinstance(value, FromEnvironment):
            if not value.lstrip().startswith("["):
                return tuple(part.strip() for part in value.replace("，", ",").split(",") if part.strip())
            try:
                value = tomllib.loads(f"one = {value}")["one"]
            except tomllib.TOMLDecodeError:
                value = None
            if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
                self.fault(key, "应为用英文逗号分开的文字，例如 甲,乙")
                return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            self.fault(key, '应为文字的列表，例如 ["甲", "乙"]')
            return ()
        return tuple(value)

    def items(self, key: str) -> list[object]:
        """A list of anything, for the caller to read."""
        value = self._take(key)
        if value is not None and not isinstance(value, list):
            self.fault(key, "应为列表，写在方括号 [ ] 内")
        return value if isinstance(value, list) else []

    def table(self, key: str) -> Table:
        """The table ``[key]``; an absent one reads as empty."""
        value = self._take(key)
        if value is not None and not isinstance(value, dict):
            self.fault(key, f"应为一张表，写成 [{key}]")
        return Table(value if isinstance(value, dict) else {}, self._inner(key), self.findings)

    def tables(self, key: str) -> list[Table]:
        """The tables ``[[key]]`` in their order."""
        found: list[Table] = []
        for index, item in enumerate(self.items(key)):
            place = f"{self._inner(key)}[{index}]"
            if isinstance(item, dict):
                found.append(Table(item, place, self.findings))
            else:
                self.findings.append(Finding(place, f"应为一张表，写成 [[{key}]]"))
        return found

    def value(self, key: str) -> object:
        """The value at ``key``, for the caller to judge."""
        return self._take(key)

    def close(self) -> None:
        """Notes every key that nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                near = get_close_matches(key, list(self._asked), n=1)
                way_out = f"是否想写 {near[0]}？" if near else f"可用的有：{'、'.join(self._asked) or '无'}"
                self.fault(key, f"没有这个设置项。{way_out}")

    def _inner(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _take(self, key: str, *, required: bool = False) -> object:
        self._asked[key] = None
        if required and key not in self._data:
            self.fault(key, "缺少此项，请补上")
        return self._data.get(key)


def as_day(value: object) -> date | None:
    """``value`` (a TOML date or a text such as "2027-01-01") as a day; None if it is neither."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return None


def braces(text: str) -> list[tuple[str, str, str | None]]:
    """The (name, format, conversion) of each ``{…}`` in a format text; ``ValueError`` if its braces do not pair.

    Format texts come from a file: callers allow known names only, for a field like ``{a.__class__}`` reads objects.
    """
    return [(name, spec or "", how) for _, name, spec, how in Formatter().parse(text) if name is not None]
