"""The workflow engine behind one seam: bytes and dicts in, dataclasses out. It knows no database.

Only this package imports SpiffWorkflow.
"""

from service.engine.expressions import ExpressionError, check_expression, evaluate
from service.engine.program import Program, TimerStart, UserTaskInfo, parse, processes_in
from service.engine.runtime import (
    Call,
    Context,
    EngineFailure,
    Landing,
    OpenTask,
    Passed,
    WaitingTimer,
    cancel,
    complete,
    deliver,
    fire_timer,
    inspect,
    move,
    recompute,
    start,
)

__all__ = [
    "Call",
    "Context",
    "EngineFailure",
    "ExpressionError",
    "Landing",
    "OpenTask",
    "Passed",
    "Program",
    "TimerStart",
    "UserTaskInfo",
    "WaitingTimer",
    "cancel",
    "check_expression",
    "complete",
    "deliver",
    "evaluate",
    "fire_timer",
    "inspect",
    "move",
    "parse",
    "processes_in",
    "recompute",
    "start",
]
