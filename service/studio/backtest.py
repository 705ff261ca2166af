"""Backtest 回测: finished cases run again by another version, on the core of rehearsals, from what their journals hold.

People give what they gave, at the moment at which they gave it; actions answer as they answered then; clocks ring by
the new version. A case is told by its number, steps in the words of the drawing, and dates, never by what forms said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service import clock, history
from service.errors import Invalid, LiaisonError
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.course import Step, standing, steps_of
from service.processes.models import COMPLETED, Instance
from service.processes.recording import stream_of
from service.processes.rules import FRAME_NAMES, NAMED, one_line
from service.processes.wiring import Action, RehearsedCall
from service.rehearsal.core import OpenStep, Plan, Rehearsal
from service.workdays import Calendar

SAME, OTHER, ASKED, FAILS = "same", "other", "asked", "fails"
MOST_REASONS = 100
"""Reasons that are told apart in the summary of a backtest; the cases tell all."""

Flow = tuple[str, str, str]
"""(process, element, next element)."""


@dataclass(frozen=True, slots=True)
class Due:
    """The date of a step that both ways share: as it was, as it would be, and when the step was done.

    ``days`` is by how many working days it would be later (negative: earlier).
    """

    step: str
    was: date | None
    would: date | None
    done_on: date
    days: int

    @property
    def late_was(self) -> bool:
        """Whether the step was done after its date."""
        return self.was is not None and self.done_on > self.was

    @property
    def late_would(self) -> bool:
        """Whether it would have been."""
        return self.would is not None and self.done_on > self.would


@dataclass(frozen=True, slots=True)
class Tested:
    """How a finished case would have gone. ``verdict``: the same way, another way, it would have waited for what nobody
    was asked (``step``, ``fields``), or the version fails in it. ``message``: where they part, in Chinese; ``flows``:
    (process, element, next element) → how often it was gone, as far as they go together; ``before``: how often it was
    gone then."""

    instance: UUID
    number: str | None
    verdict: str
    message: str = ""
    step: str = ""
    fields: tuple[str, ...] = ()
    dues: tuple[Due, ...] = ()
    flows: Mapping[Flow, int] = field(default_factory=dict)
    before: Mapping[Flow, int] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As a job's item keeps it."""
        dues = [
            {
                "step": one.step,
                "from": one.was.isoformat() if one.was else None,
                "to": one.would.isoformat() if one.would else None,
                "days": one.days,
                "late_before": one.late_was,
                "late_after": one.late_would,
            }
            for one in self.dues
            if one.was != one.would
        ]
        told = {"message": self.message, "step": self.step, "fields": list(self.fields), "due": dues}
        return {"number": self.number, **{name: value for name, value in told.items() if value}}


