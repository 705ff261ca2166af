"""Contacts, opinions, activities, a unit's own matters, interviews, on both databases."""

from __future__ import annotations

import ast
import hashlib
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from service import contacts, history
from service.canonical import dumps
from service.contacts.fields import ENTRIES
from service.contacts.rules import similarity
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.liaisons.models import Link, ServiceTeam
from tests.factories.contacts import (
    ADMIN,
    AUDITOR,
    CALENDAR,
    LIAISON,
    NOW,
    OFFICE,
    SECRET,
    STRANGER,
    TODAY,
    add_talent,
    contact,
)
from tests.factories.people import EARLY, actor, leader, person, unit
from tests.factories.statements import Statements


@pytest.fixture
def chief(session):
    """A leader of class B of hrss."""
    unit(session)
    unit(session, "edu", "区教育局")
    return leader(session, person(session), klass="B", body=None, unit_code="hrss", duty="principal", post="局长")


@pytest.fixture
def talent(session):
    return add_talent(session)


def link(session, chief, talent, starts_on=date(2026, 9, 1), **fields):
    made = Link(
        id=uuid4(),
        leader_id=chief.id,
        talent_id=talent.id,
        reason="related",
        starts_on=starts_on,
        created_at=EARLY,
        **{"status": "active", **fields},
    )
    session.add(made)
    session.flush()
    return made


def paths(refused):
    return [finding.path for finding in refused.value.findings]


class TestRecording:
    def test_both_names_are_kept(self, session, chief, talent):
        made = contact(session, chief, talent, topics=[3, 1], tags=["stationed"], place="企业会议室")
        assert (made.leader.person.name, made.entered_by) == ("陈志明", "liaison-hrss")
        assert [row.topic for row in made.topics] == [1, 3]
        assert made.interview
        [event] = history.stream_events(session, f"contact:{made.id}")
        assert (event.kind, event.actor) == ("contact_recorded", "liaison-hrss")
        assert event.data["leader_id"] == str(chief.id)
        assert event.data["talents"] == [talent.id]

    @pytest.mark.parametrize(("held_on", "late"), [(date(2026, 9, 11), False), (date(2026, 9, 10), True)])
    def test_later_than_three_working_days_is_shown_and_stays(self, session, chief, talent, held_on, late):
        assert contact(session, chief, talent, held_on=held_on).late is late

    def test_the_limit_is_a_setting(self, session, chief, talent):
        assert not contact(session, chief, talent, held_on=date(2026, 9, 10), entry_days=4).late

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"held_on": date(2026, 9, 17)}, "/held_on"),
            ({"held_on": date(2026, 8, 31)}, "/held_on"),
            ({"form": "dinner"}, "/form"),
            ({"form": "symposium", "inbound": True}, "/form"),
            ({"topics": []}, "/topics"),
            ({"topics": [5]}, "/topics"),
            ({"summary": " \n"}, "/summary"),
            ({"summary": "长" * 4001}, "/summary"),
            ({"place": "楼\x00"}, "/place"),
            ({"tags": ["picnic"], "known_tags": ["stationed"]}, "/tags"),
            ({"opinions": [{"talent_id": "T0099", "text": "希望"}]}, "/opinions/0/talent_id"),
            ({"opinions": [{"text": ""}]}, "/opinions/0/text"),
            ({"activity_id": UUID(int=1)}, "/activity_id"),
        ],
    )
    def test_what_is_wrong_is_named(self, session, chief, talent, fields, path):
        with pytest.raises(Invalid) as refused:
            contact(session, chief, talent, **fields)
        assert paths(refused) == [path]
        assert not contacts.search_contacts(session, OFFICE).total

    def test_unknown_people_are_named_together(self, session, chief):
        with pytest.raises(Invalid) as refused:
            contacts.record_contact(
                session,
                leader_id=UUID(int=3),
                talent_ids=["T0404"],
                form="visit",
                held_on=TODAY,
                topics=[1],
                summary="走访",
                calendar=CALENDAR,
                actor=OFFICE,
                now=NOW,
            )
        assert paths(refused) == ["/leader_id", "/talent_ids"]

    def test_the_same_twice_is_a_conflict(self, session, chief, talent):
        contact(session, chief, talent)
        with pytest.raises(Conflict, match="已登记过"):
            contact(session, chief, talent)
        contact(session, chief, talent, summary="下午再次到企业，座谈人才公寓事宜。")

    def test_only_those_close_to_the_leader_enter(self, session, chief, talent):
        for stranger in (STRANGER, AUDITOR, ADMIN):
            with pytest.raises(NotAllowed, match="登记联系记录"):
                contact(session, chief, talent, actor=stranger)
        own = actor(("leader", None), username="chief", person_id=chief.person_id)
        assert contact(session, chief, talent, actor=own).entered_by == "chief"

    def test_an_inbound_contact_is_no_interview(self, session, chief, talent):
        made = contact(session, chief, talent, inbound=True, topics=[])
        assert (made.inbound, made.interview) == (True, False)
        assert contacts.form_name(made.form, inbound=True) == "面谈"

    def test_withdrawn_it_is_off_the_list_and_stays_in_history(self, session, chief, talent):
        made = contact(session, chief, talent)
        contacts.withdraw_contact(session, contact_id=made.id, reason="登记错误", actor=LIAISON, now=NOW)
        assert contacts.search_contacts(session, OFFICE).total == 0
        assert contacts.get_contact(session, made.id, OFFICE).withdrawn_at == NOW
        with pytest.raises(Conflict, match="已经撤回"):
            contacts.withdraw_contact(session, contact_id=made.id, reason="再次", actor=LIAISON, now=NOW)
        contact(session, chief, talent)  # entered again as it should have been


