"""A replayed case held against the case itself and against its inputs run again, and cases in which much happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import attachments, clock, engine, history
from service.audit.replay import CaseReplay, Happened, case_replay
from service.audit.replay.fold import fold
from service.audit.ways import steps as passing
from service.audit.ways.way import CaseWay, way_of
from service.history import HistoryEvent
from service.processes import commands, operations, sharing
from service.processes.advance import open_tasks
from service.processes.bundles import Compiled, compiled
from service.processes.course import Replayer, replayer_of, steps_of
from service.processes.inputs import Course
from service.processes.models import OPEN, Instance, UserTask
from service.processes.moves import RECOUNT
from service.processes.recording import stream_of
from service.rights import SYSTEM, Actor
from service.usecases.calendars import add_notices
from tests.factories.absences import on_leave
from tests.factories.files import received
from tests.factories.versions import FIVE_DAYS, move, version
from tests.factories.world import CONFIG, OFFICE, World

PDF = b"%PDF-1.7"
DONE_SAID = {"result": "done", "reply": "已协调解决"}
_OF_TASK = ("process", "task", "name", "scope", "slot", "role", "unit", "assignee", "due_on", "warn_on", "urges")


def replayed(world: World, user: str, case: UUID | None = None) -> CaseReplay:
    """The case's replay as ``user`` sees it, read whole."""
    with world.database.reading() as session:
        found = case_replay(session, case or world.case, world.actor(user))
        assert found.shown is not None
        session.expunge_all()
        return found


def seen_form(world: World, actor: Actor, seq: int) -> Any:
    """The form of the step ``seq`` of the case, as ``actor`` sees what was seen."""
    with world.database.reading() as session:
        found = case_replay(session, world.case, actor)
        return found.form(found.at(seq).step)


def apart(session: Session, case: Instance, events: Sequence[HistoryEvent]) -> list[str]:
    """The points at which the last step of the replay differs from the stored case; nothing, always."""
    last = _fold(session, case, events)[-1]
    found = [name for name, value in last.row.items() if getattr(case, name) != value]
    if last.case != case.data:
        found.append("data")
    stored = select(UserTask).where(UserTask.instance_id == case.id, UserTask.status == OPEN)
    rows = {str(row.id): {name: getattr(row, name) for name in _OF_TASK} for row in session.scalars(stored)}
    if rows != {key: {name: row[name] for name in _OF_TASK} for key, row in last.tasks.items()}:
        found.append("tasks")
    made = compiled(session, case.digest, case.process)
    if sorted(last.marking) != tokens(made, case.state):
        found.append(f"marking {last.marking} {tokens(made, case.state)}")
    return found


def same_way(session: Session, case: Instance, events: Sequence[HistoryEvent]) -> bool:
    """Whether the way of a case, after each entry of its journal, is that of its replay: two folds tell it."""

    def definition(digest: str) -> Compiled:
        return compiled(session, digest, case.process)

    def told(count: int) -> CaseWay:
        steps: Any = fold(case.id, events[:count], definition)  # has all that a way reads
        return way_of(steps, definition)

    return all(
        way_of(passing.steps_of(events[:count], definition), definition) == told(count)
        for count in range(1, len(events) + 1)
    )


def apart_on_the_way(session: Session, case: Instance, events: Sequence[HistoryEvent]) -> list[str]:
    """The points at which any step of the replay differs from the inputs run again; nothing, always."""
    told = {one.seq: one for one in _fold(session, case, events)}
    steps = steps_of(events)
    replayer: Replayer = replayer_of(session, case, steps[0].event)
    course, found = Course(), []
    for position, step in enumerate(steps):
        if step.event.kind == "taken_back":
            course = replayer.run(steps[: position + 1])
        else:
            replayer.step(course, step)
        one: Happened = told[step.event.seq]
        made = (course.begun or replayer.begun).made
        assert course.landing is not None
        if one.case != course.data:
            found.append(f"{one.seq} data")
        if set(one.tasks) != course.open:
            found.append(f"{one.seq} tasks")
        if sorted(one.marking) != tokens(made, course.landing.state):
            found.append(f"{one.seq} {one.kind}: {sorted(one.marking)} {tokens(made, course.landing.state)}")
    if not same_way(session, case, events):
        found.append("way")
    return found