@dataclass
class Summary:
    """The summary of all cases: dates by step, how often each flow was gone by the new drawing and then (``before``),
    and for what reason how many parted, by verdict."""

    steps: dict[str, dict[str, int]] = field(default_factory=dict)
    flows: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, one: Tested) -> None:
        """Adds a case."""
        for due in one.dues:
            row = self.steps.setdefault(due.step, dict.fromkeys(_COLUMNS, 0))
            row["n"] += 1
            row["earlier"] += due.days < 0
            row["later"] += due.days > 0
            row["days"] += due.days
            row["late_before"] += due.late_was
            row["late_after"] += due.late_would
        for tally, gone in ((self.flows, one.flows), (self.before, one.before)):
            for flow, count in gone.items():
                tally["/".join(flow)] += count
        if one.message:
            told = self.reasons.setdefault(one.verdict, {})
            if one.message in told or len(told) < MOST_REASONS:
                told[one.message] = told.get(one.message, 0) + 1

    def data(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {"steps": self.steps, "flows": dict(self.flows), "before": dict(self.before), "reasons": self.reasons}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Summary:
        """The summary that a job has kept."""
        return cls(
            {step: dict(row) for step, row in said.get("steps", {}).items()},
            Counter(said.get("flows", {})),
            Counter(said.get("before", {})),
            {verdict: dict(told) for verdict, told in said.get("reasons", {}).items()},
        )


_COLUMNS = ("n", "earlier", "later", "days", "late_before", "late_after")


def finished(
    session: Session, process: str, *, first: date, last: date, after: UUID | None = None, limit: int = 50
) -> list[UUID]:
    """Ids of the cases that came to their end in a period, in order of id: as good as drawn by lot."""
    query = select(Instance.id).where(
        Instance.process == process,
        Instance.status == COMPLETED,
        *ended(first, last),
    )
    if after is not None:
        query = query.where(Instance.id > after)
    return list(session.scalars(query.order_by(Instance.id).limit(limit)))


def ended(first: date, last: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The condition that a case came to its end in a period, both days included."""
    return Instance.ended_at >= clock.end_of(first - timedelta(days=1)), Instance.ended_at < clock.end_of(last)


def tested(session: Session, case: UUID, made: Compiled, plan: Plan, calendar: Calendar) -> Tested:
    """How the finished case would have gone by ``made``."""
    number = session.scalar(select(Instance.number).where(Instance.id == case))
    events = history.stream_events(session, stream_of(case))
    steps = list(standing(steps_of(events)))
    return _Run(case, number, made, plan, calendar, steps).run()


class _Parted(Exception):
    """The ways part here."""

    def __init__(self, verdict: str, message: str, step: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.verdict, self.message, self.step, self.fields = verdict, message, step, fields


class _Run:
    def __init__(
        self, case: UUID, number: str | None, made: Compiled, plan: Plan, calendar: Calendar, steps: Sequence[Step]
    ) -> None:
        self.case, self.number, self.made, self.calendar, self.steps = case, number, made, calendar, steps
        self.answers: dict[tuple[str, str], list[Any]] = {}
        for step in steps:
            for event in step.actions:
                self.answers.setdefault((event.data["name"], str(event.task)), []).append(event.data["result"])
        actions = {name: self._as_then(action) for name, action in plan.actions.items()}
        self.plan = replace(plan, actions=actions, units=None)
        self.entered: dict[str, Mapping[str, Any]] = {}
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
            for step in self.steps:
                rehearsal = self._step(rehearsal, step)
            if rehearsal is not None:
                self._compare_ends(rehearsal)
        except _Parted as parted:
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
        path = rehearsal.state.path if rehearsal is not None else ()
        flows = Counter((one.process, one.source, one.node) for one in path if one.source is not None)
        before = Counter(
            (process, source, node)
            for one in self.steps
            for effect in one.effects
            if effect.kind == fx.ADVANCED
            for process, _scope, node, source in effect.data["passed"]
            if source is not None
        )
        return Tested(self.case, self.number, verdict, message, step, fields, tuple(self.dues), flows, before)

    def _step(self, rehearsal: Rehearsal | None, step: Step) -> Rehearsal:
        event = step.event
        if event.kind == "started" or rehearsal is None:
            rehearsal = self._begin(step)
        else:
            rehearsal.until(max(rehearsal.now, event.at))
            if event.kind == "completed":
                self._complete(rehearsal, step)
            elif event.kind == "returned":
                self._give_back(rehearsal, step)
            elif event.kind == "message":
                rehearsal.message(event.data["message"], event.data["payload"])
        for effect in step.effects:
            if effect.task and effect.kind in (fx.ENTERED, fx.RENEWED):
                self.entered[effect.task] = effect.data
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
        due = self._due(now, before, clock.local(event.at).date())
        try:
            rehearsal.do(now.task, said, unit=now.slot or now.unit)
        except Invalid as error:
            missing = [one.path.removeprefix("/data/") for one in error.findings if one.path.startswith("/data/")]
            titles = tuple(str(form.fields.get(name, {}).get("title") or name) for name in missing)
            if not titles:
                raise
            message = f"在「{_title(now)}」会要求填写当时没有问到的内容：{'、'.join(titles)}"
            raise _Parted(ASKED, message, _title(now), titles) from error
        self.dues.append(due)

    def _open(self, rehearsal: Rehearsal, step: str, was: Mapping[str, Any]) -> OpenStep:
        """The step that was done, as it is open in this run. Raises _Parted."""
        found = rehearsal.state.open
        slot = str(was.get("slot") or "").removeprefix(NAMED) or None
        for one in found:
            if one.task == step and one.slot == slot:
                return one
        done = one_line(was.get("name") or step).partition("：")[0]
        waits = [one for one in found if not self._done_later(one)]
        if waits:
            names = "、".join(dict.fromkeys(f"「{_title(one)}」" for one in waits))
            raise _Parted(ASKED, f"当时办的是「{done}」，新版会先等{names}，当时没有这一步", _title(waits[0]))
        names = "、".join(dict.fromkeys(f"「{_title(one)}」" for one in found)) or "没有待办"
        ended = f"新版已到「{one_line(rehearsal.state.end_name)}」" if rehearsal.state.end else f"新版此时为{names}"
        raise _Parted(OTHER, f"当时办的是「{done}」，{ended}", done)

    def _done_later(self, one: OpenStep) -> bool:
        """Whether somebody did this step in the case at all."""
        return any(step.event.kind == "completed" and step.event.data["step"] == one.task for step in self.steps)

    def _give_back(self, rehearsal: Rehearsal, step: Step) -> None:
        event = step.event
        now = self._open(rehearsal, event.data["step"], self.entered.get(str(event.task), {}))
        try:
            rehearsal.give_back(event.data["target"], event.data["reason"], now.task, now.slot or now.unit)
        except LiaisonError as error:
            raise _Parted(OTHER, f"当时从「{_title(now)}」退回，新版不能退回到那里", _title(now)) from error

    def _due(self, now: OpenStep, before: Mapping[str, Any], done_on: date) -> Due:
        was = date.fromisoformat(before["due_on"]) if before.get("due_on") else None
        days = 0
        if was is not None and now.due_on is not None and was != now.due_on:
            days = self.calendar.between(was, now.due_on)
        return Due(_title(now), was, now.due_on, done_on, days)

    def _compare_ends(self, rehearsal: Rehearsal) -> None:
        state = rehearsal.state
        if not state.end and state.open:
            names = "、".join(dict.fromkeys(f"「{_title(one)}」" for one in state.open))
            raise _Parted(ASKED, f"当时已到「{one_line(self.end)}」，新版还要办{names}", _title(state.open[0]))
        if one_line(state.end_name) != one_line(self.end):
            raise _Parted(OTHER, f"当时到「{one_line(self.end)}」，新版到「{one_line(state.end_name) or '未结束'}」")


WORDS: Mapping[str, str] = {
    SAME: "走法相同",
    OTHER: "走另一条路",
    ASKED: "要等当时没有问到的内容",
    FAILS: "新版办不下去",
}
"""The verdicts in words."""


def unlike(was: Mapping[str, int], would: Mapping[str, int]) -> list[tuple[Flow, int, int]]:
    """(flow, how often it was gone then, how often it would be) of every flow of the summary of a backtest."""
    found = [(flow.split("/"), was.get(flow, 0), would.get(flow, 0)) for flow in sorted({*was, *would})]
    return [((process, source, node), old, new) for (process, source, node), old, new in found]


def moved(days: int) -> str:
    """By how much a date would be another, in words."""
    return f"期限{'晚' if days > 0 else '早'} {abs(days)} 个工作日" if days else "期限由有变无或由无变有"


def _title(step: OpenStep) -> str:
    """The words of the drawing for a step, without whose share of the case it is."""
    return one_line(step.name).partition("：")[0]
