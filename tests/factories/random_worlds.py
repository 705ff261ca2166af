"""Weeks of a district as chance has them: people register, answer, return, take back, suspend, put off and end needs,
and timers fire; what is refused is not done. The same seed gives the same weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.errors import LiaisonError, NotFound
from service.history.models import HistoryEvent
from service.processes import commands, extensions, halting, operations, timers
from service.processes.clocks import runs_of
from service.processes.models import RUN_ANSWERED, Instance, UserTask
from service.rights import RESPONSIBLE_UNIT
from tests.factories.agreement import Step
from tests.factories.world import LIAISON, OFFICE, World

Thing = TypeVar("Thing")
IN_ORDER = (UserTask.entered_at, UserTask.task, UserTask.unit)
"""Ids are others each time: by them chance would choose other steps."""
UNITS = ("edu", "hrss", "housing", "health", "guicheng")
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "accept": {"decision": ("accept",) * 8 + ("return", "reject")},
    "handle": {"result": ("done",) * 5 + ("interim", "interim", "not_ours")},
    "review_reply": {"decision": ("accept",) * 5 + ("redo", "refer")},
    "confirm_interim": {"decision": ("agree", "agree", "redo", "refer")},
    "redispatch": {"decision": ("redispatch", "redispatch", "drop")},
    "approve_circular": {"decision": ("issue", "hold")},
    "assess": {"route": ("meeting", "escalate", "redispatch", "explain")},
    "record_minutes": {"decision": ("settled", "redispatch", "escalate")},
    "record_decision": {"decision": ("settled", "redispatch")},
    "feedback_result": {"outcome": ("solved", "solved", "partly", "policy_limited")},
}
"""Step → the field that decides its way, with the answers that chance has."""


@dataclass
class RandomWorld:
    """The district on its way; ``done`` counts what was done, by its kind."""

    world: World
    chance: Random
    cases: list[UUID] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def live(self, day: date) -> None:
        """A day: what chance has people do from ten o'clock on, and what is due by then fires first."""
        self.world.clock.set(datetime.combine(day, time(10), clock.SHANGHAI))
        self._fire()
        acts: list[Callable[[], None]] = [self._begin] * 2 + [self._answer] * 9
        acts += [self._take_back, self._halt, self._resume, self._extend] * 2 + [self._urge, self._return]
        for _ in range(self.chance.randint(3, 8)):
            act = self.chance.choice(acts) if self.chance.random() < 0.97 else self._terminate
            try:
                act()
            except LiaisonError:
                self.done["refused"] += 1
            else:
                self.done[act.__name__] += 1
            self.world.clock.advance(minutes=3)
        self.world.clock.set(datetime.combine(day, time(18), clock.SHANGHAI))

    # --- What people do ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        units = self.chance.sample(UNITS, self.chance.choice((1, 1, 2, 3)))
        told = {"talent_id": f"T{self.chance.randint(1, 12):04}", "received_on": clock.today().isoformat()}
        told |= {"town": self.chance.choice(("guicheng", "dali", "xiqiao")), "title": f"第 {len(self.cases) + 1} 件"}
        told |= {"category": self.chance.choice(("education", "housing", "research", "medical"))}
        way = self.chance.random()
        if way < 0.1:
            on_the_spot = {**told, "on_the_spot": True, "answer": "当场说明"}
            self.cases.append(self.world.start(**on_the_spot))
            self.world.do(LIAISON, "record_need", self.world.need(**on_the_spot))
        elif way < 0.3:
            self.cases.append(self.world.recorded(**told))
        else:
            self.cases.append(self.world.dispatched(*units, **told))

    def _answer(self) -> None:
        task = self._open()
        self.done[task.task] += 1
        self._do(self._doer(task), commands.complete, task_id=task.id, data=self._data(task))

    def _take_back(self) -> None:
        with self.world.database.reading() as session:
            ended = select(UserTask).where(UserTask.status == "completed", UserTask.task != "record_need")
            rows = session.scalars(ended.order_by(*IN_ORDER)).all()[-6:]
            session.expunge_all()
        task = self._one_of(rows)
        self._do(self._doer(task), operations.take_back, task_id=task.id, reason="填错了")

    def _return(self) -> None:
        task = self._open()
        targets = ("record_need", "accept", "handle", "dispatch")
        self._do(OFFICE, commands.return_task, task_id=task.id, target=self.chance.choice(targets), reason="请补充")

    def _halt(self) -> None:
        due = self.chance.choice((halting.SHIFT, halting.KEEP))
        self._do(OFFICE, halting.suspend, instance_id=self._one_of(self.cases), reason="本人出国", due=due)

    def _resume(self) -> None:
        with self.world.database.reading() as session:
            still = session.scalars(
                select(Instance.id).where(Instance.status == "suspended").order_by(Instance.started_at)
            ).all()
        self._do(OFFICE, halting.resume, instance_id=self._one_of(still or self.cases), reason="")

    def _extend(self) -> None:
        task = self._open(RESPONSIBLE_UNIT)
        later = max(task.due_on or clock.today(), clock.today()) + timedelta(days=self.chance.randint(1, 12))
        self._do(self._doer(task), extensions.ask, task_id=task.id, due_on=later.isoformat(), reason="须现场勘查")
        if self.chance.random() < 0.8:
            self._do(OFFICE, extensions.extend, task_id=task.id, due_on=None, reason="")

    def _urge(self) -> None:
        self._do(OFFICE, operations.urge, instance_id=self._one_of(self.cases), text="请抓紧")

    def _terminate(self) -> None:
        self._do(OFFICE, commands.terminate, instance_id=self._one_of(self.cases), reason="本人放弃")

    # --- How ---------------------------------------------------------------------------------------------------------

    def _do(self, user: str, what: Callable[..., Any], **told: Any) -> None:
        with self.world.transaction() as session:
            what(session, actor=self.world.actor(user), now=clock.now(), **told)

    def _open(self, role: str | None = None) -> UserTask:
        with self.world.database.reading() as session:
            tasks = select(UserTask).join(Instance, Instance.id == UserTask.instance_id)
            tasks = tasks.where(UserTask.status == "open", Instance.process == "request").order_by(*IN_ORDER)
            rows = [one for one in session.scalars(tasks) if role in (None, one.role)]
            session.expunge_all()
        return self._one_of(rows)

    def _one_of(self, things: Sequence[Thing]) -> Thing:
        if not things:
            raise NotFound("chance chose what nobody can do now")
        return self.chance.choice(things)

    def _doer(self, task: UserTask) -> str:
        if task.role == RESPONSIBLE_UNIT:
            return f"handler-{task.unit}"
        return LIAISON if task.role == "liaison" else OFFICE

    def _data(self, task: UserTask) -> dict[str, Any]:
        if task.task == "record_need":
            with self.world.database.reading() as session:
                return {**self.world.need(), "title": session.get_one(Instance, task.instance_id).title or "补正"}
        data = self.world.sample(task.task)
        for name, answers in CHOICES.get(task.task, {}).items():
            data[name] = self.chance.choice(answers)
        return said(task.task, data)

    def _fire(self) -> None:
        while True:
            with self.world.database.reading() as session:
                due = timers.due_timers(session, now=clock.now())
            if not due:
                return
            for timer in due:
                with self.world.transaction() as session:
                    timers.fire(session, timer_id=timer, now=clock.now())


