"""The settings whose values nobody may read, in the journal or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from service.config.settings import Settings

HIDDEN = "（不显示）"
DIGEST = "（不记，"
"""How the journal begins what stands in place of a secret."""
_PARTS = ("secret", "password", "token", "database_url", "read_url", "apprise")
"""Names that begin or end so hold a secret, whatever declares them."""


def is_secret(name: str) -> bool:
    """Whether the setting of a dotted name (``mail.password``) is one that its dataclass leaves out of its ``repr``, or
    is called like a secret."""
    part = name.rpartition(".")[2]
    return name in _declared() or any(part.startswith(one) or part.endswith(one) for one in _PARTS)


def shown(name: str, value: Any) -> Any:
    """A journaled value of a setting, for readers: entries of before hold some secrets as they were."""
    if not value or not isinstance(value, str) or value.startswith(DIGEST) or name not in _declared():
        return value
    return HIDDEN


@cache
def _declared() -> frozenset[str]:
    return frozenset(_names(Settings, ""))


def _names(kind: type, before: str) -> Iterator[str]:
    hints = get_type_hints(kind)
    for one in fields(kind):
        name = f"{before}{one.name}"
        if not one.repr:
            yield name
        for hint in (hints[one.name], *get_args(hints[one.name])):
            if isinstance(hint, type) and is_dataclass(hint):
                yield from _names(hint, f"{name}.")