class TestRestrictedNotes:
    def test_it_is_read_by_the_leader_the_liaison_and_the_office_alone(self, session, chief, talent):
        made = contact(session, chief, talent, topics=[4], restricted=SECRET)
        own = actor(("leader", None), person_id=chief.person_id)
        other = leader(session, person(session, "程望津"), klass="B", body=None, unit_code="edu", duty="talent")
        for reader in (OFFICE, LIAISON, own):
            assert contacts.restricted_notes(session, reader, [made.id]) == {made.id: SECRET}
        for reader in (AUDITOR, ADMIN, STRANGER, actor(("leader", None), person_id=other.person_id)):
            assert contacts.restricted_notes(session, reader, [made.id]) == {made.id: None}

    def test_the_journal_holds_its_digest_and_never_its_text(self, session, chief, talent):
        made = contact(session, chief, talent, restricted=SECRET)
        [event] = history.stream_events(session, f"contact:{made.id}")
        bare = hashlib.sha256(SECRET.encode()).hexdigest()
        assert len(event.data["restricted_sha256"]) == 64
        assert event.data["restricted_sha256"] != bare  # else a short note could be guessed
        assert SECRET not in str(event.data)


class TestSeeing:
    def test_an_office_sees_its_own_leaders_contacts(self, session, chief, talent):
        made = contact(session, chief, talent)
        for reader in (OFFICE, LIAISON, AUDITOR, actor(("leader", None), person_id=chief.person_id)):
            assert [one.id for one in contacts.search_contacts(session, reader).items] == [made.id]
        for reader in (STRANGER, ADMIN, actor(("responsible_unit", "hrss"))):
            assert contacts.search_contacts(session, reader).total == 0
            with pytest.raises(NotFound):
                contacts.get_contact(session, made.id, reader)

    def test_filters(self, session, chief, talent):
        other = add_talent(session, "吕芳")
        first = contact(session, chief, talent, tags=["stationed"], topics=[1, 3])
        second = contact(session, chief, other, form="phone", held_on=date(2026, 9, 8))

        def found(**wanted):
            page = contacts.search_contacts(session, OFFICE, contacts.ContactFilter(**wanted))
            return [one.id for one in page.items]

        assert found() == [first.id, second.id]
        assert found(talent_id=talent.id) == found(form="visit") == found(topic=1) == found(late=False) == [first.id]
        assert found(tag="stationed") == found(interview=True) == found(q="lsy") == [first.id]
        assert found(since=date(2026, 9, 9)) == [first.id]
        assert found(until=date(2026, 9, 9)) == found(late=True) == found(q="吕芳") == [second.id]
        assert found(tag="station") == found(unit="edu") == found(leader_id="nobody") == found(q="!!") == []
        assert found(q="czm") == found(unit="hrss") == found(leader_id=chief.id) == [first.id, second.id]

    def test_a_list_costs_the_same_for_one_as_for_many(self, session, chief):
        for number in range(5):
            one = add_talent(session, f"人才{'甲乙丙丁戊'[number]}")
            contact(session, chief, one, opinions=[{"text": f"第 {number} 条建议"}])
        session.flush()
        session.expire_all()
        counted = Statements(session)
        contacts.search_contacts(session, OFFICE, limit=1)
        session.expire_all()
        few = counted.since()
        page = contacts.search_contacts(session, OFFICE)
        assert [one.talents[0].talent.name for one in page.items]
        assert counted.since() <= few <= 7
        session.expire_all()
        counted.since()
        contacts.search_opinions(session, LIAISON, limit=1)
        session.expire_all()
        few = counted.since()
        pairs = contacts.search_opinions(session, LIAISON).items
        assert [(one.talent.name, held.leader.person.name) for one, held in pairs]
        assert counted.since() <= few <= 6


