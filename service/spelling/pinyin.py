"""How a name is spelled in Latin letters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from service.spelling.keys import plain
from service.spelling.variants import simplified

PINYIN_LENGTH, INITIALS_LENGTH = 600, 100

PERSON_READINGS, NAME_READINGS, PART_READINGS = 24, 12, 8
"""How many readings are kept to be searched: of a person's name, of a unit's or team's, of a name beside another."""

KNOWN_NAMES = 20_000
"""Spellings kept at hand: thousands of talents of one list share their employers and characters."""

# Surnames whose reading as a surname is not the everyday one: the first is proposed, then come the character's others.
_OF_SURNAMES = """
单 shan 区 ou 解 xie 仇 qiu 查 zha 曾 zeng 盖 ge 朴 piao 翟 zhai di 覃 qin tan 尉 wei yu 缪 miao 乐 yue le
召 shao 员 yun 贠 yun 貟 yun 折 she 黑 he 秘 bi 种 chong 重 chong 长 chang 盛 sheng 会 gui 洗 xian 冼 xian
薄 bo 牟 mu mou 卜 bu 阚 kan 佴 nai 乜 nie 隗 wei kui 郗 xi chi 祭 zhai ji 句 gou 郇 xun huan 能 nai 繁 po
都 du 莘 shen xin 晁 chao 逄 pang 宓 mi fu 谌 chen shen 柏 bai bo 车 che 俞 yu 幺 yao 那 na 哈 ha 任 ren
宁 ning 盍 he 瞿 qu 殷 yin 逯 lu 难 ning nan 适 kuo shi 咎 jiu 藏 zang 褚 chu 谷 gu 晟 cheng 妫 gui
"""
SURNAMES = {
    character: tuple(sounds.split()) for character, sounds in re.findall(r"([^a-z\s]) ((?:[a-z]+\s)+)", _OF_SURNAMES)
}
COMPOUND_SURNAMES = {
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "长孙": ("zhang", "sun"),
    "单于": ("chan", "yu"),
    "令狐": ("ling", "hu"),
    "澹台": ("tan", "tai"),
    "欧阳": ("ou", "yang"),
    "乐正": ("yue", "zheng"),
    "子车": ("zi", "ju"),
    "鲜于": ("xian", "yu"),
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
"""The spelling of one character, and its share of the initials."""


@lru_cache(maxsize=KNOWN_NAMES)
def spell(name: str, *, of_person: bool = True, readings: int | None = None) -> Spelling:
    """How ``name`` is spelled; for a person the surname is read as a surname (单 is shan, not dan).

    ``keys`` holds the name itself and every spelling a reader may try: other readings of a character (长 is zhang and
    chang), lu for lü. At most ``readings`` of them, the likeliest.
    """
    most = readings or (PERSON_READINGS if of_person else NAME_READINGS)
    spelled = list(islice(_readings(_persons(name) if of_person else _characters(name)), most))
    full = ["".join(sound for sound, _ in reading) for reading in spelled]
    short = ["".join(initial for _, initial in reading) for reading in spelled]
    unmarked = [text.replace("v", "u") for text in full if "v" in text]
    keys = tuple(dict.fromkeys([plain(name), *full, *unmarked, *short]))
    sounds = tuple(dict.fromkeys(full))
    return Spelling(pinyin=full[0][:PINYIN_LENGTH], initials=short[0][:INITIALS_LENGTH], keys=keys, sounds=sounds)


def syllables(text: str) -> list[str]:
    """How ``text`` is read, character by character; words in Latin letters and numbers as they are written."""
    return [ways[0][0] for ways in _characters(text) if ways]


def _readings(characters: Sequence[Sequence[Syllable]]) -> Iterator[list[Syllable]]:
    """The name with each character read in every way, the likeliest readings first."""
    unlikeliest = sum(len(ways) - 1 for ways in characters)
    for unlikely in range(unlikeliest + 1):
        yield from _read(characters, unlikely, unlikeliest)


def _read(characters: Sequence[Sequence[Syllable]], unlikely: int, room: int) -> Iterator[list[Syllable]]:
    """The readings whose characters are together ``unlikely`` steps from the likeliest; they can be ``room`` steps."""
    several = next((place for place, ways in enumerate(characters) if len(ways) > 1), len(characters))
    usual = [ways[0] for ways in characters[:several]]
    if several == len(characters) or unlikely == 0:
        yield [ways[0] for ways in characters]
        return
    ways, rest = characters[several], characters[several + 1 :]
    left = room - (len(ways) - 1)
    for rank in range(max(0, unlikely - left), min(unlikely, len(ways) - 1) + 1):
        for others in _read(rest, unlikely - rank, left):
            yield [*usual, ways[rank], *others]


def _persons(name: str) -> list[tuple[Syllable, ...]]:
    """The ways of reading each character of a person's name; a surname is known in either way of writing it."""
    characters, surname = _characters(name), simplified(name[:2])
    sounds = COMPOUND_SURNAMES.get(surname)
    if sounds is not None:
        # 单于 may also be somebody of the surname 单.
        likely = [(sounds[0], *SURNAMES.get(surname[0], ())), (sounds[1],)]
    else:
        likely = [SURNAMES.get(surname[:1], ())]
    for place, ways in enumerate(likely):
        if ways:
            characters[place] = tuple(dict.fromkeys([*((sound, sound[0]) for sound in ways), *characters[place]]))
    return characters


def _characters(text: str) -> list[tuple[Syllable, ...]]:
    """The ways of reading each character of ``text``, the likeliest where it stands first."""
    # Text without Chinese characters comes through `errors` in runs: a word of it belongs to the initials as a whole.
    from pypinyin import lazy_pinyin  # its dictionaries are read when a name is spelled: most processes spell none

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
def _sounds_of(character: str) -> tuple[str, ...]:
    """Every sound of one Chinese character, whatever its tone."""
    from pypinyin import Style, pinyin

    return tuple(map(plain, pinyin(character, style=Style.NORMAL, heteronym=True)[0]))
