"""When two states of a case are the same: where tokens stand, the values that still decide, the order of the timers.

Ids, histories and absolute dates are no part of it; slots that differ by nothing else can be exchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.engine.expressions import as_date
from service.engine.tokens import Token
from service.processes.rules import FRAME_NAMES
from service.proof.diagram import Diagram
from service.proof.reading import DAY, EQUAL, HOLDS, ORDER, TRUTH, Fact, Path, at

_MOST_ELEMENTS = 8
SLOT = " [child]"
"""How the engine marks one of the tasks that stand side by side."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A state as the proof compares it: its key; the key of each called process by the scope it runs in; the chain of
    (process, node, token) from the top to each scope; the part of the key about each token by its
    id. ``inner`` is the part of the key about slots, where nothing else can go on, ``outer`` the rest of it,
    ``gathers`` the name under which their results come together; else ''."""

    key: str
    scopes: Mapping[str, str]
    chains: Mapping[str, tuple[tuple[str, str, str], ...]]
    told: Mapping[str, str]
    inner: str = ""
    outer: str = ""
    gathers: str = ""


class Keys:
    """Makes keys of states of one bundle."""

    def __init__(self, diagram: Diagram, units: Collection[str] | None) -> None:
        self.diagram, self.units = diagram, frozenset(units or ())

    def standing(self, top: Token, today: date) -> Standing:
        """The key of the state whose tokens are ``top``, on a day."""
        reader = _Reader(self, today)
        reader.chains[""] = ()
        frame = [
            f"{name}={self.value(name, top.data.get(name), today)}" for name in sorted(FRAME_NAMES & self.diagram.names)
        ]
        key = ";".join([*frame, reader.part(top)])
        return Standing(key, reader.scopes, reader.chains, reader.told, *reader.apart(top, key))

    def is_slot(self, call: tuple[str, str, str]) -> bool:
        """Whether a call is one of several side by side that nothing ends but themselves."""
        node = self.diagram.node(call[0], call[1])
        return node is not None and node.loop is not None and not node.boundaries and self.diagram.separable

    def together(self, top: Token) -> Iterator[Token]:
        """The places of a process that runs and of those that it calls, without those of its slots."""
        for one in inside(top):
            yield one
            if one.called is not None and not self.is_slot((one.process, one.node, one.id)):
                yield from self.together(one.called)

    def values(self, data: Mapping[str, Any], live: Collection[Fact], today: date) -> str:
        """As much of the data as still matters where ``live`` is what may be read."""
        matter = {one.name for one in live if one.holds(data)} - FRAME_NAMES
        said = [f"{name}={self.value(name, data[name], today)}" for name in sorted(matter) if name in data]
        return "{" + ";".join(said) + "}" if said else ""

    def value(self, name: str, value: Any, today: date, path: Path = ()) -> str:
        """As much of a value as anything reads of it."""
        readings = self.diagram.readings.by_name.get(name, {})
        if isinstance(value, Mapping):
            parts = [(one, at(value, one[len(path) :])) for one in sorted(readings) if one[: len(path)] == path]
            return "{" + ",".join(f"{'.'.join(p)}={self._plain(name, p, v, today)}" for p, v in parts) + "}"
        if isinstance(value, list):
            each = sorted(self.value(name, one, today, (*path, "[]")) for one in value[:_MOST_ELEMENTS])
            return "[" + ",".join(each) + "]"
        return self._plain(name, path, value, today)

    def _plain(self, name: str, path: Path, value: Any, today: date) -> str:
        reading = self.diagram.readings.by_name.get(name, {}).get(path)
        kinds = reading.kinds if reading is not None else set()
        constants = reading.constants if reading is not None else []
        if path[-1:] == ("[]",) and not kinds:
            whole = self.diagram.readings.by_name.get(name, {}).get(path[:-1])
            constants = whole.constants if whole is not None else []
        if kinds and kinds <= {TRUTH}:
            return str(bool(value))
        if value is None or isinstance(value, bool):
            return str(value)
        if isinstance(value, int | float):
            return self._number(value, kinds, constants)
        if isinstance(value, Mapping | list):
            return str(bool(value)) if kinds <= {TRUTH, HOLDS} else repr(value)
        if value in constants:
            return repr(value)
        if value in self.units:
            return "<unit>"
        if kinds <= {TRUTH, EQUAL, HOLDS} and constants:
            return "<other>" if value else repr(value)
        day = as_date(value) if isinstance(value, str) and len(value) >= len("2026-01-01") else None
        if day is not None and kinds <= {DAY, TRUTH}:
            return "<future>" if day > today else "<day>"
        if day is not None:
            return "<past>" if day < today else "<future>" if day > today else "<today>"
        return repr(value)

    def _number(self, value: float, kinds: Collection[str], constants: Collection[Any]) -> str:
        known = sorted({one for one in constants if isinstance(one, int | float) and not isinstance(one, bool)})
        if ORDER in kinds and known and not set(kinds) - {ORDER, TRUTH, EQUAL}:
            below = sum(one < value for one in known)
            return f"{'=' if value in known else '>'}{below}"
        return repr(value)


class _Reader:
    def __init__(self, keys: Keys, today: date) -> None:
        self.keys, self.today = keys, today
        self.ranks: Mapping[str, int] = {}
        self.scopes: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self.chains: dict[str, tuple[tuple[str, str, str], ...]] = {}

    def part(self, top: Token) -> str:
        """The key of one process that runs: its tokens; while one waits at a join also where its branches parted.

        Timers stand in the order in which they are due, those of a slot among themselves.
        """
        diagram, around = self.keys.diagram, self.ranks
        if not top.scope or self.keys.is_slot(self.chains[top.scope][-1]):
            moments = sorted({one.moment for one in self.keys.together(top) if one.moment is not None})
            self.ranks = {moment: rank for rank, moment in enumerate(moments)}
        joins = [one for one in inside(top) if one.held and _is_join(diagram, one)]
        waits = (
            frozenset(fact for one in joins for fact in diagram.live_after(one.process, one.node)) if joins else None
        )
        key = "|".join(sorted(self._of(top, waits)))
        self.scopes[top.scope], self.ranks = key, around
        return key

    def _of(self, token: Token, waits: frozenset[Fact] | None) -> list[str]:
        after = [one for child in token.after for one in self._of(child, waits)]
        if token.called is not None:
            self.chains[token.called.scope] = (*self.chains[token.scope], (token.process, token.node, token.id))
        if token.held and token.node:
            return [self._held(token, after)]
        if waits is not None and token.node and len(_going_on(token)) > 1:
            return [f"{token.node}{self._data(token, waits)}({_joined(after)})"]
        return after

    def apart(self, top: Token, key: str) -> tuple[str, str, str]:
        """The slots of the one call that can go on with what they have given so far, the rest of the key, and the name
        of what they give; all '' where there is no such call."""
        held = [one for one in inside(top) if one.held and one.node and not one.spec.endswith(SLOT)]
        calls = [one for one in held if self.keys.is_slot((one.process, one.node, one.id))]
        if len(calls) != 1 or any(one is not calls[0] and not _is_join(self.keys.diagram, one) for one in held):
            return "", "", ""
        [call] = calls
        node = self.keys.diagram.node(call.process, call.node)
        given = node.loop.output_collection if node is not None and node.loop is not None else None
        slots = [f"[{self.scopes[one.called.scope]}]" for one in call.after if one.held and one.called is not None]
        if not slots or given is None:
            return "", "", ""
        value = self.keys.value(given, call.data.get(given), self.today)
        others = {one for one in self.keys.diagram.live_held(call.process, call.node) if one.name != given}
        inner = f"{call.spec}={value}({_joined(slots)})"
        return inner, key.replace(self.told[call.id], self._data(call, others)), given

    def _held(self, token: Token, after: list[str]) -> str:
        diagram = self.keys.diagram
        rank = f"#{self.ranks[token.moment]}" if token.moment is not None else ""
        source = f"<{token.source}" if _is_join(diagram, token) else ""
        called = f"[{self.part(token.called)}]" if token.called is not None else ""
        slot = token.called is not None and token.spec.endswith(SLOT)
        data = "" if slot else self._data(token, diagram.live_held(token.process, token.node))
        found = f"{token.spec}{rank}{source}{data}{called}" + (f"({_joined(after)})" if after else "")
        self.told[token.id] = found
        return found

    def _data(self, token: Token, live: Collection[Fact]) -> str:
        return self.keys.values(token.data, live, self.today)


def _going_on(token: Token) -> list[Token]:
    """The branches from here in which tokens are there still."""
    return [child for child in token.after if any(one.held and one.node for one in inside(child))]


def _joined(parts: list[str]) -> str:
    return "|".join(sorted(parts))


def _is_join(diagram: Diagram, token: Token) -> bool:
    node = diagram.node(token.process, token.node)
    return node is not None and node.type in ("parallelGateway", "inclusiveGateway")


def inside(top: Token) -> Iterator[Token]:
    """All places of one process that runs."""
    yield top
    for one in top.after:
        yield from inside(one)


def every(top: Token) -> Iterator[Token]:
    """All places of a state."""
    for one in inside(top):
        yield one
        if one.called is not None:
            yield from every(one.called)
