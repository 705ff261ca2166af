"""How cases stood on any day: stretches of days over which all that lists and papers show of a case stayed the same.

A case's row knows only its newest state. A question about a past day needs the state at its end: the title
before it was corrected, the end before it was taken back, the leader who had taken it in. Live code keeps the stretches
step by step; verification and an upgrade make the same ones by replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Table, bindparam, case, event, insert, or_, update
from sqlalchemy.orm import Mapper, Session, object_session

from service import clock
from service.db import Base
from service.db.by_hand import UNREAD, columns_of, were
from service.db.lean import lean
from service.db.prepared import Prepared, Values, new, set_of
from service.processes import texts
from service.processes.models import CaseSpan, Instance

OF_ROW = (
    "status",
    "stage",
    "number",
    "title",
    "search_key",
    "talent_id",
    "leader_id",
    "urges",
    "ended_at",
    "end",
    "end_name",
)
SAID = ("category", "town", "outcome", "lead_unit", "assisting_units")
"""The names under which forms say what lists show of a case; a list of codes is kept with commas between them."""
COLUMNS = (*OF_ROW, *SAID)

_MOVED = "spans_moved"
"""In a session: the cases of which something else is shown than their stretch tells, by id; True where they are new."""

_ROWS: Table = Base.metadata.tables[CaseSpan.__tablename__]
_ON = bindparam("on", type_=Date)
_EARLIER = _ROWS.c.from_on < _ON
_BEGIN = Prepared(insert(_ROWS).values(set_of(_ROWS, ("instance_id", "from_on", *COLUMNS))))
# Looked at and written at once: a stretch that began today tells what holds now, an earlier one ends.
_GO_ON = Prepared(
    update(_ROWS)
    .where(_ROWS.c.instance_id == bindparam("case"), _ROWS.c.until_on.is_(None))
    .values(
        {"until_on": case((_EARLIER, _ON))}
        | {name: case((_EARLIER, _ROWS.c[name]), else_=value) for name, value in set_of(_ROWS, COLUMNS).items()}
    )
    .returning(_ROWS.c.from_on)
)


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a stretch about a case, out of the columns of its row."""
    told, said = {name: row[name] for name in OF_ROW}, row["data"]
    for name in SAID:
        value = said.get(name)
        told[name] = value if value is None or value.__class__ is str else _text(value)
    return told


def of_instance(instance: Instance) -> dict[str, Any]:
    """The same of a case as it stands now."""
    return shown(columns_of(instance, (*OF_ROW, "data")))


def keep(session: Session, instance: Instance, now: datetime) -> None:
    """From today on the case is as its row says; what it was earlier today no evening will have seen."""
    on = clock.local(now).date()
    gone_on: list[Callable[[], list[Values]]] = []

    def go_on(_session: Session, connection: Connection) -> None:
        if session.info.get(_MOVED, {}).get(instance.id) is False:
            told = {"case": instance.id, "on": on, **new(of_instance(instance))}
            gone_on.append(_GO_ON.asked(connection, told))

    lean(session).follow(go_on)
    session.flush()
    texts.keep(session, instance, on)
    if session.info.get(_MOVED, {}).pop(instance.id, None) is None:
        return
    begun = next((row[0] for read in gone_on for row in read()), None)
    if begun is None:  # the first stretch of the case
        on = clock.local(instance.started_at).date()
    if begun is None or begun < on:
        says = of_instance(instance)
        _BEGIN.do(session, [new({"instance_id": instance.id, "from_on": on, **says})])


@event.listens_for(Instance, "before_insert")
def _begun(_mapper: Mapper[Instance], _connection: Connection, instance: Instance) -> None:
    _moved(instance, new=True)


@event.listens_for(Instance, "before_update")
def _changed(_mapper: Mapper[Instance], _connection: Connection, instance: Instance) -> None:
    before = were(instance, (*OF_ROW, "data"))
    data = before.pop("data", instance.data)
    if before or data is UNREAD or _said(data) != _said(instance.data):
        _moved(instance, new=False)


def _said(data: Mapping[str, Any]) -> list[str | None]:
    return [_text(data.get(name)) for name in SAID]


def _moved(instance: Instance, *, new: bool) -> None:
    if (session := object_session(instance)) is not None:
        session.info.setdefault(_MOVED, {}).setdefault(instance.id, new)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    session.info.pop(_MOVED, None)


def at_end_of(on: date) -> ColumnElement[bool]:
    """The stretches (one of each case that had begun) that hold at the end of a day."""
    return (CaseSpan.from_on <= on) & or_(CaseSpan.until_on.is_(None), CaseSpan.until_on > on)


class Spans:
    """The stretches of a case, made by what is told of it after each event under ``names``."""

    def __init__(self, names: Sequence[str] = COLUMNS) -> None:
        self.rows: list[dict[str, Any]] = []
        self._names = names

    def take(self, at: datetime, told: dict[str, Any]) -> None:
        """The case is so after an event at this moment."""
        on = clock.day_of(at)
        last = self.rows[-1] if self.rows else None
        if last is not None and last["from_on"] < on:
            if all(last[name] == told[name] for name in self._names):
                return
            last["until_on"] = on
            last = None
        if last is None:
            self.rows.append({"from_on": on, "until_on": None, **told})
        else:
            last |= told


def joined(rows: Iterable[Mapping[str, Any]], names: Sequence[str] = COLUMNS) -> list[dict[str, Any]]:
    """The stretches in order of time, those that say the same as the one before grown into one."""
    found: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda one: str(one["from_on"])):
        if found and all(found[-1][name] == row[name] for name in names):
            found[-1]["until_on"] = row["until_on"]
        else:
            found.append(dict(row))
    return found


def _text(value: object) -> str | None:
    if isinstance(value, list):
        return ",".join(one for one in value if isinstance(one, str)) or None
    return value if isinstance(value, str) else None
