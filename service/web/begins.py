"""What people may begin by hand beside a need: each process of the people side, what for, and where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import g

from service.processes.bundles import compiled
from service.processes.definitions import latest
from service.processes.starting import may_start
from service.processes.wording import days_given, starts_in_words


@dataclass(frozen=True, slots=True)
class Begin:
    """A process that a person begins: the words of its button, and one line what it is for.

    How soon, and when the calendar begins it too, the line takes from the diagram.
    """

    process: str
    label: str
    purpose: str


CHANGE_FACTS = "change_facts"
"""The gear task of a report that counts how late it is (R9)."""

BEGINS: tuple[Begin, ...] = (
    Begin("change_report", "报告变动", "人才工作变动、职务调整、重大奖惩"),
    Begin("roster", "发起名单确定", "区领导和成员单位各自确定联系名单，成员单位的报区人才办备案"),
    Begin("registry_review", "发起信息核对", "请各单位逐人核对人才信息"),
    Begin("half_year_report", "发起半年报告", "请三办和成员单位报送开展情况"),
    Begin("leader_brief", "编制专报", "为区领导编制本人联系人才的月度情况"),
)
"""In the order in which somebody new meets them; which of them a reader may begin, the diagrams say."""


def may_begin(process: str) -> Begin | None:
    """The process for the button of a page, where the reader may begin it."""
    if "db" not in g:
        return None
    found = next((one for one in BEGINS if one.process == process), None)
    if found is None or not may_start(g.db, process, g.actor):
        return None
    made = compiled(g.db, latest(g.db, process).digest, process)
    within, starts = days_given(made, CHANGE_FACTS), starts_in_words(made)
    soon = f"，发生后 {within} 个工作日内报告" if within else ""
    itself = f"；{starts}另由系统自动发起" if starts else ""
    return replace(found, purpose=found.purpose + soon + itself)


def begins() -> list[Begin]:
    """All that the reader may begin."""
    return [found for one in BEGINS if (found := may_begin(one.process)) is not None]
