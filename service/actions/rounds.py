"""What every round needs: its period, and reminders to who must act in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service import contacts, reports
from service.actions.reading import today_of
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.processes.advance import open_tasks
from service.processes.calendars import current
from service.processes.operations import notify
from service.processes.wiring import Action, ActionCall

REMINDERS: Mapping[str, str] = {"due_soon": "办理期限将至，请按时办理", "due_today": "今日为办理期限，请于今日办理"}


def _round_period(session: Session, call: ActionCall) -> dict[str, Any]:
    """What a round is about: the year, the half-year before the planned day (T6), or the month."""
    planned = as_date((call.data.get("scheduled") or {}).get("planned_on"))
    day = planned or today_of(call)
    kind = call.parameters.get("kind")
    if kind == "half_year":
        year, half = call.parameters.get("year"), call.parameters.get("half")
        if not isinstance(year, int) or not isinstance(half, int):
            year, half = contacts.half_of(day.replace(day=1) - timedelta(days=1 if day.month in (1, 7) else 0))
            if day.month not in (1, 7):
                year, half = contacts.half_of(contacts.period_of(year, half)[0] - timedelta(days=1))
        starts_on, ends_on = contacts.period_of(year, half)
        due_on = current(session).add(ends_on, reports.REPORT_DAYS).due
        return {
            "year": year,
            "half": half,
            "name": f"{year}年{reports.HALVES[half]}",
            "starts_on": starts_on.isoformat(),
            "ends_on": ends_on.isoformat(),
            "due_on": due_on.isoformat(),
        }
    return {"year": day.year, "name": f"{day.year}年" if kind == "year" else f"{day.year}年{day.month}月"}


def _remind(session: Session, call: ActionCall) -> bool:
    """A reminder to whoever must take the step; none once it is done, or once a later reminder is due as well."""
    kind, step = str(call.parameters.get("kind")), call.parameters.get("step")
    if kind not in REMINDERS:
        raise EngineFailure(f"没有这种提醒：{kind}")
    if call.overtaken:
        return False
    for task in open_tasks(session, call.instance.id):
        if task.task == step and task.scope == call.scope:
            notify(session, call.instance, kind, actor=call.actor, now=call.now, task=task, text=REMINDERS[kind])
            return True
    return False


ACTIONS = (
    Action(
        "round_period",
        "确定期间",
        ("kind",),
        _round_period,
        ("year", "half"),
        sample={
            "year": 2026,
            "half": 1,
            "name": "2026年上半年",
            "starts_on": "2026-01-01",
            "ends_on": "2026-06-30",
            "due_on": "2026-07-14",
        },
    ),
    Action("remind", "提醒经办人", ("kind", "step"), _remind, sample=True),
)
