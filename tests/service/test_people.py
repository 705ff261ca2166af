"""Units, persons, leaders, liaisons and substitutes, on both databases."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from service import history, people
from service.auth.followers import follow
from service.clock import SHANGHAI
from service.errors import Conflict, Invalid, NotFound
from service.people import Liaison
from service.people.filters import LeaderFilter, LiaisonFilter, PersonFilter, SubstituteFilter, UnitFilter
from service.people.leaving import KEY as LEAVING
from service.rights import SYSTEM, Actor, Grant
from tests.factories.people import EARLY, leader, organization, person, unit
from tests.factories.statements import Statements

TODAY = date(2026, 9, 16)


def kinds(session, stream):
    return [event.kind for event in history.stream_events(session, stream)]


def change_unit(session, changes):
    """Changes the bureau."""
    people.update_unit(session, code="hrss", changes=changes, organization=organization(), actor=SYSTEM, now=EARLY)


class TestUnits:
    def test_a_unit_is_found_by_signs_pinyin_initials_and_code(self, session):
        unit(session)
        unit(session, "edu", "区教育局")
        for q in ("人力", "renli", "qrlzy", "hrss", "QRLZYHSHBZJ"):
            assert [found.code for found in people.search_units(session, UnitFilter(q)).items] == ["hrss"], q
        assert people.search_units(session, UnitFilter("%")).items == ()
        assert people.search_units(session, UnitFilter(" ")).total == 2

    def test_a_unit_is_journaled_and_its_changes_too(self, session):
        unit(session)
        people.update_unit(
            session,
            organization=organization(),
            code="hrss",
            changes={"is_member_unit": False},
            actor=SYSTEM,
            now=EARLY,
        )
        people.update_unit(
            session,
            organization=organization(),
            code="hrss",
            changes={"is_member_unit": False},
            actor=SYSTEM,
            now=EARLY,
        )
        events = history.stream_events(session, "unit:hrss")
        assert [event.kind for event in events] == ["unit_added", "unit_updated"]
        assert events[1].data == {"is_member_unit": [True, False]}

    def test_a_second_unit_of_the_code_is_a_conflict(self, session):
        unit(session)
        with pytest.raises(Conflict, match="已被区人力资源和社会保障局使用"):
            unit(session, "hrss", "另一个局")

    def test_a_second_unit_of_the_name_is_a_conflict(self, session):
        unit(session)
        with pytest.raises(Conflict, match="已被使用"):
            unit(session, "hrss2")

    def test_unknown_fields_and_bad_values_are_named(self, session):
        unit(session)
        with pytest.raises(Invalid) as refused:
            people.update_unit(
                session,
                organization=organization(),
                code="hrss",
                changes={"name": "", "colour": "red", "active": 1},
                actor=SYSTEM,
                now=EARLY,
            )
        assert [finding.path for finding in refused.value.findings] == ["/colour", "/name", "/active"]

    @pytest.mark.parametrize("code", ["nobody", "x\x00", "", "X" * 500, "a'--"])
    def test_an_unknown_unit_is_not_found(self, session, code):
        assert people.find_unit(session, code) is None
        with pytest.raises(NotFound):
            people.get_unit(session, code)

    def test_the_units_of_the_organization_enter_once(self, session):
        known = organization()
        added = people.sync_units(session, known, actor=SYSTEM, now=EARLY)
        assert set(added) == set(known.units)
        people.update_unit(
            session, organization=known, code=added[0], changes={"name": "改了名的单位"}, actor=SYSTEM, now=EARLY
        )
        assert people.sync_units(session, known, actor=SYSTEM, now=EARLY) == []
        assert people.get_unit(session, added[0]).name == "改了名的单位"

    def test_names_of_many_units_take_one_statement(self, session):
        unit(session)
        statements = Statements(session)
        assert people.unit_names(session, ["hrss", "nobody", "\x00"]) == {"hrss": "区人力资源和社会保障局"}
        assert statements.since() == 1


class TestPersons:
    def test_a_person_is_found_by_signs_pinyin_initials_and_post(self, session):
        unit(session)
        chen = person(session, "陈志明", unit_code="hrss", post="人才科科长")
        person(session, "曾晓彤")
        for q in ("志明", "chenzhi", "czm", "Chen ZhiMing", "人才科 陈"):
            assert [found.id for found in people.search_people(session, PersonFilter(q)).items] == [chen.id], q
        assert people.search_people(session, PersonFilter("ceng")).total == 1

    def test_whole_names_come_first(self, session):
        for name in ("陈大文", "大文", "文大文"):
            person(session, name)
        assert people.search_people(session, PersonFilter("大文")).items[0].name == "大文"

    def test_pages_add_up(self, session):
        for number in range(5):
            person(session, "陈志" + "明亮强伟东"[number])
        first = people.search_people(session, PersonFilter("chen"), limit=3)
        rest = people.search_people(session, PersonFilter("chen"), limit=3, offset=first.next or 0)
        assert (first.total, first.next, rest.next) == (5, 3, None)
        assert len({found.id for found in first.items + rest.items}) == 5

    def test_a_list_takes_two_statements_however_long(self, session):
        unit(session)
        for number in range(30):
            leader(session, person(session, f"陈{chr(0x4E00 + number)}", unit_code="hrss"))
        session.expunge_all()
        statements = Statements(session)
        assert [found.unit.name for found in people.search_people(session, PersonFilter("chen")).items]
        assert statements.since() == 2
        assert [
            found.person.unit.name for found in people.search_leaders(session, LeaderFilter("chen", on=TODAY)).items
        ]
        assert statements.since() == 2

    def test_who_left_is_not_offered(self, session):
        chen = person(session)
        people.update_person(session, person_id=chen.id, changes={"active": False}, actor=SYSTEM, now=EARLY)
        assert people.search_people(session).total == 0
        assert people.search_people(session, PersonFilter(include_inactive=True)).total == 1
        assert kinds(session, f"person:{chen.id}") == ["person_added", "person_updated"]

    def test_a_new_name_is_searchable_at_once(self, session):
        chen = person(session)
        people.update_person(session, person_id=chen.id, changes={"name": "吕芳"}, actor=SYSTEM, now=EARLY)
        assert people.search_people(session, PersonFilter("lf")).total == 1
        assert people.search_people(session, PersonFilter("czm")).total == 0

    def test_a_move_to_another_unit_shows(self, session):
        unit(session)
        unit(session, "edu", "区教育局")
        chen = person(session, unit_code="hrss")
        moved = people.update_person(session, person_id=chen.id, changes={"unit_code": "edu"}, actor=SYSTEM, now=EARLY)
        assert moved.unit.name == "区教育局"

    def test_an_unknown_unit_is_named(self, session):
        with pytest.raises(Invalid) as refused:
            person(session, unit_code="nowhere")
        assert [finding.path for finding in refused.value.findings] == ["/unit_code"]

    @pytest.mark.parametrize("person_id", ["x", "", "\x00", str(UUID(int=7)), UUID(int=7)])
    def test_an_unknown_person_is_not_found(self, session, person_id):
        with pytest.raises(NotFound):
            people.get_person(session, person_id)

    def test_the_journal_tells_for_whom_somebody_acted(self, session):
        office = frozenset({Grant("talent_office")})
        acting = Actor("li", "李", grants=office, on_behalf_of="wang", on_behalf_of_name="王")
        chen = people.add_person(session, name="陈志明", actor=acting, now=EARLY)
        event = history.stream_events(session, f"person:{chen.id}")[0]
        assert (event.actor, event.on_behalf_of) == ("li", "wang")


class TestLeaders:
    def test_both_classes_for_one_person(self, session):
        unit(session)
        chen = person(session)
        leader(session, chen)
        leader(session, chen, klass="B", body=None, unit_code="hrss", duty="principal", post="局长")
        assert [post.klass for post in people.leader_posts(session, chen.id, on=TODAY)] == ["A", "B"]
        assert people.search_leaders(session, LeaderFilter("czm", klass="B", on=TODAY)).total == 1

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"body": None}, "/body"),
            ({"body": "senate"}, "/body"),
            ({"klass": "C"}, "/klass"),
            ({"duty": "principal"}, "/duty"),
            ({"klass": "B", "body": None, "duty": "principal"}, "/unit_code"),
            ({"klass": "B", "unit_code": "hrss", "duty": "principal"}, "/body"),
            ({"klass": "B", "body": None, "unit_code": "hrss"}, "/duty"),
            ({"post": ""}, "/post"),
            ({"starts_on": date(2300, 1, 1)}, "/starts_on"),
            ({"ends_on": date(2020, 1, 1)}, "/ends_on"),
        ],
    )
    def test_what_does_not_make_a_leader_is_named(self, session, fields, path):
        unit(session)
        with pytest.raises(Invalid) as refused:
            leader(session, person(session), **fields)
        assert path in [finding.path for finding in refused.value.findings]

    def test_the_same_post_twice_at_once_is_a_conflict(self, session):
        chen = person(session)
        leader(session, chen, ends_on=date(2026, 12, 31))
        with pytest.raises(Conflict, match="任职时间重叠"):
            leader(session, chen, starts_on=date(2026, 12, 31))
        leader(session, chen, starts_on=date(2027, 1, 1))

    def test_a_post_ends_once(self, session):
        post = leader(session, person(session))
        people.end_leader(session, leader_id=post.id, ends_on=TODAY, actor=SYSTEM, now=EARLY)
        assert people.search_leaders(session, LeaderFilter(on=TODAY)).total == 1
        assert people.search_leaders(session, LeaderFilter(on=TODAY + timedelta(days=1))).total == 0
        assert (
            people.search_leaders(session, LeaderFilter(on=TODAY + timedelta(days=1), include_former=True)).total == 1
        )
        with pytest.raises(Conflict):
            people.end_leader(session, leader_id=post.id, ends_on=TODAY, actor=SYSTEM, now=EARLY)


def name_liaison(session, who, day=TODAY, unit_code="hrss"):
    return people.name_liaison(session, unit_code=unit_code, person_id=who.id, starts_on=day, actor=SYSTEM, now=EARLY)


class TestLiaisons:
    def test_naming_a_successor_ends_the_former_the_day_before(self, session):
        unit(session)
        chen, lv = person(session), person(session, "吕芳")
        name_liaison(session, chen)
        name_liaison(session, lv, TODAY + timedelta(days=10))
        assert people.get_liaison(session, "hrss", TODAY + timedelta(days=9)).person is chen
        assert people.get_liaison(session, "hrss", TODAY + timedelta(days=10)).person is lv
        assert people.find_liaison(session, "hrss", TODAY - timedelta(days=1)) is None
        assert kinds(session, "unit:hrss") == ["unit_added", "liaison_named", "liaison_named"]
        assert [found.person.name for found in people.search_liaisons(session).items] == ["吕芳"]
        assert people.search_liaisons(session, LiaisonFilter("renli", include_former=True)).total == 2

    def test_a_mistake_is_corrected_on_the_same_day(self, session):
        unit(session)
        chen, lv = person(session), person(session, "吕芳")
        name_liaison(session, chen)
        people.name_liaison(
            session,
            unit_code="hrss",
            person_id=lv.id,
            starts_on=TODAY,
            actor=SYSTEM,
            now=EARLY + timedelta(minutes=5),
        )
        assert people.get_liaison(session, "hrss", TODAY).person is lv

    def test_the_same_person_again_is_a_conflict(self, session):
        unit(session)
        chen = person(session)
        name_liaison(session, chen)
        with pytest.raises(Conflict, match="已经是"):
            name_liaison(session, chen, TODAY + timedelta(days=1))

    def test_a_successor_cannot_begin_before_the_former(self, session):
        unit(session)
        name_liaison(session, person(session))
        with pytest.raises(Conflict, match="不能早于"):
            name_liaison(session, person(session, "吕芳"), TODAY - timedelta(days=1))

    def test_who_left_cannot_be_liaison(self, session):
        unit(session)
        chen = person(session)
        people.update_person(session, person_id=chen.id, changes={"active": False}, actor=SYSTEM, now=EARLY)
        with pytest.raises(Invalid):
            name_liaison(session, chen)

    def test_a_unit_without_liaison_says_so(self, session):
        unit(session)
        with pytest.raises(NotFound, match="联络员"):
            people.get_liaison(session, "hrss", TODAY)
        with pytest.raises(Conflict):
            people.end_liaison(session, unit_code="hrss", ends_on=TODAY, actor=SYSTEM, now=EARLY)

    def test_a_liaison_ends_without_successor(self, session):
        unit(session)
        name_liaison(session, person(session))
        people.end_liaison(session, unit_code="hrss", ends_on=TODAY, actor=SYSTEM, now=EARLY)
        assert people.find_liaison(session, "hrss", TODAY) is not None
        assert people.find_liaison(session, "hrss", TODAY + timedelta(days=1)) is None

    def test_the_database_itself_refuses_a_second_active_liaison(self, session):
        unit(session)
        first, second = person(session), person(session, "吕芳")
        name_liaison(session, first)
        session.add(Liaison(id=uuid4(), unit_code="hrss", person_id=second.id, starts_on=TODAY, named_at=EARLY))
        with pytest.raises(IntegrityError):
            session.flush()

    def test_two_that_name_at_once_leave_one_active(self, database):
        with database.transaction() as session:
            unit(session)
            candidates = [person(session, name) for name in ("陈志明", "吕芳", "曾庆")]
        barrier = threading.Barrier(len(candidates))
        outcomes: list[str] = []
        database.session_info[LEAVING] = follow

        def run(who):
            barrier.wait()
            try:
                with database.transaction() as session:
                    name_liaison(session, who)
                outcomes.append("named")
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=run, args=(who,)) for who in candidates]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 3
        assert "named" in outcomes
        with database.reading() as session:
            active = session.scalars(select(Liaison).where(Liaison.ends_on.is_(None))).all()
            assert len(active) == 1
            assert history.verify_stream(session, "unit:hrss") == []


class TestSubstitutes:
    def declare(self, session, who, other, start=TODAY, end=TODAY + timedelta(days=4), **fields):
        return people.declare_substitute(
            session,
            person_id=who.id,
            substitute_id=other.id,
            starts_on=start,
            ends_on=end,
            actor=SYSTEM,
            now=EARLY,
            **fields,
        )

    def test_a_substitute_holds_on_its_days_only(self, session):
        chen, lv = person(session), person(session, "吕芳")
        declared = self.declare(session, chen, lv, reason="休假")
        for day, expected in ((-1, []), (0, [lv]), (4, [lv]), (5, [])):
            found = people.substitutes_of(session, chen.id, TODAY + timedelta(days=day))
            assert [one.substitute for one in found] == expected
        assert people.represented_by(session, lv.id, TODAY) == [declared]
        assert kinds(session, f"person:{chen.id}") == ["person_added", "substitute_declared"]

    def test_one_substitute_at_a_time(self, session):
        chen, lv, zeng = person(session), person(session, "吕芳"), person(session, "曾庆")
        declared = self.declare(session, chen, lv)
        with pytest.raises(Conflict, match="吕芳"):
            self.declare(session, chen, zeng, TODAY + timedelta(days=4), TODAY + timedelta(days=9))
        people.withdraw_substitute(session, declaration_id=declared.id, actor=SYSTEM, now=EARLY)
        self.declare(session, chen, zeng)
        with pytest.raises(Conflict):
            people.withdraw_substitute(session, declaration_id=declared.id, actor=SYSTEM, now=EARLY)

    @pytest.mark.parametrize(
        ("start", "end", "path"),
        [(TODAY, TODAY - timedelta(days=1), "/ends_on"), (date(2020, 1, 1), date(2020, 1, 2), "/ends_on")],
    )
    def test_a_wrong_period_is_named(self, session, start, end, path):
        with pytest.raises(Invalid) as refused:
            self.declare(session, person(session), person(session, "吕芳"), start, end)
        assert path in [finding.path for finding in refused.value.findings]

    def test_nobody_substitutes_oneself(self, session):
        chen = person(session)
        with pytest.raises(Invalid) as refused:
            self.declare(session, chen, chen)
        assert [finding.path for finding in refused.value.findings] == ["/substitute_id"]


def test_every_stream_of_the_people_side_verifies(session):
    unit(session)
    chen = person(session, unit_code="hrss")
    leader(session, chen)
    name_liaison(session, chen)
    session.flush()
    for stream in history.streams(session):
        assert history.verify_stream(session, stream) == []


def test_nothing_is_kept_of_a_refused_command(database):
    def half_a_command() -> None:
        with database.transaction() as session:
            unit(session)
            person(session, "")

    with pytest.raises(Invalid):
        half_a_command()
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM unit")) == 0
        assert history.streams(session) == []


def test_the_day_of_naming_is_the_day_in_shanghai(session):
    unit(session)
    late = EARLY.astimezone(SHANGHAI).replace(day=2, hour=0, minute=30)
    people.name_liaison(session, unit_code="hrss", person_id=person(session).id, actor=SYSTEM, now=late)
    assert people.get_liaison(session, "hrss", late.date()).starts_on == late.date()


class TestPostsThatMeet:
    def test_one_body_however_served_and_one_unit_whatever_the_duty(self, session):
        unit(session, "edu", "区教育局"), unit(session, "npc_office", "区人大常委会办公室", kind="office")
        chen = person(session)
        leader(session, chen)
        with pytest.raises(Conflict) as refused:
            leader(session, chen, unit_code="npc_office", post="常务副区长")
        assert [finding.path for finding in refused.value.findings] == ["/starts_on"]
        leader(session, chen, body="party_committee", post="区委常委")
        head = {"klass": "B", "body": None, "unit_code": "edu", "duty": "principal", "post": "局长"}
        leader(session, chen, **head)
        with pytest.raises(Conflict):
            leader(session, chen, **{**head, "duty": "talent"})

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"unit_code": None}, "须填写服务该领导的办公室：区委办公室（区府办）、区人大常委会办公室"),
            ({"unit_code": "hrss"}, "不是服务区领导的办公室"),
            ({"unit_code": "nowhere"}, "没有这个单位"),
            (
                {"klass": "B", "body": None, "duty": "principal", "unit_code": "lab"},
                "不是领导小组成员单位.*勾选“成员单位”",
            ),
        ],
    )
    def test_each_class_has_its_kind_of_unit(self, session, fields, words):
        unit(session), unit(session, "lab", "仙湖实验室", is_member_unit=False)
        chen = person(session)
        with pytest.raises(Invalid, match=words) as refused:
            leader(session, chen, **fields)
        assert [finding.path for finding in refused.value.findings] == ["/unit_code"]
        assert people.posts_of(session, chen.id) == []

    def test_what_is_refused_is_said_by_name(self, session):
        unit(session)
        with pytest.raises(Invalid, match="主要负责同志、分管人才工作负责同志") as refused:
            leader(session, person(session), klass="B", body=None, duty="boss", unit_code="hrss")
        assert "principal" not in str(refused.value)

    def test_an_older_post_without_an_office_can_still_be_corrected(self, session):
        chen = leader(session, person(session))
        chen.unit_code = None
        session.flush()
        people.update_leader(session, leader_id=chen.id, changes={"post": "常务副区长"}, actor=SYSTEM, now=EARLY)
        people.update_leader(
            session, leader_id=chen.id, changes={"unit_code": "district_office"}, actor=SYSTEM, now=EARLY
        )
        with pytest.raises(Invalid, match="须填写服务该领导的办公室"):
            people.update_leader(session, leader_id=chen.id, changes={"unit_code": None}, actor=SYSTEM, now=EARLY)

    def test_two_that_register_the_same_post_at_once(self, database):
        with database.transaction() as session:
            chen = person(session).id
        barrier, outcomes = threading.Barrier(2), []

        def run():
            barrier.wait()
            try:
                with database.transaction() as session:
                    leader(session, people.get_person(session, chen))
                outcomes.append("done")
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["conflict", "done"]

    def test_a_post_is_corrected_but_never_begins_later(self, session):
        chen = person(session)
        post = leader(session, chen, starts_on=TODAY, ends_on=TODAY + timedelta(days=30))
        former = leader(session, chen, starts_on=date(2020, 1, 1), ends_on=date(2025, 12, 31))

        def change(**changes):
            return people.update_leader(session, leader_id=post.id, changes=changes, actor=SYSTEM, now=EARLY)

        change(portfolio="科技、人才", starts_on=date(2026, 1, 1))
        change(portfolio="科技、人才")
        events = history.stream_events(session, f"person:{chen.id}")
        assert [event.kind for event in events[-2:]] == ["leader_added", "leader_updated"]
        assert events[-1].data["starts_on"] == ["2026-09-16", "2026-01-01"]
        with pytest.raises(Conflict, match="任职时间重叠"):
            change(starts_on=former.ends_on)
        session.refresh(post)
        with pytest.raises(Invalid) as refused:
            change(starts_on=TODAY, duty="talent", ends_on=None, post=" ")
        assert [finding.path for finding in refused.value.findings] == ["/ends_on", "/duty", "/post", "/starts_on"]

    def test_all_posts_of_a_person_the_newest_first(self, session):
        chen = person(session)
        leader(session, chen, starts_on=date(2020, 1, 1), ends_on=date(2020, 12, 31), post="旧职")
        leader(session, chen)
        assert [post.post for post in people.posts_of(session, chen.id)] == ["副区长", "旧职"]


class TestOutOfUse:
    def test_who_still_serves_stays(self, session):
        unit(session)
        chen, lv = person(session), person(session, "吕芳", unit_code="hrss")
        leader(session, chen, klass="B", body=None, duty="principal", unit_code="hrss")
        people.name_liaison(session, unit_code="hrss", person_id=lv.id, actor=SYSTEM, now=EARLY)
        for who in (chen, lv):
            with pytest.raises(Invalid, match="请先"):
                people.update_person(session, person_id=who.id, changes={"active": False}, actor=SYSTEM, now=EARLY)
            assert who.active
        with pytest.raises(Invalid) as refused:
            change_unit(session, {"active": False})
        assert [finding.path for finding in refused.value.findings] == ["/active", "/active"]
        people.end_liaison(session, unit_code="hrss", ends_on=EARLY.date(), actor=SYSTEM, now=EARLY)
        people.update_person(session, person_id=lv.id, changes={"active": False}, actor=SYSTEM, now=EARLY)
        with pytest.raises(Invalid, match="离任"):
            leader(session, lv)

    def test_a_second_liaison_only_on_purpose(self, session):
        unit(session)
        chen, lv = person(session), person(session, "吕芳")
        naming = {"unit_code": "hrss", "actor": SYSTEM, "now": EARLY}
        people.name_liaison(session, person_id=chen.id, replace=False, **naming)
        with pytest.raises(Conflict, match="陈志明") as refused:
            people.name_liaison(session, person_id=lv.id, replace=False, **naming)
        assert [finding.path for finding in refused.value.findings] == ["/replace"]
        assert people.get_liaison(session, "hrss", EARLY.date()).person is chen
        people.name_liaison(session, person_id=lv.id, replace=True, **naming)
        assert [one.person.name for one in people.liaisons_of(session, unit_code="hrss")] == ["吕芳", "陈志明"]

    def test_namesakes_of_one_unit(self, session):
        unit(session)
        chen = person(session, unit_code="hrss")
        person(session), person(session, "陈志铭", unit_code="hrss")
        assert people.namesakes(session, name=" 陈志明", unit_code="hrss") == [chen]
        assert people.namesakes(session, name="陈志明", unit_code="hrss", except_id=chen.id) == []

    def test_namesakes_are_known_whichever_way_their_signs_are_written(self, session):
        unit(session)
        there = [person(session, "王喆", unit_code="hrss", post=None), person(session, "王喆之", unit_code="hrss")]
        for written in ("王哲", "王嚞", "王喆"):
            assert people.namesakes(session, name=written, unit_code="hrss") == there[:1], written
        with pytest.raises(Conflict, match="同名") as refused:
            people.add_person(session, name="王哲", unit_code="hrss", actor=SYSTEM, now=EARLY)
        assert "王喆" in refused.value.findings[0].message


class TestSubstituteLists:
    def test_found_by_either_name_in_two_statements(self, session):
        absent, acting = person(session), person(session, "吕芳")
        for start in range(0, 30, 2):
            day = TODAY + timedelta(days=start)
            people.declare_substitute(
                session,
                person_id=absent.id,
                substitute_id=acting.id,
                starts_on=day,
                ends_on=day,
                actor=SYSTEM,
                now=EARLY,
            )
        session.expunge_all()
        statements = Statements(session)
        page = people.search_substitutes(session, SubstituteFilter("lvfang", on=TODAY + timedelta(days=10)), limit=10)
        assert {one.person.name for one in page.items} == {"陈志明"}
        assert (page.total, statements.since()) == (10, 2)
        assert (
            people.search_substitutes(session, SubstituteFilter("chen", include_former=True, person_id=acting.id)).total
            == 15
        )
