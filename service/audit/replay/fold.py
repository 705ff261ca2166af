"""The fold over a case's journal: events in, steps out, each with how the case stood after it. Pure, in one pass.

Rows of cases and tasks are those of ``processes.projections``, which verification holds against the stored ones. The
effects are taken as recorded: no diagram runs here, so that a case of hundreds of events is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from service import engine
from service.audit.replay.course import Course as Taking
from service.audit.replay.course import Group, counted, groups
from service.audit.replay.drawn import drawn_in
from service.audit.replay.marking import Tokens
from service.audit.replay.steps import FileThen, Form, Happened, Place, Row, Told
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.course import INPUTS
from service.processes.ending import said_at_end
from service.processes.inputs import Begun, Course
from service.processes.models import DONE, OPEN, WAITING
from service.processes.moves import MIGRATED
from service.processes.projections import Projection
from service.processes.rules import FRAME_NAMES, merged

ATTACHED, WITHDRAWN = "file_attached", "file_withdrawn"

_TOLD = tuple(one.name for one in fields(Told))
_OF_THE_ENGINE = ("state", "lying", "data", "frame")
"""Columns of a case that only the engine, or another part of the fold, can tell."""


class Fold:
    """The steps of a case. ``definition`` gives a definition by its digest."""

    def __init__(
        self,
        instance_id: UUID,
        events: Sequence[HistoryEvent],
        definition: Callable[[str], Compiled],
    ) -> None:
        """Raises LookupError where the journal does not begin with the start of a case."""
        self._course = Taking(events)
        begun = events[0].data
        self._id, self._definition = instance_id, definition
        self._groups = list(groups(events))
        self._inputs: list[Group] = []
        self._gone: set[int] = set()
        self._made = definition(begun["digest"])
        self._told = Projection(instance_id, self._made)
        self._tokens = Tokens(self._made)
        self._case: dict[str, Any] = {}
        self._tasks: dict[str, Row] = {}
        self._drawings: dict[str, dict[str, list[str]]] = {}
        self._kinds: dict[int, str] = {}
        self._typed: dict[str, Mapping[str, Any]] = {}
        self._files: dict[str, FileThen] = {}

    def steps(self) -> list[Happened]:
        """All steps in order; what was taken back or done again says so."""
        return counted([self._step(group) for group in self._groups], self._definition)

    # --- One step ----------------------------------------------------------------------------------------------------

    def _step(self, group: Group) -> Happened:
        event = group.event
        task, before = event.task, self._told.tasks.get(event.task or "")
        form = self._form(event, before) if before is not None else None
        told = self._course.take(group)
        if event.kind in INPUTS:
            self._kinds[event.seq] = event.kind
            if event.kind == "completed" and task is not None:
                self._typed[task] = event.data["data"]
            self._input(group)
        else:
            self._told.note(event)
            self._file(event)
            self._refresh(group)
        for action in group.actions:
            self._told.note(action)
        return Happened(
            **{name: getattr(told, name) for name in _TOLD},
            case=self._case,
            row={name: value for name, value in self._told.instance.items() if name not in _OF_THE_ENGINE},
            tasks=self._tasks,
            timers=[dict(one) for one in self._told.timers.values() if one["status"] == WAITING],
            copies=[dict(one) for one in self._told.copies.values()],
            marking=self._marking(),
            passed=group.passed,
            files=list(self._files.values()),
            form=form,
        )

    def _input(self, group: Group) -> None:
        event = group.event
        if event.kind == MIGRATED:
            self._made = self._definition(event.data["to"]["digest"])
        if event.kind == "taken_back":
            self._gone.add(int(event.data["input"]))
            self._again()
        else:
            self._inputs.append(group)
            if event.kind == "completed":
                row = self._told.tasks[event.task or ""]
                group.place = row["scope"], row["slot"]
            self._case = self._said(group, self._case)
        opened = self._opened(group)
        timers = self._timers(group)
        ended = event.kind == "terminated" or any(one.kind == fx.ENDED for one in group.effects)
        if event.kind == "woken" and not (opened or timers or self._tasks):  # nothing is left that could go on
            ended = True
        landing = engine.Landing("", opened, timers, (), (), ended, None)
        begun = Begun(self._id, event.data["frame"], self._made) if event.kind == MIGRATED else None
        course = Course(landing, self._case, begun=begun)
        effects = [fx.Effect(effect.kind, effect.data, effect.task) for effect in group.effects]
        self._told.step(event, effects, course)
        self._refresh(group)
        self._move(group, ended=ended)

    def _move(self, group: Group, *, ended: bool) -> None:
        event = group.event
        if event.kind == MIGRATED:
            self._tokens.move(self._made, event.data["mapping"])
        if event.kind == "returned" and event.task is None:
            self._tokens.put_back(event.data["scope"], event.data["step"])
        if event.kind != "taken_back":
            self._tokens.pass_on(group.passed, set(self._places()), ended)

    def _again(self) -> None:
        """The data and the way of the case without the inputs that were taken back."""
        self._inputs = [one for one in self._inputs if one.event.seq not in self._gone]
        made = self._made = self._definition(self._inputs[0].event.data["digest"])
        self._case = {}
        self._tokens.begin_anew()
        self._tokens.made = made
        for group in self._inputs:
            if group.event.kind == MIGRATED:
                self._made = self._definition(group.event.data["to"]["digest"])
                self._tokens.move(self._made, group.event.data["mapping"])
            self._case = self._said(group, self._case)
            passed = group.passed
            if group.event.kind == "woken" and passed and not self._tokens.sleeps_at(*passed[0][:3]):
                continue  # the step that led to what was woken is gone
            if group.event.kind == "returned" and group.event.task is None:
                self._tokens.put_back(group.event.data["scope"], group.event.data["step"])
            ended = any(one.kind == fx.ENDED for one in group.effects)
            self._tokens.pass_on(passed, set(self._places_after(group)), ended)

    def _said(self, group: Group, data: dict[str, Any]) -> dict[str, Any]:
        """The data of the case after what a step says and its actions answer, as ``processes.inputs`` takes them in."""
        event = group.event
        if event.kind == "started":
            data = {name: value for name, value in event.data["data"].items() if name not in FRAME_NAMES}
        elif event.kind == "completed":
            said = event.data
            own = self._made.own_fields(said["process"], said["step"])
            data = merged(data, *group.place, said["data"], frozenset(said["drop"]), own)
        elif event.kind == "terminated":
            data = {**data, **said_at_end(event.data)}
        for action in group.actions:
            if not action.data["scope"]:
                data = {**data, action.data["variable"]: action.data["result"]}
        return data

    def _opened(self, group: Group) -> dict[str, engine.OpenTask]:
        """The tasks that the step brings, as the projection asks for them; their own data stand in their rows."""
        return {
            one.task: engine.OpenTask(one.task, one.data["process"], one.data["task"], one.data["scope"], {})
            for one in group.effects
            if one.kind == fx.ENTERED and one.task
        }

    def _timers(self, group: Group) -> dict[str, engine.WaitingTimer]:
        found = {}
        listed = [one.data["timers"] for one in group.effects if one.kind == fx.ADVANCED]
        for timer_id, event, fire_at, task in listed[-1] if listed else ():
            watched = self._told.tasks.get(task or "", {}).get("process")
            drawn = self._drawn().get(event, [self._made.program.key])
            process = watched if watched in drawn else drawn[0]
            name = self._made.program.names.get((process, event), event)
            found[timer_id] = engine.WaitingTimer(timer_id, process, event, name, datetime.fromisoformat(fire_at), task)
        return found

    def _drawn(self) -> dict[str, list[str]]:
        if self._made.digest not in self._drawings:
            self._drawings[self._made.digest] = drawn_in(self._made)
        return self._drawings[self._made.digest]

    def _file(self, event: HistoryEvent) -> None:
        data, key = event.data, str(event.data.get("id") or "")
        if event.kind == ATTACHED:
            self._files[key] = FileThen(key, data["name"], data.get("size"), data["sha256"], event.actor, event.at)
        elif event.kind == WITHDRAWN and key in self._files:
            why = data.get("reason")
            self._files[key] = replace(
                self._files[key], withdrawn=event.at, withdrawn_by=event.actor, withdrawn_why=why
            )

    def _refresh(self, group: Group) -> None:
        """Copies the rows of the tasks that the step touched; those of others stay the same objects."""
        touched = {one.task for one in group.effects if one.task} | {group.event.task}
        for task_id in touched - {None}:
            row = self._told.tasks.get(str(task_id))
            if row is not None and row["status"] == OPEN:
                self._tasks = {**self._tasks, str(task_id): dict(row)}
            elif task_id in self._tasks:
                self._tasks = {key: one for key, one in self._tasks.items() if key != task_id}

    # --- Where it stands ---------------------------------------------------------------------------------------------

    def _places(self) -> Iterator[Place]:
        for row in self._tasks.values():
            yield row["process"], row["scope"], row["task"]

    def _places_after(self, group: Group) -> Iterator[Place]:
        for effect in group.effects:
            if effect.kind == fx.ENTERED:
                yield effect.data["process"], effect.data["scope"], effect.data["task"]

    def _marking(self) -> tuple[Place, ...]:
        if self._told.instance.get("ended_at") is not None:
            return ()
        timers = self._told.timers.values()
        awaited = [(one["process"], one["event"]) for one in timers if one["status"] == WAITING and not one["task_id"]]
        return self._tokens.stand(self._places(), awaited)

    # --- The form ----------------------------------------------------------------------------------------------------

    def _form(self, event: HistoryEvent, row: Row) -> Form | None:
        if event.kind not in ("completed", "returned") or event.task is None:
            return None
        due_on = row["due_on"]
        done = event.kind == "completed"
        return Form(
            task=event.task,
            process=row["process"],
            step=row["task"],
            scope=row["scope"],
            entered=row["entered_seq"],
            entered_at=row["entered_at"],
            due_on=due_on.isoformat() if due_on else None,
            calendar=event.data["calendar"],
            typed=event.data["data"] if done else None,
            before=self._submitted_before(event, row),
            warnings=tuple(event.data.get("warnings", ())),
            filled=event.data.get("filled"),
        )

    def _submitted_before(self, event: HistoryEvent, row: Row) -> Mapping[str, Any]:
        """The values in an open form from an earlier time: the rule of ``processes.prefills``."""
        if event.task in self._typed:
            return self._typed[event.task]
        if self._kinds.get(row["entered_seq"]) != "returned":
            return {}
        earlier = [
            one
            for one in self._told.tasks.values()
            if (one["scope"], one["task"], one["status"]) == (row["scope"], row["task"], DONE)
        ]
        latest = max(earlier, key=lambda one: int(one["completed_seq"]), default=None)
        return (latest["submitted"] or {}) if latest is not None else {}


def fold(
    instance_id: UUID,
    events: Sequence[HistoryEvent],
    definition: Callable[[str], Compiled],
) -> list[Happened]:
    """The steps of a case from its whole journal. Raises LookupError where it does not begin with the start."""
    return Fold(instance_id, events, definition).steps()
