"""一人一档: the list by time of a talent's page, of the API and on paper, as each reader may see it."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from service import attachments, clock, contacts, history
from service.contacts.models import Matter
from tests.factories.contact_pages import record
from tests.factories.databases import ON_BOTH
from tests.factories.everything import PNG
from tests.factories.files import received
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import World

SECRET = "近期情绪低落，家中老人住院"
EVERYTHING = ["contact", "note", "opinion", "activity", "matter", "need", "change", "link", "file"]


@pytest.fixture
def told(world: World) -> dict[str, Any]:
    """A talent of whom each kind of record tells something, the contact with a restricted note and a file."""
    world.start()
    contact = record(
        world,
        topic=["3", "4"],
        summary="走访了解近况",
        note_research="完成中试",
        opinion_0="希望增加班车",
        restricted=SECRET,
    )
    with world.transaction() as session:
        office, now = world.actor("office"), clock.now()
        attachments.attach(
            session, stream=f"contact:{contact}", file=received(session, "走访照片.png", PNG), actor=office, now=now
        )
        activity = contacts.add_activity(
            session,
            name="金秋座谈",
            kind="symposium",
            held_on=date(2026, 9, 10),
            organizer_unit="talent_office",
            talent_ids=["T0001"],
            actor=office,
            now=now,
        )
        contacts.record_matter(
            session,
            unit_code="hrss",
            talent_id="T0001",
            title="办理居住证",
            description="代办手续",
            raised_on=date(2026, 9, 9),
            actor=world.actor("liaison-hrss"),
            now=now,
        )
        matter = session.scalars(select(Matter.id)).one()
        attachments.attach(
            session, stream=f"matter:{matter}", file=received(session, "证件.png", PNG + b"2"), actor=office, now=now
        )
    return {"contact": contact, "activity": activity.id, "matter": matter}


def listed(world: World, user: str, **query: Any) -> list[dict[str, Any]]:
    """The whole file as the API tells it, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = world.api(user).get("/talents/T0001/file", **query, **({"after": after} if after else {}))
        assert answer.status_code == 200, answer.text
        assert answer.json["items"]
        found += answer.json["items"]
        after = answer.json["next"]
        if after is None:
            return found


@ON_BOTH
def test_all_that_is_known_is_one_list_by_time(world: World, told: dict[str, Any]) -> None:
    entries = listed(world, "office", limit=200)
    assert {one["kind"] for one in entries} == set(EVERYTHING)
    assert [one["on"] for one in entries] == sorted((one["on"] for one in entries), reverse=True)
    by_kind = {one["kind"]: one for one in entries}
    assert (by_kind["note"]["title"], by_kind["note"]["text"]) == ("科研情况 · 陈砚秋联系时了解", "完成中试")
    assert by_kind["note"]["record"] == {"kind": "contact", "id": str(told["contact"])}
    assert by_kind["activity"]["facts"] == ["座谈会", "区人才办", "未登记"]
    files = {one["title"] for one in entries if one["kind"] == "file"}
    assert files == {"走访照片.png", "证件.png"}


@ON_BOTH
def test_pages_of_any_length_give_the_same_list(world: World, told: dict[str, Any]) -> None:
    """Also where several entries have one moment: two notes of one day, two files of one second."""
    record(world, topic=["3"], held_on="2026-09-15", form="phone", note_business="订单", note_training="带教")
    whole = listed(world, "office", limit=200)
    assert len(whole) > 10
    for limit in (1, 2, 3, 7):
        assert listed(world, "office", limit=limit) == whole
    assert [one for one in whole if one["kind"] == "note"] == listed(world, "office", kind="note", limit=1)
    day = [one for one in whole if "2026-09-09" <= one["on"] <= "2026-09-10"]
    assert day == listed(world, "office", since="2026-09-09", until="2026-09-10", limit=1)
    assert {one["kind"] for one in day} == {"activity", "matter"}


def test_what_may_not_be_seen_leaves_nothing_behind(world: World, told: dict[str, Any]) -> None:
    """Another unit's liaison sees neither the contact nor what comes of it, no choice of its kind, no file of it."""
    stranger = Visitor(world, "liaison-cppcc_office").get("/talents/T0001").text
    for hidden in ("走访了解近况", "完成中试", "希望增加班车", "走访照片", "证件.png", "办理居住证", SECRET):
        assert hidden not in stranger
    chosen = re.findall(r"[?&]kind=(\w+)", stranger)
    assert not {"contact", "note", "opinion", "file", "matter", "need"} & set(chosen)
    assert "change" in chosen
    assert {one["kind"] for one in listed(world, "liaison-cppcc_office")} <= {"change", "link", "activity"}


