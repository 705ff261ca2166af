"""The answers of service actions in a rehearsal: what they declare, or work out of the call alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service import engine
from service.canonical import normalized
from service.processes.wiring import RehearsedCall, RehearsedTask
from service.rehearsal.state import Kept, OpenStep, Plan, ToldNotice
from service.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers in one input of a rehearsal, which remembers in ``told``."""

    plan: Plan
    calendar: Calendar
    now: datetime
    told: Kept

    def answer(self, call: engine.Call) -> Any:
        """The action's result, kept for who asks what it was."""
        result = self._answer(call)
        self.told.results[call.variable] = result
        return result

    def _answer(self, call: engine.Call) -> Any:
        action = self.plan.actions.get(call.name)
        if action is None:
            raise engine.EngineFailure(f"流程图调用了未知的动作 {call.name}")
        if call.name in self.told.answers:
            return self.told.answers[call.name]
        if action.rehearsed is None:
            return normalized(action.sample)
        return normalized(
            action.rehearsed(
                RehearsedCall(
                    task=call.task,
                    parameters=call.parameters,
                    data=call.data,
                    now=self.now,
                    calendar=self.calendar,
                    scope=call.scope,
                    open_tasks=tuple(self.told.open.values()),
                    remembered=self.told.remembered,
                    tell=self.tell,
                )
            )
        )

    def tell(
        self, kind: str, *, role: str | None = None, unit: str | None = None, step: RehearsedTask | None = None
    ) -> None:
        """Notes a notice that an action would send."""
        label = None
        if isinstance(step, OpenStep):
            role, unit, label = role or step.role, unit or step.unit, step.label
        self.told.notices += (ToldNotice(self.now, kind, role, unit, label),)
