"""The pages of contacts, reports and briefs, as their readers meet them."""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO
from uuid import UUID

from openpyxl import load_workbook

from service import contacts
from service.clock import SHANGHAI
from service.contacts.filters import ContactFilter
from service.demonstration.organization import derived
from tests.factories import serving
from tests.factories.contact_pages import LIAISON, opinion_of, record
from tests.factories.statements import counted as counting
from tests.factories.visitor import Visitor, island
from tests.factories.workers import inbox_of, work_all
from tests.factories.world import World

SECRET = "近期情绪低落，家中老人住院"


def test_a_leader_enters_a_contact_with_few_taps(world: World) -> None:
    leader = Visitor(world, "leader")
    assert '/contacts/new">登记联系</a>' in leader.get("/").text
    assert '/contacts/new">登记联系</a>' not in Visitor(world, "handler-edu").get("/").text
    page = leader.get("/my-talents")
    assert page.status_code == 200
    form = leader.get("/contacts/new", talent="T0001").text
    assert f'name="leader_id" value="{derived("leader", "leader")}"' in form
    assert re.search(r'value="T0001"[^>]*checked|&#34;T0001&#34;', form)
    assert 'name="held_on" value="2026-09-16"' in form
    sent = leader.post(
        "/contacts",
        leader_id=str(derived("leader", "leader")),
        talent=["T0001"],
        form="phone",
        held_on="2026-09-16",
        topic=["3"],
        summary="电话了解进展",
    )
    assert sent.status_code == 200, sent.text
    listed = leader.get("/contacts").text
    assert "电话了解进展" in listed
    assert "陈砚秋" in listed


def test_a_refusal_names_the_fields_and_keeps_the_page(world: World) -> None:
    answer = Visitor(world, LIAISON).post("/contacts", leader_id=str(derived("leader", "leader")), held_on="2026-09-15")
    assert answer.status_code == 422
    assert {error["path"] for error in answer.json["errors"]} == {"/talent_ids", "/form", "/topics", "/summary"}
    assert Visitor(world, LIAISON).post("/contacts", held_on="").status_code == 422


def test_the_restricted_note_is_on_no_other_page_and_in_no_export(world: World) -> None:
    contact = record(world, restricted=SECRET)
    address = f"/contacts/{contact}"
    for reader in (LIAISON, "office", "leader"):
        assert SECRET in Visitor(world, reader).get(address).text
    auditor = Visitor(world, "auditor")
    assert SECRET not in auditor.get(address).text
    assert "有受限记录" in auditor.get(address).text
    for reader in ("admin", "handler-edu", "liaison-hrss"):
        assert Visitor(world, reader).get(address).status_code == 404
    office = Visitor(world, "office")
    for page in ("/contacts", "/opinions", "/my-talents", "/"):
        assert SECRET not in office.get(page).text
    book = load_workbook(BytesIO(office.get("/contacts.xlsx").data))
    cells = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row]
    assert "走访了解近况" in cells
    assert not [cell for cell in cells if SECRET in cell]


def test_an_opinion_becomes_a_need_with_one_click(world: World) -> None:
    before = world.recorded(title="子女小学转学学位", description="希望协调子女转学")
    contact = record(world)
    opinion = opinion_of(world, contact)
    liaison = Visitor(world, LIAISON)
    assert f"/cases/new?opinion={opinion}" in liaison.get("/opinions").text
    page = liaison.get("/cases/new", opinion=opinion)
    assert f"/cases/{before}" in page.text
    assert "同一联系对象的在办需求" in page.text
    form = island(page, "form-data")
    assert form["data"] == {
        "talent_id": "T0001",
        "leader_id": str(derived("leader", "leader")),
        "channel": "visit",
        "received_on": "2026-09-15",
        "description": "希望协调子女小学转学学位",
        "town": "guicheng",
    }
    filled = {**form["data"], "title": "转学学位", "category": "education", "on_the_spot": False}
    started = liaison.post("/cases", data=filled, **form["extra"])
    assert started.status_code == 200, started.text
    case = started.json["location"].rpartition("/")[2]
    assert case in liaison.get(f"/contacts/{contact}").text
    again = liaison.post("/cases", data={**filled, "title": "再次登记"}, **form["extra"])
    assert again.status_code == 409
    with world.database.reading() as session:
        assert contacts.get_opinion(session, opinion, world.actor("office"))[0].instance_id == UUID(case)
    assert liaison.get("/cases/new", opinion=UUID(int=5)).status_code == 404


