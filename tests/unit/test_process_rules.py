"""Pure rules of processes: how names of a diagram are shown."""

from __future__ import annotations

import pytest

from service.processes.rules import one_line


@pytest.mark.parametrize(
    ("drawn", "shown"),
    [
        ("每年 4月1日、10月1日", "每年4月1日、10月1日"),
        ("检查资格、 数量和理由", "检查资格、数量和理由"),
        ("列出访谈不足\n 的单位", "列出访谈不足的单位"),
        ("逾期 5个工作日", "逾期5个工作日"),
        ("提交 OA 系统", "提交OA系统"),
        ("Talent Office 2026 1", "Talent Office 2026 1"),
        ("办理", "办理"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_name_is_shown_without_the_breaks_of_its_drawing(drawn: str | None, shown: str) -> None:
    assert one_line(drawn) == shown
