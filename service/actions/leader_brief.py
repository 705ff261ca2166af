"""The actions of ``leader_brief``: each district leader's brief of a month is drawn up, released or held (R3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service import clock, reports
from service.actions.parameters import by_hand, entitled, text_of, today_of, whole_of
from service.auth.queries import signs_in
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.errors import Finding, Invalid
from service.fields import FIRST_YEAR, LAST_YEAR
from service.ledger.counts import leader_needs
from service.people.models import Leader
from service.people.queries import get_leader
from service.processes.instances import other_rounds
from service.processes.models import Instance
from service.processes.wiring import Action, ActionCall, RehearsedCall
from service.reports.rules import late_words, month_of
from service.rights import SYSTEM, Actor

RIGHT = "release_briefs"
STEP = "sign_brief"
"""The step of a round at which the Talent Office decides on a leader's brief."""


def draft_with_needs(
    session: Session, leader: Leader, *, year: int, month: int, actor: Actor, now: datetime
) -> reports.Brief:
    """``reports.draft_brief`` with the needs of the leader's talents in that month."""
    known = 1 <= month <= 12 and FIRST_YEAR <= year <= LAST_YEAR  # else the command refuses it
    starts_on, ends_on = month_of(year, month) if known else (date.min, date.min)
    needs = leader_needs(session, leader_id=leader.id, starts_on=starts_on, ends_on=ends_on) if known else {}
    return reports.draft_brief(session, leader_id=leader.id, year=year, month=month, needs=needs, actor=actor, now=now)


def _brief_month(call: ActionCall | RehearsedCall) -> dict[str, Any]:
    """The month that the briefs are about: the one that was chosen, else the one before the planned day."""
    year, month = call.parameters.get("year"), call.parameters.get("month")
    if not isinstance(year, int) or not isinstance(month, int):
        planned = as_date((call.data.get("scheduled") or {}).get("planned_on")) or today_of(call)
        before = planned.replace(day=1) - timedelta(days=1)
        year, month = before.year, before.month
    starts_on, ends_on = month_of(year, month)
    name, today = f"{year}年{month}月", today_of(call)
    if starts_on > today:
        raise _refused(f"{name}尚未开始，不能编制专报")
    if ends_on >= today:
        raise _refused(f"{name}尚未结束，请在 {ends_on.isoformat()} 之后编制专报")
    return {
        "year": year,
        "month": month,
        "name": name,
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
    }


def _brief_leaders(session: Session, call: ActionCall) -> list[dict[str, str]]:
    """The leaders who get a brief, each with name and post; none while another round of the month asks for them.

    Raises Invalid, at the field, where somebody has chosen a month without any, or one that is under way.
    """
    year, month = whole_of(call, "year"), whole_of(call, "month")
    if (other := _under_way(session, call, year, month)) is not None:
        if by_hand(call):
            begun = clock.local(other.started_at).date()
            raise _refused(f"「{other.title}」已于 {begun} 发起，正在办理；请在待办里办完，或先终止该事项")
        return []
    found = reports.briefed_leaders(session, year=year, month=month)
    if not found and by_hand(call):
        raise _refused(f"{year}年{month}月没有应呈送专报的区领导：当月都没有联系对象")
    return [{"leader_id": str(one.id), "name": one.person.name, "post": one.post} for one in found]


def _draft_brief(session: Session, call: ActionCall) -> dict[str, Any]:
    """Draws up the leader's brief from the data; one that was released on its own page meanwhile stays as it is."""
    year, month = whole_of(call, "year"), whole_of(call, "month")
    leader = get_leader(session, text_of(call, "leader_id"))
    brief = reports.find_brief(session, leader_id=leader.id, year=year, month=month)
    if brief is None or brief.released_at is None:
        actor = entitled(call.actor, RIGHT)
        brief = draft_with_needs(session, leader, year=year, month=month, actor=actor, now=call.now)
    return _told(session, brief, call)


def _brief_words(session: Session, call: ActionCall) -> str:
    """The text of the brief as it stands now, for the form to begin with."""
    return _brief(session, call).text


def _release_brief(session: Session, call: ActionCall) -> dict[str, Any]:
    """Releases the brief in the words of the form; one that was released on its own page stays as it is."""
    brief = _brief(session, call)
    if brief.released_at is None:
        text = text_of(call, "text")
        if text != brief.text:
            if brief.text != _known(call).get("text"):
                said = "正文已在“专报”页面改过，与这里的不同；请把该页面的正文复制到这里，或直接在该页面签发"
                raise Invalid("没有签发", [Finding("/data/text", said)])
            reports.edit_brief(session, brief_id=brief.id, text=text, actor=call.actor, now=call.now)
        reports.release_brief(session, brief_id=brief.id, actor=call.actor, now=call.now)
    return _told(session, brief, call)


