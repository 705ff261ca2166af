"""The words of what the journal says of seals."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry, Field

ENTRIES: Mapping[str, Entry] = {
    "seal_key_begun": Entry("启用封存密钥"),
    "held_against": Entry(
        "用保存在别处的封存核对",
        (
            Field("seals", "封存次数"),
            Field("size", "封存的记录数"),
            Field("mismatches", "不符之处"),
            Field("files", "所用的文件"),
        ),
    ),
    "evidence_exported": Entry(
        "导出证据包",
        (
            Field("digest", "清单的摘要（回执）"),
            Field("sha256", "文件的 SHA-256"),
            Field("sm3", "文件的 SM3"),
            Field("seal", "封存号"),
        ),
    ),
}
