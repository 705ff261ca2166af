"""The meaning of an expression where it stands in a diagram, told while somebody types it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from service import clock
from service.checks.bundle import Bundle
from service.checks.condition_words import in_words
from service.checks.date_words import date_in_words
from service.checks.expressions import Use, problems
from service.checks.findings import CheckContext
from service.checks.known import forms_before, known
from service.checks.sampling import names_in
from service.checks.speaking import Speaker
from service.checks.tasks import NARROWING, candidate_problems
from service.checks.value_words import subjects_in_words, value_in_words
from service.checks.wording import UNITS
from service.engine.expressions import ExpressionError, as_date, evaluate
from service.processes.calendars import DayFunctions
from service.processes.cycles import Cycle
from service.processes.terms import SLOTS
from service.spelling import syllables
from service.workdays import Calendar

LONGEST_ID = 40
LONGEST_NAME = 60
DATED = frozenset({"due", "timer-date"})
_NO_ID = re.compile(r"[^a-z0-9_]+")


def spelled(name: str) -> str:
    """An id for a Chinese name: its syllables, parted by underscores; ``step`` where nothing can be spelled."""
    parts, size = [], 0
    for part in syllables(name[:LONGEST_NAME]):
        if size + len(part) > LONGEST_ID:
            break
        parts.append(part)
        size += len(part) + 1
    found = _NO_ID.sub("", "_".join(parts)).strip("_")
    return found if found[:1].isalpha() else f"step_{found}".strip("_")


class Reckoning:
    """Expressions over one bundle, on the calendar in force and as of ``now``."""

    def __init__(self, bundle: Bundle, context: CheckContext, calendar: Calendar, now: datetime) -> None:
        self._bundle, self._context = bundle, context
        self._days = DayFunctions(calendar, now)

    def told(self, kind: str, text: str, due: str = "", element: str = "") -> dict[str, Any]:
        """``problems``: what the checks say of it; ``says``: the date that it gives today, a condition in words, where
        that is known; ``words``: a date in words.

        ``element`` is the id of the sequence flow on which a condition stands.
        ``kind`` is one of ``Use``; ``due`` the deadline of the task on which a clock stands, '' where it has none.
        """
        if kind == "timer-cycle":
            return self._cycle(text)
        if kind == "who":
            return self._who(text)
        if kind == "about":
            return self._about(text, element)
        extra = frozenset({"due_on"}) if due else frozenset[str]()
        found = self._problems(Use("", 1, element or "-", kind, text, extra=extra)) if text.strip() else []
        if found:
            return {"problems": found, "says": ""}
        if kind == "condition":
            data = known(self._bundle, self._context.settings or (), forms_before(self._bundle, element))
            return {"problems": [], "says": in_words(text, data)}
        if kind in ("parameter", "collection"):
            return {"problems": [], "says": value_in_words(text, self._all(), self._names())}
        words = date_in_words(text, self._all()) if kind in DATED else ""
        return {"problems": [], "says": self._date(kind, text, due), "words": words}

    def _problems(self, use: Use) -> list[str]:
        return problems(use, self._bundle, self._context, Speaker(self._bundle, self._context).spoken)

    def _all(self) -> list[dict[str, Any]]:
        return [{"name": "due_on", "title": "到期日"}, *known(self._bundle, self._context.settings or (), apart=False)]

    def _who(self, text: str) -> dict[str, Any]:
        """A role, or the expression behind ``unit:`` or ``leader:``."""
        spoken = Speaker(self._bundle, self._context).spoken
        found = [spoken(one, "-") for one in candidate_problems(text, self._context)]
        kind, colon, expression = text.partition(":")
        if not found and colon and kind in NARROWING:
            return self.told("candidates", expression.strip())
        return {"problems": found, "says": ""}

    def _about(self, text: str, element: str) -> dict[str, Any]:
        """The units that a step decides on: those of the slots for which a condition holds, or those that data name."""
        slots = text.startswith(SLOTS)
        asked = text.removeprefix(SLOTS).strip()
        found = self._problems(Use("", 1, element or "-", "slots" if slots else "about", asked)) if asked else []
        return {"problems": found, "says": "" if found else subjects_in_words(text, self._all(), self._names())}

    def _names(self) -> Mapping[str, str]:
        return self._context.names.get(UNITS, {})

    def _date(self, kind: str, text: str, due: str) -> str:
        if kind not in DATED:
            return ""
        given: dict[str, Any] = {}
        if "due_on" in names_in(text):
            due_on = self._value(due, {})
            if due_on is None:
                return ""
            given["due_on"] = due_on
        day = self._value(text, given)
        if day is None:
            return ""
        if "due_on" in given:
            said = f"今天开始办的，{clock.written(given['due_on'])} 到期，{clock.written(day)} 到时间"
        else:
            said = f"今天开始办的，{clock.written(day)} 到期" if kind == "due" else f"从今天算，是 {clock.written(day)}"
        # data that a case may come to have count as empty, as they are when it begins
        others = (names_in(text) | (names_in(due) if "due_on" in given else frozenset())) - given.keys()
        return f"{said}（其他数据还没有填写时）" if others else said

    def _value(self, text: str, known: Mapping[str, Any]) -> date | None:
        """The day that an expression gives on a case that has only ``known`` yet."""
        if not text:
            return None
        try:
            return as_date(evaluate(text, known, self._days.table()))
        except ExpressionError:
            return None

    def _cycle(self, text: str) -> dict[str, Any]:
        try:
            Cycle.parse(text)
        except ValueError as error:
            return {"problems": [f"重复间隔{error}"], "says": ""}
        return {"problems": [], "says": ""}
