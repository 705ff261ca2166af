"""The papers of an instance by the API: listed, as PDF and Word, numbered, each noted as printed."""

from __future__ import annotations

from io import BytesIO
from uuid import uuid4

from docx import Document

from tests.factories.documents import text_of
from tests.factories.steps import events, minuted
from tests.factories.world import OFFICE, World


def test_papers_are_listed_and_given_as_pages_give_them(world: World) -> None:
    minuted(world, "settled")
    api = world.api(OFFICE)
    items = api.get(f"/instances/{world.case}/papers").json["items"]
    assert [one["name"] for one in items] == ["sheet", "reply_letter", "meeting_notice", "meeting_minutes"]
    assert items[0] == {
        "name": "sheet",
        "n": None,
        "title": "需求处理单",
        "unit": "",
        "at": None,
        "number": "2026-需-0001",
        "word": False,
    }
    notice = f"/instances/{world.case}/papers/meeting_notice/{items[2]['n']}"
    assert api.post(f"{notice}/number", {}).json == {"number": "会议通知〔2026〕1号"}
    assert api.post(f"{notice}/number", {}).status_code == 409
    pdf, word = api.get(f"{notice}.pdf"), api.get(f"{notice}.docx")
    assert "会议通知〔2026〕1号" in text_of(pdf.data)
    assert "会议通知〔2026〕1号" in "".join(one.text for one in Document(BytesIO(word.data)).paragraphs)
    assert "子女入学" in text_of(api.get(f"/instances/{world.case}/papers/sheet.pdf").data)
    assert [one.data["paper"] for one in events(world, "printed")] == ["meeting_notice", "meeting_notice", "sheet"]
    assert api.get(f"/instances/{world.case}/papers").json["items"][2]["number"] == "会议通知〔2026〕1号"


def test_papers_of_what_one_may_not_see_are_not_there(world: World) -> None:
    minuted(world, "settled")
    items = world.api(OFFICE).get(f"/instances/{world.case}/papers").json["items"]
    stranger, office = world.api("handler-health"), world.api(OFFICE)
    for path in ("", "/sheet.pdf", f"/meeting_notice/{items[2]['n']}.pdf", f"/meeting_notice/{items[2]['n']}.docx"):
        assert stranger.get(f"/instances/{world.case}/papers{path}").status_code == 404
        assert office.get(f"/instances/{uuid4()}/papers{path}").status_code == 404
    assert office.get(f"/instances/{world.case}/papers/common.pdf").status_code == 404
    assert office.get(f"/instances/{world.case}/papers/meeting_notice/1.pdf").status_code == 404
    assert (
        world.api("handler-edu").post(f"/instances/{world.case}/papers/meeting_notice/1/number", {}).status_code == 403
    )
    assert events(world, "printed") == []
