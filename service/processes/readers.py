"""The ways in which people see cases, kept as rows: a list of what somebody sees reads as many of them as it shows.

A way is a word: of an account that started the case, has claimed or has done a step of it (``user:``), the unit that
started it (``origin:``), its talent, its leader or the leader whose step it was (``leader:``), a unit that had a step
in a role (``role:``) or in any (``unit:``), one person that had one in a role (``person:``). ``visibility`` says which
of them somebody has today.

Live code keeps the rows with each change of a case or a task; verification, an upgrade and ``liaison rebuild`` make the
same ones from the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, Table, delete, event, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapper, Session, UOWTransaction, object_session

from service.db import Base
from service.db.by_hand import UNREAD, columns_of, were
from service.db.lean import LeanSession
from service.db.prepared import Prepared, new, set_of
from service.processes.models import Instance, UserTask
from service.processes.reader_models import CaseReader
from service.rights import RESPONSIBLE_UNIT

USER, ORIGIN, TALENT, LEADER, UNIT = "user:", "origin:", "talent:", "leader:", "unit:"
OF_MANY = (ORIGIN, f"role:{RESPONSIBLE_UNIT}@")
"""How the ways begin in which whole units see cases: what they started, and what they were made responsible for."""
OF_CASE = ("initiator", "initiator_unit", "talent_id", "leader_id")
OF_TASK = ("role", "unit", "leader_id", "person_key", "assignee", "completed_by")
"""The columns by which somebody has a part."""
_SHOWN = ("process", "status", "started_at")
_MOVED = "readers_moved"
"""In a session: what was changed of cases, by id."""
_ROWS: Table = Base.metadata.tables[CaseReader.__tablename__]


def of_role(role: str, unit: str) -> str:
    """The way of a unit in a role."""
    return f"role:{role}@{unit}"


def of_person(role: str, key: str) -> str:
    """The way of one person in a role."""
    return f"person:{role}:{key}"


def of_leader(leader_id: UUID | str) -> str:
    """The way of a leader's post, whichever way its id is written."""
    return LEADER + str(leader_id).replace("-", "")


def of_many(way: str) -> bool:
    """Whether a whole unit sees cases in this way: of these the figures are kept (``figure_within``)."""
    return way.startswith(OF_MANY)


def seen_in(way: str) -> Select[UUID]:
    """The ids of the cases that are seen in this way."""
    return select(CaseReader.instance_id).where(CaseReader.reader == way)


def ways_of_case(row: Mapping[str, Any]) -> Iterator[str]:
    """The ways that a case's own row opens."""
    yield USER + row["initiator"]
    if row["initiator_unit"]:
        yield ORIGIN + row["initiator_unit"]
    if row["talent_id"]:
        yield TALENT + row["talent_id"]
    if row["leader_id"]:
        yield of_leader(row["leader_id"])


def ways_of_task(row: Mapping[str, Any]) -> Iterator[str]:
    """The ways that a task's row opens."""
    if row["unit"]:
        yield UNIT + row["unit"]
    if row["role"] and row["unit"]:
        yield of_role(row["role"], row["unit"])
    if row["role"] and row["person_key"]:
        yield of_person(row["role"], row["person_key"])
    if row["leader_id"]:
        yield of_leader(row["leader_id"])
    for who in (row["assignee"], row["completed_by"]):
        if who:
            yield USER + who


