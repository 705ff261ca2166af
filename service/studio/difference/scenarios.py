"""Changes in scenarios: which step is taken otherwise, which field is filled in otherwise, what else is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from service.errors import Invalid
from service.rehearsal.scenarios.expecting import DATA, DUE, END, FIRED, LATE, NOTICES, OPEN, PASSED
from service.rehearsal.scenarios.shape import Scenario, Step, scenario_of
from service.rehearsal.scenarios.text import read
from service.studio.difference import others
from service.studio.difference.names import Names
from service.studio.difference.shape import CHANGED, Change, quoted, turned, value

FOLDER = "scenarios/"
_LISTS: Mapping[str, str] = {
    PASSED: "应办过的步骤",
    OPEN: "最后应待办的步骤",
    FIRED: "应触发的定时",
    NOTICES: "应发出的提醒",
}
_SAID: Mapping[str, str] = {"reason": "退回的理由", "from": "从哪一步退", "unit": "哪一份", "by": "由谁办"}


def changes(
    before: Mapping[str, bytes], after: Mapping[str, bytes], mine_named: Names, theirs_named: Names
) -> Iterator[Change]:
    """One change a scenario that is other than before. One that cannot be read is told as a file."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        lines = None if old is None or new is None else _lines(name, old, new, mine_named, theirs_named)
        if lines is None:
            pair = ({name: old} if old is not None else {}, {name: new} if new is not None else {})
            yield from others.changes(*pair)
        else:
            yield Change(CHANGED, name, name, name, tuple(lines))


def _lines(name: str, old: bytes, new: bytes, mine: Names, theirs: Names) -> list[str] | None:
    """The sentences about a scenario; None where one of both cannot be read."""
    try:
        was, now = scenario_of(read(old, name)), scenario_of(read(new, name))
    except Invalid:
        return None
    told = list(_told(was, now, mine, theirs))
    return [f"用例「{now.title}」：{line}" for line in told] or [
        f"用例「{now.title}」只改了写法，走法和应有的结果没有变"
    ]


def _told(was: Scenario, now: Scenario, mine: Names, theirs: Names) -> Iterator[str]:
    if was.title != now.title:
        yield turned("名称", value(was.title), value(now.title))
    if was.starts != now.starts:
        yield turned("开始的时间", _moment(was.starts.isoformat()), _moment(now.starts.isoformat()))
    if was.by != now.by:
        yield turned("由谁发起", mine.who(was.by), theirs.who(now.by))
    if was.event != now.event:
        yield turned("由哪个定时开始", mine.step(was.event or ""), theirs.step(now.event or ""))
    yield from _fields("开始时带来的", was.data, now.data, mine, theirs)
    yield from _answers("", was.answers, now.answers, mine, theirs)
    if list(was.calendar) != list(now.calendar):
        yield turned("放假安排", value("、".join(was.calendar)), value("、".join(now.calendar)))
    if was.fill != now.fill:
        yield "没有写明的必填项改为由系统填样例" if now.fill else "没有写明的必填项不再由系统填样例"
    yield from _steps(was.steps, now.steps, mine, theirs)
    yield from _expected(was.expect, now.expect, mine, theirs)


# --- Steps -----------------------------------------------------------------------------------------------------------


def _steps(was: Sequence[Step], now: Sequence[Step], mine: Names, theirs: Names) -> Iterator[str]:
    old, new = [_key(one) for one in was], [_key(one) for one in now]
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            for before, after, at in zip(was[a:b], now[c:d], range(c, d), strict=True):
                place = f"第 {at + 1} 步，{_step(after, theirs, full=False)}："
                yield from (f"{place}{line}" for line in _same_step(before, after, mine, theirs))
            continue
        for one in was[a:b]:
            yield f"少了一步：{_step(one, mine)}"
        where = f"在{_step(now[c - 1], theirs, full=False)}之后" if c else "在最前面"
        for one in now[c:d]:
            yield f"{where}多了一步：{_step(one, theirs)}"
            where = f"在{_step(one, theirs, full=False)}之后"


def _key(one: Step) -> tuple[str, str, str]:
    """Steps of one key are the same step: how long it waits and what is filled in are told within it."""
    named = one.about if one.kind in ("do", "give_back", "message") else ""
    return one.kind, str(named), str(one.said.get("unit") or "")


def _step(one: Step, names: Names, *, full: bool = True) -> str:
    """A step of a scenario in words; with what is filled in where it is told ``full``."""
    unit = one.said.get("unit")
    label = f"{one.about}/{unit}" if unit else str(one.about)
    if one.kind == "do":
        step = str(one.about)
        filled = [f"{names.field(name, step)}填{names.filled(name, said, step)}" for name, said in _data(one).items()]
        return f"办{names.step(label)}" + (f"（{'，'.join(filled)}）" if filled and full else "")
    if one.kind == "wait":
        return f"过 {one.about} 个工作日" if full else "等几个工作日"
    if one.kind == "until":
        return f"到 {_moment(str(one.about))}" if full else "等到某个时间"
    if one.kind == "give_back":
        return f"退回到{names.step(label)}"
    return f"收到消息{value(one.about)}" if one.kind == "message" else "系统动作从此这样答复"


