"""The files to fill in: a sheet with the headings, one with what each column means."""

from __future__ import annotations

from io import BytesIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from service.exchange.cells import Column
from service.exchange.kinds import Kind
from service.exchange.lookups import Basis

WIDTH = 18
LISTED = 255
"""As many characters as Excel takes for a list of choices in a cell's validation."""
KIND_NAMES = {
    "text": "文字",
    "digits": "文字（数字串）",
    "date": "日期",
    "flag": "是／否",
    "choice": "从选项中选",
    "many": "可填多项，用“、”分开",
}


def template(kind: Kind, basis: Basis) -> bytes:
    """The template of ``kind`` as an .xlsx file; uploading it unchanged finds nothing to import."""
    columns = kind.columns(basis)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = kind.name
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns, 1):
        cell = sheet.cell(1, place, column.title + ("*" if column.required else ""))
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="FFE8EEF7" if column.required else "FFF5F5F5")
        if column.help:
            cell.comment = Comment(column.help, "直联平台")
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = WIDTH
        if column.kind != "date":
            sheet.column_dimensions[letter].number_format = "@"  # else Excel makes 012345 the number 12345
        _restrict(sheet, column, letter, kind.limit)
    guide = book.create_sheet("填写说明")
    guide.append(["列名", "必填", "格式", "说明", "示例", "选项"])
    for cell in guide[1]:
        cell.font = Font(bold=True)
    for column in columns:
        words = "、".join(str(word) for word in column.choices)
        kind_name = KIND_NAMES[column.kind]
        guide.append([column.title, "是" if column.required else "", kind_name, column.help, column.example, words])
    for letter, width in zip("ABCDEF", (18, 8, 18, 48, 24, 60), strict=True):
        guide.column_dimensions[letter].width = width
    for row in guide.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _restrict(sheet: Worksheet, column: Column, letter: str, limit: int) -> None:
    """Excel itself offers the choices, and keeps a number such as 0101 a text."""
    words = list(column.choices) if column.kind == "choice" else ["是", "否"] if column.kind == "flag" else []
    listed = '"' + ",".join(words) + '"'
    if words and len(listed) <= LISTED and not any("," in word for word in words):
        rule = DataValidation(type="list", formula1=listed, allow_blank=True, showErrorMessage=True)
        rule.error = f"“{column.title}”请从下拉选项中选择"
        rule.add(f"{letter}2:{letter}{limit + 1}")
        sheet.add_data_validation(rule)
