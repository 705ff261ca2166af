"""Impact and migration of many cases: by a job, by the command line; what fails stays, with its reason."""

from __future__ import annotations

import gc
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import event, select

from service import clock, jobs
from service.cli import liaison
from service.processes import applying, commands, timers
from service.processes.migrating import Choices, migrate
from service.processes.models import Instance, Timer, UserTask
from service.processes.moves import RECOUNT
from service.studio import drafts, impact, moving
from tests.factories.jobs import work_off
from tests.factories.steps import events, instance, mismatches
from tests.factories.versions import FIVE_DAYS, RENAMED, Edits, move, version
from tests.factories.workers import at_once
from tests.factories.workers import mismatches as all_mismatches
from tests.factories.world import CONFIG, LIAISON, OFFICE, World

TASK = '<bpmn:userTask id="accept"'
RINGS = """
<bpmn:boundaryEvent id="accept_late" name="受理超时" cancelActivity="false" attachedToRef="accept">
  <bpmn:outgoing>accept_late_flow</bpmn:outgoing>
  <bpmn:timerEventDefinition><bpmn:timeDate>working_days_after(due_on, 1)</bpmn:timeDate></bpmn:timerEventDefinition>
</bpmn:boundaryEvent>
<bpmn:endEvent id="end_accept_late"><bpmn:incoming>accept_late_flow</bpmn:incoming></bpmn:endEvent>
<bpmn:sequenceFlow id="accept_late_flow" sourceRef="accept_late" targetRef="end_accept_late" />
"""
NEW_CLOCK: Edits = {"bpmn/request.bpmn": [(TASK, RINGS + TASK)]}


def asked(world: World, path: str, body: dict[str, Any], user: str = "admin") -> tuple[dict[str, Any], list[Any]]:
    """The job that the call submits, done, and its items."""
    api = world.api(user)
    answer = api.post(path, body)
    assert answer.status_code == 202, answer.json
    work_off(world)
    job = api.get(f"/jobs/{answer.json['id']}").json
    assert job["status"] == "done", job
    return job, api.get(f"/jobs/{job['id']}/items", limit=200).json["items"]


def test_impact_says_of_each_case_what_the_move_would_mean(world: World) -> None:
    accepting, handling = world.recorded(), world.dispatched()
    world.finished()
    stood = {one: _row(world, one) for one in (accepting, handling)}
    to = version(world, FIVE_DAYS)
    job, items = asked(world, "/definitions/request/impact", {"to": to, "due": "recount"}, "owner")
    assert {one: _row(world, one) for one in stood} == stood
    assert (job["total"], job["done"], job["counts"]) == (2, 2, {"changes": 1, "moves": 1})
    told = {item["key"]: item["data"] for item in items}
    [due] = told[str(handling)]["due"]
    assert (due["step"], due["from"] > due["to"], due["late"]) == ("办理", True, False)
    assert told[str(accepting)]["stands"] == ["受理审核"]
    assert set(told[str(handling)]) <= {"number", "version", "stands", "due", "recounted", "clocks"}
    clocks = told[str(handling)]["clocks"]
    names = ["到期", "预警（转黄）", "临期提醒（到期前3个工作日）", "到期提醒（到期当日）", "催办（逾期1个工作日）"]
    assert [one["clock"] for one in clocks] == [*names, "通报审批（逾期5个工作日）"]
    assert all(one["step"] == "办理" and one["to"] < one["from"] for one in clocks)
    before = _clocks(world, handling)
    _, items = asked(world, "/migrations", {"process": "request", "from": 1, "to": to, "due": "recount"})
    [moved] = [item["data"] for item in items if item["key"] == str(handling)]
    assert (moved["clocks"], _clocks(world, handling) != before) == (clocks, True)
    assert "子女入学" not in str(items)
    _, items = asked(world, "/migrations", {"process": "request", "from": to, "to": 1, "due": "keep"})
    assert [item["data"].get("clocks") for item in items] == [None, None]


