"""The questions that a list answers: one frozen dataclass a list, read by its page, its export and the API. Pure.

A filter's fields are plain (``town: str | None = None``), or a ``condition`` where the query calls it otherwise or only
knows some values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any, get_args, get_type_hints
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a filter, as the query strings of API (``sent``) and page (``page``) name it.

    ``kind`` is ``str``, ``int``, ``bool``, ``date`` or ``UUID``; ``choices`` the only values, where they are known.
    """

    name: str
    kind: type
    default: Any
    sent: str
    page: str
    choices: Collection[Any] = ()
    internal: bool = False
    """Whether only the product itself asks so."""
    note: str = ""
    """The sentence of the API's document about it."""

    @property
    def optional(self) -> bool:
        """Whether it may be left open, which for a yes or no is a third answer."""
        return self.default is None


def condition(
    default: Any = None,
    *,
    sent: str = "",
    page: str = "",
    choices: Mapping[Any, Any] | Collection[Any] = (),
    internal: bool = False,
    note: str = "",
) -> Any:
    """A field of a filter that the API's query calls ``sent`` and the page's ``page`` (default: as the API does)."""
    choices = tuple(choices)
    told = {"sent": sent, "page": page, "choices": choices, "internal": internal, "note": note}
    return field(default=default, metadata=told)


def conditions(kind_of_filter: type) -> tuple[Condition, ...]:
    """The conditions of a filter, in their order."""
    return _conditions(kind_of_filter)


@cache
def _conditions(kind_of_filter: type) -> tuple[Condition, ...]:
    hints = get_type_hints(kind_of_filter)
    return tuple(
        Condition(
            one.name,
            _plain(hints[one.name]),
            None if one.default is MISSING else one.default,
            one.metadata.get("sent") or one.name,
            one.metadata.get("page") or one.metadata.get("sent") or one.name,
            one.metadata.get("choices", ()),
            one.metadata.get("internal", False),
            one.metadata.get("note", ""),
        )
        for one in fields(kind_of_filter)
    )


def _plain(hint: Any) -> type:
    known = [one for one in (get_args(hint) or (hint,)) if one is not type(None)]
    return UUID if UUID in known else known[0]
