"""The actions of ``change_report``: reports of change bring the registry up to date (R8 R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import liaisons, talents
from service.actions.parameters import day_of, entitled, text_of, today_of
from service.actions.talent_file import alike, differences, wanted_changes
from service.auth.queries import signs_in
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.errors import Finding, Invalid
from service.history.records import record
from service.ledger.reported import REPORTED
from service.liaisons.models import Link
from service.liaisons.queries import links_of_talent
from service.liaisons.served import served_by
from service.people.models import Leader
from service.people.rules import OFFICE_UNIT
from service.processes.calendars import current, days_late
from service.processes.wiring import Action, ActionCall
from service.rights import TALENT_OFFICE

WITHIN = 10
"""Working days after a change, for definitions deployed before a diagram could say them [A] (R9)."""
CHANGES: Mapping[str, str] = {
    "job_change": "工作变动",
    "post_change": "职务调整",
    "award": "重大奖励",
    "punishment": "重大处分",
    "other": "其他",
}


def _change_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """The title of the report, and how many working days late it was made; lateness is kept, never blocks.

    ``changes`` and ``clear`` (as of ``update_talent``) are told to who decides. Raises ``Invalid`` at its field where
    the report is older than what it reports, or the talent is not the reporter's to report about.
    """
    talent = talents.get_talent(session, text_of(call, "talent_id"))
    _require_reporter(session, call, talent)
    kind = CHANGES.get(str(call.parameters.get("change_type")), "其他")
    happened = day_of(call, "event_date")
    reported = as_date(call.data.get("reported_on")) or today_of(call)
    if reported < happened:
        raise _refused("reported_on", f"报告日期不能早于发生日期（{happened}），请核对这两个日期")
    calendar = current(session)
    within = call.parameters.get("within") or WITHIN
    late = days_late(calendar, calendar.add(happened, within).due, reported)
    punctual = f"事项发生后 {within} 个工作日内" if not late else f"迟报 {late} 个工作日"
    names = [f"{leader.person.name}（{leader.post}）" for leader in _serving(session, talent.id, happened, call)]
    return {
        "title": f"重大事项报告：{talent.name}（{kind}）",
        "late_days": late,
        "lines": [
            ["报告时效", punctual],
            ["联系领导", "、".join(names) or "没有联系领导"],
            *differences(session, talent, wanted_changes(call)),
            *alike(session, talent, wanted_changes(call)),
        ],
    }


def _require_reporter(session: Session, call: ActionCall, talent: talents.Talent) -> None:
    """R9: the employer or its department, the liaison of the talent's leaders, or the Talent Office reports."""
    actor = call.actor
    units = {grant.unit for grant in actor.grants if grant.unit is not None}
    if actor.is_system or actor.has_role(TALENT_OFFICE) or talent.employer_unit in units:
        return
    served = served_by(actor, today_of(call))
    if served is None or session.scalar(served.where(Link.talent_id == talent.id).limit(1)) is None:
        said = f"{talent.name}不是本单位的人才，也不由本单位的领导联系，请由其所在单位、主管部门或区人才办报告"
        raise _refused("talent_id", said)


def _refused(field: str, said: str) -> Invalid:
    return Invalid("报告还不能提交", [Finding(f"/data/{field}", said)])


def _talent_leaders(session: Session, call: ActionCall) -> list[dict[str, Any]]:
    """The leaders who serve the talent, each once; ``signed_up`` where the leader uses this system."""
    found: dict[UUID, dict[str, Any]] = {}
    for leader in _serving(session, text_of(call, "talent_id"), day_of(call, "on"), call):
        signed_up = signs_in(session, leader.person_id)
        found.setdefault(
            leader.person_id,
            {
                "leader_id": str(leader.id),
                "name": leader.person.name,
                "signed_up": signed_up,
                # An older post of class A may have no office: the Talent Office presents it, not every liaison (R9).
                "unit": leader.unit_code or OFFICE_UNIT,
            },
        )
    return list(found.values())