def test_a_step_without_a_place_is_offered_those_that_may_take_its_token(world: World) -> None:
    case = world.recorded()
    to = version(world, RENAMED)
    job, [item] = asked(world, "/definitions/request/impact", {"to": to})
    assert (item["verdict"], item["data"]["why"][0]["message"]) == ("cannot", "新版没有「受理审核」")
    assert job["result"]["homeless"] == {"request/accept": {"name": "受理审核", "count": 1}}
    assert {"node": "take_in", "name": "受理审核"} in job["result"]["targets"]["request/accept"]
    body = {"process": "request", "from": 1, "to": to, "due": "keep"}
    job, [item] = asked(world, "/migrations", body)
    assert (item["verdict"], item["data"]["reason"]) == ("failed", "新版没有「受理审核」")
    assert (item["data"]["homeless"], _row(world, case)[0]) == (["request/accept"], 1)
    job, [item] = asked(world, "/migrations", {**body, "mapping": {"request/accept": "take_in"}})
    assert (item["verdict"], _row(world, case)[0]) == ("moved", to)
    assert all_mismatches(world) == []


def test_a_new_clock_that_would_ring_at_once_is_said_beforehand(world: World) -> None:
    world.recorded()
    world.clock.advance(days=5)
    to = version(world, NEW_CLOCK)
    _, [item] = asked(world, "/definitions/request/impact", {"to": to})
    [timer], [rings] = item["data"]["timers"], item["data"]["clocks"]
    assert (rings["step"], rings["clock"], rings["from"], rings["now"]) == ("受理审核", "受理超时", None, True)
    assert (item["verdict"], timer["name"], timer["new"], timer["now"]) == ("changes", "受理超时", True, True)
    asked(world, "/migrations", {"process": "request", "from": 1, "to": to, "due": "keep"})
    with world.database.reading() as session:
        [due] = timers.due_timers(session, now=clock.now())
    with world.transaction() as session:
        assert timers.fire(session, timer_id=due, now=clock.now())
    assert mismatches(world) == []
    # back: its clock has rung and is gone; forth again: it does not ring twice
    move(world, 1)
    move(world, to)
    with world.database.reading() as session:
        assert timers.due_timers(session, now=clock.now()) == []
    assert mismatches(world) == []


def test_a_batch_stops_and_goes_on_and_moves_none_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "TOGETHER", 1)
    cases = [world.recorded() for _ in range(4)]
    to = version(world, FIVE_DAYS)
    api = world.api("owner")
    job = api.post("/migrations", {"process": "request", "from": 1, "to": to, "due": "keep"}).json["id"]
    asked = iter([False, True])
    jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: next(asked), clock.now())
    assert api.get(f"/jobs/{job}").json["done"] == 2
    work_off(world)
    assert api.get(f"/jobs/{job}").json["counts"] == {"moved": 4}
    assert [_row(world, case)[0] for case in cases] == [to] * 4
    for world.case in cases:
        [told] = events(world, "migrated")
        assert (told.data["batch"], told.actor) == (job, "owner")
    assert all_mismatches(world) == []


def test_who_may_and_what_is_asked_wrongly(world: World) -> None:
    world.recorded()
    for user in (OFFICE, LIAISON):
        assert world.api(user).post("/migrations", {"process": "request", "to": 1, "due": "keep"}).status_code == 403
    api = world.api("owner")
    nobody = {"process": "request", "from": 1, "to": 1, "due": "keep"}
    assert api.post("/migrations", nobody).json["errors"][0]["path"] == "/to"
    assert api.post("/migrations", {**nobody, "to": 9}).status_code == 404
    to = version(world, FIVE_DAYS)
    wrong = {**nobody, "to": to, "mapping": {"accept": "take_in"}}
    assert api.post("/migrations", wrong).json["errors"][0]["path"] == "/mapping/accept"
    answer = api.post("/migrations", {**nobody, "to": to, "instances": ["x"]})
    assert answer.json["errors"][0]["path"] == "/instances/0"
    gone = api.post("/migrations", {**nobody, "to": to, "instances": [str(UUID(int=1))]})
    assert gone.json["errors"][0]["path"] == "/instances"


