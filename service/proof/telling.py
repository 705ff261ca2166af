"""Words for what a walk has found: the place in the files, the names of elements, the way there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.checks.speaking import titled
from service.checks.wording import element, quote
from service.processes.rules import one_line
from service.proof.diagram import Diagram, Place
from service.proof.explorer import Explorer
from service.proof.findings import Fault
from service.proof.states import Start, Step
from service.proof.ways import as_scenario, in_words

MOST_NAMES = 6
_STEP = re.compile(r"步骤 (\w+)(?= )")
_DATA = re.compile(r"(?<=[\u4e00-\u9fff] )[a-z][a-z0-9_]*(?= ?[\u4e00-\u9fff，；。：]|$)")
"""A name of data alone among Chinese."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes faults of one walk."""

    diagram: Diagram
    walked: Explorer

    def fault(
        self,
        kind: str,
        place: Place,
        message: str,
        *,
        severity: str = "error",
        state: int | None = None,
        steps: tuple[Step, ...] = (),
        start: Start | None = None,
        expect: Mapping[str, Any] | None = None,
    ) -> Fault:
        """A fault at a place; ``steps`` after ``state`` (or after ``start``) lead there, where ``expect`` holds."""
        file, line = self.line(place)
        if state is None and not steps and start is None:
            return Fault(kind, file, line, place[1], message, severity)
        begin = start if start is not None else self.walked.states[state or 0].start
        way = self.walked.way(state, steps)
        title = message.split("。")[0].split("：")[0][:100]
        scenario = as_scenario(title, begin, way, expect or {})
        return Fault(kind, file, line, place[1], message, severity, in_words(self.diagram, begin, way), scenario)

    def line(self, place: Place) -> tuple[str, int]:
        """The file and line of a node, a flow, or (of what is neither) its process."""
        process = self.diagram.processes.get(place[0])
        if process is None:
            return next(iter(sorted(self.diagram.files)), "-"), 1
        part = process.nodes.get(place[1]) or process.flows.get(place[1])
        return process.file, part.line if part is not None else process.line

    def name(self, place: Place) -> str:
        """The name of a node in brackets, or its kind and its neighbours."""
        node = self.diagram.node(*place)
        return titled(node, self.diagram.processes[place[0]]) if node is not None else f"「{place[1]}」"

    def way(self, place: Place) -> str:
        """A sequence flow by its name and its ends."""
        process = self.diagram.processes[place[0]]
        flow = process.flows[place[1]]
        named = f"「{one_line(flow.name)}」" if flow.name else ""
        return f"连线{named}（{self.name((place[0], flow.source))} → {self.name((place[0], flow.target))}）"

    def spoken(self, message: str) -> str:
        """A failure of the engine, its step by name, its expression in words and its data by their labels."""
        speaker = self.diagram.speaker
        for place, node in self.diagram.places():
            for kind, text in self.diagram.written(place[0], node):
                if text and f" {text} " in f"{message} ":
                    message = speaker.spoken(message.replace(text, quote(kind, text), 1), node.id)
        message = _STEP.sub(lambda found: f"步骤{speaker.spoken(element('', found[1]))}", message)
        return _DATA.sub(lambda found: speaker.data(found[0]), message)

    def names(self, places: Iterable[Place]) -> str:
        """The names of some nodes, each once, the first MOST_NAMES."""
        every = list(dict.fromkeys(self.name(one) for one in places))
        return "、".join(every[:MOST_NAMES]) + (f" 等 {len(every)} 处" if len(every) > MOST_NAMES else "")

    def open_at(self, state: int | None) -> Mapping[str, Any]:
        """The expectations of a scenario that leads to a state."""
        if state is None or state >= len(self.walked.states):
            return {}
        there = self.walked.states[state]
        return {"end": there.end} if there.end else {"open": [one.label for one in there.open]}
