"""Files that are handed in with a step's form: whose they become, what is refused, and what the journal says."""

from __future__ import annotations

from uuid import UUID

import pytest

from service import attachments, clock
from service.attachments import records
from service.audit.replay.cases import case_replay
from service.errors import Invalid, NotFound
from service.history import stream_events
from service.ledger.sheet import sheet
from service.processes import commands, operations, queries
from service.processes.visibility import seen
from service.storage import content_of
from tests.factories.databases import ON_BOTH
from tests.factories.files import PDF, PNG, received
from tests.factories.rounds import begin
from tests.factories.steps import DONE, events, mismatches
from tests.factories.versions import version
from tests.factories.world import OFFICE

HANDLER = "handler-edu"


def staged(world, user=HANDLER, name="批复.pdf", content=PDF):
    """The id of a file that ``user`` has uploaded beside a form."""
    with world.transaction() as session:
        file = received(session, name, content)
        return str(attachments.stage(session, file=file, actor=world.actor(user), now=clock.now()).id)


def hand_in(world, *files, user=HANDLER, **more):
    """``user`` answers for the unit with these files."""
    with world.transaction() as session:
        data = {**DONE, "attachments": list(files), **more}
        task = world.task("handle", unit="edu").id
        commands.complete(session, task_id=task, data=data, actor=world.actor(user), now=clock.now())


def refused(world, *files, user=HANDLER):
    with pytest.raises(Invalid) as caught:
        hand_in(world, *files, user=user)
    assert world.task("handle", unit="edu").status == "open"
    return {one.path: one.message for one in caught.value.findings}


@ON_BOTH
def test_a_file_becomes_the_cases_bound_to_step_and_field(world):
    world.dispatched("edu")
    task, file, picture = (
        world.task("handle", unit="edu").id,
        staged(world),
        staged(world, name="现场.png", content=PNG),
    )
    hand_in(world, file, picture)
    with world.database.reading() as session:
        found = attachments.files_of(session, f"instance:{world.case}", world.actor(OFFICE), clock.now())
        kept = {one.name: one for one in found.items}
        assert (kept["批复.pdf"].id, kept["批复.pdf"].task_id, kept["批复.pdf"].field) == (
            UUID(file),
            task,
            "attachments",
        )
        assert found.steps == {task: "办理"}
        assert found.people == {HANDLER: found.people[HANDLER]}
        assert content_of(session, kept["现场.png"]) == PNG
        assert attachments.staged_files(session, world.actor(HANDLER)) == []
    journal = [(one.kind, one.task, one.data.get("name")) for one in events(world)]
    assert journal.index(("file_attached", str(task), "批复.pdf")) < journal.index(("completed", str(task), "办理"))
    assert mismatches(world) == []


def test_what_a_form_may_not_name_is_refused_at_the_file(world):
    world.dispatched("edu")
    of_another = staged(world, "handler-health")
    assert "已不在" in refused(world, of_another)["/data/attachments/0"]
    assert "已不在" in refused(world, staged(world), "0" * 36)["/data/attachments/1"]
    one, same = staged(world), staged(world, name="又一份.pdf")
    assert "内容相同" in refused(world, one, same)["/data/attachments/1"]
    many = [staged(world, name=f"{at}.pdf", content=PDF + str(at).encode()) for at in range(11)]
    assert "最多 10 项" in refused(world, *many)["/data/attachments"]
    hand_in(world, one)
    first = world.case
    world.dispatched("edu")
    assert "不是本事项的" in refused(world, one)["/data/attachments/0"]
    with world.transaction() as session:
        attachments.withdraw_attachment(
            session, attachment_id=UUID(one), reason="传错了文件", actor=world.actor(OFFICE), now=clock.now()
        )
    assert "已不在" in refused(world, one)["/data/attachments/0"]
    world.case = first
    assert mismatches(world) == []


def test_a_step_that_is_taken_back_keeps_its_files_until_it_is_done_again(world):
    world.dispatched("edu")
    task = world.task("handle", unit="edu").id
    old, dropped = staged(world), staged(world, name="错的.pdf", content=PDF + b"2")
    hand_in(world, old, dropped)
    with world.transaction() as session:
        operations.take_back(session, task_id=task, reason="附错了", actor=world.actor(HANDLER), now=clock.now())
    new = staged(world, name="对的.pdf", content=PDF + b"3")
    hand_in(world, old, new)
    with world.database.reading() as session:
        found = attachments.files_of(session, f"instance:{world.case}", world.actor(OFFICE), clock.now())
        assert {str(one.id) for one in found.items} == {old, new}
    assert [one.data["id"] for one in events(world, "file_withdrawn")] == [dropped]
    assert mismatches(world) == []


def test_the_names_of_files_stand_on_the_printed_form(world):
    world.dispatched("edu")
    hand_in(world, staged(world))
    with world.database.reading() as session:
        units = sheet(session, world.case, world.actor(OFFICE)).data["units"]
    assert "批复.pdf" in str(units)


def test_a_unit_that_is_asked_again_hands_in_the_same_paper_again(world):
    world.dispatched("edu")
    hand_in(world, staged(world))
    world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充依据"})
    again = world.task("handle", unit="edu").id
    hand_in(world, staged(world))
    with world.database.reading() as session:
        found = attachments.files_of(session, f"instance:{world.case}", world.actor(OFFICE), clock.now())
        assert [one.name for one in found.items] == ["批复.pdf", "批复.pdf"]
        of_steps = {one.task_id for one in found.items}
        assert again in of_steps
        assert len(of_steps) == 2
    assert mismatches(world) == []


