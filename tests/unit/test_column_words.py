"""Every column that verification may name has a word, and pages call a file by its own name and moment."""

from __future__ import annotations

import pytest
from flask import Response

from service.audit.models import CaseWayRow
from service.audit.tables.columns import FORMS, column_of
from service.audit.tables.registry import HELD
from service.db import Base
from service.http.files import called
from service.processes.case_rows import OWNERS
from service.processes.models import CalendarVersion, Definition

NAMED = [*HELD, *OWNERS, CaseWayRow, CalendarVersion, Definition]


@pytest.mark.parametrize("model", NAMED, ids=lambda model: str(model.__tablename__))
def test_every_column_has_a_word(model: type[Base]) -> None:
    table = model.__tablename__
    told = {column.name: column_of(table, column.name) for column in model.__table__.columns}
    assert [name for name, word in told.items() if word != f"{word.partition('（')[0]}（{name}）"] == []
    assert [word for word in told.values() if word[0] < "\u4e00"] == []


def test_the_label_of_a_form_comes_before_the_common_word() -> None:
    assert column_of("talent", "phone") == "联系电话（phone）"
    assert column_of("person", "phone") == "办公电话（phone）"
    assert column_of("user_task", "due_basis") == "到期日的依据（due_basis）"
    assert column_of("instance", "nothing") == "nothing"
    assert {model.__tablename__ for model in HELD} >= FORMS.keys()


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("需求台账 2026-11-29 20时26分.xlsx", "2026-11-29 20-26.xlsx"),
        ("需求台账.xlsx", "file.xlsx"),
        ('需求\r\n"台账".pdf', "file.pdf"),
        ("seal-000012.json", "seal-000012.json"),
        ("无后缀", "file"),
    ],
)
def test_a_file_has_a_name_for_old_clients(name: str, short: str) -> None:
    told = called(Response(), name).headers["Content-Disposition"]
    assert told.startswith(f'attachment; filename="{short}"')
    assert ("filename*=UTF-8''" in told) == (name != short)
    assert "\n" not in told
