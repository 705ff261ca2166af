"""The head of a seal: what is signed, as one canonical JSON text. Pure.

``liaison-seal`` version 1 says of the journal up to a moment: how many events and streams it holds, the roots of the
tree over them in SHA-256 and SM3, how many events and new streams came on each day since the head before, and which
head that was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.canonical import dumps
from service.errors import Invalid

FORMAT, VERSION = "talent-liaison-seal", 1
NOTHING = "0" * 64
"""``previous`` of the first head."""
FIRST, ROTATED, LOST = "first", "rotated", "lost"
"""How the key of a head began: with no key before it, vouched for by the one before, or after that one was lost."""
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """The content of a head. ``days`` is day (of Shanghai) → events, streams begun, since the head before.

    ``previous`` is the SHA-256 of the text of that head; ``key`` the id of the key that signs, ``key_begun`` how it
    began.
    """

    number: int
    made_at: datetime
    by: str
    size: int
    last_id: int
    streams: int
    days: Mapping[str, tuple[int, int]]
    sha256: str
    sm3: str | None
    previous: str
    key: str
    key_begun: str

    def text(self) -> str:
        """As it is signed."""
        return dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "number": self.number,
                "made_at": self.made_at.astimezone(UTC).isoformat(timespec="microseconds"),
                "by": self.by,
                "size": self.size,
                "last_id": self.last_id,
                "streams": self.streams,
                "days": {day: list(counts) for day, counts in self.days.items()},
                "sha256": self.sha256,
                "sm3": self.sm3,
                "previous": self.previous,
                "key": self.key,
                "key_begun": self.key_begun,
            }
        )


def digest_of(text: str) -> str:
    """The SHA-256 of a head's text, in hex: what the next head, a token and a witness name it by."""
    return hashlib.sha256(text.encode()).hexdigest()


def sm3_of(text: str) -> str | None:
    """Its SM3, where this machine has it."""
    try:
        return hashlib.new("sm3", text.encode()).hexdigest()
    except ValueError:
        return None


def head_of(text: str) -> Head:
    """The head that ``text`` says. Raises ``Invalid`` for another format, a newer version, a missing or bad entry."""
    try:
        said: Any = json.loads(text)
        if said["format"] != FORMAT:
            raise Invalid("不是本系统的封存")
        if not isinstance(said["version"], int) or said["version"] > VERSION:
            raise Invalid("封存由更新的版本写成，请先升级本系统再核对")
        found = Head(
            number=_whole(said["number"]),
            made_at=datetime.fromisoformat(said["made_at"]),
            by=str(said["by"]),
            size=_whole(said["size"]),
            last_id=_whole(said["last_id"]),
            streams=_whole(said["streams"]),
            days={str(day): (_whole(one[0]), _whole(one[1])) for day, one in said["days"].items()},
            sha256=_hex(said["sha256"]),
            sm3=None if said["sm3"] is None else _hex(said["sm3"]),
            previous=_hex(said["previous"]),
            key=str(said["key"]),
            key_begun=str(said["key_begun"]),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise Invalid(f"封存的内容残缺，无法读取（{error}）") from error
    if found.text() != text:
        raise Invalid("封存的内容被改动：不是本系统写出的样子")
    return found


def groups(digest: str) -> list[str]:
    """A digest in hex as people compare and copy it: eight groups of eight characters."""
    return [digest[n : n + 8] for n in range(0, len(digest), 8)]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r}")
    return value


def _hex(value: Any) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError(f"{value!r}")
    return value