def test_a_file_is_taken_off_a_form_that_is_done_again_and_put_there_anew(world):
    world.dispatched("edu")
    task = world.task("handle", unit="edu").id
    old = staged(world)
    hand_in(world, old)
    with world.transaction() as session:
        operations.take_back(session, task_id=task, reason="附错了", actor=world.actor(HANDLER), now=clock.now())
    new = staged(world, name="改了名.pdf")
    hand_in(world, new)
    with world.database.reading() as session:
        found = attachments.files_of(session, f"instance:{world.case}", world.actor(OFFICE), clock.now())
        assert [str(one.id) for one in found.items] == [new]
    assert mismatches(world) == []


FILES_OF_UNITS = {
    "forms/submit_half_year.json": [
        (
            '"properties": {',
            """"properties": {
    "papers": {
      "type": "array", "title": "附件", "maxItems": 10, "uniqueItems": true, "x-own": true,
      "items": { "type": "string", "minLength": 1, "maxLength": 64, "x-ref": "files" }
    },""",
        )
    ],
    "forms/submit_half_year.ui.json": [('"plans"\n  ]', '"plans", "papers"\n  ]')],
}
HRSS, EDU = "liaison-hrss", "liaison-district_office"


def asked(world):
    """The round of the half-year, in whose form each unit hands in files."""
    version(world, FILES_OF_UNITS, "half_year_report")
    begin(world, "half_year_report", OFFICE)
    world.do(OFFICE, "choose_period", {"year": 2026, "half": 1})


def reported(world, user, *files):
    world.do(user, "submit_half_year", {"work": "走访", "plans": "继续", "papers": list(files)}, unit=user[8:])


def names_seen(world, user):
    with world.database.reading() as session:
        found = attachments.files_of(session, f"instance:{world.case}", world.actor(user), clock.now())
        assert not found.may_attach
        return [one.name for one in found.items]


@ON_BOTH
def test_a_unit_hands_in_files_in_its_slot_of_a_round_and_no_other_unit_learns_of_them(world):
    asked(world)
    file, same = staged(world, HRSS, "走访照片.pdf"), staged(world, EDU, "教育.pdf")
    reported(world, HRSS, file)
    reported(world, EDU, same)  # the same bytes as another unit's: nobody says so
    assert (names_seen(world, HRSS), names_seen(world, EDU)) == (["走访照片.pdf"], ["教育.pdf"])
    assert sorted(names_seen(world, OFFICE)) == sorted(names_seen(world, "auditor")) == ["教育.pdf", "走访照片.pdf"]
    with world.database.reading() as session:
        with pytest.raises(NotFound):
            attachments.attachment_for(session, UUID(file), world.actor(EDU))
        assert attachments.attachment_for(session, UUID(file), world.actor(OFFICE)).name == "走访照片.pdf"
        assert attachments.files_called(session, "走访照片", world.actor(EDU), 5) == []
        assert len(attachments.files_called(session, "走访照片", world.actor(HRSS), 5)) == 1
        for reader, files in ((EDU, {"教育.pdf"}), (OFFICE, {"教育.pdf", "走访照片.pdf"})):
            last = case_replay(session, world.case, world.actor(reader)).shown[-1].step
            assert {one.name for one in last.files} == files
    assert mismatches(world) == []


def test_a_unit_of_a_round_names_no_file_of_another_and_its_returned_report_keeps_its_own(world):
    asked(world)
    file = staged(world, HRSS)
    reported(world, HRSS, file)
    with pytest.raises(Invalid):
        reported(world, EDU, file)
    world.do(OFFICE, "review_report", {"decision": "return", "reason": "请补充"})
    reported(world, HRSS, file)
    assert names_seen(world, HRSS) == ["批复.pdf"]
    with world.transaction() as session:
        attachments.withdraw_attachment(
            session, attachment_id=UUID(file), reason="传错了文件", actor=world.actor(OFFICE), now=clock.now()
        )
    assert names_seen(world, HRSS) == []
    assert mismatches(world) == []


@pytest.mark.parametrize("older", [False, True], ids=["names its step", "names no step"])
def test_no_other_unit_of_a_round_reads_the_name_of_a_file_that_was_withdrawn(world, monkeypatch, older):
    if older:  # as such entries were written before
        written = records.record
        monkeypatch.setattr(records, "record", lambda *args, task=None, **said: written(*args, **said))
    asked(world)
    file = staged(world, HRSS, "走访照片.pdf")
    reported(world, HRSS, file)
    with world.transaction() as session:
        attachments.withdraw_attachment(
            session, attachment_id=UUID(file), reason="传错了文件", actor=world.actor(OFFICE), now=clock.now()
        )

    def read(user):
        [case] = queries.instances_by_id(session, [world.case]).values()
        told = seen(session, case, world.actor(user)).events(stream_events(session, f"instance:{world.case}"))
        return [one.kind for one in told if one.kind.startswith("file_")]

    with world.database.reading() as session:
        assert read(EDU) == []
        assert read(HRSS) == read(OFFICE) == ["file_attached", "file_withdrawn"]
    assert mismatches(world) == []
