"""How often a step had come up in its slot of a case: kept with each task, as its row says.

A place is a step (process and task) in a scope. A task's round is one more than there are tasks of its place that an
earlier input of the case had opened; tasks that one input opens in the same place are of the same round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from service.db.prepared import Prepared
from service.processes.at_hand import Place, held
from service.processes.models import Instance, UserTask

_BEFORE = Prepared(
    select(UserTask.process, UserTask.task, UserTask.scope, func.count())
    .where(UserTask.instance_id == bindparam("instance", type_=UserTask.instance_id.type))
    .group_by(UserTask.process, UserTask.task, UserTask.scope)
)
_ALL = select(UserTask).where(UserTask.instance_id == bindparam("instance"))


def place_of(row: Mapping[str, Any]) -> Place:
    """The place of a task, out of the columns of its row or the facts of an effect."""
    return row["process"], row["task"], row["scope"]


def ranked(rows: Iterable[Mapping[str, Any]]) -> dict[Any, int]:
    """The round of each task of one case, by id, out of the columns of all its tasks."""
    seqs: dict[Place, list[int]] = defaultdict(list)
    listed = list(rows)
    for row in listed:
        seqs[place_of(row)].append(row["entered_seq"])
    for found in seqs.values():
        found.sort()
    return {row["id"]: bisect_left(seqs[place_of(row)], row["entered_seq"]) + 1 for row in listed}


def number(session: Session, instance: Instance, entered: Collection[UserTask], *, first: bool, moved: bool) -> None:
    """Gives tasks that an input has opened their rounds, before they are sent; one statement where what the case had
    before is not at hand.

    ``first``: nothing can have come up before this input. ``moved``: a task that was there already has another place,
    or came up anew under its id; the tasks of the case are then all counted again.
    """
    hand = held(session, instance.id)
    if moved:
        if hand is not None:
            hand.places = None
        session.flush()
        rows = session.scalars(_ALL, {"instance": instance.id}).all()
        rounds = ranked({name: getattr(row, name) for name in _READ} for row in rows)
        for row in rows:
            row.round = rounds[row.id]
        return
    before: Counter[Place] = Counter()
    if hand is not None and hand.places is not None:
        before.update(hand.places)
        hand.places.update((row.process, row.task, row.scope) for row in entered)
    elif entered and not first:
        for process, task, scope, count in _BEFORE.rows(session, {"instance": instance.id}):
            before[process, task, scope] = count
    for row in entered:
        row.round = before[row.process, row.task, row.scope] + 1


_READ = ("id", "process", "task", "scope", "entered_seq")
