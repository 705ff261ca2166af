"""A workbook holds any table as it is: texts as texts, days as days, and nothing that a spreadsheet refuses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from service.errors import Invalid
from service.ledger import workbooks
from service.ledger.workbooks import CUT, LONGEST, write_table


def test_cells_keep_their_kind_and_what_is_too_long_says_so() -> None:
    book = BytesIO()
    row = [
        "=1+1",
        "#N/A",
        "长" * (LONGEST + 1),
        "一\n二\x00\uffff",
        3,
        date(2026, 1, 2),
        datetime(2026, 1, 2, 18, tzinfo=UTC),
    ]
    assert write_table([[*row, None]], book, columns=list("abcdefgh"), title="甲/乙[1]" + "名" * 40) == 1
    sheet = load_workbook(book).active
    assert sheet is not None
    assert sheet.title == "甲 乙 1 " + "名" * 25
    cells = sheet[2]
    assert [cell.data_type for cell in cells] == ["s", "s", "s", "s", "n", "d", "d", "n"]
    assert [cell.quotePrefix for cell in cells[:2]] == [True, False]
    assert (len(cells[2].value), cells[2].value[-len(CUT) :]) == (LONGEST, CUT)
    assert cells[3].value == "一\n二"
    assert (f"{cells[5].value:%F %R}", f"{cells[6].value:%F %R}") == ("2026-01-02 00:00", "2026-01-03 02:00")


def test_texts_stand_in_the_sheet_sign_by_sign() -> None:
    texts = [
        "a & b < c > d",
        " 前后 ",
        "_x0041_",
        "a_b",
        "一\t二",
        '"引号"',
        "x" * 70_000,
        "]]>",
        "_x005F_x0041_",
        "𠮷",
    ]
    days = [date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1), date(2026, 12, 31)]
    moments = [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC)]
    rows: list[list[workbooks.Cell]] = [[one, None, "", 7] for one in (*texts, *days, *moments)]
    book = BytesIO()
    assert write_table([*rows, [None], [0]], book, columns=["a", "b", "c", "d"], title="甲") == len(rows) + 2
    sheet = load_workbook(book).active
    assert sheet is not None
    found = [line[0].value for line in sheet.iter_rows(min_row=2)]
    found = [unescape(one) if isinstance(one, str) else one for one in found]  # which a spreadsheet does by itself
    assert found[: len(texts)] == [one if len(one) < LONGEST else one[: LONGEST - len(CUT)] + CUT for one in texts]
    told = found[len(texts) : len(rows)]
    assert [one.date() for one in told[: len(days)]] == days
    assert [f"{one:%F %T}" for one in told[len(days) :]] == ["2026-01-02 11:04:05", "2026-06-30 23:59:59"]
    assert found[len(rows) :] == [None, 0]
    assert {line[3].value for line in sheet.iter_rows(min_row=2, max_row=len(rows) + 1)} == {7}
    assert sheet.dimensions == f"A1:D{len(rows) + 3}"


def test_what_cannot_be_written_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(workbooks, "MOST_ROWS", 2)

    def broken() -> Iterator[list[workbooks.Cell]]:
        yield [1]
        raise LookupError

    with pytest.raises(LookupError):
        write_table(broken(), BytesIO(), columns=["a"], title="甲")
    with pytest.raises(Invalid, match="请缩小范围"):
        write_table([[1], [2], [3]], BytesIO(), columns=["a"], title="甲")
    assert write_table([[1], [2]], BytesIO(), columns=["a"], title="甲") == 2
    assert list(tmp_path.iterdir()) == []
