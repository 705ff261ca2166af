"""The values in the fields of the forms of a need on the evening of each day, as a pure function of its answers.

The conditions are those of ``said_fields``, said here of rows at hand: a test holds both against each other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

LONG = 64
"""Characters of a text by which it is sorted; ``MORE`` stands after them where it has more."""
MORE = "…"
NUMBER = "\x01"
"""Before the key of a number: no text that people type begins so."""
_NOTHING: tuple[Any, ...] = ("", "[]", [])


@dataclass(frozen=True, slots=True)
class Answer:
    """A step that was done: in which scope, by which entry of the journal, on which day, and what its form said."""

    step: str
    scope: str
    seq: int
    day: date
    data: Mapping[str, Any] = field(hash=False)


class Stretch(NamedTuple):
    """A row of ``CaseSaid`` but for its case."""

    field: str
    newest: bool
    from_on: date
    until_on: date | None
    key: str
    value: str | None


def stretches(
    rows: Sequence[Answer], told: Sequence[Answer] = (), undone: Mapping[int, date] | None = None
) -> list[Stretch]:
    """The values of each field, and when they stood. ``rows``: the answers of steps that are done; where some was taken
    back (``undone``: number of its entry → day), ``told`` are all answers of the journal, of the days before that.
    """
    back = undone or {}
    last = max(back.values(), default=None)
    found: list[Stretch] = []
    of_rows, of_told = _by_step(rows), _by_step(told)
    for step in sorted(of_rows.keys() | of_told.keys()):
        own, then = of_rows.get(step, []), of_told.get(step, [])
        if len(own) == 1 and not then and not back:  # as nearly always
            day = own[0].day
            says = dict.fromkeys(_standing(step, own))
            found += [Stretch(name, newest, day, None, key, value) for name, key, value, newest in says]
            continue
        days = sorted({one.day for one in (*own, *then)} | set(back.values()))
        open_: dict[tuple[str, str, str | None, bool], date] = {}
        for day in days:
            if last is None or last <= day:
                some = [one for one in own if one.day <= day]
            else:
                some = [one for one in then if one.day <= day and not back.get(one.seq, date.max) <= day]
            now = set(_standing(step, some))
            for gone in open_.keys() - now:
                name, key, value, newest = gone
                found.append(Stretch(name, newest, open_.pop(gone), day, key, value))
            for fresh in now - open_.keys():
                open_[fresh] = day
        found += [Stretch(name, newest, at, None, key, value) for (name, key, value, newest), at in open_.items()]
    return sorted(found, key=lambda one: (one.field, one.from_on, one.key))


def _by_step(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """Step → its answers, by number."""
    found: dict[str, list[Answer]] = {}
    for one in answers:
        found.setdefault(one.step, []).append(one)
    for some in found.values():
        some.sort(key=lambda one: one.seq)
    return found


def _standing(step: str, answers: Sequence[Answer]) -> Iterator[tuple[str, str, str | None, bool]]:
    """(field, key, value, whether it is the newest) of what each scope said last; ``answers`` by number."""
    if len(answers) == 1:
        for name, value in answers[0].data.items():
            if value is None or value in _NOTHING:
                continue
            if value.__class__ is str:
                yield (f"{step}.{name}", *_of_text(value), True)
            else:
                yield from _each(f"{step}.{name}", [value])
        return
    last: dict[str, dict[str, tuple[int, Any]]] = {}
    for one in answers:
        for name, value in one.data.items():
            if value is not None:
                last.setdefault(name, {})[one.scope] = one.seq, value
    for name, scopes in last.items():
        filled = sorted((one for one in scopes.values() if one[1] not in _NOTHING), key=lambda one: -one[0])
        yield from _each(f"{step}.{name}", [value for _, value in filled])


def _each(name: str, values: Iterable[Any]) -> Iterator[tuple[str, str, str | None, bool]]:
    known: dict[str, tuple[str, str | None]] = {}
    for value in values:
        for key, text in parts_of(value):  # texts that begin alike are told apart by the whole of them
            known.setdefault(text.strip(" ") if text is not None and len(key) > LONG else key, (key, text))
    for place, (key, text) in enumerate(known.values()):
        yield name, key, text, place == 0


def parts_of(value: Any) -> Iterator[tuple[str, str | None]]:
    """(key, value) of something that was said, of each text of a list. The key sorts it: the first ``LONG`` characters
    of a text without blanks around, a number so that numbers sort as such. The value is the text, where the key is
    another. Of what is no text, number or truth, or a list of texts, the key is empty."""
    if isinstance(value, bool):
        yield ("true" if value else "false"), None
    elif isinstance(value, int | float):
        yield number_key(value), repr(value)
    elif isinstance(value, str):
        yield _of_text(value)
    elif isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        yield from map(_of_text, value)
    else:
        yield "", None


def _of_text(text: str) -> tuple[str, str | None]:
    key = text_key(text)
    return key, text if text != key else None


def text_key(text: str) -> str:
    """The key of a text."""
    bare = text.strip(" ")
    return bare if len(bare) <= LONG else bare[:LONG] + MORE


def number_key(number: float) -> str:
    """The key of a number."""
    bits = struct.unpack(">Q", struct.pack(">d", float(number) + 0.0))[0]
    return f"{NUMBER}{bits ^ (0xFFFFFFFFFFFFFFFF if bits >> 63 else 1 << 63):016x}"
