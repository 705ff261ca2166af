"""Guards of the people side: nobody learns by guessing, nothing is done twice, nothing changes without an entry."""

from __future__ import annotations

from datetime import date
from importlib import import_module

from service import clock, contacts, history
from service.demonstration.organization import derived
from service.people.models import Leader
from service.rights import SYSTEM
from service.talents import update_talent
from service.talents.models import Talent
from service.usecases.posts import end_post
from tests.factories.imports import TALENTS, basis, confirmed, job, rows_of, sheet, uploaded, work
from tests.factories.visitor import Visitor
from tests.factories.workers import at_once
from tests.factories.world import World

SECOND = derived("leader", "程望津")


def test_the_last_signs_of_a_document_cannot_be_found_by_trying(world: World) -> None:
    with world.transaction() as session:
        update_talent(session, talent_id="T0001", changes={"id_tail": "123X"}, actor=SYSTEM, now=clock.now())
    asked = {"name": "周慕白", "employer": "某单位", "id_tail": "123X"}
    told = world.api("office").get("/talents/duplicates", **asked).json["items"]
    assert "证件号码末位相同" in told[0]["why"]
    for user in ("liaison-hrss", "handler-edu", "auditor"):
        right, wrong = (
            world.api(user).get("/talents/duplicates", **{**asked, "id_tail": tail}).json["items"]
            for tail in ("123X", "9999")
        )
        assert right == wrong, user
        assert "证件" not in right[0]["why"], user


def test_the_forms_for_links_and_teams_show_no_leader_of_another_unit(world: World) -> None:
    said = Visitor(world, "liaison-hrss").get("/links/new", leader=str(SECOND), talent="T0001", reason="related")
    assert said.status_code == 200
    assert "这位领导的联系关系由区人才办办理" in said.text
    assert 'name="leader_id"' not in said.text  # neither whom that leader serves nor a form to register more
    assert 'name="talent" value="T0001"' in said.text
    assert 'name="reason" value="related"' in said.text
    assert str(SECOND) in said.text
    assert Visitor(world, "liaison-hrss").get("/service-teams/new", leader=str(SECOND)).status_code == 404
    for path in ("/links/new", "/service-teams/new"):
        assert Visitor(world, "liaison-hrss").get(path).status_code == 200
        assert Visitor(world, "office").get(path, leader=str(SECOND)).status_code == 200


def test_of_two_who_end_a_post_one_succeeds(world: World) -> None:
    def end(day: date) -> None:
        with world.transaction() as session:
            end_post(session, leader_id=SECOND, ends_on=day, actor=world.actor("office"), now=clock.now())

    done = at_once(lambda: end(date(2026, 9, 10)), lambda: end(date(2026, 9, 12)))
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    with world.database.reading() as session:
        person_id = session.get_one(Leader, SECOND).person_id
        kinds = [event.kind for event in history.stream_events(session, f"person:{person_id}")]
    assert kinds.count("leader_ended") == 1


def test_a_worker_that_comes_back_does_not_write_an_import_again(world: World, monkeypatch) -> None:
    job_id = uploaded(world, "talents", sheet(TALENTS, ("吴一凡", "一类人才", "某厂", None, None, None, "是")))
    work(world)
    jobs = import_module("service.exchange.jobs")
    before, begin, slow = rows_of(world, Talent), jobs._begin, []

    def begun(*given):
        found = begin(*given)
        if not slow:
            slow.append(True)
            jobs._write(world.database, job_id, basis(world))  # another one does it meanwhile
        return found

    monkeypatch.setattr(jobs, "_begin", begun)
    confirmed(world, job_id)
    assert (job(world, job_id).status, rows_of(world, Talent)) == ("done", before + 1)


def test_a_note_on_attendance_is_in_the_journal(world: World) -> None:
    office, today = world.actor("office"), clock.today()
    with world.transaction() as session:
        made = contacts.add_activity(
            session,
            name="座谈会",
            kind="symposium",
            held_on=today,
            organizer_unit="hrss",
            talent_ids=["T0001"],
            actor=office,
            now=clock.now(),
        )
        contacts.record_attendance(
            session,
            activity_id=made.id,
            attended={"T0001": True},
            notes={"T0001": "作了发言"},
            actor=office,
            now=clock.now(),
        )
        entry = history.stream_events(session, f"activity:{made.id}")[-1]
    noted = {"attended": {"T0001": True}, "notes": {"T0001": "作了发言"}}
    assert entry.data == {**noted, "before": {"T0001": None}}
