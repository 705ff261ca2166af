"""The results of a step told apart in words: what its re-execution gives, and what the journal says. Pure.

Steps are called by their names, dates and codes are told; of texts that people read only that they differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from service import clock
from service.processes.fields import ENTRIES
from service.processes.rules import one_line

Result = tuple[str, str | None, str]
"""An effect: its kind, the task that it is about, its data as canonical JSON."""
NOTHING = "没有这个结果"
MOST = 4
"""Results that are told; of more the number is."""
_PLAIN: Mapping[str, str] = {
    "name": "步骤",
    "due_on": "到期日",
    "old_due_on": "原到期日",
    "warn_on": "预警日",
    "provisional": "暂定",
    "role": "角色",
    "unit": "单位",
    "stage": "环节",
    "task": "步骤代码",
    "process": "流程",
    "paused": "停表",
    "end": "结束处",
    "notice": "文号",
    "was": "原步骤",
    "handed_on": "换了人",
    "entered_at": "到达时间",
}
"""Parts of a result whose values are told, with their words."""
_OTHER: Mapping[str, str] = {
    "state": "流程状态",
    "passed": "走过的路径",
    "timers": "等待的定时",
    "basis": "到期日的依据",
    "explanation": "到期日的算法",
    "slot": "所属份",
    "scope": "所在份",
    "leader": "领导",
    "person": "人员",
    "kept": "沿用的期限算法",
}
WORDS = frozenset({*_PLAIN, *_OTHER})
"""The parts of results that have words."""


def apart(must: Sequence[Result], have: Sequence[Result]) -> dict[str, str]:
    """``must`` and ``have`` in words: of two lists of results, which differ, the results in which they do."""
    lacking, extra = _without(must, have), _without(have, must)
    if not lacking and not extra:
        return {"must": _several([_called(one) for one in must]), "have": "同样的结果，先后不同"}
    left, right = list[str](), list[str]()
    for one in lacking:
        other = next((each for each in extra if each[:2] == one[:2]), None)
        if other is not None:
            extra.remove(other)
        told = _parts(one, other)
        left.append(told[0])
        right.append(told[1])
    left += [NOTHING for _ in extra]
    right += [_called(one) for one in extra]
    return {"must": _several(left), "have": _several(right)}


def _without(some: Sequence[Result], others: Sequence[Result]) -> list[Result]:
    rest = list(others)
    found = []
    for one in some:
        if one in rest:
            rest.remove(one)
        else:
            found.append(one)
    return found


def _parts(must: Result, have: Result | None) -> tuple[str, str]:
    """A result that should be there, and the one in its place, each by the parts in which they differ."""
    if have is None:
        return _called(must), NOTHING
    wanted, there = _data(must), _data(have)
    names = [name for name in sorted({*wanted, *there}) if wanted.get(name) != there.get(name)]
    if not names:
        return _called(must), "写法不同，含义相同"
    head = _head(must)
    return f"{head}：{_values(wanted, names)}", f"{head}：{_values(there, names)}"


def _values(data: Mapping[str, Any], names: Sequence[str]) -> str:
    return "、".join(_value(name, data.get(name)) for name in names)


def _value(name: str, value: Any) -> str:
    if name in _PLAIN and (value is None or isinstance(value, str | bool | int)):
        return f"{_PLAIN[name]} {_moment(value) if name == 'entered_at' else _said(value)}"
    word = _OTHER.get(name) or _PLAIN.get(name, name)
    if name == "state":
        return f"{word} {str(value)[:12]}…"
    if isinstance(value, list):
        return f"{word} {len(value)} 处"
    return f"{word}不同" if value not in (None, "", {}) else f"没有{word}"


def _said(value: str | bool | int | None) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "无" if value is None or value == "" else one_line(str(value))


def _moment(value: str | bool | int | None) -> str:
    try:
        return f"{clock.local(datetime.fromisoformat(str(value))):%Y-%m-%d %H:%M:%S}"
    except ValueError:  # whatever was written in its place
        return _said(value)


def _called(one: Result) -> str:
    due = _data(one).get("due_on")
    return f"{_head(one)}，{due} 到期" if due else _head(one)


def _head(one: Result) -> str:
    name = _data(one).get("name")
    word = ENTRIES[one[0]].word if one[0] in ENTRIES else one[0]
    return f"{word}「{one_line(name)}」" if name else word


def _several(told: Sequence[str]) -> str:
    more = f"；另有 {len(told) - MOST} 处" if len(told) > MOST else ""
    return "；".join(told[:MOST]) + more if told else "没有结果"


def _data(one: Result) -> dict[str, Any]:
    found = json.loads(one[2])
    return found if isinstance(found, dict) else {}
