"""The values of a case as the tables of a replay word them: title, from, to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from service.audit.replay.changes import Change, answers_of, fields_then
from service.audit.replay.steps import Happened
from service.fields import CHANGED_UNSEEN
from service.processes.bundles import Compiled
from service.processes.told_fields import DayWords, day_words, words


class Naming(Protocol):
    """The names of units and of picked records, as they were called when the step was taken."""

    def unit(self, code: str | None) -> str: ...

    def record(self, kind: str, value: str) -> str: ...


_LONGEST = 300
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OF_SLOT: Mapping[str, Mapping[str, Any]] = {
    "unit": {"title": "承办单位", "x-ref": "units"},
    "name": {"title": "名称"},
}
_COMMON = {"number": "受理编号", "title": "事项"}
"""Names in the data of a case that no form of it may have."""


@dataclass(frozen=True, slots=True)
class Worded:
    """A change in words; ``slot`` says whose share of the case it is about."""

    title: str
    slot: str
    old: str
    new: str


class Values:
    """Words the changes of one step: titles are those of the version's forms, or of the service task that answered.

    ``day`` writes an ISO date: as paper has it, or as a page does. ``filled`` has the fields by which values were
    filled in, by path; ``before`` is the data of the case before the step, for shares of it that are gone after.
    """

    def __init__(
        self,
        made: Compiled,
        one: Happened,
        names: Naming,
        day: DayWords = day_words,
        *,
        filled: Mapping[str, Mapping[str, Any]] | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        self._one, self._names, self._day = one, names, day
        self._filled, self._before = filled or {}, before or {}
        self._fields = fields_then(made, one)
        self._answers = answers_of(made, one)

    def change(self, change: Change) -> Worded:
        """A change as people read it."""
        parts = change.path.split("/")
        within = parts[0] == "slots" and len(parts) > 2
        slot = self._slot(parts[1]) if within else ""
        if within and len(parts) == 3 and change.field in _OF_SLOT:  # whose share it is, not a form's field of the name
            schema: Mapping[str, Any] = _OF_SLOT[change.field]
        else:
            schema = (
                self._filled.get(change.path) or self._fields.get(change.field) or self._answers.get(change.field, {})
            )
        title = str(schema.get("title") or _COMMON.get(change.field) or change.field)
        old, new = self._text(schema, change.old), self._text(schema, change.new)
        return Worded(title, slot, old, f"{new}{CHANGED_UNSEEN}" if change.old == change.new else new)

    def _slot(self, scope: str) -> str:
        said = self._one.case.get("slots", {}).get(scope) or self._before.get("slots", {}).get(scope, {})
        return str(said.get("name") or "") or self._names.unit(said.get("unit"))

    def _text(self, schema: Mapping[str, Any], value: Any) -> str:
        if isinstance(value, Mapping):
            lines = value.get("lines")
            if isinstance(lines, list):
                return "；".join(f"{line[0]}：{line[1]}" for line in lines if isinstance(line, list) and len(line) == 2)
            return "；".join(self._text({}, one) for one in value.values() if one not in (None, "", [], {}))[:_LONGEST]
        if isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
            return "；".join(self._text({}, one) for one in value)[:_LONGEST]
        if not schema and isinstance(value, str) and _DAY.fullmatch(value):
            return self._day(value)
        return words(schema, value, self._names.record, self._day)
