"""Files of cases: evidence of a reported change (R9), the signed form of a need (W3); rounds take none beside forms."""

from __future__ import annotations

import pytest

from service import attachments, clock
from service.errors import Conflict, NotAllowed, NotFound
from tests.factories.change_reports import known, reported
from tests.factories.databases import ON_BOTH
from tests.factories.files import received
from tests.factories.rounds import begin
from tests.factories.steps import events, mismatches

PDF = b"%PDF-1.7 decision"
REPORTER = "liaison-district_office"


def attach(world, user, content=PDF, name="任免通知.pdf"):
    with world.transaction() as session:
        stream = f"instance:{world.case}"
        return attachments.attach(
            session, stream=stream, file=received(session, name, content), actor=world.actor(user), now=clock.now()
        ).id


def withdraw(world, user, kept):
    with world.transaction() as session:
        attachments.withdraw_attachment(
            session, attachment_id=kept, reason="传错了文件", actor=world.actor(user), now=clock.now()
        )


def seen(world, user):
    with world.database.reading() as session:
        return attachments.files_of(session, f"instance:{world.case}", world.actor(user), clock.now())


@ON_BOTH
def test_evidence_of_a_change_is_seen_by_who_sees_the_report_and_moves_nothing(world):
    reported(world)
    kept = attach(world, REPORTER)
    assert [len(seen(world, who).items) for who in (REPORTER, "leader", "office", "auditor")] == [1, 1, 1, 1]
    with pytest.raises(NotFound):
        seen(world, "handler-health")
    with pytest.raises(NotFound):
        attach(world, "handler-health", PDF + b"2")
    with pytest.raises(NotAllowed, match="只有登记本事项的单位"):
        attach(world, "auditor", PDF + b"2")
    attach(world, "leader", PDF + b"2")  # who must acknowledge it has a part in it
    with pytest.raises(NotAllowed, match="只有上传人"):
        withdraw(world, "leader", kept)
    withdraw(world, REPORTER, kept)
    assert [event.data["name"] for event in events(world, "file_attached")] == ["任免通知.pdf", "任免通知.pdf"]
    assert len(events(world, "file_withdrawn")) == 1
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    with pytest.raises(Conflict, match="已办结"):
        attach(world, REPORTER, PDF + b"3")
    assert not seen(world, REPORTER).may_attach
    assert len(seen(world, REPORTER).items) == 1
    assert mismatches(world) == []


def test_a_units_handler_attaches_to_a_need_while_it_is_theirs(world):
    world.dispatched()
    kept = attach(world, "handler-edu")
    world.do("handler-edu", "handle")
    assert not seen(world, "handler-edu").may_attach
    with pytest.raises(NotAllowed):
        withdraw(world, "handler-edu", kept)
    withdraw(world, "office", kept)
    assert mismatches(world) == []


def test_nothing_is_attached_to_a_round_beside_its_forms(world):
    begin(world, "half_year_report", "office")
    with pytest.raises(NotAllowed, match="只能随本单位的步骤一起提交"):
        attach(world, "office")
    assert not seen(world, "office").may_attach
