"""The fields of reports and briefs, and the words for the entries of their journals.

Pages, the API and the journal's words read these tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import DATE, PASSAGE, PICK, Entry, Field
from service.people.fields import OF_UNIT

TEXT_LENGTH = 8000
"""How many characters a section of a report, or a brief, may have."""

DUE_ON = Field("due_on", "报送期限", DATE)
RETURN_REASON = Field("reason", "退回原因", required=True, longest=500)

BRIEF_TEXT = Field("text", "专报正文", PASSAGE, required=True, longest=TEXT_LENGTH)
HOLD_REASON = Field("reason", "不签发的原因", PASSAGE, required=True, longest=500)

_PERIOD = (Field("year", "年度"), Field("half", "期间"))
_MONTH = (Field("leader_id", "领导", PICK, pick="leaders"), Field("year", "年度"), Field("month", "月份"))

ENTRIES: Mapping[str, Entry] = {
    "report_compiled": Entry("编制半年报告并取数", (OF_UNIT, *_PERIOD, DUE_ON)),
    "report_due_moved": Entry("调整半年报告的报送期限", (DUE_ON, Field("was", "原报送期限", DATE))),
    "report_edited": Entry("修改半年报告的文字"),
    "report_submitted": Entry("报送半年报告", (DUE_ON, Field("late", "逾期报送"))),
    "report_returned": Entry("退回半年报告", (RETURN_REASON,)),
    "report_accepted": Entry("接收半年报告"),
    "brief_drafted": Entry("编制专报并取数", _MONTH),
    "brief_edited": Entry("修改专报的文字", (BRIEF_TEXT,)),
    "brief_released": Entry("签发专报", (BRIEF_TEXT,)),
    "brief_held": Entry("不签发专报", (HOLD_REASON,)),
    "brief_read": Entry("领导阅知专报"),
}
"""Kinds of entries in the journals of half-year reports and briefs."""
