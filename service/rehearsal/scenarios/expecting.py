"""The expectations of a scenario, beside what comes of it now: item by item, the old words and the new ones.

Nothing that was expected disappears unnoticed: what came no longer is a change as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from service.rehearsal.scenarios.run import ABOUT_TASKS, data_of
from service.rehearsal.state import State

END, PASSED, OPEN, FIRED, NOTICES = "end", "passed", "open", "fired", "notices"
DUE, LATE, DATA = "due", "late", "data"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of what is expected. ``item`` is ``end``, ``passed``, ``due`` …; ``label`` the step or field that it is
    about, of a list the one before it; ``before`` and ``after`` are what was and what is expected (lists of labels in
    lists, None for nothing). ``named``: it is the draft's own change, and nothing else has become of the case."""

    item: str
    label: str
    before: Any
    after: Any
    named: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """The changes that a draft makes by itself: labels of steps that a scenario takes anew or no longer, tasks (by id)
    that are new or gone, and those whose date is counted otherwise."""

    taken: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()


def came_of(wanted: Mapping[str, Any], state: State, taken: Collection[str] = ()) -> dict[str, Any]:
    """``wanted`` with what came in the place of what was expected; dates of the steps that were ``taken`` anew, too."""
    due = {label: day.isoformat() if day else None for label, day in state.due.items()}
    late = {one.label: one.late_days for one in state.done}
    lists: Mapping[str, list[str]] = {
        PASSED: [one.label for one in state.done],
        OPEN: [one.label for one in state.open],
        FIRED: list(state.fired),
        NOTICES: _notices(wanted.get(NOTICES) or (), state),
    }
    tables: Mapping[str, Mapping[str, Any]] = {DUE: due, LATE: late}
    found: dict[str, Any] = {END: state.end} if state.end else {}
    for name, value in wanted.items():
        if name in lists:
            found[name] = lists[name]
        elif name in tables:
            labels = [*value, *(label for label in taken if name == DUE and label not in value)]
            found[name] = {label: tables[name][label] for label in labels if label in tables[name]}
        elif name == DATA:
            found[name] = {field: one for field in value for one in data_of(field, state)}
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any], named: Named) -> Iterator[Change]:
    """The changes from ``before`` to ``after``, the end first."""
    if before.get(END, "") != after.get(END, ""):
        yield Change(END, "", before.get(END) or None, after.get(END) or None)
    for item in (PASSED, OPEN, FIRED, NOTICES):
        if item in before:
            yield from _of_list(item, before[item] or [], after.get(item) or [], named)
    for item in (DUE, LATE, DATA):
        old, new = before.get(item) or {}, after.get(item) or {}
        for label in [*old, *(one for one in new if one not in old)]:
            if label not in new or label not in old or old[label] != new[label]:
                yield Change(item, label, old.get(label), new.get(label), _is_named(item, label, old, new, named))


def _of_list(item: str, old: Sequence[str], new: Sequence[str], named: Named) -> Iterator[Change]:
    if item == OPEN and sorted(old) == sorted(new):
        return  # side by side, in no order
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            left, came = list(old[a:b]), list(new[c:d])
            own = item == PASSED and set(came) <= named.taken and set(left) <= named.dropped
            yield Change(item, new[c - 1] if c else "", left, came, own)


def _is_named(item: str, label: str, old: Mapping[str, Any], new: Mapping[str, Any], named: Named) -> bool:
    if item != DUE:
        return False
    task = label.partition("/")[0]
    if label not in old:
        return task in named.fresh
    return task in (named.gone if label not in new else named.counted)


def _notices(wanted: Sequence[str], state: State) -> list[str]:
    """The notices that went out, each in the way (``urge`` or ``urge/edu``) in which the scenario tells of its kind."""
    told, found = set(wanted), []
    for one in state.notices:
        if one.kind not in ABOUT_TASKS:
            whole = f"{one.kind}/{one.unit}" if one.unit else one.kind
            found.append(whole if whole in told and one.kind not in told else one.kind)
    return found
