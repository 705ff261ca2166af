"""Word templates are data from people: what is wrong is told with its paragraph, and nothing outside is called."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document

from service.documents import NO_STAMPS, house_templates, word_fault, word_of, words_of
from service.documents.word_faults import NO_WORD

DATA = {"case": {"number": "2026-需-0001"}, "steps": [{"name": "办理"}]}


def template(*lines: str) -> bytes:
    document, made = Document(), io.BytesIO()
    for line in lines:
        document.add_paragraph(line)
    document.save(made)
    return made.getvalue()


def with_part(content: bytes, name: str, text: bytes) -> bytes:
    """The file with one more part, or another content of one that is there."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        new.writestr(name, text)
    return made.getvalue()


RELATED = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
    b'Target="http://192.0.2.1/x.dotm" TargetMode="External"/></Relationships>'
)


def test_a_good_template_is_filled_in() -> None:
    made = word_of(
        template("编号：{{ case.number }}", "{%p for one in steps %}", "{{ one.name }}", "{%p endfor %}"), "x", DATA
    )
    assert words_of(made.content) == ["编号：2026-需-0001", "办理"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("好", "编号：{{ case.nummer }}"), "第 2 段“{{ case.nummer }}”：没有“nummer”这项内容"),
        (("{{ talent }}",), "第 1 段“{{ talent }}”：没有“talent”这项内容"),
        (("一", "二", "{{ case.number | }}"), "第 3 段“{{ case.number | }}”：写法有误"),
        (("{%p for one in steps %}", "没有结尾"), "写法有误"),
        (("{{ ''.__class__.__mro__ }}",), "第 1 段"),
        (("{{ 1 // 0 }}",), "ZeroDivisionError"),
    ],
)
def test_a_fault_is_told_with_its_paragraph(lines: tuple[str, ...], says: str) -> None:
    fault = word_fault(template(*lines), "notice.docx", DATA)
    assert fault is not None
    assert says in fault


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", NO_WORD),
        (b"PK\x03\x04 no zip", NO_WORD),
        (with_part(template("好"), "word/vbaProject.bin", b"x"), "带有宏"),
        (with_part(template("好"), "word/embeddings/object1.bin", b"x"), "带有宏或嵌入的对象"),
        (with_part(template("好"), "word/_rels/settings.xml.rels", RELATED), "引用了文件外的内容"),
        (with_part(template("好"), "word/media/large.png", bytes(30_000_000)), "解开后超过 20 MB"),
    ],
)
def test_what_no_template_may_hold_is_refused(content: bytes, says: str) -> None:
    fault = word_fault(content, "notice.docx", DATA)
    assert fault is not None
    assert says in fault


@pytest.mark.parametrize("name", sorted(one for one in house_templates() if one.endswith(".docx")))
def test_the_houses_templates_have_page_numbers_and_the_area_of_the_standard(name: str) -> None:
    content = house_templates()[name]
    document = Document(io.BytesIO(content))
    section = document.sections[0]
    area = section.page_width - section.left_margin - section.right_margin
    assert [round(one.mm) for one in (section.top_margin, section.bottom_margin)] == [37, 35]
    assert round(area / 36_000) == 156
    assert "PAGE" in section.footer.part.blob.decode()


OFFICE = "区人才工作领导小组办公室"
SIGNED = ("circular", "urge_letter", "meeting_notice", "submission", "reply_letter")


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("long", [1, 40])
def test_the_signature_of_a_letter_stands_on_no_page_alone(name: str, long: int) -> None:
    text = "\n".join("请抓紧办理，并将办理情况及时回复我办。" for _ in range(long))
    fields = [{"title": "办理要求", "words": "请抓紧办理。"}] * long
    case = {"title": "子女转学", "number": ""}
    said = dict.fromkeys(("text", "content"), text)
    said |= dict.fromkeys(("participants", "body", "submitted_on", "given_on"), "某处")
    data = {
        "case": case,
        "said": said,
        "of": {"fields": fields},
        "text": text,
        "facts": [],
        "unit": "区教育局",
        "title": "子女转学",
        "on": "2026年9月16日",
        "number": "",
        "n": 1,
        "scope": "本单位",
        "sign": {"name": "李"},
        "person": {"name": "王"},
        "stamps": NO_STAMPS,
    }
    made = word_of(house_templates()[f"{name}.docx"], f"{name}.docx", data)
    lines = [one for one in Document(io.BytesIO(made.content)).paragraphs if one.text.strip()]
    [at] = [place for place, one in enumerate(lines) if one.text.strip() == OFFICE]
    kept = [one.paragraph_format.keep_with_next for one in lines]
    assert all(kept[at - 1 : at + 1]), [one.text for one in lines[at - 1 : at + 2]]
    assert not all(kept[: at - 1]) or long == 1, "one page could not hold it all"
    if name == "circular":
        assert all(kept[at:-1])
