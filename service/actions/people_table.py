"""The actions of the people side: a diagram's gear task calls a feature's command and journals what it gives, as JSON.

Each acts as whoever completed the step that led to it; where the calendar led, or the person has no right of their own
to what the step implies, the service itself acts and the journal of the case says on whose step. Replay takes the
recorded results and calls nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock, contacts, liaisons, reports, talents
from service.auth import SYSTEM, Account, Actor
from service.auth.policy import may
from service.auth.queries import is_usable
from service.contacts.models import MissedInterviews
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.errors import Finding, Invalid
from service.ledger.counts import need_counts
from service.liaisons.models import Link, Roster
from service.people.models import Leader, Liaison, Unit
from service.people.queries import get_leader, on_day
from service.processes.advance import open_tasks
from service.processes.calendars import current, days_late
from service.processes.models import RUNNING, Instance
from service.processes.operations import notify
from service.processes.wiring import Action, ActionCall
from service.talents.models import Talent

OFFICE_UNIT = "talent_office"
"""In a list of units it stands for the list of class A, which is the Talent Office's (Q2)."""
REPORT_WITHIN = 10
"""Working days after a change within which it is reported [A] (R9)."""
CHANGES: Mapping[str, str] = {
    "job_change": "工作变动",
    "post_change": "职务调整",
    "award": "重大奖励",
    "punishment": "重大处分",
    "other": "其他",
}
REMINDERS: Mapping[str, str] = {"due_soon": "办理期限将至，请按时办理", "due_today": "今日为办理期限，请于今日办理"}


def people_actions() -> tuple[Action, ...]:
    """The whitelist entries of the people side."""
    return (
        Action("round_period", "确定期间", ("kind",), _round_period, ("year", "half")),
        Action("remind", "提醒经办人", ("kind", "step"), _remind),
        Action("change_facts", "登记重大事项", ("talent_id", "change_type", "event_date"), _change_facts),
        Action("talent_leaders", "列出联系领导", ("talent_id", "on"), _talent_leaders),
        Action("update_talent", "更新人才信息", ("talent_id", "changes", "source"), _update_talent, ("confirm",)),
        Action("review_eligibility", "终止联系关系", ("talent_id", "on", "reason"), _review_eligibility),
        Action("open_handover", "列出待交接的联系关系", ("leader_id",), _open_handover),
        Action(
            "hand_over", "移交联系关系", ("leader_id", "successor_id", "starts_on"), _hand_over, ("talents", "note")
        ),
        Action("roster_units", "列出名单单位", ("roles",), _roster_units, ("unit",)),
        Action("check_roster", "检查名单", ("unit",), _check_roster),
        Action("decide_roster", "名单生效", ("unit", "document_no", "decided_on"), _decide_roster),
        Action("file_roster", "名单备案", ("roster_id", "on"), _file_roster),
        Action("liaison_offices", "列出联络员单位", ("year", "half"), _liaison_offices),
        Action("compile_report", "预填半年报告", ("unit", "year", "half", "due_on"), _compile_report),
        Action("submit_report", "报送半年报告", ("report",), _submit_report, ("work", "plans")),
        Action("return_report", "退回半年报告", ("report", "reason"), _return_report),
        Action("accept_report", "接收半年报告", ("report",), _accept_report),
        Action("review_units", "列出核对单位", (), _review_units),
        Action("confirm_talents", "记录核对日期", ("unit",), _confirm_talents, ("except_ids",)),
        Action("short_pairs", "列出访谈不足的单位", ("year",), _short_pairs),
        Action("remind_interviews", "提醒访谈", ("units", "year"), _remind_interviews),
        Action("keep_reasons", "记录未完成原因", ("unit", "year", "reason"), _keep_reasons),
    )


SAMPLES: Mapping[str, Any] = {
    "round_period": {
        "year": 2026,
        "half": 1,
        "name": "2026年上半年",
        "starts_on": "2026-01-01",
        "ends_on": "2026-06-30",
        "due_on": "2026-07-14",
    },
    "remind": True,
    "change_facts": {"title": "重大事项报告：张三（工作变动）", "late_days": 0, "lines": []},
    "talent_leaders": [{"leader_id": "a", "name": "张三", "signed_up": True, "unit": "edu"}],
    "update_talent": ["post"],
    "review_eligibility": 1,
    "open_handover": {"title": "联系关系调整", "klass": "B", "unit": "edu", "ended_on": "2026-03-01", "lines": []},
    "hand_over": 0,
    "roster_units": ["edu"],
    "check_roster": {"lines": []},
    "decide_roster": "a",
    "file_roster": True,
    "liaison_offices": ["edu"],
    "compile_report": {"report_id": "a", "lines": []},
    "submit_report": {"report_id": "a", "lines": []},
    "return_report": {"report_id": "a", "lines": []},
    "accept_report": {"report_id": "a", "lines": []},
    "review_units": ["edu"],
    "confirm_talents": 3,
    "short_pairs": ["edu"],
    "remind_interviews": 1,
    "keep_reasons": 1,
}
"""A plausible result of each, on which the deployment checks try expressions."""


