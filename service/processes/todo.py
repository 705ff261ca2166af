"""待办: the list of somebody's open tasks, and how many of them show which light."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session

from service.db.lists import Page, held
from service.processes import pools
from service.processes.filters import TaskFilter, task_clauses, task_order
from service.processes.models import IS_OPEN, UserTask
from service.processes.shown import columns_of_tasks, tasks_of
from service.rights import Actor


def open_tasks(
    session: Session, actor: Actor, *, today: date, filters: TaskFilter | None = None, limit: int = 50, offset: int = 0
) -> Page[UserTask]:
    """待办: open tasks that the actor may act on, in person or as a substitute, with their cases; most urgent first."""
    wanted = filters or TaskFilter()
    limit, offset = held(limit, offset)
    clauses, order = task_clauses(wanted, today), task_order(wanted.sort)
    part = {"limit": limit, "offset": offset}
    if not clauses:
        total = pools.how_many(session, actor, today)
        rows = _of_sort(wanted.sort).rows(session, actor, today, part) if offset < total else ()
        return Page(tasks_of(session, rows), total, limit, offset)
    mine = pools.whose(session, actor, today)
    narrowed = select(UserTask.id).join(UserTask.instance).where(IS_OPEN, mine, *clauses)
    total = session.scalar(narrowed.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    if offset >= total:
        return Page((), total, limit, offset)
    return Page(tasks_of(session, session.execute(_page(narrowed, order), part).all()), total, limit, offset)


def light_counts(session: Session, actor: Actor, *, today: date) -> dict[str, int]:
    """How many of the actor's open tasks show each light."""
    return pools.light_counts(session, actor, today)


@cache
def _of_sort(sort: str) -> pools.Question:
    def write(mine: ColumnElement[bool]) -> Select[Any]:
        query = select(UserTask.id).where(IS_OPEN, mine)
        return _page(query.join(UserTask.instance) if "number" in sort else query, task_order(sort))

    return pools.Question(write)


def _page(query: Select[Any], order: Sequence[Any]) -> Select[Any]:
    """The tasks of one page of ``query``, which gives their ids, with their cases."""
    ids = query.order_by(*order).limit(bindparam("limit")).offset(bindparam("offset")).subquery("page")
    return columns_of_tasks().join(ids, ids.c.id == UserTask.id).join(UserTask.instance).order_by(*order)