def test_a_draft_that_changes_while_a_look_is_interrupted_is_looked_at_anew(world: World) -> None:
    for _ in range(2):
        world.recorded()
    owner = world.actor("owner")
    with world.transaction() as session:
        draft = drafts.create(session, process="request", actor=owner, now=clock.now()).id
        wish = moving.Wish("request", None, draft, None, None, Choices())
        job = moving.submit_impact(session, wish=wish, actor=owner, now=clock.now()).id
    asked = iter([True])
    assert world.app
    jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: next(asked), clock.now())
    with world.transaction() as session:
        drafts.put(
            session, draft_id=draft, name="scenarios/x.yaml", content=b"x", revision=1, actor=owner, now=clock.now()
        )
    work_off(world)
    found = world.api("owner").get(f"/jobs/{job}").json
    assert (found["status"], "草稿又有改动" in found["message"]) == ("failed", True)


def test_people_complete_tasks_while_cases_move(world: World) -> None:
    cases = [world.recorded() for _ in range(3)]
    to = version(world, FIVE_DAYS)
    assert world.app
    with world.transaction() as session:
        wish = moving.Wish("request", to, None, 1, None, Choices(due=RECOUNT))
        moving.submit_migration(session, wish=wish, actor=world.actor("admin"), now=clock.now())
    tasks = []
    for world.case in cases:
        tasks.append(world.task("accept").id)
    office = world.actor(OFFICE)

    def complete(task: UUID) -> None:
        with world.database.transaction() as session:
            commands.complete(session, task_id=task, data={"decision": "accept"}, actor=office, now=clock.now())

    found = at_once(lambda: work_off(world), *(lambda task=task: complete(task) for task in tasks))
    assert found == [None] * 4
    for world.case in cases:
        assert (instance(world).version, world.open_steps()) == (to, [("dispatch", None)])
    assert all_mismatches(world) == []


def test_a_timer_fires_or_its_case_moves_first(world: World) -> None:
    case = world.dispatched()
    to = version(world, {"bpmn/unit_handling.bpmn": [('name="办理"', 'name="承办"')]})
    world.clock.advance(days=7)
    with world.database.reading() as session:
        due = timers.due_timers(session, now=clock.now())
    admin = world.actor("admin")
    assert due

    def fire() -> bool:
        with world.database.transaction() as session:
            return timers.fire(session, timer_id=due[0], now=clock.now())

    def shift() -> None:
        with world.database.transaction() as session:
            migrate(session, instance_id=case, to=to, choices=Choices(), actor=admin, now=clock.now())

    fired, moved = at_once(fire, shift)
    assert moved is None
    assert fired or fire()  # who finds the case locked leaves it to the next look
    assert world.task("handle").name == "承办"
    assert mismatches(world) == []


@pytest.fixture
def command(world: World) -> Any:
    def run(*words: str) -> Any:
        environ = {"LIAISON_DATABASE_URL": world.settings.database_url}
        return CliRunner().invoke(liaison, ["--config", str(CONFIG), *words], env=environ)

    return run


def test_the_command_line_looks_and_moves(world: World, command: Any) -> None:
    case = world.recorded()
    to = version(world, RENAMED)
    looked = command("impact", "request", "--to", str(to))
    assert (looked.exit_code, "不能迁移：新版没有「受理审核」" in looked.output) == (1, True)
    words = ("migrate-cases", "request", "--from", "1", "--to", str(to), "--map", "request/accept=take_in")
    assert command(*words, "--dry-run").exit_code == 0
    assert _row(world, case)[0] == 1
    moved = command(*words)
    assert (moved.exit_code, "已迁移 1 件" in moved.output) == (0, True)
    for told in (looked.output, moved.output):  # nobody has numbered it yet
        assert f"尚未编号（标识 {str(case)[:8]}…）：" in told
        assert "子女入学" not in told  # a title may tell of people, and what is told here ends in logs
    assert _row(world, case)[0] == to
    again = command(*words)
    assert (again.exit_code, "没有需要迁移的在办事项" in again.output) == (0, True)


def _clocks(world: World, case: UUID) -> list[Any]:
    """When the case's timers ring, and its tasks are due and turn yellow."""
    with world.database.reading() as session:
        rings = session.scalars(select(Timer.fire_at).where(Timer.instance_id == case, Timer.status == "waiting"))
        tasks = session.scalars(select(UserTask).where(UserTask.instance_id == case, UserTask.status == "open"))
        return [*sorted(rings), *sorted((one.due_on, one.warn_on) for one in tasks)]


