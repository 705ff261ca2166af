"""The vocabulary of fields: what they are called, how they are checked, who sees them; said once a record. Pure.

Pages, API, import, export and the journal's words read the same tables (``talents.fields``, ``people.fields`` …).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from service.fields.checks import TITLE_LENGTH, Checks

NAME, TEXT, AREA, PASSAGE, LINES = "name", "text", "area", "passage", "lines"
"""A person's name; one line; one line typed in a box; several lines; several lines, each a value."""
CODE, DIGITS, PHONE, EMAIL, SECRET = "code", "digits", "phone", "email", "secret"
"""A code; a number that may begin with 0, half-width; a telephone number; an address; a password."""
DATE, FLAG, CHOICE, NUMBER = "date", "flag", "choice", "number"
"""A calendar day; yes or no; one of ``choices`` by its code; one of ``choices`` by its number."""
PICK, PICKS, SEVERAL = "pick", "picks", "several"
"""The id of a record of the kind ``pick``; several ids; several of ``choices``."""

NEW, CHANGE = "new", "change"
"""The forms of which a field stands in one only: that of a new record, that of a change."""

MOBILE = r"1\d{10}"
"""The only telephone number that Excel can hold for a number and lose nothing of it."""

NOTHING = "（空）"
"""How an empty value reads where old and new stand side by side."""

Choices = Mapping[Any, str]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record.

    ``longest`` is in characters. ``choices`` are value → word; ``among`` names choices that only the organization
    knows (``towns``, ``kinds``). ``group`` is the heading under which a form shows it, ``note`` the sentence beside it,
    ``example`` what a template shows. ``private`` names the kind of private data it is, if any. ``sent`` is its name in
    the API where that differs. ``also`` are former headings, which sheets may still have.
    """

    name: str
    label: str
    kind: str = TEXT
    required: bool = False
    longest: int = TITLE_LENGTH
    choices: Choices = field(default_factory=dict, hash=False)
    among: str = ""
    pick: str = ""
    group: str = ""
    note: str = ""
    example: str = ""
    private: str = ""
    sent: str = ""
    also: tuple[str, ...] = ()
    only: str = ""
    default: Any = None
    empty: str = "（不填）"
    """The label of a choice that is left open; ``""`` where one must be chosen from the beginning."""
    sure: str = ""
    """Of digits: as which a cell that Excel holds for a number can have lost no 0 at its beginning (a pattern)."""

    @property
    def path(self) -> str:
        """Where findings on it point to."""
        return f"/{self.name}"

    @property
    def options(self) -> Sequence[tuple[str, str]]:
        """The options of a choice as a form offers them: (value, word)."""
        given = [(str(value), word) for value, word in self.choices.items()]
        return [("", self.empty), *given] if self.empty else given

    def shown(self, value: object) -> str:
        """A value of a record as a form shows it."""
        if isinstance(value, list):
            return "\n".join(map(str, value))
        if isinstance(value, bool):
            return "yes" if value else ""
        return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


Fields = Sequence[Field]


def take(fields: Iterable[Field], given: Mapping[str, object], checks: Checks) -> dict[str, object]:
    """The checked values of ``fields``, by name; what is wrong is noted in ``checks``."""
    return {one.name: _TAKEN[one.kind](checks, one, given.get(one.name)) for one in fields}


def names(fields: Iterable[Field]) -> tuple[str, ...]:
    """The names of ``fields``, in their order."""
    return tuple(one.name for one in fields)


def defaults(fields: Iterable[Field]) -> dict[str, object]:
    """The values of a new record in ``fields`` where nothing is said."""
    return {one.name: one.default for one in fields}


def held(row: object, fields: Iterable[Field]) -> dict[str, object]:
    """The values of a record in ``fields``, by name."""
    return {one.name: getattr(row, one.name) for one in fields}


def chosen(fields: Iterable[Field], **among: Choices) -> list[Field]:
    """``fields`` with the choices that only the organization knows: ``towns=…``, ``kinds=…``."""
    return [replace(one, choices=among[one.among]) if one.among in among else one for one in fields]


def picked(fields: Iterable[Field], *wanted: str) -> list[Field]:
    """Those of ``fields`` that are ``wanted``, in the order of ``wanted``."""
    known = {one.name: one for one in fields}
    return [known[name] for name in wanted]


def form_of(fields: Iterable[Field], *, new: bool) -> list[Field]:
    """The fields of the form of a new record, or of a change."""
    return [one for one in fields if one.only != (CHANGE if new else NEW)]


def _text(checks: Checks, one: Field, value: object) -> object:
    take_one = checks.text if one.required else checks.optional_text
    return take_one(one.path, one.label, value, one.longest)


def _passage(checks: Checks, one: Field, value: object) -> object:
    take_one = checks.passage if one.required else checks.optional_passage
    return take_one(one.path, one.label, value, one.longest)


def _code(checks: Checks, one: Field, value: object) -> object:
    return (checks.code if one.required else checks.optional_code)(one.path, one.label, value)


def _day(checks: Checks, one: Field, value: object) -> object:
    day = checks.day(one.path, one.label, value)
    if value is None and one.required:
        checks.refuse(one.path, f"{one.label}不能为空")
    return day


def _choice(checks: Checks, one: Field, value: object) -> object:
    if value is None and not one.required:
        return None
    return checks.choice(one.path, one.label, value, one.choices) if one.choices else _code(checks, one, value)


def _number(checks: Checks, one: Field, value: object) -> object:
    return checks.between(one.path, one.label, value, min(one.choices), max(one.choices))


def _several(checks: Checks, one: Field, value: object) -> object:
    given = list(value) if isinstance(value, Iterable) else []
    if not set(given) <= set(one.choices):
        checks.refuse(one.path, f"{one.label}须是下列之一：{'、'.join(one.choices.values())}")
        return []
    if one.required and not given:
        checks.refuse(one.path, f"请至少选择一项{one.label}")
    return sorted(set(given))


def _pick(checks: Checks, one: Field, value: object) -> object:
    return _code(checks, one, value) if one.pick == "units" else value


_TAKEN: Mapping[str, Callable[[Checks, Field, object], object]] = {
    NAME: lambda checks, one, value: checks.name(one.path, one.label, value),
    TEXT: _text,
    AREA: _text,
    PASSAGE: _passage,
    CODE: _code,
    DIGITS: lambda checks, one, value: checks.optional_half_width(one.path, one.label, value, one.longest),
    PHONE: lambda checks, one, value: checks.phone(one.path, one.label, value),
    EMAIL: lambda checks, one, value: checks.email(one.path, one.label, value),
    DATE: _day,
    FLAG: lambda checks, one, value: checks.flag(one.path, one.label, value),
    CHOICE: _choice,
    NUMBER: _number,
    PICK: _pick,
    SEVERAL: _several,
}
"""How a value of each kind is checked. Lines, several records and secrets are checked by their commands."""


CHANGED_UNSEEN = "（已改，按权限遮盖）"


def hides_change(value: Any) -> bool:
    """Whether ``[before, after]`` of a change look alike: the value did change, and the masks do not show it."""
    return isinstance(value, list) and len(value) == 2 and value[0] == value[1] and isinstance(value[0], str)


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of entry in the journal of records: what people call it, and the fields that its data hold."""

    word: str
    fields: Fields = ()
    changes: bool = False
    """Whether a field holds ``[before, after]``."""
