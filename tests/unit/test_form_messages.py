"""A form tells what is wrong by the title that its reader sees at the field."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.errors import Invalid
from service.processes.forms import load_form
from service.workdays import Calendar

HOME = Path(__file__).parents[2]


def told(form: str, data: dict[str, Any]) -> dict[str, str]:
    """Path → message of what a shipped form finds wrong."""
    read = load_form(form, (HOME / f"forms/request/{form}.json").read_bytes(), None)
    with pytest.raises(Invalid) as failure:
        read.check(data, today=date(2026, 9, 16), calendar=Calendar.from_config())
    return {one.path: one.message for one in failure.value.findings}


@pytest.mark.parametrize(
    ("form", "data", "message"),
    [
        ("accept", {"decision": "return"}, "理由：必填，请填写"),
        ("accept", {"decision": "reject", "reason": "长" * 1001}, "理由：不能超过 1000 个字"),
        ("accept", {"decision": "accept", "reason": "长" * 1001}, "备注（选填）：不能超过 1000 个字"),
    ],
)
def test_a_field_is_called_as_in_the_branch_that_asks_for_it(form: str, data: dict[str, Any], message: str) -> None:
    assert told(form, data) == {"/data/reason": message}
