"""Notes on talents' files: what contacts learnt of research, discipline, business and training (C3)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service import contacts, history
from service.contacts.models import Contact, TalentNote
from service.contacts.notes import readable_notes
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.factories import serving
from tests.factories.contacts import LIAISON, NOW, OFFICE, STRANGER, add_talent, contact
from tests.factories.people import EARLY, actor, leader, person, unit


@pytest.fixture
def chief(session):
    for code, name in (("hrss", "区人力资源和社会保障局"), ("edu", "区教育局")):
        unit(session, code, name)
    return leader(session, person(session, "陈志明"), klass="B", body=None, unit_code="hrss", duty="principal")


@pytest.fixture
def talent(session):
    return add_talent(session)


def read_by(session, reader) -> list[str]:
    query = select(TalentNote.text).join(Contact, Contact.id == TalentNote.contact_id)
    return list(session.scalars(query.where(readable_notes(session, reader)).order_by(TalentNote.position)))


def faults(error) -> set[str]:
    return {finding.path for finding in error.value.findings}


def test_a_contact_leaves_notes_on_the_files_of_whom_it_met(session, chief, talent):
    other = add_talent(session, "吕芳")
    notes = [
        {"talent_id": talent.id, "aspect": "research", "text": " 中试完成 "},
        {"talent_id": other.id, "aspect": "business", "text": "订单平稳"},
    ]
    made = contact(session, chief, talent, other, notes=notes)
    assert [(one.talent_id, one.aspect, one.text) for one in made.notes] == [
        (talent.id, "research", "中试完成"),
        (other.id, "business", "订单平稳"),
    ]
    assert {(one.entered_by, one.entered_at) for one in made.notes} == {("liaison-hrss", NOW)}
    [event] = history.stream_events(session, f"contact:{made.id}")
    assert [one["text"] for one in event.data["notes"]] == ["中试完成", "订单平稳"]


def test_a_note_is_of_the_contacts_topic_and_of_somebody_it_met(session, chief, talent):
    other = add_talent(session, "吕芳")
    with pytest.raises(Invalid) as error:
        contact(session, chief, talent, topics=[1], notes=[{"aspect": "research", "text": "中试"}])
    assert faults(error) == {"/topics"}
    with pytest.raises(Invalid) as error:
        contact(session, chief, talent, notes=[{"talent_id": other.id, "aspect": "money", "text": " "}])
    assert faults(error) == {"/notes/0/talent_id", "/notes/0/aspect", "/notes/0/text"}
    with pytest.raises(Invalid) as error:
        contact(session, chief, talent, other, notes=[{"aspect": "training", "text": "带教三人"}])
    assert faults(error) == {"/notes/0/talent_id"}
    assert session.scalars(select(TalentNote)).all() == []


def test_what_was_left_out_is_added_and_what_is_wrong_is_withdrawn(session, chief, talent):
    made = contact(session, chief, talent, notes=[{"aspect": "research", "text": "中试"}])
    contacts.add_notes(
        session, contact_id=made.id, notes=[{"aspect": "training", "text": "带教三人"}], actor=OFFICE, now=NOW
    )
    assert [(one.position, one.text) for one in made.notes] == [(1, "中试"), (2, "带教三人")]
    wrong = made.notes[0]
    contacts.withdraw_note(session, note_id=wrong.id, reason="写错了人", actor=LIAISON, now=NOW)
    assert wrong.withdrawn_at == NOW
    with pytest.raises(Conflict, match="已经撤回"):
        contacts.withdraw_note(session, note_id=wrong.id, reason="再次", actor=LIAISON, now=NOW)
    kinds = [event.kind for event in history.stream_events(session, f"contact:{made.id}")]
    assert kinds == ["contact_recorded", "contact_noted", "note_withdrawn"]


def test_nothing_is_added_to_a_withdrawn_contact_nor_to_one_of_other_topics(session, chief, talent):
    notes = [{"aspect": "research", "text": "中试"}]
    of_others = contact(session, chief, talent, topics=[1])
    with pytest.raises(Conflict, match="不含"):
        contacts.add_notes(session, contact_id=of_others.id, notes=notes, actor=LIAISON, now=NOW)
    made = contact(session, chief, talent, form="phone")
    with pytest.raises(Invalid):
        contacts.add_notes(session, contact_id=made.id, notes=[], actor=LIAISON, now=NOW)
    contacts.withdraw_contact(session, contact_id=made.id, reason="录错", actor=LIAISON, now=NOW)
    with pytest.raises(Conflict, match="已撤回"):
        contacts.add_notes(session, contact_id=made.id, notes=notes, actor=LIAISON, now=NOW)
    assert made.notes == []


def test_who_may_not_see_the_contact_knows_of_no_note(session, chief, talent):
    made = contact(session, chief, talent, notes=[{"aspect": "research", "text": "中试"}])
    with pytest.raises(NotFound):
        contacts.withdraw_note(session, note_id=made.notes[0].id, reason="不当", actor=STRANGER, now=NOW)
    with pytest.raises(NotFound):
        contacts.add_notes(session, contact_id=made.id, notes=[], actor=STRANGER, now=NOW)
    with pytest.raises(NotFound):
        contacts.withdraw_note(session, note_id="no-id", reason="不当", actor=OFFICE, now=NOW)
    auditor = actor(("auditor", None), username="auditor")
    with pytest.raises(NotAllowed):
        contacts.withdraw_note(session, note_id=made.notes[0].id, reason="不当", actor=auditor, now=NOW)
    assert read_by(session, auditor) == read_by(session, LIAISON) == ["中试"]
    assert read_by(session, STRANGER) == []


def test_who_serves_the_talent_now_reads_what_was_known_before(session, chief, talent):
    """Another unit's leader takes the talent over: the former leader's contacts stay closed, the notes do not (O4)."""
    contact(session, chief, talent, notes=[{"aspect": "research", "text": "中试"}])
    heir = leader(session, person(session, "程望津"), klass="B", body=None, unit_code="edu", duty="talent")
    own = actor(("leader", None), person_id=heir.person_id)
    assert read_by(session, own) == []
    serving.service_team(session, heir, starts_on=EARLY.date())
    serving.link(session, heir, talent, starts_on=EARLY.date())
    assert read_by(session, own) == read_by(session, STRANGER) == ["中试"]
    assert contacts.search_contacts(session, own).total == 0
