"""Scenario 用例: the steps of a rehearsal and what is expected of it, as a file of the bundle's folder says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from service import clock
from service.errors import Finding, Invalid
from service.rehearsal.scenarios.text import Place, Text

MOST_STEPS = 500
STEPS = ("do", "wait", "until", "give_back", "message", "answers")
_KEYS = ("title", "starts", "by", "event", "data", "answers", "calendar", "fill", "steps", "expect")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "do": ("unit", "by", "data", "fill"),
    "wait": (),
    "until": (),
    "give_back": ("from", "unit", "by", "reason"),
    "message": ("data",),
    "answers": (),
}
LISTS, TABLES = ("passed", "notices", "open", "fired"), ("due", "late", "data")
EXPECTED = ("end", *LISTS, *TABLES)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``kind`` of STEPS, what it is about, what is said with it, and the place in the file."""

    kind: str
    about: Any
    said: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as its file says it. ``by`` starts the case (default: who does the first step), with ``data``, at the
    timer start event ``event``; ``fill``: what a form requires and no step says gets a sample; ``calendar`` names
    files of notices beside it."""

    text: Text
    title: str
    starts: datetime
    by: str | None = None
    event: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    calendar: Sequence[str] = ()
    fill: bool = False
    steps: Sequence[Step] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)


def scenario_of(text: Text) -> Scenario:
    """The scenario that a file says. Raises Invalid with a finding a mistake, each with file and line."""
    said = text.value
    if not isinstance(said, dict):
        raise Invalid("用例不完整", [text.finding("用例应写成 title、starts、steps、expect 各项")])
    if findings := list(_wrong(text, said)):
        raise Invalid(f"用例有 {len(findings)} 处写得不对", findings)
    return Scenario(
        text=text,
        title=said["title"],
        starts=moment_of(said["starts"]),
        by=said.get("by"),
        event=said.get("event"),
        data=said.get("data") or {},
        answers=said.get("answers") or {},
        calendar=said.get("calendar") or [],
        fill=said.get("fill") is True,
        steps=[_step(number, one) for number, one in enumerate(said.get("steps") or [])],
        expect=said.get("expect") or {},
    )


def moment_of(text: Any) -> datetime:
    """``2026-03-02T09:30`` (Asia/Shanghai unless it says otherwise). Raises ValueError for anything else."""
    found = datetime.fromisoformat(text if isinstance(text, str) and len(text) > len("2026-03-02") else "")
    if not clock.FIRST_DAY <= found.date() <= clock.LAST_DAY:
        raise ValueError
    return found if found.tzinfo is not None else found.replace(tzinfo=clock.SHANGHAI)


def _step(number: int, said: Mapping[str, Any]) -> Step:
    kind = next(one for one in STEPS if one in said)
    rest = {name: value for name, value in said.items() if name != kind}
    return Step(kind, said[kind], rest, ("steps", number))


def _wrong(text: Text, said: Mapping[str, Any]) -> Iterator[Finding]:
    for name in said:
        if name not in _KEYS:
            yield text.finding(f"不认识 {name}，可以写的是 {'、'.join(_KEYS)}", name)
    if not isinstance(said.get("title"), str):
        yield text.finding("请用 title 写明这个用例是什么情形", "title")
    if not _is_moment(said.get("starts")):
        yield text.finding("请用 starts 写明开始时间，如 2026-03-02T09:30", "starts")
    for name in ("by", "event"):
        if not isinstance(said.get(name, ""), str):
            yield text.finding(f"{name} 应为文字", name)
    for name in ("data", "answers", "expect"):
        if not isinstance(said.get(name) or {}, dict):
            yield text.finding(f"{name} 应写成 名称: 值", name)
    if not isinstance(said.get("fill", False), bool):
        yield text.finding("fill 应为 true 或 false", "fill")
    if not _is_names(said.get("calendar") or []):
        yield text.finding("calendar 应为放假安排文件名的列表", "calendar")
    yield from _wrong_steps(text, said.get("steps") or [])
    if isinstance(said.get("expect"), dict):
        yield from _wrong_expectations(text, said["expect"])


def _wrong_steps(text: Text, steps: Any) -> Iterator[Finding]:
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        yield text.finding(f"steps 应为列表，最多 {MOST_STEPS} 步", "steps")
        return
    for number, one in enumerate(steps):
        kinds = [kind for kind in STEPS if kind in one] if isinstance(one, dict) else []
        if len(kinds) != 1:
            yield text.finding(f"每一步写且只写 {'、'.join(STEPS)} 中的一种", "steps", number)
            continue
        [kind] = kinds
        for name in one:
            if name not in (kind, *_FIELDS[kind]):
                yield text.finding(f"{kind} 这一步不认识 {name}", "steps", number, name)
        if fault := _fault(kind, one):
            yield text.finding(fault, "steps", number)


def _fault(kind: str, one: Mapping[str, Any]) -> str | None:
    about = one[kind]
    if kind == "wait":
        return None if type(about) is int and about > 0 else "wait 应为工作日数，如 wait: 8"
    if kind == "until":
        return None if _is_moment(about) else "until 应为时间，如 2026-03-20T09:00"
    if kind == "answers":
        return None if isinstance(about, dict) else "answers 应写成 动作: 答复"
    if not isinstance(about, str):
        return f"{kind} 应为名称"
    if kind == "give_back" and not isinstance(one.get("reason"), str):
        return "退回请用 reason 写明理由"
    if not isinstance(one.get("data") or {}, dict):
        return "data 应写成 字段: 值"
    wrong = [name for name in ("unit", "by", "from") if not isinstance(one.get(name) or "", str)]
    return f"{wrong[0]} 应为文字" if wrong else None


def _wrong_expectations(text: Text, expect: Mapping[str, Any]) -> Iterator[Finding]:
    for name, value in expect.items():
        if name not in EXPECTED:
            yield text.finding(f"不认识 {name}，可以写的是 {'、'.join(EXPECTED)}", "expect", name)
        elif name in LISTS and not _is_names(value):
            yield text.finding(f"{name} 应为名称的列表", "expect", name)
        elif name in TABLES and not isinstance(value, dict):
            yield text.finding(f"{name} 应写成 名称: 值", "expect", name)
        elif name == "end" and not isinstance(value, str):
            yield text.finding("end 应为结束事件的代码；仍在办的不写 end", "expect", name)
        elif name == "due":
            for label, day in value.items():
                if not (day is None or _is_day(day)):
                    yield text.finding("期限应写成 2026-03-11 的格式", "expect", "due", label)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_moment(value: Any) -> bool:
    try:
        moment_of(value)
    except ValueError:
        return False
    return True


def _is_day(value: Any) -> bool:
    try:
        return date.fromisoformat(value) is not None if isinstance(value, str) else False
    except ValueError:
        return False