class TestOpinions:
    def test_it_becomes_one_need_and_no_other(self, session, chief, talent):
        [opinion] = contact(session, chief, talent, opinions=[{"text": "希望解决子女入学"}]).opinions
        assert (opinion.status, opinion.talent_id) == ("open", talent.id)
        case = uuid4()
        linked = contacts.link_opinion(session, opinion_id=opinion.id, instance_id=case, actor=LIAISON, now=NOW)
        assert (linked.status, linked.instance_id) == ("need", case)
        contacts.link_opinion(session, opinion_id=opinion.id, instance_id=case, actor=LIAISON, now=NOW)
        with pytest.raises(Conflict, match="另一件需求"):
            contacts.link_opinion(session, opinion_id=opinion.id, instance_id=uuid4(), actor=LIAISON, now=NOW)
        with pytest.raises(Conflict, match="需求台账"):
            contacts.answer_opinion(session, opinion_id=opinion.id, status="noted", actor=LIAISON, now=NOW)
        with pytest.raises(Conflict, match="不能撤回"):
            contacts.withdraw_contact(session, contact_id=opinion.contact_id, reason="错", actor=LIAISON, now=NOW)

    def test_it_is_answered_where_no_case_is_needed(self, session, chief, talent):
        [opinion] = contact(session, chief, talent, opinions=[{"text": "政策如何申请"}]).opinions
        with pytest.raises(Invalid, match="答复内容"):
            contacts.answer_opinion(session, opinion_id=opinion.id, status="answered", actor=LIAISON, now=NOW)
        contacts.answer_opinion(
            session, opinion_id=opinion.id, status="answered", answer="已当面说明", actor=LIAISON, now=NOW
        )
        assert contacts.search_opinions(session, OFFICE, contacts.OpinionFilter(status="answered")).total == 1
        assert contacts.search_opinions(session, OFFICE, contacts.OpinionFilter(status="open")).total == 0

    def test_a_similar_open_matter_is_named_and_explained(self):
        cases = [
            (UUID(int=1), "子女小学转学学位", "希望协调子女从禅城转入桂城公办小学"),
            (UUID(int=2), "人才公寓续租", "租期将满，希望续租"),
        ]
        [found] = contacts.similar_matters("孩子明年上学，希望协调子女转学学位", cases)
        assert found.id == UUID(int=1)
        assert "子女" in found.why
        assert contacts.similar_matters("设备进口通关", cases) == []
        assert similarity("", "甲") == 0


