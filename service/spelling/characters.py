"""Text that people type, tidied; and the characters in it that cannot be used, named with their places. Pure.

The machine's own table of characters is older than the standard that names are written by (GB 18030-2022): to it the
newest Chinese characters (extensions H and I) are unassigned, and those of private use are nothing. So no rule here
asks whether a character is known: only what is known to be unusable is refused, and only what nobody can see is taken
out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

CONTROLS = frozenset({"Cc", "Cs"})
"""The categories that no text may hold: control characters and halves of pairs."""

# PDF files and scanners give radicals for the characters that they look like: 马 comes as U+2EE2, 文 as U+2F42.
# Kangxi radicals have their character in Unicode's own folding, the supplement in its list of equivalent ideographs.
_LOOKS = (
    "⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻"
    "⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳"
)
_MEANS = (
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵旡日月歺母民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿"
    "肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟"
)
_RADICALS = str.maketrans(_LOOKS, _MEANS) | {
    radical: unicodedata.normalize("NFKC", chr(radical)) for radical in range(0x2F00, 0x2FD6)
}
_RADICALS[0x2F3E] = "户"  # 用户 comes with it; Unicode's 戶 is the form of Taiwan
# Zero width, soft hyphens, byte order marks, and what turns the direction of reading.
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_LINE_ENDS = re.compile("\r\n?")
_PLANES_END = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_SUSPECT = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_PLANES_END}]")
"""Characters of ``CONTROLS``, and what will never be one."""
_JOINERS = re.compile("[\u200c\u200d]")  # in a text they join the parts of a picture or the letters of a script
_FULL_WIDTH = {character: character - 0xFEE0 for character in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-")


def tidy(text: str) -> str:
    """``text`` as it is kept: radicals and compatibility forms as their characters, without those that nobody sees.

    A line ends with one character: a form that is sent without script ends it with two, which no limit of a field
    counts.
    """
    text = _LINE_ENDS.sub("\n", text)
    if text.isascii():
        return text
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text.translate(_RADICALS)))


def one_line(text: str) -> str:
    """The same for a name or another single line: nothing around it, nothing that joins."""
    return _JOINERS.sub("", tidy(text)).strip()


def half_width(text: str) -> str:
    """The same for what is a number, a code, a date, an address or a sign-in name: １３８－００ becomes 138-00."""
    return one_line(text).translate(_FULL_WIDTH).translate(_DASHES).strip()


def unusable(text: str, refused: Collection[str] = CONTROLS, *, allowed: str = "") -> str:
    """The unusable characters of ``text`` and their places, as the end of a sentence that a label begins.

    Empty where all can be used. ``refused`` are categories of Unicode, ``allowed`` single characters of them that may
    stand there all the same.
    """
    suspects = ((one.end(), one.group()) for one in _SUSPECT.finditer(text))
    for place, character in suspects if refused is CONTROLS else enumerate(text, 1):
        category = unicodedata.category(character)
        if character in allowed or not (category in refused or is_noncharacter(character)):
            continue
        if category == "So":
            return f"第 {place} 个字“{character}”是图形符号，不能使用，请删去"
        before = f"“{text[max(0, place - 4) : place - 1]}”之后" if place > 1 else "开头"
        return f"{before}（第 {place} 个字）含有不可见的控制字符 {code_point(character)}，请删去该处后重新输入"
    return ""


def code_point(character: str) -> str:
    """How a character is named that cannot be shown: U+2EBF3."""
    return f"U+{ord(character):04X}"


def is_noncharacter(character: str) -> bool:
    """Whether Unicode promises that this will never be a character; a file for Excel or Word cannot hold it."""
    return 0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE
