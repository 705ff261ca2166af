"""The words for the entries about notices and mail: in the streams of notices and of access."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry, Field

TOLD, READ = "notice_told", "notice_read"
SENT, DROPPED = "letter_sent", "letter_dropped"
FAILED, AGAIN = "letter_failed", "letter_due_again"

ENTRIES: Mapping[str, Entry] = {
    TOLD: Entry("送达提醒"),
    READ: Entry("阅读提醒"),
    SENT: Entry("发出邮件"),
    DROPPED: Entry("不再发邮件"),
    FAILED: Entry("邮件发送失败"),
    AGAIN: Entry("重发邮件"),
    "mail_address_set": Entry("设置提醒邮件地址"),
    "mail_address_removed": Entry("不再收提醒邮件"),
    "notice_address_set": Entry("设置政务微信、钉钉账号", (Field("channel", "渠道"),)),
    "notice_address_removed": Entry("不再收政务微信、钉钉提醒", (Field("channel", "渠道"),)),
    "notice_choices_set": Entry("提醒设置"),
    "letter_retried": Entry("重发一封", (Field("letter", "提醒"),)),
    "letters_retried": Entry("重发未送出的邮件", (Field("letters", "件数"),)),
}
"""Kinds of entries about notices and mail; of an address the journal has the salted digest alone."""