class TestActivities:
    def test_who_was_invited_and_who_came(self, session, chief, talent):
        other = add_talent(session, "吕芳")
        made = contacts.add_activity(
            session,
            name="人才政策咨询论证会",
            kind="consultation",
            held_on=TODAY,
            organizer_unit="hrss",
            talent_ids=[talent.id],
            actor=LIAISON,
            now=NOW,
        )
        fresh = contacts.invite(session, activity_id=made.id, talent_ids=[talent.id, other.id], actor=LIAISON, now=NOW)
        assert [row.talent_id for row in fresh] == [other.id]
        contacts.record_attendance(
            session, activity_id=made.id, attended={talent.id: True, other.id: False}, actor=LIAISON, now=NOW
        )
        seen = contacts.get_activity(session, made.id, OFFICE)
        assert {row.talent_id: row.attended for row in seen.invitations} == {talent.id: True, other.id: False}
        with pytest.raises(Conflict, match="不能取消"):
            contacts.cancel_activity(session, activity_id=made.id, reason="台风", actor=LIAISON, now=NOW)
        with pytest.raises(Invalid, match="不在邀请名单"):
            contacts.record_attendance(session, activity_id=made.id, attended={"T0099": True}, actor=LIAISON, now=NOW)
        with pytest.raises(NotAllowed):
            contacts.invite(session, activity_id=made.id, talent_ids=[other.id], actor=STRANGER, now=NOW)
        assert contacts.contact_counts(session, unit="hrss", starts_on=TODAY, ends_on=TODAY)["activities"] == {
            "total": 1,
            "invited": 2,
            "attended": 1,
        }

    def test_attendance_waits_for_the_day(self, session, chief, talent):
        made = contacts.add_activity(
            session,
            name="座谈会",
            kind="symposium",
            held_on=date(2026, 10, 20),
            organizer_unit="hrss",
            talent_ids=[talent.id],
            actor=LIAISON,
            now=NOW,
        )
        with pytest.raises(Invalid, match="举行后再登记"):
            contacts.record_attendance(session, activity_id=made.id, attended={talent.id: True}, actor=LIAISON, now=NOW)
        contacts.cancel_activity(session, activity_id=made.id, reason="台风", actor=LIAISON, now=NOW)
        with pytest.raises(Invalid, match="已取消"):
            contact(session, chief, talent, activity_id=made.id)


