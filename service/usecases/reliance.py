"""Names of the shipped processes that the service reads, so that the checks can warn where a diagram renames one."""

from __future__ import annotations

from collections.abc import Mapping

from service.actions.leader_brief import STEP
from service.checks import Reliance
from service.ledger.sheet import (
    CONVENE,
    DECISION,
    FIRST,
    GROUP,
    MINUTES,
    OFFICE,
    REDISPATCH,
    REVIEWS,
    TOPIC,
    UNIT,
)
from service.processes.rules import ABOUT_RECORD
from service.processes.spans import SAID
from service.usecases import half_years

_SHEET = "需求处理单上“{}”一栏会是空的"
_COUNTED = "台账和统计按它计数，会数不出来"

RELIED: Mapping[str, tuple[Reliance, ...]] = {
    "request": (
        Reliance(
            _SHEET.format("需求（问题）内容"),
            task=FIRST,
            fields=("title", "description", "category", "town", "channel", "received_on", "leader_id", "talent_id"),
        ),
        Reliance(_COUNTED, fields=tuple(name for name in SAID if name != "outcome")),
        Reliance(_SHEET.format("转办意见"), sign=OFFICE, fields=("opinion", "lead_unit", "assisting_units", "basis")),
        Reliance("处理单不写改派", task=REDISPATCH, fields=("unit",)),
        Reliance(
            _SHEET.format("相关部门办理情况"),
            sign=UNIT,
            fields=("result", "reply", "reason", "progress", "next_date"),
        ),
        *(Reliance("处理单不写区人才办的审核", task=step, fields=("decision", "comment")) for step in REVIEWS),
        Reliance("处理单不写专题工作会议", task=CONVENE, fields=("held_on", "place")),
        Reliance("处理单不写会议议定的内容", task=MINUTES, fields=("decisions",)),
        Reliance("处理单不写上会的会议", task=TOPIC, fields=("body",)),
        Reliance("处理单不写会议决定", task=DECISION, fields=("decided_on", "document_no", "content")),
        Reliance(_SHEET.format("领导小组意见"), sign=GROUP, fields=("opinion", "given_on")),
        Reliance("事项的编号不会显示", action="issue_number", result="number"),
    ),
    "half_year_report": (
        Reliance("“半年报告”页面不能报送", task=half_years.SUBMIT),
        Reliance("“半年报告”页面不能接收、退回", task=half_years.REVIEW, fields=("decision", "reason")),
        Reliance("汇总表上没有区人才办的话", task=half_years.ROLL_UP, fields=("summary",)),
    ),
    "leader_brief": (Reliance("“专报”页面不能签发", task=STEP, fields=("decision", "text", "reason")),),
    "roster": (
        *(Reliance("“名单”页面不能拟定、确定", task=step) for step in ("draft_a", "draft_b", "decide_a", "decide_b")),
        Reliance("“名单”页面不能备案", task="file_list"),
    ),
    "instruction": (Reliance("需求、专报的页面上看不到批示，也没有“批示”按钮", fields=ABOUT_RECORD),),
    "change_report": (Reliance("人才的页面上没有这些报告的内容", fields=("change_type", "event_date", "reported_on")),),
}
"""Process → the names that are read of it."""
