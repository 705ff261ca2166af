"""The words of what the journal says of verifications."""

from __future__ import annotations

from collections.abc import Mapping

from service.audit.folding import VERIFIED
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
}
"""The kinds of entries in the journal of a verification."""