def _same_step(before: Step, after: Step, mine: Names, theirs: Names) -> Iterator[str]:
    if before.kind == "wait" and before.about != after.about:
        yield f"由 {before.about} 个工作日改为 {after.about} 个工作日"
    if before.kind == "until" and before.about != after.about:
        yield f"由 {_moment(str(before.about))} 改为 {_moment(str(after.about))}"
    if before.kind == "answers":
        yield from _answers("", before.about, after.about, mine, theirs)
    for name, title in _SAID.items():
        was, now = before.said.get(name), after.said.get(name)
        if was != now:
            said: Callable[[Names, Any], str] | None = {"by": Names.who, "from": Names.step}.get(name)
            yield turned(title, said(mine, was) if said else value(was), said(theirs, now) if said else value(now))
    if bool(before.said.get("fill")) != bool(after.said.get("fill")):
        yield "没有写明的必填项改为由系统填样例" if after.said.get("fill") else "没有写明的必填项不再由系统填样例"
    yield from _fields("", _data(before), _data(after), mine, theirs, str(after.about))


def _data(one: Step) -> Mapping[str, Any]:
    return one.said.get("data") or {}


def _fields(
    said: str, was: Mapping[str, Any], now: Mapping[str, Any], mine: Names, theirs: Names, step: str = ""
) -> Iterator[str]:
    for name in [*now, *(one for one in was if one not in now)]:
        title = f"{said}{(theirs if name in now else mine).field(name, step)}"
        if name not in now:
            yield f"{title}不再写明（原为{mine.filled(name, was[name], step)}）"
        elif name not in was:
            yield f"{title}写明为{theirs.filled(name, now[name], step)}"
        elif was[name] != now[name]:
            yield f"{title}由{mine.filled(name, was[name], step)}改为{theirs.filled(name, now[name], step)}"


def _answers(said: str, was: Mapping[str, Any], now: Mapping[str, Any], mine: Names, theirs: Names) -> Iterator[str]:
    for name in [*now, *(one for one in was if one not in now)]:
        if was.get(name) != now.get(name):
            names = theirs if name in now else mine
            old, new = (value(None) if name not in one else names.filled("", one[name]) for one in (was, now))
            yield turned(f"{said}系统动作{names.action(name)}的答复", old, new)


# --- What is expected ------------------------------------------------------------------------------------------------


def _expected(was: Mapping[str, Any], now: Mapping[str, Any], mine: Names, theirs: Names) -> Iterator[str]:
    if was.get(END) != now.get(END):
        before, after = (
            names.step(one[END]) if one.get(END) else "“仍在办”" for names, one in ((mine, was), (theirs, now))
        )
        yield turned("应有的结束", before, after)
    for item, title in _LISTS.items():
        if was.get(item) != now.get(item):
            yield from _listed(item, title, was.get(item), now.get(item), mine, theirs)
    for item in (DUE, LATE, DATA):
        old, new = was.get(item) or {}, now.get(item) or {}
        for label in [*new, *(one for one in old if one not in new)]:
            if (label in old, old.get(label)) != (label in new, new.get(label)):
                names = theirs if label in new else mine
                before, after = (
                    _wanted(item, label, side[label], each) if label in side else value(None)
                    for side, each in ((old, mine), (new, theirs))
                )
                yield turned(_about(item, label, names), before, after)


def _about(item: str, label: str, names: Names) -> str:
    if item == DATA:
        return f"应有的数据{names.field(label)}"
    return f"{names.step(label)}应有的{'期限' if item == DUE else '逾期'}"


def _wanted(item: str, label: str, one: Any, names: Names) -> str:
    if item == DUE:
        return f"“{one}”" if one else "“没有期限”"
    return f"“{one} 个工作日”" if item == LATE else names.filled(label, one)


def _listed(
    item: str, title: str, was: Sequence[str] | None, now: Sequence[str] | None, mine: Names, theirs: Names
) -> Iterator[str]:
    def told(names: Names, labels: Sequence[str]) -> str:
        said = names.notice if item == NOTICES else names.step
        return "、".join(map(said, labels))

    if was is None or now is None:
        side, names = (now, theirs) if now is not None else (was, mine)
        yield f"{title}{'新写为' if was is None else '不再核对，原为'}{told(names, side or ()) or '“没有”'}"
        return
    old, new = (sorted(was), sorted(now)) if item == OPEN else (list(was), list(now))
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        where = f"，{told(theirs, new[c - 1 : c])}之后" if c and item != OPEN else ""
        gone, came = told(mine, old[a:b]), told(theirs, new[c:d])
        parts = [*([f"少了{gone}"] if gone else []), *([f"多了{came}"] if came else [])]
        yield f"{title}{where}{'，'.join(parts)}"
    if item == OPEN and old == new:
        yield f"{title}只换了先后"


def _moment(text: str) -> str:
    return quoted(text.replace("T", " ")[:16])