def test_a_restricted_talk_shows_who_may_not_read_it_neither_note_nor_files(world: World, told: dict[str, Any]) -> None:
    """An auditor sees the contact; that something of it is restricted, or that it has files, is not hinted at (C4)."""
    auditor = Visitor(world, "auditor").get("/talents/T0001").text
    assert "走访了解近况" in auditor
    assert "证件.png" in auditor
    section = auditor.partition('id="file"')[2]
    for hidden in (SECRET, "走访照片", "受限"):
        assert hidden not in section
    assert [one["title"] for one in listed(world, "auditor", kind="file")] == ["证件.png"]
    assert SECRET not in str(listed(world, "office"))


def test_a_withdrawn_contact_takes_all_it_said_off_the_file(world: World, told: dict[str, Any]) -> None:
    office = Visitor(world, "office")
    assert office.post(f"/contacts/{told['contact']}/withdraw", reason="录错了人").status_code == 200
    kinds = {one["kind"] for one in listed(world, "office")}
    assert kinds == set(EVERYTHING) - {"contact", "note", "opinion"}
    assert [one["title"] for one in listed(world, "office", kind="file")] == ["证件.png"]


def test_the_page_turns_by_place_and_keeps_its_filters(world: World, told: dict[str, Any]) -> None:
    for n in range(40):
        record(world, topic=["1"], form="phone", held_on="2026-09-14", summary=f"第 {n} 次电话", opinion_0="")
    office = Visitor(world, "office")
    first = office.get("/talents/T0001", kind="contact").text
    [link] = re.findall(r'rel="next" href="([^"]+)"', first)
    assert "kind=contact" in link
    second = office.get(link.replace("&amp;", "&").partition("#")[0]).text
    shown = [set(re.findall(r"第 \d+ 次电话", text)) for text in (first, second)]
    assert len(shown[0]) + len(shown[1]) == 40
    assert not shown[0] & shown[1]
    assert "最近的记录" in second
    for bad in ("x", "1.2", "9" * 30 + ".1.a", "1.1." + "f" * 33):
        assert office.get("/talents/T0001", after=bad).status_code == 422
    assert office.get("/talents/T0001", kind="nothing", since="gestern", until="2026-13-01").status_code == 200
    nothing = office.get("/talents/T0001", until="2001-01-01").text
    assert "请放宽条件再查" in nothing


def test_a_page_takes_as_many_statements_for_many_entries_as_for_few(world: World, told: dict[str, Any]) -> None:
    office = Visitor(world, "office")
    office.get("/talents/T0001")
    with counted(world.database.engine) as few:
        office.get("/talents/T0001")
    for n in range(12):
        record(world, topic=["3"], form="phone", held_on="2026-09-14", summary=f"电话 {n}", note_research=f"进展 {n}")
    with counted(world.database.engine) as many:
        office.get("/talents/T0001")
    assert 20 < len(many) <= len(few)


def test_the_file_is_printed_as_the_reader_sees_it_and_the_journal_tells_of_it(
    world: World, told: dict[str, Any]
) -> None:
    made = Visitor(world, "office").get("/talents/T0001/file.pdf")
    assert made.status_code == 200
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(made.data)).pages).replace("\n", "")
    for word in ("周慕白", "完成中试", "希望增加班车", "办理居住证", "金秋座谈"):
        assert word in text
    assert SECRET not in text
    with world.database.reading() as session:
        [event] = history.stream_events(session, "handed_out")
        assert (event.kind, event.actor) == ("printed_out", "office")
        assert event.data["name"].startswith("周慕白的人才档案")
        assert event.data["sha256"] == sha256(made.data).hexdigest()
    other = Visitor(world, "auditor").get("/talents/T0001/file.pdf", kind="file")
    part = "".join(page.extract_text() for page in PdfReader(BytesIO(other.data)).pages)
    assert "证件.png" in part
    assert "走访照片" not in part
    assert "完成中试" not in part
    assert Visitor(world, None).get("/talents/T0001/file.pdf").status_code in (302, 401)
