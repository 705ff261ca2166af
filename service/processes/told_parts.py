"""The parts of a case's data that differ, in findings: each by its title in the form that filled it in last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from service.canonical import dumps
from service.db.differing import parts_told
from service.errors import DAMAGE
from service.fields.columns import column_words
from service.history import HistoryEvent
from service.people.queries import unit_names
from service.processes.bundles import Compiled
from service.processes.told_fields import field_in

SAID = frozenset({"data", "submitted"})
"""The columns of a case and of its tasks that hold what forms said."""
_SLOTS = "slots"


class Parts:
    """Names what differs in the data of one case. Its forms are read when something differs, not before."""

    def __init__(
        self, session: Session, events: Sequence[HistoryEvent], definitions: Callable[[str], Compiled]
    ) -> None:
        self._session, self._events, self._definitions = session, events, definitions

    def apart(self, must: Any, have: Any, task: str | None = None) -> dict[str, str] | None:
        """The words for two states of the data, or of what a ``task`` holds; None where one is no document."""
        try:
            left, right = (json.loads(one) if isinstance(one, str) else json.loads(dumps(one)) for one in (must, have))
            if not isinstance(left, dict) or not isinstance(right, dict):
                return None
            named = list(self._differing(left, right, task))
        except DAMAGE:  # what somebody wrote past the service: it is told by the keys alone
            return None
        return parts_told(named) if named else None

    def _differing(self, left: Mapping[str, Any], right: Mapping[str, Any], task: str | None) -> Iterator[str]:
        for name in sorted({*left, *right}):
            must, have = left.get(name), right.get(name)
            if must == have:
                continue
            if name == _SLOTS and isinstance(must, Mapping) and isinstance(have, Mapping):
                yield from self._in_slots(must, have)
            else:
                yield self._called(name, task)

    def _in_slots(self, left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[str]:
        """The parts that units handle apart, each with its unit's name."""
        for scope in sorted({*left, *right}):
            must, have = left.get(scope) or {}, right.get(scope) or {}
            code = str(must.get("unit") or have.get("unit") or "")
            unit = unit_names(self._session, [code]).get(code, code) if code else "各单位分别办理"
            for name in sorted({*must, *have}):
                if must.get(name) != have.get(name):
                    yield f"{unit}的{self._called(name, None)}"

    def _called(self, name: str, task: str | None) -> str:
        title = self._titles.get((task, name)) or self._titles.get((None, name))
        return f"{title}（{name}）" if title else column_words(name)

    @cached_property
    def _titles(self) -> Mapping[tuple[str | None, str], str]:
        """The titles of the fields that each task (None: any of them, the last) filled in or left empty."""
        found: dict[tuple[str | None, str], str] = {}
        gone = {one.data.get("input") for one in self._events if one.kind == "taken_back"}
        made: Compiled | None = None
        for event in self._events:
            with suppress(*DAMAGE):
                if event.kind == "started":
                    made = self._definitions(str(event.data["digest"]))
                elif event.kind == "migrated":
                    made = self._definitions(str(event.data["to"]["digest"]))
                elif event.kind == "completed" and made is not None and event.seq not in gone:
                    form, said = made.form_of(event.data["process"], event.data["step"]), event.data["data"]
                    for name in form.fields:
                        title = str(field_in(form, name, said).get("title") or name)
                        found[event.task, name] = title
                        if name in said:
                            found[None, name] = title
                        else:
                            found.setdefault((None, name), title)
        return found
