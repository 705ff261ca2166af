"""The needs of every round: its period, who takes part and who is missing, and reminders to who must act in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service import clock, contacts, reports
from service.actions.parameters import by_hand, list_of, today_of
from service.auth.queries import units_held
from service.config import Settings
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.errors import Finding, Invalid
from service.people.queries import unit_names
from service.processes.advance import open_tasks
from service.processes.calendars import current
from service.processes.instances import other_rounds
from service.processes.models import COMPLETED, Instance
from service.processes.operations import notify
from service.processes.steps import slots_of
from service.processes.wiring import Action, ActionCall, RehearsedCall
from service.rights import LIAISON, TALENT_OFFICE
from service.workdays import Calendar

ONCE = ("half_year", "month")
"""The kinds of periods of which there is one round: who was asked in it is not asked again."""
AT_A_TIME = ("month", "year")
"""The kinds of periods in which a unit does one thing at a time: who is still at an earlier one is not asked yet."""
MOST_NAMES = 12

REMINDERS: Mapping[str, str] = {"due_soon": "办理期限将至，请按时办理", "due_today": "今日为办理期限，请于今日办理"}


def _round_period(
    call: ActionCall | RehearsedCall, calendar: Callable[[], Calendar], report_days: int
) -> dict[str, Any]:
    """The subject of a round: the year, the half-year before the planned day (T6), or the month.

    Half-year reports are due ``report_days`` working days after the half-year, a setting [A].
    Raises Invalid for a half-year that has not begun.
    """
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
        if starts_on > today_of(call):
            said = f"{year}年{reports.HALVES[half]}还没有开始，请改选已经开始的期间"
            raise Invalid("没有发起", [Finding("/data/year", said)])
        due_on = reports.due_of(calendar(), ends_on, report_days)
        return {
            "kind": kind,
            "year": year,
            "half": half,
            "name": f"{year}年{reports.HALVES[half]}",
            "starts_on": starts_on.isoformat(),
            "ends_on": ends_on.isoformat(),
            "due_on": due_on.isoformat(),
        }
    return {"kind": kind, "year": day.year, "name": f"{day.year}年" if kind == "year" else f"{day.year}年{day.month}月"}


def taken(session: Session, call: ActionCall) -> dict[str, Instance]:
    """Unit → the other round of the same process in which it is asked already; not that of a terminated one."""
    period = call.instance.data.get("period") or {}
    found: dict[str, Instance] = {}
    for other in _others(session, call):
        once = _same_period(other, period) and period.get("kind") in ONCE
        if once or period.get("kind") in AT_A_TIME:
            found |= dict.fromkeys(slots_of(session, other.id, only_open=not once), other)
    return found


def refuse_another(session: Session, call: ActionCall, path: str, instead: str = "") -> None:
    """Raises Invalid, at the field ``path``, where somebody starts by hand a round that there is already.

    ``path`` is ``/data`` where no field of the form is to blame; ``instead`` is the way out where that one is complete.
    """
    if not by_hand(call):
        return
    period = call.instance.data.get("period") or {}
    for other in _others(session, call):
        if period.get("kind") in AT_A_TIME or _same_period(other, period):
            raise Invalid("没有发起", [Finding(path, under_way(other, instead))])


def under_way(other: Instance, instead: str = "") -> str:
    """Why there is no second round beside ``other``, and what to do."""
    begun = f"「{other.title}」已于 {clock.local(other.started_at).date()} 发起"
    if other.status == COMPLETED:
        return f"{begun}并已完成，不能重复发起" + (f"；{instead}" if instead else "")
    return f"{begun}，正在办理：请打开该事项继续办理；确需重新发起的，先由区人才办终止该事项"


def _others(session: Session, call: ActionCall) -> list[Instance]:
    """The other rounds of the process that run, or are of the same period; those that are not yet begun are none.

    Nobody starts another one until this transaction ends.
    """
    period = call.instance.data.get("period") or {}
    found = other_rounds(session, call.instance, str(period.get("name")))
    return [one for one in found if isinstance(one.data.get("units"), list)]


def _same_period(other: Instance, period: Mapping[str, Any]) -> bool:
    theirs = other.data.get("period") or {}
    return bool(period.get("name")) and theirs.get("name") == period["name"]


def _round_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """The units that take part, those asked elsewhere, and those with nobody who could act (T4).

    The Talent Office is told where somebody must be named, and where there is nothing to do.
    """
    units, elsewhere = list_of(call, "units"), taken(session, call)
    vacant = sorted(set(units) - units_held(session, LIAISON, today_of(call)) - {TALENT_OFFICE})
    names = unit_names(session, {*vacant, *elsewhere})
    lines, told = [["参加单位", f"{len(units)} 个"]], []
    if elsewhere:
        others = "、".join(dict.fromkeys(f"「{other.title}」" for other in elsewhere.values()))
        lines.append(["不再重复参加", f"{_listed(names, elsewhere)}，已在{others}中"])
    if not units:
        told.append("没有需要参加的单位" + (f"：{lines[-1][1]}" if elsewhere else "") + "，本次自动结束")
    if vacant:
        appoint = "请尽快指定（并开通账号）"  # somebody may have been named who has no account
        lines.append(["没有能办理的联络员", f"{_listed(names, vacant)}，{appoint}"])
        told.append(f"{_listed(names, vacant)}没有能办理的联络员，{appoint}；指定后由其接办，也可由区人才办代为办理")
    if told:
        text = "。".join(told)[:1000]
        notify(session, call.instance, "reminder", actor=call.actor, now=call.now, role=TALENT_OFFICE, text=text)
    return {"lines": lines, "vacant": vacant}


def _listed(names: Mapping[str, str], codes: Iterable[str]) -> str:
    every = [names.get(code, code) for code in codes]
    return "、".join(every[:MOST_NAMES]) + (f"等 {len(every)} 个单位" if len(every) > MOST_NAMES else "")


def _remind(session: Session, call: ActionCall) -> bool:
    """A reminder to whoever must take the step; none once it is done, or once a later reminder is due as well."""
    kind, step = str(call.parameters.get("kind")), call.parameters.get("step")
    if kind not in REMINDERS:
        raise EngineFailure(f"没有这种提醒：{kind}；自己加的一种，请用 notice")
    if call.overtaken:
        return False
    for task in open_tasks(session, call.instance.id):
        if task.task == step and task.scope == call.scope:
            notify(session, call.instance, kind, actor=call.actor, now=call.now, task=task, text=REMINDERS[kind])
            return True
    return False


def _remind_rehearsed(call: RehearsedCall) -> bool:
    """The same in a rehearsal."""
    kind, step = str(call.parameters.get("kind")), call.parameters.get("step")
    if kind not in REMINDERS:
        raise EngineFailure(f"没有这种提醒：{kind}")
    task = next((one for one in call.open_tasks if one.task == step and one.scope == call.scope), None)
    if task is not None:
        call.tell(kind, step=task)
    return task is not None


def actions(settings: Settings) -> tuple[Action, ...]:
    """The whitelist entries of all rounds."""
    report_days = settings.contacts.report_days
    return (
        Action(
            "round_period",
            "确定期间",
            ("kind",),
            lambda session, call: _round_period(call, lambda: current(session), report_days),
            ("year", "half"),
            rehearsed=lambda call: _round_period(call, lambda: call.calendar, report_days),
            takes={"kind": "periods"},
            sample={
                "kind": "half_year",
                "year": 2026,
                "half": 1,
                "name": "2026年上半年",
                "starts_on": "2026-01-01",
                "ends_on": "2026-06-30",
                "due_on": "2026-07-14",
            },
            does=(
                "确定一轮工作的期间：`kind` 为 `'half_year'` 半年、`'month'` 月、`'year'` 年；"
                "不写 `year`、`half` 的，按计划日期之前的半年。结果是期间，半年的带起止日期和报送期限"
            ),
        ),
        Action(
            "round_facts",
            "核实参加单位",
            ("units",),
            _round_facts,
            sample={"lines": [["参加单位", "1 个"]], "vacant": []},
            does=(
                "核实参加单位：谁已在另一轮中、谁没有联络员，并通知区人才办；结果 `lines` 显示在下一步表单前，"
                "`vacant` 是没有联络员的单位"
            ),
        ),
        Action(
            "remind",
            "提醒经办人",
            ("kind", "step"),
            _remind,
            sample=True,
            rehearsed=_remind_rehearsed,
            takes={"kind": "reminders", "step": "steps"},
            does=(
                "提醒还没有办完 `step` 这一步的人：`kind` 为 `'due_soon'` 将到期、`'due_today'` 今日到期；"
                "结果是发了没有"
            ),
        ),
    )
