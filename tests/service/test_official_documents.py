"""Official documents by GB/T 9704-2012: measured in the PDFs that the shipped templates make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from pypdf import PageObject, PdfReader

from service import documents
from service.documents import TEMPLATE_FOLDER, about
from service.documents import type as types
from service.documents.samples import OF_A_STEP, SAMPLES
from service.errors import Incident
from tests.factories.documents import MADE_AT, RARE, TYPE_FOLDER, pages, printed, text_of, with_type

MM = 72 / 25.4
CASE = {"number": "2026-需-0001", "title": "子女转学", "process": "", "started_on": "", "ended_on": "", "end": "",
        "starter": "", "unit": ""}  # fmt: skip
STEPS: dict[str, Any] = {"case": CASE, "fields": {}, "steps": [], "waiting": []}
LETTERS = sorted(name for name, told in ((one.stem, about(one.read_bytes())) for one in TEMPLATE_FOLDER.glob("*.typ"))
                 if told.each)  # fmt: skip


def made(name: str, **changes: Any) -> bytes:
    data = {**SAMPLES["circular"], **STEPS, **(OF_A_STEP if name in LETTERS else {}), **changes}
    return printed(data, template=name).content


def reader(content: bytes) -> list[PageObject]:
    return list(PdfReader(BytesIO(content)).pages)


def placed(page: PageObject) -> list[tuple[float, float, float, str]]:
    """(left, height from the top, size, text) of each run of a page, in points."""
    found: list[tuple[float, float, float, str]] = []

    def visit(text: str, at: list[float], matrix: list[float], _font: Any, size: float) -> None:
        if text.strip():
            x = at[0] * matrix[4] + at[4] if at[0] else matrix[4]
            y = at[3] * matrix[5] + at[5] if at[3] else matrix[5]
            found.append((x, float(page.mediabox.height) - y if y > 0 else -y, size, text.strip()))

    page.extract_text(visitor_text=visit)
    return found


def rules(page: PageObject) -> list[tuple[float, float, float, str]]:
    """(left, height from the top, length, color) of each straight rule of a page, in points."""
    found: list[tuple[float, float, float, str]] = []
    state: dict[str, Any] = {"color": "", "start": (0.0, 0.0)}
    whole = float(page.mediabox.height)

    def visit(operator: bytes, operands: list[Any], at: list[float], _text: list[float]) -> None:
        if operator in (b"RG", b"SCN", b"sc", b"SC"):
            state["color"] = " ".join(f"{float(one):.2f}" for one in operands if not isinstance(one, str))
        elif operator == b"m":
            state["start"] = tuple(map(float, operands))
        elif operator == b"l":
            (x, y), (x2, _) = state["start"], map(float, operands)
            left, right = at[0] * x + at[4], at[0] * x2 + at[4]
            top = whole - (at[3] * y + at[5])
            found.append((left, top, right - left, state["color"]))

    page.extract_text(visitor_operand_before=visit)
    return found


def lines_of(page: PageObject) -> list[str]:
    return [line for line in page.extract_text().splitlines() if line.strip()]


def test_a_full_page_has_22_lines_of_28_characters() -> None:
    second = lines_of(reader(made("circular", text="字" * 2000))[1])
    body = [line for line in second if set(line.strip()) == {"字"}]
    assert [len(line.strip()) for line in body] == [28] * 22


@pytest.mark.parametrize("name", ["circular", *LETTERS])
def test_every_paper_is_a4_and_pdf_a_2b(name: str) -> None:
    content = made(name)
    page = reader(content)[0]
    assert (round(float(page.mediabox.width) / MM), round(float(page.mediabox.height) / MM)) == (210, 297)
    packet = PdfReader(BytesIO(content)).xmp_metadata
    assert packet is not None
    raw = packet.stream.get_data().decode()
    assert re.search(r"pdfaid:part[>=\"]+2", raw)
    assert re.search(r"pdfaid:conformance[>=\"]+B", raw)


def test_papers_bound_in_one_file_stay_pdf_a() -> None:
    papers = [made("circular"), made("urge_letter")]
    whole = documents.bound(papers)
    packet = PdfReader(BytesIO(whole)).xmp_metadata
    assert packet is not None
    assert "pdfaid:part" in packet.stream.get_data().decode()
    assert "/OutputIntents" in PdfReader(BytesIO(whole)).trailer["/Root"]
    assert len(reader(whole)) == sum(len(reader(one)) for one in papers)


def test_page_numbers_stand_right_on_odd_and_left_on_even_pages() -> None:
    first, second, *_ = reader(made("circular", text="字" * 2000))
    [odd] = [one for one in placed(first) if one[3].startswith("—")]
    [even] = [one for one in placed(second) if one[3].startswith("—")]
    assert odd[0] > 150 * MM
    assert even[0] == pytest.approx(28 * MM + 14, abs=2)


def test_a_letter_has_no_number_on_its_first_page() -> None:
    first, second, *_ = pages(made("urge_letter", of={**OF_A_STEP["of"], "fields": [
        {"id": "text", "title": "", "value": "", "words": "请回复。" * 300}]}))  # fmt: skip
    assert "—1—" not in first
    assert "—2—" in second


def red_rules(page: PageObject) -> Iterator[tuple[float, float, float]]:
    return ((left, top, long) for left, top, long, color in rules(page) if color.startswith(("0.84", "0.8")))


def test_the_red_rule_is_as_wide_as_the_text_and_4_mm_below_the_number() -> None:
    page = reader(made("circular"))[0]
    [(left, top, long)] = red_rules(page)
    assert left == pytest.approx(28 * MM, abs=0.5)
    assert long == pytest.approx(156 * MM, abs=2)
    [number] = [one for one in placed(page) if "通报〔2026〕1号" in one[3]]
    assert top - number[1] == pytest.approx(4 * MM + 0.12 * 16, abs=1.5)


def test_a_letter_has_double_rules_of_170_mm_the_lower_20_mm_from_the_edge() -> None:
    found = list(red_rules(reader(made("urge_letter"))[0]))
    assert len(found) == 4
    assert {round(long / MM) for _, _, long in found} == {170}
    assert {round(left / MM) for left, _, _ in found} == {20}
    assert max(top for _, top, _ in found) == pytest.approx((297 - 20) * MM, abs=2)


def test_a_long_title_is_split_in_lines_that_begin_with_no_stop_and_keep_a_short_quotation() -> None:
    title = "子女入读公办学校及其配偶就业安置、人才住房补贴政策衔接"
    told = text_of(made("circular", title=title))
    assert f"关于“{title}”办理情况的通报" in told
    for n in range(1, 60):
        first = lines_of(reader(made("circular", title=("高层次人才子女入学、住房、医疗" * 5)[:n]))[0])
        assert not [line for line in first if line.strip()[0] in "、。，”）"], n


def test_rare_signs_are_marked_and_the_paper_is_made() -> None:
    told = printed({**SAMPLES["circular"], **STEPS, "text": f"张{RARE}𬭎😀\ue863"}, template="circular")
    assert "张〓𬭎" in text_of(told.content)
    assert RARE in told.missing


def test_faces_that_lack_are_told_and_one_that_is_there_is_used(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "OFFICIAL_TYPE", {**types.OFFICIAL_TYPE, "title": ("Little Standard Song",)})
    assert "小标宋" in types.replaced_faces()
    folder = with_type(tmp_path, "Little Standard Song", "关于子女入学办理情况的通报区人才工作领导小组室文件")
    assert "小标宋" not in types.replaced_faces(folder)
    data = {**SAMPLES["circular"], **STEPS}
    content = documents.render(TEMPLATE_FOLDER / "circular.typ", data, made_at=MADE_AT, type_folder=folder).content
    fonts = {str(one["/BaseFont"]) for page in reader(content) for one in page["/Resources"]["/Font"].values()}
    assert any("LittleStandardSong" in name for name in fonts)


def test_a_fault_is_told_with_its_line(tmp_path: Any) -> None:
    (tmp_path / "common.typ").write_bytes((TEMPLATE_FOLDER / "common.typ").read_bytes())
    (tmp_path / "x.typ").write_text('// 甲\n#import "common.typ": *\n\n#data.nothing\n', encoding="utf-8")
    with pytest.raises(Incident, match=r"x\.typ 有误：第 4 行，.*nothing"):
        documents.render(tmp_path / "x.typ", {}, made_at=MADE_AT, type_folder=TYPE_FOLDER)


@pytest.mark.parametrize("path", sorted(TEMPLATE_FOLDER.glob("*.docx")), ids=lambda path: path.stem)
def test_letters_of_word_files_stand_in_no_grid_of_their_own(path: Path) -> None:
    """LibreOffice, and programs built on it, give a letter that is wider than its cell two cells."""
    with ZipFile(path) as packed:
        document, styles = (packed.read(f"word/{part}.xml").decode() for part in ("document", "styles"))
    assert "linesAndChars" not in document
    if 'w:linePitch="580"' in document:  # 22 lines: 28 letters of 16 pt fit in 156 mm where they stand closer
        assert '<w:spacing w:val="-4"/><w:sz w:val="32"/>' in styles


@pytest.mark.parametrize(("content", "times"), [("您反映的“子女转学”办理情况如下：\n已经解决。", 1), ("已经解决。", 1)])
def test_a_letter_to_a_talent_opens_once(content: str, times: int) -> None:
    of = {**OF_A_STEP["of"], "id": "feedback_result"}
    of["fields"] = [{"id": "content", "title": "反馈内容", "words": content, "value": content, "files": []}]
    words = text_of(made("reply_letter", of=of))
    assert (words.count("您反映的"), "已经解决" in words) == (times, True)