def _serving(session: Session, talent_id: str, day: date, call: ActionCall) -> Sequence[Leader]:
    today = liaisons.leaders_of(session, [talent_id], today_of(call))[talent_id]
    return today or liaisons.leaders_of(session, [talent_id], day)[talent_id]


def _update_talent(session: Session, call: ActionCall) -> list[str]:
    """Brings what the Talent Office agreed to into the registry; gives the fields that the report names.

    ``clear`` names fields that no longer hold and are emptied unless ``changes`` fills them. ``report`` (what happened,
    when, how late it was told) stays in the file whether or not a field changes (R9). ``confirm``: the file then counts
    as checked today (R4).
    """
    if not isinstance(call.parameters.get("changes"), Mapping):
        raise EngineFailure("更新人才信息时没有给出要更新的项")
    changes = wanted_changes(call)
    talent_id, source = text_of(call, "talent_id"), str(call.parameters.get("source") or "")
    actor = entitled(call.actor, "edit_talents")
    if changes:
        talents.update_talent(
            session,
            talent_id=talent_id,
            changes=changes,
            source=source[:200],
            confirm_duplicate=True,  # who agreed to it has read who else may be meant (``alike``)
            actor=actor,
            now=call.now,
        )
    report = call.parameters.get("report")
    if isinstance(report, Mapping):
        told = {**report, "instance_id": call.instance.id, "source": source[:200]}
        record(session, f"talent:{talent_id}", REPORTED, told, actor=call.actor, now=call.now)
    if call.parameters.get("confirm"):
        talents.confirm_talent(session, talent_id=talent_id, on=today_of(call), actor=actor, now=call.now)
    return sorted(changes)


def _review_eligibility(session: Session, call: ActionCall) -> int:
    """Ends the links of a talent whom nobody serves any longer, because a person decided so (S2)."""
    day, reason = day_of(call, "on"), text_of(call, "reason")
    ended = 0
    for link in links_of_talent(session, text_of(call, "talent_id")):
        actor = entitled(call.actor, "manage_links_a" if link.leader.klass == "A" else "manage_links_b")
        liaisons.end_link(session, link_id=link.id, ends_on=day, reason=reason, actor=actor, now=call.now)
        ended += 1
    return ended


ACTIONS = (
    Action(
        "change_facts",
        "登记重大事项",
        ("talent_id", "change_type", "event_date"),
        _change_facts,
        ("within", "changes", "clear"),
        sample={"title": "重大事项报告：张三（工作变动）", "late_days": 0, "lines": []},
        does=(
            "核对报告人和日期，算出迟报几个工作日（只显示，不阻止）；`within` 是事项发生后应报告的工作日数。"
            "结果是标题、迟报天数、显示在表单前的几行"
        ),
    ),
    Action(
        "talent_leaders",
        "列出联系领导",
        ("talent_id", "on"),
        _talent_leaders,
        sample=[
            {"leader_id": "00000000-0000-4000-8000-000000000001", "name": "张三", "signed_up": True, "unit": "edu"}
        ],
        does=(
            "列出 `on` 那天联系该人才的领导，每人一次；`signed_up` 为是否使用本系统，没有使用的由 `unit` 的联络员呈送"
        ),
    ),
    Action(
        "update_talent",
        "更新人才信息",
        ("talent_id", "changes", "source"),
        _update_talent,
        ("confirm", "clear", "report"),
        sample=["post"],
        does=(
            "把审核同意的更正写入人才信息库，`clear` 是清空的字段，`confirm` 为真时同时记为今天已核实，"
            "`report` 是记入档案的报告；结果是改了的字段"
        ),
    ),
    Action(
        "review_eligibility",
        "终止联系关系",
        ("talent_id", "on", "reason"),
        _review_eligibility,
        sample=1,
        does="按区人才办的决定，于 `on` 终止该人才的全部联系关系；结果是终止了几个",
    ),
)