def _hold_brief(session: Session, call: ActionCall) -> dict[str, Any]:
    """Keeps why the brief is not released; what was released on its own page meanwhile cannot be held any more."""
    brief = _brief(session, call)
    if brief.released_at is not None:
        said = "这份专报已在“专报”页面签发，领导已能看到；请选“签发”"
        raise Invalid("没有提交", [Finding("/data/decision", said)])
    reports.hold_brief(session, brief_id=brief.id, reason=text_of(call, "reason"), actor=call.actor, now=call.now)
    return _told(session, brief, call, held=True)


def _under_way(session: Session, call: ActionCall, year: int, month: int) -> Instance | None:
    """The other round of the same month that runs; nobody starts one until this transaction ends."""
    for other in other_rounds(session, call.instance):
        period = other.data.get("period") or {}
        if (period.get("year"), period.get("month")) == (year, month):
            return other
    return None


def _refused(said: str) -> Invalid:
    return Invalid("不能编制专报", [Finding("/data/month", said)])


def _known(call: ActionCall) -> Mapping[str, Any]:
    known = call.parameters.get("brief")
    if not isinstance(known, Mapping):
        raise EngineFailure("没有专报，请检查流程图")
    return known


def _brief(session: Session, call: ActionCall) -> reports.Brief:
    return reports.get_brief(session, str(_known(call).get("brief_id")), SYSTEM)


def _told(session: Session, brief: reports.Brief, call: ActionCall, *, held: bool = False) -> dict[str, Any]:
    """The brief as the diagram goes on with it, and what people are shown of it beside the form."""
    released = brief.released_at is not None
    state = "已签发" if released else "不签发" if held else "待签发"
    if released and not signs_in(session, brief.leader.person_id):
        state += "；领导没有使用本系统，请打印呈送"
    return {
        "brief_id": str(brief.id),
        "released": released,
        "text": brief.text,
        "lines": [*_lines(brief.facts), ["专报", state]],
    }


def _lines(facts: Mapping[str, Any]) -> list[list[str]]:
    needs, contacts, opinions = facts["needs"], facts["contacts"], facts["opinions"]
    talents = "、".join(one["name"] for one in facts["talents"])
    held = (f"{_day(one['held_on'])} {one['form']}（{'、'.join(one['talents'])}）" for one in contacts)
    said = (f"{one['talent']}：{one['text']}（{one['status']}）" for one in opinions)
    return [
        ["领导", f"{facts['leader']}（{facts['post']}）"],
        ["联系对象", f"{len(facts['talents'])} 名：{talents}" if talents else "没有"],
        ["本月联系", _listed(held, "次")],
        ["意见建议", _listed(said, "条")],
        ["需求", _listed(map(_need, needs.get("items", ())), "件")],
    ]


def _need(one: Mapping[str, Any]) -> str:
    late = "".join(f"，{word}" for word in (*late_words(one), *one.get("circulars", ())))
    return f"{one['number'] or '未编号'} {one['title']}（{one['talent']}，{one['status']}{late}）"


def _listed(rows: Iterable[str], counted_in: str) -> str:
    found = list(rows)
    return "\n".join([f"{len(found)} {counted_in}", *found]) if found else "没有"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.month}月{day.day}日"


SAMPLE = {"brief_id": "a", "released": False, "text": "本月情况。", "lines": []}

ACTIONS = (
    Action(
        "brief_month",
        "确定月份",
        (),
        lambda _session, call: _brief_month(call),
        ("year", "month"),
        rehearsed=_brief_month,
        sample={
            "year": 2026,
            "month": 9,
            "name": "2026年9月",
            "starts_on": "2026-09-01",
            "ends_on": "2026-09-30",
        },
        does=("确定专报的月份：表单里选的，没有选的是计划日期的上一个月；还没有结束的月份不收。结果是月份和起止日期"),
    ),
    Action(
        "brief_leaders",
        "列出应呈送的领导",
        ("year", "month"),
        _brief_leaders,
        sample=[{"leader_id": "00000000-0000-4000-8000-000000000001", "name": "张三", "post": "副区长"}],
        does="列出当月应呈送专报的区领导；另一轮正在办的不再列入",
    ),
    Action(
        "draft_brief",
        "汇集专报情况",
        ("leader_id", "year", "month"),
        _draft_brief,
        sample=SAMPLE,
        does="按数据拟写一位领导的专报；已签发的不动。结果是专报的编号、是否签发、正文、显示在表单前的几行",
    ),
    Action(
        "brief_words",
        "拟写专报正文",
        ("brief",),
        _brief_words,
        sample="本月情况。",
        does="取出专报现在的正文，作为签发表单的初值",
    ),
    Action(
        "release_brief",
        "签发专报",
        ("brief", "text"),
        _release_brief,
        sample=SAMPLE,
        does="按表单的 `text` 签发专报，领导即可看到；结果同 `draft_brief`",
    ),
    Action(
        "hold_brief",
        "记录不签发原因",
        ("brief", "reason"),
        _hold_brief,
        sample=SAMPLE,
        does="记下不签发的原因；已签发的不能再选不签发。结果同 `draft_brief`",
    ),
)