def test_lists_keep_their_filters_in_the_address(world: World) -> None:
    record(world)
    record(world, form="phone", held_on="2026-09-01", summary="电话了解近况")
    office = Visitor(world, "office")
    page = office.get("/contacts", form="phone", late="yes").text
    assert "电话了解近况" in page
    assert "走访了解近况" not in page
    assert "逾期登记" in page
    assert '<option value="phone" selected>' in page
    assert "没有符合条件" in office.get("/contacts", topic="1").text
    assert office.get("/contacts", topic="9", since="never", leader="x").status_code == 200
    with world.database.reading() as session:
        wanted = ContactFilter(late=True)
        assert contacts.search_contacts(session, world.actor("office"), wanted).total == 1


def test_the_three_offices_stand_among_the_units_to_filter_by(world: World) -> None:
    record(world, opinion_0="建议增加人才公寓")
    office = Visitor(world, "office")
    for page, found in (("/contacts", "走访了解近况"), ("/opinions", "建议增加人才公寓")):
        assert '<option value="district_office"' in office.get(page).text, page
        assert found in office.get(page, unit="district_office").text
        assert found not in office.get(page, unit="cppcc_office").text


def test_an_activity_from_invitation_to_attendance(world: World) -> None:
    office = Visitor(world, "office")
    given = {"name": "政策座谈会", "kind": "symposium", "held_on": "2026-09-16", "unit": "hrss", "talent": ["T0001"]}
    made = office.post("/activities", **given)
    assert made.status_code == 200, made.text
    address = made.json["location"]
    office.post(f"{address}/invite", talent=["T0002"])
    assert office.post(f"{address}/attendance", came_T0001="yes", came_T0002="unknown").status_code == 200
    assert "政策座谈会" in Visitor(world, "leader").get("/activities").text
    page = office.get(address).text
    assert '<option value="yes" selected>到场' in page
    upload = {"stream": f"activity:{address.rpartition('/')[2]}", "file": (BytesIO(b"%PDF-1.7"), "通知.pdf")}
    assert office.submit("/files", **upload).status_code == 302
    found = re.search(r'href="(/files/[^"]+)"', office.get(address).text)
    assert found is not None
    given = Visitor(world, "leader").get(found[1])
    assert (given.data, given.headers["Content-Disposition"].split(";")[0]) == (b"%PDF-1.7", "attachment")
    assert Visitor(world, "handler-edu").get(found[1]).status_code == 404


def test_the_journals_of_contacts_and_activities_are_read_in_words(world: World) -> None:
    made, office = record(world, topic=["2", "4"], restricted=SECRET), Visitor(world, "office")
    address = f"/contacts/{made}"
    office.post(f"/opinions/{opinion_of(world, made)}/answer", status="answered", answer="已当面说明")
    upload = {"stream": f"contact:{made}", "file": (BytesIO(b"%PDF-1.7"), "谈话纪要.pdf")}
    assert office.submit("/files", **upload).status_code == 302
    assert office.post(f"{address}/withdraw", reason="登记错误").status_code == 200
    told = office.get(address).text.partition('id="changes"')[2]
    for word in ("撤回联系记录", "登记错误", "登记意见建议的处理结果", "已当面说明", "登记联系记录", "谈话纪要.pdf"):
        assert word in told
    assert SECRET not in told
    assert "谈话纪要.pdf" not in Visitor(world, "auditor").get(address).text
    given = {"name": "政策座谈会", "kind": "symposium", "held_on": "2026-09-16", "unit": "hrss", "talent": ["T0001"]}
    address = office.post("/activities", **given).json["location"]
    office.post(f"{address}/attendance", came_T0001="no")
    told = office.get(address).text.partition('id="changes"')[2]
    for word in ("登记活动", "邀请人才", "登记出席情况", "周慕白：未到场"):
        assert word in told
    assert "其他变更" not in told


