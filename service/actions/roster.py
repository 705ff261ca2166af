"""The actions of ``roster``: lists of who serves whom are checked, decided and filed (Q2 Q4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import contacts, liaisons, talents
from service.actions.parameters import day_of, text_of, today_of
from service.actions.rounds import taken, under_way
from service.errors import Finding, Invalid, LiaisonError
from service.liaisons.models import Roster
from service.liaisons.roster_queries import decided_since, left_out, newest_roster
from service.liaisons.rules import DECIDED, DRAFT
from service.people.models import Leader
from service.people.queries import member_units
from service.people.rules import CLASS_A, OFFICE_UNIT
from service.processes.wiring import Action, ActionCall
from service.rights import SYSTEM, Actor

PROCESS = "roster"
STEP_FIELDS = ("document_no", "decided_on")
"""The fields that the step's form and a decided list both have."""


def _roster_units(session: Session, call: ActionCall) -> list[str]:
    """The lists that a round makes: by hand the starter's own, by the calendar that of class A and every member unit's.

    The calendar leaves out lists that are being made already; raises Invalid where somebody starts a second one of
    the same list by hand.
    """
    roles, unit = call.parameters.get("roles") or [], call.parameters.get("unit")
    others = taken(session, call)
    if roles:
        own = OFFICE_UNIT if OFFICE_UNIT in roles else unit
        if own in others:
            raise Invalid("没有发起", [Finding("/data/note", under_way(others[str(own)]))])
        return [str(own)] if own else []
    return [one for one in (OFFICE_UNIT, *member_units(session)) if one not in others]


def roster_lines(session: Session, roster: Roster, on: date) -> list[list[str]]:
    """The points to look at before a list is decided: eligibility, reasons, numbers, other leaders (S1, Q1–Q3); only
    told."""
    lines: list[list[str]] = []
    served: dict[UUID, int] = {}
    leaders: dict[UUID, Leader] = {}
    for item in roster.items:
        served[item.leader_id] = served.get(item.leader_id, 0) + 1
        leaders[item.leader_id] = item.leader
        lines += [["资格", f"{item.talent.name}：{why}"] for why in talents.eligibility(item.talent, on)]
        if item.reason not in liaisons.REASONS_OF[item.leader.klass]:
            lines.append(["理由", f"{item.leader.person.name}联系{item.talent.name}：理由不适用于这类领导"])
    for leader_id, count in served.items():
        leader = leaders[leader_id]
        required = liaisons.QUOTAS[leader.klass]
        if count < required:
            lines.append(["数量", f"{leader.person.name}：列入 {count} 人，不足 {required} 人"])
    lines += [["数量", f"{leader.person.name}：没有列入"] for leader in left_out(session, roster, on)]
    return lines + _served_by_others(session, roster, on)


def _served_by_others(session: Session, roster: Roster, on: date) -> list[list[str]]:
    """The talents of a list who are to have several leaders, in the list or beside it: allowed, but told (Q2, O3)."""
    serving = liaisons.leaders_of(session, {item.talent_id for item in roster.items}, on)
    named: dict[str, dict[UUID, str]] = {}
    for item in roster.items:
        named.setdefault(item.talent_id, {})[item.leader.person_id] = item.leader.person.name
    lines = []
    for talent_id, talent in {item.talent_id: item.talent for item in roster.items}.items():
        beside = [leader for leader in serving[talent_id] if not _of_roster(leader, roster)]
        names = named[talent_id] | {leader.person_id: leader.person.name for leader in beside}
        if len(names) > 1:
            lines.append(["重复", f"{talent.name}：由{'、'.join(names.values())}同时联系，请避免重复"])
    return lines


def _of_roster(leader: Leader, roster: Roster) -> bool:
    """Whether the list decides on the links of ``leader``: it ends those that it does not name."""
    return roster.scope == CLASS_A if leader.klass == CLASS_A else leader.unit_code == roster.scope


def scope_of(unit: str) -> str:
    """The scope of the list that a round asks of ``unit``."""
    return CLASS_A if unit == OFFICE_UNIT else unit


def _check_roster(session: Session, call: ActionCall) -> dict[str, Any]:
    """``roster_lines`` of the draft; warns, never blocks."""
    roster = _draft(session, call, "/data/note")
    liaisons.take_up(session, roster, call.instance.id, actor=call.actor, now=call.now)
    head = ["名单", f"第 {roster.version} 版，{len(roster.items)} 条"]
    return {"lines": [head, *roster_lines(session, roster, today_of(call))], "roster_id": str(roster.id)}


