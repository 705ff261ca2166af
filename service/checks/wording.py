"""The parts of a message that have a name for people: marked where a check writes, spoken where the bundle is known.

A check knows ids; ``speaking.Speaker`` turns each mark into words. Without one, a mark is the id, as an expression that
somebody is typing is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from service.checks.model import Node
from service.processes.rules import one_line

NODE, FLOW, DATA, VALUE, CODE, QUOTE, FORM, TABLE = "node", "flow", "data", "value", "code", "quote", "form", "table"
ROLES, UNITS, ACTIONS, NOTICES, COUNTERS, STEPS = "roles", "units", "actions", "notices", "counters", "steps"
REMINDERS, PERIODS = "reminders", "periods"
"""The lists of CODE."""

_BEGIN, _NEXT, _END = "\ue000", "\ue001", "\ue002"
_MARK = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")
_OWN = re.compile(f"[{_BEGIN}{_NEXT}{_END}]")

Tell = Callable[..., str]
"""The words for a mark: its kind and its parts."""


def _mark(kind: str, *parts: object) -> str:
    return _BEGIN + _NEXT.join((kind, *(_OWN.sub("", str(part)) for part in parts))) + _END


def node(one: Node) -> str:
    """An element of a diagram: 「办理」; one without a name by its kind and what stands beside it."""
    return f"「{one_line(one.name)}」" if one.name.strip() else element(one.file, one.id)


def element(file: str, element_id: str) -> str:
    """The element with an id in a file."""
    return _mark(NODE, file, element_id)


def flow(file: str, flow_id: str) -> str:
    """A sequence flow, by its name or by its ends."""
    return _mark(FLOW, file, flow_id)


def data(name: str) -> str:
    """Data by the label of its field, with the name that people type."""
    return _mark(DATA, name)


def every(names: Iterable[str]) -> str:
    """Several data."""
    return "、".join(data(name) for name in names)


def value(name: str, one: object) -> str:
    """A value of data, by the words of its choice."""
    return _mark(VALUE, name, one if isinstance(one, str) else repr(one), repr(one))


def code(listed: str, one: str) -> str:
    """A code of one of the house's lists, by its name."""
    return _mark(CODE, listed, one)


def codes(listed: str, each: Iterable[str]) -> str:
    """The codes of a list in their order; （无） for none."""
    return "、".join(code(listed, one) for one in sorted(each)) or "（无）"


def quote(kind: str, text: str) -> str:
    """An expression where it stands (``expressions.Use.kind``): in words, or as it is written."""
    return _mark(QUOTE, kind, text)


def form(file: str) -> str:
    """A form by its title."""
    return _mark(FORM, file)


def table(decision_id: str) -> str:
    """A decision table by its name."""
    return _mark(TABLE, decision_id)


def plain(kind: str, *parts: str) -> str:
    """The words for a mark where nothing is known: ids and expressions as they stand."""
    if kind == QUOTE:
        return f"“{parts[1]}”"
    if kind == DATA:
        return f" {parts[-1]} "
    return parts[2] if kind == VALUE else parts[-1]


def marked(message: str) -> bool:
    """Whether a message has a mark."""
    return _BEGIN in message


def told(message: str, tell: Tell = plain) -> str:
    """A message with each mark told."""
    return (
        _OWN.sub("", _MARK.sub(lambda found: tell(*found[1].split(_NEXT)), message)) if _BEGIN in message else message
    )
