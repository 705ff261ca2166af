"""Of tasks that were read: whose claim no longer stands, and for which nobody is there, as ``standing`` defines it.

Answers that depend on the directory alone are remembered for as long as that is the same (``auth.directory``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import false, or_, select, true
from sqlalchemy.orm import Session

from service.auth.directory import known_each
from service.db.prepared import Prepared, listed, places, size_of
from service.processes.models import OPEN, UserTask
from service.processes.standing import Marks, StandIns, Whose, absences, stand_in_rules, stands_by, unheld, vacant


def marks(session: Session, tasks: Iterable[UserTask], day: date) -> Marks:
    """The facts about open ones of ``tasks`` that differ from their rows: at most one statement for those of a leader
    or of one person, one for all others where it is not remembered, and more where one is vacant."""
    wanted = {task.id: task for task in tasks if task.status == OPEN}
    rules = stand_in_rules(session)
    alike: dict[_Case, list[UUID]] = defaultdict(list)
    apart = []
    for task in wanted.values():
        if task.leader_id is None and task.person_key is None:
            alike[_Case(day, rules, task.role, task.unit, task.assignee)].append(task.id)
        else:
            apart.append(task.id)

    def ask(missing: list[_Case]) -> dict[_Case, tuple[bool, bool]]:
        told = _asked(
            session, day, rules, [alike[one][0] for one in missing], rare=any(one.assignee for one in missing)
        )
        return {one: told.get(alike[one][0], (False, False)) for one in missing}

    found = _asked(session, day, rules, apart, rare=True) if apart else {}
    for one, told in (known_each(session, list(alike), ask) if alike else {}).items():
        found |= dict.fromkeys(alike[one], told)
    vacancies = [task for task in wanted.values() if found.get(task.id, (False, False))[1]]
    keys = [Whose.of(task) for task in vacancies]
    return Marks(
        frozenset(task_id for task_id, (has_lapsed, _) in found.items() if has_lapsed),
        dict(zip((task.id for task in vacancies), absences(session, keys, day), strict=True)),
    )


class _Case(NamedTuple):
    """All on which it depends whether a task's claim stands and whether somebody is there for it, as long as the
    directory is the same: not of a leader's task, or one person's."""

    day: date
    rules: StandIns
    role: str | None
    unit: str | None
    assignee: str | None


def _asked(
    session: Session, day: date, rules: StandIns, tasks: Sequence[UUID], *, rare: bool
) -> dict[UUID, tuple[bool, bool]]:
    """Whether the claim of each task has lapsed, and whether nobody is there for it; of those with either."""
    rows = _marked(day, rules, size_of(tasks), rare=rare).rows(session, listed("of", tasks))
    return {task_id: (bool(has_lapsed), bool(is_vacant)) for task_id, has_lapsed, is_vacant in rows}


@lru_cache(maxsize=64)
def _marked(day: date, rules: StandIns, size: int, *, rare: bool) -> Prepared:
    """Without ``rare``: nobody has claimed one of the tasks, and none is a leader's or one person's."""
    wanted = UserTask.id.in_(places("of", size, UserTask.id.type))
    if not rare:
        return Prepared(select(UserTask.id, false(), true()).where(wanted, unheld(day)))
    lapsed = UserTask.assignee.is_not(None) & ~stands_by(rules, day)
    empty = vacant(day)
    return Prepared(select(UserTask.id, lapsed, empty).where(wanted, or_(lapsed, empty)))
