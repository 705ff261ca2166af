"""The words of what the journal says of seals."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry

ENTRIES: Mapping[str, Entry] = {
    "seal_key_begun": Entry("启用封存密钥"),
    "evidence_exported": Entry("导出证据包"),
}