def test_a_report_is_written_sent_and_accepted(world: World) -> None:
    record(world)
    world.clock.set(datetime(2027, 1, 8, 9, 0, tzinfo=SHANGHAI))
    liaison, office = Visitor(world, LIAISON), Visitor(world, "office")
    made = liaison.post("/reports", unit="district_office", year="2026", half="2")
    assert made.status_code == 200, made.text
    address = made.json["location"]
    assert "走访约见 1 次" in liaison.get(address).text
    assert liaison.post(f"{address}/submit").status_code == 422
    liaison.post(f"{address}/edit", section_work="本半年走访 1 次。", section_plans="继续走访。")
    assert liaison.post(f"{address}/submit").status_code == 200
    for kind, start in (("pdf", b"%PDF"), ("docx", b"PK")):
        assert office.get(f"{address}.{kind}").data.startswith(start)
    assert office.post(f"{address}/accept").status_code == 200
    assert "已接收" in liaison.get("/reports").text
    assert Visitor(world, "liaison-hrss").get(address).status_code == 404
    assert "继续走访" in office.get(address).text
    world.clock.set(datetime(2027, 1, 11, 9, 0, tzinfo=SHANGHAI))
    for on, sent in (("2027-01-07", 0), ("2027-01-08", 1), ("", 1)):
        summed = office.get("/reports/roll-up", year=2026, half=2, as_of=on).text
        assert "尚未报送" in summed
        assert f"已报送<b>{sent}</b>" in summed, on
        assert (f"half=2&amp;as_of={on}" in summed) == bool(on)  # PDF and Word are of the same day
    future = liaison.post("/reports", unit="district_office", year="2027", half="2")
    assert (future.status_code, future.json["errors"][0]["path"]) == (422, "/half")


def test_briefs_for_every_leader_and_the_assessment_sheet(world: World) -> None:
    world.recorded(leader_id=str(derived("leader", "leader")))
    office, leader = Visitor(world, "office"), Visitor(world, "leader")
    made = office.post("/briefs", year="2026", month="9")
    assert made.status_code == 200, made.text
    line = r'href="(/briefs/[0-9a-f-]{36})">2026 年 9 月</a></td><td class="name" data-label="领导"><span>陈砚秋'
    [address] = re.findall(line, office.get("/briefs").text)
    assert leader.get(address).status_code == 404
    office.post(f"{address}/release")
    page = leader.get(address).text
    assert "子女入学" in page
    assert "已阅" in page
    assert leader.submit(f"{address}/read").status_code == 302
    assert "阅知" in office.get(address).text
    assert office.get(f"{address}.docx").data.startswith(b"PK")
    sheet = leader.get("/assessment").text
    assert "陈砚秋" in sheet
    assert "程望津" not in sheet
    assert "只列数字、不计分" in sheet
    assert load_workbook(BytesIO(office.get("/assessment.xlsx").data)).active.max_row > 3


