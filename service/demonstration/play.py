"""The play of the demonstration: people do what lies on their desks, moment by moment, and timers fire in between."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, people
from service.auth import actor_of
from service.db import Database
from service.demonstration.form_data import Case, Desk, answers, enclosed
from service.demonstration.matters import COMMENTS, URGES
from service.demonstration.organization import (
    derived,
)
from service.demonstration.plan import PlannedAct
from service.demonstration.scenarios import Do, Op
from service.processes import commands, extensions, halting, operations, sharing, timers
from service.processes.advance import open_tasks
from service.processes.bundles import compiled
from service.processes.calendars import current
from service.processes.fills import templates
from service.processes.models import RUNNING, SUSPENDED, Instance, Timer, UserTask
from service.processes.prefills import filled_in
from service.processes.rules import NEED
from service.rights import SYSTEM, Actor
from service.workdays import Calendar

BATCH = 40
"""Operations a transaction: the database is free in between."""

OPENS, CLOSES = time(9, 5), time(17, 15)
_USUAL = {"handle": (2, 6), "review_reply": (0, 2), "convene_meeting": (2, 5), "submit_topic": (1, 4)}

Progress = Callable[[int], None]


@dataclass(order=True)
class _Turn:
    """Something that is going to be done: moments are unique by their number, so the order never depends on chance."""

    moment: datetime
    number: int
    act: Callable[[Session], object] = field(compare=False)


class Play:
    """The simulation: turns in the order of their moments, and the timers that come due before each."""

    def __init__(
        self, calendar: Calendar, plan: list[Case], others: list[PlannedAct], until: datetime, progress: Progress
    ) -> None:
        self.calendar, self.until, self.progress = calendar, until, progress
        self.cases = {case.instance_id: case for case in plan}
        self.turns: list[_Turn] = []
        self.number = 0
        self.actors: dict[str, Actor] = {}
        moments = [*(case.begins for case in plan), *(operation.moment for operation in others)]
        self.moment = min(moments, default=until)
        self.ahead = dict.fromkeys(self.cases, 0)
        for case in plan:
            self._later(case, case.begins, self._start)
        for operation in others:
            self._push(operation.moment, operation.act)

    def play(self, database: Database) -> None:
        """Plays until the end, some turns a transaction."""
        going = True
        while going:
            with database.transaction() as session:
                for _ in range(BATCH):
                    going = self._next(session)
                    if not going:
                        break

    def _next(self, session: Session) -> bool:
        coming = self.turns[0].moment if self.turns else self.until
        horizon = min(coming, self.until)
        due = timers.due_timers(session, now=horizon, limit=1)
        if due:
            timer = session.get_one(Timer, due[0])
            self._at(max(self.moment, timer.due_at))
            with clock.simulated(self.moment):
                timers.fire(session, timer_id=timer.id, now=clock.now())
                if timer.instance_id in self.cases:
                    self._look(session, self.cases[timer.instance_id])
            return True
        if not self.turns or coming > self.until:
            return False
        turn = heapq.heappop(self.turns)
        self._at(turn.moment)
        with clock.simulated(self.moment):
            turn.act(session)
        return True

    def _at(self, moment: datetime) -> None:
        self.moment = max(self.moment, moment)

    def _later(self, case: Case, moment: datetime, act: Callable[[Session, Case], Instance | None]) -> int:
        self.ahead[case.instance_id] += 1
        return self._push(moment, lambda session: self._act(session, case, act))

    def _push(self, moment: datetime, act: Callable[[Session], object]) -> int:
        self.number += 1
        heapq.heappush(self.turns, _Turn(moment, self.number, act))
        return self.number

    def _act(self, session: Session, case: Case, act: Callable[[Session, Case], Instance | None]) -> None:
        instance = act(session, case)
        if instance is not None:
            self._look(session, case)
        self.ahead[case.instance_id] -= 1
        if not self.ahead[case.instance_id]:
            self.progress(1)

    # --- What people find on their desks ------------------------------------------------------------------------

    def _look(self, session: Session, case: Case) -> None:
        """Plans the operation of each task that has opened; forgets those that are gone."""
        rows = {row.id: row for row in open_tasks(session, case.instance_id)}
        for task_id in set(case.waits) - set(rows):
            del case.waits[task_id]
        for row in rows.values():
            if row.id not in case.waits:
                self._expect(session, case, row)

    def _expect(self, session: Session, case: Case, row: UserTask) -> None:
        step = self._step(session, case, row)
        for operation in case.scenario.ops:
            if operation.at == step and step not in case.begun:
                self._plan_operation(case, row, operation)
        case.begun.add(step)
        queue = case.operations.get(step, [])
        if not queue and step in case.scenario.stops_at:
            case.waits[row.id] = 0
            return
        do = queue.pop(0) if queue else Do()
        task_id = row.id

        def act(session: Session, case: Case) -> Instance | None:
            return self._do(session, case, task_id, number, do)

        number = self._later(case, self._when(case, row.task, do), act)
        case.waits[row.id] = number

    def _step(self, session: Session, case: Case, row: UserTask) -> str:
        if row.slot is None:
            return row.task
        if (
            row.task == "handle"
            and not row.submitted
            and row.unit == session.get_one(Instance, row.instance_id).data.get("lead_unit")
        ):
            case.leads.add(row.scope)
        return row.task if row.scope in case.leads else f"{row.task}+"

    def _when(self, case: Case, task: str, do: Do) -> datetime:
        if do.after is not None:
            days = do.after
        elif case.brisk:
            days = 0
        else:
            days = case.chance.randint(*_USUAL.get(task, (0, 1)))
        if not days:
            soon = self.moment + timedelta(minutes=12 if case.brisk else case.chance.randint(12, 50))
            if OPENS <= clock.local(soon).time() <= CLOSES and self.calendar.is_working_day(clock.local(soon).date()):
                return soon
            days = 1
        day = self.calendar.add(clock.local(self.moment).date(), days).due
        minutes = 5 + case.place % 25 if case.brisk else case.chance.randint(5, 440)
        return datetime.combine(day, OPENS, tzinfo=clock.SHANGHAI) + timedelta(minutes=minutes)

    # --- What they do -------------------------------------------------------------------------------------------

    def _start(self, session: Session, case: Case) -> Instance | None:
        return commands.start(
            session,
            process=NEED,
            data={},
            actor=self._actor(session, case.liaison),
            now=clock.now(),
            instance_id=case.instance_id,
        )

    def _do(self, session: Session, case: Case, task_id: UUID, number: int, do: Do) -> Instance | None:
        if case.waits.get(task_id) != number:
            return None  # taken back, cancelled or done meanwhile
        row = session.get_one(UserTask, task_id, populate_existing=True)
        instance = session.get_one(Instance, case.instance_id, populate_existing=True)
        if instance.status == SUSPENDED:
            case.waits[task_id] = self._later(
                case,
                self.moment + timedelta(days=1),
                lambda session, case: self._do(session, case, task_id, case.waits.get(task_id, 0), do),
            )
            return None
        if instance.status != RUNNING:
            return None
        actor = self._actor(session, self._doer(case, instance, row))
        if do.return_to:
            commands.return_task(
                session,
                task_id=task_id,
                target=do.return_to,
                reason="所附材料不全，请补充后重新回复。",
                actor=actor,
                now=clock.now(),
            )
            return instance
        desk = Desk(case, instance, row, do.outcome, clock.today(), self.calendar)
        data = enclosed(session, desk, answers(desk), actor)
        form = compiled(session, instance.digest, instance.process).form_of(row.process, row.task)
        known = filled_in(session, row, form, actor) if templates(form) else None
        filled = {name: known.values[name] for name in known.proposed} if known is not None else None
        commands.complete(session, task_id=task_id, data=data, actor=actor, now=clock.now(), filled=filled)
        if do.take_back:
            self._later(
                case,
                self.moment + timedelta(minutes=5),
                lambda session, case: self._take_back(session, instance, task_id, actor),
            )
        return instance

    def _take_back(self, session: Session, instance: Instance, task_id: UUID, actor: Actor) -> Instance:
        operations.take_back(
            session, task_id=task_id, reason="附件传错，更正后重新提交。", actor=actor, now=clock.now()
        )
        return instance

    def _doer(self, case: Case, instance: Instance, row: UserTask) -> str:
        if row.id in case.stands_in:
            return case.stands_in[row.id]
        if row.assignee is not None:
            return row.assignee
        if row.role == "liaison":
            return instance.initiator
        if row.role == "responsible_unit":
            return f"handler-{row.unit}"
        return "office" if case.place % 3 else "office-2"

    def _actor(self, session: Session, username: str) -> Actor:
        if username not in self.actors:
            self.actors[username] = actor_of(session, username)
        return self.actors[username]

    # --- Operations ---------------------------------------------------------------------------------------------

    def _plan_operation(self, case: Case, row: UserTask, operation: Op) -> None:
        task_id = row.id
        self._later(
            case,
            self._when(case, operation.at, Do(after=operation.after)),
            lambda session, case: self._operate(session, case, task_id, operation.what),
        )

    def _operate(self, session: Session, case: Case, task_id: UUID, what: str) -> Instance | None:
        row = session.get_one(UserTask, task_id, populate_existing=True)
        instance = session.get_one(Instance, case.instance_id, populate_existing=True)
        handler, office, now = f"handler-{row.unit}", self._actor(session, "office"), clock.now()
        if what == "urge":
            text = case.one_of(URGES)
            operations.urge(session, instance_id=instance.id, task_id=task_id, text=text, actor=office, now=now)
        elif what == "comment":
            text = case.one_of(COMMENTS) + (f" @{handler} 请知悉。" if row.unit else " @office-2 请留意。")
            sharing.comment(session, instance_id=instance.id, text=text, actor=office, now=now, task_id=task_id)
        elif what == "copy":
            sharing.copy(
                session, instance_id=instance.id, to=["leader", "auditor"], note="供参阅。", actor=office, now=now
            )
        elif what == "suspend":
            reason = case.say("{who}出国参加学术活动，暂缓办理。")
            said = {"reason": reason, "due": halting.SHIFT, "asked_by": "联系对象来电"}
            halting.suspend(session, instance_id=instance.id, actor=office, now=now, **said)
        elif what == "resume":
            reason = case.say("{who}已返回，恢复办理。")
            halting.resume(session, instance_id=instance.id, reason=reason, actor=office, now=now)
        elif what == "ask":
            asking, until = self._actor(session, handler), current(session).add(row.due_on or clock.today(), 5).due
            reason = "须待上级部门批复后方可办理。"
            extensions.ask(session, task_id=task_id, due_on=until, reason=reason, actor=asking, now=now)
        elif what == "agree":
            extensions.extend(session, task_id=task_id, actor=office, now=now)
        elif what == "terminate":
            reason = case.say("{who}来电撤回该需求，已自行解决。")
            commands.terminate(session, instance_id=instance.id, reason=reason, actor=office, now=now)
        elif what == "reassign":
            operations.reassign(
                session, task_id=task_id, to=f"{handler}-2", reason="原经办人外出学习。", actor=office, now=now
            )
        elif what == "leave":
            self._go_on_leave(session, case, task_id, handler)
        else:
            by_handler = {
                "acknowledge": operations.acknowledge,
                "claim": operations.claim,
                "release": operations.release,
            }
            by_handler[what](session, task_id=task_id, actor=self._actor(session, handler), now=now)
        return instance

    def _go_on_leave(self, session: Session, case: Case, task_id: UUID, handler: str) -> None:
        """The handler takes the task and goes on leave; the declared substitute does it (代理)."""
        operations.claim(session, task_id=task_id, actor=self._actor(session, handler), now=clock.now())
        absent, today = derived("person", handler), clock.today()
        if not people.substitutes_of(session, absent, today):
            people.declare_substitute(
                session,
                person_id=absent,
                substitute_id=derived("person", handler.replace("handler", "deputy")),
                starts_on=today,
                ends_on=today + timedelta(days=10),
                reason="年休假",
                actor=SYSTEM,
                now=clock.now(),
            )
        case.stands_in[task_id] = handler.replace("handler", "deputy")
