"""A search finds the other way of writing and the rarest character, in every list; on both databases."""

from __future__ import annotations

import importlib
from datetime import date

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from service import liaisons, people, talents
from service.people.filters import PersonFilter, UnitFilter
from service.rights import SYSTEM
from service.talents import search_talents
from service.talents.filters import TalentFilter
from tests.factories.people import EARLY, actor, leader, person, unit
from tests.factories.workers import mismatches
from tests.factories.world import World

OFFICE = actor(("talent_office", None), username="office")
RARE = "\U0002ebf3"


def add(session, name, employer="华南精密仪器有限公司"):
    return talents.add_talent(
        session, name=name, employer=employer, category=2, confirm_duplicate=True, actor=OFFICE, now=EARLY
    )


def names(page):
    return [one.name for one in page.items]


def test_talents_are_found_in_the_other_way_of_writing_and_by_a_rare_character(session):
    for name in ("陳曾賢", "单解覃", f"试{RARE}", "试验"):
        add(session, name)
    add(session, "何某", "臺灣積體電路")
    for q, found in {
        "陈曾贤": ["陳曾賢"],
        "單解覃": ["单解覃"],
        "shanxieqin": ["单解覃"],
        RARE: [f"试{RARE}"],
        f"试{RARE}": [f"试{RARE}"],
        "\ue863": [],
        "⽂": [],
        "台湾积体": ["何某"],
    }.items():
        assert names(search_talents(session, TalentFilter(q))) == found, q


def test_variants_of_a_sign_find_each_other_and_stay_as_typed(session):
    for name in ("王喆", "王哲", "李峯", "张昇", "宋堃"):
        add(session, name)
    for q, found in {
        "王喆": ["王喆", "王哲"],
        "王哲": ["王喆", "王哲"],
        "王嚞": ["王喆", "王哲"],
        "李峰": ["李峯"],
        "张升": ["张昇"],
        "張陞": ["张昇"],
        "坤": ["宋堃"],
        "王者": [],
    }.items():
        assert sorted(names(search_talents(session, TalentFilter(q)))) == sorted(found), q
    head = leader(session, person(session, "赵犇"))
    unit(session, "tmp", "区邨镇建设局")
    assert names(people.search_people(session, PersonFilter("赵奔"))) == ["赵犇"]
    assert names(people.search_units(session, UnitFilter("村镇"))) == ["区邨镇建设局"]
    assert head.person.name == "赵犇"


def test_people_units_and_links_are_found_in_the_other_way_of_writing(session):
    unit(session, "sci", "区科學技術局")
    person(session, "樂單賢", unit_code="sci")
    head = leader(session, person(session, f"區樂{RARE}"))
    served = add(session, "陳曾賢")
    link = liaisons.propose_link(
        session,
        leader_id=head.id,
        talent_id=served.id,
        reason="known",
        starts_on=date(2026, 9, 1),
        note=None,
        actor=SYSTEM,
        now=EARLY,
    )
    assert names(people.search_units(session, UnitFilter("科学技术"))) == ["区科學技術局"]
    assert names(people.search_people(session, PersonFilter("乐单贤"))) == ["樂單賢"]
    for q in ("区乐", RARE, "陈曾贤", "ou"):
        assert [one.id for one in liaisons.search_links(session, liaisons.LinkFilter(q)).items] == [link.id], q


@pytest.mark.parametrize("revision", ["0012_spelled_alike", "0017_variants_of_signs"])
def test_keys_of_an_older_version_are_spelled_anew_and_histories_stay_true(world: World, revision: str):
    world.recorded()
    with world.transaction() as session:
        add(session, "陳曾賢")
        add(session, "王喆")
    tables = ("unit", "person", "talent", "talent_team", "instance")
    with world.database.engine.begin() as connection:
        known = {table: connection.execute(text(f"SELECT * FROM {table}")).mappings().all() for table in tables}  # noqa: S608
        assert known["instance"]
        for table in tables:
            connection.execute(text(f"UPDATE {table} SET search_key = 'old'"))  # noqa: S608
            if table != "instance":
                connection.execute(text(f"UPDATE {table} SET pinyin = 'old', initials = 'old'"))  # noqa: S608
    assert mismatches(world) != []
    step = importlib.import_module(f"service.db.migrations.versions.{revision}")
    with world.database.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step.upgrade()
    with world.database.engine.connect() as connection:
        for table in tables:
            again = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()  # noqa: S608
            assert sorted(map(str, again)) == sorted(map(str, known[table])), table
    assert mismatches(world) == []
    with world.database.reading() as session:
        assert names(search_talents(session, TalentFilter("陈曾贤"))) == ["陳曾賢"]
        assert names(search_talents(session, TalentFilter("王哲"))) == ["王喆"]
