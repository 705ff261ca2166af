"""Passwords as argon2id; a check takes as long for a name that nobody has.

The work takes a twentieth of a second and 64 MB. So it is done before a transaction that writes is opened (nobody waits
with a locked database), and by few at a time: who floods the sign-in page slows down sign-ins and nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.auth.rules import LONGEST_PASSWORD
from service.db import is_writing
from service.errors import Busy

AT_ONCE, WAITING = 2, 4
"""So many passwords are worked on in a process, and so many more may wait for their turn."""
WAIT_SECONDS = 5.0
CROWDED = "同时登录的人太多，请过几秒再试"

_hasher = PasswordHasher()
_queue, _turn = BoundedSemaphore(AT_ONCE + WAITING), BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A new password, hashed before the transaction that stores it.

    ``over`` are the stored hashes that it was held against, the present one first: the command sees whether they are
    still the same. ``repeats`` says that it is one of them, ``knows_old`` that the old one was typed right.
    """

    text: str = field(repr=False)
    hash: str = field(repr=False)
    over: tuple[str, ...] = field(default=(), repr=False)
    repeats: bool = False
    knows_old: bool = False


def prepare(password: str, *, over: Sequence[str] = (), old: str | None = None) -> NewPassword:
    """``password`` hashed, and held against the stored hashes ``over``; ``old`` is what was typed as the present one.

    Not within a transaction that writes. Raises ``Busy`` where too many ask at once.
    """
    knows_old = old is not None and matches(over[0] if over else None, old)
    if len(password) > LONGEST_PASSWORD:  # hashing megabytes is a way to stall the service; the command refuses it
        return NewPassword(password[: LONGEST_PASSWORD + 1], "", tuple(over), knows_old=knows_old)
    repeats = any(matches(stored, password) for stored in over)
    return NewPassword(password, hashed(password), tuple(over), repeats, knows_old)


def hashed(password: str) -> str:
    """The argon2id hash to store, salted, with its parameters. Not within a transaction; raises ``Busy``."""
    with _work():
        return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` has the hash ``stored``; without one the same work is done and the answer is no.

    Not within a transaction that writes. Raises ``Busy``.
    """
    with _work():
        try:
            # A longer password than any account has is cut: hashing megabytes is a way to stall the service.
            _hasher.verify(stored or _nobodys_hash(), _normal(password[: LONGEST_PASSWORD + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether ``stored`` was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@contextmanager
def _work() -> Iterator[None]:
    if is_writing():
        raise AssertionError("passwords are hashed before the transaction, not within it")
    if not _queue.acquire(blocking=False):
        raise Busy(CROWDED)
    try:
        if not _turn.acquire(timeout=WAIT_SECONDS):
            raise Busy(CROWDED)
        try:
            yield
        finally:
            _turn.release()
    finally:
        _queue.release()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> bytes:
    # The same character typed on two machines may arrive composed or decomposed.
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
