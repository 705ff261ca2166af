"""How a name is spelled in Latin letters, and how a search compares. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pypinyin import lazy_pinyin

PINYIN_LENGTH, INITIALS_LENGTH, QUERY_LENGTH = 600, 100, 60

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
    """A name in Latin letters: ``pinyin`` (``ouyangxiu``), ``initials`` (``oyx``) and all that a search may meet."""

    pinyin: str
    initials: str
    keys: tuple[str, ...]


Syllable = tuple[str, str]
"""What one sign is spelled like, and what it gives to the initials."""


def spell(name: str, *, of_person: bool = True) -> Spelling:
    """How ``name`` is spelled; for a person the surname is read as a surname (单 is shan, not dan).

    ``keys`` holds the name itself and every spelling a reader may try: other readings of the surname, lu for lü.
    """
    readings = _readings(name) if of_person else [_syllables(name)]
    full = ["".join(sound for sound, _ in reading) for reading in readings]
    short = ["".join(initial for _, initial in reading) for reading in readings]
    unmarked = [text.replace("v", "u") for text in full if "v" in text]
    keys = tuple(dict.fromkeys([plain(name), *full, *unmarked, *short]))
    return Spelling(pinyin=full[0][:PINYIN_LENGTH], initials=short[0][:INITIALS_LENGTH], keys=keys)


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


def _readings(name: str) -> list[list[Syllable]]:
    for compound, sounds in COMPOUND_SURNAMES.items():
        if name.startswith(compound):
            return [[(sound, sound[0]) for sound in sounds] + _syllables(name[len(compound) :])]
    if name[:1] in SURNAMES:
        given = _syllables(name[1:])
        return [[(sound, sound[0]), *given] for sound in SURNAMES[name[:1]]]
    return [_syllables(name)]


def _syllables(text: str) -> list[Syllable]:
    # What is no Chinese sign comes through `errors` in runs: a word of it belongs to the initials as a whole.
    parts = lazy_pinyin(text, errors=lambda run: f"{_FOREIGN}{run}")
    marked = [(part.startswith(_FOREIGN), plain(part)) for part in parts]
    return [(sound, sound if foreign else sound[0]) for foreign, sound in marked if sound]
