"""Files on the pages of their records: shown, attached, withdrawn, told in the course of a case."""

from __future__ import annotations

import re
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

from service.auth.queries import account_names
from service.storage.stores import KEY as STORE
from tests.factories.change_reports import MOVED
from tests.factories.contact_pages import record
from tests.factories.files import DOCX, OFD, packed
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, World

PDF = b"%PDF-1.7 decision"


def attach(visitor: Visitor, stream: str, name: str = "任免通知.pdf") -> Any:
    return visitor.submit("/files", stream=stream, file=(BytesIO(PDF), name))


def test_evidence_of_a_change_stands_on_its_pages_and_in_its_course(world: World) -> None:
    liaison, office = Visitor(world, "liaison-district_office"), Visitor(world, "office")
    address = liaison.post("/cases/new/change_report", data=MOVED).json["location"]
    assert "提交后" in liaison.get("/cases/new/change_report").text
    answer = attach(liaison, f"instance:{address.rpartition('/')[2]}")
    assert (answer.status_code, answer.location) == (302, f"{address}#files")
    for page in (office.get(address).text, Visitor(world, "leader").get(address).text):
        assert "任免通知.pdf" in page
        assert "上传附件" in page
    task = re.search(r'href="(/tasks/[0-9a-f-]{36})"', office.get(address).text)
    assert task is not None
    assert "任免通知.pdf" in office.get(task[1]).text
    auditor = Visitor(world, "auditor").get(address).text
    assert "任免通知.pdf" in auditor
    assert 'enctype="multipart/form-data"' not in auditor
    withdraw = re.search(r'action="(/files/[^"]+/withdraw)"', liaison.get(address).text)
    assert withdraw is not None
    without = liaison.submit(withdraw[1])
    assert without.status_code == 422
    assert "撤回原因" in without.text
    assert liaison.submit(withdraw[1], reason="传错了文件").location == f"{address}#files"
    assert "没有在用的文件" in office.get(address).text
    assert "还没有文件" in liaison.get(address).text
    assert "撤回附件" in office.get(address).text
    assert "传错了文件" in office.get(address).text


def test_a_withdrawn_file_stays_on_its_page_for_auditors_with_who_withdrew_it_and_why(world: World) -> None:
    case = world.accepted()
    liaison = Visitor(world, LIAISON)
    attach(liaison, f"instance:{case}", "扫描件.pdf")
    withdraw = re.search(r'action="(/files/[^"]+/withdraw)"', liaison.get(f"/cases/{case}").text)
    assert withdraw is not None
    liaison.submit(withdraw[1], reason="传错了，另传原件")
    with world.database.reading() as session:
        name = account_names(session, [LIAISON])[LIAISON]
    for reader in ("auditor", "office"):
        page = Visitor(world, reader).get(f"/cases/{case}").text
        assert "还没有文件" not in page
        told = re.search(r"已撤回的文件（1）.*?</ul>", page, re.DOTALL)
        assert told is not None
        for word in ("扫描件.pdf", f"{name} ", "撤回：传错了，另传原件"):
            assert word in told[0]
        [link] = re.findall(r'href="(/files/[^"]+)"', told[0])
        assert Visitor(world, reader).get(link).data == PDF
    page = liaison.get(f"/cases/{case}").text
    assert "还没有文件" in page
    assert "已撤回的文件" not in page


def test_a_report_carries_files_until_it_is_sent(world: World) -> None:
    liaison = Visitor(world, "liaison-district_office")
    address = liaison.post("/reports", unit="district_office", year="2026", half="2").json["location"]
    assert attach(liaison, f"report:{address.rpartition('/')[2]}", "工作照片.pdf").location == f"{address}#files"
    page = Visitor(world, "office").get(address).text
    assert "工作照片.pdf" in page
    assert 'enctype="multipart/form-data"' not in page


