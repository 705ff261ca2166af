"""Generated walks through the need process: whatever people, timers and calendars do, the journal replays to what is
stored, and the pruned task tree does what the whole one would.

``LIAISON_TEST_WALKS`` sets the number of walks (default 12); ``make test`` walks a few, a night may walk thousands.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, engine, history
from service.auth import actor_of
from service.config import Organization, Settings
from service.db import Database
from service.engine.ahead import LAST_FORESEEING
from service.errors import Conflict, Invalid
from service.people import search_leaders
from service.processes import commands, course, halting, inputs, operations, replay, timers
from service.processes.advance import open_tasks
from service.processes.bundles import compiled
from service.processes.calendars import current
from service.processes.models import DONE, RUNNING, SUSPENDED, Instance, UserTask
from service.processes.recording import stream_of
from service.rights import SYSTEM, Actor
from service.usecases import wire
from service.workdays import Calendar, load_notices, parse_notice_file
from tests.factories.databases import opened
from tests.factories.replays import same_way
from tests.factories.world import CONFIG, read_config

WALKS = int(os.environ.get("LIAISON_TEST_WALKS", "12"))
STEPS = 40
ROUND = {"handle", "redispatch", "confirm_interim", "review_reply", "approve_circular", "feedback_accepted"}
"""The steps of a dispatch round; any other step stands alone."""

START = datetime(2026, 9, 16, 9, 30, tzinfo=clock.SHANGHAI)
UNITS = ("edu", "housing", "health", "hrss", "guicheng")
CLOSURES = ("2026-09-22", "2026-10-12", "2026-10-13", "2026-10-20", "2026-11-03")


class Walker:
    """One need on its random way. ``chance`` draws a number below its argument."""

    def __init__(self, database: Database, chance: Any) -> None:
        self.database, self.chance = database, chance
        self.now = START
        self.closed: list[str] = []
        self.case = UUID("00000000-0000-4000-8000-000000000001")
        """Always the same: tasks' ids come from it, and their order must not depend on chance."""

    # --- Moves -------------------------------------------------------------------------------------------------------

    def walk(self, steps: int) -> None:
        """Starts a need and makes up to ``steps`` moves, the first of them perhaps before the state became compact."""
        with pytest.MonkeyPatch.context() as then:
            if older := self.chance(2) * self.chance(steps):
                then.setattr(engine, "RULES", LAST_FORESEEING)
                note(f"by older rules: {older} moves")
            with self.acting() as session:
                commands.start(
                    session,
                    process="request",
                    data={},
                    actor=self.actor(session, "liaison-hrss"),
                    now=clock.now(),
                    instance_id=self.case,
                )
            self.moves(older)
        self.moves(steps - older)

    def moves(self, steps: int) -> None:
        """Makes up to ``steps`` moves."""
        moves = (
            *[self.complete] * 12, *[self.return_back] * 2, *[self.take_back] * 2, *[self.pass_time] * 4,
            self.change_calendar, self.suspend, self.claim, self.urge,
        )  # fmt: skip
        for _ in range(steps):
            self.now += timedelta(minutes=1 + self.chance(90))
            self.pick(moves)()
            self.look()

    def look(self) -> None:
        """A round goes on only when all its units have answered and the talent has been told."""
        with self.database.reading() as session:
            found = {task.task for task in open_tasks(session, self.case)}
        assert not found & ROUND or not found - ROUND, found

    def complete(self) -> None:
        """Somebody does an open task, with any of its outcomes; no unit is given a second part in a round."""
        with self.acting() as session:
            if (task := self.some_open(session)) is None:
                return
            data = self.filled(task.task)
            note(f"{self.now:%m-%d %H:%M} {task.task} {task.unit or ''} {data}")
            with suppress(Invalid) if task.task == "redispatch" else nullcontext():
                commands.complete(session, task_id=task.id, data=data, actor=self.doer(session, task), now=clock.now())

    def return_back(self) -> None:
        """An open task is returned to a step before it, where there is one."""
        with self.acting() as session:
            if (task := self.some_open(session)) is None:
                return
            instance = session.get_one(Instance, self.case)
            made = compiled(session, instance.digest, instance.process)
            if not (targets := commands.return_targets(session, made, task)):
                return
            target = self.pick(targets)[0]
            note(f"{self.now:%m-%d %H:%M} return {task.task} to {target}")
            actor = self.doer(session, task)
            commands.return_task(session, task_id=task.id, target=target, reason="退回", actor=actor, now=clock.now())

    def take_back(self) -> None:
        """Somebody takes back a step, unless somebody has acted on it."""
        with suppress(Conflict), self.acting() as session:
            query = select(UserTask).where(UserTask.instance_id == self.case, UserTask.status == DONE)
            done = list(session.scalars(query.order_by(UserTask.completed_seq.desc()).limit(3)))
            if not done:
                return
            task = self.pick(done)
            note(f"{self.now:%m-%d %H:%M} take back {task.task}")
            actor = self.actor(session, task.completed_by or "")
            operations.take_back(session, task_id=task.id, reason="更正", actor=actor, now=clock.now())

    def pass_time(self) -> None:
        """Days go by; timers that come due fire, each once its time has come."""
        self.now += timedelta(days=1 + self.chance(9))
        while True:
            with self.acting() as session:
                due = timers.due_timers(session, now=clock.now(), limit=1)
                if not due:
                    return
                note(f"{self.now:%m-%d %H:%M} timer")
                assert timers.fire(session, timer_id=due[0], now=clock.now())

    def change_calendar(self) -> None:
        """A notice closes the offices for a day."""
        day = self.pick(CLOSURES)
        if day in self.closed:
            return
        self.closed.append(day)
        text = "".join(f'[[closures]]\nfrom = {one}\nreason = "台风"\n' for one in self.closed)
        note(f"{self.now:%m-%d %H:%M} closed {day}")
        notices = load_notices(CONFIG).merged(parse_notice_file(text.encode(), "closures.toml"))
        with self.acting() as session:
            calendar = Calendar.from_config(notices)
            timers.load_calendar(session, calendar=calendar, source="通告", actor=SYSTEM, now=clock.now())

    def suspend(self) -> None:
        """The case is suspended for some days."""
        with self.acting() as session:
            if session.get_one(Instance, self.case).status != RUNNING:
                return
            office = self.actor(session, "office")
            halting.suspend(session, instance_id=self.case, reason="暂停", actor=office, now=clock.now())
        self.now += timedelta(days=self.chance(12))
        with self.acting() as session:
            office = self.actor(session, "office")
            halting.resume(session, instance_id=self.case, reason="恢复", actor=office, now=clock.now())

    def claim(self) -> None:
        """Somebody takes a task for himself."""
        with self.acting() as session:
            task = self.some_open(session)
            if task is not None and task.assignee is None:
                operations.claim(session, task_id=task.id, actor=self.doer(session, task), now=clock.now())

    def urge(self) -> None:
        """The office urges whoever has not answered."""
        with suppress(Conflict), self.acting() as session:
            office = self.actor(session, "office")
            operations.urge(session, instance_id=self.case, text="请办理", actor=office, now=clock.now())

    # --- What people fill in -----------------------------------------------------------------------------------------

    def filled(self, step: str) -> dict[str, Any]:  # noqa: C901  # a form for each step
        """A valid form of the step."""
        today = self.now.date().isoformat()
        with self.database.reading() as session:
            soon = current(session).add((self.now + timedelta(days=3 + self.chance(14))).date(), 0).due.isoformat()
        told = {"channel": "phone", "given_on": today, "content": "已告知"}
        if step == "record_need":
            spot = self.chance(12) == 0
            with self.database.reading() as session:
                leader = str(search_leaders(session).items[0].id)
            need = {
                "talent_id": "T0001", "leader_id": leader, "channel": "visit", "received_on": today,
                "title": "入学", "description": "希望入学", "category": self.pick(("education", "housing", "other")),
                "town": self.pick(("guicheng", "xiqiao")), "on_the_spot": spot,
            }  # fmt: skip
            return need | ({"answer": "已解答"} if spot else {})
        if step == "accept":
            decision = self.pick(("accept",) * 6 + ("return", "return", "reject"))
            return {"decision": decision} | ({"reason": "理由"} if decision != "accept" else {})
        if step == "dispatch":
            units = [unit for unit in UNITS if self.chance(3) == 0]
            lead = units.pop() if units else "edu"
            return {"opinion": "请办理", "basis": "competent", "lead_unit": lead} | (
                {"assisting_units": units} if units else {}
            )
        if step == "handle":
            return self.pick(
                (
                    {"result": "done", "reply": "已办"},
                    {"result": "done", "reply": "办好了"},
                    {"result": "interim", "reason": "分步", "progress": "一半", "next_date": soon},
                    {"result": "not_ours", "reason": "不属于"},
                )
            )
        if step == "confirm_interim":
            return self.pick(
                (
                    {"decision": "agree", "agreed_date": soon},
                    {"decision": "redo", "comment": "重办"},
                    {"decision": "refer", "comment": "研判"},
                )
            )
        if step == "review_reply":
            decision = self.pick(("accept", "accept", "redo", "refer"))
            return {"decision": decision} | ({"comment": "意见"} if decision != "accept" else {})
        if step == "feedback_result":
            outcome = self.pick(("solved", "partly", "policy_limited"))
            limited = {"explanation": "说明", "policy_reference": "依据"} if outcome == "policy_limited" else {}
            return {"outcome": outcome, **told, **limited}
        if step == "record_minutes":
            return {
                "decision": self.pick(("settled", "redispatch", "escalate")),
                "minutes": "纪要",
                "decisions": "议定",
            }
        if step == "record_decision":
            decision = self.pick(("settled", "redispatch"))
            return {"decision": decision, "decided_on": today, "document_no": "1", "content": "决定"}
        if step == "submit_topic":
            return {"body": self.pick(("government", "committee")), "submitted_on": today, "summary": "摘要"}
        if step == "assess":
            return {"route": self.pick(("meeting", "escalate", "redispatch", "explain")), "comment": "意见"}
        if step == "redispatch":
            unit = self.pick((*UNITS, None))
            return {"opinion": "请接续"} | ({"decision": "redispatch", "unit": unit} if unit else {"decision": "drop"})
        if step == "approve_circular":
            return self.pick(({"decision": "issue", "text": "通报"}, {"decision": "hold"}))
        return {
            "feedback_accepted": told,
            "convene_meeting": {"held_on": today, "place": "会议室", "agenda": "议题", "participants": ["edu"]},
            "group_opinion": {"opinion": "同意", "given_on": today},
        }[step]

    # --- Who ---------------------------------------------------------------------------------------------------------

    def pick(self, among: Any) -> Any:
        """One of them."""
        return among[self.chance(len(among))]

    def some_open(self, session: Session) -> UserTask | None:
        """An open task of the running case."""
        if session.get_one(Instance, self.case).status in (RUNNING, SUSPENDED):
            found = open_tasks(session, self.case)
            return self.pick(found) if found else None
        return None

    def doer(self, session: Session, task: UserTask) -> Actor:
        """The actor who does it."""
        if task.assignee is not None:
            return self.actor(session, task.assignee)
        if task.role == "liaison":
            return self.actor(session, "liaison-hrss")
        return self.actor(session, f"handler-{task.unit}" if task.role == "responsible_unit" else "office")

    def actor(self, session: Session, username: str) -> Actor:
        """The actor of that name."""
        return actor_of(session, username)

    @contextmanager
    def acting(self) -> Iterator[Session]:
        """One committed transaction at the walker's moment."""
        with clock.simulated(self.now), self.database.transaction() as session:
            yield session


