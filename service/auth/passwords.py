"""Passwords as argon2id; a check takes as long for a name that nobody has."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.auth.rules import LONGEST_PASSWORD

_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """The argon2id hash to store, salted, with its parameters."""
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` has the hash ``stored``; without one the same work is done and the answer is no."""
    try:
        # A longer password than any account has is cut: hashing megabytes is a way to stall the service.
        _hasher.verify(stored or _nobodys_hash(), _normal(password[: LONGEST_PASSWORD + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether ``stored`` was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> bytes:
    # The same sign typed on two machines may arrive composed or decomposed.
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
