"""The words for the entries in the journal of an import."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry

ENTRIES: Mapping[str, Entry] = {
    "import_uploaded": Entry("上传导入文件"),
    "import_begun": Entry("开始处理导入文件"),
    "import_checked": Entry("检查导入文件"),
    "import_confirmed": Entry("确认导入"),
    "import_cancelled": Entry("取消导入"),
    "import_written": Entry("写入导入的数据"),
}
"""Kinds of entries in the journal of an import."""
