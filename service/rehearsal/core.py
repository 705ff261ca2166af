"""Rehearsal 推演: a bundle runs in memory, without database, clock, accounts or people.

The engine and the step are those of replay (``inputs``). Actions answer by what they declare, nothing is sent, nothing
is written. A rehearsal is its steps: the same steps always lead to the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from service import clock, engine
from service.canonical import normalized
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.calendars import days_late
from service.processes.dated import broken_rules, days_known, findings_of
from service.processes.forms import plain_data
from service.processes.inputs import Act, Begun, Course, run_input
from service.processes.notices import words_of
from service.processes.rules import FRAME_NAMES
from service.rehearsal.answers import Answers
from service.rehearsal.state import (
    Coming,
    DoneStep,
    Kept,
    OpenStep,
    Plan,
    State,
    ToldNotice,
    actor_of,
    fits,
    open_step,
    taker_of,
)
from service.rehearsal.wording import Wording
from service.rights import SYSTEM, Actor
from service.workdays import Calendar

__all__ = ["Coming", "DoneStep", "OpenStep", "Plan", "Rehearsal", "State", "ToldNotice"]

INSTANCE = UUID("5e0a3c1e-7d5b-4b0e-9c0a-0f2f6d1f7a11")
"""The id of every rehearsed case: from it and the number of the input all other ids are derived."""
MOST_TIMES = 60
"""How often one timer of one step may fire in one wait: more is a diagram that wakes itself for ever."""


@dataclass(frozen=True, slots=True)
class _Input:
    seq: int
    kind: str
    at: datetime
    task: str | None
    data: Mapping[str, Any]


class Rehearsal:
    """A case of ``made`` that begins at ``starts_at`` (aware) and counts with ``calendar``.

    ``by`` is who starts it (``liaison@hrss``), ``data`` what it is started with, ``event`` the timer start event that
    starts it, ``answers`` what actions answer instead of what they declare. Every call either is done or raises a
    LiaisonError (in Chinese) and changes nothing.
    """

    def __init__(
        self,
        made: Compiled,
        calendar: Calendar,
        plan: Plan,
        starts_at: datetime,
        *,
        by: str | None = None,
        data: Mapping[str, Any] | None = None,
        event: str | None = None,
        answers: Mapping[str, Any] | None = None,
    ) -> None:
        self.made, self.calendar, self.plan = made, calendar, plan
        self.now = starts_at.astimezone(UTC)
        frame = {"scopes": dict(plan.scopes), "settings": dict(plan.settings)}
        self._begun = Begun(INSTANCE, frame, made, plan.instances, in_memory=True)
        self._course, self._told, self._seq = Course(), Kept(), 0
        for action, value in (answers or {}).items():
            self.answer(action, value)
        self._starter = actor_of(by) if by else SYSTEM
        self._start(plain_data(data or {}), event)

    def _start(self, given: Mapping[str, Any], event: str | None) -> None:
        if clash := sorted(FRAME_NAMES & set(given)):
            raise Invalid("这些名称由系统使用", [Finding(f"/data/{name}", "请删去该项") for name in clash])
        told: dict[str, Any] = {
            **given,
            "settings": dict(self.plan.settings),
            "initiator": self._starter.username,
            "initiator_unit": self._starter.unit,
            "initiator_roles": sorted(grant.role for grant in self._starter.grants),
        }
        if event is not None:
            planned = clock.local(self.now)
            told["scheduled"] = {
                "event": event,
                "occurrence": 0,
                "planned_at": planned.isoformat(),
                "planned_on": planned.date().isoformat(),
            }
        self._run("started", {"data": told, "event": event}, None, self._starter)

    def fork(self) -> Rehearsal:
        """Another one that stands here and goes its own way."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, _course=self._course.fork(), _told=self._told.fork())
        return other

    def forgetful(self) -> Rehearsal:
        """Another one that stands here, but no longer knows how it came here: it costs no more the later it is."""
        other = self.fork()
        other.__dict__["_told"] = self._told.forgetful()
        return other

    # --- What people do ----------------------------------------------------------------------------------------------

    def do(self, task: str, data: Mapping[str, Any], unit: str | None = None, by: str | None = None) -> None:
        """Completes the open step ``task`` (of ``unit``'s slot) with its form's data.

        ``by`` is who does it; default: somebody who may. Raises NotFound (not open, or open more than once),
        NotAllowed, Invalid (field by field, path ``/data/…``), and what the engine raises.
        """
        step = self.step(task, unit)
        actor = self._taker(step, by)
        form, today = self.made.form_of(step.process, step.task), self.today
        clean = form.check(data, today=today, calendar=self.calendar)
        if self.plan.units is not None:
            strangers = [
                Finding(path, f"{form.fields.get(path.split('/')[2], {}).get('title', '')}：没有单位 {value}")
                for path, kind, value in form.references(clean)
                if kind == "units" and value not in self.plan.units
            ]
            if strangers:
                raise Invalid(f"表单有 {len(strangers)} 处需要修改", strangers)
        known = days_known(form, step.data, today, lambda steps: self._done(steps, step.scope))
        if findings := findings_of(broken_rules(form, clean, known)):
            raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)
        drop = sorted(frozenset(form.fields) - set(clean))
        said = {"step": step.task, "process": step.process, "data": clean, "drop": drop}
        late = days_late(self.calendar, step.due_on, today)
        done = DoneStep(step.task, step.label, step.scope, actor.username, self.now, step.due_on, late)
        self._run("completed", said, step, actor, done)

    def give_back(
        self, target: str, reason: str, task: str | None = None, unit: str | None = None, by: str | None = None
    ) -> None:
        """退回: moves the token of an open step back to the step ``target``; ``task`` (of ``unit``) says from where, if
        there is a choice. Raises NotFound, NotAllowed, Invalid."""
        if not reason.strip():
            raise Invalid("请填写退回理由", [Finding("/reason", "退回理由：必填，请填写")])
        fitting = [
            one
            for one in self._told.open.values()
            if task in (None, one.task)
            and one.is_of(unit)
            and target in self.made.program.ways_back.get((one.process, one.task), ())
            and any(done.task == target and done.scope == one.scope for done in self._told.done)
        ]
        if len(fitting) != 1:
            which = "有多个步骤可以退回到那里，请写明从哪一步退回" if fitting else "当前没有步骤可以退回到那里"
            raise NotFound(f"不能退回到{self._wording.step(target)}：{which}；待办：{self._wording.open(self.open)}")
        [step] = fitting
        self._run("returned", {"target": target, "reason": reason}, step, self._taker(step, by))

    def message(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """Delivers a message that the diagram waits for. Raises Conflict when nothing waits for it."""
        self._run("message", {"message": name, "payload": plain_data(payload or {})}, None, SYSTEM)

    def answer(self, action: str, value: Any) -> None:
        """From now on the service action answers ``value``. Raises NotFound for an action that there is not."""
        if action not in self.plan.actions:
            raise NotFound(f"没有服务动作 {action}")
        self._told.answers[action] = normalized(value)

    # --- Time --------------------------------------------------------------------------------------------------------

    def wait(self, *, working_days: int) -> None:
        """Waits till the same hour of the ``working_days``-th working day from today; what is due on the way fires."""
        if working_days < 1:
            raise Invalid("等待天数不对", [Finding("/wait", "应为不小于 1 的工作日数")])
        local = clock.local(self.now)
        day = self.calendar.add(local.date(), working_days).due
        self.until(datetime.combine(day, local.timetz()))

    def until(self, moment: datetime) -> None:
        """Waits till ``moment`` (aware); what is due on the way fires in order, each at its own time."""
        if moment < self.now:
            raise Invalid("时间不能倒退", [Finding("/until", f"现在已是 {clock.local(self.now):%Y-%m-%d %H:%M}")])
        trial = self.fork()
        times: Counter[tuple[str, str | None]] = Counter()
        while due := next((one for one in trial.timers if one.fire_at <= moment), None):
            times[due.event, due.of] += 1
            if times[due.event, due.of] > MOST_TIMES:
                raise Conflict(f"定时「{due.name}」在等待期间触发超过 {MOST_TIMES} 次，流程图可能在不停地唤醒自己")
            trial.now = max(trial.now, due.fire_at)
            trial.fire(due)
        trial.now = moment.astimezone(UTC)
        self.__dict__.update(trial.__dict__)

    def fire(self, timer: Coming) -> None:
        """Lets a waiting timer fire now: proof tries each at each state. Raises Conflict when it waits no longer."""
        landing = self._course.landing
        waiting = landing.timers.get(timer.id) if landing is not None else None
        watched = waiting.task if waiting is not None else None
        said = {"timer": timer.id, "event": timer.event, "name": timer.name}
        self._run("timer_fired", said, self._told.open.get(watched or ""), SYSTEM)

    @property
    def timers(self) -> tuple[Coming, ...]:
        """The timers to come, the next first."""
        landing = self._course.landing
        waiting = landing.timers.values() if landing is not None else ()
        found = [
            Coming(one.id, one.event, one.name, one.fire_at, watched.label if watched else None)
            for one in waiting
            for watched in [self._told.open.get(one.task or "")]
        ]
        return tuple(sorted(found, key=lambda one: (one.fire_at, one.id)))

    # --- What it shows -----------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return clock.local(self.now).date()

    @property
    def state(self) -> State:
        """Where it stands."""
        told, landing = self._told, self._course.landing
        return State(
            now=self.now,
            open=self.open,
            done=told.done,
            marking=engine.marking(self.made.program, landing.state) if landing is not None else (),
            path=told.path,
            fired=told.fired,
            timers=self.timers,
            messages=landing.waiting_messages if landing is not None else (),
            data=self._course.data,
            results=dict(told.results),
            notices=told.notices,
            decided=told.decided,
            due=dict(told.due),
            end=told.end,
            end_name=told.end_name,
        )

    @property
    def open(self) -> tuple[OpenStep, ...]:
        """The open steps."""
        return tuple(self._told.open.values())

    @property
    def done(self) -> tuple[DoneStep, ...]:
        """The steps that were completed, in order."""
        return self._told.done

    @property
    def landing(self) -> engine.Landing | None:
        """Where the engine came to rest."""
        return self._course.landing

    @property
    def passed(self) -> tuple[engine.Passed, ...]:
        """The nodes that were passed, in order, as far as it knows."""
        return self._told.path

    @property
    def decided(self) -> tuple[tuple[str, str], ...]:
        """(table, rule) of the rules that answered, as far as it knows."""
        return self._told.decided

    def step(self, task: str, unit: str | None = None) -> OpenStep:
        """The one open step ``task`` (of ``unit``); of several in one place, which nothing tells apart, the first.

        Raises NotFound, saying what is open.
        """
        found = [one for one in self._told.open.values() if one.task == task and one.is_of(unit)]
        if len({(one.scope, one.unit, one.name) for one in found}) != 1:
            whose = self._wording.step(f"{task}/{unit}" if unit else task)
            which = "同时有几份，请写明单位" if found else "不在待办"
            raise NotFound(f"{whose}{which}；待办：{self._wording.open(self.open)}")
        return found[0]

    @property
    def _wording(self) -> Wording:
        return Wording(self.made, self.plan.names)

    # --- One input ---------------------------------------------------------------------------------------------------

    def _taker(self, step: OpenStep, by: str | None) -> Actor:
        if by is None:
            return taker_of(step)
        actor = actor_of(by)
        if not fits(actor, step):
            whose = step.leader or step.unit
            must = f"{step.role}@{whose}" if whose else step.role
            wording = self._wording
            taker = wording.who(must) if step.role else "没有人"
            raise NotAllowed(f"{wording.step(step.label)}由{taker}办理，{wording.who(by)}不能办理")
        return actor

    def _run(
        self,
        kind: str,
        said: Mapping[str, Any],
        step: OpenStep | None,
        actor: Actor,
        done: DoneStep | None = None,
    ) -> None:
        course, told, seq = self._course.fork(), self._told.fork(), self._seq + 1
        if done is not None and step is not None:  # for actions on the way the step is done already, as in a real case
            del told.open[step.id]
        given = _Input(
            seq,
            kind,
            self.now,
            step.id if step is not None else None,
            {**said, "opening": self.plan.opening.isoformat(), "rules": engine.RULES},
        )
        found = run_input(self._begun, course, given, self.calendar, self._answering(told))
        if done is not None:
            told.done += (done,)
        if kind == "timer_fired":
            told.fired += (str(said["event"]),)
        self._take(told, course, found, given, actor, step)
        self._course, self._told, self._seq = course, told, seq

    def _answering(self, told: Kept) -> Act:
        """The answer of each service action in one input."""
        return Answers(self.plan, self.calendar, self.now, told).answer

    def _take(
        self,
        told: Kept,
        course: Course,
        found: Iterable[fx.Effect],
        given: _Input,
        actor: Actor,
        step: OpenStep | None,
    ) -> None:
        """Brings what an input led to into what is shown."""
        landing = course.landing
        if landing is None:
            return
        effects = list(found)
        for effect in effects:
            if effect.kind == fx.ENTERED and effect.task:
                data = landing.open_tasks[effect.task].data
                entered = open_step(effect.task, effect, self.now, data)
                told.open[effect.task] = entered
                told.due[entered.label] = entered.due_on
            elif effect.kind == fx.ENDED:
                told.end, told.end_name = effect.data["end"], effect.data["name"]
        told.open = {name: one for name, one in told.open.items() if name in landing.open_tasks}
        told.path += landing.passed
        told.decided += landing.decided
        reason = str(given.data.get("reason") or "")
        for word in words_of(effects, told.open, cause=given.kind, reason=reason, actor=actor):
            one = word.task
            told.notices += (ToldNotice(self.now, word.template, one.role, one.unit, one.label, word.text),)

    def _done(self, steps: Collection[str], scope: str) -> Iterable[tuple[str, bool, datetime | None]]:
        latest: dict[tuple[str, bool], datetime] = {}
        for one in self._told.done:
            if one.task in steps:
                latest[one.task, one.scope == scope] = one.at
        return [(task, here, at) for (task, here), at in latest.items()]
