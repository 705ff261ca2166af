"""The demonstration's cases: driven through the real commands under a simulated clock, timers fired in between.

Everything that matters is the same for the same (number, seed, end): ids, numbers, dates, texts, outcomes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import cycle, islice
from random import Random
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids, people
from service.auth import actor_of, find_account
from service.auth.passwords import hashed
from service.db import Database
from service.demonstration.form_data import Case, Desk, filled
from service.demonstration.matters import COMMENTS, MATTERS, TOWN_NAMES, URGES
from service.demonstration.organization import (
    PASSWORD,
    SINCE,
    SPACE,
    Served,
    build_organization,
    derived,
    served,
)
from service.demonstration.plan import PlannedAct, first_day
from service.demonstration.scenarios import FINISHED, STOPPED, Do, Op, Scenario
from service.demonstration.year import acts_of_year
from service.errors import Conflict, Invalid
from service.processes import calendars, commands, operations, sharing, timers
from service.processes.advance import open_tasks
from service.processes.models import RUNNING, SUSPENDED, Instance, Timer, UserTask
from service.processes.rules import NEED, STATUSES
from service.rights import SYSTEM, Actor
from service.workdays import Calendar

MOST = 20_000
SPREAD = 150
"""Working days before the end over which cases begin."""

BATCH = 40
"""Operations a transaction: the database is free in between."""

OPENS, CLOSES = time(9, 5), time(17, 15)
LIAISONS = ("liaison-hrss", "liaison-district_office", "liaison-cppcc_office", "liaison-sci")
_USUAL = {"handle": (2, 6), "review_reply": (0, 2), "convene_meeting": (2, 5), "submit_topic": (1, 4)}

Progress = Callable[[int], None]


def build(
    database: Database,
    *,
    cases: int,
    seed: int,
    until: datetime,
    people_side: bool = True,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Builds organization, accounts and ``cases`` cases as of ``until`` (aware). Gives how many stand where.

    With the ``people_side`` there is a year of links, contacts, rosters, reports (``year``) before the end too.
    ``progress`` is told of each case that has come as far as it will. Raises Conflict where there is a demonstration
    already, Invalid for a number of cases that is not between 0 and 20,000.
    """
    if not 0 <= cases <= MOST:
        raise Invalid(f"演示事项的数量应在 0 至 {MOST} 之间")
    with database.reading() as session:
        require_none(session)
        calendar = calendars.current(session)
    plan = planned(cases, seed, until, calendar)
    others = acts_of_year(plan, seed, until, calendar) if people_side else []
    first = clock.local(min((case.begins for case in plan), default=until)).date()
    if people_side:
        first = min(first, first_day(until, calendar))
    opening = datetime.combine(first, time(8, 30), tzinfo=clock.SHANGHAI)
    password_hash = hashed(PASSWORD)
    with ids.reproducible(SPACE, f"demonstration:{seed}"):
        with clock.simulated(opening), database.transaction() as session:
            build_organization(
                session,
                password_hash=password_hash,
                now=clock.now(),
                since=min(SINCE, date(first.year, 1, 1)),
            )
        _Run(calendar, plan, others, until, progress or _silent).play(database)
    with database.reading() as session:
        counted: dict[str, int] = {}
        found = select(Instance.status, Instance.end_name).where(Instance.process == NEED)
        for status, name in session.execute(found):
            label = name or STATUSES[status]
            counted[label] = counted.get(label, 0) + 1
    return counted


def require_none(session: Session) -> None:
    """Raises Conflict where there is a demonstration, or anything else, already."""
    if find_account(session, "office") is not None:
        raise Conflict("演示数据已经存在，不再重复生成；如需重做，请换一个空数据库（LIAISON_DATABASE_URL）")
    if session.scalar(select(Instance.id).limit(1)) is not None:
        raise Conflict("数据库里已有在办的事项，演示数据只能装入空数据库")


def planned(cases: int, seed: int, until: datetime, calendar: Calendar) -> list[Case]:
    """The cases, in the order in which they are numbered here: every scenario once, then by weight."""
    chance = Random(f"liaison:{seed}")
    scenarios = list(islice(_scenarios(chance), cases))
    categories, towns = list(MATTERS), list(TOWN_NAMES)
    chance.shuffle(categories)
    chance.shuffle(towns)
    talents = {town: cycle([one for one in served() if one.town == town]) for town in towns}
    running = sum(1 for one in scenarios if not one.stops_at)
    shares = [position / max(1, running) for position in range(running)]
    chance.shuffle(shares)
    found = []
    for place, scenario in enumerate(scenarios):
        category = scenario.category or categories[place % len(categories)]
        talent: Served = next(talents[towns[(place + place // len(categories)) % len(towns)]])
        if scenario.stops_at:
            begins = _stopped_since(scenario, until, calendar, place)
        else:
            begins = _spread(scenario, shares.pop(), place, until, calendar, chance)
        matters = MATTERS[category]
        found.append(
            Case(
                place=place + 1,
                instance_id=ids.derive(SPACE, f"case:{seed}:{place + 1}"),
                scenario=scenario,
                category=category,
                matter=matters[(place // len(categories) + seed) % len(matters)],
                talent=talent,
                liaison=LIAISONS[place % len(LIAISONS)],
                begins=begins,
                chance=Random(f"liaison:{seed}:{place + 1}"),
                operations={step: list(each) for step, each in scenario.steps.items()},
            )
        )
    return found


def _scenarios(chance: Random) -> Iterator[Scenario]:
    """Finished and stopped ones by turns until each had its turn; from then on four finished to one stopped."""
    rest = {True: list(FINISHED), False: list(STOPPED)}
    turn = True
    while rest[True] or rest[False]:
        if rest[turn]:
            yield rest[turn].pop(0)
        turn = not turn
    weights = [scenario.weight for scenario in FINISHED]
    while True:
        if chance.random() < 0.2:
            yield chance.choice(STOPPED)
        else:
            yield chance.choices(FINISHED, weights)[0]


def _stopped_since(scenario: Scenario, until: datetime, calendar: Calendar, place: int) -> datetime:
    """When a case must begin to stand where it stops, as old as it should be."""
    day = calendar.add(clock.local(until).date(), -(scenario.days(scenario.path) + scenario.age)).due
    return datetime.combine(day, time(9, 10), tzinfo=clock.SHANGHAI) + timedelta(minutes=place % 40)


def _spread(
    scenario: Scenario, share: float, place: int, until: datetime, calendar: Calendar, chance: Random
) -> datetime:
    """A working moment: early enough for the first of a kind to end, anywhere up to the end for further ones."""
    last = scenario.longest if place < len(FINISHED) + len(STOPPED) else 2
    back = last + round((SPREAD - last) * (1 - share) + chance.random() * 2)
    day = calendar.add(clock.local(until).date(), -max(1, back)).due
    return datetime.combine(day, time(9, 10), tzinfo=clock.SHANGHAI) + timedelta(minutes=chance.randrange(420))


def _silent(_cases: int) -> None:
    """Nobody watches."""


@dataclass(order=True)
class _Turn:
    """Something that is going to be done: moments are unique by their number, so the order never depends on chance."""

    moment: datetime
    number: int
    act: Callable[[Session], object] = field(compare=False)


class _Run:
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
        commands.complete(session, task_id=task_id, data=filled(desk), actor=actor, now=clock.now())
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
            commands.suspend(session, instance_id=instance.id, reason=reason, actor=office, now=now)
        elif what == "resume":
            reason = case.say("{who}已返回，恢复办理。")
            commands.resume(session, instance_id=instance.id, reason=reason, actor=office, now=now)
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
