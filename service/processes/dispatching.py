"""The rules by which a need's lead unit is proposed (派单建议): which needs each rule proposes a unit for.

The journal does not say which rule had proposed a unit. Here the table in force is asked for each category and town
that forms offer: what it proposes for them says which rule stands behind a need that was dispatched so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from threading import Lock
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import Session

from service import clock, engine
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.definitions import newest_digest
from service.processes.filters import CaseFilter, case_clauses, conditions_of
from service.processes.past import Rows, cases_on, said
from service.processes.rules import NEED
from service.processes.wide import Wide

PROPOSED = "lead_unit"
"""The result of the table that names the unit to lead (主办)."""
ASKED = ("category", "town")
"""The data by which it decides."""
KEPT = 256
"""Tables of a day: each district has its own."""
Kind = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class DispatchRule:
    """A rule: its id, its place in the table, its description, the unit that it proposes to lead, and the ``kinds`` of
    needs for which it does: their values of ``ASKED``, None for what is not said."""

    id: str
    place: int
    words: str
    unit: str
    kinds: Sequence[Kind]


_known: LRUCache[tuple[str, str, date], Mapping[tuple[str, str], DispatchRule]] = LRUCache(KEPT)
_lock = Lock()


def dispatch_rules(session: Session, process: str = NEED) -> list[DispatchRule]:
    """The rules of the newest version that propose a unit, in the table's order, each once for every unit that it
    proposes; none where no table proposes one, or where it asks for more than category and town."""
    made = compiled(session, newest_digest(session, process), process)
    calendar, now = current(session), clock.now()
    key = (made.digest, calendar.digest, clock.local(now).date())  # a table may ask for working days
    with _lock:
        known = _known.get(key)
    if known is None:
        known = _asked(made, DayFunctions(calendar, now))
        with _lock:
            _known[key] = known
    return sorted(known.values(), key=lambda one: (one.place, one.unit))


def clauses_of(session: Session, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter of cases, with those for which a definition is asked. Raises Invalid."""
    return [*case_clauses(session, wanted), *_by_rules(session, wanted)]


def all_conditions_of(session: Session, wanted: CaseFilter) -> tuple[list[ColumnElement[bool]], list[Wide]]:
    """The same as ``filters.conditions_of`` parts them. Raises Invalid."""
    narrow, wide = conditions_of(session, wanted)
    return [*narrow, *_by_rules(session, wanted)], wide


def _by_rules(session: Session, wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    for rule, followed in ((wanted.rule, True), (wanted.against, False)):
        if rule:
            yield by_rule(session, rule, wanted.as_of, followed=followed)


def by_rule(session: Session, rule: str, on: date | None, *, followed: bool) -> ColumnElement[bool]:
    """The needs to which a rule applied, dispatched to lead as it proposes (``followed``) or otherwise, as they stood
    at the end of a day (None: today)."""
    rows, _ = cases_on(on)
    lead = said(rows, PROPOSED)
    kinds = [
        and_(lead == one.unit if followed else lead != one.unit, *_of_kind(rows, kind))
        for one in dispatch_rules(session)
        if one.id == rule
        for kind in one.kinds
    ]
    return or_(*kinds) if kinds else false()


def _of_kind(rows: Rows, kind: Kind) -> list[ColumnElement[bool]]:
    return [_is(rows, name, value) for name, value in zip(ASKED, kind, strict=True)]


def _is(rows: Rows, name: str, value: str | None) -> ColumnElement[bool]:
    column = said(rows, name)
    return column.is_(None) if value is None else column == value


def _asked(made: Compiled, days: DayFunctions) -> Mapping[tuple[str, str], DispatchRule]:
    """(rule, unit) → the rule with all for which it proposes the unit."""
    context = engine.Context(days.now, UUID(int=0), days.table(), _refuse)
    found: dict[tuple[str, str], DispatchRule] = {}
    for kind in product(*(_offered(made, name) for name in ASKED)):
        try:
            proposals = engine.proposals_of(made.program, dict(zip(ASKED, kind, strict=True)), context)
        except engine.EngineFailure:  # a rule that asks for more than these
            continue
        for one in proposals:
            unit = one.results.get(PROPOSED)
            if isinstance(unit, str) and unit:
                before = found.get((one.rule, unit))
                kinds = [*before.kinds, kind] if before is not None else [kind]
                found[one.rule, unit] = DispatchRule(one.rule, one.place, one.words, unit, kinds)
    return found


def _offered(made: Compiled, name: str) -> list[str | None]:
    """The values that forms offer for a field, and none."""
    values = [
        str(option["const"])
        for form in made.forms.values()
        for option in form.fields.get(name, {}).get("oneOf", ())
        if isinstance(option.get("const"), str)
    ]
    return [*dict.fromkeys(values), None]


def _refuse(call: engine.Call) -> Any:
    raise AssertionError(f"a table called {call.name}")
