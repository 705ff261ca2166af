"""The timeline of a case as staff read it: the steps of its replay, an entry for each thing that somebody did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.attachments import ENTRIES as FILE_ENTRIES
from service.audit.replay import Told
from service.audit.replay.dates import CALENDAR, WHY_MOVED
from service.audit.replay.telling import WHY as WHY_DATES
from service.audit.replay.telling import mentioning, off
from service.clock import local
from service.history import HistoryEvent
from service.ledger.circulars import ENTRIES as CIRCULARS
from service.ledger.circulars import ISSUED
from service.processes.agreed import MOVING
from service.processes.bundles import Compiled
from service.processes.claims import WHY
from service.processes.effects import DUE_CHANGED, ENTERED
from service.processes.fields import ENTRIES
from service.processes.halting import CHOICES
from service.processes.linking import LINKING
from service.processes.moves import KEEP
from service.processes.rules import NAMED, one_line
from service.processes.versions import Versions
from service.usecases.names import Line, Names
from service.web.present import day


@dataclass(slots=True)
class Entry:
    """One entry. ``tone`` is ``late``, ``talk`` or empty; ``then`` what it led to.

    ``unit`` is the name of whose slot it happened in: that of a unit, or the one that the diagram gives the slot.
    ``off`` says why it counts no longer; ``dated``: the replay tells of dates that it set or moved, and why.
    """

    seq: int
    at: datetime
    who: str
    what: str
    text: str = ""
    unit: str = ""
    lines: list[Line] = field(default_factory=list)
    then: list[str] = field(default_factory=list)
    tone: str = ""
    on_behalf_of: str = ""
    kind: str = ""
    off: str = ""
    dated: bool = False


def timeline(steps: Sequence[Told], versions: Versions, names: Names) -> list[Entry]:
    """The steps of a case in the order in which they happened; bookkeeping of the engine is left out.

    Each entry has the names of its day, where ``names`` knows those of then.
    """
    all_names, entries = names, list[Entry]()
    found = sorted(((event, one) for one in steps for event in one.entries), key=lambda each: each[0].seq)
    _learn([event for event, _ in found], names)
    for event, step in found:
        names = all_names.at(local(event.at).date())
        place = step.places.get(event.seq, {})
        if event.kind == ENTERED and entries:
            entries[-1].then.append(_entered(event, names))
            continue
        if event.kind == DUE_CHANGED and step.kind in MOVING and entries:  # 同意延期, 恢复: what they led to
            entries[-1].then.append(_put_off(event, place, names))
            continue
        entry = _tell(event, step, versions.at(event.seq), names)
        if entry is None:
            continue
        whose = _whose(place, names)
        entry.unit = whose if whose not in entry.what else ""
        entry.on_behalf_of, entry.kind = names.person(event.on_behalf_of), event.kind
        if event.seq == step.seq:
            entry.off, entry.dated = off(step), bool(step.due_changes)
        entries.append(entry)
    return entries


def _learn(known: Sequence[HistoryEvent], names: Names) -> None:
    """Asks for all names at once."""
    names.learn(
        usernames=[name for event in known for name in (event.actor, event.on_behalf_of)],
        units=[code for event in known for code in (event.data.get("unit"), event.data.get("slot")) if _is_code(code)],
    )


def _tell(event: HistoryEvent, step: Told, made: Compiled, names: Names) -> Entry | None:
    if event.kind == DUE_CHANGED:
        return _due_changed(event, names, WHY_MOVED.get(step.kind, CALENDAR))
    tell = _TELL.get(event.kind)
    return tell(event, made, names) if tell else None


def _entry(event: HistoryEvent, names: Names, what: str, text: str = "", tone: str = "") -> Entry:
    return Entry(event.seq, event.at, names.person(event.actor), what, text, tone=tone)


def _whose(place: Mapping[str, Any], names: Names) -> str:
    """The holder of the slot in which a step stands: an approval or a timer in it too says whose work it is about."""
    slot = str(place.get("slot") or "")
    return slot.removeprefix(NAMED) if slot.startswith(NAMED) else names.unit(place.get("unit") or slot or None)


def _is_code(value: object) -> bool:
    return isinstance(value, str) and not value.startswith(NAMED)


def _word(event: HistoryEvent) -> str:
    return ENTRIES[event.kind].word


def _step(event: HistoryEvent) -> str:
    return f"「{one_line(event.data.get('name'))}」"


def _completed(event: HistoryEvent, made: Compiled, names: Names) -> Entry:
    data = event.data
    late = data.get("late_days") or 0
    entry = _entry(event, names, f"{_word(event)}{_step(event)}", tone="late" if late else "")
    if late:
        entry.what += f"，超期 {late} 个工作日"
    entry.lines = names.lines(made.form_of(data["process"], data["step"]), data["data"])
    entry.lines += [Line("提示", warning) for warning in data.get("warnings", [])]
    return entry


def _entered(event: HistoryEvent, names: Names) -> str:
    """The step that opened, whose it is, and by when."""
    whose, due, name = _whose(event.data, names), event.data.get("due_on"), one_line(event.data.get("name"))
    provisional = "，暂定" if event.data.get("provisional") else ""
    by = f"，{day(due)}到期{provisional}" if due else ""
    return f"{name}{f'（{whose}）' if whose and whose not in name else ''}{by}"


def _migrated(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    versions = [event.data[name]["version"] for name in ("from", "to")]
    kept = "期限不变" if event.data["due"] == KEEP else f"期限按第 {versions[1]} 版重新计算"
    text = "；".join(part for part in (kept, event.data["reason"]) if part)
    return _entry(event, names, f"{_word(event)}：第 {versions[0]} 版 → 第 {versions[1]} 版", text)


def _commented(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    text = mentioning(str(event.data.get("text", "")), event.data.get("mentions", []), names)
    return _entry(event, names, _word(event), text, tone="talk")


def _copied(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    to = "、".join(names.person(name) for name in event.data.get("to", []))
    return _entry(event, names, f"{_word(event)} {to}", str(event.data.get("note", "")))


def _copy_withdrawn(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    return _entry(event, names, f"撤回对 {'、'.join(names.person(name) for name in event.data.get('to', []))} 的抄送")


def _filed(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    """An entry about an attached file."""
    said = (str(event.data.get(one) or "") for one in ("name", "reason"))
    return _entry(event, names, FILE_ENTRIES[event.kind].word, "：".join(filter(None, said)))


def _urged(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    how = _word(event) if event.data.get("by_hand") else f"逾期自动{_word(event)}"
    return _entry(
        event, names, f"{how}{_step(event)}（第 {event.data.get('n', 1)} 次）", str(event.data.get("text", "")), "late"
    )


def _due_changed(event: HistoryEvent, names: Names, why: str) -> Entry:
    """A date that moved: ``why`` is a key of ``WHY_DATES``, as 回放 calls it."""
    old, new = event.data.get("old_due_on"), event.data.get("due_on")
    provisional = "（暂定）" if event.data.get("provisional") else ""
    return _entry(event, names, f"{WHY_DATES.get(why, '期限调整')}，到期日由 {day(old)} 改为 {day(new)}{provisional}")


def _asked(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    data = event.data
    what = f"{_word(event)}{_step(event)}，由 {day(data['due_on'])} 延至 {day(data.get('asked_due_on') or data['was'])}"
    return _entry(event, names, what, str(data["reason"]))


def _extended(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    data = event.data
    asked = f"（申请延至 {day(data['proposed'])}）" if data["proposed"] and data["proposed"] != data["due_on"] else ""
    late = f"；此前已超期 {data['late_days']} 个工作日，仍算超期" if data["late_days"] else ""
    by = f"（{data['asked_by']}提出）" if data["asked_by"] else ""
    what = f"{_word(event)}{_step(event)}{asked}{late}"
    return _entry(event, names, what, f"{data['reason']}{by}", "late" if late else "")


def _suspended(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    data = event.data
    said = [f"{data[name]}{word}" for name, word in (("asked_by", "提出"), ("approved_by", "同意")) if data.get(name)]
    choice = f"，恢复后{CHOICES[data['due']]}" if data.get("due") in CHOICES else ""
    by = f"（{'，'.join(said)}）" if said else ""
    return _entry(event, names, f"{_word(event)}{choice}", f"{data.get('reason') or ''}{by}")


def _put_off(event: HistoryEvent, place: Mapping[str, Any], names: Names) -> str:
    whose, name = _whose(place, names), one_line(place.get("name"))
    of = f"（{whose}）" if whose and whose not in name else ""
    return f"{name}{of}，{day(event.data['old_due_on'])} → {day(event.data['due_on'])}到期"


def _action(event: HistoryEvent, _made: Compiled, names: Names) -> Entry | None:
    result = event.data.get("result")
    if event.data.get("name") == "issue_number":
        return _entry(event, names, f"受理编号 {result}")
    if event.data.get("name") == "notice" and result is False:
        timed = event.data["parameters"].get("kind") in ("due_soon", "due_today")
        return _entry(event, names, "提醒时间已过，不再提醒" if timed else "没有要告知的人，没有发通知")
    if event.data.get("name") == "issue_circular":
        return _entry(event, names, f"{CIRCULARS[ISSUED].word} {result}", tone="late")
    return None


def _linked(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    """A case that belongs to this one, or no longer does. The page names it to who may know of it."""
    what = {
        "linked": "与另一件事项关联",
        "unlinked": "解除与另一件事项的关联",
        "joined": "并入另一件事项办理",
        "took_in": "有一件事项并入本件办理",
        "parted": "从并入的事项拆出，另行办理",
        "let_out": "并入本件的一件事项拆出，另行办理",
    }[event.kind]
    return _entry(event, names, what, str(event.data.get("note") or event.data.get("reason") or ""))


def _numbered(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    return _entry(event, names, f"{_word(event)} {event.data.get('number', '')}")


def _stamped(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    return _entry(event, names, f"{_word(event)}：{event.data.get('name', '')}", str(event.data.get("title", "")))


def _reassigned(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    what = f"把{_step(event)}{_word(event)}给 {event.data.get('to_name', '')}"
    return _entry(event, names, what, str(event.data.get("reason", "")))


def _claim_ended(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    was, why = event.data.get("was_name"), WHY.get(str(event.data.get("why")), "")
    return _entry(event, names, f"{was}不再领办{_step(event)}，退回待办", f"{was}{why}")


def _returned(event: HistoryEvent, made: Compiled, names: Names) -> Entry:
    target = event.data.get("target", "")
    name = next((label for (_, node), label in made.program.names.items() if node == target), "")
    what = f"把{_step(event)}{_word(event)}到「{one_line(name)}」"
    return _entry(event, names, what, str(event.data.get("reason", "")))


def _plain(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    """The entry of an act on the whole case."""
    return _entry(event, names, _word(event), str(event.data.get("reason") or ""))


def _with_step(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    """The entry of an act on a step."""
    return _entry(event, names, f"{_word(event)}{_step(event)}", str(event.data.get("reason") or ""))


def _fired(event: HistoryEvent, made: Compiled, names: Names) -> Entry:
    """A timer that fired by itself, or that a person brought forward, with the reason."""
    if not event.data.get("by_hand"):
        return _with_name(event, made, names)
    brought = made.program.brings.get((str(event.data["process"]), str(event.data["event"])), "")
    what = f"提前触发「{one_line(event.data.get('name'))}」，提请{one_line(brought)}"
    return _entry(event, names, what, str(event.data.get("reason") or ""), "late")


def _with_name(event: HistoryEvent, _made: Compiled, names: Names) -> Entry:
    """The entry of an event that happened by itself: a timer, an end."""
    return _entry(event, names, f"{_word(event)}：{one_line(event.data.get('name'))}")


_TELL: Mapping[str, Callable[[HistoryEvent, Compiled, Names], Entry | None]] = {
    "started": _plain,
    "completed": _completed,
    "claimed": _with_step,
    "released": _with_step,
    "claim_ended": _claim_ended,
    "acknowledged": _with_step,
    "reassigned": _reassigned,
    "returned": _returned,
    "taken_back": _with_step,
    "commented": _commented,
    "copied": _copied,
    "copy_withdrawn": _copy_withdrawn,
    "copy_read": _plain,
    "file_attached": _filed,
    "file_withdrawn": _filed,
    **dict.fromkeys(LINKING, _linked),
    "urged": _urged,
    "numbered": _numbered,
    "stamped": _stamped,
    "extension_asked": _asked,
    "extension_refused": _asked,
    "extension_dropped": _with_step,
    "extended": _extended,
    "suspended": _suspended,
    "resumed": _plain,
    "terminated": _plain,
    "migrated": _migrated,
    "timer_fired": _fired,
    "action": _action,
    "ended": _with_name,
}
"""How the entries are told of which people read; their words are those of the features that write them."""
