"""Faults that a close look at commands, operations, replay and verification found once; each stays put right here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from service import auth, clock, history, people
from service.demonstration.organization import derived
from service.errors import Invalid, NotAllowed, NotFound
from service.processes import bundles, commands, halting, operations, queries, replay, sharing, timers
from service.processes.advance import open_tasks
from service.processes.bundles import compiled, read_bundle
from service.processes.calendars import current
from service.processes.definitions import deploy
from service.processes.models import (
    CalendarVersion,
    CopyTo,
    Counter,
    Definition,
    DefinitionFile,
    Instance,
    Schedule,
    Timer,
    UserTask,
)
from service.processes.wiring import KEY
from service.rights import SYSTEM
from service.workdays.calendar import Mark
from tests.factories.bundles import unchecked
from tests.factories.world import HOME

if TYPE_CHECKING:
    from tests.factories.world import World

OFFICE, HANDLER = "office", "handler-edu"


def returned(world: World, user: str, step: str, target: str, *, unit: str | None = None) -> None:
    """``user`` returns the open ``step`` to ``target``."""
    task = world.task(step, unit)
    with world.transaction() as session:
        commands.return_task(
            session, task_id=task.id, target=target, reason="请补充", actor=world.actor(user), now=clock.now()
        )


def form_of(world: World, step: str) -> dict[str, Any]:
    """The data of the open ``step``."""
    return dict(world.task(step).data)


def shown(world: World, user: str, step: str) -> dict[str, Any]:
    """The form of the open ``step`` as it is shown to ``user``."""
    actor = world.actor(user)
    with world.database.reading() as session:
        return dict(queries.task_detail(session, world.task(step).id, actor).data)


# --- Return ----------------------------------------------------------------------------------------------------------


def test_a_return_keeps_what_was_filled_in_before(world: World) -> None:
    world.start(title="入学")
    world.do("liaison-hrss", "record_need", world.need(title="子女入读公办学校"))
    returned(world, OFFICE, "accept", "record_need")
    assert form_of(world, "record_need")["title"] == "子女入读公办学校"


def test_a_need_returned_for_completion_shows_all_that_was_entered_and_a_new_one_chooses_nothing(world: World) -> None:
    world.recorded()
    world.do(OFFICE, "accept", {"decision": "return", "reason": "请补充"})
    assert shown(world, "liaison-hrss", "record_need") == world.need()
    with world.transaction() as session:
        liaison = world.actor("liaison-hrss")
        world.case = commands.start(session, process="request", data={}, actor=liaison, now=clock.now()).id
    today = clock.today().isoformat()
    assert shown(world, "liaison-hrss", "record_need") == {"received_on": today}  # a day is filled in, a choice is not


def test_a_step_that_came_back_shows_what_was_submitted_and_a_new_round_chooses_nothing(world: World) -> None:
    world.dispatched("edu")
    answer = {"result": "done", "reply": "已协调解决"}
    world.do(HANDLER, "handle", answer)
    take_back(world, HANDLER, "handle")
    assert shown(world, HANDLER, "handle") == answer
    world.do(HANDLER, "handle", answer)
    returned(world, OFFICE, "review_reply", "handle")
    assert shown(world, HANDLER, "handle") == answer
    world.do(HANDLER, "handle", answer)
    world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
    assert "result" not in shown(world, HANDLER, "handle")


def test_a_return_goes_to_the_unit_that_took_over_not_to_the_first(world: World) -> None:
    world.dispatched("edu")
    world.do(HANDLER, "handle", {"result": "not_ours", "reason": "不属于本单位职责"})
    world.do(OFFICE, "redispatch", {"decision": "redispatch", "unit": "housing", "opinion": "请接续办理"})
    world.do("handler-housing", "handle")
    returned(world, OFFICE, "review_reply", "handle")
    assert world.task("handle").unit == "housing"


def test_a_return_does_not_make_a_late_case_punctual(world: World) -> None:
    world.dispatched("edu")
    world.do(HANDLER, "handle")
    world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
    world.pass_days(20)
    late = world.task("handle")
    returned(world, HANDLER, "handle", "review_reply")
    with world.database.reading() as session:
        assert (session.get_one(UserTask, late.id).late_days or 0) > 0
    assert world.standing.late


def test_a_unit_that_returns_its_late_task_does_not_escape_the_circular(world: World) -> None:
    world.dispatched("edu")
    world.do(HANDLER, "handle")
    world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
    world.pass_days(25)
    circular = world.task("approve_circular").id
    returned(world, HANDLER, "handle", "review_reply")
    assert world.task("approve_circular").id == circular
    world.do(OFFICE, "approve_circular")
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_accepted")
    assert world.open_steps() == [("feedback_result", None)]
    assert faults(world) == []


# --- Bad input -------------------------------------------------------------------------------------------------------


def nested(levels: int) -> Any:
    """A text inside so many lists."""
    value: Any = "字"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "data",
    [
        {"result": "?", "next_date": "明天"},
        {"next_date": "明天"},
        {"result": "done", "reply": nested(600)},
        {"result": "done", "reply": 10**400},
        {"result": "done", "reply": float("nan")},
        [1, 2],
        None,
        "done",
    ],
    ids=["date-of-another-branch", "date-without-branch", "deep", "huge", "nan", "list", "nothing", "text"],
)
def test_a_form_that_nobody_could_fill_in_so_is_refused_and_changes_nothing(world: World, data: Any) -> None:
    world.dispatched("edu")
    task = world.task("handle")
    with pytest.raises(Invalid) as refused, world.transaction() as session:
        commands.complete(session, task_id=task.id, data=data, actor=world.actor(HANDLER), now=clock.now())
    assert {finding.path[:5] for finding in refused.value.findings} == {"/data"}
    assert world.task("handle").revision == task.revision


@pytest.mark.parametrize("value", [float("nan"), "\ud800", "\x00", nested(600)], ids=["nan", "half", "nul", "deep"])
def test_a_start_with_what_no_database_keeps_is_refused(world: World, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        world.start(description=value)
    assert [finding.path.split("/")[:3] for finding in refused.value.findings] == [["", "data", "description"]]


@pytest.mark.parametrize(
    "wanted",
    [{"unit": "\x00"}, {"number": "a\x00"}, {"town": "\x00"}, {"until": date.max}, {"since": date.min}, {"q": "\x00"}],
    ids=str,
)
def test_a_filter_that_nothing_fits_is_no_error(world: World, wanted: dict[str, Any]) -> None:
    world.recorded()
    with world.database.reading() as session:
        found = queries.cases(session, world.actor(OFFICE), filters=queries.CaseFilter(**wanted))
        assert found.total == (1 if set(wanted) & {"until", "since"} else 0)


def test_a_name_typed_in_capitals_gets_the_copy(world: World) -> None:
    world.recorded()
    with world.transaction() as session:
        sharing.copy(
            session, instance_id=world.case, to=["Owner ", "owner"], actor=world.actor(OFFICE), now=clock.now()
        )
    with world.database.reading() as session:
        assert queries.copied_to(session, world.actor("owner")).total == 1


def test_a_mention_needs_no_blanks_around_it(world: World) -> None:
    world.recorded()
    with world.transaction() as session:
        event = sharing.comment(
            session,
            instance_id=world.case,
            text="请@handler-edu看一下，并告@Owner。邮箱x@office.cn",
            actor=world.actor(OFFICE),
            now=clock.now(),
        )
        assert event.data["mentions"] == ["handler-edu", "owner"]


# --- Who may ---------------------------------------------------------------------------------------------------------

DEPUTY = "deputy-edu"
"""Has no role of their own; stands in for the handler of edu where a test says so."""


def on_leave(world: World, days: int = 1) -> None:
    """The handler of edu is away for so many days, and the deputy stands in."""
    with world.transaction() as session:
        people.declare_substitute(
            session,
            person_id=derived("person", HANDLER),
            substitute_id=derived("person", DEPUTY),
            starts_on=clock.today(),
            ends_on=clock.today() + timedelta(days=days - 1),
            actor=SYSTEM,
            now=clock.now(),
        )


def loses_role(world: World, username: str = HANDLER, unit: str = "edu") -> None:
    """From tomorrow on ``username`` no longer handles for ``unit``; it is tomorrow."""
    with world.transaction() as session:
        auth.revoke_role(
            session, username=username, role="responsible_unit", unit_code=unit, actor=SYSTEM, now=clock.now()
        )
    world.clock.advance(days=1)


def claimed(world: World, user: str, step: str = "handle") -> UserTask:
    """``user`` has claimed the open ``step``."""
    with world.transaction() as session:
        return operations.claim(session, task_id=world.task(step).id, actor=world.actor(user), now=clock.now())


def take_back(world: World, user: str, step: str) -> None:
    """``user`` takes the completed ``step`` back."""
    with world.transaction() as session:
        operations.take_back(
            session, task_id=world.done(step).id, reason="写错了", actor=world.actor(user), now=clock.now()
        )


def test_a_substitute_claims_for_who_is_away_and_both_names_are_kept(world: World) -> None:
    world.dispatched("edu")
    on_leave(world)
    assert claimed(world, DEPUTY).assignee == HANDLER
    world.do(DEPUTY, "handle")
    assert (world.done("handle").completed_by, world.done("handle").on_behalf_of) == (DEPUTY, HANDLER)


def test_a_substitute_has_nothing_left_when_the_leave_is_over(world: World) -> None:
    world.dispatched("edu")
    on_leave(world)
    claimed(world, DEPUTY)
    world.clock.advance(days=1)
    with pytest.raises(NotFound):
        world.do(DEPUTY, "handle")
    world.do(HANDLER, "handle")


def test_a_substitute_may_release_what_was_claimed(world: World) -> None:
    world.dispatched("edu")
    claimed(world, HANDLER)
    on_leave(world)
    task_id = world.task("handle").id
    with world.transaction() as session:
        operations.release(session, task_id=task_id, actor=world.actor(DEPUTY), now=clock.now())
    assert world.task("handle").assignee is None


def test_a_substitute_may_remark_on_the_case_at_hand(world: World) -> None:
    world.dispatched("edu")
    remark: dict[str, Any] = {"instance_id": world.case, "text": "正在核实", "now": clock.now()}
    with pytest.raises(NotFound), world.transaction() as session:
        sharing.comment(session, actor=world.actor(DEPUTY), **remark)
    on_leave(world)
    with world.transaction() as session:
        sharing.comment(session, actor=world.actor(DEPUTY), **remark)


def test_who_has_lost_the_role_can_no_longer_do_what_they_claimed(world: World) -> None:
    world.dispatched("edu")
    claimed(world, HANDLER)
    loses_role(world)
    with pytest.raises(NotFound):  # without a part in the case one learns nothing of it
        world.do(HANDLER, "handle")
    with world.database.reading() as session:
        assert queries.open_tasks(session, world.actor(HANDLER), today=clock.today()).total == 0


def test_who_has_lost_the_role_cannot_take_back(world: World) -> None:
    world.dispatched("edu")
    world.do(HANDLER, "handle")
    loses_role(world)
    with pytest.raises(NotAllowed):
        take_back(world, HANDLER, "handle")
    with world.database.reading() as session:
        assert not queries.task_detail(session, world.done("handle").id, world.actor(HANDLER)).may_take_back


def test_a_role_for_one_unit_and_another_role_for_a_second_do_not_mix(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        auth.grant_role(
            session, username="handler-housing", role="liaison", unit_code="edu", actor=SYSTEM, now=clock.now()
        )
    with pytest.raises(NotFound), world.database.reading() as session:
        queries.case_detail(session, world.case, world.actor("handler-housing"))


def test_the_light_of_a_suspended_task_is_grey_on_its_page_too(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="等候政策", actor=world.actor(OFFICE), now=clock.now())
    with world.database.reading() as session:
        assert queries.task_detail(session, world.task("handle").id, world.actor(HANDLER)).light == "grey"


def test_a_leader_sees_their_case_however_the_id_was_written(world: World) -> None:
    with world.database.reading() as session:
        post = people.leader_posts(session, derived("person", "leader"))[0].id
    world.start(leader_id=f"urn:uuid:{str(post).upper()}")
    with world.database.reading() as session:
        assert queries.cases(session, world.actor("leader")).total == 1


# --- Timers ----------------------------------------------------------------------------------------------------------


def test_the_urge_of_a_late_slot_is_not_counted_on_another_slot_of_the_same_unit(world: World) -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    older = {name: content.replace(b'"x-new-unit": true', b'"x-own": true') for name, content in files.items()}
    with world.transaction() as session:  # a form that let a unit have two
        deploy(session, unchecked("request", older), actor=SYSTEM, now=clock.now())
    world.dispatched("edu", "guicheng")
    world.do("handler-guicheng", "handle", {"result": "not_ours", "reason": "非本单位职责"}, unit="guicheng")
    world.pass_days(5)
    world.do(OFFICE, "redispatch", {"decision": "redispatch", "unit": "edu", "opinion": "请一并办理"})
    world.pass_days(7)  # a day past the due date of edu's first slot
    with world.database.reading() as session:
        tasks = [task for task in open_tasks(session, world.case) if task.task == "handle"]
        assert [(task.due_on < clock.today(), task.urges) for task in tasks if task.due_on] == [(True, 1), (False, 0)]


# --- The calendar ----------------------------------------------------------------------------------------------------


def closed(world: World, *days: date, source: str = "台风停工通知") -> int:
    """The offices are closed on ``days``; gives how many cases have new dates."""
    with world.transaction() as session:
        now = current(session)
        closures = {**now.closures, **{day: Mark("台风", None) for day in days}}
        return timers.load_calendar(
            session, calendar=replace(now, closures=closures), source=source, actor=SYSTEM, now=clock.now()
        )


def test_a_calendar_of_many_notices_is_loaded(world: World) -> None:
    world.dispatched("edu")
    assert closed(world, date(2026, 9, 22), source="、".join(["国办发明电〔2026〕7号"] * 20)) == 1


@pytest.mark.parametrize("others", [("guicheng",), ()], ids=["case-recounted", "case-left-alone"])
def test_a_notice_loaded_while_the_answer_was_in_holds_for_a_step_taken_back(
    world: World, others: tuple[str, ...]
) -> None:
    world.dispatched("edu", *others)
    world.do(HANDLER, "handle", unit="edu")
    closed(world, date(2026, 9, 22), date(2026, 9, 23))
    take_back(world, HANDLER, "handle")
    task = world.task("handle", "edu")
    assert task.due_on == date(2026, 9, 29)
    with world.database.reading() as session:
        fires = select(Timer.fire_at).where(Timer.task_id == task.id, Timer.event == "due_today")
        assert clock.local(session.scalars(fires).one()).date() == task.due_on
    closed(world, date(2026, 9, 24))
    assert world.task("handle", "edu").due_on == date(2026, 9, 30)
    assert faults(world) == []


# --- Verification ----------------------------------------------------------------------------------------------------


def faults(world: World) -> list[str]:
    """The mismatches that verification finds in everything."""
    with world.database.reading() as session:
        return [f"{found.stream} {found.seq} {found.what}" for found in replay.verify(session)]


def test_replay_does_not_ask_for_the_office_hours_of_today(world: World) -> None:
    world.dispatched("edu")
    world.do(HANDLER, "handle")
    world.database.session_info[KEY] = replace(world.database.session_info[KEY], opening=time(8, 30))
    assert faults(world) == []
    take_back(world, HANDLER, "handle")
    assert faults(world) == []


UNTOLD = {
    ("calendar_version", "id"),
    ("copy_to", "id"),
    ("schedule", "last_at"),
    ("schedule", "last_instance_id"),
}
"""Columns of which the journal does not know: keys that mean nothing, what the calendar started last."""


def spoilt(value: Any) -> Any:
    """``value`` with one byte changed, also where that leaves nothing that can be read."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return value[:-9] + bytes([value[-9] ^ 1]) + value[-8:]
    if not value:
        return "x"
    middle = len(value) // 2
    return value[:middle] + ("y" if value[middle] == "x" else "x") + value[middle + 1 :]