class TestMatters:
    def test_logged_and_solved_inside_the_unit(self, session, chief, talent):
        handler = actor(("responsible_unit", "hrss"), username="handler-hrss")
        made = contacts.record_matter(
            session,
            unit_code="hrss",
            talent_id=talent.id,
            title="职称评审材料",
            description="协助整理申报材料",
            raised_on=date(2026, 9, 10),
            actor=handler,
            now=NOW,
        )
        assert contacts.search_matters(session, OFFICE, contacts.MatterFilter(solved=False)).total == 1
        assert contacts.search_matters(session, STRANGER).total == 0
        with pytest.raises(Invalid) as refused:
            contacts.solve_matter(
                session, matter_id=made.id, result="已办", solved_on=date(2026, 9, 9), actor=handler, now=NOW
            )
        assert paths(refused) == ["/solved_on"]
        for text, day in (("", TODAY), ("走访企业", date(2026, 9, 9)), ("走访企业", date(2026, 9, 17))):
            with pytest.raises(Invalid):
                contacts.follow_matter(session, matter_id=made.id, text=text, done_on=day, actor=handler, now=NOW)
        with pytest.raises(NotFound):
            contacts.follow_matter(session, matter_id=made.id, text="走访", done_on=TODAY, actor=STRANGER, now=NOW)
        for text in ("已收到材料", "已送评审机构"):
            contacts.follow_matter(session, matter_id=made.id, text=text, done_on=TODAY, actor=handler, now=NOW)
        [found] = contacts.search_matters(session, OFFICE).items
        assert [(step.position, step.text) for step in found.progress] == [(1, "已收到材料"), (2, "已送评审机构")]
        contacts.solve_matter(session, matter_id=made.id, result="已办", solved_on=TODAY, actor=handler, now=NOW)
        with pytest.raises(Conflict, match="已于 2026-09-16 办结"):
            contacts.follow_matter(session, matter_id=made.id, text="再办", done_on=TODAY, actor=handler, now=NOW)
        with pytest.raises(Conflict, match="已于 2026-09-16 办结"):
            contacts.solve_matter(session, matter_id=made.id, result="再办", solved_on=TODAY, actor=handler, now=NOW)
        with pytest.raises(NotAllowed):
            contacts.record_matter(
                session,
                unit_code="edu",
                talent_id=talent.id,
                title="他事",
                description="他事",
                raised_on=TODAY,
                actor=handler,
                now=NOW,
            )


class TestInterviews:
    def test_a_pair_counts_its_year_and_splits_on_handover(self, session, chief, talent):
        successor = leader(
            session, person(session, "程望津"), klass="B", body=None, unit_code="hrss", duty="talent", post="副局长"
        )
        first = link(session, chief, talent, status="ended", ends_on=date(2026, 9, 9))
        second = link(session, successor, talent, starts_on=date(2026, 9, 10), previous_id=first.id)
        contact(session, chief, talent, held_on=date(2026, 9, 8))
        contact(session, chief, talent, held_on=date(2026, 9, 8), form="phone")
        contact(session, successor, talent, held_on=date(2026, 9, 15), form="phone", interview=True)
        [pair] = contacts.interview_counts(session, year=2026, on=TODAY)
        assert (pair.link.id, pair.count, pair.short) == (second.id, 2, 0)
        assert [(one.person.name, count) for one, count in pair.split] == [("程望津", 1), ("陈志明", 1)]
        [before] = contacts.interview_counts(session, year=2026, on=date(2026, 9, 8))
        assert (before.leader.id, before.count, before.required) == (chief.id, 1, 2)
        assert contacts.interview_counts(session, year=2026, on=TODAY, unit="edu") == []
        assert contacts.interview_counts(session, year=2026, on=TODAY, leader_id=chief.id) == []

    def test_class_a_and_held_links_are_not_asked_for_interviews(self, session, chief, talent):
        mayor = leader(session, person(session, "温如故"))
        link(session, mayor, talent)
        link(session, chief, talent, status="held", held_from=TODAY)
        assert contacts.interview_counts(session, year=2026, on=TODAY) == []

    def test_a_missed_pair_is_explained(self, session, chief, talent):
        link(session, chief, talent)
        given = {"leader_id": chief.id, "talent_id": talent.id, "actor": LIAISON, "now": NOW}
        contacts.give_missed_reason(session, year=2026, reason="人才长期在国外", **given)
        contacts.give_missed_reason(session, year=2026, reason="人才在国外访学至年底", **given)
        [pair] = contacts.interview_counts(session, year=2026, on=TODAY)
        assert pair.reason == "人才在国外访学至年底"
        with pytest.raises(Invalid) as refused:
            contacts.give_missed_reason(session, year=2027, reason="无", **given)
        assert paths(refused) == ["/year"]

    def test_many_pairs_cost_as_much_as_one(self, session, chief):
        pairs = [add_talent(session, f"人才{'甲乙丙丁'[place]}") for place in range(4)]
        link(session, chief, pairs[0])
        session.flush()
        session.expire_all()
        counted = Statements(session)
        contacts.interview_counts(session, year=2026, on=TODAY)
        one = counted.since()
        for other in pairs[1:]:
            link(session, chief, other)
        session.flush()
        session.expire_all()
        counted.since()
        found = contacts.interview_counts(session, year=2026, on=TODAY)
        assert len({pair.talent.name for pair in found}) == 4
        assert counted.since() <= one


