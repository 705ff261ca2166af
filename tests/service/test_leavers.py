"""People who leave hold nothing up: their claims end, their tasks are everybody's, and who stands in is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from service import auth, people
from service.auth import RoleGrant
from service.clock import local
from service.errors import Conflict, NotAllowed
from service.people import persons, units
from service.people.models import Leader
from service.processes import claims, commands, freeing, marking, operations, queries, timers
from service.processes.models import Incident, UserTask
from service.rights import SYSTEM
from tests.factories.leader_lanes import deploy
from tests.factories.people import prepared
from tests.factories.statements import sent
from tests.factories.workers import happened, inbox_of, incidents, looking, mismatches, work_all, worker_of
from tests.factories.world import World


def _claimed(world: World, by: str = "handler-edu-2") -> UserTask:
    world.dispatched("edu")
    task = world.task("handle")
    with world.transaction() as session:
        operations.claim(session, task_id=task.id, actor=world.actor(by), now=world.clock.now)
    return task


def _open(world: World, user: str) -> list[str]:
    with world.database.reading() as session:
        today = world.clock.now.date()
        return [row.task for row in queries.open_tasks(session, world.actor(user), today=today).items]


def _disable(world: World, username: str, by: str = "admin") -> None:
    with world.transaction() as session:
        auth.disable_user(session, username=username, actor=world.actor(by), now=world.clock.now)


def _enable(world: World, username: str) -> None:
    with world.transaction() as session:
        auth.enable_user(session, username=username, actor=world.actor("admin"), now=world.clock.now)


def _person(world: World, username: str) -> str:
    return str(world.actor(username).person_id)


# --- Claims ----------------------------------------------------------------------------------------------------------


def test_a_claim_ends_with_the_account_by_whom_and_why_and_stays_ended(world: World) -> None:
    _claimed(world)
    assert "handle" not in _open(world, "handler-edu")
    _disable(world, "handler-edu-2")
    [event] = happened(world, "claim_ended")
    assert (event.actor, event.data["was"], event.data["why"]) == ("admin", "handler-edu-2", "disabled")
    assert world.task("handle").assignee is None
    assert "handle" in _open(world, "handler-edu")
    _enable(world, "handler-edu-2")
    assert world.task("handle").assignee is None
    work_all(world)
    assert len(happened(world, "claim_ended")) == 1
    told = [title for template, title in inbox_of(world, "handler-edu") if template == "claim_ended"]
    assert told == ["任务退回待办：子女入学"]
    world.do("handler-edu", "handle")
    assert mismatches(world) == []


def test_a_role_that_ends_at_midnight_gives_its_tasks_back_at_midnight_worker_or_not(world: World) -> None:
    _claimed(world)
    today = local(world.clock.now).date()
    with world.transaction() as session:
        for grant in session.scalars(select(RoleGrant).where(RoleGrant.username == "handler-edu-2")):
            grant.ends_on = today
    assert "handle" not in _open(world, "handler-edu")
    world.clock.set(world.clock.now.replace(hour=0, minute=1) + timedelta(days=1))
    assert world.task("handle").assignee == "handler-edu-2"  # nobody has journaled anything yet
    assert "handle" in _open(world, "handler-edu")
    with world.database.reading() as session:
        shown = queries.task_detail(session, world.task("handle").id, world.actor("handler-edu"))
    assert (shown.holder, shown.may_act, shown.may_claim) == (None, True, True)
    with world.transaction() as session, pytest.raises(NotAllowed):
        commands.complete(
            session,
            task_id=world.task("handle").id,
            data=world.sample("handle"),
            actor=world.actor("handler-edu-2"),
            now=world.clock.now,
        )
    worker_of(world).tick(world.clock.now)
    [event] = happened(world, "claim_ended")
    assert (event.actor, event.data["why"]) == ("system", "role")
    world.do("handler-edu", "handle")
    assert mismatches(world) == []


@pytest.mark.parametrize("way", ["revoked", "left", "moved", "closed"])
def test_every_way_of_leaving_gives_the_task_back_at_once(world: World, way: str) -> None:
    _claimed(world)
    with world.transaction() as session:
        by, now = world.actor("admin"), world.clock.now
        person = _person(world, "handler-edu-2")
        if way == "revoked":
            auth.revoke_role(
                session, username="handler-edu-2", role="responsible_unit", unit_code="edu", actor=by, now=now
            )
        elif way == "left":
            persons.update_person(session, person_id=person, changes={"active": False}, actor=by, now=now)
        elif way == "moved":
            persons.update_person(session, person_id=person, changes={"unit_code": "health"}, actor=by, now=now)
        else:
            _close(session, world, "edu")
    [event] = happened(world, "claim_ended")
    assert event.data["was"] == "handler-edu-2"
    assert event.data["why"] == {"revoked": "role", "left": "left", "moved": "role", "closed": "unit_closed"}[way]
    assert world.task("handle").assignee is None
    if way == "closed":
        assert "handle" in _open(world, "office")  # nobody of the unit is left: the Talent Office stands in
    else:
        assert "handle" in _open(world, "handler-edu")
    if way == "moved":
        assert "handle" not in _open(world, "handler-edu-2")
    assert mismatches(world) == []


def _close(session, world: World, unit: str) -> None:
    today, now = local(world.clock.now).date(), world.clock.now
    if people.find_liaison(session, unit, today) is not None:
        units.end_liaison(session, unit_code=unit, ends_on=today, actor=world.actor("admin"), now=now)
    for post in session.scalars(select(Leader).where(Leader.unit_code == unit, Leader.ends_on.is_(None))):
        people.end_leader(session, leader_id=post.id, ends_on=today - timedelta(days=1), actor=SYSTEM, now=now)
    units.update_unit(
        session,
        code=unit,
        changes={"active": False},
        organization=world.organization,
        actor=world.actor("admin"),
        now=now,
    )


def test_a_task_handed_to_one_person_is_everybodys_again_too(world: World) -> None:
    world.dispatched("edu")
    task = world.task("handle")
    with world.transaction() as session:
        operations.reassign(
            session,
            task_id=task.id,
            to="handler-edu-2",
            reason="由其主办",
            actor=world.actor("office"),
            now=world.clock.now,
        )
    _disable(world, "handler-edu-2")
    assert world.task("handle").assignee is None
    with world.transaction() as session:
        office = world.actor("office")
        operations.urge(session, instance_id=world.case, text="请尽快", actor=office, now=world.clock.now)
    work_all(world)
    assert "urge" in [template for template, _ in inbox_of(world, "handler-edu")]
    # That it was handed to the one alone is no news for the others any more.
    assert "reassigned" not in [template for template, _ in inbox_of(world, "handler-edu")]
    assert incidents(world) == []


def test_word_owed_before_somebody_left_reaches_the_others(world: World) -> None:
    _claimed(world)
    with world.transaction() as session:
        office = world.actor("office")
        operations.urge(session, instance_id=world.case, text="请尽快", actor=office, now=world.clock.now)
    _disable(world, "handler-edu-2")
    work_all(world)
    assert "urge" in [template for template, _ in inbox_of(world, "handler-edu")]
    assert incidents(world) == []


def test_a_claim_that_stands_is_nobody_elses(world: World) -> None:
    task = _claimed(world)
    with world.transaction() as session:
        assert claims.lapsed(session) == []
        assert claims.end_claim(session, task_id=task.id, now=world.clock.now) is False
        with pytest.raises(Conflict):
            operations.claim(session, task_id=task.id, actor=world.actor("handler-edu"), now=world.clock.now)
    assert happened(world, "claim_ended") == []


# --- Stand-ins -------------------------------------------------------------------------------------------------------


def _for_leader(world: World, name: str = "程望津") -> Leader:
    deploy(world)
    with looking(world) as session:
        [post] = [one for one in people.search_leaders(session).items if one.person.name == name]
    with world.transaction() as session:
        world.case = commands.start(session, process="p", data={}, actor=world.actor("office"), now=world.clock.now).id
    world.do("office", "file", {"leader_id": str(post.id)})
    return post


def _liaison_of(world: World, unit: str) -> str:
    with world.database.reading() as session:
        return auth.accounts_of_role(session, "liaison", unit)[0].username


def test_a_leader_without_an_account_has_a_stand_in_and_both_names_are_kept(world: World) -> None:
    post = _for_leader(world)
    acting = _liaison_of(world, post.unit_code or "")
    assert "read" in _open(world, acting)
    assert "read" not in _open(world, "office")
    with looking(world) as session:
        detail = queries.task_detail(session, world.task("read").id, world.actor(acting))
    assert detail.absence is not None
    assert detail.absence.words.startswith(f"程望津（{post.post}）无账号，由")
    assert detail.absence.words.endswith("联络员代办")
    assert (detail.may_act, detail.on_behalf_of) == (True, "程望津")
    work_all(world)
    world.do(acting, "read", {})
    done = world.done("read")
    assert (done.completed_by, done.on_behalf_of) == (acting, f"leader:{post.id}")
    event = happened(world, "completed")[-1]
    assert event.data["stands_in"] == detail.absence.words
    history = world.api("office").get(f"/instances/{world.case}/history").get_json()["items"]
    [entry] = [one for one in history if one["seq"] == event.seq]
    assert entry["on_behalf_of_name"] == "程望津"
    assert mismatches(world) == []


def test_a_leader_whom_another_unit_serves_has_another_stand_in(world: World) -> None:
    post = _for_leader(world)
    other = "sci" if post.unit_code != "sci" else "hrss"
    before, after = _liaison_of(world, post.unit_code or ""), _liaison_of(world, other)
    assert ("read" in _open(world, before), "read" in _open(world, after)) == (True, False)
    with world.transaction() as session:
        session.get_one(Leader, post.id).unit_code = other
    assert ("read" in _open(world, before), "read" in _open(world, after)) == (False, True)


def test_who_stands_in_claims_in_the_own_name_and_lets_go_when_the_leader_signs_up(world: World) -> None:
    post = _for_leader(world)
    acting = _liaison_of(world, post.unit_code or "")
    with world.transaction() as session:
        operations.claim(session, task_id=world.task("read").id, actor=world.actor(acting), now=world.clock.now)
    assert world.task("read").assignee == acting
    with world.transaction() as session:
        auth.add_user(
            session,
            username="cheng",
            password=prepared("一个够长的口令-7391"),
            person_id=post.person_id,
            actor=SYSTEM,
            now=world.clock.now,
        )
    assert "read" in _open(world, "cheng")
    assert "read" not in _open(world, acting)
    work_all(world)
    [event] = happened(world, "claim_ended")
    assert event.data["why"] == "taken_up"
    assert "claim_ended" in [template for template, _ in inbox_of(world, "cheng")]
    world.do("cheng", "read", {})
    assert world.done("read").on_behalf_of is None
    assert mismatches(world) == []


def test_a_vacancy_that_arises_after_the_task_was_entered_is_stood_in_for(world: World) -> None:
    world.dispatched("housing")
    assert "handle" not in _open(world, "office")
    _disable(world, "handler-housing")
    assert "handle" in _open(world, "office")
    shown = world.api("office").get(f"/instances/{world.case}").get_json()["open_tasks"]
    [said] = [one["stand_in"] for one in shown if one["task"] == "handle"]
    assert said == "区住房城乡建设和水利局没有能办理的人员，由区人才办代办"
    world.do("office", "handle")
    assert world.done("handle").on_behalf_of == "unit:housing"
    assert mismatches(world) == []


def test_what_a_stand_in_did_is_taken_back_on_behalf_of_the_same(world: World) -> None:
    world.dispatched("housing")
    _disable(world, "handler-housing")
    world.do("office", "handle")
    with world.transaction() as session:
        operations.take_back(
            session,
            task_id=world.done("handle").id,
            reason="附件传错",
            actor=world.actor("office"),
            now=world.clock.now,
        )
    [event] = happened(world, "taken_back")
    assert (event.actor, event.on_behalf_of) == ("office", "unit:housing")
    assert world.task("handle").on_behalf_of is None
    history = world.api("office").get(f"/instances/{world.case}/history").get_json()["items"]
    [entry] = [one for one in history if one["seq"] == event.seq]
    assert entry["on_behalf_of_name"] == "区住房城乡建设和水利局"
    assert mismatches(world) == []


def test_what_nobody_may_take_even_so_is_an_incident_until_somebody_may(world: World) -> None:
    world.dispatched("housing")
    worker = worker_of(world)
    for name in ("handler-housing", "office", "office-2"):
        _disable(world, name)
    worker.tick(world.clock.now)
    unmanned = [one for one in incidents(world) if one.kind == "unmanned" and one.resolved_at is None]
    assert any("「办理」没有人能办理：区住房城乡建设和水利局" in one.message for one in unmanned)
    world.clock.advance(minutes=1)
    worker.tick(world.clock.now)
    assert len([one for one in incidents(world) if one.kind == "unmanned"]) == len(unmanned)
    _enable(world, "office")
    world.clock.advance(minutes=1)
    worker.tick(world.clock.now)
    assert [one for one in incidents(world) if one.kind == "unmanned" and one.resolved_at is None] == []


def test_lists_and_pages_agree_on_whose_a_task_is(world: World) -> None:
    """The condition of the list and the rule of one task say the same for everybody."""
    world.dispatched("edu", "housing")
    _disable(world, "handler-housing")
    post = _for_leader(world)
    users = (
        "office",
        "handler-edu",
        "leader",
        "auditor",
        "admin",
        "employer",
        _liaison_of(world, post.unit_code or ""),
    )
    with world.database.reading() as session:
        today = local(world.clock.now).date()
        everything = list(session.scalars(select(UserTask).where(UserTask.status == "open")))
        for user in users:
            try:
                actor = world.actor(user)
            except NotAllowed:
                continue
            listed = {row.id for row in queries.open_tasks(session, actor, today=today, limit=200).items}
            taken = {
                task.id
                for task in everything
                if queries.access.taker(session, actor, task, world.clock.now) is not None
            }
            assert listed == taken, user
        assert marking.marks(session, everything, today).lapsed == frozenset()


@pytest.mark.databases("postgresql")
def test_cases_that_nobody_may_do_are_locked_in_one_order(world: World) -> None:
    cases = {world.dispatched("housing") for _ in range(5)}
    for name in ("handler-housing", "office", "office-2"):
        _disable(world, name)
    with sent(world) as statements, world.transaction() as session:
        assert freeing.report(session, now=world.clock.now) >= 5
    told = {str(case): case for case in cases} | {case.hex: case for case in cases}
    locked = [
        told[str(value)]
        for statement, parameters in statements
        if "FROM instance" in statement and "FOR UPDATE" in statement
        for value in (parameters.values() if isinstance(parameters, dict) else parameters)
        if str(value) in told  # beside them words such as the status of what is at hand
    ]
    assert set(locked) == cases
    assert locked == sorted(locked)


def test_an_incident_about_a_vacancy_can_be_tried_again(world: World) -> None:
    world.dispatched("housing")
    for name in ("handler-housing", "office", "office-2"):
        _disable(world, name)
    worker = worker_of(world)
    worker.tick(world.clock.now)
    with world.transaction() as session:
        query = select(Incident).where(Incident.kind == "unmanned", Incident.resolved_at.is_(None))
        for incident in session.scalars(query).all():
            timers.retry(session, incident_id=incident.id, actor=world.actor("admin"), now=world.clock.now)
    world.clock.advance(minutes=1)
    worker.tick(world.clock.now)
    assert [one for one in incidents(world) if one.kind == "unmanned" and one.resolved_at is None]
    assert mismatches(world) == []