def test_a_changed_byte_of_any_column_is_a_finding_and_never_a_crash(world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL keeps moments, ids and documents in types that hold nothing malformed")
    world.dispatched("edu")
    closed(world, date(2026, 9, 22))
    world.pass_days(10)
    world.do(HANDLER, "handle")
    with world.transaction() as session:
        sharing.copy(session, instance_id=world.case, to=["owner"], actor=world.actor(OFFICE), now=clock.now())
    assert faults(world) == []
    with world.database.reading() as session:
        known = session.execute(select(Definition.key, Definition.digest)).all()
        made = {key: compiled(session, digest, key) for key, digest in known}
    # or parsing is most of the test's time
    once = patch.object(bundles, "compile_bundle", side_effect=lambda _files, key: made[key])
    untold = set()
    for model in (Instance, UserTask, Timer, CopyTo, CalendarVersion, Definition, DefinitionFile, Schedule, Counter):
        table = model.__table__
        for column in table.columns:
            with once, world.database.reading() as session:
                connection = session.connection()
                connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                fullest = f'SELECT rowid, "{column.name}" FROM {table.name} ORDER BY "{column.name}" IS NULL LIMIT 1'  # noqa: S608 - our own table
                change = f'UPDATE {table.name} SET "{column.name}" = ? WHERE rowid = ?'  # noqa: S608 - our own table
                row, value = connection.exec_driver_sql(fullest).one()
                connection.exec_driver_sql(change, (spoilt(value), row))
                found = list(replay.verify(session))
                connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
            if not found:
                untold.add((table.name, column.name))
    assert untold == UNTOLD


def test_a_reading_sees_one_moment_so_that_work_going_on_is_no_mismatch(world: World) -> None:
    world.dispatched("edu")
    stream = f"instance:{world.case}"
    with world.database.reading() as session:
        before = history.count(session, stream)
        world.do(HANDLER, "handle")
        assert history.count(session, stream) == before
        session.expire_all()
        assert [found.what for found in replay.verify(session, [world.case])] == []


# --- Definitions -----------------------------------------------------------------------------------------------------


def test_two_deployments_at_once_are_two_versions(world: World) -> None:
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    together = Barrier(2)

    def deployed(number: int) -> int:
        more = {**files, f"forms/more_{number}.json": b'{"type": "object", "properties": {}}'}
        together.wait()
        with world.transaction() as session:
            made = deploy(session, unchecked("request", more), actor=SYSTEM, now=clock.now())
            return made.version

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(deployed, (1, 2))) == [2, 3]
