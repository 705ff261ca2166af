"""The workflow engine behind one seam: bytes and dicts in, dataclasses out. It knows no database.

Only this package imports SpiffWorkflow.
"""

from service.engine.deciding import Proposal, proposals_of
from service.engine.expressions import PURE, ExpressionError, check_expression, evaluate
from service.engine.fitting import Misfit
from service.engine.migrating import Change, Unfit, migrate
from service.engine.program import Program, TimerStart, UserTaskInfo, parse, processes_in
from service.engine.runtime import (
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
    sleeps,
    start,
    wake,
)
from service.engine.standstill import CALL, JOIN, MESSAGE, Held, held, lying_in, put_back, ways_back_of
from service.engine.state import keep, marking
from service.engine.world import RULES, Call, Context, EngineFailure, TooMany
from service.engine.xml import utf8

__all__ = [
    "CALL",
    "JOIN",
    "MESSAGE",
    "PURE",
    "RULES",
    "Call",
    "Change",
    "Context",
    "EngineFailure",
    "ExpressionError",
    "Held",
    "Landing",
    "Misfit",
    "OpenTask",
    "Passed",
    "Program",
    "Proposal",
    "TimerStart",
    "TooMany",
    "Unfit",
    "UserTaskInfo",
    "WaitingTimer",
    "cancel",
    "check_expression",
    "complete",
    "deliver",
    "evaluate",
    "fire_timer",
    "held",
    "inspect",
    "keep",
    "lying_in",
    "marking",
    "migrate",
    "move",
    "parse",
    "processes_in",
    "proposals_of",
    "put_back",
    "recompute",
    "sleeps",
    "start",
    "utf8",
    "wake",
    "ways_back_of",
]
