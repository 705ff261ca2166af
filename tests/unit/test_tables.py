"""A workbook holds any table as it is: texts as texts, days as days, and nothing that a spreadsheet refuses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

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
