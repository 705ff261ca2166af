"""The flows of a diagram, as far as they say where a token waits that the journal does not name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from service.engine.program import BPMN_NAMES
from service.engine.xml import parse_xml
from service.processes.bundles import Compiled

CHOICES = ("exclusiveGateway", "inclusiveGateway")
WAITS = ("intermediateCatchEvent", "receiveTask", "parallelGateway", "inclusiveGateway", "eventBasedGateway")


@dataclass(frozen=True, slots=True)
class Flows:
    """Of the processes in one file: element → the elements after it; those at which tokens wait for others or for word
    from outside, those of them that wait for a moment, those that wait for other tokens (``joins``); those after which
    a token takes one way of several; an event → all the events of its gateway, of which one happens; an activity → the
    process that runs inside it."""

    after: Mapping[str, frozenset[str]]
    waits: frozenset[str]
    timed: frozenset[str]
    joins: frozenset[str]
    choices: frozenset[str]
    rivals: Mapping[str, frozenset[str]]
    calls: Mapping[str, str]


@lru_cache(maxsize=256)
def _flows(xml: str) -> Flows:
    root = parse_xml(xml.encode(), name="diagram")
    after: dict[str, set[str]] = {}
    for flow in root.iterfind(".//b:sequenceFlow", BPMN_NAMES):
        after.setdefault(str(flow.get("sourceRef")), set()).add(str(flow.get("targetRef")))

    def ids(*kinds: str) -> list[str]:
        return [str(one.get("id")) for kind in kinds for one in root.iterfind(f".//b:{kind}", BPMN_NAMES)]

    timed = root.iterfind(".//b:intermediateCatchEvent[b:timerEventDefinition]", BPMN_NAMES)
    events = [frozenset(after.get(gateway, ())) for gateway in ids("eventBasedGateway")]
    calls = root.iterfind(".//b:callActivity", BPMN_NAMES)
    return Flows(
        {node: frozenset(nodes) for node, nodes in after.items()},
        frozenset(ids(*WAITS)),
        frozenset(str(one.get("id")) for one in timed),
        frozenset(ids("parallelGateway", "inclusiveGateway")),
        frozenset(ids(*CHOICES)),
        {event: rivals for rivals in events for event in rivals},
        {str(one.get("id")): str(one.get("calledElement")) for one in calls} | {key: key for key in ids("subProcess")},
    )


def drawing_of(made: Compiled, process: str) -> str | None:
    """The process whose drawing shows ``process``: itself, or the one that a sub-process stands in; None for none."""
    if process in made.diagrams:
        return process
    return next((key for key in made.diagrams if process in _flows(made.diagrams[key][1]).calls), None)


def flows_of(made: Compiled, process: str) -> Flows | None:
    """The flows of a process of a definition; None of one that nothing draws."""
    drawn = drawing_of(made, process)
    return _flows(made.diagrams[drawn][1]) if drawn is not None else None


def drawn_in(made: Compiled) -> dict[str, list[str]]:
    """Element → the processes of a definition that draw it."""
    found: dict[str, list[str]] = {}
    for process, node in made.program.names:
        found.setdefault(node, []).append(process)
    return found
