"""The statement about a key, signed by itself and by the key before it; and checking what was signed. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.canonical import dumps
from service.errors import Invalid
from service.seals.heads import FIRST, LOST, ROTATED

FORMAT, VERSION = "talent-liaison-seal-key", 1


@dataclass(frozen=True, slots=True)
class Statement:
    """A key and how it began: ``text`` is canonical JSON, ``own`` and ``old`` are signatures of it in hex."""

    text: str
    own: str
    old: str | None

    @property
    def said(self) -> Mapping[str, Any]:
        """``key`` (public, hex), ``id``, ``begun_at``, ``begun``, ``previous`` (an id or None), ``reason``.

        Nothing where the text was changed so that it cannot be read.
        """
        try:
            found: Any = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def data(self) -> dict[str, Any]:
        """As files keep it."""
        return {"statement": self.text, "own": self.own, "old": self.old}


def id_of(public: bytes) -> str:
    """The name of a key: the first 16 hex digits of the SHA-256 of its 32 public bytes."""
    return hashlib.sha256(public).hexdigest()[:16]


def statement_text(public: bytes, *, begun: str, previous: str | None, reason: str, now: datetime) -> str:
    """The text to be signed."""
    return dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "id": id_of(public),
            "key": public.hex(),
            "begun_at": now.astimezone(UTC).isoformat(timespec="microseconds"),
            "begun": begun,
            "previous": previous,
            "reason": reason,
        }
    )


def is_signed(text: str, signature: str | None, public: bytes) -> bool:
    """Whether ``signature`` (hex) is the key's of ``text``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature or ""), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


class Keys:
    """The public keys that statements tell of; what is wrong with them and what is to be known about them, in words."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.faults: list[str] = []
        self.remarks: list[str] = []
        self.public: dict[str, bytes] = {}
        self.begun: dict[str, str] = {}
        for one in statements:
            self.faults += self._take(one)

    def _take(self, one: Statement) -> Iterator[str]:
        try:
            said = one.said
            public, key, begun, previous = bytes.fromhex(said["key"]), said["id"], said["begun"], said["previous"]
        except (ValueError, LookupError, TypeError):
            yield "有一个密钥的记录无法读取"
            return
        if key != id_of(public) or not is_signed(one.text, one.own, public):
            yield f"密钥 {key} 的记录被改动，或不是由它自己签名"
            return
        if begun == ROTATED:
            if previous not in self.public or not is_signed(one.text, one.old, self.public[previous]):
                yield f"密钥 {key} 没有前一密钥 {previous} 的签名，不能证明是由原持有人更换的"
        elif begun == LOST:
            day = said["begun_at"][:10]
            self.remarks.append(
                f"密钥 {key} 于 {day} 在原密钥 {previous} 遗失后启用（{said['reason']}），没有原密钥的签名；"
                "请以当时的书面记录为准"
            )
        elif self.public:
            yield f"密钥 {key} 不是最早的密钥，却没有写明接替哪一个"
        self.public[key], self.begun[key] = public, begun

    def checked(self, text: str, signature: str, key: str) -> str | None:
        """The fault of the signature of a head, in words; None where it is good."""
        if key not in self.public:
            return f"由未登记的密钥 {key} 签名"
        return None if is_signed(text, signature, self.public[key]) else "签名不符"


def statement_of(data: Any) -> Statement:
    """The statement that a file keeps (``Statement.data``). Raises Invalid."""
    try:
        return Statement(str(data["statement"]), str(data["own"]), None if data["old"] is None else str(data["old"]))
    except (LookupError, TypeError) as error:
        raise Invalid("密钥的记录残缺，无法读取") from error


__all__ = ["FIRST", "LOST", "ROTATED", "Keys", "Statement", "id_of", "is_signed", "statement_of", "statement_text"]
