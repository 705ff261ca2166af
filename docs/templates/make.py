"""Makes the first Word templates of the reports (forms/print/*.docx).

Afterwards they are the office's: edited in Word, where every ``{{ … }}`` and ``{% … %}`` must stay as it is. Run it
only to begin anew: ``.venv/bin/python docs/templates/make.py roll_up`` makes that one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from docx import Document
from docx.document import Document as Word
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

FOLDER = Path(__file__).resolve().parents[2] / "forms" / "print"
OFFICE = "区人才工作领导小组办公室"
BODY, HEADING, TITLE = "仿宋", "黑体", "标题文字"


def half_year_report() -> Word:
    """半年报告."""
    paper = _paper()
    _numbered_pages(paper)
    _number(paper)
    _line(paper, "{{ title }}", size=18, bold=True, centre=True)
    _line(paper, "报送单位：{{ unit }}　　统计期：{{ period }}", size=12, centre=True)
    sent = "{% if sent_on %}　{{ sent_on }}报送（{{ sent_by }}）{% endif %}"
    _line(paper, "数据截至 {{ counted_on }}　{{ status }}" + sent + "　{{ late }}", size=11, centre=True)
    _line(paper, "{%p for section in sections %}")
    _line(paper, "{{ section.heading }}", bold=True).paragraph_format.keep_with_next = True
    _line(paper, "{%p for paragraph in section.paragraphs %}")
    _line(paper, "{{ paragraph }}", indent=True)
    _line(paper, "{%p endfor %}")
    _line(paper, "{%p endfor %}")
    _table(paper, "附表一　统计数字", "figures", {"项目": "name", "数字": "value"}, (38, 122))
    _table(
        paper,
        "附表二　领导开展联系服务情况",
        "leaders",
        {"领导": "name", "职务": "post", "联系次数": "contacts", "其中访谈": "interviews"},
        (32, 72, 28, 28),
    )
    _table(
        paper,
        "附表三　意见建议",
        "opinions",
        {"联系领导": "leader", "人才": "talent", "意见建议": "text", "处理情况": "status"},
        (26, 26, 84, 24),
    )
    _table(
        paper,
        "附表四　本年访谈未满 2 次的联系对象",
        "short",
        {"联系领导": "leader", "人才": "talent", "已访谈": "count", "原因": "reason"},
        (30, 30, 24, 76),
    )
    return paper


def roll_up() -> Word:
    """半年报告汇总."""
    paper = _paper()
    _numbered_pages(paper)
    _number(paper)
    _line(paper, "{{ title }}", size=18, bold=True, centre=True)
    _line(paper, "{{ state }}", size=11, centre=True)
    _line(paper, "{%p for paragraph in summary %}")
    _line(paper, "{{ paragraph }}", indent=True)
    _line(paper, "{%p endfor %}")
    _table(paper, "一、合计（已报送的报告）", "figures", {"项目": "name", "数字": "value"}, (42, 118))
    _table(
        paper,
        "二、各单位情况",
        "units",
        {"单位": "name", "状态": "status", "联系": "contacts", "意见建议": "opinions", "需求": "needs"},
        (68, 34, 18, 22, 18),
    )
    return paper


def brief() -> Word:
    """专报."""
    paper = _paper()
    _numbered_pages(paper)
    _number(paper)
    _line(paper, "{{ title }}", size=18, bold=True, centre=True)
    _line(paper, "区人才工作领导小组办公室　　{{ released_on }}", size=12, centre=True)
    _line(paper, "呈：{{ leader }}同志（{{ post }}）")
    _line(paper, "{%p for paragraph in paragraphs %}")
    _line(paper, "{{ paragraph }}", indent=True)
    _line(paper, "{%p endfor %}")
    _table(
        paper,
        "需求办理情况",
        "needs",
        {"编号": "number", "事项": "title", "人才": "talent", "办理情况": "status"},
        (34, 68, 24, 34),
    )
    _table(
        paper,
        "本月联系",
        "contacts",
        {"日期": "held_on", "形式": "form", "人才": "talents", "情况摘要": "summary"},
        (34, 24, 28, 74),
    )
    _table(
        paper,
        "意见建议",
        "opinions",
        {"人才": "talent", "意见建议": "text", "处理情况": "status"},
        (28, 106, 26),
    )
    _table(paper, "联系服务的高层次人才", "talents", {"姓名": "name", "工作单位": "employer"}, (40, 120))
    return paper


def _number(paper: Word) -> None:
    """The number of the paper above its title, where it has one."""
    _line(paper, "{%p if number %}")
    _line(paper, "{{ number }}", size=12, centre=True)
    _line(paper, "{%p endif %}")


def circular() -> Word:
    """通报."""
    paper = _official(f"{OFFICE}文件", "关于“{{ title }}”办理情况的通报", "{{ unit }}：")
    _told(paper, "text")
    _facts(paper)
    _signed(paper, "{{ on }}", noted=True)
    _line(paper, "{%p if scope %}")
    _body(paper, "（通报范围：{{ scope }}）", kept=True)
    _line(paper, "{%p endif %}")
    _body(paper, "（系统登记审批人：{{ sign.name }}）")
    return _imprinted(paper, "", "{{ on }}")


def urge_letter() -> Word:
    """催办通知书."""
    paper = _letter("催办通知书", "{{ unit }}：")
    numbered = "{% if case.number %}（{{ case.number }}）{% endif %}"
    _body(paper, f"贵单位承办的“{{{{ case.title }}}}”{numbered}，请抓紧办理。现第 {{{{ n }}}} 次催办如下：")
    _told(paper, "said.text")
    _facts(paper)
    _body(paper, "请签收，并将办理情况及时回复我办。", kept=True)
    return _signed(paper, "{{ on }}")


def meeting_notice() -> Word:
    """会议通知."""
    title = "关于召开“{{ case.title }}”专题工作会议的通知"
    paper = _official(f"{OFFICE}文件", title, "{{ said.participants }}：")
    _body(paper, "现将有关事项通知如下：")
    _every_field(paper)
    _body(paper, "请准时参加，并准备与议题有关的材料。", kept=True)
    _signed(paper, "{{ on }}")
    return _imprinted(paper, "{{ said.participants }}", "{{ on }}")


def meeting_minutes() -> Word:
    """会议纪要."""
    paper = _minutes("专题工作会议纪要", "“{{ case.title }}”专题工作会议纪要")
    _line(paper, '{%p for meeting in (steps | selectattr("id", "equalto", "convene_meeting") | list)[-1:] %}')
    _each(paper, "meeting.fields", "{{ one.title }}：{{ one.words }}")
    _line(paper, "{%p endfor %}")
    _every_field(paper)
    return _imprinted(paper, "", "{{ on }}")


def submission() -> Word:
    """上会请示."""
    title = "关于将“{{ case.title }}”提请{{ said.body }}审议的请示"
    paper = _official(f"{OFFICE}文件", title, "{{ said.body }}：", signer=True)
    _every_field(paper)
    _body(paper, "妥否，请批示。", kept=True)
    _signed(paper, "{{ said.submitted_on }}")
    return _imprinted(paper, "", "{{ said.submitted_on }}")


def reply_letter() -> Word:
    """反馈函."""
    paper = _letter("关于“{{ case.title }}”情况的反馈函", "{{ person.name }}：")
    _told(paper, "said.content")
    _line(paper, "{%p if said.explanation is defined %}")
    _body(paper, "{{ said.explanation }}", kept=True)
    _line(paper, "{%p endif %}")
    return _signed(paper, "{{ said.given_on }}")


def _official(mark: str, title: str, to: str, *, signer: bool = False) -> Word:
    """A document with a red head (公文): mark, number, red rule, title, to whom; page numbers."""
    paper = _standard()
    _numbered_pages(paper)
    _mark(paper, mark, Mm(35))
    number = _line(paper, "{{ number }}" + ("\t签发人：" if signer else ""), size=16, centre=not signer)
    if signer:
        number.paragraph_format.tab_stops.add_tab_stop(Mm(100))
        number.paragraph_format.left_indent = Pt(16)
    number.paragraph_format.space_before = Pt(58)
    _ruled(number, "single", 12, 11)
    _titled(paper, title, to)
    return paper


def _letter(title: str, to: str) -> Word:
    """A letter (信函格式): the issuer 30 mm below the edge, a red double rule, another above the lower edge of page 1,
    no page number there."""
    paper = _standard()
    _numbered_pages(paper, from_two=True)
    section = paper.sections[0]
    section.header_distance, section.footer_distance = Mm(30), Mm(20)
    mark = section.first_page_header.paragraphs[0]
    _red(mark, OFFICE, 30)
    mark.paragraph_format.line_spacing = Pt(36)
    _ruled(mark, "thickThinSmallGap", 24, 4, wide=True)
    foot = section.first_page_footer.paragraphs[0]
    _ruled(foot, "thinThickSmallGap", 24, 1, wide=True)
    number = _line(paper, "{{ number }}", size=16)
    number.alignment, number.paragraph_format.space_before = WD_ALIGN_PARAGRAPH.RIGHT, Pt(29)
    _titled(paper, title, to)
    return paper


def _minutes(mark: str, title: str) -> Word:
    """Minutes (纪要): the mark, the number, the issuer and the date, a red rule; no seal."""
    paper = _standard()
    _numbered_pages(paper)
    _mark(paper, mark, Mm(35))
    _line(paper, "{%p if number %}")
    _line(paper, "{{ number }}", size=16, centre=True).paragraph_format.space_before = Pt(29)
    _line(paper, "{%p endif %}")
    issued = _line(paper, f"{OFFICE}\t{{{{ on }}}}", size=16)
    issued.paragraph_format.tab_stops.add_tab_stop(Mm(150), WD_TAB_ALIGNMENT.RIGHT)
    issued.paragraph_format.left_indent, issued.paragraph_format.space_before = Pt(16), Pt(29)
    _ruled(issued, "single", 12, 11)
    _titled(paper, title, "")
    return paper


def _standard() -> Word:
    """A4 with the text area of GB/T 9704-2012 and a grid of 22 lines; 28 characters fit in one.

    Letters stand 0.2 pt closer and in no grid of their own: where 16 pt are wider than its cell, a letter takes two.
    """
    paper = _paper()
    page = paper.sections[0]
    page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Mm(37), Mm(35), Mm(28), Mm(26)
    page.footer_distance = Mm(24)  # 7 mm below the text area
    grid = paper.element.body.sectPr.find(qn("w:docGrid"))
    for name, value in (("type", "lines"), ("linePitch", "580")):
        grid.set(qn(f"w:{name}"), value)
    normal = paper.styles["Normal"]
    normal.font.name, normal.font.size = "仿宋_GB2312", Pt(16)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋_GB2312")
    normal.element.rPr.find(qn("w:sz")).addprevious(parse_xml(f'<w:spacing {nsdecls("w")} w:val="-4"/>'))
    normal.paragraph_format.space_after = Pt(0)
    normal.paragraph_format.line_spacing = Pt(28.95)
    return paper


def _mark(paper: Word, words: str, below: int) -> None:
    head = paper.add_paragraph()
    _red(head, words, 30)
    head.paragraph_format.space_before, head.paragraph_format.line_spacing = below, Pt(40)


def _red(paragraph: Paragraph, words: str, size: int) -> None:
    """The issuer's mark: red 小标宋 in the middle."""
    run = paragraph.add_run(words)
    run.font.size, run.font.color.rgb, run.font.name = Pt(size), RGBColor(0xD7, 0, 0x0F), "方正小标宋简体"
    run.element.rPr.rFonts.set(qn("w:eastAsia"), "方正小标宋简体")
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _ruled(paragraph: Paragraph, style: str, size: int, space: int, *, wide: bool = False) -> None:
    """A red rule below the paragraph; a ``wide`` one is 170 mm, 7 mm more than the text area on either side."""
    side = "top" if style.startswith("thin") else "bottom"
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:{side} w:val="{style}" w:sz="{size}" w:space="{space}" w:color="D7000F"/></w:pBdr>'
    )
    paragraph.paragraph_format.element.get_or_add_pPr().insert_element_before(border, "w:spacing", "w:ind", "w:jc")
    if wide:
        paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(-7)


