"""Files attached to records: what may be attached, by whom, and who reads it, on both databases."""

from __future__ import annotations

from datetime import date

import pytest

from service import attachments, contacts, history, reports
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.people.units import name_liaison
from service.storage import content_of
from service.workdays import Calendar
from tests.factories.contacts import (
    ADMIN,
    AUDITOR,
    LIAISON,
    NOW,
    OFFICE,
    SECRET,
    STRANGER,
    TODAY,
    add_talent,
    contact,
)
from tests.factories.files import received
from tests.factories.people import EARLY, actor, leader, person, unit

PDF = b"%PDF-1.7 regulation"
HANDLER = actor(("responsible_unit", "hrss"), username="handler-hrss")


@pytest.fixture
def chief(session):
    """A leader of class B of hrss."""
    unit(session)
    unit(session, "edu", "区教育局")
    return leader(session, person(session), klass="B", body=None, unit_code="hrss", duty="principal", post="局长")


@pytest.fixture
def talent(session):
    return add_talent(session)


def attach(session, stream, **fields):
    fields = {"name": "联系制度.pdf", "content": PDF, "actor": LIAISON, "now": NOW, **fields}
    file = received(session, fields.pop("name"), fields.pop("content"))
    return attachments.attach(session, stream=stream, file=file, **fields)


def read(session, kept, who):
    return content_of(session, attachments.attachment_for(session, kept.id, who, with_content=True))


def files(session, stream, who):
    return attachments.files_of(session, stream, who, NOW)


def test_a_units_regulation_is_kept_and_journaled(session, chief):
    kept = attach(session, "unit:hrss")
    assert read(session, kept, STRANGER) == PDF
    event = history.stream_events(session, "unit:hrss")[-1]
    assert (event.kind, event.data["sha256"]) == ("file_attached", kept.sha256)
    with pytest.raises(Conflict, match="已经上传过"):
        attach(session, "unit:hrss")
    with pytest.raises(NotAllowed):
        attachments.withdraw_attachment(session, attachment_id=kept.id, reason="传错了文件", actor=STRANGER, now=NOW)
    attachments.withdraw_attachment(session, attachment_id=kept.id, reason="传错了文件", actor=HANDLER, now=NOW)
    assert read(session, kept, OFFICE) == PDF  # who reads the whole history reads what was withdrawn, too
    with pytest.raises(NotFound):
        read(session, kept, STRANGER)
    assert history.stream_events(session, "unit:hrss")[-1].kind == "file_withdrawn"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("病毒.exe", b"MZ", "只能上传"),
        ("空.pdf", b"", "是空的"),
        ("假.pdf", b"MZ program", "后缀"),
        ("无后缀", b"%PDF-", "只能上传"),
        ("大.pdf", b"%PDF-" + b"0" * 10_000_000, "10 MB"),
        (f"{'长' * 121}.pdf", b"%PDF-", "文件名"),
    ],
)
def test_what_cannot_be_attached(session, chief, name, content, why):
    with pytest.raises(Invalid, match=why):
        attach(session, "unit:hrss", name=name, content=content)


def test_a_record_takes_so_many_files_and_no_more(session, chief):
    for number in range(attachments.MOST):
        attach(session, "unit:hrss", content=PDF + str(number).encode())
    with pytest.raises(Conflict, match="最多 20 个"):
        attach(session, "unit:hrss", content=PDF)


def test_a_contacts_file_is_for_those_who_see_the_contact(session, chief, talent):
    stream = f"contact:{contact(session, chief, talent).id}"
    kept = attach(session, stream, name="../现场\\照片.PDF")
    assert kept.name == "照片.PDF"
    assert read(session, kept, AUDITOR) == PDF
    assert files(session, stream, LIAISON).withdrawable == {kept.id}
    assert (files(session, stream, AUDITOR).may_attach, files(session, stream, AUDITOR).withdrawable) == (False, set())
    for nobody in (STRANGER, ADMIN, HANDLER):
        with pytest.raises(NotFound):
            read(session, kept, nobody)
        with pytest.raises(NotFound):
            files(session, stream, nobody)
        with pytest.raises(NotFound):
            attach(session, stream, content=PDF + b"2", actor=nobody)
        with pytest.raises(NotFound):
            attachments.withdraw_attachment(session, attachment_id=kept.id, reason="传错了文件", actor=nobody, now=NOW)
    with pytest.raises(NotAllowed):
        attach(session, stream, content=PDF + b"2", actor=AUDITOR)
    for nothing in ("access", "contact:", "contact:x", "unit:nobody", "talent:T0001"):
        with pytest.raises(NotFound):
            attach(session, nothing)