# --- Rounds and reminders --------------------------------------------------------------------------------------------


def _round_period(session: Session, call: ActionCall) -> dict[str, Any]:
    """What a round is about: the year, the half-year before the planned day (T6), or the month."""
    planned = as_date((call.data.get("scheduled") or {}).get("planned_on"))
    day = planned or _today(call)
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


# --- change_report (R8 R9) -------------------------------------------------------------------------------------------


def _change_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """What the report is called, and how many working days late it was made; lateness is kept, never blocks."""
    talent = talents.get_talent(session, _said(call, "talent_id"))
    kind = CHANGES.get(str(call.parameters.get("change_type")), "其他")
    happened = _day(call, "event_date")
    reported = as_date(call.data.get("reported_on")) or _today(call)
    calendar = current(session)
    late = days_late(calendar, calendar.add(happened, REPORT_WITHIN).due, reported)
    punctual = f"事项发生后 {REPORT_WITHIN} 个工作日内" if not late else f"迟报 {late} 个工作日"
    names = [f"{leader.person.name}（{leader.post}）" for leader in _serving(session, talent.id, happened, call)]
    return {
        "title": f"重大事项报告：{talent.name}（{kind}）",
        "late_days": late,
        "lines": [["报告时效", punctual], ["联系领导", "、".join(names) or "没有联系领导"]],
    }


def _talent_leaders(session: Session, call: ActionCall) -> list[dict[str, Any]]:
    """The leaders who serve the talent, each once; ``signed_up`` where the leader uses this system."""
    found: dict[UUID, dict[str, Any]] = {}
    for leader in _serving(session, _said(call, "talent_id"), _day(call, "on"), call):
        accounts = session.scalars(select(Account).where(Account.person_id == leader.person_id))
        signed_up = any(is_usable(account) for account in accounts)
        found.setdefault(
            leader.person_id,
            {
                "leader_id": str(leader.id),
                "name": leader.person.name,
                "signed_up": signed_up,
                "unit": leader.unit_code,
            },
        )
    return list(found.values())


def _serving(session: Session, talent_id: str, day: date, call: ActionCall) -> Sequence[Leader]:
    today = liaisons.leaders_of(session, [talent_id], _today(call))[talent_id]
    return today or liaisons.leaders_of(session, [talent_id], day)[talent_id]


def _update_talent(session: Session, call: ActionCall) -> list[str]:
    """Brings what the Talent Office agreed to into the registry; gives the fields that the report names.

    ``confirm``: the file then counts as checked today (R4).
    """
    wanted = call.parameters.get("changes")
    if not isinstance(wanted, Mapping):
        raise EngineFailure("更新人才信息时没有给出要更新的项")
    changes = {name: value for name, value in wanted.items() if value not in (None, "")}
    if isinstance(changes.get("works_until"), str):
        changes["works_until"] = as_date(changes["works_until"])
    talent_id, source = _said(call, "talent_id"), str(call.parameters.get("source") or "")
    actor = _entitled(call.actor, "edit_talents")
    if changes:
        talents.update_talent(
            session, talent_id=talent_id, changes=changes, source=source[:200], actor=actor, now=call.now
        )
    if call.parameters.get("confirm"):
        talents.confirm_talent(session, talent_id=talent_id, on=_today(call), actor=actor, now=call.now)
    return sorted(changes)


def _review_eligibility(session: Session, call: ActionCall) -> int:
    """Ends the links of a talent whom nobody serves any longer, because a person decided so (S2)."""
    day, reason = _day(call, "on"), _said(call, "reason")
    query = select(Link).where(Link.talent_id == _said(call, "talent_id"), Link.ends_on.is_(None)).order_by(Link.id)
    ended = 0
    for link in list(session.scalars(query)):
        actor = _entitled(call.actor, "manage_links_a" if link.leader.klass == "A" else "manage_links_b")
        liaisons.end_link(session, link_id=link.id, ends_on=day, reason=reason, actor=actor, now=call.now)
        ended += 1
    return ended


