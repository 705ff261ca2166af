"""Where the tokens of a case stand after each step, from what the journal names: tasks, timers, passed elements. Pure.

Tasks and timers stand in the journal. A token that waits at a join or for a message does not: it is where the last
passed element leads and no task, timer or later pass is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from service.audit.replay.drawn import flows_of
from service.audit.replay.steps import Pass, Place
from service.processes.bundles import Compiled


class Tokens:
    """The tokens of one case on its way; ``pass_on`` tells of each step, ``stand`` gives where they are."""

    def __init__(self, made: Compiled) -> None:
        self.made = made
        self._waiting: set[Place] = set()
        self._calls: set[Place] = set()

    def begin_anew(self) -> None:
        """Forgets the way so far: it is told again without a step that was taken back."""
        self._waiting, self._calls = set(), set()

    def move(self, made: Compiled, mapping: Mapping[str, str]) -> None:
        """The case runs by another version; ``mapping`` is ``process/element`` → element."""
        self.made = made
        self._waiting = {self._moved(place, mapping) for place in self._waiting}
        self._calls = {self._moved(place, mapping) for place in self._calls}

    def _moved(self, place: Place, mapping: Mapping[str, str]) -> Place:
        process, scope, node = place
        return process, scope, mapping.get(f"{process}/{node}", node)

    def pass_on(self, passed: Sequence[Pass], tasks: Collection[Place], ended: bool) -> None:
        """A step passed these elements in order; afterwards ``tasks`` are open."""
        if ended:
            self.begin_anew()
            return
        for process, scope, node, source in passed:
            self._waiting.discard((process, scope, node))
            if source is not None and source != node:
                self._calls.discard((process, scope, source))  # an activity of many is left when all of them are done
            flows = flows_of(self.made, process)
            if flows is None:
                continue
            self._waiting -= {(process, scope, rival) for rival in flows.rivals.get(node, ())}
            for after in flows.after.get(node, ()):
                others = flows.after[node] - {after} if node in flows.choices else frozenset()
                if after not in flows.waits and after not in flows.calls:
                    self._calls -= {(process, scope, node)} if (process, scope, after) in tasks else set()
                elif not self._went_elsewhere(others, process, scope, node, passed, tasks):
                    (self._calls if after in flows.calls else self._waiting).add((process, scope, after))

    def put_back(self, scope: str, node: str) -> None:
        """A token that waited for ever at ``node`` goes back to a step of ``scope``, from there or a call inside."""
        here = {place for place in self._waiting if place[1:] == (scope, node)}
        if not here and not scope:
            self.begin_anew()
        self._waiting -= here or {place for place in self._waiting if scope in place or node in place}

    def sleeps_at(self, process: str, scope: str, node: str) -> bool:
        """Whether a token waits at the element."""
        return (process, scope, node) in self._waiting

    def _went_elsewhere(
        self,
        others: Collection[str],
        process: str,
        scope: str,
        node: str,
        passed: Sequence[Pass],
        tasks: Collection[Place],
    ) -> bool:
        """Whether the token that left ``node`` is told to be at another of the elements after it."""
        if any((process, scope, other) in tasks for other in others):
            return True
        return any(one[:2] == (process, scope) and one[2] in others and one[3] == node for one in passed)

    def stand(self, tasks: Iterable[Place], awaited: Iterable[tuple[str, str]]) -> tuple[Place, ...]:
        """Where tokens stand: at open ``tasks``, at (process, event) of ``awaited`` timers, at what waits besides."""
        named = set(awaited)
        standing = set(tasks) | {place for place in self._waiting if not self._timed(place) or place[::2] in named}
        for process, event in named:
            if not any(place[0] == process and place[2] == event for place in standing):
                standing.add((process, "", event))
        for _ in range(len(self._calls)):  # a call within a call: one level more each time
            running = {place[0] for place in standing}
            standing |= {place for place in self._calls if self._inside(place) in running}
        return tuple(sorted(standing))

    def _timed(self, place: Place) -> bool:
        flows = flows_of(self.made, place[0])
        return flows is not None and place[2] in flows.timed

    def _inside(self, place: Place) -> str | None:
        """The process that runs inside the activity."""
        flows = flows_of(self.made, place[0])
        return flows.calls.get(place[2]) if flows is not None else None
