"""The words of what the journal says of the access log."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry, Field

_BATCH = (Field("number", "批次"), Field("entries", "访问记录条数"))
_HANDED_OUT = (
    Field("name", "文件"),
    Field("records", "涉及的人才、事项数"),
    Field("asked", "条件"),
    Field("way", "经由"),
    Field("sha256", "摘要"),
)

ENTRIES: Mapping[str, Entry] = {
    "access_sealed": Entry("访问记录登记入日志", _BATCH),
    "exported": Entry("导出", _HANDED_OUT),
    "printed_out": Entry("打印其他文书", _HANDED_OUT),
    "access_ended": Entry("访问记录保存期满删除", (*_BATCH, Field("until", "截至"))),
}
