"""Word templates are data from people: what is wrong is told with its paragraph, and nothing outside is called."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document

from service.documents import house_templates, word_fault, word_of, words_of
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
