"""A bundle as the proof sees it: its graph, how its data are read, and which of them still matter at each place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from service.checks.bundle import read
from service.checks.decision_model import Decision, decisions_of
from service.checks.findings import CheckContext, Report
from service.checks.model import Node, ProcessModel, model
from service.checks.speaking import Speaker
from service.checks.wording import ROLES, UNITS
from service.engine.expressions import readable
from service.engine.xml import parse_xml
from service.processes.bundles import Compiled
from service.processes.dated import rules_of
from service.processes.rules import one_line
from service.processes.terms import NARROWING, PERSON
from service.proof.reading import DAY, HOLDS, VALUE, Fact, Readings, equalities

Place = tuple[str, str]
"""A process and a node of it."""

_JOINS = frozenset({"parallelGateway", "inclusiveGateway"})
_PLAIN_EVENTS = frozenset({"timer", "message", "terminate"})


@dataclass
class Diagram:
    """``files`` and what they compile to; ``scopes`` are those of the roles, ``rehearsed`` the actions whose answer
    follows from their parameters, ``named`` the names of roles and units by their codes."""

    files: Mapping[str, bytes]
    made: Compiled
    scopes: Mapping[str, str] = field(default_factory=dict)
    rehearsed: Collection[str] = ()
    named: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.processes: Mapping[str, ProcessModel] = model(self.files)
        tables = {name: parse_xml(data, name=name) for name, data in self.files.items() if name.endswith(".dmn")}
        self.decisions: Mapping[str, Decision] = decisions_of(tables)
        self.readings = Readings()
        self._uses: dict[Place, frozenset[Fact]] = {}
        self._held: dict[Place, frozenset[Fact]] = {}
        for place, node in self.places():
            self._uses[place] = frozenset(self._read(place[0], node))
            self._held[place] = self._read_by_form(place, node)
        for _, node in self.places():
            if node.loop is not None and node.loop.item and node.loop.collection:
                self._elements(node.loop.collection, node.loop.item)
        self._before, self._after = self._flow()

    def places(self) -> Iterator[tuple[Place, Node]]:
        """All nodes with their places."""
        for process in self.processes.values():
            for node in process.nodes.values():
                yield (process.id, node.id), node

    def node(self, process: str, node: str) -> Node | None:
        """The node at a place."""
        found = self.processes.get(process)
        return found.nodes.get(node) if found is not None else None

    def expressions(self, process: str, node: Node) -> Iterator[str]:
        """The expressions that stand at a node and on the lines from it."""
        return (text for _, text in self.written(process, node))

    def written(self, process: str, node: Node) -> Iterator[tuple[str, str]]:
        """The same, each with its kind (``checks.expressions.Use``)."""
        for flow in node.outgoing:
            yield "condition", self.processes[process].flows[flow].condition or ""
        for name in ("due", "warn", "candidates"):
            yield name, node.properties.get(name, "").rpartition(":")[2].strip()
        yield "timer-date", node.timer.expression if node.timer is not None else ""
        for text in node.operation.parameters.values() if node.operation is not None else ():
            yield "parameter", text

    @cached_property
    def speaker(self) -> Speaker:
        """The names of the bundle for people."""
        named = dict.fromkeys((ROLES, UNITS), self.named)
        return Speaker(read(self.files, Report()), CheckContext(roles={}, actions={}, names=named))

    def title(self, name: str) -> str:
        """The title of a field, as a form knows it; of a name that no form has, the name."""
        for form in self.made.forms.values():
            if name in form.fields and form.fields[name].get("title"):
                return one_line(form.fields[name]["title"])
        return name

    @cached_property
    def names(self) -> frozenset[str]:
        """All names that decide anything anywhere."""
        return frozenset(self.readings.by_name)

    @cached_property
    def callers(self) -> Mapping[str, list[Place]]:
        """Process → where it is called."""
        found: dict[str, list[Place]] = {}
        for place, node in self.places():
            if node.called is not None:
                found.setdefault(node.called, []).append(place)
        return found

    # --- What still matters ------------------------------------------------------------------------------------------

    def live_after(self, process: str, node: str) -> frozenset[Fact]:
        """The names that may be read after the node before they are written anew."""
        return self._after.get((process, node), frozenset())

    def live_before(self, process: str, node: str) -> frozenset[Fact]:
        """The names that may be read from the node on before they are written anew."""
        return self._before.get((process, node), frozenset())

    def live_held(self, process: str, node: str) -> frozenset[Fact]:
        """The names that may be read of a token that rests at the node."""
        place, found = (process, node), self.node(process, node)
        if found is None:
            return frozenset()
        after = self._after.get(place, frozenset())
        if found.called is not None:  # the data come back from what is called; those of slots are gathered
            return after if found.loop is not None else frozenset()
        return self._held[place] | self._across(place, found, after)

    def _flow(self) -> tuple[dict[Place, frozenset[Fact]], dict[Place, frozenset[Fact]]]:
        """Backwards through all processes until nothing changes."""
        before: dict[Place, frozenset[Fact]] = {}
        after: dict[Place, frozenset[Fact]] = {}
        changed = True
        while changed:
            changed = False
            for place, node in reversed(list(self.places())):
                out = self._out(place, node, before, after)
                into = self._uses[place] | self._held[place]
                if node.called is None or node.loop is not None:
                    into |= self._across(place, node, out)
                for event in node.boundaries:
                    into |= before.get((place[0], event), frozenset())
                if node.called is not None:
                    inner: set[Fact] = set()
                    for start in self.processes[node.called].starts() if node.called in self.processes else ():
                        inner |= before.get((node.called, start.id), frozenset())
                    item = node.loop.item if node.loop is not None else None
                    into |= {Fact(one.name) if one.by == item else one for one in inner if one.name != item}
                if out != after.get(place) or into != before.get(place):
                    after[place], before[place], changed = out, into, True
        return before, after

    def _across(self, place: Place, node: Node, facts: frozenset[Fact]) -> frozenset[Fact]:
        """The facts before the node where ``facts`` hold after it: without the names that it writes."""
        killed = self._kills(place, node)
        written = killed | self._may_write(node)
        return frozenset(Fact(one.name) if one.by in written else one for one in facts if one.name not in killed)

    def _out(
        self,
        place: Place,
        node: Node,
        before: Mapping[Place, frozenset[Fact]],
        after: Mapping[Place, frozenset[Fact]],
    ) -> frozenset[Fact]:
        process = self.processes[place[0]]
        found: set[Fact] = set()
        for flow in node.outgoing:
            taken = self._taken(process, node, flow)
            live = before.get((process.id, process.flows[flow].target), frozenset())
            found |= {one for one in live if not one.by or taken(one.by, one.values)}
        if node.type == "endEvent" and node.id not in self._side_ends(process):
            for caller in self.callers.get(process.id, ()):
                around = self.node(*caller)
                if around is not None and around.loop is not None:
                    found |= {Fact(name) for name in (around.loop.output_item,) if name}
                    found |= self.readings.read(around.loop.completion or "", truth=True)
                    if around.loop.output_collection is None:
                        found |= after.get(caller, frozenset())
                else:
                    found |= after.get(caller, frozenset())
        return frozenset(found)

    def _taken(self, process: ProcessModel, node: Node, flow: str) -> Callable[[str, tuple[Any, ...]], bool]:
        """Whether a flow may be taken where a name has one of some values."""
        if node.type != "exclusiveGateway":
            return lambda _name, _values: True
        if flow == node.default:
            others = [self._equal(process.flows[one].condition) for one in node.outgoing if one != flow]
            return lambda name, values: any(
                not any(len(one) == 1 and value in one.get(name, ()) for one in others) for value in values
            )
        equal = self._equal(process.flows[flow].condition)
        return lambda name, values: name not in equal or any(value in equal[name] for value in values)

    def _equal(self, condition: str | None) -> dict[str, tuple[Any, ...]]:
        tree = readable(condition or "")
        return dict(equalities(tree.body)) if tree is not None else {}

    def _may_write(self, node: Node) -> frozenset[str]:
        decision = self.decisions.get(node.decision or "")
        found = {cell.text for cell in decision.outputs} if decision is not None else set()
        if node.called is not None and node.loop is None and node.called in self.processes:
            found |= self._writes(node.called, frozenset(self.processes[node.called].nodes))
        return frozenset(found)

    def _side_ends(self, process: ProcessModel) -> frozenset[str]:
        """The ends of what runs beside a task, where the process always ends for all of it: no data come back there."""
        main, waiting = set[str](), [node.id for node in process.starts()]
        while waiting:
            one = waiting.pop()
            if one not in main:
                main.add(one)
                waiting += [after.id for after in process.after(one) if after.attached_to is None or after.interrupting]
        ends = process.ends()
        if all("terminate" in end.events for end in ends if end.id in main):
            return frozenset(end.id for end in ends if end.id not in main)
        return frozenset()

    def _kills(self, place: Place, node: Node) -> frozenset[str]:
        """The names that the node surely writes or removes."""
        if node.type == "userTask" and place in self.made.program.user_tasks:
            found = set(self.made.form_of(*place).fields)
        elif node.operation is not None and node.operation.result:
            found = {node.operation.result, *self.made.program.collections.get(node.operation.result, ())}
        else:
            decision = self.decisions.get(node.decision or "")
            sure = decision is not None and any(rule.catches_all for rule in decision.rules)
            found = {cell.text for cell in decision.outputs} if decision is not None and sure else set()
        if node.loop is not None:
            if node.loop.output_collection is None and node.type == "userTask":
                found = set()
            elif node.type == "userTask":
                found = {node.loop.output_collection or ""}
            else:
                found |= {name for name in (node.loop.item, node.loop.output_collection) if name}
        return frozenset(found)

    # --- What is read where -------------------------------------------------------------------------------------------

    def _read(self, process: str, node: Node) -> Iterator[Fact]:
        for flow in node.outgoing:
            condition = self.processes[process].flows[flow].condition
            if condition and node.default != flow:
                yield from self.readings.read(condition, truth=True)
        if node.type == "userTask":
            yield from self._read_by_task(node)
        if node.operation is not None and node.operation.action in self.rehearsed:
            for value in node.operation.parameters.values():
                yield from self.readings.read(value)
        if node.timer is not None and node.type != "startEvent":
            yield from (one for one in self.readings.read(node.timer.expression) if one.name != "due_on")
        decision = self.decisions.get(node.decision or "")
        if decision is not None:
            yield from self.readings.read_table(decision)
        if node.loop is not None:
            if node.loop.collection:
                self.readings.of(node.loop.collection).add(HOLDS)
                yield Fact(node.loop.collection)
            yield from self.readings.read(node.loop.cardinality or "")

    def _read_by_task(self, node: Node) -> Iterator[Fact]:
        for name in ("due", "warn"):
            yield from self.readings.read(node.properties.get(name, ""))
        wanted = node.properties.get("candidates", "")
        narrowing, _, expression = wanted.partition(":")
        if expression and narrowing in NARROWING:
            yield from self.readings.read(expression)
            if narrowing != PERSON:
                return
            wanted = ""
        scope = self.scopes.get(wanted or node.lane or "", "")
        named = "initiator_unit" if scope == "origin" else scope.removeprefix("data:") if ":" in scope else ""
        if named:
            self.readings.of(named).add(VALUE)
            yield Fact(named)

    def _read_by_form(self, place: Place, node: Node) -> frozenset[Fact]:
        """The dates that a form's refusals compare with: they decide whether it can be submitted."""
        if place not in self.made.program.user_tasks:
            return frozenset()
        form = self.made.form_of(*place)
        found = set()
        for rule in rules_of(form.schema):
            for name in rule.names:
                if rule.refuse and name not in form.fields and name != "today" and ":" not in name:
                    self.readings.of(name).add(DAY)
                    found.add(Fact(name))
        return frozenset(found)

    def _elements(self, collection: str, item: str) -> None:
        """Notes that the elements of a collection are read as its item is."""
        for path, reading in list(self.readings.by_name.get(item, {}).items()):
            into = self.readings.of(collection, ("[]", *path))
            for kind in reading.kinds:
                into.add(kind, tuple(reading.constants))

    # --- What goes on beside each other -------------------------------------------------------------------------------

    @cached_property
    def separable(self) -> bool:
        """Whether branches can only meet at joins: no event reaches from one into another."""
        return all(
            set(node.events) <= _PLAIN_EVENTS and node.type != "intermediateThrowEvent" for _, node in self.places()
        )

    def region(self, process: str, node: str) -> frozenset[str]:
        """The nodes that a token at the node comes to before it must wait for another one."""
        found, waiting, scope = set[str](), [node], self.processes[process]
        while waiting:
            one = waiting.pop()
            if one in found or one not in scope.nodes:
                continue
            found.add(one)
            here = scope.nodes[one]
            if here.type not in _JOINS or len(here.incoming) < 2:
                waiting += [after.id for after in scope.after(one)]
        return frozenset(found)

    def alone(self, process: str, one: str, other: str) -> bool:
        """Whether tokens at two nodes of a process cannot touch each other before they meet at a join."""
        if not self.separable:
            return False
        first, second = self.region(process, one), self.region(process, other)
        nodes = self.processes[process].nodes
        if any("terminate" in nodes[node].events for node in first | second):
            return False
        return not (self._writes(process, first) & self._writes(process, second) & self.names)

    def _writes(self, process: str, nodes: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        for name in nodes:
            node = self.processes[process].nodes[name]
            found |= self._kills((process, name), node) | self._may_write(node)
        return frozenset(found)