def _titled(paper: Word, title: str, to: str) -> None:
    named = _line(paper, title, size=22, centre=True)
    named.paragraph_format.space_before = named.paragraph_format.space_after = Pt(29)
    named.paragraph_format.line_spacing, named.paragraph_format.keep_with_next = Pt(34), True
    named.runs[0].font.name = "方正小标宋简体"
    named.runs[0].element.rPr.rFonts.set(qn("w:eastAsia"), "方正小标宋简体")
    if to:
        _line(paper, to, size=16)


def _numbered_pages(paper: Word, *, from_two: bool = False) -> None:
    """— 1 — in 4号 宋体: on odd pages at the right, on even ones at the left, one character in."""
    paper.settings.odd_and_even_pages_header_footer = True
    section = paper.sections[0]
    section.different_first_page_header_footer = from_two
    sides = ((section.footer, WD_ALIGN_PARAGRAPH.RIGHT), (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT))
    for footer, side in sides:
        line = footer.paragraphs[0]
        line.alignment = side
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(14)
        for part in ("— ", "PAGE", " —"):
            run = line.add_run("" if part == "PAGE" else part)
            run.font.size, run.font.name = Pt(14), "宋体"
            run.element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")
            if part == "PAGE":
                for kind in ("begin", None, "end"):
                    run.element.append(
                        parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>')
                        if kind
                        else parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> PAGE </w:instrText>')
                    )


