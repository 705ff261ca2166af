"""访谈督促 (F2): short pairs of class B are reminded of; at the year's end a reason is asked; nothing is blocked."""

from __future__ import annotations

import re

from sqlalchemy import select

from service import liaisons, people
from service.contacts.models import MissedInterviews
from service.processes.models import UserTask
from service.rights import SYSTEM
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import calendar_starts
from tests.factories.steps import instance, mismatches, notices
from tests.factories.unit_leaders import leader_of_unit
from tests.factories.visitor import Visitor


def pair(world) -> None:
    leader = leader_of_unit(world)
    with world.transaction() as session:
        head = people.find_leader(session, leader).person_id
        now = world.clock.now
        member = people.add_person(session, name="路远山", unit_code="hrss", post="科长", actor=SYSTEM, now=now).id
        liaisons.set_service_team(
            session,
            leader_id=leader,
            head_id=head,
            liaison_id=head,
            members=[{"person_id": member}],
            starts_on=now.date(),
            actor=SYSTEM,
            now=now,
        )
        link = liaisons.propose_link(
            session,
            leader_id=leader,
            talent_id="T0002",
            reason="related",
            note="业务相关",
            starts_on=now.date(),
            actor=SYSTEM,
            now=now,
        )
        assert link.status == "active"


@ON_BOTH
def test_a_unit_whose_pairs_are_short_is_reminded_and_the_check_ends(world):
    pair(world)
    calendar_starts(world, "interview_check", "autumn")
    [told] = notices(world, "reminder")
    assert (told["to"]["role"], told["to"]["unit"]) == ("liaison", "hrss")
    assert "纪明川—沈清越（0/2）" in told["text"]
    assert instance(world).end_name == "已提醒"
    assert instance(world).title == "访谈督促：2026年"
    assert mismatches(world) == []


def test_at_the_years_end_the_unit_says_why(world):
    pair(world)
    calendar_starts(world, "interview_check", "year_end")
    assert world.open_steps() == [("explain_missed", "hrss")]
    world.do("liaison-hrss", "explain_missed", {"reason": "年内到任，下年补足"}, unit="hrss")
    with world.database.reading() as session:
        assert [row.reason for row in session.scalars(select(MissedInterviews))] == ["年内到任，下年补足"]
    assert instance(world).end_name == "原因已收齐"
    assert mismatches(world) == []


def test_the_step_lists_the_pairs_and_keeps_the_reason_that_one_was_given_apart(world):
    pair(world)
    calendar_starts(world, "interview_check", "year_end")
    task = open_task(world)
    liaison = Visitor(world, "liaison-hrss")
    page = liaison.get(f"/tasks/{task}").text
    assert "访谈不足的联系对象" in page
    assert "沈清越" in page
    assert "纪明川" in page
    asked = re.search(r'name="leader_id" value="([^"]+)"', page)
    assert asked
    given = liaison.post(
        "/interviews/reason", leader_id=asked[1], talent_id="T0002", year="2026", reason="出国访学",
        task=str(task),
    )  # fmt: skip
    assert given.status_code == 200, given.text
    assert given.json["location"] == f"/tasks/{task}"
    assert "出国访学" in liaison.get(f"/tasks/{task}").text
    world.do("liaison-hrss", "explain_missed", {"reason": "年内到任，下年补足"}, unit="hrss")
    with world.database.reading() as session:
        assert [row.reason for row in session.scalars(select(MissedInterviews))] == ["出国访学"]
    assert mismatches(world) == []


def open_task(world):
    with world.database.reading() as session:
        return session.scalars(select(UserTask.id).where(UserTask.task == "explain_missed")).one()


def test_where_nobody_is_short_nobody_is_asked(world):
    calendar_starts(world, "interview_check", "year_end")
    assert (instance(world).status, notices(world, "reminder")) == ("completed", [])
