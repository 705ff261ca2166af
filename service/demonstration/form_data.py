"""The words that the demonstration's staff write into the forms: the data of each step for an outcome, and the files
that units hand in with their answers, made anew so that everybody may open them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.attachments import stage
from service.demonstration.matters import (
    ASSISTED,
    FIELDS,
    OPINIONS,
    REDO,
    REFER,
    RESULTS,
    TOLD,
    TOWN_NAMES,
    Field,
    Matter,
)
from service.demonstration.organization import Served
from service.demonstration.scenarios import Do, Scenario
from service.documents import TEMPLATE_FOLDER, TYPE_FOLDER, render_files
from service.errors import Incident
from service.people.queries import unit_names
from service.processes.models import Instance, UserTask
from service.rights import Actor
from service.storage import receive, store_of
from service.workdays import Calendar

CHANNELS = ("visit", "symposium", "activity", "discussion", "letter", "phone", "online", "consultation")
ANSWERS = ("phone", "visit", "letter", "online", "liaison")
FIELD = "attachments"
ENCLOSING = 20
"""Of so many cases the unit that leads hands in a file: enough to find one, without waiting for hundreds."""
_NAME, _TEMPLATE = (
    "enclosure",
    """#import "common.typ": *
#let data = json(bytes(sys.inputs.data))
#show: official.with(title: data.title)
#heading-of(data.title)
#told(data.text)
#told("本件为演示数据，人物和事项均为虚构。")
#signed-by(data.unit, data.on)
""",
)


@dataclass
class Case:
    """One matter on its way: who asks for what, how it is meant to go, and what chance it has."""

    place: int
    instance_id: UUID
    scenario: Scenario
    category: str
    matter: Matter
    talent: Served
    liaison: str
    begins: datetime
    chance: Random
    operations: dict[str, list[Do]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    """Steps that have opened before."""
    leads: set[str] = field(default_factory=set)
    """Scopes of the slots of leading units (主办)."""
    waits: dict[UUID, int] = field(default_factory=dict)
    """Open tasks with the number of the operation that is meant for each."""
    stands_in: dict[UUID, str] = field(default_factory=dict)
    """Tasks that a substitute does."""
    rounds: int = 0

    @property
    def brisk(self) -> bool:
        """Whether each step takes the day that the scenario names: the case must stop where it is meant to."""
        return bool(self.scenario.stops_at)

    def say(self, text: str) -> str:
        """``text`` with the case's names."""
        talent = self.talent
        return text.format(who=talent.name, town=TOWN_NAMES[talent.town], employer=talent.employer)

    def one_of(self, texts: tuple[str, ...]) -> str:
        """One of the texts, with the case's names."""
        return self.say(self.chance.choice(texts))

    @property
    def field(self) -> Field:
        """The words about matters of this category."""
        return FIELDS[self.category]


@dataclass(frozen=True, slots=True)
class Desk:
    """The facts before somebody who fills in a form."""

    case: Case
    instance: Instance
    task: UserTask
    outcome: str
    today: date
    calendar: Calendar

    @property
    def on(self) -> str:
        return self.today.isoformat()

    def later(self, days: int) -> str:
        """The day that is ``days`` working days ahead."""
        return self.calendar.add(self.today, days).due.isoformat()


def answers(desk: Desk) -> dict[str, Any]:
    """The data of the step's form."""
    return _PAPERS[desk.task.task](desk)


