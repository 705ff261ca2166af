"""The records, lists and first form that a form names: a record must be there, and be the actor's to know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.errors import Finding, Invalid
from service.processes.bundles import Compiled
from service.processes.calendars import current
from service.processes.forms import FILES, Form
from service.processes.models import UserTask
from service.processes.wiring import wiring
from service.rights import Actor

GONE_FILE = "这个附件已不在（没有提交的附件只保留一段时间，也可能已被撤回），请删去后重新上传"


def check_references(session: Session, form: Form, data: Mapping[str, Any], actor: Actor) -> None:
    """Raises Invalid when a picked record does not exist (any longer), or not for the actor: nobody learns which."""
    plan = wiring(session)
    findings = [
        Finding(path, GONE_FILE if kind == FILES else "所选的记录不存在或已停用，请重新选择")
        for path, kind, value in form.references(data)
        if kind in plan.references
        and (plan.references[kind](session, value) is None or not plan.shown(session, kind, value, actor))
    ]
    if findings:
        raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)


def check_listed(session: Session, form: Form, data: Mapping[str, Any], told: Mapping[str, Any], today: date) -> None:
    """Raises Invalid when a picked record is none of those that the task is about (``told``: what it was entered with).

    One statement a list, however long it is.
    """
    plan, findings = wiring(session), []
    kinds = {path: kind for path, kind, _ in form.references(data)}
    picked: dict[str, dict[str, str]] = {}
    for path, name, value in form.picks(data):
        picked.setdefault(name, {})[path] = value
    for name, places in picked.items():
        query = plan.listings[name](told, today)
        [key] = query.selected_columns
        found = set(session.scalars(query.where(key.in_(set(places.values())))))
        strangers = {path: value for path, value in places.items() if value not in found}
        for path, value in strangers.items():
            label = plan.references[kinds[path]](session, value)
            findings.append(Finding(path, f"{label}不在本任务的名单中，请删去，改从名单中选择"))
    if findings:
        raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)


def check_prefill(
    session: Session, made: Compiled, opened: list[UserTask], given: Mapping[str, Any], actor: Actor
) -> None:
    """Raises Invalid where ``given``, with which an instance starts, is not what its first forms take."""
    forms = [made.form_of(task.process, task.task) for task in opened]
    known = {name for form in forms for name in form.fields}
    if unknown := sorted(set(given) - known):
        raise Invalid("有未知的字段", [Finding(f"/data/{name}", "首个表单没有这个字段，请删去") for name in unknown])
    calendar, today = current(session), clock.today()
    for form in forms:
        fields = {name: value for name, value in given.items() if name in form.fields}
        form.check(fields, today=today, calendar=calendar, partial=True)
        check_references(session, form, fields, actor)
