"""The parts of a drawing that no way passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.checks.model import ProcessModel
from service.proof.diagram import Place
from service.proof.findings import TIMER, UNPASSED, Fault
from service.proof.telling import Teller

_Edge = tuple[Place, str, Place, int | None]
"""Something drawn, why nothing passes it, what lies behind it, the state nearest to it."""


class Missing:
    """The parts of a drawing that a walk did not come past."""

    def __init__(self, teller: Teller, failed: Sequence[Place]) -> None:
        self.teller, self.diagram, self.walked = teller, teller.diagram, teller.walked
        self.reached = set(teller.walked.nodes) | set(teller.walked.entered)
        self.failed = set(failed)

    def timers(self) -> Iterator[Fault]:
        """Timers that wait and never fire."""
        for place, node in self.diagram.places():
            if node.event != "timer" or node.type == "startEvent" or place in self.walked.nodes:
                continue
            host = (place[0], node.attached_to) if node.attached_to else place
            watched = self.diagram.node(*host)
            events = {place[1], *(watched.boundaries if watched is not None else ())}
            behind = {one for event in events for one in self._beyond((place[0], event))}
            if host in self.reached and not self.failed & behind:  # what failed kept the later ones from firing
                state = self.walked.entered.get(host, self.walked.nodes.get(host))
                name = self.teller.name(place)
                message = f"定时{name}在任何情形下都不会触发。请核对时间，以及是否有更早的定时先中断了这一步"
                yield self.teller.fault(TIMER, place, message, state=state, expect=self.teller.open_at(state))

    def unpassed(self) -> Iterator[Fault]:
        """Flows never taken, and elements that no way comes to; what lies behind them is named with them."""
        explained = self._explained()
        if not self.walked.states:
            return  # nothing could begin, and why is told
        for place, words, target, state in [*self._untaken(), *self._unstarted()]:
            behind = [one for one in sorted(self._beyond(target)) if one not in self.reached]
            explained |= set(behind)
            more = f"，因此{self.teller.names(behind)}也走不到" if behind else ""
            message = f"{words}{more}。请核对条件里的值和顺序，用不到的请删去"
            yield self.teller.fault(UNPASSED, place, message, state=state, expect=self.teller.open_at(state))
        for place, node in self.diagram.places():
            if place not in self.reached and place not in explained and node.type != "boundaryEvent":
                message = f"没有一种情形会走到{self.teller.name(place)}。请接上连线，用不到的请删去"
                yield self.teller.fault(UNPASSED, place, message)

    def _untaken(self) -> Iterator[_Edge]:
        """The flows that no way takes although it comes past the node before them."""
        for process in self.diagram.processes.values():
            for flow in process.flows.values():
                source, target = (process.id, flow.source), (process.id, flow.target)
                if source in self.walked.nodes and not self._moved(process, flow.source, flow.target):
                    words = f"没有一种情形会走{self.teller.way((process.id, flow.id))}"
                    yield (process.id, flow.id), words, target, self.walked.nodes[source]

    def _unstarted(self) -> Iterator[_Edge]:
        """The calls that never start what they call."""
        for place, node in self.diagram.places():
            inner = self.diagram.processes.get(node.called or "")
            if inner is None or place not in self.reached:
                continue
            if not any((inner.id, start.id) in self.reached for start in inner.starts()):
                words = f"{self.teller.name(place)}里面的步骤从来没有开始过：办理的名单总是空的"
                state = self.walked.nodes.get(place, self.walked.entered.get(place))
                yield place, words, (inner.id, next((one.id for one in inner.starts()), "")), state

    def _explained(self) -> set[Place]:
        """The places behind what nobody comes past, and behind timers that never fire: those are told already."""
        found: set[Place] = set()
        for place in (self.reached - set(self.walked.nodes)) | self.failed:
            found |= self._beyond(place)
        for place, node in self.diagram.places():
            if node.event == "timer" and place not in self.walked.nodes:
                found |= self._beyond(place)
        return found

    def _moved(self, process: ProcessModel, source: str, target: str) -> bool:
        node = process.nodes.get(source)
        alone = node is not None and len(node.outgoing) == 1
        if (process.id, source, target) in self.walked.moves:
            return True
        return alone and (process.id, target) in self.reached

    def _beyond(self, place: Place) -> set[Place]:
        """The places behind a place, in called processes too."""
        found: set[Place] = set()
        waiting = [place]
        while waiting:
            one = waiting.pop()
            process = self.diagram.processes.get(one[0])
            if one in found or process is None or one[1] not in process.nodes:
                continue
            found.add(one)
            waiting += [(process.id, after.id) for after in process.after(one[1])]
            called = self.diagram.processes.get(process.nodes[one[1]].called or "")
            waiting += [(called.id, start.id) for start in called.starts()] if called is not None else []
            if process.nodes[one[1]].type == "endEvent":
                for caller in self.diagram.callers.get(process.id, ()):
                    waiting += [(caller[0], after.id) for after in self.diagram.processes[caller[0]].after(caller[1])]
        return found

    def rules(self) -> Iterator[Fault]:
        """Rules of decision tables that never answer."""
        for place, node in self.diagram.places():
            decision = self.diagram.decisions.get(node.decision or "")
            if decision is None or place not in self.walked.nodes:
                continue
            for number, rule in enumerate(decision.rules, 1):
                if rule.id not in self.walked.rules:
                    message = (
                        f"规则表「{decision.name}」第 {number} 条从来用不到："
                        "上面的规则先取走了，或条件里的值不会出现；请核对次序和条件"
                    )
                    yield Fault(UNPASSED, decision.file, rule.line, rule.id, message, "warning")
