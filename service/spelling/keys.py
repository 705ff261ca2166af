"""How a search compares. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from operator import add

from service.spelling.characters import is_noncharacter, tidy
from service.spelling.variants import folded, simplified, traditional, variants_of

QUERY_LENGTH = 60
MOST_WAYS = 16
"""So many ways of writing a search of running text are looked for."""


def plain(text: str) -> str:
    """``text`` as search compares it: usual forms of characters, half-width, lower case, without points and spaces.

    Every character of a name stays, however rare: those of private use, and those younger than the machine's own table.
    """
    characters = folded(unicodedata.normalize("NFKC", tidy(text)).casefold())
    return "".join(character for character in characters if character.isalnum() or _rare(character))


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


def grams(text: str) -> list[str]:
    """The pieces of a search key by which an index finds it, each once: every two characters that stand together, and
    of ASCII every three. A word of one character has none.

    PostgreSQL makes the same ones by its function ``case_grams``.
    """
    found: dict[str, None] = {}
    for word in text.split(" "):
        pairs = list(map(add, word, word[1:]))
        found |= dict.fromkeys(pairs)
        found |= dict.fromkeys(filter(str.isascii, map(add, pairs, word[2:])))
    return list(found)


def written_ways(query: str) -> list[str]:
    """The spellings under which running text, which has no key, is searched; at most ``MOST_WAYS``.

    As typed, in simplified and in traditional characters, and with one character in another of its forms.
    """
    typed = tidy(query).strip()
    ways = [typed, simplified(typed), traditional(typed), folded(typed)]
    for place, character in enumerate(typed):
        ways.extend(f"{typed[:place]}{other}{typed[place + 1 :]}" for other in variants_of(character))
    return list(dict.fromkeys(ways))[:MOST_WAYS]


def _rare(character: str) -> bool:
    return unicodedata.category(character) in {"Co", "Cn"} and not is_noncharacter(character)
