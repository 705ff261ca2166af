"""The action of ``instruction``: what an instruction of a leader (批示) is about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from service.actions.parameters import text_of
from service.processes.instances import case_label
from service.processes.wiring import Action, ActionCall
from service.reports import brief_of

SHORT = 30
"""Characters of an instruction that is about no record, in the title of its case."""


def _instruction_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """The need or the brief by its name, with the way to its page; of neither, the instruction's first words."""
    case, brief = call.parameters.get("about_case"), call.parameters.get("about_brief")
    if isinstance(case, str) and (title := case_label(session, case)) is not None:
        return {"title": title, "lines": [["批在", "需求"]], "cases": [[case, title]]}
    if isinstance(brief, str) and (found := brief_of(session, brief)) is not None:
        return {"title": found.name, "lines": [["批在", found.name]], "brief_id": str(found.id)}
    return {"title": text_of(call, "instruction")[:SHORT], "lines": []}


ACTIONS = (
    Action(
        "instruction_facts",
        "查看所批的事项",
        ("instruction",),
        _instruction_facts,
        ("about_case", "about_brief"),
        sample={"title": "2026-需-0001 子女入学", "lines": [["批在", "需求"]], "cases": []},
        does=(
            "取出批示所批的需求 `about_case` 或专报 `about_brief` 的名称，供标题使用，事项页面上可以由此打开；"
            "两样都没有的，用批示内容 `instruction` 的开头；"
            "结果是 `{title}`"
        ),
    ),
)
