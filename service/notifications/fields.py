"""The words for the entries about mail (the stream of access)."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry, Field

ENTRIES: Mapping[str, Entry] = {
    "mail_address_set": Entry("设置提醒邮件地址"),
    "mail_address_removed": Entry("不再收提醒邮件"),
    "letters_retried": Entry("重发未送出的邮件", (Field("letters", "件数"),)),
}
"""Kinds of entries about mail; addresses are not journaled."""