def test_each_matter_of_a_unit_has_its_own_files(world: World) -> None:
    liaison = Visitor(world, LIAISON)
    told = {"unit": "hrss", "talent": "T0001", "title": "职称评审", "description": "协助", "raised_on": "2026-09-10"}
    assert liaison.post("/matters", **told).status_code == 200
    stream = re.search(r'value="(matter:[^"]+)"', liaison.get("/matters").text)
    assert stream is not None
    assert attach(liaison, stream[1], "评审表.pdf").status_code == 302
    auditor = Visitor(world, "auditor").get("/matters").text
    assert "附件 1" in auditor
    assert "评审表.pdf" in auditor
    assert 'value="matter:' not in auditor


def test_files_beside_a_restricted_note_are_not_shown_to_others(world: World) -> None:
    contact = record(world, topics=[4], restricted="近期情绪低落")
    liaison = Visitor(world, "liaison-district_office")
    assert attach(liaison, f"contact:{contact}", "来信.pdf").status_code == 302
    assert "来信.pdf" in liaison.get(f"/contacts/{contact}").text
    auditor = Visitor(world, "auditor").get(f"/contacts/{contact}").text
    assert "来信.pdf" not in auditor
    assert "附件一并保密" in auditor


def test_a_file_too_large_or_of_another_kind_is_refused_with_the_way_out(world: World) -> None:
    liaison = Visitor(world, LIAISON)
    refused = liaison.submit("/files", stream="unit:hrss", file=(BytesIO(b"MZ"), "制度.pdf"))
    assert refused.status_code == 422
    assert "用原软件重新保存后上传" in refused.text
    assert liaison.submit("/files", stream="unit:hrss").status_code == 422
    large = {"data": b"0" * 31_000_000, "content_type": "multipart/form-data; boundary=x"}  # no file that stays open
    refused = liaison.client.post("/files", **large)
    assert refused.status_code == 413
    assert "一次最多 30 MB。文字请精简，文件请压缩后或分几次上传" in refused.text


def test_a_file_that_no_browser_draws_has_a_card_and_an_ofd_its_words(world: World) -> None:
    told = "<ofd:TextObject><ofd:TextCode>{}</ofd:TextCode></ofd:TextObject>"
    page = '<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016">{}</ofd:Page>'
    first = page.format(told.format("关于子女入学的复函") + told.format("&lt;script&gt;"))
    content = packed(
        OFD_x_xml=b"<ofd:OFD/>",
        Doc_0__Pages__Page_1__Content_x_xml=page.format(told.format("第二页")).encode(),
        Doc_0__Pages__Page_0__Content_x_xml=first.encode(),
    )
    liaison = Visitor(world, LIAISON)
    for name, file in (("复函.ofd", content), ("坏页.ofd", OFD), ("说明.docx", DOCX)):
        assert liaison.submit("/files", stream="unit:hrss", file=(BytesIO(file), name)).status_code == 302
    shown = re.findall(r'href="(/files/[^"]+/view)" data-preview="([^"]+)"', liaison.get("/matters?unit=hrss").text)
    cards = {name: liaison.get(address) for address, name in shown}
    card = cards["复函.ofd"]
    assert "script-src" not in card.headers["Content-Security-Policy"]
    assert "default-src 'none'" in card.headers["Content-Security-Policy"]
    assert sha256(content).hexdigest() in card.text
    assert "关于子女入学的复函\n&lt;script&gt;\n第二页" in card.text
    assert "OFD 版式文件" in cards["坏页.ofd"].text
    assert "文件里的文字" not in cards["坏页.ofd"].text + cards["说明.docx"].text
    assert "Word 文档" in cards["说明.docx"].text
    assert Visitor(world, "handler-health").get("/files/00000000-0000-0000-0000-000000000000/view").status_code == 404


def test_a_file_that_may_not_be_attached_is_not_taken_into_the_store(world: World) -> None:
    store, content = world.database.session_info[STORE], PDF + uuid4().bytes

    def send(user: str, stream: str) -> int:
        answer = Visitor(world, user).submit("/files", stream=stream, file=(BytesIO(content), "任免通知.pdf"))
        return int(answer.status_code)

    assert send("handler-edu", "unit:hrss") == 403
    assert send(LIAISON, "contact:nothing") == 404
    assert send(LIAISON, "") == 404
    assert not store.holds(sha256(content).hexdigest())
    assert send(LIAISON, "unit:hrss") == 302
    assert store.holds(sha256(content).hexdigest())
