"""How a name is spelled in Latin letters, and how a search compares. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from pypinyin import Style, lazy_pinyin, pinyin

PINYIN_LENGTH, INITIALS_LENGTH, QUERY_LENGTH = 600, 100, 60

PERSON_READINGS, NAME_READINGS, PART_READINGS = 24, 12, 8
"""How many readings are kept to be searched: of a person's name, of a unit's or team's, of a name beside another."""

KNOWN_NAMES = 20_000
"""Spellings kept at hand: thousands of talents of one list share their employers and signs."""

# Surnames whose reading as a surname is not the everyday one: the first is proposed, all of them are searchable.
SURNAMES = {
    "曾": ("zeng", "ceng"),
    "单": ("shan", "dan"),
    "解": ("xie", "jie"),
    "仇": ("qiu", "chou"),
    "区": ("ou", "qu"),
    "查": ("zha", "cha"),
    "盖": ("ge", "gai"),
    "朴": ("piao", "pu"),
    "翟": ("zhai", "di"),
    "覃": ("qin", "tan"),
    "尉": ("wei", "yu"),
    "缪": ("miao", "mou"),
    "乐": ("yue", "le"),
    "召": ("shao", "zhao"),
    "员": ("yun", "yuan"),
    "折": ("she", "zhe"),
    "黑": ("he", "hei"),
    "秘": ("bi", "mi"),
    "种": ("chong", "zhong"),
    "重": ("chong", "zhong"),
    "长": ("chang", "zhang"),
    "盛": ("sheng", "cheng"),
    "会": ("gui", "hui"),
    "洗": ("xian", "xi"),
}
COMPOUND_SURNAMES = {
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "长孙": ("zhang", "sun"),
    "单于": ("chan", "yu"),
    "令狐": ("ling", "hu"),
    "澹台": ("tan", "tai"),
    "欧阳": ("ou", "yang"),
}

_FOREIGN = "\x00"  # no name can hold it


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name in Latin letters: ``pinyin`` (``ouyangxiu``), ``initials`` (``oyx``) and all that a search may meet.

    ``sounds`` are the whole name's readings, the likeliest first.
    """

    pinyin: str
    initials: str
    keys: tuple[str, ...]
    sounds: tuple[str, ...]


Syllable = tuple[str, str]
"""What one sign is spelled like, and what it gives to the initials."""


@lru_cache(maxsize=KNOWN_NAMES)
def spell(name: str, *, of_person: bool = True, readings: int | None = None) -> Spelling:
    """How ``name`` is spelled; for a person the surname is read as a surname (单 is shan, not dan).

    ``keys`` holds the name itself and every spelling a reader may try: other readings of a sign (长 is zhang and
    chang), lu for lü. At most ``readings`` of them, the likeliest.
    """
    most = readings or (PERSON_READINGS if of_person else NAME_READINGS)
    spelled = list(islice(_readings(_persons(name) if of_person else _signs(name)), most))
    full = ["".join(sound for sound, _ in reading) for reading in spelled]
    short = ["".join(initial for _, initial in reading) for reading in spelled]
    unmarked = [text.replace("v", "u") for text in full if "v" in text]
    keys = tuple(dict.fromkeys([plain(name), *full, *unmarked, *short]))
    sounds = tuple(dict.fromkeys(full))
    return Spelling(pinyin=full[0][:PINYIN_LENGTH], initials=short[0][:INITIALS_LENGTH], keys=keys, sounds=sounds)


def plain(text: str) -> str:
    """``text`` as search compares it: full-width made half-width, lower case, without points and spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


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


def _readings(signs: Sequence[Sequence[Syllable]]) -> Iterator[list[Syllable]]:
    """The name with each sign read in every way, the likeliest readings first."""
    unlikeliest = sum(len(ways) - 1 for ways in signs)
    for unlikely in range(unlikeliest + 1):
        yield from _read(signs, unlikely, unlikeliest)


def _read(signs: Sequence[Sequence[Syllable]], unlikely: int, room: int) -> Iterator[list[Syllable]]:
    """The readings whose signs are together ``unlikely`` steps from the likeliest; they can be ``room`` steps."""
    several = next((place for place, ways in enumerate(signs) if len(ways) > 1), len(signs))
    usual = [ways[0] for ways in signs[:several]]
    if several == len(signs) or unlikely == 0:
        yield [ways[0] for ways in signs]
        return
    ways, rest = signs[several], signs[several + 1 :]
    left = room - (len(ways) - 1)
    for rank in range(max(0, unlikely - left), min(unlikely, len(ways) - 1) + 1):
        for others in _read(rest, unlikely - rank, left):
            yield [*usual, ways[rank], *others]


def _persons(name: str) -> list[tuple[Syllable, ...]]:
    """The ways of reading each sign of a person's name."""
    for compound, sounds in COMPOUND_SURNAMES.items():
        if name.startswith(compound):
            return [((sound, sound[0]),) for sound in sounds] + _signs(name[len(compound) :])
    if name[:1] in SURNAMES:
        return [tuple((sound, sound[0]) for sound in SURNAMES[name[:1]]), *_signs(name[1:])]
    return _signs(name)


def _signs(text: str) -> list[tuple[Syllable, ...]]:
    """The ways of reading each sign of ``text``, the likeliest where it stands first."""
    # What is no Chinese sign comes through `errors` in runs: a word of it belongs to the initials as a whole.
    found: list[tuple[Syllable, ...]] = []
    place = 0
    for part in lazy_pinyin(text, errors=lambda run: f"{_FOREIGN}{run}"):
        if part.startswith(_FOREIGN):
            place += len(part) - len(_FOREIGN)
            if word := plain(part):
                found.append(((word, word),))
        else:
            sounds = dict.fromkeys([plain(part), *_sounds_of(text[place])])
            place += 1
            found.append(tuple((sound, sound[0]) for sound in sounds if sound))
    return found


@lru_cache(maxsize=KNOWN_NAMES)
def _sounds_of(sign: str) -> tuple[str, ...]:
    """Every sound of one Chinese sign, whatever its tone."""
    return tuple(map(plain, pinyin(sign, style=Style.NORMAL, heteronym=True)[0]))
