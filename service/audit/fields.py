"""The words of what the journal says of verifications, and of findings that are acknowledged."""

from __future__ import annotations

from collections.abc import Mapping

from service.audit.folding import ACKNOWLEDGED, CONFIRMED, VERIFIED, WITHDRAWN
from service.audit.models import FULL, INCREMENTAL
from service.fields import Entry, Field

ENTRIES: Mapping[str, Entry] = {
    VERIFIED: Entry(
        "核验",
        (
            Field("mode", "方式", choices={FULL: "全部重新执行", INCREMENTAL: "增量"}),
            Field("found", "不符之处"),
        ),
    ),
    ACKNOWLEDGED: Entry(
        "确认核验发现",
        (
            Field("what", "不符之处"),
            Field("must", "应为"),
            Field("have", "现为"),
            Field("reason", "理由"),
            Field("second", "须另一人确认", choices={"true": "是", "false": "否"}),
        ),
    ),
    CONFIRMED: Entry("另一人确认核验发现", ()),
    WITHDRAWN: Entry("撤销核验确认", ()),
}
"""The kinds of entries in the journal of a verification."""