def test_pages_take_as_many_statements_for_many_rows_as_for_one(world: World) -> None:
    pages = ("/contacts", "/opinions", "/activities", "/matters", "/reports", "/briefs", "/my-talents", "/assessment")
    office = Visitor(world, "office")

    def fill(number: int) -> None:
        record(world, summary=f"第 {number} 次走访", held_on=f"2026-09-0{number}")
        name, day = f"第 {number} 场座谈会", f"2026-09-0{number}"
        office.post("/activities", name=name, kind="symposium", held_on=day, unit="hrss", talent=["T0001", "T0002"])
        matter = {"unit": "hrss", "talent": "T0001", "title": name, "description": name, "raised_on": day}
        assert office.post("/matters", **matter).status_code == 200
        office.post("/reports", unit=("hrss", "sci", "district_office")[number - 1], year="2026", half="2")
        assert office.post("/briefs", year="2026", month=str(number + 5)).status_code == 200

    def counted() -> dict[str, int]:
        found = {}
        for page in pages:
            with counting(world) as sent:
                assert office.get(page).status_code == 200
            found[page] = len(sent)
        return found

    fill(1)
    one = counted()
    fill(2)
    fill(3)
    assert counted() == one
    assert max(one.values()) <= 40


def test_what_was_said_of_thought_and_life_is_restricted_and_needs_no_open_summary(world: World) -> None:
    page = Visitor(world, LIAISON).get("/contacts/new", leader=str(derived("leader", "leader"))).text
    assert 'data-opens-with="topic[]=4"' in page
    made = record(world, summary="", restricted=SECRET, opinion_0="")
    assert "了解思想、学习、工作、生活情况" in Visitor(world, "auditor").get(f"/contacts/{made}").text
    fields = {"leader_id": str(derived("leader", "leader")), "talent": ["T0001"], "form": "phone",
              "held_on": "2026-09-15", "summary": ""}  # fmt: skip
    for topic, note in (("4", ""), ("3", SECRET)):
        answer = Visitor(world, LIAISON).post("/contacts", **fields, topic=[topic], restricted=note)
        assert [one["path"] for one in answer.json["errors"]] == ["/summary"]


def test_an_opinion_is_of_whom_was_met_and_the_finding_stands_at_its_box(world: World) -> None:
    other = {"talent": ["T0001"], "other": ["T0002"], "opinion_0": "", "opinion_1": "希望改善停车"}
    answer = Visitor(world, LIAISON).post(
        "/contacts", leader_id=str(derived("leader", "leader")), form="visit", held_on="2026-09-15", topic=["2"],
        summary="走访", **other,
    )  # fmt: skip
    assert [(one["path"], "“希望改善停车”" in one["message"]) for one in answer.json["errors"]] == [
        ("/opinion_1", True)
    ]
    made = record(world, **other, opinion_talent_1="T0002")
    with world.database.reading() as session:
        found = contacts.get_contact(session, made, world.actor("office"))
        assert [one.talent_id for one in found.opinions] == ["T0002"]


def test_the_liaison_hears_of_what_a_leader_entered_and_makes_a_need_of_it(world: World) -> None:
    world.clock.set(datetime(2026, 9, 16, 10, tzinfo=SHANGHAI))
    leader = Visitor(world, "leader")
    assert "登记后转给联络员" in leader.get("/contacts/new", talent="T0001").text
    sent = leader.post(
        "/contacts", leader_id=str(derived("leader", "leader")), talent=["T0001"], form="phone", held_on="2026-09-16",
        topic=["2"], summary="电话了解近况", opinion_0="希望改善停车",
    )  # fmt: skip
    assert sent.status_code == 200
    address = sent.json["location"]
    assert "转为需求" not in leader.get(address).text.partition("<main")[2].replace("答复或转为需求", "")
    work_all(world)
    liaison = Visitor(world, LIAISON)
    assert "希望改善停车" in liaison.get("/notices").text
    assert "/cases/new?opinion=" in liaison.get(address).text
    assert inbox_of(world, "office") == []
    record(world)
    work_all(world)
    assert [kind for kind, _ in inbox_of(world, LIAISON)].count("opinion") == 1


