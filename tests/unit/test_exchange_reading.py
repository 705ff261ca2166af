"""Reading uploaded sheets: every trap is named with its row and column, and nothing is guessed."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from service.errors import Invalid
from service.exchange.inspection import MAX_CELLS, MAX_ROWS
from service.exchange.reading import Column, read_rows

COLUMNS = (
    Column("name", "姓名", required=True),
    Column("day", "日期", kind="date"),
    Column("flag", "在岗", kind="flag"),
    Column("level", "类别", kind="choice", choices={"一类": 1, "二类": 2}),
    Column("topics", "内容", kind="many", choices={"甲、丁": 1, "乙": 2}),
    Column("tail", "末位", kind="digits", sure=r"\d{6}"),
)


def book(*rows: list[object], headings: list[object] | None = None, merge: str | None = None) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(headings or ["姓名*", "日期", "在岗", "类别", "内容"])
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    written = BytesIO()
    made.save(written)
    return written.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one more (or another) part in it."""
    written = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, part)
    return written.getvalue()


def test_values_come_as_they_are_meant():
    rows, faults = read_rows(
        book(
            ["张三 ", datetime(2026, 3, 1), "是", "二类", "乙，甲、丁"],  # noqa: DTZ001 - Excel knows no zones
            [None, None, None, None, None],
            [12345.0, "2026-1-9", False, None, None],
            ["李四", date(2026, 2, 28), "否", "一类", "乙"],
        ),
        COLUMNS,
    )
    assert faults == []
    assert [row.number for row in rows] == [2, 4, 5]
    assert rows[0].values == {
        "name": "张三",
        "day": "2026-03-01",
        "flag": True,
        "level": 2,
        "topics": [1, 2],
        "tail": None,
    }
    assert rows[1].values == {
        "name": "12345",
        "day": "2026-01-09",
        "flag": False,
        "level": None,
        "topics": None,
        "tail": None,
    }


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        (["=A1", None, None, None, None], "姓名", "公式"),
        ([None, "2026-01-01", None, None, None], "姓名", "不能为空"),
        (["张三", "去年春天", None, None, None], "日期", "2026-01-31"),
        (["张三", "2026-02-30", None, None, None], "日期", "没有“2026-02-30”"),
        (["张三", 46000, None, None, None], "日期", "不是日期"),
        (["张三", None, "对", None, None], "在岗", "是”或“否"),
        (["张三", None, None, "三类", None], "类别", "一类、二类"),
        (["张三", None, None, None, "乙、丙"], "内容", "丙"),
        (["#REF!", None, None, None, None], "姓名", "错误值"),
        ([datetime(2026, 3, 1), None, None, None, None], "姓名", "文字"),  # noqa: DTZ001
    ],
)
def test_a_cell_that_cannot_be_meant_is_named(row: list[object], column: str, says: str):
    _, faults = read_rows(book(["王五", None, None, None, None], row), COLUMNS)
    assert [(fault.row, fault.column) for fault in faults] == [(3, column)]
    assert says in faults[0].message


def test_merged_cells_and_unknown_headings_are_named():
    _, faults = read_rows(book(["张三"], ["李四"], merge="B2:B3"), COLUMNS)
    assert [(fault.row, "B2:B3" in fault.message) for fault in faults] == [(2, True)]
    _, faults = read_rows(book(["张三", "x"], headings=["姓名", "手机"]), COLUMNS)
    assert [(fault.row, fault.column) for fault in faults] == [(1, "手机")]
    _, faults = read_rows(book(["张三", "李四"], headings=["姓名", "姓名"]), COLUMNS)
    assert "重复" in faults[0].message
    _, faults = read_rows(book(["是"], headings=["在岗"]), COLUMNS)
    assert [(fault.row, fault.column) for fault in faults] == [(1, "姓名")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空"),
        (b"name,day\n", "不是 Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "密码"),
        (b"PK\x03\x04 torn", "不是 Excel"),
        (b"0" * (21 * 1024 * 1024), "20 MB"),
    ],
    ids=["empty", "text", "encrypted", "torn", "large"],
)
def test_what_is_no_workbook_is_refused(content: bytes, says: str):
    with pytest.raises(Invalid, match=says):
        read_rows(content, COLUMNS)


def test_a_workbook_with_a_macro_an_entity_or_without_data_is_refused():
    good = book(["张三"])
    with pytest.raises(Invalid, match="宏"):
        read_rows(with_part(good, "xl/vbaProject.bin", b"x"), COLUMNS)
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    with pytest.raises(Invalid, match="文档类型"):
        read_rows(with_part(good, "xl/sharedStrings.xml", bomb), COLUMNS)
    with pytest.raises(Invalid, match="损坏"):
        read_rows(with_part(good, "xl/workbook.xml", b"<workbook"), COLUMNS)
    with pytest.raises(Invalid, match="没有数据"):
        read_rows(book(), COLUMNS)


def test_too_many_rows_are_refused_before_they_are_read():
    rows = b"".join(b'<row r="%d"/>' % number for number in range(100_000))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData>'
    many = with_part(book(["张三"]), "xl/worksheets/sheet1.xml", sheet % rows + b"</worksheet>")
    with pytest.raises(Invalid, match=str(MAX_ROWS)):
        read_rows(many, COLUMNS)


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData></worksheet>'


def sheet_of(rows: bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    return with_part(book(["张三"]), name, SHEET % rows)


def test_a_bomb_of_cells_is_refused_before_a_parser_sees_it():
    """67 KB of upload were a million cells, and kept the worker for half a minute."""
    cells = b"".join(b'<row r="%d">%b</row>' % (row, b"<c/>" * 1000) for row in range(1, 2001))
    assert cells.count(b"<c/>") > MAX_CELLS
    for name in ("xl/worksheets/sheet1.xml", "xl/media/image1.png"):  # the relations may call any part a sheet
        with pytest.raises(Invalid, match="单元格过多"):
            read_rows(sheet_of(cells, name), COLUMNS)
    styles = b"<styleSheet>%b</styleSheet>" % (b"<xf/>" * 100_000)
    with pytest.raises(Invalid, match="单元格过多"):
        read_rows(with_part(book(["张三"]), "xl/styles.xml", styles), COLUMNS)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (b'<row r="99999999999"><c r="A2" t="inlineStr"><is><t>x</t></is></c></row>', "行号"),
        (b'<row r="1"><c r="ZZZ1" t="inlineStr"><is><t>x</t></is></c></row>', "100 列"),
        (b'<row r="1"><c r="ZZZZZZ1"/></row>', "损坏"),
    ],
)
def test_a_sheet_that_says_it_is_endless_is_refused(rows: bytes, says: str):
    with pytest.raises(Invalid, match=says):
        read_rows(sheet_of(rows), COLUMNS)


def test_a_part_in_another_encoding_is_refused_for_nothing_could_be_counted_in_it():
    text = '<?xml version="1.0" encoding="%s"?><styleSheet/>'
    for part in ((text % "UTF-16").encode("utf-16"), (text % "cp037").encode()):
        with pytest.raises(Invalid, match="UTF-8"):
            read_rows(with_part(book(["张三"]), "xl/styles.xml", part), COLUMNS)


def test_a_number_among_digits_is_read_only_where_no_zero_can_be_lost():
    filled = [["甲", 123456], ["乙", "0123"], ["丙", 1234]]
    rows, faults = read_rows(book(*filled, headings=["姓名", "末位"]), COLUMNS)
    assert [row.values["tail"] for row in rows] == ["123456", "0123", None]
    assert [(one.row, one.column, "文本" in one.message) for one in faults] == [(4, "末位", True)]
