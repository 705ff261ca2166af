"""Small diagrams and a hand that takes the engine through them, without a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from service import clock, engine, ids
from service.engine.state import load

NOW = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
SPACE = UUID("00000000-0000-0000-0000-00000000c0de")

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" targetNamespace="urn:test">
"""


def bpmn(body: str) -> bytes:
    """A BPMN file around ``body``, without a drawing: the engine needs none."""
    return f"{_HEAD}{body}\n</bpmn:definitions>".encode()


def process(body: str, key: str = "p") -> str:
    """A process element."""
    return f'<bpmn:process id="{key}" name="流程" isExecutable="true">{body}</bpmn:process>'


def start(to: str) -> str:
    """The start event and its flow."""
    return f'<bpmn:startEvent id="begin" />{flow("begin", to)}'


def end(name: str = "finish") -> str:
    """An end event."""
    return f'<bpmn:endEvent id="{name}" name="结束" />'


def flow(source: str, target: str, condition: str = "") -> str:
    """A sequence flow, named by its ends."""
    test = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    ends = f'id="{source}_{target}" sourceRef="{source}" targetRef="{target}"'
    return f"<bpmn:sequenceFlow {ends}>{test}</bpmn:sequenceFlow>"


def user(name: str, **properties: str) -> str:
    """A user task with extension properties."""
    inner = "".join(f'<spiffworkflow:property name="{key}" value="{value}" />' for key, value in properties.items())
    return (
        f'<bpmn:userTask id="{name}" name="{name}"><bpmn:extensionElements><spiffworkflow:properties>{inner}'
        f"</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>"
    )


def service(name: str, action: str, variable: str, **parameters: str) -> str:
    """A service task that calls ``action``; parameters are expressions."""
    inner = "".join(
        f'<spiffworkflow:parameter id="{key}" type="str" value="{value}" />' for key, value in parameters.items()
    )
    return (
        f'<bpmn:serviceTask id="{name}" name="{name}"><bpmn:extensionElements>'
        f'<spiffworkflow:serviceTaskOperator id="{action}" resultVariable="{variable}">'
        f"<spiffworkflow:parameters>{inner}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator></bpmn:extensionElements></bpmn:serviceTask>"
    )


def choice(name: str, default: str) -> str:
    """An exclusive gateway whose default flow goes to ``default``."""
    return f'<bpmn:exclusiveGateway id="{name}" default="{name}_{default}" />'


