"""信息库更新 (R4): units check the files of their talents; what is wrong is corrected once the Talent Office agrees."""

from __future__ import annotations

from service.talents import get_talent, search_talents
from tests.processes.rounds import begin, calendar_starts
from tests.processes.steps import instance, mismatches


def talent(world, talent_id):
    with world.database.reading() as session:
        found = get_talent(session, talent_id)
        session.expunge_all()
    return found


def test_a_round_confirms_what_is_right_and_corrects_what_is_not(world):
    calendar_starts(world, "registry_review", "twice_a_year")
    assert instance(world).title == "信息库更新：2027年4月"
    units = [unit for _, unit in world.open_steps()]
    assert set(units) == {"cppcc_office", "district_office"}
    world.do("liaison-cppcc_office", "confirm_files", {"result": "all_right"}, unit="cppcc_office")
    wrong = {"result": "some_wrong", "to_correct": ["T0001"]}
    world.do("liaison-district_office", "confirm_files", wrong, unit="district_office")
    assert talent(world, "T0001").confirmed_on is None
    assert talent(world, "T0003").confirmed_on is not None
    world.do("liaison-district_office", "correct_talent", {"post": "院长", "note": "任命文件"}, unit="district_office")
    world.do("office", "approve_correction", {"decision": "return", "comment": "请核对"})
    world.do(
        "liaison-district_office", "correct_talent", {"post": "副院长", "note": "任命文件"}, unit="district_office"
    )
    world.do("office", "approve_correction", {"decision": "approve"})
    assert talent(world, "T0001").post == "副院长"
    assert instance(world).status == "completed"
    with world.database.reading() as session:
        left = [one.id for one in search_talents(session, limit=100).items if one.confirmed_on is None]
    assert left == []
    assert mismatches(world) == []


def test_the_office_may_ask_for_a_check_by_hand(world):
    begin(world, "registry_review", "office")
    world.do("office", "start_review", {})
    assert ("confirm_files", "district_office") in world.open_steps()
