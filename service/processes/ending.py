"""How a case ended that somebody ended: by itself, or with the case that it was joined to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.processes.terms import SAID_AT_END

WITH = "with"
"""The key under which a ``terminated`` entry says with what end another case took this one along (并案)."""
STATUS, END, NAME = "terminated", "terminated", "终止"


def how_ended(said: Mapping[str, Any]) -> dict[str, Any]:
    """``status``, ``end`` and ``end_name`` of a case with such an entry (``said`` is its data)."""
    along = said.get(WITH)
    if along is None:
        return {"status": STATUS, "end": END, "end_name": NAME}
    return {name: along[name] for name in ("status", "end", "end_name")}


def said_at_end(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values that it brings into the case's data."""
    along = said.get(WITH)
    found: Mapping[str, Any] = along["data"] if along is not None else {}
    return found


def along(status: str, end: str | None, end_name: str | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """The entry's words for the end of the case that takes another along: its result, and why there is none better."""
    result = {name: data[name] for name in SAID_AT_END if isinstance(data.get(name), str)}
    return {"status": status, "end": end, "end_name": end_name, "data": result}