# --- liaison_change (O4) ---------------------------------------------------------------------------------------------


def _open_handover(session: Session, call: ActionCall) -> dict[str, Any]:
    """What there is to hand over: the links that the Talent Office holds, open needs, interviews of the year."""
    leader = get_leader(session, _said(call, "leader_id"))
    held = _to_hand_over(session, leader.id)
    needs = session.scalar(
        select(func.count()).where(
            Instance.process == "request", Instance.leader_id == str(leader.id), Instance.status == RUNNING
        )
    )
    ended = leader.ends_on or _today(call)
    pairs = contacts.interview_counts(session, year=ended.year, on=ended, leader_id=leader.id)
    interviews = {pair.talent.id: pair.count for pair in pairs}
    names = [
        link.talent.name + (f"（本年已访谈 {interviews[link.talent_id]} 次）" if link.talent_id in interviews else "")
        for link in held
    ]
    return {
        "title": f"联系关系调整：{leader.person.name}（{leader.post}）",
        "klass": leader.klass,
        "unit": leader.unit_code,
        "ended_on": ended.isoformat(),
        "lines": [
            ["待移交的联系对象", "、".join(names) or "没有"],
            ["办理中的需求", f"{needs or 0} 件"],
            ["任职结束日期", ended.isoformat()],
        ],
    }


def _hand_over(session: Session, call: ActionCall) -> int:
    """Hands the named talents (none named: all) to the successor; gives how many links are still to hand over."""
    leader = get_leader(session, _said(call, "leader_id"))
    chosen = call.parameters.get("talents")
    wanted = set(chosen) if isinstance(chosen, list) and chosen else None
    links = _to_hand_over(session, leader.id)
    mine = [link for link in links if wanted is None or link.talent_id in wanted]
    if wanted is not None and (strangers := wanted - {link.talent_id for link in links}):
        raise Invalid(
            "有的人才不在待移交之列", [Finding("/data/talents", f"不须移交：{'、'.join(sorted(strangers))}，请删去")]
        )
    note = call.parameters.get("note")
    for link in mine:
        liaisons.hand_over(
            session,
            link_id=link.id,
            successor_id=_said(call, "successor_id"),
            starts_on=_day(call, "starts_on"),
            note=str(note) if note else None,
            actor=call.actor,
            now=call.now,
        )
    return len(_to_hand_over(session, leader.id))


def _to_hand_over(session: Session, leader_id: UUID) -> list[Link]:
    query = select(Link).where(Link.leader_id == leader_id, Link.ends_on.is_(None), Link.status.in_(("active", "held")))
    return list(session.scalars(query.order_by(Link.starts_on, Link.id)))


# --- roster (Q2 Q4) --------------------------------------------------------------------------------------------------


def _roster_units(session: Session, call: ActionCall) -> list[str]:
    """Whose lists a round makes: by hand the starter's own, by the calendar that of class A and every member unit's."""
    roles, unit = call.parameters.get("roles") or [], call.parameters.get("unit")
    if OFFICE_UNIT in roles:
        return [OFFICE_UNIT]
    if roles:
        return [str(unit)] if unit else []
    named = select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, _today(call)))
    query = select(Unit.code).where(Unit.is_member_unit, Unit.active, Unit.code.in_(named))
    return [OFFICE_UNIT, *session.scalars(query.order_by(Unit.pinyin, Unit.code))]


def _check_roster(session: Session, call: ActionCall) -> dict[str, Any]:
    """What somebody should look at before the list is decided: eligibility, numbers, reasons (S1, Q1, Q3). Warns."""
    roster = _draft(session, call)
    today, lines = _today(call), []
    roster.instance_id = call.instance.id
    served: dict[UUID, int] = {}
    leaders: dict[UUID, Leader] = {}
    for item in roster.items:
        served[item.leader_id] = served.get(item.leader_id, 0) + 1
        leaders[item.leader_id] = item.leader
        lines += [["资格", f"{item.talent.name}：{why}"] for why in talents.eligibility(item.talent, today)]
    for leader_id, count in served.items():
        leader = leaders[leader_id]
        required = liaisons.QUOTAS[leader.klass]
        if count < required:
            lines.append(["数量", f"{leader.person.name}：列入 {count} 人，不足 {required} 人"])
    return {"lines": [["名单", f"第 {roster.version} 版，{len(roster.items)} 条"], *lines]}


