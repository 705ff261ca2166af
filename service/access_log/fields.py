"""The words of what the journal says of the access log."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry, Field

_BATCH = (Field("number", "批次"), Field("entries", "访问记录条数"))

ENTRIES: Mapping[str, Entry] = {
    "access_sealed": Entry("访问记录登记入日志", _BATCH),
    "access_ended": Entry("访问记录保存期满删除", (*_BATCH, Field("until", "截至"))),
}