@contextmanager
def copied(template: Path, setup: tuple[Settings, Organization]) -> Iterator[Database]:
    """A database of its own for one walk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.db"
        shutil.copy(template, path)
        database = opened(f"sqlite:///{path}")
        wire(database, *setup)
        try:
            yield database
        finally:
            database.dispose()


@pytest.fixture(scope="module")
def setup() -> tuple[Settings, Organization]:
    """The shipped settings."""
    return read_config("sqlite://")


class Twin:
    """The same instance run with its whole task tree, and all that may come in it, beside the pruned one. Ids differ,
    because the trees hold other nodes; ``ids`` maps those of the pruned to those of the whole."""

    def __init__(self, replayer: course.Replayer) -> None:
        self.replayer = replayer
        self.pruned, self.whole = inputs.Course(), inputs.Course()
        self.ids: dict[str, str] = {}

    def step(self, step: course.Step) -> None:
        """Runs an input on both; they must come to the same."""
        self.replayer.step(self.pruned, step)
        with_pruning = inputs.context_of

        def whole(*given: Any, **more: Any) -> engine.Context:
            context = with_pruning(*given, **more)
            return replace(context, pruning=False, rules=min(context.rules, LAST_FORESEEING))

        with patch.object(inputs, "context_of", whole):
            self.replayer.step(self.whole, self._translated(step))
        here, there = self.pruned.landing, self.whole.landing
        assert here is not None
        assert there is not None
        self._pair(
            {one.id: (one.process, one.task, one.data) for one in here.open_tasks.values()},
            {one.id: (one.process, one.task, one.data) for one in there.open_tasks.values()},
        )
        for task_id, task in here.open_tasks.items():
            scope = there.open_tasks[self.ids[task_id]].scope
            assert self.ids.setdefault(task.scope, scope) == scope
        self._pair(
            {one.id: (one.event, one.fire_at, self.ids.get(one.task or "")) for one in here.timers.values()},
            {one.id: (one.event, one.fire_at, one.task) for one in there.timers.values()},
        )
        assert [(one.node, one.source) for one in here.passed] == [(one.node, one.source) for one in there.passed], step
        assert (here.completed, here.end) == (there.completed, there.end)

    def _pair(self, here: dict[str, Any], there: dict[str, Any]) -> None:
        """Each thing here is one thing there; what was paired before stays paired."""
        free = dict(there)
        for name, what in here.items():
            if name in self.ids:
                assert free.pop(self.ids[name]) == what
        for name, what in here.items():
            if name not in self.ids:
                twin = next((other for other, same in free.items() if same == what), None)
                assert twin is not None, (what, free)
                del free[twin]
                self.ids[name] = twin
        assert free == {}

    def _translated(self, step: course.Step) -> course.Step:
        event = step.event
        data = dict(event.data)
        if event.kind == "timer_fired":
            data["timer"] = self.ids[data["timer"]]
        task = self.ids.get(event.task or "", event.task)
        seen: Any = SimpleNamespace(kind=event.kind, seq=event.seq, at=event.at, task=task, data=data)
        return course.Step(seen, step.actions, step.effects)


@settings(max_examples=WALKS, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(data=st.data())
def test_every_walk_replays_and_pruning_changes_nothing(
    sqlite_world: Path, setup: tuple[Settings, Organization], data: st.DataObject
) -> None:
    with copied(sqlite_world, setup) as database:
        walker = Walker(database, lambda below: data.draw(st.integers(0, below - 1)))
        walker.walk(STEPS)
        checked(database, walker.case)


def checked(database: Database, case: UUID) -> None:
    """The journal replays to what is stored, and with the whole task tree to the same outcomes."""
    with database.reading() as session:
        assert list(replay.verify(session)) == []
        instance = session.get_one(Instance, case)
        events = history.stream_events(session, stream_of(case))
        assert same_way(session, instance, events)
        steps = course.steps_of(events)
        replayer = course.replayer_of(session, instance, steps[0].event)
        twin = Twin(replayer)
        for step in course.standing(steps):
            twin.step(step)
