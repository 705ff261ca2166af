"""The actions that any diagram may call, whatever it is about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from service.processes.wiring import Action, ActionCall, RehearsedCall


def _set(_session: Session, call: ActionCall) -> Any:
    return call.parameters["value"]


def _set_rehearsed(call: RehearsedCall) -> Any:
    return call.parameters["value"]


SET = Action(
    "set",
    "赋值",
    ("value",),
    _set,
    sample=None,
    same_as="value",
    kept=True,
    rehearsed=_set_rehearsed,
    example="`value` 写 `5 if category == 'housing' else 7`，结果记作 `days`",
    does="算出一个值，记在“结果记作”的名称下，以后的式子、表单（`x-prefill`）和打印都可以用；结果就是 `value` 的值",
)

ACTIONS = (SET,)