def _imprinted(paper: Word, copies: str, on: str) -> Word:
    """版记 at the lower edge of the text area of the last page: 4号, outer rules 0.35 mm, the inner one 0.25 mm."""
    rows = ([f"抄送：{copies}。"] if copies else []) + [f"{OFFICE}\t{on}印发"]
    table = paper.add_table(rows=len(rows), cols=1)
    properties = table._tbl.tblPr  # noqa: SLF001 - the library has no public way
    properties.append(
        parse_xml(
            f'<w:tblpPr {nsdecls("w")} w:horzAnchor="margin" w:tblpX="0" w:vertAnchor="margin" w:tblpYSpec="bottom"/>'
        )
    )
    properties.append(
        parse_xml(
            f'<w:tblBorders {nsdecls("w")}><w:top w:val="single" w:sz="8" w:color="000000"/>'
            '<w:bottom w:val="single" w:sz="8" w:color="000000"/>'
            '<w:insideH w:val="single" w:sz="6" w:color="000000"/></w:tblBorders>'
        )
    )
    for row, text in zip(table.rows, rows, strict=True):
        row.cells[0].width = Mm(156)
        line = row.cells[0].paragraphs[0]
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(14)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(142), WD_TAB_ALIGNMENT.RIGHT)
        run = line.add_run(text)
        run.font.size = Pt(14)
    _line(paper, "", size=2).paragraph_format.line_spacing = Pt(2)
    return paper


