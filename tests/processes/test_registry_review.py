"""信息库更新 (R4): units check the files of their talents; what is wrong is corrected once the Talent Office agrees."""

from __future__ import annotations

import json

import pytest

from service import clock, people
from service.actions.registry_review import talents_to_check
from service.app import HOME
from service.errors import Invalid
from service.processes import commands, definitions
from service.processes.advance import open_tasks
from service.processes.bundles import read_bundle
from service.rights import SYSTEM
from service.talents import NewTalent, add_talents, get_talent, search_talents, update_talent
from service.talents.filters import TalentFilter
from tests.factories.bundles import unchecked
from tests.factories.databases import ON_BOTH
from tests.factories.people import unit
from tests.factories.rounds import begin, calendar_starts
from tests.factories.statements import counted
from tests.factories.steps import complete, detail, events, instance, mismatches, notices, tasks

CENTURY = [chr(0x4E8C + n) for n in range(100)]
"""A hundred characters, to make names of."""


def talent(world, talent_id):
    with world.database.reading() as session:
        found = get_talent(session, talent_id)
        session.expunge_all()
    return found


@ON_BOTH
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
    world.do("liaison-district_office", "correct_talent", corrected(world, post="院长"), unit="district_office")
    world.do("office", "approve_correction", {"decision": "return", "comment": "请核对"})
    assert shown(world)["post"] == "院长"
    world.do("liaison-district_office", "correct_talent", corrected(world, post="副院长"), unit="district_office")
    world.do("office", "approve_correction", {"decision": "approve"})
    assert talent(world, "T0001").post == "副院长"
    assert instance(world).status == "completed"
    with world.database.reading() as session:
        left = [one.id for one in search_talents(session, limit=100).items if one.confirmed_on is None]
    assert left == []
    assert mismatches(world) == []


def shown(world):
    """The first values of the open correction's form."""
    return dict(detail(world, "liaison-district_office", world.task("correct_talent")).data)


def corrected(world, **changes):
    """The form as it is shown with ``changes``; None empties a field."""
    filled = {**shown(world), "basis": "任命文件", **changes}
    return {name: value for name, value in filled.items() if value is not None}


def correcting(world, *talent_ids):
    """The office's liaison has picked whose files are wrong."""
    calendar_starts(world, "registry_review", "twice_a_year")
    wrong = {"result": "some_wrong", "to_correct": list(talent_ids)}
    world.do("liaison-district_office", "confirm_files", wrong, unit="district_office")


def test_both_steps_of_a_correction_say_whose_file_it_is_and_what_changes(world):
    correcting(world, "T0001", "T0003")
    with world.database.reading() as session:
        names = sorted(task.name for task in open_tasks(session, world.case) if task.task == "correct_talent")
    assert names == ["填写更正：周慕白", "填写更正：顾长风"]
    [task] = [one for one in tasks(world, "correct_talent") if one.name.endswith("周慕白")]
    form = dict(detail(world, "liaison-district_office", task).data)
    assert (form["name"], form["employer"], form["category"]) == ("周慕白", "岭南先进材料研究院", 1)
    said = {**form, "post": "院长", "employer_unit": "sci", "basis": "任命文件"}
    del said["phone"]
    complete(world, "liaison-district_office", task.id, said)
    assert world.task("approve_correction").name == "审核更正：周慕白"
    [facts] = [one.data["result"] for one in events(world, "action") if one.data["name"] == "correction_facts"]
    assert ["更正的人才", "周慕白（岭南先进材料研究院）"] in facts["lines"]
    assert ["职务", "首席科学家 → 院长"] in facts["lines"]
    assert ["联系电话", "0757-00000001 → （空）"] in facts["lines"]
    page = world.as_user("office").get(f"/tasks/{world.task('approve_correction').id}").get_data(as_text=True)
    assert "首席科学家 → 院长" in page
    world.do("office", "approve_correction", {"decision": "approve"})
    now = talent(world, "T0001")
    assert (now.post, now.employer_unit, now.phone) == ("院长", "sci", None)
    assert mismatches(world) == []


