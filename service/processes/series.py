"""Numbers of one series as a set: which are given twice, which are missing. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

_DIGITS = re.compile(r"(\d+)")
MOST_NAMED = 20


def twice(numbers: Iterable[str]) -> list[str]:
    """The numbers that were given more than once, sorted."""
    return sorted(number for number, times in Counter(numbers).items() if times > 1)


def missing(numbers: Sequence[str]) -> list[str]:
    """The numbers that lie between others and were not given, at most ``MOST_NAMED``.

    The running part is found by itself: the one run of digits in which the numbers differ. Of numbers that differ in
    more than one, as after a change of their form, nothing is said.
    """
    parts = [_DIGITS.split(number) for number in dict.fromkeys(numbers)]
    if len(parts) < 2 or len({len(one) for one in parts}) != 1:
        return []
    varying = [at for at in range(len(parts[0])) if len({one[at] for one in parts}) > 1]
    if len(varying) != 1 or varying[0] % 2 == 0:
        return []
    at, sample = varying[0], parts[0]
    have = {int(one[at]) for one in parts}
    width = min(len(one[at]) for one in parts)
    found = []
    for number in range(min(have), max(have) + 1):
        if number not in have:
            found.append("".join([*sample[:at], str(number).zfill(width), *sample[at + 1 :]]))
            if len(found) == MOST_NAMED:
                break
    return found


def by_form(numbers: Iterable[str]) -> Mapping[str, list[str]]:
    """The numbers by all that stands before their last run of digits: those of a year apart from another's."""
    found: dict[str, list[str]] = {}
    for number in numbers:
        runs = list(_DIGITS.finditer(number))
        form = number[: runs[-1].start()] if runs else number
        found.setdefault(form, []).append(number)
    return found