def _decide_roster(session: Session, call: ActionCall) -> str:
    roster = liaisons.decide_roster(
        session,
        roster_id=_draft(session, call).id,
        document_no=_said(call, "document_no"),
        decided_on=_day(call, "decided_on"),
        actor=call.actor,
        now=call.now,
    )
    return str(roster.id)


def _file_roster(session: Session, call: ActionCall) -> bool:
    liaisons.file_roster(
        session, roster_id=_said(call, "roster_id"), on=_day(call, "on"), actor=call.actor, now=call.now
    )
    return True


def _draft(session: Session, call: ActionCall) -> Roster:
    unit = _said(call, "unit")
    scope = "A" if unit == OFFICE_UNIT else unit
    found = session.scalar(select(Roster).where(Roster.scope == scope, Roster.status == "draft"))
    if found is None:
        raise Invalid("还没有起草名单", [Finding("/data/note", "请先在“名单”页面起草名单，再提交本步骤")])
    return found


# --- half_year_report (T6 R5) ----------------------------------------------------------------------------------------


def _liaison_offices(session: Session, call: ActionCall) -> list[str]:
    year, half = _whole(call, "year"), _whole(call, "half")
    today = _today(call)
    now_named = set(session.scalars(select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, today))))
    return [unit.code for unit in reports.reporting_units(session, year=year, half=half) if unit.code in now_named]


def _compile_report(session: Session, call: ActionCall) -> dict[str, Any]:
    """Fills in the unit's report from the data (T6); what was submitted meanwhile stays as it is."""
    unit, year, half = _said(call, "unit"), _whole(call, "year"), _whole(call, "half")
    found = session.scalar(
        select(reports.HalfYearReport).where(
            reports.HalfYearReport.unit_code == unit,
            reports.HalfYearReport.year == year,
            reports.HalfYearReport.half == half,
        )
    )
    if found is None or found.status in ("draft", "returned"):
        starts_on, ends_on = contacts.period_of(year, half)
        found = reports.compile_report(
            session,
            unit_code=unit,
            year=year,
            half=half,
            needs=need_counts(session, unit=unit, starts_on=starts_on, ends_on=ends_on),
            due_on=_day(call, "due_on"),
            instance_id=call.instance.id,
            actor=_entitled(call.actor, "compile_reports", unit),
            now=call.now,
        )
    return _told(found)


def _submit_report(session: Session, call: ActionCall) -> dict[str, Any]:
    """Sends the report, with the words that were filled in here; sent from its own page already it stays so."""
    report = _report(session, call)
    if report.status in ("draft", "returned"):
        words = {name: call.parameters.get(name) for name in ("work", "plans")}
        sections = {name: str(text) for name, text in words.items() if text}
        actor = _entitled(call.actor, "submit_reports", report.unit_code)
        if sections:
            reports.edit_report(session, report_id=report.id, sections=sections, actor=actor, now=call.now)
        reports.submit_report(session, report_id=report.id, actor=actor, now=call.now)
    return _told(report)


def _return_report(session: Session, call: ActionCall) -> dict[str, Any]:
    report = _report(session, call)
    if report.status == "accepted":
        said = "这份半年报告已通过，不能再退回；请选“接收”"
        raise Invalid("没有退回", [Finding("/data/decision", said)])
    if report.status == "submitted":
        reports.return_report(
            session, report_id=report.id, reason=_said(call, "reason"), actor=call.actor, now=call.now
        )
    return _told(report)


def _accept_report(session: Session, call: ActionCall) -> dict[str, Any]:
    report = _report(session, call)
    if report.status == "submitted":
        reports.accept_report(session, report_id=report.id, actor=call.actor, now=call.now)
    return _told(report)


def _report(session: Session, call: ActionCall) -> reports.HalfYearReport:
    known = call.parameters.get("report")
    if not isinstance(known, Mapping):
        raise EngineFailure("没有半年报告，请检查流程图")
    return reports.get_report(session, str(known.get("report_id")), SYSTEM)


def _told(report: reports.HalfYearReport) -> dict[str, Any]:
    late = {None: "尚未报送", False: "按时报送", True: "迟报"}[report.late]
    return {
        "report_id": str(report.id),
        "late": report.late,
        "lines": [["半年报告", f"{report.year}年{reports.HALVES[report.half]}"], ["报送", late]],
    }


# --- registry_review (R4) --------------------------------------------------------------------------------------------


def _review_units(session: Session, call: ActionCall) -> list[str]:
    """The units that have talents to check, each once."""
    return sorted(set(_answering(session, _today(call)).values()))


