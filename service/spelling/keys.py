"""How a search compares. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from service.spelling.signs import is_noncharacter, tidy
from service.spelling.variants import simplified, traditional

QUERY_LENGTH = 60


def plain(text: str) -> str:
    """``text`` as search compares it: simplified, half-width, lower case, without points and spaces.

    Every sign of a name stays, however rare: those of private use, and those younger than the machine's own table.
    """
    folded = simplified(unicodedata.normalize("NFKC", tidy(text)).casefold())
    return "".join(sign for sign in folded if sign.isalnum() or _rare(sign))


def terms(query: str) -> list[str]:
    """The words of a search, each as ``plain`` makes it; what cannot occur in a key is left out."""
    return [term for word in query[:QUERY_LENGTH].split() if (term := plain(word))]


def search_key(*parts: str | Iterable[str] | None) -> str:
    """One text to search in: every part as ``plain`` makes it, set apart so that no match spans two of them."""
    words: list[str] = []
    for part in parts:
        if part is not None:
            words.extend([part] if isinstance(part, str) else part)
    return " ".join(dict.fromkeys(word for word in map(plain, words) if word))


def written_ways(query: str) -> list[str]:
    """A search of running text, which has no key: as it was typed, in simplified and in traditional signs."""
    typed = tidy(query).strip()
    return list(dict.fromkeys([typed, simplified(typed), traditional(typed)]))


def _rare(sign: str) -> bool:
    return unicodedata.category(sign) in {"Co", "Cn"} and not is_noncharacter(sign)
