"""Reading uploaded sheets: every trap is named with its row and column, and nothing is guessed."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from service.errors import Invalid
from service.exchange import reading, slim
from service.exchange.cells import Column, Fault
from service.exchange.inspection import EMPTY_CELL, MAX_CELLS, MAX_ROWS, inspect
from service.exchange.reading import Reading, Row

COLUMNS = (
    Column("name", "姓名", required=True),
    Column("day", "日期", kind="date"),
    Column("flag", "在岗", kind="flag"),
    Column("level", "类别", kind="choice", choices={"一类": 1, "二类": 2}),
    Column("topics", "内容", kind="many", choices={"甲、丁": 1, "乙": 2}),
    Column("tail", "末位", kind="digits", sure=r"\d{6}"),
)


def read(content: bytes) -> Reading:
    return reading.read_rows(content, COLUMNS)


def read_rows(content: bytes, columns: tuple[Column, ...]) -> tuple[list[Row], list[Fault]]:
    found = reading.read_rows(content, columns)
    return found.rows, found.faults


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
        (["张三", 46000, None, None, None], "日期", "没有设为日期格式的数字"),
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
        (b"name,day\n", "不是 Excel 工作簿（.xlsx），而是文本文件（如 .csv）.*另存为"),
        ("姓名,日期\n".encode("gb18030"), "文本文件"),
        (b"\xef\xbb\xbf<html><table>", "网页或 XML 文件"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "密码"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"),
            "旧的 Excel 格式（.xls）或 WPS.*（.et）",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "去掉密码"),
        (b"PK\x03\x04 torn", "不是 Excel"),
        (b"0" * (21 * 1024 * 1024), "20 MB"),
    ],
    ids=["empty", "text", "gb", "html", "pdf", "compound", "xls", "encrypted", "torn", "large"],
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
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, MAX_ROWS + 2_000))
    with pytest.raises(Invalid, match=str(MAX_ROWS)):
        read_rows(sheet_of(rows), COLUMNS)
    unnumbered = b"<row/>" * 100_000
    with pytest.raises(Invalid, match=str(MAX_ROWS)):
        read_rows(sheet_of(unnumbered), COLUMNS)


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


@pytest.mark.parametrize("value", [20250001234567890123, 4.40605199001011e17, 10**15, "4.40606E+17", 1.5e-7])
def test_a_number_that_excel_has_shortened_is_refused_in_text_and_digits(value: object):
    _, faults = read_rows(book(["张三", value], [value, None], headings=["姓名", "末位"]), COLUMNS)
    assert [(one.row, one.column) for one in faults] == [(2, "末位"), (3, "姓名")]
    assert "末几位可能已丢失" in faults[1].message


def test_a_number_that_excel_keeps_is_a_text():
    rows, faults = read_rows(book([999_999_999_999_999], [0.1 + 0.2], ["12E+"], ["A1.5E+3"]), COLUMNS)
    assert faults == []
    assert [row.values["name"] for row in rows] == ["999999999999999", "0.3", "12E+", "A1.5E+3"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-3-12",
        "２０２６－０３－１２",
        "2026/03/12",
        "2026.3.12",
        "2026年3月12日",
        "20260312",
        20260312,
        "2026-03-12 00:00:00",
    ],
)
def test_a_day_is_read_however_it_is_written(written: object):
    rows, faults = read_rows(book(["张三", written]), COLUMNS)
    assert faults == []
    assert rows[0].values["day"] == "2026-03-12"


def test_a_day_is_the_same_in_a_workbook_that_counts_from_1904():
    made = Workbook()
    made.epoch = CALENDAR_MAC_1904
    made.worksheets[0].append(["姓名", "日期"])
    made.worksheets[0].append(["张三", date(2026, 3, 12)])
    written = BytesIO()
    made.save(written)
    rows, faults = read_rows(written.getvalue(), COLUMNS)
    assert faults == []
    assert rows[0].values["day"] == "2026-03-12"


def test_full_width_signs_radicals_and_unseen_signs_are_read_as_they_are_meant():
    filled = [["\ufeff⻢\u200b三\xa0", "１２３４５６"], ["李\u3000四", "\u202d012X\u202c"]]
    rows, faults = read_rows(book(*filled, headings=["姓 名＊", "末位"]), COLUMNS)
    assert faults == []
    assert [(row.values["name"], row.values["tail"]) for row in rows] == [("马三", "123456"), ("李\u3000四", "012X")]


@pytest.mark.parametrize("character", ["\U00020bb7", "\U00030edd", "\U000313c4", "\U0002ebf3", "\ue863"])
def test_a_rare_character_is_read(character: str):
    rows, faults = read_rows(book([f"试{character}"]), COLUMNS)
    assert (rows[0].values["name"], faults) == (f"试{character}", [])


class TestWhatTheSheetHides:
    def hidden(self, *, filtered: bool = False) -> bytes:
        made = Workbook()
        sheet = made.worksheets[0]
        for row in (["姓名", "日期"], ["甲"], ["乙"], ["丙"], ["丁"]):
            sheet.append(row)
        for number in (3, 4):
            sheet.row_dimensions[number].hidden = True
        sheet.column_dimensions["B"].hidden = True
        if filtered:
            sheet.auto_filter.ref = "A1:B5"
        written = BytesIO()
        made.save(written)
        return written.getvalue()

    def test_hidden_rows_and_columns_are_named(self):
        found = read(self.hidden())
        assert [(row.number, row.hidden) for row in found.rows] == [(2, False), (3, True), (4, True), (5, False)]
        told = [one.message for one in found.notes]
        assert any("第 3–4 行被隐藏，共 2 行" in said for said in told)
        assert any("B 列被隐藏" in said for said in told)

    @pytest.mark.parametrize(
        ("rows", "hidden"),
        [
            (b"<row>%s</row><row>%s</row><row hidden='1'>%s</row><row>%s</row>", [3]),
            (b"<row r='1'>%s</row><row hidden = 'true' r = '3'>%s</row><row>%s</row><row hidden='0'>%s</row>", [3]),
            (b'<row>%s</row><row hidden="1" r="5">%s</row><row hidden="1">%s</row><row r="9">%s</row>', [5, 6]),
            (b'<row>%s</row><row\n  spans="1:1"\thidden="&#49;"\n>%s</row><row>%s</row><row>%s</row>', [2]),
            (b"<row>%s</row><!-- <row hidden='1'/> --><row>%s</row><row hidden='1'>%s</row><row>%s</row>", [3]),
            (b'<row>%s</row><row ht="0" customHeight="1">%s</row><row ht="15">%s</row><row>%s</row>', [2]),
            (b'<row>%s</row><row dyDescent=">" hidden="1">%s</row><row>%s</row><row>%s</row>', [2]),
        ],
        ids=["no numbers", "single quotes", "some numbers", "odd spaces", "comment", "no height", "a bracket"],
    )
    def test_a_hidden_row_is_seen_however_its_tag_is_written(self, rows: bytes, hidden: list[int]):
        cell = b'<c t="inlineStr"><is><t>%b</t></is></c>'
        texts = [cell % text.encode() for text in ("姓名", "甲", "乙", "丙")]
        found = read(sheet_of(rows % tuple(texts)))
        assert [row.values["name"] for row in found.rows] == ["甲", "乙", "丙"]
        assert [row.number for row in found.rows if row.hidden] == hidden
        assert [f"{number} 行" in found.notes[0].message for number in hidden[-1:]] == [True]

    def test_rows_of_a_sheet_without_height_are_hidden_unless_they_say_otherwise(self):
        cell = b'<c t="inlineStr"><is><t>%b</t></is></c>'
        rows = b"<row hidden='0'>%s</row><row>%s</row><row hidden='0'>%s</row>"
        sheet = SHEET.replace(b"<sheetData>", b"<sheetFormatPr defaultRowHeight='15' zeroHeight='1'/><sheetData>")
        made = sheet % (rows % tuple(cell % text.encode() for text in ("姓名", "甲", "乙")))
        found = read(with_part(book(["张三"]), "xl/worksheets/sheet1.xml", made))
        assert [(row.number, row.hidden) for row in found.rows] == [(2, True), (3, False)]

    def test_columns_and_merged_cells_are_seen_in_either_kind_of_quotes(self):
        cell = b"<c t='inlineStr'><is><t>%b</t></is></c>"
        both = tuple(cell % text.encode() for text in ("姓名", "日期", "甲", "2026-01-01"))
        made = SHEET.replace(b"<sheetData>", b"<cols><col hidden='1' max='2' min='2'/></cols><sheetData>")
        made = made.replace(b"</sheetData>", b"</sheetData><mergeCells><mergeCell ref = 'A2:A3'/></mergeCells>")
        made = made % (b"<row>%s%s</row><row>%s%s</row>" % both)
        found = read(with_part(book(["张三"]), "xl/worksheets/sheet1.xml", made))
        assert any("B 列被隐藏" in one.message for one in found.notes)
        assert [(one.row, "A2:A3" in one.message) for one in found.faults] == [(2, True)]

    def test_a_sheet_that_cannot_be_followed_is_refused_with_the_way_out(self):
        cell = b'<c t="inlineStr"><is><t>x</t></is></c>'
        rows = b'<row>%b</row><row ht="tall">%b</row>' % (cell, cell)
        with pytest.raises(Invalid, match="请用 Excel 或 WPS 打开，重新保存后再导入"):
            read(sheet_of(rows))

    def test_a_filter_is_called_one(self):
        assert any("隐藏（筛选）" in one.message for one in read(self.hidden(filtered=True)).notes)

    def test_a_plain_sheet_has_nothing_to_be_told(self):
        assert read(book(["张三"])).notes == []


class TestWhatIsNotRead:
    def test_other_sheets_comments_pictures_and_columns_without_a_heading_are_named(self):
        made = Workbook()
        sheet = made.worksheets[0]
        sheet.title = "名单"
        sheet.append(["姓名"])
        sheet.append(["张三", None, "备注"])
        sheet.append([None, None, "只有备注"])
        sheet["A1"].comment = Comment("列的说明", "模板")
        sheet["A2"].comment = Comment("请核对", "某人")
        made.create_sheet("填写说明")
        made.create_sheet("二季度").append(["姓名"])
        made.create_sheet("底稿").sheet_state = "hidden"
        written = BytesIO()
        made.save(written)
        found = read(with_part(written.getvalue(), "xl/media/image1.png", b"\x89PNG"))
        assert [row.values["name"] for row in found.rows] == ["张三"]
        assert [one.message for one in found.notes] == [
            "C 列第 1 行没有列名，没有读取",
            "只读取了工作表“名单”，没有读取：“二季度”、“底稿”（隐藏）",
            "没有读取 1 处批注：A2",
            "没有读取 1 张图片",
        ]

    def test_merged_cells_beside_the_table_do_no_harm(self):
        made = Workbook()
        sheet = made.worksheets[0]
        sheet.append(["姓名", "日期"])
        sheet.append(["张三", None])
        for row in range(1, 2_000):
            sheet.merge_cells(f"K{row}:L{row}")
        sheet.merge_cells("A9:B9")
        written = BytesIO()
        made.save(written)
        assert read(written.getvalue()).faults == []
        sheet.merge_cells("B2:C2")
        made.save(written := BytesIO())
        assert [(one.row, one.column) for one in read(written.getvalue()).faults] == [(2, "日期")]


def test_a_million_empty_rows_are_passed_over_and_said():
    """Office programs keep the height of every row that was ever touched, down to the last."""
    told = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&#22995;&#21517;</t></is></c></row>'
    filled = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c><c r="B%d" s="1"/></row>'
    empty = b"".join(
        b'<row r="%d" ht="18" customHeight="1"/>' % n if n % 2 else b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n)
        for n in range(4, 300_000)
    )
    found = read(sheet_of(told + filled % (2, 2, 2) + filled % (3, 3, 3) + empty + filled % ((300_000,) * 3)))
    assert [row.number for row in found.rows] == [2, 3, 300_000]
    assert any("行只有格式、没有内容的空行，已略过" in one.message for one in found.notes)


def test_empty_rows_are_kept_where_a_row_does_not_say_its_number():
    """Taking one out would move those that follow."""
    cell = b'<c t="inlineStr"><is><t>%b</t></is></c>'
    rows = b"<row>" + cell % "姓名".encode() + b'</row><row/><row r="3"/><row>' + cell % b"x" + b"</row>"
    assert [row.number for row in read(sheet_of(rows)).rows] == [4]


def test_strict_open_xml_is_refused_with_the_way_out():
    strict = b'<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main" conformance="strict"/>'
    with pytest.raises(Invalid, match=r"严格 Open XML.*另存为“Excel 工作簿"):
        read(with_part(book(["张三"]), "xl/workbook.xml", strict))


@pytest.mark.parametrize(
    ("part", "says"),
    [("xl/workbook.bin", ".xlsb"), ("content.xml", ".ods"), ("word/document.xml", ".docx"), ("x.xml", "不是 Excel")],
)
def test_another_package_is_called_what_it_is(part: str, says: str):
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr(part, "<x/>")
    with pytest.raises(Invalid, match=says):
        read(written.getvalue())


def test_a_formula_without_a_kept_value_and_an_error_are_named():
    rows = (
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>&#22995;&#21517;</t></is></c></row>'
        b'<row r="2"><c r="A2"><f>B2</f></c></row><row r="3"><c r="A3" t="e"><v>#N/A</v></c></row>'
    )
    faults = read(sheet_of(rows)).faults
    assert [(one.row, one.column) for one in faults] == [(2, "姓名"), (3, "姓名")]
    assert "选择性粘贴" in faults[0].message
    assert "#N/A" in faults[1].message


def test_a_tag_of_a_hundred_thousand_references_is_passed_in_one_go() -> None:
    many = b" ".join([b"<c", *[b'r="A1"'] * 100_000, b">"])
    assert EMPTY_CELL.search(many) is None
    assert slim._CELL.search(many) is None
    assert slim._ROW.search(many.replace(b"<c", b"<row").replace(b"A1", b"1")) is None


def test_a_workbook_with_two_parts_of_one_name_is_refused() -> None:
    into = BytesIO()
    with zipfile.ZipFile(into, "w") as packed:
        for name in ("xl/workbook.xml", "xl/comments1.xml"):
            packed.writestr(name, "<a/>")
        with pytest.warns(UserWarning, match="Duplicate name"):
            packed.writestr("xl/comments1.xml", "<a/>")
    with pytest.raises(Invalid, match="重名"):
        inspect(into.getvalue())
