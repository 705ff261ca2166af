"""Decision tables over what people filled in, or left empty: no cell fails, and no empty value holds a comparison."""

from __future__ import annotations

from typing import Any

import pytest

from service import engine
from tests.factories.diagrams import UNITS_FOR
from tests.factories.engines import Walk, bpmn, end, flow, process, start, user

RULE = (
    '<bpmn:businessRuleTask id="propose" name="建议"><bpmn:extensionElements><spiffworkflow:calledDecisionId>units_for'
    "</spiffworkflow:calledDecisionId></bpmn:extensionElements></bpmn:businessRuleTask>"
)
LINE = process(
    start("ask")
    + user("ask")
    + flow("ask", "propose")
    + RULE
    + flow("propose", "see")
    + user("see")
    + flow("see", "finish")
    + end()
)


class TableWalk(Walk):
    """A walk whose table has ``cell`` in its first row: 'edu' where it holds, else 'health'."""

    def __init__(self, cell: str) -> None:
        super().__init__(LINE.replace(RULE, user("propose")))
        table = UNITS_FOR.replace("? in ['school', 'college']", cell).replace("category", "budget")
        self.program = engine.parse({"bpmn/p.bpmn": bpmn(LINE), "bpmn/units_for.dmn": table.encode()}, "p")
        self.landing = engine.start(self.program, {}, self.context())


def decided(cell: str, data: dict[str, Any]) -> str:
    walk = TableWalk(cell.replace("<", "&lt;").replace(">", "&gt;"))
    walk.do("ask", **data)
    return str(walk.task("see").data["lead_unit"])


@pytest.mark.parametrize(
    "cell",
    [
        *(f"{sign} 100000" for sign in (">=", ">", "<", "<=")),
        "? > 5 and ? < 10",
        "5 < ? < 10",
        "5 < ?",
        "? == 5",
        "5",
        "true",
        "false",
        "'a'",
        "? in [1, 2]",
        "in ['a']",
        "< '2026-01-01'",
        "> today()",
        "? <= working_days(3)",
    ],
)
@pytest.mark.parametrize("data", [{}, {"budget": None}, {"budget": ""}])
def test_nothing_holds_for_a_field_left_empty(cell: str, data: dict[str, Any]) -> None:
    assert decided(cell, data) == "health"


@pytest.mark.parametrize(
    ("cell", "budget", "holds"),
    [
        (">= 100000", 100000, True),
        (">= 100000", 99999, False),
        ("? > 5 and ? < 10", 7, True),
        ("10", 10.0, True),
        ("true", True, True),
        ("true", False, False),
        ("false", False, True),
        ("false", None, False),
        ("null", None, True),
        ("True", "true", False),
        ("< '2026-01-01'", "2025-12-31", True),
        ("> today()", "2026-09-17", True),
        ("> today()", "2026-09-16", False),
        ("? == today()", "2026-09-16", True),
        ("'?'", "?", True),
        ("? == 'a?b'", "a?b", True),
    ],
)
def test_a_cell_holds_for_what_was_filled_in(cell: str, budget: Any, holds: bool) -> None:
    assert decided(cell, {"budget": budget}) == ("edu" if holds else "health")


def test_a_cell_that_cannot_be_compared_names_the_expression_and_the_step() -> None:
    with pytest.raises(engine.EngineFailure) as failure:
        decided(">= 100000", {"budget": "很多"})
    assert str(failure.value) == (
        "流程图执行失败，步骤「建议」：表达式 budget>= 100000 无法计算：文字“很多”与数字 100000不能比大小"
    )
