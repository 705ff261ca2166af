"""Tests whether passwords are too easy to guess. Pure.

A password is taken apart into pieces that guessers try first: common passwords and words, the account's own names, rows
of the keyboard, sequences, repetitions, years and dates. A piece counts as one character, whatever its length; what is
left must still be long enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING

from service.auth.rules import LONGEST_PASSWORD
from service.config.trust import Passwords
from service.fields import Checks

if TYPE_CHECKING:
    from service.people.models import Person

USUAL = Passwords()
CLASSES = ("小写字母", "大写字母", "数字", "符号", "汉字")
"""The classes of characters; all letters but those of ASCII count as one with Chinese characters."""
ENOUGH = 6
"""So many characters must be left that are not part of something guessed at once."""
SHORTEST_OF_DIGITS = 12
COMMON = "common_passwords.txt"

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgb")
_PLAIN = str.maketrans("@$!013457", "asioieast")
"""Characters that are put in the place of letters, and which."""
LONGEST_LOOKED_AT, LONGEST_PIECE = 64, 40
_DATES = re.compile(
    r"(19[3-9]\d|20[0-4]\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"  # 19850203
    r"|(19[3-9]\d|20[0-4]\d)"  # 1985
    r"|1[3-9]\d{9}"  # a mobile number
    r"|\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"  # 850203
)


def knowing(username: str, person: Person | None) -> frozenset[str]:
    """The words that whoever knows an account's owner tries first: names, spellings, unit, telephone."""
    words = {username, *re.split(r"[._-]", username)}
    if person is not None:
        words |= {person.name, *person.pinyin.split(), *person.initials.split()}
        words |= {person.pinyin.replace(" ", ""), re.sub(r"\D", "", person.phone or "")}
        if person.unit is not None:
            words |= {person.unit.code, person.unit.name, *person.unit.initials.split(), *person.unit.pinyin.split()}
    return frozenset(word.lower() for word in words if len(word) >= 2)


def check_password(checks: Checks, password: str, known: Collection[str], rules: Passwords = USUAL) -> None:
    """Refuses a password that is too short or long, too plain, or guessed early by who knows the words ``known``."""
    if len(password) < rules.shortest:
        checks.refuse("/password", f"密码至少 {rules.shortest} 个字符")
    elif len(password) > LONGEST_PASSWORD:
        checks.refuse("/password", f"密码最多 {LONGEST_PASSWORD} 个字符")
    elif any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        checks.refuse("/password", "密码不能含有控制字符")
    elif password.isdecimal() and len(password) < SHORTEST_OF_DIGITS:
        checks.refuse("/password", "只有数字的密码太容易被猜中，请加上字母或汉字")
    elif found := weakness(password, known):
        checks.refuse("/password", found)
    elif len(found_classes := classes_of(password)) < rules.classes:
        missing = "、".join(name for name in CLASSES if name not in found_classes)
        checks.refuse(
            "/password", f"密码须含{'、'.join(CLASSES)}中的至少 {rules.classes} 类，请再加上{missing}中的一类"
        )


def classes_of(password: str) -> set[str]:
    """Those of ``CLASSES`` of which a password has a character."""
    return {_class_of(sign) for sign in password}


def described(rules: Passwords) -> str:
    """The rules of new passwords in words, for the page on which one is chosen."""
    classes = f"，须含{'、'.join(CLASSES)}中的至少 {rules.classes} 类" if rules.classes > 1 else ""
    return f"至少 {rules.shortest} 个字符{classes}；不能由常用词、姓名、单位、年份或连续的按键组成"


def _class_of(sign: str) -> str:
    if sign.isdecimal():
        return "数字"
    if not sign.isalpha():
        return "符号"
    if sign.isascii():
        return "小写字母" if sign.islower() else "大写字母"
    return "汉字"


def weakness(password: str, known: Collection[str]) -> str | None:
    """Why a password is guessed early, and what to do; None where it is not."""
    left, reasons = _taken_apart(password[:LONGEST_LOOKED_AT].lower(), frozenset(known))
    if left >= ENOUGH:
        return None
    named = "、".join(reasons) or "重复的字符"
    return f"密码太容易被猜中：多半由{named}组成。请加长，或换用几个互不相干的词"


def _taken_apart(text: str, known: frozenset[str]) -> tuple[int, list[str]]:
    """How many characters a guesser must still find, at the least, and the pieces that made it so few."""
    best: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for end in range(1, len(text) + 1):
        count, reasons = best[end - 1]
        choices = [(count + 1, reasons)]
        for start, reason in _pieces_that_end(text, end, known):
            count, reasons = best[start]
            choices.append((count + 1, reasons if reason in reasons else (*reasons, reason)))
        best.append(min(choices, key=lambda one: one[0]))
    count, reasons = best[-1]
    # Hardly any different characters are hardly anything to guess, however often they come.
    return min(count, 2 * len(set(text))), list(reasons)


def _pieces_that_end(text: str, end: int, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Where guessable pieces that end at ``end`` begin, and what they are."""
    for start in range(max(0, end - LONGEST_PIECE), end - 1):
        piece = text[start:end]
        if reason := _guessable(piece, known):
            yield start, reason


def _guessable(piece: str, known: frozenset[str]) -> str | None:
    plain = piece.translate(_PLAIN)
    if piece in known or plain in known:
        return "用户名、姓名、电话或单位"
    if len(piece) < 3:
        return None
    if len(set(piece)) == 1:
        return "重复的字符"
    if piece in common() or plain in common():
        return "常见的密码或词语"
    if _is_row(piece):
        return "连续的字符或键盘上相邻的键"
    if _DATES.fullmatch(piece):
        return "年份、日期或电话号码"
    return None


def _is_row(piece: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(piece)}
    if steps in ({1}, {-1}):
        return True
    return len(piece) >= 4 and any(piece in row or piece[::-1] in row for row in _ROWS)


@cache
def common() -> frozenset[str]:
    """Words that guessers try first, in lower case: the lines of the list."""
    lines: Iterable[str] = files("service.auth").joinpath(COMMON).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.lower().split())
