"""The words of a draft's journal, and how much a draft may hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from service.fields import Entry

MADE, DISCARDED, RESTORED, REBASED = "draft_made", "draft_discarded", "draft_restored", "draft_rebased"
PROPOSED, RECALLED, PUBLISHED = "draft_proposed", "draft_recalled", "draft_published"
SAVED, FORGOTTEN = "draft_saved", "draft_forgotten"

ENTRIES: Mapping[str, Entry] = {
    MADE: Entry("新建流程草稿"),
    SAVED: Entry("保存流程草稿"),
    DISCARDED: Entry("弃置流程草稿"),
    FORGOTTEN: Entry("清理弃置的流程草稿"),
    RESTORED: Entry("找回流程草稿"),
    REBASED: Entry("流程草稿改以新版为底"),
    PROPOSED: Entry("提请发布流程"),
    RECALLED: Entry("撤回发布提请"),
    PUBLISHED: Entry("发布流程草稿"),
}

KEPT_FOR = timedelta(days=30)
"""So long a discarded draft can be brought back."""
MOST_DRAFTS = 50
"""Open drafts of one person."""
MOST_FILES = 200
MOST_FILE_BYTES = 2_000_000
MOST_BYTES = 16_000_000
LONGEST_TITLE, LONGEST_NOTE = 100, 2_000
