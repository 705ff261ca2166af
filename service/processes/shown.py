"""Tasks and cases as lists show them: without what is read of one at a time, and made of rows by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from service.db.by_hand import Parts
from service.processes.models import Instance, UserTask

_TASKS = Parts(UserTask, without=("data", "submitted", "due_explanation"))
_CASES = Parts(Instance, without=("state", "frame", "data"))
_WHOLE = Parts(Instance, without=("state", "frame"))
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_BY_KEY = select(*_WHOLE.columns).where(Instance.id.in_(_KEYS))
_TASKS_BY_KEY = select(*_TASKS.columns, *_CASES.columns).select_from(UserTask).join(UserTask.instance)
_TASKS_BY_KEY = _TASKS_BY_KEY.where(UserTask.id.in_(_KEYS))


def columns_of_tasks() -> Select[Any]:
    """The question for tasks with their cases, of which ``tasks_of`` reads the rows; the caller says which tasks."""
    return select(*_TASKS.columns, *_CASES.columns).select_from(UserTask)


def tasks_of(session: Session, rows: Iterable[Sequence[Any]]) -> tuple[UserTask, ...]:
    """The tasks of such rows, each with its case, without the data of either."""
    wide = len(_TASKS.columns)
    found = []
    for row in rows:
        task = _TASKS.take(session, row[:wide])
        set_committed_value(task, "instance", _CASES.take(session, row[wide:]))
        found.append(task)
    return tuple(found)


def tasks_by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, UserTask]:
    """Id → task with its case, of those of ``ids`` that there are, whoever asks; at most one statement."""
    if not ids:
        return {}
    _send(session)
    return {one.id: one for one in tasks_of(session, session.execute(_TASKS_BY_KEY, {"keys": list(ids)}))}


def cases_by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, Instance]:
    """Id → case with its data, of those of ``ids`` that there are, whoever asks; at most one statement."""
    if not ids:
        return {}
    _send(session)
    found = (_WHOLE.take(session, row) for row in session.execute(_BY_KEY, {"keys": list(ids)}))
    return {one.id: one for one in found}


def _send(session: Session) -> None:
    """Changes that wait are sent first, as before any other question; SQLAlchemy does so for its own objects alone."""
    if session.autoflush:
        session.flush()
