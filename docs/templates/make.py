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
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

FOLDER = Path(__file__).resolve().parents[2] / "forms" / "print"
BODY, HEADING, TITLE = "仿宋", "黑体", "标题文字"


def half_year_report() -> Word:
    """半年报告."""
    paper = _paper()
    _line(paper, "{{ title }}", size=18, bold=True, centre=True)
    _line(paper, "报送单位：{{ unit }}　　统计期：{{ period }}", size=12, centre=True)
    sent = "{% if sent_on %}　{{ sent_on }}报送（{{ sent_by }}）{% endif %}"
    _line(paper, "数据截至 {{ counted_on }}　{{ status }}" + sent + "　{{ late }}", size=11, centre=True)
    _line(paper, "{%p for section in sections %}")
    _line(paper, "{{ section.heading }}", bold=True)
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
) -> None:
    paragraph = paper.add_paragraph()
    run = paragraph.add_run(text)
    run.bold, run.font.size = bold, Pt(size)
    if bold:
        run.style = paper.styles[TITLE]
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)


def _table(paper: Word, title: str, rows: str, columns: dict[str, str], widths: Sequence[int]) -> None:
    """A table of ``rows``; it and its title are left out where there are none."""
    _line(paper, f"{{%p if {rows} %}}")
    _line(paper, title, size=13, bold=True)
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
    for name, make in (("half_year_report", half_year_report), ("roll_up", roll_up), ("brief", brief)):
        if name in sys.argv[1:]:
            make().save(str(FOLDER / f"{name}.docx"))