def test_files_beside_a_restricted_note_are_for_those_who_read_the_note(session, chief, talent):
    stream = f"contact:{contact(session, chief, talent, topics=[4], restricted=SECRET).id}"
    kept = attach(session, stream)
    for confidant in (LIAISON, OFFICE):
        assert read(session, kept, confidant) == PDF
        assert len(files(session, stream, confidant).items) == 1
    with pytest.raises(NotFound):
        read(session, kept, AUDITOR)
    shown = files(session, stream, AUDITOR)
    assert (shown.hidden, shown.items) == (True, ())


def test_what_was_taken_back_takes_no_files(session, chief, talent):
    made = contact(session, chief, talent)
    kept = attach(session, f"contact:{made.id}")
    contacts.withdraw_contact(session, contact_id=made.id, reason="登记错误", actor=LIAISON, now=NOW)
    with pytest.raises(Conflict, match="已撤回"):
        attach(session, f"contact:{made.id}", content=PDF + b"2")
    with pytest.raises(Conflict, match="已撤回"):
        attachments.withdraw_attachment(session, attachment_id=kept.id, reason="传错了文件", actor=LIAISON, now=NOW)
    assert read(session, kept, LIAISON) == PDF
    held = contacts.add_activity(
        session, name="座谈会", kind="symposium", held_on=TODAY, organizer_unit="hrss", actor=OFFICE, now=NOW
    )
    contacts.cancel_activity(session, activity_id=held.id, reason="改期", actor=OFFICE, now=NOW)
    with pytest.raises(Conflict, match="已取消"):
        attach(session, f"activity:{held.id}")
    assert not files(session, f"activity:{held.id}", LIAISON).may_attach


def test_a_units_matter_has_files_of_its_own(session, chief, talent):
    made = contacts.record_matter(
        session,
        unit_code="hrss",
        talent_id=talent.id,
        title="职称评审材料",
        description="协助整理申报材料",
        raised_on=TODAY,
        actor=HANDLER,
        now=NOW,
    )
    kept = attach(session, f"matter:{made.id}", actor=HANDLER)
    assert read(session, kept, LIAISON) == PDF
    with pytest.raises(NotFound):
        read(session, kept, STRANGER)


def test_a_half_year_report_takes_files_until_it_is_sent(session, chief):
    name_liaison(
        session, unit_code="hrss", person_id=chief.person_id, starts_on=date(2026, 1, 1), actor=OFFICE, now=EARLY
    )
    later = NOW.replace(year=2027, month=1, day=8)
    made = reports.compile_report(
        session,
        unit_code="hrss",
        year=2026,
        half=2,
        needs={},
        due_on=reports.due_of(Calendar.from_config(), date(2026, 12, 31), 10),
        actor=LIAISON,
        now=later,
    )
    stream = f"report:{made.id}"
    kept = attach(session, stream, name="工作照片.pdf", now=later)
    assert read(session, kept, AUDITOR) == PDF
    with pytest.raises(NotFound):
        read(session, kept, STRANGER)
    with pytest.raises(NotAllowed):
        attach(session, stream, content=PDF + b"2", actor=OFFICE, now=later)
    words = {"work": "走访 1 次", "plans": "继续走访"}
    reports.edit_report(session, report_id=made.id, sections=words, actor=LIAISON, now=later)
    reports.submit_report(session, report_id=made.id, needs={}, actor=LIAISON, now=later)
    with pytest.raises(Conflict, match="已报送"):
        attachments.withdraw_attachment(session, attachment_id=kept.id, reason="传错了文件", actor=LIAISON, now=later)
    reports.return_report(session, report_id=made.id, reason="请补附件", actor=OFFICE, now=later)
    attach(session, stream, content=PDF + b"2", now=later)
    assert len(files(session, stream, OFFICE).items) == 2