def timer(name: str, at: str, when: str, *, cancels: bool = False, kind: str = "timeDate") -> str:
    """A boundary timer on the task ``at``."""
    return (
        f'<bpmn:boundaryEvent id="{name}" name="{name}" attachedToRef="{at}" cancelActivity="{str(cancels).lower()}">'
        f'<bpmn:timerEventDefinition id="{name}_timer"><bpmn:{kind}>{when}</bpmn:{kind}>'
        f"</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )


def slots(name: str, called: str) -> str:
    """A parallel multi-instance call over ``units``."""
    return (
        f'<bpmn:callActivity id="{name}" name="{name}" calledElement="{called}"><bpmn:multiInstanceLoopCharacteristics>'
        "<bpmn:loopDataInputRef>units</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>decisions</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="unit" /><bpmn:outputDataItem id="decision" />'
        "</bpmn:multiInstanceLoopCharacteristics></bpmn:callActivity>"
    )


LINE = process(
    start("ask")
    + user("ask", due="working_days(2)")
    + timer("soon", "ask", "due_on")
    + flow("soon", "remind")
    + service("remind", "notice", "reminded", kind="'due_today'")
    + flow("remind", "told")
    + end("told")
    + flow("ask", "check")
    + user("check")
    + flow("check", "fine")
    + choice("fine", "finish")
    + flow("fine", "ask", "decision == 'redo'")
    + flow("fine", "finish")
    + end()
)
"""ask → check → redo back to ask, else the end; a reminder on ask's due day."""

SPLIT = process(
    start("open")
    + service("open", "open_round", "units", lead="lead")
    + flow("open", "fork")
    + '<bpmn:parallelGateway id="fork" />'
    + flow("fork", "tell")
    + user("tell")
    + flow("tell", "join")
    + flow("fork", "all")
    + slots("all", "slot")
    + flow("all", "join")
    + '<bpmn:parallelGateway id="join" />'
    + flow("join", "after")
    + user("after")
    + flow("after", "again")
    + choice("again", "finish")
    + flow("again", "open", "decision == 'again'")
    + flow("again", "finish")
    + end()
)
SLOT = process(
    start("handle")
    + user("handle", due="working_days(7)")
    + timer("late", "handle", "working_days_after(due_on, 1)")
    + flow("late", "urge")
    + service("urge", "urge", "urges", unit="unit")
    + flow("urge", "urged")
    + end("urged")
    + flow("handle", "review")
    + user("review")
    + flow("review", "fine")
    + choice("fine", "finish")
    + flow("fine", "handle", "decision == 'redo'")
    + flow("fine", "finish")
    + '<bpmn:endEvent id="finish"><bpmn:terminateEventDefinition id="all_over" /></bpmn:endEvent>',
    "slot",
)
"""A round of units beside a word to the talent, which may be opened again; the slot has a timer and a rework loop."""


def working_days_between(first: Any, last: Any) -> int:
    """The days after ``first`` up to and with ``last``."""
    return (date.fromisoformat(str(last)) - date.fromisoformat(str(first))).days


def working_days_after(day: Any, n: int) -> date:
    """Every day is a working day here."""
    return date.fromisoformat(str(day)) + timedelta(days=n)


class Walk:
    """An instance in the engine's hands. ``called`` are the actions in the order of their calls."""

    def __init__(
        self,
        *bodies: str,
        data: Mapping[str, Any] | None = None,
        results: Mapping[str, Any] | None = None,
        key: str = "p",
        **options: Any,
    ) -> None:
        self.program = engine.parse({f"bpmn/{n}.bpmn": bpmn(body) for n, body in enumerate(bodies)}, key)
        self.options, self.results = options, dict(results or {})
        self.called: list[engine.Call] = []
        self.now, self.seq = NOW, 0
        self.landing: engine.Landing = engine.start(self.program, dict(data or {}), self.context())

    def context(self) -> engine.Context:
        """The context of the next input."""
        self.seq += 1
        return self.context_at(self.now, self.seq)

    def context_at(self, now: datetime, seq: int) -> engine.Context:
        """The context of an input at a moment."""
        today = clock.local(now).date()
        made = engine.Context(
            now=now,
            seed=ids.derive(SPACE, str(seq)),
            functions={
                "today": lambda: today,
                "now": lambda: clock.local(now),
                "working_days": lambda n: working_days_after(today, n),
                "working_days_after": working_days_after,
                "working_days_between": working_days_between,
            },
            action=self._act,
        )
        return replace(made, **self.options)

    def _act(self, call: engine.Call) -> Any:
        self.called.append(call)
        return self.results.get(call.name, len(self.called))

    def step(self, run: Callable[..., engine.Landing], *arguments: Any) -> engine.Landing:
        """One input: ``run(program, state, *arguments, context)``."""
        self.landing = run(self.program, self.landing.state, *arguments, self.context())
        return self.landing

    def task(self, name: str, unit: str | None = None) -> engine.OpenTask:
        """The open task of that name (whose data name ``unit``)."""
        (found,) = [
            one
            for one in self.landing.open_tasks.values()
            if one.task == name and (unit is None or one.data.get("unit") == unit)
        ]
        return found

    def do(self, name: str, unit: str | None = None, drop: frozenset[str] = frozenset(), **data: Any) -> engine.Landing:
        """Completes the open task."""
        return self.step(engine.complete, self.task(name, unit).id, data, drop)

    def fire(self, event: str, unit: str | None = None) -> engine.Landing:
        """Fires the waiting timer of that event (of the task of ``unit``)."""
        watched = self.task("handle", unit).id if unit else None
        (found,) = [
            one
            for one in self.landing.timers.values()
            if one.event == event and (watched is None or one.task == watched)
        ]
        return self.step(engine.fire_timer, found.id)

    @property
    def open(self) -> list[str]:
        """The open tasks, with the unit in a slot."""
        return sorted(
            one.task + (f":{one.data['unit']}" if one.scope else "") for one in self.landing.open_tasks.values()
        )

    @property
    def waiting(self) -> list[str]:
        """The waiting timers."""
        return sorted(one.event for one in self.landing.timers.values())

    @property
    def size(self) -> int:
        """Bytes of the state."""
        return len(self.landing.state.encode())

    def nodes(self) -> int:
        """Tasks in the tree, of all processes."""
        workflow = load(self.program, self.landing.state)
        return len(workflow.tasks) + sum(len(part.tasks) for part in workflow.subprocesses.values())