def test_who_decides_on_a_correction_reads_that_it_makes_two_files_alike(world):
    there = talent(world, "T0003")
    correcting(world, "T0001")
    world.do(
        "liaison-district_office",
        "correct_talent",
        corrected(world, name=there.name, employer=there.employer),
        unit="district_office",
    )
    [facts] = [one.data["result"] for one in events(world, "action") if one.data["name"] == "correction_facts"]
    alike = dict(facts["lines"])["疑似重复"]
    assert alike == "人才信息库中另有 1 人（姓名相同、工作单位相同），审核时请先核对不是同一人"
    page = world.as_user("office").get(f"/tasks/{world.task('approve_correction').id}").get_data(as_text=True)
    assert alike in page
    world.do("office", "approve_correction", {"decision": "approve"})
    assert talent(world, "T0001").name == there.name
    assert mismatches(world) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone", "abc"), ("email", "nobody"), ("recognition_expires_on", "2020-01-01"), ("category", None)],
)
def test_what_the_registry_would_refuse_is_refused_where_it_is_filled_in(world, field, value):
    correcting(world, "T0001")
    changes = {field: value, "recognized_on": "2026-01-01", **({"type": None} if field == "category" else {})}
    with pytest.raises(Invalid) as refused:
        world.do("liaison-district_office", "correct_talent", corrected(world, **changes))
    assert [found.path for found in refused.value.findings] == [f"/data/{field}"]
    assert world.task("correct_talent")


def test_a_correction_of_nothing_is_told_so(world):
    correcting(world, "T0001")
    with pytest.raises(Invalid, match="没有需要更正的内容"):
        world.do("liaison-district_office", "correct_talent", corrected(world))


def test_a_field_that_an_older_form_does_not_know_keeps_what_it_holds(world):
    files = read_bundle(HOME / "bpmn/registry_review", HOME / "forms/registry_review")
    form = json.loads(files["forms/correct_talent.json"])
    shown_then = json.loads(files["forms/correct_talent.ui.json"])
    del form["properties"]["platform"]
    shown_then["ui:order"].remove("platform")
    older = {"forms/correct_talent.json": form, "forms/correct_talent.ui.json": shown_then}
    files |= {name: json.dumps(one, ensure_ascii=False).encode() for name, one in older.items()}
    with world.transaction() as session:
        definitions.deploy(session, unchecked("registry_review", files), actor=SYSTEM, now=clock.now())
        update_talent(session, talent_id="T0001", changes={"platform": "季华实验室"}, actor=SYSTEM, now=clock.now())
    correcting(world, "T0001")
    said = {name: value for name, value in corrected(world, post="院长").items() if name != "platform"}
    world.do("liaison-district_office", "correct_talent", said)
    world.do("office", "approve_correction", {"decision": "approve"})
    assert (talent(world, "T0001").post, talent(world, "T0001").platform) == ("院长", "季华实验室")


def test_what_somebody_else_changed_meanwhile_is_not_undone(world):
    correcting(world, "T0001")
    said = corrected(world, post="院长")
    employed(world, "sci", "T0001")
    world.do("liaison-district_office", "correct_talent", said)
    world.do("office", "approve_correction", {"decision": "approve"})
    assert (talent(world, "T0001").employer_unit, talent(world, "T0001").post) == ("sci", "院长")


def test_the_office_may_ask_for_a_check_by_hand(world):
    begin(world, "registry_review", "office")
    world.do("office", "start_review", {})
    assert ("confirm_files", "district_office") in world.open_steps()


# --- The list --------------------------------------------------------------------------------------------------------


def listed(world, unit):
    """The ids of the talents whom the unit's open task is about."""
    task = world.task("confirm_files", unit)
    with world.database.reading() as session:
        found = session.scalars(talents_to_check(task.data, world.clock.now.date()))
        return sorted(found)


def employed(world, unit, *talent_ids):
    """The talents work where ``unit`` answers for them."""
    with world.transaction() as session:
        for talent_id in talent_ids:
            update_talent(
                session,
                talent_id=talent_id,
                changes={"employer_unit": unit},
                actor=world.actor("office"),
                now=world.clock.now,
            )


@ON_BOTH
def test_each_active_talent_stands_on_one_list_that_of_the_own_unit_first(world):
    employed(world, "hrss", "T0001", "T0002")
    employed(world, "guicheng", "T0003")  # a town owes no liaison: the leader's office answers
    calendar_starts(world, "registry_review", "twice_a_year")
    lists = {unit: listed(world, unit) for _, unit in world.open_steps()}
    assert lists["hrss"] == ["T0001", "T0002"]
    assert "T0003" in lists["district_office"]
    everybody = [one for some in lists.values() for one in some]
    with world.database.reading() as session:
        assert sorted(everybody) == sorted(one.id for one in search_talents(session, limit=100).items)


def test_who_is_not_on_the_list_cannot_be_corrected_and_is_named_at_the_field(world):
    employed(world, "hrss", "T0001")
    calendar_starts(world, "registry_review", "twice_a_year")
    wrong = {"result": "some_wrong", "to_correct": ["T0001", "T0002"]}
    with pytest.raises(Invalid) as refused:
        world.do("liaison-hrss", "confirm_files", wrong, unit="hrss")
    [finding] = refused.value.findings
    assert finding.path == "/data/to_correct/1"
    assert finding.message == "沈清越不在本任务的名单中，请删去，改从名单中选择"
    assert talent(world, "T0001").confirmed_on is None
    world.do("liaison-hrss", "confirm_files", {"result": "some_wrong", "to_correct": ["T0001"]}, unit="hrss")
    assert ("correct_talent", "hrss") in world.open_steps()
    assert mismatches(world) == []


