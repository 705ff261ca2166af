"""Characters of writing, by one rule: what input takes, what search finds, what paper can show. Pure.

``characters`` tidies what people type and names what cannot be used, ``variants`` folds the ways of writing a character
into the usual one, ``keys`` makes what is searched, ``pinyin`` spells names in Latin letters.
"""

from service.spelling.characters import CONTROLS, code_point, half_width, is_noncharacter, one_line, tidy, unusable
from service.spelling.keys import grams, plain, search_key, terms, written_ways
from service.spelling.pinyin import PART_READINGS, PERSON_READINGS, Spelling, spell, syllables
from service.spelling.variants import folded, simplified

__all__ = [
    "CONTROLS",
    "PART_READINGS",
    "PERSON_READINGS",
    "Spelling",
    "code_point",
    "folded",
    "grams",
    "half_width",
    "is_noncharacter",
    "one_line",
    "plain",
    "search_key",
    "simplified",
    "spell",
    "syllables",
    "terms",
    "tidy",
    "unusable",
    "written_ways",
]