def _body(paper: Word, text: str, *, kept: bool = False) -> None:
    """A paragraph of the text; ``kept`` on the page of what follows it, such as the signature."""
    _line(paper, text, size=16, indent=True).paragraph_format.keep_with_next = kept or None


def _each(paper: Word, rows: str, text: str) -> None:
    """A paragraph for each of ``rows`` (``one``), the last on the page of what follows."""
    _line(paper, f"{{%p for one in {rows} %}}")
    _line(paper, "{%p if loop.last %}")
    _body(paper, text, kept=True)
    _line(paper, "{%p else %}")
    _body(paper, text)
    _line(paper, "{%p endif %}")
    _line(paper, "{%p endfor %}")


def _told(paper: Word, name: str) -> None:
    """A paragraph for each line of a text."""
    _each(paper, f"({name} | default('')).splitlines()", "{{ one }}")


def _every_field(paper: Word) -> None:
    """Title and content of all that the step filled in."""
    _each(paper, "of.fields", "{{ one.title }}：{{ one.words }}")


def _facts(paper: Word) -> None:
    _each(paper, "facts", "{{ one.name }}：{{ one.value }}")


def _signed(paper: Word, on: str, *, noted: bool = False) -> Word:
    """The issuer and the date, on one page with the end of the text; ``noted``: and with a note below."""
    for place, text in enumerate((f"{{{{ stamps.signature }}}}{OFFICE}", f"{{{{ stamps.seal }}}}{on}")):
        line = _line(paper, text, size=16)
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        line.paragraph_format.keep_with_next = place == 0 or noted or None
        line.paragraph_format.right_indent = Pt(32 if place == 0 else 64)
        if place == 0:
            line.paragraph_format.space_before = Pt(58)
    return paper


def _paper() -> Word:
    paper = Document()
    page = paper.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(25)
    title = paper.styles.add_style(TITLE, WD_STYLE_TYPE.CHARACTER)
    for style, face in ((paper.styles["Normal"], BODY), (title, HEADING)):
        style.font.name, style.font.size = face, Pt(14)
        style.element.rPr.rFonts.set(qn("w:eastAsia"), face)
    return paper


def _line(
    paper: Word,
    text: str,
    *,
    size: int = 14,
    bold: bool = False,
    centre: bool = False,
    indent: bool = False,
) -> Paragraph:
    paragraph = paper.add_paragraph()
    run = paragraph.add_run(text)
    run.bold, run.font.size = bold, Pt(size)
    if bold:
        run.style = paper.styles[TITLE]
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    return paragraph


def _table(paper: Word, title: str, rows: str, columns: dict[str, str], widths: Sequence[int]) -> None:
    """A table of ``rows``; it and its title are left out where there are none."""
    _line(paper, f"{{%p if {rows} %}}")
    _line(paper, title, size=13, bold=True).paragraph_format.keep_with_next = True
    table = paper.add_table(rows=4, cols=len(columns), style="Table Grid")
    # docxtpl repeats what stands between the rows of the two tags
    table.rows[1].cells[0].text = f"{{%tr for row in {rows} %}}"
    table.rows[3].cells[0].text = "{%tr endfor %}"
    for place, (name, field) in enumerate(columns.items()):
        table.rows[0].cells[place].text = name
        table.rows[2].cells[place].text = f"{{{{ row.{field} }}}}"
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
            for paragraph in cell.paragraphs:
                for run in paragraph.runs:
                    run.font.size = Pt(11)
    _line(paper, "{%p endif %}")


if __name__ == "__main__":
    makers = (half_year_report, roll_up, brief)
    for make in (*makers, circular, urge_letter, meeting_notice, meeting_minutes, submission, reply_letter):
        if make.__name__ in sys.argv[1:]:
            make().save(str(FOLDER / f"{make.__name__}.docx"))
