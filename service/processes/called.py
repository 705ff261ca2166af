"""Names that people read for rows of a case in findings: whose timer it is, who may see it, which numbers these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.queries import account_names
from service.db import Base
from service.ids import as_id
from service.people.queries import unit_names
from service.processes import counters
from service.processes.case_link import CaseLink
from service.processes.models import Instance, Timer, UserTask
from service.processes.reader_models import CaseReader
from service.processes.rules import STAGES, one_line
from service.processes.standing import OF_LEADER, OF_PERSON, behalf_names
from service.processes.told_parts import SAID, Parts
from service.processes.wiring import KEY

_COUNTED: Mapping[str, str] = {
    counters.NUMBER: "受理编号",
    counters.CIRCULAR: "通报文号",
    counters.URGE: "催办编号",
    counters.PAPER: "文书编号",
    counters.SERIES: "系列编号",
}


def row_called(
    session: Session, model: type[Base], row: Mapping[str, Any], key: str, tasks: Mapping[str, Mapping[str, Any]]
) -> str:
    """A row of a case as people call it: by its name, its number, or the number of the case that it leads to; a step
    of a unit with it; a timer with the step of ``tasks`` whose it is, a way of seeing the case by who has it."""
    if model is CaseReader:
        return reader_called(session, str(row["reader"]))
    name = next((row[one] for one in ("name", "username", "number") if row.get(one)), None)
    if model is Timer and name is not None and (task := tasks.get(str(row.get("task_id")))) is not None:
        whose = _whose(session, task)
        return f"{one_line(str(name))}（{one_line(str(task['name']))}{f'：{whose}' if whose else ''}）"
    if model is UserTask and name is not None:
        whose = _whose(session, row) if row.get("unit") or row.get("leader_id") or row.get("person_key") else ""
        return f"{one_line(str(name))}{f'（{whose}）' if whose else ''}"
    if name is None and model is CaseLink:
        other = as_id(str(row[key]))
        name = session.scalar(select(Instance.number).where(Instance.id == other)) if other is not None else None
    return one_line(str(name)) if name is not None else f"第 {row.get('seq', row[key])} 条"


def reader_called(session: Session, reader: str) -> str:
    """A way in which people see a case: 联络员（区人社局）. The codes of what is gone stand as they are."""
    kind, _, name = reader.partition(":")
    if kind == "user":
        return f"账号 {account_names(session, [name]).get(name, name)}"
    if kind == "origin":
        return f"发起单位 {_unit(session, name)}"
    if kind == "unit":
        return f"承办单位 {_unit(session, name)}"
    if kind == "talent":
        return f"人才 {name}"
    if kind == "leader":
        return f"领导 {_behalf(session, OF_LEADER, name)}"
    if kind == "role":
        role, _, unit = name.partition("@")
        return f"{_role(session, role)}（{_unit(session, unit)}）"
    if kind == "person":
        role, _, key = name.partition(":")
        return f"{_role(session, role)}（{_behalf(session, OF_PERSON, key)}）"
    return reader


def valued(
    session: Session,
    column: str,
    told: Mapping[str, str],
    must: Mapping[str, Any],
    have: Mapping[str, Any],
    parts: Parts,
    task: str | None = None,
) -> Mapping[str, str]:
    """The words for what a column must say and says: with the names of stages and ends beside their codes, and of the
    case's data, or of what a ``task`` holds, with the titles of the fields that differ."""
    if column in SAID:
        return parts.apart(must[column], have[column], task) or told
    if column not in ("stage", "end"):
        return told
    wired = session.info.get(KEY)
    stages: Mapping[str, str] = wired.stages if wired is not None else STAGES

    def called(side: str, row: Mapping[str, Any]) -> str:
        name = stages.get(str(row.get("stage"))) if column == "stage" else row.get("end_name")
        return f"{name}（{told[side]}）" if row.get(column) and name else told[side]

    return {"must": called("must", must), "have": called("have", have)}


def counter_called(name: str) -> str:
    """The numbers that are counted under a name, with the name: 受理编号 2026 年（number:request:2026）."""
    for prefix, word in _COUNTED.items():
        if name.startswith(prefix):
            year = name.rpartition(":")[2]
            return f"{word} {year} 年（{name}）" if year.isdecimal() else f"{word}（{name}）"
    return f"编号 {name}"


def _whose(session: Session, task: Mapping[str, Any]) -> str:
    if leader := task.get("leader_id"):
        return _behalf(session, OF_LEADER, str(leader))
    if key := task.get("person_key"):
        return _behalf(session, OF_PERSON, str(key))
    if unit := task.get("unit"):
        return _unit(session, str(unit))
    return _role(session, str(task.get("role") or ""))


def _role(session: Session, role: str) -> str:
    found = session.info.get(KEY)  # a database that nothing has wired knows no names of roles
    return found.role_name(role) or role if found is not None else role


def _unit(session: Session, code: str) -> str:
    return unit_names(session, [code]).get(code, code)


def _behalf(session: Session, start: str, name: str) -> str:
    key = f"{start}{as_id(name) or name}" if start == OF_LEADER else f"{start}{name}"
    found = behalf_names(session, [key]).get(key) if KEY in session.info else None
    return found or (f"标识 {name[:8]}…" if as_id(name) is not None else name)