def rows_of(case: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a case, out of its row and those of all its tasks."""
    shown = {name: case[name] for name in _SHOWN}
    return [{"instance_id": case["id"], "reader": way, **shown} for way in sorted(every_way(case, tasks))]


def every_way(case: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ways that a case's own row and those of all its tasks open."""
    return {*ways_of_case(case), *(way for task in tasks for way in ways_of_task(task))}


# --- As cases go on --------------------------------------------------------------------------------------------------


class _Moved:
    """The changes of a case: ways that opened, those that may have closed, and whether its row is another now."""

    def __init__(self) -> None:
        self.opened: set[str] = set()
        self.closed: set[str] = set()
        self.unclear = self.shown = False

    def only_opened(self) -> bool:
        """Whether ways have opened, and that was all."""
        return not (self.shown or self.unclear or self.closed - self.opened)


def _noted(row: Instance | UserTask, case: UUID) -> _Moved | None:
    session = object_session(row)
    if session is None:
        return None
    if isinstance(session, LeanSession):
        session.follow(_follow)
    noted: _Moved = session.info.setdefault(_MOVED, {}).setdefault(case, _Moved())
    return noted


def _ways(row: Instance | UserTask, told: Mapping[str, Any]) -> set[str]:
    return set(ways_of_task(told) if isinstance(row, UserTask) else ways_of_case(told))


@event.listens_for(Instance, "before_insert")
@event.listens_for(UserTask, "before_insert")
def _begun(_mapper: Mapper[Any], _connection: Connection, row: Instance | UserTask) -> None:
    names = OF_TASK if isinstance(row, UserTask) else OF_CASE
    noted = _noted(row, row.instance_id if isinstance(row, UserTask) else row.id)
    if noted is not None:
        noted.opened |= _ways(row, columns_of(row, names))


@event.listens_for(Instance, "before_update")
@event.listens_for(UserTask, "before_update")
def _changed(_mapper: Mapper[Any], _connection: Connection, row: Instance | UserTask) -> None:
    names = OF_TASK if isinstance(row, UserTask) else OF_CASE
    changed = were(row, names)
    shown = isinstance(row, Instance) and bool(were(row, ("status",)))
    if not (changed or shown):
        return
    noted = _noted(row, row.instance_id if isinstance(row, UserTask) else row.id)
    if noted is not None:
        known = not any(one is UNREAD for one in changed.values())
        have = columns_of(row, names)
        now = _ways(row, have)
        was = _ways(row, have | {name: None if one is UNREAD else one for name, one in changed.items()})
        noted.opened |= now - was if known else now
        noted.closed |= was - now
        noted.unclear |= not known
        noted.shown |= shown


def _follow(session: Session, connection: Connection) -> None:
    """The rows of ways that opened, and that is nearly always all: they leave with those of the tasks."""
    moved: dict[UUID, _Moved] = session.info.get(_MOVED, {})
    fresh: list[dict[str, Any]] = []
    for case, noted in list(moved.items()):
        shown = _at_hand(session, case) if noted.only_opened() else None
        if shown is not None:
            fresh += _opened(case, moved.pop(case), shown)
    _OPENED.run(connection, fresh)


def _opened(case: UUID, noted: _Moved, shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [new({"instance_id": case, "reader": way, **shown}) for way in sorted(noted.opened)]


@event.listens_for(Session, "after_flush")
def _keep(session: Session, _: UOWTransaction) -> None:
    """Brings the rows in line that are not yet."""
    moved: dict[UUID, _Moved] = session.info.pop(_MOVED, {})
    if not moved:
        return
    connection = session.connection()
    fresh: list[dict[str, Any]] = []
    for case, noted in moved.items():
        shown = _row(session, connection, case)
        if shown is None:
            continue
        if noted.shown:
            connection.execute(update(_ROWS).where(_ROWS.c.instance_id == case).values(status=shown["status"]))
        if noted.unclear or noted.closed - noted.opened:
            _mend(connection, case)
        else:
            fresh += _opened(case, noted, shown)
    _OPENED.run(connection, fresh)


_COLUMNS = set_of(_ROWS, ("instance_id", "reader", *_SHOWN))
_INSERT: Mapping[str, Any] = {"sqlite": sqlite_insert, "postgresql": postgresql_insert}
_OPENED = Prepared(lambda dialect: _INSERT[dialect](_ROWS).values(_COLUMNS).on_conflict_do_nothing())


def _at_hand(session: Session, case: UUID) -> Mapping[str, Any] | None:
    """The columns of a case that its rows repeat, where it is at hand: mostly it is, locked by the command."""
    state: Any = session.identity_map.fast_get_state((Instance, (case,), None))
    if state is None or not state.dict.keys() >= {*_SHOWN}:
        return None
    return {name: state.dict[name] for name in _SHOWN}


def _row(session: Session, connection: Connection, case: UUID) -> Mapping[str, Any] | None:
    """The same, read where it is not."""
    if (known := _at_hand(session, case)) is not None:
        return known
    asked = select(*(getattr(Instance, name) for name in _SHOWN)).where(Instance.id == case)
    found = connection.execute(asked).mappings().one_or_none()
    return dict(found) if found is not None else None


def _mend(connection: Connection, case: UUID) -> None:
    """Somebody may have lost a part: the rows are made anew from those of the case and its tasks."""
    of_case = select(*(getattr(Instance, name) for name in ("id", *_SHOWN, *OF_CASE))).where(Instance.id == case)
    of_tasks = select(*(getattr(UserTask, name) for name in OF_TASK)).where(UserTask.instance_id == case)
    case_row, tasks = connection.execute(of_case).mappings().one(), connection.execute(of_tasks).mappings()
    made = rows_of(dict(case_row), [dict(row) for row in tasks])
    connection.execute(delete(_ROWS).where(_ROWS.c.instance_id == case))
    connection.execute(insert(_ROWS), made)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    session.info.pop(_MOVED, None)
