"""The part of the world that an advance may use, and how the library is kept from asking for more."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

import SpiffWorkflow.task as library_task
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.exceptions import SpiffWorkflowException

from service import ids
from service.engine.expressions import ExpressionError
from service.errors import Conflict, Incident

STEP_BUDGET = 2000
"""Engine steps that one input may take; a diagram that needs more is looping."""

RULES = 8
"""By which rules an input runs. The journal keeps the number with each input: what ran by older rules replays by them.

1: an event gateway waits for ever, a task in a sub-process has no lane but its own, a date is never equal to a text
   (inputs without a number).
2: an event gateway waits for its events, a task in a sub-process has the lane of the sub-process, a date is equal to
   its ISO text.
3: a timer that interrupts its task and leads back to it opens it once, and nothing of its past rounds is kept; what
   stands in braces in the basis of a due date is a value.
4: a token that is put back from a gateway where it waited for others keeps the data of its branch.
5: a case that moves to another version with its dates counted anew has those timers of its open tasks back that rang
   on the date of before and whose moment is now to come.
6: the same where a notice on the calendar moves the date later.
7: where a diagram does not say when the light turns yellow, a short term has fewer days of warning than a long one.
8: the state is compact (``engine.compact``): it keeps no step that only may come, and nothing of a case that has ended;
   what follows a step is made when it runs, so that other tasks have other ids. An open step whose data another version
   lost, because it was the first to watch the step, keeps them.
"""

_log = logging.getLogger(__name__)


class EngineFailure(Incident):
    """A diagram failed while it ran: an expression, an action, a loop."""


class TooMany(Conflict):
    """An activity would open more instances side by side than the service allows: the input is refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """A service action that a diagram calls; its result goes into the data as ``variable``."""

    name: str
    parameters: Mapping[str, Any]
    variable: str
    data: Mapping[str, Any]
    task: str
    scope: str


@dataclass(slots=True)  # not frozen: that takes thrice as long, and each step makes some
class Context:
    """The part of the world that an advance may use, all of it recorded or reproducible.

    ``seed`` is unique to the input (instance and sequence number): ids are derived from it. ``action`` runs a service
    action and gives its JSON value. ``opening`` is when office hours begin; ``rules`` as in RULES. ``instances`` is how
    many instances one activity may open side by side (None: any number, when what has happened is run again).
    """

    now: datetime
    seed: UUID
    functions: Mapping[str, Callable[..., Any]]
    action: Callable[[Call], Any]
    opening: time = time(9, 0)
    budget: int = STEP_BUDGET
    pruning: bool = True
    rules: int = RULES
    instances: int | None = None
    in_memory: bool = False
    """Whether the state stays in this process: a rehearsal's is never stored, and needs no text."""
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Task → the words of an earlier version by which its date stays counted: ``due`` and ``settings``."""
    live: bool = False
    """Whether the state that comes of it keeps its workflow at hand: replay goes on from it at once."""


class _World:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.moment = context.now.timestamp()
        self.made = 0
        self.decided: list[tuple[str, str]] = []
        self._names = ids.names_in(context.seed)

    def next_id(self) -> str:
        self.made += 1
        return self._names(str(self.made))


_current: ContextVar[_World | None] = ContextVar("engine_world", default=None)


class world:  # noqa: N801 - read as a statement
    """The library's calls within get ids and moments from ``context``; whatever it raises becomes an EngineFailure."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = _current.set(_World(self._context))

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        _current.reset(self._token)
        if error is None:
            return
        if isinstance(error, ExpressionError):
            raise EngineFailure(f"流程图执行失败：{error}") from error
        if isinstance(error, WorkflowTaskException):
            raise EngineFailure(f"流程图执行失败，{_place(error)}：{_reason(error)}") from error
        if isinstance(error, SpiffWorkflowException | ValidationException):
            raise EngineFailure(f"流程图执行失败：{_reason(error)}") from error


def by_rules() -> int:
    """The rules of the advance that runs."""
    running = _current.get()
    return running.context.rules if running is not None else RULES


def most_instances() -> int | None:
    """How many instances an activity may open in the advance that runs; None: any number."""
    running = _current.get()
    return running.context.instances if running is not None else None


def decided(table: str, rules: Iterable[str]) -> None:
    """Notes that these rules of a decision table answered in the advance that runs."""
    running = _current.get()
    if running is not None:
        running.decided += [(table, rule) for rule in rules]


def all_decided() -> tuple[tuple[str, str], ...]:
    """(table, rule) of all rules that answered in the advance that runs, in order."""
    running = _current.get()
    return tuple(running.decided) if running is not None else ()


def copied(value: Any) -> Any:
    """A deep copy of data as it comes back from JSON: tuples are lists, keys are texts."""
    if isinstance(value, dict):
        if _NAMES.issuperset(map(type, value)):
            return {key: one if type(one) in _ATOMS else copied(one) for key, one in value.items()}
        return json.loads(json.dumps(value))
    if isinstance(value, list | tuple):
        return [copied(one) if type(one) not in _ATOMS else one for one in value]
    return value if type(value) in _ATOMS else json.loads(json.dumps(value))


_ATOMS = frozenset({str, int, float, bool, type(None)})
_NAMES = frozenset({str})


def ordered(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose keys stand in one order: a database gives JSON back in an order of its own."""
    copy: dict[str, Any] = _ordered(dict(data))
    return copy


def _ordered(value: Any) -> Any:
    kind = type(value)
    if kind is dict and _NAMES.issuperset(map(type, value)):
        return {key: one if type(one := value[key]) in _ATOMS else _ordered(one) for key in sorted(value)}
    if kind is list:
        return [one if type(one) in _ATOMS else _ordered(one) for one in value]
    return value if kind in _ATOMS else json.loads(json.dumps(value, sort_keys=True))


def _place(error: WorkflowTaskException) -> str:
    spec = error.task_spec
    return f"步骤「{getattr(spec, 'bpmn_name', None) or getattr(spec, 'bpmn_id', None) or spec.name}」"


def _reason(error: Exception) -> str:
    """Why, in words for staff; what only the library can say is for the log."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ExpressionError):
        return str(cause)
    _log.warning("the workflow library failed", exc_info=error)
    return "引擎无法继续，请把这张流程图和技术日志交给管理员"


def _next_id() -> str:
    running = _current.get()
    return running.next_id() if running is not None else str(ids.new())


def moment_now() -> float:
    """The moment of the advance that runs, as the library counts (seconds since 1970)."""
    running = _current.get()
    return running.moment if running is not None else 0.0


def next_id_and_moment(*, needed: bool) -> tuple[str, float]:
    """The next id of the advance that runs (empty where none is ``needed``), and its moment: one look for a task."""
    running = _current.get()
    if running is None:
        return str(ids.new()) if needed else "", 0.0
    return running.next_id() if needed else "", running.moment


class _Time:
    """Stands for the module ``time`` within the library's task module."""

    time = staticmethod(moment_now)


library_task.uuid4 = _next_id
library_task.time = _Time  # it uses nothing but time.time()
