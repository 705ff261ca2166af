"""Papers of single steps of a case: printed from its page, with what was known then and with fields that are added."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

from docx import Document
from pypdf import PdfReader
from sqlalchemy import select

from service import clock
from service.history import HistoryEvent
from service.ledger.case_record import Record
from service.ledger.sheet import sheet_of
from service.processes import operations
from service.processes.bundles import read_bundle
from service.processes.models import Instance
from service.rights import Grant
from service.talents.masks import masked
from service.talents.models import Talent
from tests.factories.documents import text_of
from tests.factories.steps import assessed, events, minuted
from tests.factories.visitor import Visitor
from tests.factories.wishes import HOME, House
from tests.factories.world import OFFICE, World

ADDED = {"type": "string", "title": "会议联系人", "maxLength": 100}


def offered(world: World, user: str = OFFICE) -> dict[str, str]:
    """Address of each paper of a step that the case's page offers, by its title."""
    page = Visitor(world, user).get(f"/cases/{world.case}").text
    found = re.findall(rf'href="(/cases/{world.case}/papers/[a-z_]+/\d+\.pdf)"[^>]*>([^<]+)<', page)
    return {title: address for address, title in found}


def printed_entries(world: World) -> list[HistoryEvent]:
    return events(world, "printed")


def word(world: World, address: str) -> str:
    answer = Visitor(world, OFFICE).get(address)
    assert answer.status_code == 200, answer.text
    return "".join(one.text for one in Document(BytesIO(answer.data)).paragraphs)


def told(world: World, start: str, user: str = OFFICE) -> str:
    address = [one for title, one in offered(world, user).items() if title.startswith(start)][-1]
    answer = Visitor(world, user).get(address)
    assert answer.status_code == 200, answer.text
    return text_of(answer.data)


def test_notice_minutes_and_letters_say_what_was_filled_in_at_their_step(world: World) -> None:
    minuted(world, "escalate")
    world.do(OFFICE, "submit_topic")
    assert {title.partition("（")[0] for title in offered(world)} == {"反馈函", "会议通知", "会议纪要", "上会请示"}
    meeting = world.sample("convene_meeting")
    notice = told(world, "会议通知")
    assert "关于召开“子女入学”专题工作会议的通知" in notice
    assert meeting["place"] in notice
    held = date.fromisoformat(meeting["held_on"])
    assert f"{held.month}月{held.day}日（星期{'一二三四五六日'[held.weekday()]}）召开" in notice
    assert "的通知区教育局、桂城街道办事处：" in notice
    minutes = told(world, "会议纪要")
    assert world.sample("record_minutes")["decisions"] in minutes
    assert f"在{meeting['place']}召开专题工作会议" in minutes
    submission = told(world, "上会请示")
    assert "签发人：" in submission
    assert "提请区政府常务会议审议的请示" in submission
    assert "妥否，请批示。" in submission
    letter = told(world, "反馈函")
    assert world.sample("feedback_accepted")["content"] in letter
    assert "已经受理" in letter
    assert [one.data["paper"] for one in printed_entries(world)] == [
        "meeting_notice",
        "meeting_minutes",
        "submission",
        "reply_letter",
    ]
    [address] = [one for title, one in offered(world).items() if title.startswith("会议纪要")]
    in_word = word(world, address.replace(".pdf", ".docx"))
    for said in (meeting["place"], meeting["agenda"], f"{held.year}年{held.month}月{held.day}日", "区教育局"):
        assert said in in_word, "when, where, about what and with whom the meeting was"


def test_the_talents_telephone_stands_on_the_form_of_the_unit_and_on_no_letter(world: World) -> None:
    minuted(world, "settled")
    with world.database.reading() as session:
        [phone] = session.scalars(select(Talent.phone).join(Instance, Instance.talent_id == Talent.id))
    assert phone is not None
    form = f"/cases/{world.case}/sheet.pdf"
    assert phone in text_of(Visitor(world, "handler-edu").get(form).data)
    with world.database.reading() as session:
        other = replace(world.actor("handler-edu"), grants=frozenset({Grant("responsible_unit", "health")}))
        seen = dict(sheet_of(Record(session, world.case, world.actor(OFFICE)), other).data)
    assert seen["person"]["contact"] == masked(phone)
    for title in offered(world):
        assert phone not in told(world, title)


def test_an_urge_gives_a_letter_with_the_facts_of_its_day(world: World) -> None:
    world.dispatched("edu", title="子女转学")
    world.pass_days(14)
    task = world.task("handle", "edu")
    with world.transaction() as session:
        said = {"text": "请于三日内回复。", "actor": world.actor(OFFICE), "now": clock.now()}
        operations.urge(session, instance_id=world.case, task_id=task.id, **said)
    first = told(world, "催办通知书")
    assert "区教育局：贵单位承办的“子女转学”（2026-需-0001），请抓紧办理。" in first
    assert "请于三日内回复。" in first
    assert "办理期限2026年9月24日" in first
    assert re.search(r"已超期\d+个工作日（截至2026年9月30日）", first)
    letter = list(offered(world).values())[-1].replace(".pdf", ".docx")
    assert "请于三日内回复。" in word(world, letter)
    world.pass_days(12)
    world.do(OFFICE, "approve_circular", {"decision": "issue", "text": "予以通报。"})
    assert "关于“子女转学”办理情况的通报" in word(world, f"/cases/{world.case}/circulars/1.docx")
    world.do("handler-edu", "handle", unit="edu")
    first_letter = text_of(Visitor(world, OFFICE).get(letter.replace(".docx", ".pdf")).data)
    assert first_letter == first
    letter = next(iter(offered(world).values()))
    assert Visitor(world, "handler-health").get(letter).status_code == 404