def enclosed(session: Session, desk: Desk, data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """``data`` of a unit's answer with the file that goes with it; as it is where none does, or no type is installed.

    The file is the actor's until the form is handed in.
    """
    case, task = desk.case, desk.task
    leads = task.task == "handle" and task.scope in case.leads
    if not (leads and case.place <= ENCLOSING and data.get("result") == "done"):
        return data
    told = {
        "title": f"关于“{case.say(case.matter.title)}”的办理情况说明",
        "text": data["reply"],
        "unit": unit_names(session, [task.unit])[task.unit] if task.unit else "",
        "on": f"{desk.today.year}年{desk.today.month}月{desk.today.day}日",
    }
    with suppress(Incident):
        made = render_files(
            {f"{_NAME}.typ": _TEMPLATE.encode()},
            _NAME,
            told,
            made_at=clock.now(),
            house=TEMPLATE_FOLDER,
            type_folder=TYPE_FOLDER,
        )
        file = receive(store_of(session), None, f"{told['title']}.pdf", made.content)
        return data | {FIELD: [str(stage(session, file=file, actor=actor, now=clock.now()).id)]}
    return data


def _record_need(desk: Desk) -> dict[str, Any]:
    case = desk.case
    data: dict[str, Any] = {
        "talent_id": case.talent.id,
        "leader_id": case.talent.leader_id,
        "channel": CHANNELS[case.place % len(CHANNELS)],
        "received_on": desk.calendar.add(desk.today, -case.chance.randint(0, 2)).due.isoformat()
        if desk.calendar.is_working_day(desk.today)
        else desk.on,
        "title": case.say(case.matter.title),
        "description": case.say(case.matter.description),
        "category": case.category,
        "town": case.talent.town,
        "on_the_spot": desk.outcome == "answered",
    }
    if data["on_the_spot"]:
        data["answer"] = case.field.answer
    return data


def _accept(desk: Desk) -> dict[str, Any]:
    decision = desk.outcome or "accept"
    reasons = {
        "return": "需求内容不够具体，请补充本人诉求、已办理情况和佐证材料后重新提交。",
        "reject": desk.case.say("该事项不属于人才服务范围，已告知{who}向有管辖权的部门反映。"),
    }
    return {"decision": decision} | ({"reason": reasons[decision]} if decision in reasons else {})


def _dispatch(desk: Desk) -> dict[str, Any]:
    case, proposed = desk.case, desk.task.data
    lead, assisting = str(proposed.get("lead_unit")), list(proposed.get("assisting_units") or [])
    basis = str(proposed.get("basis") or "competent")
    town = case.talent.town
    if case.rounds:  # a new round goes to somebody else
        lead = next(unit for unit in (town, "hrss", "sci") if unit != lead)
        assisting, basis = [], "territorial" if lead == town else "competent"
    elif not case.scenario.joint:
        assisting = []
    elif not assisting:
        assisting = [next(unit for unit in (town, "hrss") if unit != lead)]
    case.rounds += 1
    data: dict[str, Any] = {"opinion": case.one_of(OPINIONS), "basis": basis, "lead_unit": lead}
    return data | ({"assisting_units": assisting} if assisting else {})


def _feedback_accepted(desk: Desk) -> dict[str, Any]:
    case = desk.case
    return {"channel": case.chance.choice(ANSWERS), "given_on": desk.on, "content": case.one_of(TOLD)}


def _handle(desk: Desk) -> dict[str, Any]:
    case, leads = desk.case, desk.task.scope in desk.case.leads
    if desk.outcome == "interim":
        return {
            "result": "interim",
            "reason": case.field.reason,
            "progress": case.field.progress,
            "next_date": desk.later(8),
        }
    if desk.outcome == "not_ours":
        return {"result": "not_ours", "reason": "经核，该事项的主管职责不在我单位，建议改派有关单位办理。"}
    return {"result": "done", "reply": case.say(case.matter.reply) if leads else case.one_of(ASSISTED)}


def _redispatch(desk: Desk) -> dict[str, Any]:
    if desk.outcome == "drop":
        return {"decision": "drop", "opinion": "该单位职责不涉及本事项，不再改派，由主办单位一并办理。"}
    asked = {desk.task.slot, *(desk.instance.data.get("units") or ())}
    unit = next(one for one in ("hrss", desk.case.talent.town, "sci") if one not in asked)
    return {
        "decision": "redispatch",
        "unit": unit,
        "opinion": "原单位反映不属其职责，现改派你单位，请抓紧办理并按时回复。",
    }


def _confirm_interim(desk: Desk) -> dict[str, Any]:
    decision = desk.outcome or "agree"
    if decision == "agree":
        return {"decision": "agree", "agreed_date": desk.later(8), "comment": "同意分步办理，请按新的期限反馈进展。"}
    return {"decision": decision, "comment": desk.case.one_of(REDO if decision == "redo" else REFER)}


def _review_reply(desk: Desk) -> dict[str, Any]:
    decision = desk.outcome or "accept"
    if decision == "accept":
        return {"decision": "accept"}
    return {"decision": decision, "comment": desk.case.one_of(REDO if decision == "redo" else REFER)}


def _approve_circular(desk: Desk) -> dict[str, Any]:
    if desk.outcome == "hold":
        return {"decision": "hold"}
    return {
        "decision": "issue",
        "text": desk.case.say("“" + desk.case.matter.title + "”一件逾期未回复，经催办仍未办理，现予通报，请限期整改。"),
    }


def _assess(desk: Desk) -> dict[str, Any]:
    comments = {
        "meeting": "涉及多个单位职责，召集专题工作会议研究。",
        "escalate": "涉及重大事项，需区领导集体决策，提交上会。",
        "redispatch": "原承办单位职责不足以解决，重新派单。",
        "explain": "属现行政策所限，向人才解释说明并登记回访。",
    }
    return {"route": desk.outcome, "comment": comments[desk.outcome]}


def _convene_meeting(desk: Desk) -> dict[str, Any]:
    units = [str(unit) for unit in desk.instance.data.get("units") or []]
    return {
        "held_on": desk.on,
        "place": desk.case.chance.choice(("区人才办会议室", "区政府三号会议室", "人才服务中心会议室")),
        "agenda": desk.case.field.agenda,
        "participants": list(dict.fromkeys(["talent_office", *units, "hrss"])),
    }


def _record_minutes(desk: Desk) -> dict[str, Any]:
    decisions = {
        "settled": "由主办单位牵头、协办单位配合，按会议明确的口径办结，由区人才办向人才反馈。",
        "redispatch": "明确新的承办单位，由区人才办重新派单。",
        "escalate": "事项重大，提请区政府常务会议审议。",
    }
    subject = desk.case.say(desk.case.matter.title)
    return {
        "decision": desk.outcome,
        "minutes": f"会议听取了“{subject}”办理情况，有关单位就职责分工、政策口径和时间安排发表意见，形成一致意见。",
        "decisions": decisions[desk.outcome],
    }


def _submit_topic(desk: Desk) -> dict[str, Any]:
    subject = desk.case.say(desk.case.matter.title)
    return {
        "body": desk.outcome or "government",
        "submitted_on": desk.on,
        "summary": f"关于“{subject}”的请示：事项背景、已开展工作、存在困难和建议方案。",
    }


def _record_decision(desk: Desk) -> dict[str, Any]:
    contents = {
        "settled": "同意区人才办所提方案，由有关单位按职责落实。",
        "redispatch": "同意明确新的承办单位，由区人才办重新派单并督办。",
    }
    return {
        "decision": desk.outcome,
        "decided_on": desk.on,
        "document_no": f"会议纪要〔{desk.today.year}〕演示{desk.case.place}号",
        "content": contents[desk.outcome],
    }


def _group_opinion(desk: Desk) -> dict[str, Any]:
    return {"opinion": "同意办理意见，请区人才办做好反馈和后续跟踪。", "given_on": desk.on}


def _feedback_result(desk: Desk) -> dict[str, Any]:
    case, outcome = desk.case, desk.outcome or "solved"
    data: dict[str, Any] = {
        "outcome": outcome,
        "channel": case.chance.choice(ANSWERS),
        "given_on": desk.on,
        "content": case.say(RESULTS[outcome]),
    }
    if outcome == "policy_limited":
        data |= {"explanation": case.field.limit, "policy_reference": case.field.reference}
    return data


_PAPERS: Mapping[str, Callable[[Desk], dict[str, Any]]] = {
    "record_need": _record_need,
    "accept": _accept,
    "dispatch": _dispatch,
    "feedback_accepted": _feedback_accepted,
    "handle": _handle,
    "redispatch": _redispatch,
    "confirm_interim": _confirm_interim,
    "review_reply": _review_reply,
    "approve_circular": _approve_circular,
    "assess": _assess,
    "convene_meeting": _convene_meeting,
    "record_minutes": _record_minutes,
    "submit_topic": _submit_topic,
    "record_decision": _record_decision,
    "group_opinion": _group_opinion,
    "feedback_result": _feedback_result,
}