def _row(world: World, case: UUID) -> tuple[int, str]:
    with world.database.reading() as session:
        row = session.execute(select(Instance.version, Instance.state).where(Instance.id == case)).one()
        return row.version, row.state


def test_a_look_and_a_move_ask_for_no_timers_but_those_of_their_cases(world: World) -> None:
    """SQLite plans without statistics: it walked all waiting timers of the house for the few of one case."""
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL plans by statistics")
    case, to = world.dispatched(), version(world, FIVE_DAYS)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "FROM timer" in statement:
            asked.append((statement, parameters))

    event.listen(world.database.engine, "before_cursor_execute", note)
    with world.database.reading() as session:
        impact.cases(session, [case])
    with world.transaction() as session:
        moving.moved_one(session, moving.Wish("request", to), case, world.actor("admin"), clock.now())
    event.remove(world.database.engine, "before_cursor_execute", note)
    assert len(asked) >= 3
    with world.database.engine.connect() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert all("(status=?" not in row[3] for row in rows), (statement, rows)


def test_a_stopped_worker_loses_no_case(world: World) -> None:
    case = world.recorded()
    to = version(world, FIVE_DAYS)
    job = world.api("admin").post("/migrations", {"process": "request", "to": to, "due": "keep"}).json["id"]
    world.clock.set(clock.now() + timedelta(days=1))
    work_off(world)
    assert _row(world, case)[0] == to
    assert world.api("admin").get(f"/jobs/{job}").json["counts"] == {"moved": 1}


def test_a_worker_killed_at_any_statement_loses_no_case_and_moves_none_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database undoes all that it has not committed, and the next one goes on from there."""
    monkeypatch.setattr(moving, "TOGETHER", 2)
    cases = [world.recorded(), world.dispatched(), world.recorded()]
    to = version(world, FIVE_DAYS)
    job = (
        world.api("owner").post("/migrations", {"process": "request", "from": 1, "to": to, "due": "recount"}).json["id"]
    )
    kinds, left = world.database.session_info[jobs.KEY], 0

    def kill(*_: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt

    event.listen(world.database.engine, "before_cursor_execute", kill)
    for at in (3, 14, 23, 27, 31, 35, 40, 48, 60, 75):
        left = at
        with suppress(KeyboardInterrupt):
            jobs.work(world.database, kinds, lambda: False, clock.now())
        left = 0
        gc.collect()  # a process that was killed keeps nothing: here rings of frames keep the cursor that has the lock
        with world.transaction() as session:
            row = session.get_one(jobs.Job, UUID(job))
            row.leased_until, row.attempts = None, 0  # as after two minutes
            told = {UUID(one.key) for one in jobs.all_items(session, row.id)}
        assert {case for case in cases if _row(world, case)[0] == to} == told, "it tells what it has done"
        assert world.api("owner").get(f"/jobs/{job}").json["done"] == len(told)
    event.remove(world.database.engine, "before_cursor_execute", kill)
    work_off(world)
    found = world.api("owner").get(f"/jobs/{job}").json
    assert (found["status"], found["done"], found["counts"]) == ("done", 3, {"moved": 3})
    for world.case in cases:
        assert len(events(world, "migrated")) == 1
    assert all_mismatches(world) == []


def test_one_that_breaks_a_batch_is_told_and_the_others_move(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [world.recorded(), world.recorded(), world.dispatched()]
    number, to = instance(world).number, version(world, FIVE_DAYS)
    once = applying.described

    def broken(data: Any, of: Any, title: str) -> Any:
        if of == number:
            raise RuntimeError("a defect of the service")
        return once(data, of, title)

    monkeypatch.setattr(applying, "described", broken)
    job, items = asked(world, "/migrations", {"process": "request", "from": 1, "to": to, "due": "keep"})
    monkeypatch.undo()
    assert (job["done"], job["counts"]) == (3, {"failed": 1, "moved": 2})
    [told] = [item["data"] for item in items if item["verdict"] == "failed"]
    assert told["reason"].startswith("系统内部错误")
    assert [_row(world, case)[0] for case in cases] == [to, to, 1]
    assert all_mismatches(world) == []
