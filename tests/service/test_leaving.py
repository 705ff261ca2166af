"""All that depends on a person is seen before they leave, and chains of absence when a substitute is declared."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from service import auth, people
from service.auth.absence import cover_of, gaps
from service.cli import liaison
from service.clock import local
from service.processes import operations
from service.rights import SYSTEM
from service.usecases.leaving import held_by
from tests.factories.visitor import Visitor
from tests.factories.workers import looking, mismatches
from tests.factories.world import World

SAID = "2026-需-0001 子女入学：办理，2026-09-24 到期"


def _claimed(world: World, by: str = "handler-edu-2") -> None:
    world.dispatched("edu", "housing")
    with world.transaction() as session:
        task_id = world.task("handle", "edu").id
        operations.claim(session, task_id=task_id, actor=world.actor(by), now=world.clock.now)


def _today(world: World) -> date:
    return local(world.clock.now).date()


def _person(world: World, username: str) -> str:
    return str(world.actor(username).person_id)


def _declare(world: World, absent: str, acting: str, first: int = 0, last: int = 5) -> people.Substitute:
    today = _today(world)
    with world.transaction() as session:
        return people.declare_substitute(
            session,
            person_id=_person(world, absent),
            substitute_id=_person(world, acting),
            starts_on=today + timedelta(days=first),
            ends_on=today + timedelta(days=last),
            actor=SYSTEM,
            now=world.clock.now,
        )


def test_what_is_held_is_named_by_number_title_and_due_date(world: World) -> None:
    _claimed(world)
    with looking(world) as session:
        held = held_by(session, "handler-edu-2", _today(world))
        lone = held_by(session, "handler-housing", _today(world))
        none = held_by(session, "handler-health", _today(world))
    assert [line.strip() for line in held.lines()][1] == SAID
    assert held.alone == []
    assert [(task.title, task.step) for task in lone.alone] == [("子女入学", "办理")]
    assert (lone.claimed, none.is_empty) == ([], True)


def test_links_liaison_duties_and_substitutions_are_named_too(world: World) -> None:
    _declare(world, "leader", "liaison-hrss")
    with looking(world) as session:
        leader = held_by(session, "leader", _today(world))
        officer = held_by(session, "liaison-hrss", _today(world))
    assert [post.post for post in leader.posts]
    assert [stand.name for stand in leader.substitutes] == [world.actor("liaison-hrss").name]
    assert officer.offices == ["区人力资源和社会保障局"]
    assert [stand.name for stand in officer.acts_for] == [world.actor("leader").name]


def test_page_api_and_command_line_show_it_before_the_account_is_disabled(world: World) -> None:
    _claimed(world)
    page = Visitor(world, "admin").get("/accounts/handler-edu-2/disable").get_data(as_text=True)
    assert "2026-需-0001" in page
    assert "子女入学" in page
    assert "2026-09-24（周四）" in page
    assert "确认停用" in page
    assert "2026-需-0001" in Visitor(world, "admin").get("/accounts/handler-edu-2").get_data(as_text=True)
    api = world.api("admin")
    [task] = api.get("/accounts/handler-edu-2/held").get_json()["claimed"]
    assert (task["number"], task["title"], task["due_on"]) == ("2026-需-0001", "子女入学", "2026-09-24")
    assert world.api("office").get("/accounts/handler-edu-2/held").status_code == 403
    url = world.database.url.render_as_string(hide_password=False)
    call = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None})
    shown = call.invoke(liaison, ["user", "disable", "handler-edu-2", "--show"])
    assert (shown.exit_code, SAID in shown.output, "已停用" in shown.output) == (0, True, False)
    assert world.task("handle", "edu").assignee == "handler-edu-2"
    gone = call.invoke(liaison, ["user", "disable", "handler-edu-2"])
    assert (gone.exit_code, SAID in gone.output, "已停用账号 handler-edu-2" in gone.output) == (0, True, True)
    assert world.task("handle", "edu").assignee is None
    assert mismatches(world) == []


def test_the_api_disables_and_answers_what_depended_on_the_account(world: World) -> None:
    _claimed(world)
    answer = world.api("admin").post("/accounts/handler-edu-2/disable").get_json()
    assert (answer["active"], len(answer["claimed"])) == (False, 1)
    assert world.task("handle", "edu").assignee is None


def test_who_edits_a_person_is_told_what_goes_back(world: World) -> None:
    _claimed(world)
    page = Visitor(world, "office").get(f"/people/{_person(world, 'handler-edu-2')}/edit").get_data(as_text=True)
    assert "现领办 1 项任务（最早 2026-09-24 到期）" in page


# --- Chains of absence -----------------------------------------------------------------------------------------------


def _said(world: World, row: people.Substitute) -> list[str]:
    with looking(world) as session:
        found = session.get(people.Substitute, row.id)
        assert found is not None
        return gaps(session, [cover_of(found)], _today(world))[0]


def test_a_substitute_who_is_away_is_told_of_link_by_link(world: World) -> None:
    sound = _declare(world, "handler-edu", "handler-edu-2", 0, 5)
    assert _said(world, sound) == []
    _declare(world, "handler-edu-2", "deputy-edu", 3, 8)
    _declare(world, "deputy-edu", "handler-health", 4, 4)
    second, third = world.actor("handler-edu-2").name, world.actor("deputy-edu").name
    last = world.actor("handler-health").name
    assert _said(world, sound) == [
        f"{second}本人 2026-09-19 至 2026-09-21 不在岗，由{third}代理，但代理不能转给他人",
        f"{third}本人 2026-09-20 至 2026-09-20 不在岗，由{last}代理，但代理不能转给他人",
    ]


def test_whose_work_is_left_alone_by_an_absence_is_named(world: World) -> None:
    _declare(world, "handler-edu", "handler-edu-2", 0, 5)
    own = _declare(world, "handler-edu-2", "handler-health", 3, 8)
    first, second = world.actor("handler-edu").name, world.actor("handler-edu-2").name
    assert _said(world, own) == [f"{second}正为{first}代理，2026-09-19 至 2026-09-21 {first}的待办无人代理"]


def test_two_who_stand_in_for_each_other_are_told_of_once(world: World) -> None:
    one = _declare(world, "handler-edu", "handler-edu-2")
    _declare(world, "handler-edu-2", "handler-edu")
    assert len(_said(world, one)) == 2


@pytest.mark.parametrize("way", ["disabled", "nobody", "no role"])
def test_a_substitute_who_cannot_act_is_told_of(world: World, way: str) -> None:
    if way == "nobody":
        with world.transaction() as session:
            stranger = people.add_person(session, name="何未注册", actor=SYSTEM, now=world.clock.now)
            today = _today(world)
            row = people.declare_substitute(
                session,
                person_id=_person(world, "handler-edu"),
                substitute_id=stranger.id,
                starts_on=today,
                ends_on=today,
                actor=SYSTEM,
                now=world.clock.now,
            )
    else:
        row = _declare(world, "handler-edu", "deputy-edu")
        with world.transaction() as session:
            if way == "disabled":
                auth.disable_user(session, username="deputy-edu", actor=SYSTEM, now=world.clock.now)
            else:
                for grant in auth.list_role_grants(session, ["deputy-edu"]):
                    grant.revoked_at = world.clock.now
    [said] = _said(world, row)
    assert {"disabled": "账号已停用", "nobody": "没有账号", "no role": "没有任何角色"}[way] in said


def test_the_page_asks_once_more_and_the_list_shows_the_chain(world: World) -> None:
    _declare(world, "handler-edu-2", "deputy-edu", 0, 8)
    today = _today(world).isoformat()
    visitor, person = Visitor(world, "handler-edu"), _person(world, "handler-edu")
    form = {"substitute_id": _person(world, "handler-edu-2"), "starts_on": today, "ends_on": today}
    first = visitor.submit(f"/people/{person}/substitutes", **form)
    assert first.status_code == 409
    assert "不在岗" in first.text
    assert "已了解，仍然指定" in first.text
    assert "不在岗，由" not in visitor.get("/substitutes").text
    meant = visitor.submit(f"/people/{person}/substitutes", **form, confirm_duplicate="yes")
    assert meant.status_code in (302, 303)
    assert "不在岗，由" in visitor.get("/substitutes").text
    listed = world.api("handler-edu").get("/substitutes").get_json()["items"]
    assert any("不在岗" in said for one in listed for said in one["warnings"])
