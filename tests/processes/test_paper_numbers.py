"""发文字号: papers are numbered kind by kind, each once, without gaps and anew every year; PDF and Word bear it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document

from service import clock
from service.config.settings import load
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.processes import operations
from service.usecases.issuing import number_paper
from tests.factories.databases import ON_BOTH
from tests.factories.documents import text_of
from tests.factories.steps import assessed, events
from tests.factories.visitor import Visitor
from tests.factories.wishes import HOME
from tests.factories.workers import mismatches
from tests.factories.world import OFFICE, World

FORMATS = {"meeting_notice": "南人才办会〔{year}〕{seq}号", "meeting_minutes": "纪要〔{year}〕{seq}号"}
pytestmark = ON_BOTH


def convened(world: World) -> int:
    """A meeting is called; the entry of the journal that its notice is made of."""
    assessed(world, "meeting")
    world.do(OFFICE, "convene_meeting")
    return events(world, "completed")[-1].seq


def number(world: World, name: str, seq: int, user: str = OFFICE) -> str:
    with world.transaction() as session:
        return number_paper(
            session,
            instance_id=world.case,
            name=name,
            seq=seq,
            formats=FORMATS,
            actor=world.actor(user),
            now=clock.now(),
        )


def test_a_paper_is_numbered_once_and_pdf_and_word_bear_it(world: World) -> None:
    seq = convened(world)
    office = Visitor(world, OFFICE)
    page = f"/cases/{world.case}/papers/meeting_notice/{seq}"
    assert "编文号" in office.get(page).text
    answer = office.client.post(
        f"{page}/number", json={}, headers={"X-CSRFToken": office.token(), "Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    given = "会议通知〔2026〕1号"
    assert given in office.get(page).text
    assert given in office.get(f"/cases/{world.case}").text
    assert given in text_of(office.get(f"{page}.pdf").data)
    word = Document(BytesIO(office.get(f"{page}.docx").data))
    assert given in "".join(one.text for one in word.paragraphs)
    with pytest.raises(Conflict, match=r"已经编号：会议通知〔2026〕1号"):
        number(world, "meeting_notice", seq)
    assert [one.data["number"] for one in events(world, "numbered")] == [given]
    assert mismatches(world) == []


def test_numbers_of_a_kind_follow_each_other_and_begin_anew_every_year(world: World) -> None:
    first = number(world, "meeting_notice", convened(world))
    second = number(world, "meeting_notice", convened(world))
    world.do(OFFICE, "record_minutes")
    minutes = number(world, "meeting_minutes", events(world, "completed")[-1].seq)
    seq = convened(world)
    world.clock.set(datetime(2027, 1, 4, 1, tzinfo=UTC))
    assert (first, second) == ("南人才办会〔2026〕1号", "南人才办会〔2026〕2号")
    assert minutes == "纪要〔2026〕1号"
    assert number(world, "meeting_notice", seq) == "南人才办会〔2027〕1号"
    assert mismatches(world) == []


def test_a_number_of_a_step_that_was_taken_back_is_not_given_again(world: World) -> None:
    assessed(world, "meeting")
    step = world.do(OFFICE, "convene_meeting")
    seq = events(world, "completed")[-1].seq
    assert number(world, "meeting_notice", seq) == "南人才办会〔2026〕1号"
    with world.transaction() as session:
        operations.take_back(session, task_id=step, reason="有误", actor=world.actor(OFFICE), now=clock.now())
    with pytest.raises(NotFound):
        number(world, "meeting_notice", seq)
    world.do(OFFICE, "convene_meeting")
    assert number(world, "meeting_notice", events(world, "completed")[-1].seq) == "南人才办会〔2026〕2号"


def test_only_the_office_numbers_and_only_papers_that_are_there_with_a_rule(world: World) -> None:
    seq = convened(world)
    with pytest.raises(NotAllowed):
        number(world, "meeting_notice", seq, "handler-edu")
    for name, at in (("meeting_notice", seq + 1), ("nothing", seq), ("common", seq)):
        with pytest.raises(NotFound):
            number(world, name, at)
    letter = re.findall(r"/papers/reply_letter/(\d+)\"", Visitor(world, OFFICE).get(f"/cases/{world.case}").text)
    with pytest.raises(Conflict, match="没有编号规则"):
        number(world, "reply_letter", int(letter[0]))
    assert events(world, "numbered") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('notice = "〔{year}〕号"', "必须含 {seq} 一次"),
        ('notice = "{seq}号"', "必须含 {year} 一次"),
        ('notice = "〔{year}〕{per}{seq}号"', "不能写 {per}"),
        ('Notice = "〔{year}〕{seq}号"', "应是打印模板的名称"),
    ],
)
@pytest.mark.databases("sqlite")
def test_a_rule_by_which_two_papers_would_read_alike_is_refused(tmp_path: Path, line: str, said: str) -> None:
    for file in (HOME / "config").iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    settings = tmp_path / "settings.toml"
    settings.write_text(settings.read_text().replace("[papers]\n", f"[papers]\n{line}\n"))
    with pytest.raises(Invalid) as refused:
        load(tmp_path, {})
    assert any(said in one.message for one in refused.value.findings)