def test_two_thousand_talents_of_a_unit_leave_the_case_small(world):
    names = [f"{first}{second}{third}" for first in "赵钱孙李" for second in "一二三四五" for third in CENTURY]
    with world.transaction() as session:
        many = [
            NewTalent({"name": name, "employer": "某研究院", "employer_unit": "hrss", "category": 4}, confirmed=True)
            for name in names
        ]
        assert len(add_talents(session, talents=many, actor=world.actor("office"), now=world.clock.now).ids) == 2000
    calendar_starts(world, "registry_review", "twice_a_year")
    assert len(listed(world, "hrss")) == 2000
    world.do("liaison-hrss", "confirm_files", {"result": "all_right"}, unit="hrss")
    assert len(instance(world).state) < 30_000
    assert max(len(str(event.data)) for event in events(world)) < 10_000
    with world.database.reading() as session:
        assert (
            search_talents(session, TalentFilter(employer_unit="hrss", confirmed_before=world.clock.now.date())).total
            == 0
        )


def asked(world, first, last):
    """Units of these numbers, each with a liaison and a talent."""
    with world.transaction() as session:
        for number in range(first, last):
            code, now = f"asked{number}", world.clock.now
            unit(session, code, f"区第{number}局")
            who = people.add_person(session, name=f"张{CENTURY[number]}", unit_code=code, actor=SYSTEM, now=now)
            people.name_liaison(session, unit_code=code, person_id=who.id, starts_on=now.date(), actor=SYSTEM, now=now)
            file = {"name": f"黄{CENTURY[number]}", "employer": f"第{number}院", "employer_unit": code, "category": 4}
            add_talents(session, talents=[NewTalent(file)], actor=world.actor("office"), now=now)


def test_the_pages_of_a_round_take_as_many_statements_for_many_units_as_for_few(world):
    sent = []
    for first, last in ((0, 2), (2, 12)):
        asked(world, first, last)
        begin(world, "registry_review", "office")
        world.do("office", "start_review", {})
        assert len([step for step, _ in world.open_steps() if step == "confirm_files"]) >= last
        office, counts = world.as_user("office"), []
        for path in (f"/cases/{world.case}", f"/tasks/{world.task('confirm_files', 'asked0').id}"):
            office.get(path)  # reads the diagrams
            with counted(world) as statements:
                assert office.get(path).status_code == 200
            counts.append(len(statements))
        sent.append(counts)
        with world.transaction() as session:
            commands.terminate(
                session, instance_id=world.case, reason="重新发起", actor=world.actor("office"), now=world.clock.now
            )
    assert sent[0] == sent[1]


def test_the_office_hears_of_talents_for_whom_no_unit_answers(world):
    with world.transaction() as session:
        new = NewTalent({"name": "无归属", "employer": "某研究院", "employer_unit": "guicheng", "category": 4})
        add_talents(session, talents=[new], actor=world.actor("office"), now=world.clock.now)
    calendar_starts(world, "registry_review", "twice_a_year")
    told = [one["text"] for one in notices(world, "reminder") if one["to"]["role"] == "talent_office"]
    assert any("有 1 位人才没有单位负责核对" in text for text in told)
    assert "guicheng" not in [unit for _, unit in world.open_steps()]
    assert mismatches(world) == []


# --- Rounds beside each other ----------------------------------------------------------------------------------------


def test_nobody_starts_a_second_check_by_hand_while_one_runs(world):
    begin(world, "registry_review", "office")
    world.do("office", "start_review", {})
    begin(world, "registry_review", "office")
    with pytest.raises(Invalid) as refused:
        world.do("office", "start_review", {})
    [finding] = refused.value.findings
    assert finding.path == "/data"  # no field of the form is wrong
    assert "「信息库更新：2026年9月」已于 2026-09-16 发起，正在办理" in finding.message


def test_the_calendar_leaves_units_alone_that_are_still_at_an_earlier_check(world):
    begin(world, "registry_review", "office")
    world.do("office", "start_review", {})
    earlier = world.open_steps()
    world.do("liaison-district_office", "confirm_files", {"result": "all_right"}, unit="district_office")
    calendar_starts(world, "registry_review", "twice_a_year")
    assert world.open_steps() == [("confirm_files", "district_office")]
    assert ("confirm_files", "cppcc_office") in earlier
    [facts] = [one.data["result"]["lines"] for one in events(world, "action") if one.data["name"] == "round_facts"]
    assert ["不再重复参加", "区政协办公室，已在「信息库更新：2026年9月」中"] in facts
    assert mismatches(world) == []
