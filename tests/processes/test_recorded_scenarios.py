"""A real case, recorded as a scenario, comes out of a rehearsal as it came out of the database, without its people."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner

from service import clock
from service.cli import liaison
from service.errors import Conflict
from service.processes import commands, operations
from service.processes.bundles import compiled
from service.processes.calendars import current
from service.rehearsal.core import State
from service.rehearsal.scenarios import recording, run_file
from tests.factories import steps as case
from tests.factories.databases import ON_BOTH
from tests.factories.rehearsals import plan
from tests.factories.steps import NOT_OURS
from tests.factories.versions import RENAMED, SIGNED, Edits, move, version
from tests.factories.world import CONFIG, LIAISON, OFFICE, World

pytestmark = ON_BOTH


def recorded(world: World) -> str:
    with world.database.reading() as session:
        units = sorted(plan().units or ())
        return recording.record(session, world.case, actions=plan().actions, units=units)


def rehearsed(world: World, text: str) -> State:
    """Where the recorded scenario leads; it must pass."""
    with world.database.reading() as session:
        instance = case.instance(world)
        made = compiled(session, instance.digest, instance.process)
        calendar = current(session)
    outcome = run_file(text.encode(), "recorded.yaml", made, plan(), lambda _names: calendar)
    assert outcome.difference is None, (outcome.difference, text)
    assert outcome.state is not None
    return outcome.state


def told(world: World) -> Counter[tuple[str, Any, Any]]:
    """The real case's notices to roles and units; who hears by name is nobody that a rehearsal knows."""
    sent = [(one.data["template"], one.data["to"]) for one in case.events(world, "notice")]
    return Counter((kind, to["role"], to["unit"]) for kind, to in sent if to["role"] not in (None, "leader"))


def test_a_late_case_is_rehearsed_as_it_was(world: World) -> None:
    world.dispatched("edu", "dali", title="王小明的学位", description="王小明住在桂城某小区 3 座")
    world.do("handler-edu", "handle", NOT_OURS, unit="edu")
    world.do(OFFICE, "redispatch", {"decision": "redispatch", "unit": "housing", "opinion": "改由住建局办理"})
    world.pass_days(25)
    text = recorded(world)
    assert "王小明" not in text
    assert "小区" not in text
    assert "改由住建局办理" not in text
    state = rehearsed(world, text)
    assert {"due_soon", "due_today", "overdue", "long_overdue"} == set(state.fired)
    mine = Counter((one.kind, one.role, one.unit) for one in state.notices if one.role not in (None, "leader"))
    assert mine == told(world)
    real = case.instance(world).data
    assert {name: real[name] for name in ("category", "town", "units", "decision")} == {
        name: state.data[name] for name in ("category", "town", "units", "decision")
    }


def test_a_step_that_was_taken_back_is_not_in_it(world: World) -> None:
    world.recorded()
    world.do(OFFICE, "accept", {"decision": "return", "reason": "请补充"})
    with world.transaction() as session:
        task = world.done("accept")
        operations.take_back(session, task_id=task.id, reason="点错了", actor=world.actor(OFFICE), now=clock.now())
    text = recorded(world)
    assert "accept" not in text.partition("expect:")[0]
    assert [one.label for one in rehearsed(world, text).open] == ["accept"]


def test_a_case_that_was_terminated_is_refused(world: World) -> None:
    world.recorded()
    with world.transaction() as session:
        commands.terminate(
            session, instance_id=world.case, reason="重复登记", actor=world.actor(OFFICE), now=clock.now()
        )
    with pytest.raises(Conflict, match="不能录成用例"):
        recorded(world)


def test_an_ended_case_ends_again(world: World) -> None:
    world.start()
    world.do(LIAISON, "record_need", world.need(on_the_spot=True, answer="当场说明了入学办法"))
    assert rehearsed(world, recorded(world)).end == "end_on_the_spot"


def test_a_case_that_is_referred_and_answered_is_rehearsed_as_it_was(world: World) -> None:
    case.referred(world)
    case.assessed(world, "meeting")
    case.minuted(world, "settled")
    state = rehearsed(world, recorded(world))
    assert [one.task for one in state.open] == [step for step, _ in world.open_steps()]


def test_the_command_prints_it_by_number(world: World) -> None:
    world.accepted(title="王小明的学位")
    number = case.instance(world).number
    environ = {"LIAISON_DATABASE_URL": world.settings.database_url}
    words = ["--config", str(CONFIG), "scenario", "record"]
    result = CliRunner().invoke(liaison, [*words, str(number)], env=environ)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    assert result.stdout == recorded(world)
    result = CliRunner().invoke(liaison, [*words, "2026-需-9999"], env=environ)
    assert result.exit_code == 1
    assert "没有事项 2026-需-9999" in result.stderr


@pytest.mark.parametrize(
    ("edits", "mapping", "note"),
    [
        (SIGNED, {}, "补上「科长审签」（用样例）"),
        (RENAMED, {("request", "accept"): "take_in"}, "用例照第 2 版从头走"),
    ],
)
def test_a_migrated_case_is_recorded_by_the_version_in_which_it_stands(
    world: World, edits: Edits, mapping: dict[tuple[str, str], str], note: str
) -> None:
    """A step that the case never took is taken, one that was called otherwise is called as it is now."""
    world.recorded(title="王小明的学位")
    if not mapping:
        world.do(OFFICE, "accept")
    move(world, version(world, edits), mapping=mapping)
    if mapping:
        world.do(OFFICE, "take_in", {"decision": "accept"})
    with world.database.reading() as session:
        found = recording.recorded(session, world.case, plan=plan(), calendar=current(session))
    assert found.difference is None
    assert note in "；".join(found.notes)
    assert "王小明" not in found.text
    state = rehearsed(world, found.text)
    assert [one.label for one in state.open] == ["dispatch"]
    assert [one.task for one in state.done][-1] == ("take_in" if mapping else "sign_off")
