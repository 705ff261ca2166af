"""An entry of the access log as it waits to be written, and its digest. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from service.canonical import dumps

VIEW, SEARCH, PRINT, EXPORT, FILE, REFUSED = "view", "search", "print", "export", "file", "refused"
ACTS: Mapping[str, str] = {
    VIEW: "查看",
    SEARCH: "检索",
    PRINT: "打印",
    EXPORT: "导出",
    FILE: "打开附件",
    REFUSED: "被拒绝",
}
"""The acts of somebody with the data, in words."""
PAGE, API = "page", "api"
WAYS: Mapping[str, str] = {PAGE: "网页", API: "接口"}
HIDDEN = "（不显示）"
"""Stands where a search was for what an auditor may not see: digits of a document or a telephone number."""
LONGEST_WORD = 100
MOST_SUBJECTS = 10_000
"""Records that one entry tells of; what shows more is told by several, each of which says which ``PART`` it is."""
PART = "part"
"""Of ``reasons``: the place of an entry among several about one request, and their number."""
_PRIVATE = re.compile(r"\d{4,}[\dXx*]*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OTHER = re.compile(r"[^\dXx* -]")


@dataclass(frozen=True, slots=True)
class Look:
    """The content of an ``AccessEntry``, before it has a number."""

    at: datetime
    username: str
    address: str
    way: str
    route: str
    act: str
    restricted: int
    reasons: Mapping[str, Any]
    asked: Mapping[str, Any]
    subjects: Sequence[str]
    request_id: str

    def row(self) -> dict[str, Any]:
        """The columns of the entry."""
        return {**asdict(self), "subjects": list(self.subjects)}


def digest_of(number: int, row: Mapping[str, Any]) -> bytes:
    """The SHA-256 of an entry: of the canonical JSON of its number and its columns."""
    said = [
        number,
        row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        *(row[name] for name in ("username", "address", "way", "route", "act", "restricted")),
        *(row[name] for name in ("reasons", "asked", "subjects", "request_id")),
    ]
    return hashlib.sha256(dumps(said).encode()).digest()


def words(given: Mapping[str, Sequence[str]], *, hidden: frozenset[str] = frozenset()) -> dict[str, str]:
    """The words and filters of an address as an auditor may see them, by name.

    The values of ``hidden`` names, and words that are nothing but digits (of a document, of a telephone), are left out;
    a day (2026-01-31) is not.
    """
    found = {}
    for name, values in given.items():
        text = "、".join(filter(None, map(_kept, values)))[:LONGEST_WORD]
        if text:
            private = name in hidden or (_PRIVATE.search(text) and not _OTHER.search(text) and not _DAY.fullmatch(text))
            found[_kept(name)[:40]] = HIDDEN if private else text
    return found


def _kept(text: str) -> str:
    """``text`` without what no database keeps and nobody reads: NUL and its like, half characters."""
    return "".join(sign for sign in text if sign.isprintable()).strip()