def said(step: str, data: dict[str, Any]) -> dict[str, Any]:
    """The form with what its decision asks for besides."""
    more: dict[tuple[str, str], dict[str, Any]] = {
        ("handle", "interim"): {"reason": "须分步", "progress": "已对接", "next_date": _later(9)},
        ("handle", "not_ours"): {"reason": "不属于本单位"},
        ("confirm_interim", "agree"): {"agreed_date": _later(9)},
        ("approve_circular", "issue"): {"text": "予以通报"},
        ("feedback_result", "policy_limited"): {
            "explanation": "现行政策不支持",
            "policy_reference": "南人社〔2024〕12号",
        },
    }
    kept = {"handle": "result", "confirm_interim": "decision", "accept": "decision", "review_reply": "decision"}
    chosen = str(data.get(kept.get(step, ""), data.get("outcome", data.get("decision", ""))))
    if step in ("accept", "review_reply", "confirm_interim") and chosen not in ("accept", "agree"):
        return {"decision": chosen, "reason" if step == "accept" else "comment": "请补充"}
    if (step, chosen) == ("redispatch", "drop"):
        return {"decision": chosen, "opinion": "由其他单位一并办理"}
    if step in kept and chosen not in ("accept", "done"):
        return {kept[step]: chosen, **more[step, chosen]}
    return {**data, **more.get((step, chosen), {})}


def _later(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def told_by_journal(session: Session, on: date) -> dict[str, list[Step]]:
    """Case → its steps, made of the journal's events up to the end of ``on`` alone, as verification makes them."""
    events = select(HistoryEvent).where(HistoryEvent.stream.like("instance:%"), HistoryEvent.at < clock.end_of(on))
    streams: dict[str, list[HistoryEvent]] = {}
    for event in session.scalars(events.order_by(HistoryEvent.id)):
        streams.setdefault(event.stream.removeprefix("instance:"), []).append(event)
    return {
        case: [_step(run, on) for run in runs_of(UUID(case), told) if run["void_on"] is None]
        for case, told in streams.items()
    }


def _step(run: dict[str, Any], on: date) -> Step:
    is_open, until = run["until_on"] is None, run["until_on"] or on
    answered = until if run["ended"] == RUN_ANSWERED else None
    return Step(run["role"], run["unit"], run["due_on"], False, is_open, run["due_on"] < until, answered)
