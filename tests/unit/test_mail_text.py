"""A letter as it goes over the line: whatever stands in it, a reader gets just that, and no more headers."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from service.notifications.letter import Letter
from service.notifications.mail_text import encoded, mail_text

SENDER = "zhilian@office.test"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)
HEADERS = ["From", "To", "Subject", "Message-ID", "Auto-Submitted"]
OF_THE_FORM = ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def read(letter: Letter) -> EmailMessage:
    message = message_from_bytes(mail_text(letter, SENDER), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def letter(subject: str = "工作提醒", body: str = "请登录。") -> Letter:
    return Letter("mail", "office", "office@office.test", subject, body, "ab12.office")


@given(subject=TEXT, body=TEXT)
def test_whatever_stands_in_a_letter_is_read_as_written(subject: str, body: str) -> None:
    message = read(letter(subject, body))
    assert list(message) == HEADERS + OF_THE_FORM
    assert message["To"] == "office@office.test"
    assert message["From"] == SENDER
    assert message["Message-ID"] == "<ab12.office@office.test>"
    sent = message.get_payload(decode=True)
    assert isinstance(sent, bytes)
    assert sent.decode().split("\n")[:-1] == body.splitlines()


@given(subject=st.text(st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=300))
def test_a_subject_is_read_as_written(subject: str) -> None:
    assert read(letter(subject))["Subject"] == subject


@given(subject=TEXT)
def test_no_line_is_longer_than_a_server_takes_or_holds_anything_but_ascii(subject: str) -> None:
    lines = mail_text(letter(subject, "长" * 2000 + "\r\n.\r\nRCPT TO:<a@b>"), SENDER).split(b"\r\n")
    assert all(len(line) <= 78 and line.isascii() and b"\n" not in line for line in lines)
    assert b"." not in lines


def test_no_character_is_cut_in_two() -> None:
    words = encoded("好" * 40).split("\r\n ")
    assert len(words) == 4
    assert all(word.startswith("=?utf-8?b?") and word.endswith("?=") and len(word) <= 75 for word in words)