def tokens(made: Compiled, state: str) -> list[tuple[str, str, str]]:
    """Where the engine says that tokens stand; events that only watch a task hold none."""
    specs: Mapping[str, Any] = {made.program.key: made.program.spec, **made.program.subprocess_specs}
    watching = {
        (process, one.bpmn_id)
        for process, spec in specs.items()
        for one in spec.task_specs.values()
        if isinstance(one, BoundaryEvent)
    }
    return sorted({one for one in engine.marking(made.program, state) if (one[0], one[2]) not in watching})


def differences(world: World, case: UUID | None = None, *, on_the_way: bool = False) -> list[str]:
    """The points at which the replay differs from the case itself, or from its inputs run again."""
    with world.database.reading() as session:
        found = session.get_one(Instance, case or world.case)
        events = history.stream_events(session, stream_of(found.id))
        return (apart_on_the_way if on_the_way else apart)(session, found, events)


def _fold(session: Session, case: Instance, events: Sequence[HistoryEvent]) -> list[Happened]:
    return fold(case.id, events, lambda digest: compiled(session, digest, case.process))


# --- Cases in which much happens --------------------------------------------------------------------------------------

TYPHOON = """
[[closures]]
from = 2026-09-21
to = 2026-09-22
reason = "台风停工"
number = "南府通〔2026〕8号"
"""


def load(world: World, notice: str) -> None:
    """The calendar learns of a notice; open dates are counted anew."""
    with world.transaction() as session:
        add_notices(
            session, content=notice.encode(), name="notice.toml", config=CONFIG, actor=SYSTEM, now=world.clock.now
        )


def eventful(world: World) -> None:
    """A case with a return, a take-back, a notice, a substitute, another version, a remark, an urge and a file."""
    world.dispatched("edu", "guicheng")
    office = world.actor(OFFICE)
    with world.transaction() as session:
        sharing.comment(session, instance_id=world.case, text="请抓紧", actor=office, now=clock.now())
        operations.urge(session, instance_id=world.case, text="请尽快答复", actor=office, now=clock.now())
        kept = attachments.attach(
            session,
            stream=f"instance:{world.case}",
            file=received(session, "证明.pdf", PDF),
            actor=office,
            now=clock.now(),
        )
        attachments.withdraw_attachment(
            session, attachment_id=kept.id, reason="传错了文件", actor=office, now=clock.now()
        )
    load(world, TYPHOON)
    answered = world.do("handler-edu", "handle", {**DONE_SAID, "reply": "先前的答复"}, unit="edu")
    with world.transaction() as session:
        operations.take_back(
            session, task_id=answered, reason="写错了", actor=world.actor("handler-edu"), now=clock.now()
        )
    move(world, version(world, FIVE_DAYS), due=RECOUNT)
    on_leave(world, "handler-edu", "deputy-edu")
    world.clock.advance(days=1)
    world.do("deputy-edu", "handle", DONE_SAID, unit="edu")


def returned(world: World) -> None:
    """A need whose answer was sent back from its review."""
    world.dispatched("edu", "guicheng")
    world.do("handler-guicheng", "handle", DONE_SAID, unit="guicheng")
    world.do("handler-edu", "handle", DONE_SAID, unit="edu")
    office = world.actor(OFFICE)
    with world.database.reading() as session:
        found = open_tasks(session, world.case)
        task_id = next(one.id for one in found if (one.task, one.slot) == ("review_reply", "edu"))
    with world.transaction() as session:
        commands.return_task(
            session, task_id=task_id, target="handle", reason="理由不足", actor=office, now=clock.now()
        )
