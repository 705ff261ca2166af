"""How tokens flow through the specs of one process, without data: whether they get stuck, or come twice to a step.

Every choice may go either way. Events that watch a task are left out: they only add ways. An inclusive gateway is
taken for an exclusive one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EndEvent, ExclusiveGateway, InclusiveGateway

from service.engine.specs import EventGateway, Join

Place = tuple[str, str]
"""(element, '') at a step, (join, the way in by which the token came) before a join."""
MOST_STATES = 4000
"""Beyond so many nothing is said: the proof of the version itself has looked at them all."""

_WATCH_END = ".BoundaryEventJoin"


_known: WeakKeyDictionary[Any, dict[tuple[Place, ...], tuple[tuple[str, str], ...]]] = WeakKeyDictionary()
"""By the specs of a process and the places: thousands of cases stand at the same few."""
MOST_KNOWN = 5000


def faults_of(spec: Any, start: Iterable[Place]) -> tuple[tuple[str, str], ...]:
    """(``stuck`` or ``twice``, element) of what can go wrong in the process ``spec`` from ``start`` on; the first of
    each kind."""
    known, places = _known.setdefault(spec, {}), tuple(sorted(start))
    if places not in known:
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[places] = _found(spec.task_specs, places)
    return known[places]


def _found(specs: Mapping[str, Any], start: Iterable[Place]) -> tuple[tuple[str, str], ...]:
    first = _marking(start)
    todo, seen = deque([first]), {first}
    found: dict[str, str] = {}
    while todo and len(seen) < MOST_STATES:
        here = todo.popleft()  # the nearest first: that is what people can follow
        tokens = Counter(dict(here))
        for place, count in tokens.items():
            if count > 1 and _does(specs.get(place[0])):
                found.setdefault("twice", place[0])
        if "twice" in found:
            continue
        moved = False
        for after in _moves(specs, tokens):
            moved = True
            if after not in seen:
                seen.add(after)
                todo.append(after)
        if tokens and not moved:
            found.setdefault("stuck", min(tokens)[0])
    return tuple(sorted(found.items()))


def _does(spec: Any) -> bool:
    """Whether something is done at a node: tokens that meet at a gateway or at the end do no harm."""
    idle = ExclusiveGateway | InclusiveGateway | EventGateway | Join | EndEvent
    return spec is not None and not isinstance(spec, idle)


def _marking(places: Iterable[Place]) -> tuple[tuple[Place, int], ...]:
    return tuple(sorted(Counter(places).items()))


def _moves(specs: Mapping[str, Any], tokens: Counter[Place]) -> Iterator[tuple[tuple[Place, int], ...]]:
    for place in sorted(tokens):
        spec = specs.get(place[0])
        if spec is None:
            continue
        if place[1]:
            ways = [(place[0], name) for name in dict.fromkeys(one.name for one in spec.inputs)]
            if place != min(way for way in tokens if way[0] == place[0] and way[1]):
                continue  # one move of the join is enough
            if any(tokens[way] < 1 for way in ways):
                continue
            left = tokens - Counter(ways)
        else:
            left = tokens - Counter([place])
        for taken in _ways(spec):
            yield _marking((left + Counter(taken)).elements())


def _ways(spec: Any) -> list[list[Place]]:
    """The sets of places that a token of ``spec`` may go on to."""
    outs = [_place(spec, one) for one in spec.outputs if not one.name.endswith(_WATCH_END)]
    ways = [way for way in outs if way is not None]
    if isinstance(spec, ExclusiveGateway | InclusiveGateway | EventGateway):
        return [[way] for way in ways] or [[]]
    return [ways]


def _place(before: Any, spec: Any) -> Place | None:
    """Where a token stands that goes from ``before`` to ``spec``; None where it is over."""
    if spec.name.endswith(".EndJoin"):
        return None
    main = [one for one in spec.outputs if not isinstance(one, BoundaryEvent)]
    if spec.name.endswith(".BoundaryEventSplit"):
        return (main[0].name, "") if main else None
    if isinstance(spec, Join) and len(spec.inputs) > 1:
        return (spec.name, before.name)
    return (spec.name, "")
