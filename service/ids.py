"""The only source of identifiers.

``new()`` makes an unguessable id for a record that starts its own history. Ids that an instance makes inside itself
come from ``derive()``: the same name within the same namespace always gives the same id, so replay meets the ids of the
past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from hashlib import sha1
from itertools import count
from uuid import UUID, uuid4, uuid5

REMEMBERED = 4096
"""Texts of ids whose values are kept."""
_EMPTY = sha1(usedforsecurity=False)
"""It is copied, for the library takes longer to begin another one."""
_VARIANT = {sign: "89ab"[int(sign, 16) & 3] for sign in "0123456789abcdef"}
_series: ContextVar[Iterator[UUID] | None] = ContextVar("series_of_ids", default=None)


def new() -> UUID:
    """A fresh random id; the next of the series where one is set."""
    series = _series.get()
    return uuid4() if series is None else next(series)


def derive(namespace: UUID, name: str) -> UUID:
    """The id that ``name`` has within ``namespace``, the same for ever (RFC 9562, version 5)."""
    made = _EMPTY.copy()
    made.update(namespace.bytes + name.encode())
    return UUID(bytes=_sealed(made.digest()))


def names_in(namespace: UUID) -> Callable[[str], str]:
    """``derive`` within one namespace, as text, for the thousands of ids that are looked up and never taken apart."""
    begun = _EMPTY.copy()
    begun.update(namespace.bytes)

    def derived(name: str) -> str:
        made = begun.copy()
        made.update(name.encode())
        text = made.hexdigest()  # of which ``_sealed`` sets two signs
        return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"

    return derived


def _sealed(digest: bytes) -> bytes:
    seal = bytearray(digest[:16])
    seal[6] = seal[6] & 0x0F | 0x50  # the version 5 and the variant of RFC 9562
    seal[8] = seal[8] & 0x3F | 0x80
    return bytes(seal)


@lru_cache(maxsize=REMEMBERED)
def read(text: str) -> UUID:
    """The id that ``text`` says, for those that a journal names again and again. Raises ValueError."""
    return UUID(text)


def as_id(value: UUID | str) -> UUID | None:
    """``value`` as an id, or ``None`` where it is no id at all."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except ValueError:
        return None


@contextmanager
def reproducible(namespace: UUID, name: str) -> Iterator[None]:
    """Within the block ``new()`` gives the same ids in the same order at every run, for this thread or task only.

    They can be guessed: for made-up data (the demonstration), never for what must be kept apart.
    """
    token = _series.set(uuid5(namespace, f"{name}:{number}") for number in count(1))
    try:
        yield
    finally:
        _series.reset(token)
