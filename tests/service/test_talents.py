"""The registry of talents, on both databases."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from service import history, talents
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.rights import SYSTEM
from service.talents import Talent
from service.talents.filters import TalentFilter
from service.talents.masks import masked
from service.talents.rules import id_after
from tests.factories.people import EARLY, actor, leader, person, unit
from tests.factories.statements import Statements, sent

OFFICE = actor(("talent_office", None), username="office")
LIAISON = actor(("liaison", "hrss"))
HANDLER = actor(("responsible_unit", "hrss"))


def add(session, name="梁思远", **fields):
    """A talent of the registry; a namesake is meant."""
    usual = {
        "employer": "华南精密仪器有限公司",
        "category": 2,
        "actor": OFFICE,
        "now": EARLY,
        "confirm_duplicate": True,
    }
    return talents.add_talent(session, name=name, **{**usual, **fields})


def paths(refused):
    return [finding.path for finding in refused.value.findings]


class TestAdding:
    def test_ids_follow_one_another(self, session):
        assert [add(session).id, add(session, "吕芳").id] == ["T0001", "T0002"]
        add(session, "曾庆", talent_id="T9999")
        assert add(session, "区健").id == "T10000"
        assert add(session, "单红").id == "T10001"

    def test_a_taken_id_is_a_conflict(self, session):
        add(session, talent_id="T0007")
        with pytest.raises(Conflict, match="编号"):
            add(session, talent_id="T0007")

    def test_it_is_journaled_with_who_and_what(self, session):
        unit(session, "guicheng", "桂城街道办事处", kind="town", town="guicheng")
        talent = add(session, type=3, employer_unit="guicheng", town="guicheng", phone="13800000000")
        [event] = history.stream_events(session, f"talent:{talent.id}")
        assert (event.kind, event.actor) == ("talent_added", "office")
        assert event.data["category"] == 2

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"name": "梁\x00思远"}, "/name"),
            ({"name": "梁思远😀"}, "/name"),
            ({"name": "梁" * 41}, "/name"),
            ({"employer": " "}, "/employer"),
            ({"employer": "长" * 101}, "/employer"),
            ({"category": 5}, "/category"),
            ({"category": True}, "/category"),
            ({"category": None}, "/category"),
            ({"type": 0}, "/type"),
            ({"phone": "打给我"}, "/phone"),
            ({"town": "atlantis"}, "/town"),
            ({"town": "\x00"}, "/town"),
            ({"employer_unit": "nowhere"}, "/employer_unit"),
            ({"talent_id": "X1"}, "/id"),
            ({"in_district": "yes"}, "/in_district"),
        ],
    )
    def test_what_is_wrong_is_named(self, session, fields, path):
        with pytest.raises(Invalid) as refused:
            add(session, **fields)
        assert paths(refused) == [path]

    def test_every_mistake_is_told_at_once(self, session):
        with pytest.raises(Invalid) as refused:
            add(session, "", category=9, phone="x")
        assert paths(refused) == ["/name", "/category", "/phone"]

    def test_one_of_the_five_groups_needs_no_category(self, session):
        assert add(session, category=None, type=5, type_reason="行业带头人").category is None

    def test_only_the_talent_office_keeps_the_registry(self, session):
        for who in (LIAISON, HANDLER, actor(("auditor", None))):
            with pytest.raises(NotAllowed):
                add(session, actor=who)
        add(session, actor=SYSTEM)

    def test_two_that_register_at_once_get_different_ids(self, database):
        barrier = threading.Barrier(4)
        ids: list[str] = []

        def run():
            barrier.wait()
            with database.transaction() as session:
                ids.append(add(session).id)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ids) == ["T0001", "T0002", "T0003", "T0004"]


class TestChanging:
    def change(self, session, talent, **changes):
        return talents.update_talent(session, talent_id=talent.id, changes=changes, actor=OFFICE, now=EARLY)

    def test_old_and_new_are_journaled_once(self, session):
        talent = add(session)
        self.change(session, talent, employer="另一家公司", category=1)
        self.change(session, talent, category=1)
        events = history.stream_events(session, "talent:T0001")
        assert [event.kind for event in events] == ["talent_added", "talent_updated"]
        assert events[1].data == {"category": [2, 1], "employer": ["华南精密仪器有限公司", "另一家公司"]}
        assert history.verify_stream(session, "talent:T0001") == []

    def test_search_follows_the_change(self, session):
        talent = add(session)
        self.change(session, talent, name="吕芳", employer="另一家公司")
        assert talents.search_talents(session, TalentFilter("lf lyjgs")).total == 1
        assert talents.search_talents(session, TalentFilter("liang")).total == 0

    def test_out_of_the_registry_means_out_of_the_lists(self, session):
        talent = add(session)
        self.change(session, talent, active=False)
        assert talents.search_talents(session).total == 0
        assert talents.search_talents(session, TalentFilter(include_inactive=True)).total == 1
        assert talents.get_talent(session, "T0001") is talent

    def test_unknown_fields_and_bad_values_are_named(self, session):
        with pytest.raises(Invalid) as refused:
            self.change(session, add(session), id="T9", type=7)
        assert paths(refused) == ["/id", "/type"]

    def test_a_stranger_changes_nothing(self, session):
        add(session)
        with pytest.raises(NotAllowed):
            talents.update_talent(session, talent_id="T0001", changes={"name": "吕芳"}, actor=HANDLER, now=EARLY)

    @pytest.mark.parametrize("talent_id", ["T0099", "", "\x00", "T" + "9" * 40, "'; --"])
    def test_an_unknown_talent_is_not_found(self, session, talent_id):
        with pytest.raises(NotFound):
            talents.get_talent(session, talent_id)


class TestSearching:
    def test_by_signs_pinyin_initials_id_and_employer(self, session):
        add(session)
        add(session, "吕芳", employer="岭南医院")
        for q in ("思远", "liangsi", "lsy", "T0001", "t0001", "精密", "hnjm", "liang jingmi"):
            assert [found.id for found in talents.search_talents(session, TalentFilter(q)).items] == ["T0001"], q
        assert talents.search_talents(session, TalentFilter("lufang")).total == 1

    def test_by_any_reading_of_a_sign_that_has_several(self, session):
        add(session, "顾长风")
        for q in ("顾长风", "gzf", "gcf", "guzhangfeng", "guchangfeng"):
            assert [found.id for found in talents.search_talents(session, TalentFilter(q)).items] == ["T0001"], q

    def test_who_sounds_the_same_by_any_reading_may_be_the_same_person(self, session):
        add(session, "顾长风", employer="岭南医院")
        alike = talents.duplicates(session, name="顾常风", employer="岭南医院", id_tail=None)
        assert [(one.talent.id, one.why) for one in alike] == [("T0001", "姓名读音相同、工作单位相同")]
        assert talents.duplicates(session, name="顾国风", employer="岭南医院", id_tail=None) == ()

    def test_filters_narrow(self, session):
        unit(session, "guicheng", "桂城街道办事处", kind="town", town="guicheng")
        add(session, type=4, employer_unit="guicheng", town="guicheng")
        add(session, "吕芳", category=1)
        for filters in (
            {"category": 2},
            {"type": 4},
            {"town": "guicheng"},
            {"employer_unit": "guicheng"},
        ):
            found = talents.search_talents(session, TalentFilter(**filters)).items
            assert [one.id for one in found] == ["T0001"], filters
        [found] = talents.search_talents(session, among=select(Talent.id).where(Talent.type == 4)).items
        assert found.id == "T0001"

    def test_a_list_takes_two_statements_however_long(self, session):
        unit(session, "guicheng", "桂城街道办事处", kind="town", town="guicheng")
        for number in range(30):
            add(session, f"梁{chr(0x4E00 + number)}", employer_unit="guicheng")
        session.flush()
        session.expunge_all()
        statements = Statements(session)
        page = talents.search_talents(session, TalentFilter("liang"), limit=25)
        assert {talents.visible(HANDLER, found)["employer_unit_name"] for found in page.items} == {"桂城街道办事处"}
        assert (page.total, page.next) == (30, 25)
        assert statements.since() == 2


@pytest.mark.parametrize("filters", [{}, {"include_inactive": True}, {"category": 2}])
def test_a_page_of_the_list_is_found_in_the_order_of_an_index(session, filters):
    if session.get_bind().dialect.name != "sqlite":
        return  # PostgreSQL decides by what the table holds, and an empty one is read as it lies
    add(session)
    with sent(session.get_bind()) as statements:
        talents.search_talents(session, TalentFilter(**filters))
    statement, parameters = next(one for one in statements if "ORDER BY" in one[0])
    connection = session.connection().connection.dbapi_connection
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any("ix_talent_pinyin_id" in step for step in plan), plan


class TestContact:
    @pytest.mark.parametrize(
        ("phone", "shown"),
        [
            ("13800000000", "138****0000"),
            ("0757-86300001", "075*****0001"),
            ("110 12", "***12"),
            ("1234567", "*****67"),
        ],
    )
    def test_the_middle_of_a_number_is_masked(self, phone, shown):
        assert masked(phone) == shown

    def test_liaison_office_and_serving_leader_see_the_number_others_do_not(self, session):
        chen, lv = person(session), person(session, "吕芳")
        talent, serving = add(session, phone="13800000000"), [leader(session, chen)]
        other = leader(session, lv)
        sees = [
            (OFFICE, True),
            (LIAISON, True),
            (SYSTEM, True),
            (actor(("leader", None), person_id=chen.id), True),
            (actor(("leader", None), person_id=other.person_id), False),
            (HANDLER, False),
            (actor(("auditor", None)), False),
            (actor(("admin", None)), False),
        ]
        for who, expected in sees:
            shown = talents.visible(who, talent, serving)
            assert shown["phone"] == ("13800000000" if expected else "138****0000"), who
            assert talents.sees_contact(who, serving) is expected

    def test_no_number_is_no_number(self, session):
        assert talents.visible(HANDLER, add(session))["phone"] is None


@pytest.mark.parametrize(("last", "following"), [(None, "T0001"), ("T0009", "T0010"), ("T9999", "T10000")])
def test_the_id_after(last, following):
    assert id_after(last) == following
