"""A letter in the form in which a mail server takes it (RFC 5322, 2045, 2047): pure, the same in every attempt.

The library's messages parse and fold each header anew, which was half the work of a letter; ours are few and known.
"""

from __future__ import annotations

from base64 import b64encode, encodebytes

from service.notifications.letter import Letter

_MOST_BYTES = 36
"""Of text in one encoded word, so that no line of a header is longer than 76 signs."""


def mail_text(letter: Letter, sender: str) -> bytes:
    """The whole message, with lines that end in CRLF. Addresses are ASCII; subject and body may be any text.

    Both are in base64: a line of theirs never becomes a header or a line with a single dot.
    """
    head = (
        ("From", sender),
        ("To", letter.address),
        ("Subject", encoded(letter.subject)),
        ("Message-ID", f"<{letter.key}@{sender.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "base64"),
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    body = "".join(f"{line}\n" for line in letter.body.splitlines())
    return lines.encode("ascii") + b"\r\n" + encodebytes(body.encode()).replace(b"\n", b"\r\n")


def encoded(text: str) -> str:
    """``text`` as encoded words of a header, none of which cuts a character in two."""
    words, word = [], b""
    for sign in text:
        more = sign.encode()
        if len(word) + len(more) > _MOST_BYTES:
            words.append(word)
            word = b""
        word += more
    return "\r\n ".join(f"=?utf-8?b?{b64encode(one).decode()}?=" for one in (*words, word))