def test_a_period_in_figures(session, chief, talent):
    contact(session, chief, talent, opinions=[{"text": "希望扩大用地"}], topics=[2, 3])
    contact(session, chief, talent, form="phone", held_on=date(2026, 9, 8))
    inside = contacts.contact_counts(session, unit="hrss", starts_on=date(2026, 9, 1), ends_on=TODAY)
    assert (inside["total"], inside["interviews"], inside["late"], inside["talents"]) == (2, 1, 1, 1)
    assert (inside["forms"]["visit"], inside["forms"]["phone"], inside["topics"]["3"]) == (1, 1, 2)
    assert inside["opinions"] == {"total": 1, "open": 1, "need": 0, "answered": 0, "noted": 0}
    assert [row["contacts"] for row in inside["leaders"]] == [2]
    assert dumps(inside)
    assert contacts.contact_counts(session, unit="edu", starts_on=TODAY, ends_on=TODAY)["total"] == 0


def test_every_entry_that_the_commands_write_has_a_word():
    written = set()
    for path in Path(contacts.__path__[0]).glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "record":
                written.add(ast.literal_eval(call.args[2]))
    assert "contact_recorded" in written
    assert written == set(ENTRIES)
    assert len({entry.word for entry in ENTRIES.values()}) == len(ENTRIES)


def test_of_many_leaders_to_enter_for_the_own_post_comes_first(session, chief):
    for name in ("艾青山", "安之远", "白一川"):
        leader(session, person(session, name))
    other = actor(("talent_office", None), username="both", person_id=chief.person_id)
    found = contacts.leaders_to_enter(session, other, TODAY, 2)
    assert len(found) == 3
    assert found[0] == chief
    assert [one.name for one in found[1:]] == ["艾青山", "安之远"]


def test_whom_pages_let_enter_contacts_is_whom_the_command_lets(session, chief, talent):
    """Also the liaison of the leader's service team, who is the liaison of no unit."""
    member = person(session, "何静怡")
    team = {"leader_id": chief.id, "head_id": chief.person_id, "liaison_id": member.id, "starts_on": TODAY}
    session.add(ServiceTeam(id=uuid4(), created_at=EARLY, **team))
    session.flush()
    of_team = actor(("responsible_unit", "edu"), username="team", person_id=member.id)
    own = actor(("leader", None), username="chief", person_id=chief.person_id)
    for number, one in enumerate((OFFICE, LIAISON, own, of_team, STRANGER, AUDITOR, ADMIN)):
        allowed = contacts.leaders_to_record(session, one, [chief.id]) == {chief.id}
        assert allowed is (number < 4)
        assert (contacts.leaders_to_enter(session, one, TODAY, 60) == [chief]) is allowed
        assert contacts.may_enter(session, one) is (allowed or one is STRANGER)  # of other leaders
        try:
            contact(session, chief, talent, actor=one, summary=f"第 {number} 次走访")
        except NotAllowed:
            assert not allowed
        else:
            assert allowed


def test_who_sees_no_activities_is_told_of_none(session, chief, talent):
    given = {"name": "座谈会", "kind": "symposium", "held_on": TODAY, "organizer_unit": "hrss"}
    made = contacts.add_activity(session, **given, actor=LIAISON, now=NOW)
    handler = actor(("responsible_unit", "hrss"), username="handler-hrss")
    for key in (made.id, uuid4()):
        with pytest.raises(NotAllowed):
            contacts.invite(session, activity_id=key, talent_ids=[talent.id], actor=handler, now=NOW)
