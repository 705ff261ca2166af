"""The regular expressions of forms, read into a tree: the subset that browsers and our validator have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MANY = 30
"""A count above is as good as any number."""

_COUNT = re.compile(r"\{(\d{1,6})(?:(,)(\d{1,6})?)?\}")
_CODE = re.compile(r"u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})")
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": lambda character: "0" <= character <= "9",
    "w": lambda character: character.isascii() and (character.isalnum() or character == "_"),
    "s": str.isspace,
}
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_SAMPLES = " \n\t\u00a00159aAfFzZ_-.@!~é中鿿\U00020000"
"""Letters that tell the classes apart."""


class Unreadable(Exception):
    """The pattern is wrong, or uses more than the subset; the text says what, in words for process owners."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter out of a set: those of the pattern's own letters (``characters``) that it may be."""

    characters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    ways: tuple[tuple[Tree, ...], ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part ``least`` to ``most`` times; None: without end."""

    part: Tree
    least: int
    most: int | None


Tree = Letter | Choice | Repeat


@dataclass(frozen=True, slots=True)
class Pattern:
    """``tree`` is one sequence; ``anchored`` whether it must begin where the text begins; ``characters`` are those
    that tell its sets apart: two sets have a letter in common if and only if they have one of these."""

    tree: Choice
    anchored: bool
    characters: frozenset[str]


def read(pattern: str) -> Pattern:
    """The tree of ``pattern``. Raises Unreadable."""
    characters = frozenset(_near(_Reader(pattern, frozenset()).mentioned()))
    reader = _Reader(pattern, characters)
    return Pattern(reader.whole(), _anchored(pattern), characters)


def _near(mentioned: set[str]) -> set[str]:
    codes = {ord(character) + step for character in mentioned for step in (-1, 0, 1)}
    return {chr(code) for code in codes if 0 <= code <= 0x10FFFF} | set(_SAMPLES)


def _anchored(pattern: str) -> bool:
    """Whether every way begins at the beginning: a single sequence with ``^`` before it."""
    if not pattern.startswith("^"):
        return False
    depth, at = 0, 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif character == "[":
            while at < len(pattern) and pattern[at] != "]":
                at += 2 if pattern[at] == "\\" else 1
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            return False
        at += 1
    return True


class _Reader:
    def __init__(self, pattern: str, characters: frozenset[str]) -> None:
        self.text, self.at, self.characters = pattern, 0, characters
        self.seen: set[str] = set()

    def mentioned(self) -> set[str]:
        """The letters that the pattern names."""
        self.whole()
        return self.seen

    def whole(self) -> Choice:
        found = self._choice()
        if self.at < len(self.text):
            raise Unreadable("括号没有配对")
        return found

    def _choice(self) -> Choice:
        ways = [self._sequence()]
        while self._take("|"):
            ways.append(self._sequence())
        return Choice(tuple(ways))

    def _sequence(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            part = self._part()
            if part is not None:
                found.append(self._counted(part))
        return tuple(found)

    def _part(self) -> Tree | None:
        """The next part; None for what stands between letters."""
        character = self._next()
        if character in "^$":
            return None
        if character == "(":
            return self._group()
        if character == "[":
            return self._set()
        if character == ".":
            return self._letter(lambda one: one not in "\n\r\u2028\u2029")
        if character == "\\":
            if self.text[self.at : self.at + 1] in ("b", "B"):
                self.at += 1
                return None
            return self._letter(self._escape())
        if character in "*+?{}":
            raise Unreadable("重复次数前面没有内容")
        self.seen.add(character)
        return self._letter(character.__eq__)

    def _group(self) -> Choice:
        if self._take("?") and not self._take(":") and not re.match(r"<[A-Za-z_]\w*>", self.text[self.at :]):
            raise Unreadable("用了向前看、向后看一类的写法")
        name = re.match(r"<[A-Za-z_]\w*>", self.text[self.at :]) if self.text[self.at - 1] == "?" else None
        self.at += name.end() if name else 0
        inner = self._choice()
        if not self._take(")"):
            raise Unreadable("括号没有配对")
        return inner

    def _counted(self, part: Tree) -> Tree:
        least: int
        most: int | None
        if self._take("*"):
            least, most = 0, None
        elif self._take("+"):
            least, most = 1, None
        elif self._take("?"):
            least, most = 0, 1
        elif (count := _COUNT.match(self.text, self.at)) is not None:
            self.at = count.end()
            least = int(count[1])
            most = (int(count[3]) if count[3] else None) if count[2] else least
            if most is not None and most < least:
                raise Unreadable("重复次数写反了")
        else:
            return part
        self._take("?")  # lazy: the same ways in another order
        if self.text[self.at : self.at + 1] in ("*", "+", "?") or _COUNT.match(self.text, self.at):
            raise Unreadable("重复次数写了两次")
        return Repeat(part, least, most)

    def _set(self) -> Letter:
        negated = self._take("^")
        tests: list[Callable[[str], bool]] = []
        while not self._take("]"):
            low = self._member(tests)
            if (
                low is None
                or self.text[self.at : self.at + 1] != "-"
                or self.text[self.at + 1 : self.at + 2] in ("]", "")
            ):
                continue
            self.at += 1
            high = self._member([])
            if high is None or high < low:
                raise Unreadable("方括号里的范围不对")
            tests.append(lambda one, low=low, high=high: low <= one <= high)  # type: ignore[misc]  # mypy wants no default
        return self._letter(lambda one: any(test(one) for test in tests) is not negated)

    def _member(self, tests: list[Callable[[str], bool]]) -> str | None:
        """The next letter of a set, taken into ``tests``; None where it is a class."""
        character = self._next()
        if character == "\\":
            before = set(self.seen)
            self.seen = set()
            tests.append(self._escape())
            named, self.seen = self.seen, before | self.seen
            return next(iter(named)) if len(named) == 1 else None
        self.seen.add(character)
        tests.append(character.__eq__)
        return character

    def _escape(self) -> Callable[[str], bool]:
        character = self._next()
        if character.lower() in _CLASSES:
            test = _CLASSES[character.lower()]
            return test if character.islower() else lambda one: not test(one)
        if character in "pP":
            if re.match(r"\{[A-Za-z_=]{1,40}\}", self.text[self.at :]) is None:
                raise Unreadable("\\p 的写法不对")
            self.at = self.text.index("}", self.at) + 1
            return lambda one: True  # whichever letters it takes: they count as all
        if character in _PLAIN:
            letter = _PLAIN[character]
        elif code := re.match(
            r"u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})", character + self.text[self.at :]
        ):
            self.at += code.end() - 1
            number = int(next(digits for digits in code.groups() if digits), 16)
            if number > 0x10FFFF:
                raise Unreadable("\\u 的写法不对")
            letter = chr(number)
        elif character.isalnum():
            raise Unreadable(f"用了 \\{character} 这样的写法")
        else:
            letter = character
        self.seen.add(letter)
        return letter.__eq__

    def _letter(self, test: Callable[[str], bool]) -> Letter:
        return Letter(frozenset(character for character in self.characters if test(character)))

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise Unreadable("写法不完整")
        self.at += 1
        return self.text[self.at - 1]

    def _take(self, character: str) -> bool:
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False
