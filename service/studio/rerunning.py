"""A finished case, run again by another version on the core of rehearsals, from what its journal holds.

People give what they gave, at the moment at which they gave it; actions answer as they answered then; clocks ring by
the new version. With suppositions people take the working days that they took, from whenever their step opens now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service import clock
from service.errors import Invalid, LiaisonError
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.course import Step
from service.processes.rules import FRAME_NAMES, NAMED, one_line
from service.processes.wiring import Action, RehearsedCall
from service.rehearsal.core import OpenStep, Plan, Rehearsal
from service.studio.supposing import Suppositions, complete
from service.studio.tested_cases import ASKED, FAILS, OTHER, SAME, Due, Tested
from service.workdays import Calendar

NOTHING = Suppositions()
MOST_STEPS = 60
"""Supposed steps of one case: more is a circle that the supposed answers never leave."""


class Parted(Exception):
    """The ways part here."""

    def __init__(self, verdict: str, message: str, step: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.verdict, self.message, self.step, self.fields = verdict, message, step, fields


class Rerun:
    """One finished case, run again by ``made``: see the module."""

    def __init__(
        self,
        case: UUID,
        number: str | None,
        made: Compiled,
        plan: Plan,
        calendar: Calendar,
        steps: Sequence[Step],
        old: Compiled | None = None,
        supposing: Suppositions = NOTHING,
    ) -> None:
        self.case, self.number, self.made, self.calendar, self.steps = case, number, made, calendar, steps
        self.old, self.supposing, self.supposed = old, supposing, list[str]()
        self.answers: dict[tuple[str, str], list[Any]] = {}
        for step in steps:
            for event in step.actions:
                self.answers.setdefault((event.data["name"], str(event.task)), []).append(event.data["result"])
        actions = {name: self._as_then(action) for name, action in plan.actions.items()}
        self.plan = replace(plan, actions=actions, units=None)
        self.entered: dict[str, Mapping[str, Any]] = {}
        self.opened: dict[str, datetime] = {}
        self.due: dict[str, Mapping[str, Any]] = {}
        self.dues: list[Due] = []
        self.end: str | None = None

    def _as_then(self, action: Action) -> Action:
        def answer(call: RehearsedCall) -> Any:
            waiting = self.answers.get((action.name, call.task))
            if waiting:
                return waiting.pop(0)
            return action.rehearsed(call) if action.rehearsed is not None else action.sample

        return replace(action, rehearsed=answer)

    def run(self) -> Tested:
        rehearsal: Rehearsal | None = None
        try:
            if self.supposing:
                rehearsal = self._step(None, self.steps[0])
                self._go(rehearsal, list(self.steps[1:]))
            else:
                for step in self.steps:
                    rehearsal = self._step(rehearsal, step)
            if rehearsal is not None:
                self._compare_ends(rehearsal)
        except Parted as parted:
            return self._told(rehearsal, parted.verdict, parted.message, parted.step, parted.fields)
        except LiaisonError as error:
            return self._told(rehearsal, FAILS, one_line(error.message))
        return self._told(rehearsal, SAME)

    def _told(
        self,
        rehearsal: Rehearsal | None,
        verdict: str,
        message: str = "",
        step: str = "",
        fields: tuple[str, ...] = (),
    ) -> Tested:
        path = rehearsal.passed if rehearsal is not None else ()
        flows = Counter((one.process, one.source, one.node) for one in path if one.source is not None)
        before = Counter(
            (process, source, node)
            for one in self.steps
            for effect in one.effects
            if effect.kind == fx.ADVANCED
            for process, _scope, node, source in effect.data["passed"]
            if source is not None
        )
        return Tested(
            self.case,
            self.number,
            verdict,
            message,
            step,
            fields,
            tuple(self.dues),
            flows,
            before,
            tuple(self.supposed),
        )

    # --- With suppositions: what was done is done as late as its step opens, what is new as supposed ---------------

    def _go(self, rehearsal: Rehearsal, waiting: list[Step]) -> None:
        """Takes everything in the order in which it now comes about, until nothing is left to take."""
        for _ in range(MOST_STEPS + len(waiting)):
            coming = [
                (moment, number, step)
                for number, step in enumerate(waiting)
                if (moment := self._moment(rehearsal, step)) is not None
            ]
            asked = [(self._supposed_at(one), one) for one in rehearsal.open if self._supposes(one, waiting)]
            first = min(coming, key=lambda one: one[:2], default=None)
            new = min(asked, key=lambda one: (one[0], one[1].id), default=None)
            if new is not None and (first is None or new[0] <= first[0]):
                self._suppose(rehearsal, *new)
            elif first is not None:
                waiting.remove(first[2])
                self._step(rehearsal, first[2], first[0])
            elif waiting:  # nothing that was done can be done: it says where the ways part
                self._step(rehearsal, waiting.pop(0))
            else:
                return
        raise Parted(FAILS, "照所设的结果走不出去：新步骤一再打开，请换一个结果")

    def _moment(self, rehearsal: Rehearsal, step: Step) -> datetime | None:
        """When a step that was done is done now: people take the working days that they took; None while it is not
        open."""
        event = step.event
        if event.kind not in ("completed", "returned"):
            return event.at
        now = self._found(rehearsal, event.data["step"], self.entered.get(str(event.task), {}))
        if now is None:
            return None
        then = self.opened.get(str(event.task), event.at)
        if now.entered_at <= then:
            return event.at
        days = self.calendar.between(clock.local(then).date(), clock.local(event.at).date())
        if days <= 0:
            return max(event.at, now.entered_at + (event.at - then))
        day = self.calendar.add(clock.local(now.entered_at).date(), days).due
        return max(now.entered_at, datetime.combine(day, clock.local(event.at).timetz()))

    def _supposes(self, one: OpenStep, waiting: Sequence[Step]) -> bool:
        """Whether an answer to an open step is supposed, which nobody will give."""
        if (one.process, one.task) not in self.supposing.steps:
            return False
        known = {task for _, task in self.old.program.user_tasks} if self.old is not None else set()
        later = any(step.event.kind == "completed" and step.event.data["step"] == one.task for step in waiting)
        return one.task not in known and not later

    def _supposed_at(self, one: OpenStep) -> datetime:
        days = self.supposing.steps[one.process, one.task].days or 0
        if not days:
            return one.entered_at
        local = clock.local(one.entered_at)
        return datetime.combine(self.calendar.add(local.date(), days).due, local.timetz())

    def _suppose(self, rehearsal: Rehearsal, moment: datetime, one: OpenStep) -> None:
        """Does a new step as supposed, where it is still open when its time comes."""
        rehearsal.until(max(rehearsal.now, moment))
        now = next((other for other in rehearsal.open if other.id == one.id), None)
        if now is None:
            return
        form, said = self.made.form_of(now.process, now.task), self.supposing.steps[now.process, now.task]
        data = complete(form, said.answers(rehearsal.today, self.calendar), now.data, rehearsal.today, self.calendar)
        try:
            rehearsal.do(now.task, data, unit=now.slot or now.unit)
        except Invalid as error:
            why = "；".join(one.message for one in error.findings) or error.message
            raise Parted(FAILS, f"「{_title(now)}」照所设的结果办不了：{why}", _title(now)) from error
        self.supposed.append(_title(now))

    def _with_fresh(self, now: OpenStep, said: dict[str, Any], today: date) -> dict[str, Any]:
        """``said`` with the supposed answers to fields that the form of then had not."""
        supposed = self.supposing.steps.get((now.process, now.task))
        if supposed is None or self.old is None:
            return said
        key = next((key for key in self.old.program.user_tasks if key[1] == now.task), None)
        before = self.old.form_of(*key).fields if key is not None else {}
        added = {name: one for name, one in supposed.answers(today, self.calendar).items() if name not in before}
        return {**added, **said}

    # --- One step ----------------------------------------------------------------------------------------------------

    def _step(self, rehearsal: Rehearsal | None, step: Step, moment: datetime | None = None) -> Rehearsal:
        event = step.event
        if event.kind == "started" or rehearsal is None:
            rehearsal = self._begin(step)
        else:
            rehearsal.until(max(rehearsal.now, moment or event.at))
            if event.kind == "completed":
                self._complete(rehearsal, step)
            elif event.kind == "returned":
                self._give_back(rehearsal, step)
            elif event.kind == "message":
                rehearsal.message(event.data["message"], event.data["payload"])
        for effect in step.effects:
            if effect.task and effect.kind in (fx.ENTERED, fx.RENEWED):
                self.entered[effect.task] = effect.data
            if effect.task and effect.kind in (fx.ENTERED, fx.REOPENED):
                self.opened[effect.task] = effect.at
            if effect.task and "due_on" in effect.data:
                self.due[effect.task] = effect.data
            if effect.kind == fx.ENDED:
                self.end = effect.data["name"]
        return rehearsal

    def _begin(self, step: Step) -> Rehearsal:
        told = step.event.data["data"]
        given = {name: value for name, value in told.items() if name not in FRAME_NAMES}
        roles, unit = told.get("initiator_roles") or [], told.get("initiator_unit")
        first = next((one.data["role"] for one in step.effects if one.kind == fx.ENTERED), None)
        role = first if first in roles else next(iter(roles), None)
        by = (f"{role}@{unit}" if unit else role) if role else None
        event = step.event.data.get("event")
        return Rehearsal(self.made, self.calendar, self.plan, step.event.at, by=by, data=given, event=event)

    def _complete(self, rehearsal: Rehearsal, step: Step) -> None:
        event = step.event
        was = self.entered.get(str(event.task), {})
        now = self._open(rehearsal, event.data["step"], was)
        form = self.made.form_of(now.process, now.task)
        said = {name: value for name, value in event.data["data"].items() if name in form.fields}
        before = self.due.get(str(event.task), {})
        due = self._due(now, before, clock.local(event.at).date(), rehearsal.today)
        whole = self._with_fresh(now, said, rehearsal.today)
        try:
            if self._done(rehearsal, now, whole, said):
                self.supposed.append(_title(now))
        except Invalid as error:
            missing = [one.path.removeprefix("/data/") for one in error.findings if one.path.startswith("/data/")]
            titles = tuple(str(form.fields.get(name, {}).get("title") or name) for name in missing)
            if not titles:
                raise
            message = f"在「{_title(now)}」会要求填写当时没有问到的内容：{'、'.join(titles)}"
            raise Parted(ASKED, message, _title(now), titles) from error
        self.dues.append(due)

    @staticmethod
    def _done(rehearsal: Rehearsal, now: OpenStep, whole: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
        """Does a step with ``whole``, or with ``said`` alone where what is supposed is not asked for; whether it was
        done with what is supposed. Raises Invalid."""
        unit = now.slot or now.unit
        try:
            rehearsal.do(now.task, whole, unit=unit)
        except Invalid as error:
            added = {f"/data/{name}" for name in whole if name not in said}
            if not added or not {one.path for one in error.findings} <= added:
                raise
            rehearsal.do(now.task, said, unit=unit)
            return False
        return len(whole) > len(said)

    @staticmethod
    def _found(rehearsal: Rehearsal, step: str, was: Mapping[str, Any]) -> OpenStep | None:
        """The step that was done, as it is open in this run."""
        slot = str(was.get("slot") or "").removeprefix(NAMED) or None
        return next((one for one in rehearsal.open if one.task == step and one.slot == slot), None)

    def _open(self, rehearsal: Rehearsal, step: str, was: Mapping[str, Any]) -> OpenStep:
        """The step that was done, as it is open in this run. Raises Parted."""
        if (one := self._found(rehearsal, step, was)) is not None:
            return one
        found = rehearsal.open
        done = one_line(was.get("name") or step).partition("：")[0]
        waits = [one for one in found if not self._done_later(one)]
        if waits:
            names = "、".join(dict.fromkeys(f"「{_title(one)}」" for one in waits))
            raise Parted(ASKED, f"当时办的是「{done}」，新版会先等{names}，当时没有这一步", _title(waits[0]))
        names = "、".join(dict.fromkeys(f"「{_title(one)}」" for one in found)) or "没有待办"
        ended = f"新版已到「{one_line(rehearsal.state.end_name)}」" if rehearsal.state.end else f"新版此时为{names}"
        raise Parted(OTHER, f"当时办的是「{done}」，{ended}", done)

    def _done_later(self, one: OpenStep) -> bool:
        """Whether somebody did this step in the case at all."""
        return any(step.event.kind == "completed" and step.event.data["step"] == one.task for step in self.steps)

    def _give_back(self, rehearsal: Rehearsal, step: Step) -> None:
        event = step.event
        now = self._open(rehearsal, event.data["step"], self.entered.get(str(event.task), {}))
        try:
            rehearsal.give_back(event.data["target"], event.data["reason"], now.task, now.slot or now.unit)
        except LiaisonError as error:
            raise Parted(OTHER, f"当时从「{_title(now)}」退回，新版不能退回到那里", _title(now)) from error

    def _due(self, now: OpenStep, before: Mapping[str, Any], done_on: date, done_now: date) -> Due:
        was = date.fromisoformat(before["due_on"]) if before.get("due_on") else None
        days = 0
        if was is not None and now.due_on is not None and was != now.due_on:
            days = self.calendar.between(was, now.due_on)
        return Due(_title(now), was, now.due_on, done_on, days, done_now)

    def _compare_ends(self, rehearsal: Rehearsal) -> None:
        state = rehearsal.state
        if not state.end and state.open:
            names = "、".join(dict.fromkeys(f"「{_title(one)}」" for one in state.open))
            raise Parted(ASKED, f"当时已到「{one_line(self.end)}」，新版还要办{names}", _title(state.open[0]))
        if one_line(state.end_name) != one_line(self.end):
            raise Parted(OTHER, f"当时到「{one_line(self.end)}」，新版到「{one_line(state.end_name) or '未结束'}」")


def _title(step: OpenStep) -> str:
    """The words of the drawing for a step, without whose share of the case it is."""
    return one_line(step.name).partition("：")[0]