def _confirm_talents(session: Session, call: ActionCall) -> int:
    """Notes for each of the unit's talents but those to correct that the file is right as of today."""
    unit, today = _said(call, "unit"), _today(call)
    named = call.parameters.get("except_ids")
    left_out = set(named) if isinstance(named, list) else set[str]()
    mine = sorted(talent for talent, answers in _answering(session, today).items() if answers == unit)
    units = dict(session.execute(select(Talent.id, Talent.employer_unit).where(Talent.id.in_(mine))).all())
    done = 0
    for talent_id in mine:
        if talent_id not in left_out:
            actor = _entitled(call.actor, "confirm_talents", units.get(talent_id))
            talents.confirm_talent(session, talent_id=talent_id, on=today, actor=actor, now=call.now)
            done += 1
    return done


def _answering(session: Session, today: date) -> dict[str, str]:
    """Active talent → the unit that answers for the file: the own unit where it has a liaison, else the leader's."""
    named = set(session.scalars(select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, today))))
    rows = session.execute(select(Talent.id, Talent.employer_unit).where(Talent.active)).all()
    found = {talent: unit for talent, unit in rows if unit in named}
    rest = [talent for talent, unit in rows if unit not in named]
    for talent, leaders in liaisons.leaders_of(session, rest, today).items():
        unit = next((leader.unit_code for leader in leaders if leader.unit_code in named), None)
        if unit is not None:
            found[talent] = unit
    return found


# --- interview_check (F2) --------------------------------------------------------------------------------------------


def _short_pairs(session: Session, call: ActionCall) -> list[str]:
    """The member units with pairs of class B that have fewer interviews this year than asked for."""
    return sorted(_short(session, call))


def _remind_interviews(session: Session, call: ActionCall) -> int:
    """Tells each unit's liaison whom its leaders have yet to interview; only a reminder, nothing is blocked."""
    short = _short(session, call)
    for unit in _list(call, "units"):
        pairs = short.get(unit, [])
        text = "、".join(
            f"{pair.leader.person.name}—{pair.talent.name}（{pair.count}/{pair.required}）" for pair in pairs
        )
        if text:
            notify(
                session,
                call.instance,
                "reminder",
                actor=call.actor,
                now=call.now,
                role="liaison",
                unit=unit,
                text=f"本年访谈尚不足：{text}"[:1000],
            )
    return len(short)


def _keep_reasons(session: Session, call: ActionCall) -> int:
    """Keeps the unit's reason with each pair that is short and has none yet."""
    unit, year = _said(call, "unit"), _whole(call, "year")
    known = {
        (row.leader_id, row.talent_id)
        for row in session.scalars(select(MissedInterviews).where(MissedInterviews.year == year))
    }
    kept = 0
    for pair in _short(session, call).get(unit, []):
        if (pair.leader.id, pair.talent.id) not in known:
            contacts.give_missed_reason(
                session,
                leader_id=pair.leader.id,
                talent_id=pair.talent.id,
                year=year,
                reason=_said(call, "reason"),
                actor=call.actor,
                now=call.now,
            )
            kept += 1
    return kept


def _short(session: Session, call: ActionCall) -> dict[str, list[contacts.PairCount]]:
    year = _whole(call, "year")
    found: dict[str, list[contacts.PairCount]] = {}
    for pair in contacts.interview_counts(session, year=year, on=min(_today(call), date(year, 12, 31))):
        if pair.short and pair.leader.unit_code:
            found.setdefault(pair.leader.unit_code, []).append(pair)
    return found


# --- What they share -------------------------------------------------------------------------------------------------


def _entitled(actor: Actor, right: str, unit: str | None = None) -> Actor:
    """Who acts: the person of the step where the right is theirs, else the service, by the diagram's order."""
    return actor if may(actor, right, unit=unit) else SYSTEM


def _today(call: ActionCall) -> date:
    return clock.local(call.now).date()


def _said(call: ActionCall, name: str) -> str:
    value = call.parameters.get(name)
    if not isinstance(value, str) or not value:
        raise EngineFailure(f"动作没有得到 {name}，请检查流程图")
    return value


def _day(call: ActionCall, name: str) -> date:
    day = as_date(call.parameters.get(name))
    if day is None:
        raise EngineFailure(f"动作没有得到日期 {name}，请检查流程图")
    return day


def _whole(call: ActionCall, name: str) -> int:
    value = call.parameters.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise EngineFailure(f"动作没有得到 {name}，请检查流程图")
    return value


def _list(call: ActionCall, name: str) -> Collection[str]:
    value = call.parameters.get(name)
    return [str(one) for one in value] if isinstance(value, list) else []