def test_the_signature_of_a_letter_never_stands_alone_on_a_page(world: World) -> None:
    world.dispatched("edu", title="子女转学")
    world.pass_days(14)
    task = world.task("handle", "edu")
    broken = 0
    for lines in (1, 2, 3, 4, 5, 6):
        with world.transaction() as session:
            said = {"text": "\n".join(["请告知进展。"] * lines), "actor": world.actor(OFFICE), "now": clock.now()}
            operations.urge(session, instance_id=world.case, task_id=task.id, **said)
        letter = Visitor(world, OFFICE).get(list(offered(world).values())[-1])
        *before, last = (re.sub(r"\s", "", page.extract_text()) for page in PdfReader(BytesIO(letter.data)).pages)
        assert "请签收" in last, (lines, last)
        broken += bool(before)
        found = re.search(r"现第(\d+)次催办.*此前催办(\d+)次", "".join([*before, last]))
        assert found is not None
        assert int(found[1]) == int(found[2]) + 1, found
    assert broken, "one of them fills its first page"


def test_a_step_taken_back_gives_no_paper(world: World) -> None:
    assessed(world, "meeting")
    step = world.do(OFFICE, "convene_meeting")
    [address] = [one for title, one in offered(world).items() if title.startswith("会议通知")]
    with world.transaction() as session:
        operations.take_back(session, task_id=step, reason="有误", actor=world.actor(OFFICE), now=clock.now())
    assert not [title for title in offered(world) if title.startswith("会议通知")]
    office = Visitor(world, OFFICE)
    assert office.get(address).status_code == 404
    assert office.get(f"/cases/{world.case}/papers/nothing/1.pdf").status_code == 404
    assert office.get(f"/cases/{world.case}/papers/common/1.pdf").status_code == 404


def test_a_new_field_stands_on_the_paper_without_python_and_a_paper_of_ones_own_too(
    world: World, tmp_path: Path
) -> None:
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    schema = json.loads(files["forms/convene_meeting.json"])
    schema["properties"]["contact"] = ADDED
    files["forms/convene_meeting.json"] = json.dumps(schema, ensure_ascii=False).encode()
    ui = json.loads(files["forms/convene_meeting.ui.json"])
    ui["ui:order"] = [*ui["ui:order"], "contact"]
    files["forms/convene_meeting.ui.json"] = json.dumps(ui, ensure_ascii=False).encode()
    own = '// 签到表\n// 步骤：convene_meeting\n#import "common.typ": *\n#show: official.with(title: "签到表")\n'
    files["print/sign_in.typ"] = (own + '签到表：#said("place")。#said("contact")').encode()
    house = House(world, tmp_path)
    house.deploy("request", files)
    assessed(world, "meeting")
    world.do(OFFICE, "convene_meeting", {**world.sample("convene_meeting"), "contact": "张三（81234567）"})
    house.pages()
    assert "会议联系人张三（81234567）" in told(world, "会议通知")
    assert f"签到表：{world.sample('convene_meeting')['place']}。张三（81234567）" in told(world, "签到表")


def test_every_paper_of_a_step_comes_as_word_too_with_the_same_content(world: World) -> None:
    minuted(world, "escalate")
    world.do(OFFICE, "submit_topic")
    office = Visitor(world, OFFICE)
    for title, address in offered(world).items():
        answer = office.get(address.replace(".pdf", ".docx"))
        assert answer.status_code == 200, (title, answer.text[:300])
        paper = Document(BytesIO(answer.data))
        text = "".join(one.text for one in paper.paragraphs)
        assert "子女入学" in text, title
        assert title[:4] != "会议通知" or world.sample("convene_meeting")["place"] in text
        page = paper.sections[0]
        assert (round(page.top_margin.mm), round(page.left_margin.mm)) == (37, 28), title
    assert Visitor(world, "handler-health").get(address.replace(".pdf", ".docx")).status_code == 404


def test_a_notice_tells_the_time_of_the_meeting_once_with_its_day(world: World) -> None:
    assessed(world, "meeting")
    world.do(OFFICE, "convene_meeting", {**world.sample("convene_meeting"), "held_at": "14:30"})
    notice = told(world, "会议通知")
    assert notice.count("会议时间") == 1
    assert notice.count("14:30") == 2
    assert re.search(r"定于\d+年\d+月\d+日（星期.）14:30召开", re.sub(r"\s", "", notice))
