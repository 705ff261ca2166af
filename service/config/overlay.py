"""The changes of settings by pages: over the files, under the environment, read by the same rules as the files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from service.config.editable import (
    AREA,
    FLAG,
    LIST,
    MAYBE,
    NAMES,
    SERIES,
    TEXT,
    TIME,
    WHOLE,
    Editable,
    by_name,
)
from service.config.language import RESTARTS
from service.config.office import Office, read_office
from service.config.reader import Table
from service.config.settings import Settings
from service.config.supervision import read_supervision
from service.errors import Finding, Invalid

_TYPES: Mapping[str, tuple[type, str]] = {
    TIME: (str, "文字"),
    TEXT: (str, "文字"),
    AREA: (str, "文字"),
    WHOLE: (int, "整数"),
    MAYBE: (int, "整数，或者不填"),
    FLAG: (bool, "是或否"),
    LIST: (list, "文字的列表"),
    NAMES: (dict, "代码和名称"),
    SERIES: (dict, "编号系列"),
}


def outranked_by(settings: Settings, name: str) -> str:
    """The environment variable that says a setting, or a part of it, and so outranks page and file; '' for none."""
    found = (variable for one, variable in settings.outranked.items() if f"{one}.".startswith(f"{name}."))
    return next(found, "")


def value_of(settings: Settings, name: str) -> Any:
    """The value of a setting as the file would write it; None where a ``MAYBE`` is not set."""
    found: Any = _plain(settings)
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def overlaid(settings: Settings, changed: Mapping[str, Any]) -> Settings:
    """``settings`` with what pages ``changed``: name → value as the file would write it, None takes it out.

    A name that the environment says, or that this version does not know, is passed over. Raises Invalid naming each
    bad value at ``/<name>``.
    """
    known = by_name(settings)
    usable = {name: value for name, value in changed.items() if name in known and not outranked_by(settings, name)}
    if not usable:
        return settings
    data = _plain(settings)
    for name, value in usable.items():
        _put(data, name.split("."), value)
    findings: list[Finding] = []
    root, watch = Table(data, "", findings), Table(data.pop("supervision"), "supervision", findings)
    office, supervision = read_office(root), read_supervision(watch)
    root.close()
    if findings:
        raise _refused(findings, known)
    parts: dict[str, Any] = {one.name: getattr(office, one.name) for one in fields(Office)}
    return replace(settings, **parts, supervision=supervision)


def require_kind(one: Editable, value: Any) -> None:
    """Raises Invalid at ``/<name>`` for a value that is of another kind than the setting."""
    kind, words = _TYPES[one.kind]
    if value is None and one.kind == MAYBE:
        return
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _at(one, f"应为{words}")


def typed(one: Editable, text: str, titles: Mapping[str, str] = MappingProxyType({})) -> Any:
    """The typed value as the file would write it; a code may be typed as its title, by ``titles`` (code → title).

    Raises Invalid at ``/<name>``; ``overlaid`` checks the rest.
    """
    codes = {title: code for code, title in titles.items()}
    text = text.replace("\r\n", "\n").strip()
    if one.kind in (WHOLE, MAYBE):
        if not text and one.kind == MAYBE:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise _at(one, f"请填写{_range(one)}整数")
        return int(text)
    if one.kind == FLAG:
        return text == "yes"
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if one.kind == LIST:
        return lines
    if one.kind == NAMES:
        return {codes.get(code, code): name for code, name in _parted(one, lines, "=", 2, codes)}
    if one.kind == SERIES:
        codes = {name: code for code, name in RESTARTS.items()}
        return {
            code: {"name": name, "format": text, "restart": codes.get(restart, restart)}
            for code, name, text, restart in _parted(one, lines, "|", 4)
        }
    return text


def shown(one: Editable, value: Any, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """A value as it is typed, codes as their ``titles``: what ``typed`` takes back."""
    if value is None:
        return ""
    if one.kind == FLAG:
        return "yes" if value else ""
    if one.kind == LIST:
        return "\n".join(value)
    if one.kind == NAMES:
        return "\n".join(f"{titles.get(code, code)} = {name}" for code, name in value.items())
    if one.kind == SERIES:
        return "\n".join(
            f"{code} | {each['name']} | {each['format']} | {RESTARTS[each['restart']]}" for code, each in value.items()
        )
    return str(value)


def in_words(one: Editable, value: Any, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """A value for people to read in a line, without codes where these have ``titles``; a dash for none."""
    if one.kind == FLAG:
        return "是" if value else "否"
    text = shown(one, value, titles).replace("\n", "；")
    return f"{text} {one.unit}".strip() if text else "—"


def _plain(settings: Settings) -> dict[str, Any]:
    """The office's settings as the files would write them."""
    watch = settings.supervision
    return {
        "office_opens": f"{settings.office_opens:%H:%M}",
        "office_closes": f"{settings.office_closes:%H:%M}",
        "number_format": settings.number_format,
        "circular_format": settings.circular_format,
        "most_instances": settings.most_instances,
        "extension_days": settings.extension_days,
        "counters": {
            one.code: {"name": one.name, "format": one.format, "restart": one.restart}
            for one in settings.counters.values()
        },
        "papers": dict(settings.paper_formats),
        "contact": {one.name: getattr(settings.contact, one.name) for one in fields(settings.contact)},
        "contacts": {"entry_days": settings.contacts.entry_days, "report_days": settings.contacts.report_days},
        "tags": dict(settings.contacts.tags),
        "assessment": {name: int(weight) for name, weight in settings.assessment.items()},
        "process": dict(settings.process),
        "supervision": {
            "urge": {"text": watch.urge_text, "channels": dict(watch.channels)},
            "circular": {"step": watch.circular_step},
            "operations": {"accept": list(watch.accepting), "issue": list(watch.issuing)},
        },
    }


def _put(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *way, last = path
    for part in way:
        data = data.setdefault(part, {})
    if value is None:
        data.pop(last, None)
    else:
        data[last] = value


def _parted(
    one: Editable, lines: Sequence[str], sign: str, count: int, codes: Mapping[str, str] = MappingProxyType({})
) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for number, line in enumerate(lines, 1):
        parts = tuple(part.strip() for part in line.split(sign, count - 1))
        if len(parts) != count or not all(parts):
            raise _at(one, f"第 {number} 行应写成 {count} 项，中间用 {sign} 分开")
        if codes.get(parts[0], parts[0]) in {codes.get(each[0], each[0]) for each in found}:
            raise _at(one, f"第 {number} 行的代码 {parts[0]} 重复")
        found.append(parts)
    return found


def _range(one: Editable) -> str:
    return f" {one.low} 到 {one.high} 之间的" if one.high < 999_999_999 else ""


def _at(one: Editable, message: str) -> Invalid:
    return Invalid("设置没有保存", [Finding(f"/{one.name}", f"{one.label}：{message}")])


def _refused(findings: Sequence[Finding], known: Mapping[str, Editable]) -> Invalid:
    """The same findings at the fields in which people typed."""
    told = []
    for finding in findings:
        one = next((one for name, one in known.items() if f"{finding.path}.".startswith(f"{name}.")), None)
        if one is None:
            told.append(finding)
            continue
        part = finding.path.removeprefix(one.name).strip(".").partition(".")[0].partition("[")[0]
        told.append(Finding(f"/{one.name}", f"{one.label}：{f'{part} ' if part else ''}{finding.message}"))
    return Invalid("设置没有保存：" + "；".join(one.message for one in told), told)
