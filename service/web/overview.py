"""What the desk shows beside one's own tasks: the work of a year, a leader's own talents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.liaisons import served_ids
from service.processes.bundles import Compiled, compiled
from service.processes.deadlines import Deadline, deadlines_of
from service.processes.definitions import list_definitions
from service.processes.models import Definition
from service.processes.wording import days_given, starts_in_words
from service.rights import LEADER, Actor
from service.talents.models import Talent
from service.talents.queries import search_talents
from service.web.begins import CHANGE_FACTS

MOST = 100


@dataclass(frozen=True, slots=True)
class Work:
    """One process in the course of a year: when, who does what, where it is done; ``version`` leads to its diagram.

    ``steps`` are how long each has, as the diagram says.
    """

    when: str
    process: str
    name: str
    version: int
    what: str
    page: tuple[str, str]
    steps: Sequence[Deadline] = ()


YEAR: tuple[tuple[str, str, str, tuple[str, str]], ...] = (
    (
        "按需要",
        "roster",
        "区人才办确定区领导的联系名单，成员单位联络员确定本单位的，报区人才办备案",
        ("名单", "web.rosters.rosters"),
    ),
    (
        "",
        "registry_review",
        "各单位联络员逐人核对人才信息，须更正的由区人才办审核",
        ("人才信息库", "web.talents.talents"),
    ),
    (
        "随时",
        "request",
        "联络员登记人才的需求，区人才办受理、派单，责任单位办理",
        ("需求台账", "web.ledger.ledger"),
    ),
    (
        "随时",
        "change_report",
        "所在单位、主管部门、联络员或区人才办报告人才的变动和奖惩，联系领导知悉，区人才办审核",
        ("人才信息库", "web.talents.talents"),
    ),
    (
        "人才不再符合条件时",
        "eligibility_review",
        "系统发起，区人才办决定是否继续联系",
        ("待办", "web.tasks.todo"),
    ),
    (
        "领导任职结束时",
        "liaison_change",
        "系统发起，区人才办或成员单位联络员提出接任人选并交接",
        ("待办", "web.tasks.todo"),
    ),
    (
        "",
        "interview_check",
        "系统提醒访谈不足两次的成员单位，年底由单位说明原因",
        ("访谈进度", "web.interviews.interviews"),
    ),
    (
        "",
        "half_year_report",
        "三办和成员单位联络员报送开展情况，区人才办接收、汇总",
        ("半年报告", "web.reports.reports_list"),
    ),
    (
        "",
        "leader_brief",
        "系统按联系对象编好，区人才办签发给区领导",
        ("专报", "web.briefs.briefs"),
    ),
)
"""The work of a year in the order in which it comes: on which occasion beside the days that the diagrams start it on,
who does what, and on which page. Days and dates stand in the diagrams alone."""


def year_of_work(session: Session) -> Sequence[Work]:
    """The processes of a year, as far as they are deployed; two statements, once they have been compiled."""
    newest: dict[str, Definition] = {}
    for one in list_definitions(session):
        newest.setdefault(one.key, one)
    found = []
    for occasion, process, what, page in YEAR:
        if process not in newest:
            continue
        one = newest[process]
        made = compiled(session, one.digest, process)
        when = "，或".join(part for part in (starts_in_words(made), occasion) if part) or "随时"
        steps = list({(step.step, step.time): step for step in deadlines_of(made)}.values())
        found.append(Work(when, process, one.name, one.version, what + _within(made), page, steps))
    return found


def _within(made: Compiled) -> str:
    """In how many working days a change is to be reported, where the diagram counts them (R9)."""
    days = days_given(made, CHANGE_FACTS)
    return f"；发生后 {days} 个工作日内报告" if days else ""


def own_talents(session: Session, actor: Actor) -> Sequence[Talent]:
    """The talents that a leader serves; none for others."""
    if not actor.has_role(LEADER) or actor.person_id is None:
        return []
    return search_talents(session, among=served_ids(person_id=actor.person_id), limit=MOST).items
