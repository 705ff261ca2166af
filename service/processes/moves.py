"""A case moves to another version of its process: what becomes of its tasks. The step that live code and replay share.

No database, no clock: where the case stands, both versions and the choices of who moves it are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service import engine
from service.processes import effects as fx
from service.processes.agreed import spans_of, standing_words, with_spans, words_of
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions
from service.processes.contexts import as_of
from service.workdays import Calendar

MIGRATED = "migrated"
KEEP, RECOUNT = "keep", "recount"
"""The dates of open tasks after a move: they stay as promised, or are counted by the new version, as of entry."""

_WHOSE = ("role", "unit", "leader", "person")


def no_action(call: engine.Call) -> Any:
    """The answer to a call of an action where none may be called."""
    raise engine.EngineFailure(f"迁移版本时不应调用动作 {call.name}")


@dataclass(frozen=True, slots=True)
class Known:
    """An open task before the move: when it was entered, its facts (``fx.FACTS``), its date as an effect tells it, and
    by which words of an earlier version that stays counted."""

    entered_at: datetime
    facts: Mapping[str, Any]
    due: Mapping[str, Any]
    kept: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Move:
    """A move from ``old`` to ``new``, each with its frame. ``version`` is the number of the new version, for people."""

    old: Compiled
    new: Compiled
    old_frame: Mapping[str, Any]
    frame: Mapping[str, Any]
    mapping: Mapping[tuple[str, str], str]
    due: str
    version: int | None

    @classmethod
    def of(
        cls,
        said: Mapping[str, Any],
        old: Compiled,
        new: Compiled,
        old_frame: Mapping[str, Any],
        frame: Mapping[str, Any],
    ) -> Move:
        """The move that the data of a journaled input tell."""
        mapping = {_pair(key): str(node) for key, node in said["mapping"].items()}
        return cls(old, new, old_frame, frame, mapping, said["due"], said["to"]["version"])

    @property
    def recount(self) -> bool:
        """Whether dates are counted anew."""
        return self.due == RECOUNT

    def land(
        self, state: str, known: Mapping[str, Known], calendar: Calendar, context: engine.Context
    ) -> engine.Landing:
        """Where the case stands on the new version. Raises engine.Unfit, EngineFailure."""
        change = engine.Change(self.mapping, self.frame["settings"], self.recount)
        words = {task_id: self._counted(one) for task_id, one in known.items()}
        kept = {task_id: one for task_id, one in words.items() if one is not None}
        given = replace(context, kept=kept)
        return engine.migrate(self.old.program, self.new.program, state, change, as_of(calendar, given), context)

    def effects(
        self, landing: engine.Landing, known: Mapping[str, Known], days: DayFunctions, rules: int
    ) -> list[fx.Effect]:
        """The changes of the open tasks, and the seal of the state. Raises Incident where the new version's words
        about a task cannot be computed."""
        found: list[fx.Effect] = []
        for task_id, opened in landing.open_tasks.items():
            before = known[task_id]
            facts = fx.facts_of(self.new, self.frame, opened, days, rules)
            kept = self._counted(before) if self._anew(before) else self._kept(before, opened)
            if facts != before.facts or kept != before.kept:
                handed_on = any(facts.get(name) != before.facts.get(name) for name in _WHOSE)
                told = {**facts, "kept": kept, "was": before.facts["name"], "handed_on": handed_on}
                found.append(fx.Effect(fx.RENEWED, told, task_id))
            found += self._due(task_id, opened, before, days, rules)
        found.append(fx.Effect(fx.ADVANCED, fx.sealed(landing)))
        return found

    def dues(
        self, landing: engine.Landing, known: Mapping[str, Known], days: DayFunctions, rules: int
    ) -> list[fx.Effect]:
        """Of the effects those that change a date. Raises Incident."""
        open_tasks = landing.open_tasks.items()
        return [one for task, opened in open_tasks for one in self._due(task, opened, known[task], days, rules)]

    def _due(
        self, task_id: str, opened: engine.OpenTask, before: Known, days: DayFunctions, rules: int
    ) -> list[fx.Effect]:
        if not self._anew(before):
            return []
        properties = self.new.program.user_tasks[opened.process, opened.task].properties
        then, words = DayFunctions(days.calendar, before.entered_at), self._counted(before)
        due = fx.due_of(properties, opened, then, words, rules=rules)
        if not fx.differ(before.due, due) and before.due["basis"] == due["basis"]:
            return []
        source = f"流程第 {self.version} 版" if self.version is not None else "流程新版"
        return [fx.Effect(fx.DUE_CHANGED, fx.changed(before.due, due, source), task_id)]

    def _anew(self, before: Known) -> bool:
        """Whether the task's date is counted by the new version: where none was promised, in any case; where people
        have agreed on one, in none."""
        return not standing_words(before.kept) and (self.recount or before.due["due_on"] is None)

    def _counted(self, before: Known) -> dict[str, Any] | None:
        """The words by which the task's date is counted on the new version; None where they are that version's own.

        Counted anew, the days over which the case stood still count no more than before.
        """
        if not self._anew(before):
            return self._words(before)
        facts, spans = before.facts, spans_of(before.kept)
        process = facts["process"]
        place = process, self.mapping.get((process, facts["task"]), facts["task"])
        info = self.new.program.user_tasks.get(place)
        if not spans or info is None or not info.properties.get("due"):
            return None
        return with_spans(words_of(info.properties, self.frame["settings"]), spans)

    def _words(self, before: Known) -> dict[str, Any]:
        """The words by which the task's date has been counted so far."""
        if before.kept is not None:
            return dict(before.kept)
        facts = before.facts
        properties = self.old.program.user_tasks[facts["process"], facts["task"]].properties
        return {**{name: properties.get(name) for name in fx.DUE_WORDS}, "settings": dict(self.old_frame["settings"])}

    def _kept(self, before: Known, opened: engine.OpenTask) -> dict[str, Any] | None:
        """The same, where the new version counts otherwise; None where it counts alike."""
        words = self._words(before)
        properties = self.new.program.user_tasks[opened.process, opened.task].properties
        alike = all(properties.get(name) == words[name] for name in fx.DUE_WORDS)
        asks = any("settings" in (words[name] or "") for name in ("due", "warn"))
        if alike and not (asks and words["settings"] != self.frame["settings"]):
            return None
        return {**words, "settings": words["settings"] if asks else {}}


def mapping_text(mapping: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """A mapping as the journal keeps it: ``process/element`` → element."""
    return {f"{process}/{node}": target for (process, node), target in sorted(mapping.items())}


def _pair(text: str) -> tuple[str, str]:
    process, _, node = text.partition("/")
    return process, node
