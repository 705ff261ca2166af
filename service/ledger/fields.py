"""The fields of saved views and of policies marked changed, and the words for the entries of their journals."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import AREA, CHOICE, FLAG, Entry, Field

VIEW_SAVED, VIEW_DROPPED = "ledger_view_saved", "ledger_view_dropped"
POLICY_CHANGED, REVISITED = "policy_changed", "case_revisited"

VIEW = (
    Field("name", "名称", required=True, longest=20),
    Field("shared", "全员共用", FLAG),
)
RESULTS: Mapping[str, str] = {
    "solvable": "现在可以解决，另行登记需求办理",
    "still": "目前政策框架下仍未能解决",
    "moot": "当事人已不需要",
}
"""The results of looking at a case again."""
CHANGE = (
    Field("policy", "政策", required=True, longest=200, note="名称或文号，与反馈时填写的“政策依据”相符的事项都会列出"),
    Field("told", "变化内容", AREA, required=True, longest=500),
)
REVISIT = (
    Field("result", "结果", CHOICE, required=True, choices=RESULTS),
    Field("note", "说明", AREA, required=True, longest=500),
)

ENTRIES: Mapping[str, Entry] = {
    VIEW_SAVED: Entry("保存台账视图", VIEW),
    VIEW_DROPPED: Entry("删除台账视图"),
    POLICY_CHANGED: Entry("标记政策已变化", CHANGE),
    REVISITED: Entry("政策变化后重新研判", REVISIT),
}
"""Kinds of entries in the journals of saved views and of changed policies."""