def _decide_roster(session: Session, call: ActionCall) -> str:
    """Puts the list that was checked in force; one that was decided on its own page meanwhile is what the step asks.

    Raises ``Invalid`` at the step's form where that list is of before the round: the newest has to be checked first.
    """
    told = call.data.get("findings")
    checked = told.get("roster_id") if isinstance(told, Mapping) else None
    # Definitions deployed before the check named its list decide the newest.
    roster = liaisons.get_roster(session, checked) if checked else _draft(session, call, "/data/decision")
    if roster.status == DRAFT:
        number, day = text_of(call, "document_no"), day_of(call, "decided_on")
        with _step_paths():
            return str(put_in_force(session, roster, number, day, call.actor, call.now).id)
    if not decided_since(session, roster, call.instance.started_at):
        said = f"所检查的第 {roster.version} 版在本轮发起前已经确定，请选择“重新拟定”，起草新的一版，检查后再确定"
        raise Invalid("名单没有确定", [Finding("/data/decision", said)])
    return str(roster.id)


def _file_roster(session: Session, call: ActionCall) -> bool:
    """Has the list on file; one that was filed, or replaced, on its own page meanwhile stays so."""
    roster = liaisons.get_roster(session, text_of(call, "roster_id"))
    if roster.status == DECIDED:
        liaisons.file_roster(session, roster_id=roster.id, on=day_of(call, "on"), actor=call.actor, now=call.now)
    return True


def put_in_force(
    session: Session,
    roster: Roster,
    document_no: str,
    decided_on: date,
    actor: Actor,
    now: datetime,
    *,
    tell: bool = False,
) -> Roster:
    """``liaisons.decide_roster``, unless a contact would then be of a day on which its link had ended."""
    if roster.status == DRAFT:
        for link in liaisons.leaving_links(session, roster, decided_on):
            wanted = contacts.ContactFilter(leader_id=str(link.leader_id), talent_id=link.talent_id, since=decided_on)
            held = contacts.search_contacts(session, SYSTEM, wanted, limit=1).items
            if held:
                last = held[0].held_on
                said = f"{link.leader.person.name}于 {last.isoformat()} 联系过{link.talent.name}，名单未列入"
                way = f"确定日期须晚于 {last.isoformat()}，或将其列入名单"
                raise Invalid("名单没有确定", [Finding("/decided_on", f"{said}；{way}")])
    return liaisons.decide_roster(
        session,
        roster_id=roster.id,
        document_no=document_no,
        decided_on=decided_on,
        tell=tell,
        actor=actor,
        now=now,
    )


@contextmanager
def _step_paths() -> Iterator[None]:
    """Within the block findings on a list stand at the step's form: at its own fields, else at the decision."""
    try:
        yield
    except LiaisonError as error:
        found = [(one.path.removeprefix("/"), one.message) for one in error.findings]
        error.findings = tuple(
            Finding(f"/data/{path if path in STEP_FIELDS else 'decision'}", said) for path, said in found
        )
        raise


def _draft(session: Session, call: ActionCall, path: str) -> Roster:
    """The draft that the step is about, or the list that was decided on its own page since the round began."""
    found = newest_roster(session, scope_of(text_of(call, "unit")))
    if found is not None and (found.status == DRAFT or decided_since(session, found, call.instance.started_at)):
        return found
    raise Invalid("还没有起草名单", [Finding(path, "请先在“名单”页面起草名单，再提交本步骤")])


ACTIONS = (
    Action(
        "roster_units",
        "列出名单单位",
        ("roles",),
        _roster_units,
        ("unit",),
        sample=["edu"],
        does="列出本轮要拟名单的单位：手工发起的是发起人自己的单位，定期启动的是区人才办和全部成员单位",
    ),
    Action(
        "check_roster",
        "检查名单",
        ("unit",),
        _check_roster,
        sample={"lines": []},
        does="检查名单草稿的资格、人数、理由，只提示，不阻止；结果 `lines` 显示在确定名单的表单前",
    ),
    Action(
        "decide_roster",
        "名单生效",
        ("unit", "document_no", "decided_on"),
        _decide_roster,
        sample="a",
        does="确定名单，按它建立和结束联系关系；结果是名单的内部编号，供备案的步骤使用",
    ),
    Action(
        "file_roster",
        "名单备案",
        ("roster_id", "on"),
        _file_roster,
        sample=True,
        does="把已确定的名单记为已在区人才办备案",
    ),
)