def test_a_letter_without_opinions_leads_to_the_form_of_a_need(world: World) -> None:
    """Intake starts from what a talent wrote, also where nothing of it was noted as an opinion (F4)."""
    world.clock.set(datetime(2026, 9, 16, 10, tzinfo=SHANGHAI))
    liaison = Visitor(world, LIAISON)
    sent = liaison.post(
        "/contacts", inbound="yes", leader_id=str(derived("leader", "leader")), talent=["T0001"], form="letter",
        held_on="2026-09-15", summary="来信反映算力不足，希望区里协调",
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
    page = liaison.get(sent.json["location"]).text
    [address] = re.findall(r'href="(/cases/new\?contact=[^"]+)"', page)
    begun = island(liaison.get(address), "form-data")
    data = begun["data"]
    assert data["talent_id"] == "T0001"
    assert data["leader_id"] == str(derived("leader", "leader"))
    assert (data["channel"], data["received_on"]) == ("letter", "2026-09-15")
    assert data["description"] == "来信反映算力不足，希望区里协调"
    assert Visitor(world, "liaison-hrss").get(address).status_code == 404
    assert "/cases/new?contact=" not in Visitor(world, "office").get(sent.json["location"]).text


def test_interviews_are_spoken_of_for_leaders_of_member_units_only(world: World) -> None:
    with world.transaction() as session:
        whose = serving.leader_b(session).id
    office = Visitor(world, "office")
    for leader, counts in ((derived("leader", "leader"), False), (whose, True)):
        held = {"leader_id": str(leader), "talent": ["T0001"], "form": "visit", "held_on": "2026-09-15"}
        made = office.post("/contacts", **held, topic=["2"], summary="走访了解近况")
        assert made.status_code == 200, made.text
        assert ("计入访谈" in office.get(made.json["location"]).text) is counts
        assert ('name="interview"' in office.get("/contacts/new", leader=str(leader)).text) is counts
        rows = office.get("/contacts", leader=str(leader)).text
        assert ("<small>计入访谈</small>" in rows) is counts


def test_why_there_were_too_few_interviews_is_asked_from_december_on(world: World) -> None:
    with world.transaction() as session:
        whose = serving.leader_b(session)
        serving.service_team(session, whose)
        serving.link(session, whose, serving.talent(session, "黄小年"))
    for day, year, asked in (
        ("2026-11-30", 2026, False),
        ("2026-12-01", 2026, True),
        ("2027-01-05", 2027, False),
        ("2027-01-05", 2026, True),
    ):
        world.clock.set(datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=SHANGHAI))
        page = Visitor(world, "office").get("/interviews", year=str(year)).text
        assert "黄小年" in page
        assert ("填写原因" in page) is asked, (day, year)


def test_a_note_for_the_file_is_entered_added_and_withdrawn(world: World) -> None:
    liaison = Visitor(world, LIAISON)
    made = record(world, topic=["3"], note_research="完成中试", opinion_0="")
    page = liaison.get(f"/contacts/{made}").text
    assert "完成中试" in page
    assert "科研" in page
    added = liaison.post(f"/contacts/{made}/notes", note_training="带教三人")
    assert added.status_code == 200, added.text
    with world.database.reading() as session:
        notes = contacts.get_contact(session, made, world.actor(LIAISON)).notes
        assert [one.text for one in notes] == ["完成中试", "带教三人"]
        wrong = notes[0].id
    assert liaison.post(f"/contacts/notes/{wrong}/withdraw", reason="记错了人").status_code == 200
    shown = liaison.get(f"/contacts/{made}").text
    assert "完成中试" not in shown
    assert "带教三人" in shown
    refused = liaison.post(f"/contacts/{made}/notes", note_business="长" * 2001)
    assert {error["path"] for error in refused.json["errors"]} == {"/note_business"}
    auditor = Visitor(world, "auditor").get(f"/contacts/{made}").text
    assert "补记" not in auditor.replace("补记科研、学科、经营、培养情况", "")  # the journal's word alone
