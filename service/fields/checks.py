"""Checks of what people type into fields. Pure.

Every check adds a finding with the field's path to a ``Checks`` and returns the cleaned value; ``Checks.done()`` raises
``Invalid`` with all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime

from service.errors import Finding, Invalid
from service.spelling import CONTROLS, half_width, one_line, tidy, unusable

UNIT_CODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
EMAIL_ADDRESS = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
PHONE_NUMBER = re.compile(r"\+?[0-9][0-9 \-]{3,24}[0-9]")
FIRST_YEAR, LAST_YEAR = 1940, 2099
NAME_LENGTH = 40
TITLE_LENGTH = 100
PASSAGE_LENGTH = 4000

# Of a name no character may be unreadable or a picture.
_REFUSED_IN_NAMES = CONTROLS | {"Cf", "So", "Zl", "Zp"}


class Checks:
    """Collects what is wrong with one input."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def refuse(self, path: str, message: str) -> None:
        """Notes that the field at ``path`` is wrong."""
        self.findings.append(Finding(path, message))

    def done(self) -> None:
        """Raises ``Invalid`` if anything was refused."""
        if self.findings:
            raise Invalid("填写的内容有误：" + "；".join(finding.message for finding in self.findings), self.findings)

    def name(self, path: str, label: str, value: object) -> str:
        """A person's name: 1 to ``NAME_LENGTH`` readable characters on one line."""
        name = one_line(value) if isinstance(value, str) else value
        return self._text(path, label, name, NAME_LENGTH, _REFUSED_IN_NAMES) or self._missing(path, label, value)

    def text(self, path: str, label: str, value: object, length: int = TITLE_LENGTH) -> str:
        """A text that must be there: one line, at most ``length`` characters."""
        return self._text(path, label, value, length) or self._missing(path, label, value)

    def optional_text(self, path: str, label: str, value: object, length: int = TITLE_LENGTH) -> str | None:
        """A text that may be missing; an empty one counts as missing."""
        return self._text(path, label, value, length) or None

    def optional_half_width(self, path: str, label: str, value: object, length: int = TITLE_LENGTH) -> str | None:
        """A number or code that may be missing; full-width characters become half-width."""
        return self.optional_text(path, label, half_width(value) if isinstance(value, str) else value, length)

    def passage(self, path: str, label: str, value: object, length: int = PASSAGE_LENGTH) -> str:
        """A text of one or more lines that must be there, at most ``length`` characters."""
        return self.optional_passage(path, label, value, length) or self._missing(path, label, value)

    def optional_passage(self, path: str, label: str, value: object, length: int = PASSAGE_LENGTH) -> str | None:
        """A text of one or more lines that may be missing; line ends become ``\\n``."""
        lines = value.replace("\r\n", "\n").split("\n") if isinstance(value, str) else None
        if lines is None:
            return self._text(path, label, value, length) or None
        return self._text(path, label, "\n".join(lines), length, allowed="\n\t") or None

    def code(self, path: str, label: str, value: object) -> str:
        """A code: a lower-case letter, then letters, digits, ``_`` and ``-``, at most 32 characters."""
        if isinstance(value, str) and UNIT_CODE.fullmatch(code := half_width(value)):
            return code
        self.refuse(path, f"{label}须以小写字母开头，只含小写字母、数字、“_”和“-”，最多 32 个字符")
        return ""

    def optional_code(self, path: str, label: str, value: object) -> str | None:
        """A code that may be missing."""
        return None if value in (None, "") else self.code(path, label, value)

    def phone(self, path: str, label: str, value: object) -> str | None:
        """A telephone number that may be missing: digits, spaces and dashes."""
        text = self.optional_half_width(path, label, value)
        if text is not None and not PHONE_NUMBER.fullmatch(text):
            self.refuse(path, f"{label}只能由数字、空格和“-”组成（可以“+”开头），长 5 至 27 位")
        return text

    def email(self, path: str, label: str, value: object) -> str | None:
        """An address for electronic mail that may be missing."""
        text = self.optional_half_width(path, label, value, 254)
        if text is not None and not EMAIL_ADDRESS.fullmatch(text):
            self.refuse(path, f"{label}须写成“用户名@域名”的形式")
        return text

    def day(self, path: str, label: str, value: object) -> date | None:
        """A calendar day that may be missing, in a year that can be meant."""
        if value is None:
            return None
        if not isinstance(value, date) or isinstance(value, datetime):
            self.refuse(path, f"{label}须是日期，写成 2026-01-31 的形式")
            return None
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.refuse(path, f"{label}的年份须在 {FIRST_YEAR} 至 {LAST_YEAR} 之间")
        return value

    def choice(self, path: str, label: str, value: object, choices: Collection[str] | Mapping[str, str]) -> str:
        """One of ``choices``; what a mapping calls them is what a person reads."""
        if isinstance(value, str) and value in choices:
            return value
        names = choices.values() if isinstance(choices, Mapping) else sorted(choices)
        self.refuse(path, f"{label}须是下列之一：{'、'.join(names)}")
        return ""

    def between(self, path: str, label: str, value: object, low: int, high: int) -> int | None:
        """A whole number from ``low`` to ``high`` that may be missing."""
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and low <= value <= high):
            return value
        self.refuse(path, f"{label}须是 {low} 至 {high} 的整数")
        return None

    def flag(self, path: str, label: str, value: object) -> bool:
        """A yes or no."""
        if not isinstance(value, bool):
            self.refuse(path, f"{label}须是“是”或“否”")
        return value is True

    def period(self, starts_on: date, ends_on: date | None) -> None:
        """Two dates in order, both included, in years that can be meant."""
        for path, label, day in (("/starts_on", "开始日期", starts_on), ("/ends_on", "结束日期", ends_on)):
            if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
                self.refuse(path, f"{label}的年份须在 {FIRST_YEAR} 至 {LAST_YEAR} 之间")
        if ends_on is not None and ends_on < starts_on:
            self.refuse("/ends_on", "结束日期不能早于开始日期")

    def _text(
        self,
        path: str,
        label: str,
        value: object,
        length: int,
        refused: Collection[str] = CONTROLS,
        *,
        allowed: str = "",
    ) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(path, f"{label}须是文字")
            return ""
        text = tidy(value).strip()
        if len(text) > length:
            self.refuse(path, f"{label}最多 {length} 个字，现有 {len(text)} 个字")
        elif fault := unusable(text, refused, allowed=allowed):
            self.refuse(path, f"{label}{fault}")
        return text

    def _missing(self, path: str, label: str, value: object) -> str:
        if value is None or isinstance(value, str):
            self.refuse(path, f"{label}不能为空")
        return ""


def merged(checks: Checks, before: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """``before`` with ``changes``; a field that is not among those of ``before`` is refused."""
    for unknown in sorted(set(changes) - set(before)):
        checks.refuse(f"/{unknown}", f"没有可修改的字段“{unknown}”")
    return {key: changes.get(key, value) for key, value in before.items()}
