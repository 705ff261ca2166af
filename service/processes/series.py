"""Numbers of one series as a set: which are given twice, which are missing. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_LAST_RUN = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
MOST_NAMED = 20


def twice_and_missing(numbers: Iterable[str]) -> tuple[list[str], list[str]]:
    """The numbers that were given more than once; and those between others that nobody was given, some of each form.

    Numbers are of one form that differ in their last run of digits alone: those of a year are apart from another's. Of
    a form whose running part stands elsewhere nothing is missing.
    """
    forms: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    twice: list[str] = []
    for number in numbers:
        found = _LAST_RUN.fullmatch(number)
        if found is None:
            continue
        form = forms[found[1], found[3]]
        running = int(found[2])
        if running in form:
            twice.append(number)
        form[running] = found[2]
    missing: list[str] = []
    for (before, after), form in forms.items():
        if max(form) - min(form) + 1 == len(form):
            continue
        width = min(len(one) for one in form.values())
        lost = (running for running in range(min(form), max(form)) if running not in form)
        for _, running in zip(range(MOST_NAMED), lost, strict=False):
            missing.append(f"{before}{str(running).zfill(width)}{after}")
    return sorted(set(twice)), missing
