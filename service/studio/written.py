"""A rehearsal that keeps the journal which a real case would have: papers are made of it as of any case's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import clock, engine
from service.errors import Conflict, LiaisonError
from service.history import HistoryEvent
from service.ledger.case_record import Record
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.inputs import Act, Course
from service.processes.models import Instance, UserTask
from service.processes.versions import Versions
from service.processes.wiring import wiring
from service.rehearsal.core import INSTANCE, Plan, Rehearsal
from service.rehearsal.scenarios import Scenario, take
from service.rehearsal.scenarios.run import begun_as
from service.rehearsal.state import Kept, OpenStep
from service.rights import Actor
from service.workdays import Calendar

MADE_UP = "（样例）"
"""The name of a record that a scenario picks: its id is made up."""


class Written(Rehearsal):
    """A rehearsal with its ``journal``, as ``history.stream_events`` gives that of a case."""

    journal: tuple[HistoryEvent, ...] = ()
    _calls: tuple[tuple[engine.Call, Any], ...] = ()

    def _answering(self, told: Kept) -> Act:
        answer = super()._answering(told)
        self._calls = ()

        def noted(call: engine.Call) -> Any:
            result = answer(call)
            self._calls += ((call, result),)
            return result

        return noted

    def _take(
        self,
        told: Kept,
        course: Course,
        found: Iterable[fx.Effect],
        given: Any,
        actor: Actor,
        step: OpenStep | None,
    ) -> None:
        effects = list(found)
        super()._take(told, course, effects, given, actor, step)
        said = {**given.data, **(self._completed(step, told) if given.kind == "completed" and step else {})}
        events = [(given.kind, given.task, said)]
        events += [
            (
                "action",
                call.task,
                {
                    "name": call.name,
                    "parameters": dict(call.parameters),
                    "variable": call.variable,
                    "scope": call.scope,
                    "result": result,
                },
            )
            for call, result in self._calls
        ]
        events += [(effect.kind, effect.task, dict(effect.data)) for effect in effects]
        first = len(self.journal) + 1
        self.journal += tuple(
            HistoryEvent(seq=seq, kind=kind, at=given.at, actor=actor.username, task=task, data=data)
            for seq, (kind, task, data) in enumerate(events, first)
        )

    def _completed(self, step: OpenStep, told: Kept) -> dict[str, Any]:
        """The facts of a completed step beside its form, as the command journals them."""
        box = self.made.program.user_tasks[step.process, step.task].properties.get("sign")
        return {
            "name": step.name,
            "due_on": step.due_on.isoformat() if step.due_on else None,
            "late_days": told.done[-1].late_days,
            "signature": {"box": box} if box else None,
        }


class WrittenRecord(Record):
    """The record of a rehearsed case. Units have their names; whom a scenario names is nobody."""

    def __init__(self, session: Session, rehearsal: Written) -> None:
        state, made = rehearsal.state, rehearsal.made
        begun = rehearsal.journal[0]
        said = begun.data["data"]
        instance = Instance(
            id=INSTANCE,
            process=made.program.key,
            version=0,
            digest=made.digest,
            status="completed" if state.end else "running",
            number=_text(state.results.get("number")) or _text(state.data.get("number")) or None,
            title=made.title_of(state.data),
            initiator=begun.actor,
            initiator_unit=said.get("initiator_unit"),
            started_at=begun.at,
            ended_at=state.now if state.end else None,
            end=state.end or None,
            end_name=state.end_name,
            urges=0,
            data=dict(state.data),
            frame={},
        )
        versions = Versions([(0, made.digest, 0)], lambda _: made)
        self._then = None
        self._take_in(session, instance, rehearsal.journal, made, versions)
        self._calendar = rehearsal.calendar
        self._open = state.open

    @property
    def stands_on(self) -> date:
        """Today: units are called as they are now, whenever the scenario plays."""
        return clock.today()

    def calendar_of(self, event: HistoryEvent) -> Calendar:
        """The calendar of the rehearsal."""
        return self._calendar

    def waiting(self) -> list[UserTask]:
        """The open steps."""
        return [
            UserTask(
                id=one.id,
                process=one.process,
                task=one.task,
                name=one.name,
                scope=one.scope,
                unit=one.unit,
                due_on=one.due_on,
                due_provisional=one.provisional,
                entered_at=one.entered_at,
            )
            for one in self._open
        ]

    def shown(self, actor: Actor) -> Mapping[str, Any]:
        """All of it: nothing that a scenario says is anybody's."""
        return self.instance.data

    def named(self, kind: str, key: str) -> str:
        """The unit's name; nobody's otherwise."""
        return self.unit(key) if kind == "units" else MADE_UP

    def person(self, username: str | None) -> str:
        """The role of who acted, with the unit: ``liaison@hrss`` is 联络员（区人社局）."""
        if not username:
            return ""
        role, _, unit = username.partition("@")
        name = wiring(self.session).role_name(role)
        return f"{name}（{self.unit(unit)}）" if name and unit else name or MADE_UP


def walked(scenario: Scenario, made: Compiled, plan: Plan, calendar: Calendar, upto: int | None = None) -> Written:
    """Takes the first ``upto`` steps of a scenario (default: all). Raises Conflict naming the step that fails."""
    try:
        rehearsal = begun_as(Written, scenario, made, plan, lambda _names: calendar)
    except LiaisonError as error:
        raise Conflict(f"用例「{scenario.title}」不能开始：{error.message}") from error
    for number, step in enumerate(scenario.steps[:upto], 1):
        try:
            take(rehearsal, step, scenario.fill)
        except LiaisonError as error:
            raise Conflict(f"用例「{scenario.title}」第 {number} 步走不下去：{error.message}") from error
    return rehearsal


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
