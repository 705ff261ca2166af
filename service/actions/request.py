"""The actions of ``request``: a need gets its number, is dispatched, and is named when late (W3 W4 W10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.config import Settings
from service.engine import EngineFailure
from service.ledger.circulars import ISSUED, SCOPE
from service.people.queries import unit_names
from service.processes.counters import circular_name, next_value, number_name
from service.processes.operations import notify
from service.processes.recording import record
from service.processes.wiring import Action, ActionCall, RehearsedCall
from service.rights import LEADER, RESPONSIBLE_UNIT


def actions(settings: Settings) -> tuple[Action, ...]:
    """The actions; ``settings`` say how cases are numbered."""
    return (
        Action(
            "issue_number",
            "编号",
            (),
            lambda session, call: _issue_number(session, call, settings),
            sample="2026-需-0001",
            rehearsed=lambda call: _number_rehearsed(call, settings),
            does="按年度连续编受理编号，一件事项只编一次；结果是编号",
        ),
        Action(
            "open_round",
            "开启派单轮次",
            ("lead_unit",),
            _open_round,
            ("assisting_units",),
            sample=["hrss", "guicheng"],
            rehearsed=lambda call: _round_of(call.parameters),
            takes={"lead_unit": "units", "assisting_units": "units"},
            does="发出处理单，开始一轮办理；结果是单位名单，主办排第一，重复的只列一次",
        ),
        Action(
            "issue_circular",
            "发出通报",
            ("unit", "text"),
            lambda session, call: _issue_circular(session, call, settings),
            sample="通报〔2026〕1号",
            rehearsed=lambda call: _circular_rehearsed(call, settings),
            takes={"unit": "units"},
            does="发出经人审批的通报：编号、通知该单位和联系领导、可打印；结果是通报文号",
        ),
    )


def _issue_number(session: Session, call: ActionCall, settings: Settings) -> str:
    """The case's number, given once (W3): a step that is taken again keeps it. It is told to who filed the case."""
    instance = call.instance
    if instance.number is None:
        year = clock.local(call.now).year
        name = number_name(instance.process, year)
        instance.number = settings.request_number(year, next_value(session, name))
        notify(session, instance, "accepted", actor=call.actor, now=call.now, usernames=[instance.initiator], units=())
    return instance.number


def _open_round(_session: Session, call: ActionCall) -> list[str]:
    """The units of a dispatch round, 主办 first, each once (W4)."""
    return _round_of(call.parameters)


def _round_of(parameters: Mapping[str, Any]) -> list[str]:
    lead = parameters.get("lead_unit")
    assisting = parameters.get("assisting_units") or []
    if not isinstance(lead, str) or not lead or not isinstance(assisting, list):
        raise EngineFailure("派单时没有给出主办单位")
    return list(dict.fromkeys([lead, *(str(unit) for unit in assisting)]))


def _issue_circular(session: Session, call: ActionCall, settings: Settings) -> str:
    """通报 that a person approved: numbered, journaled, told to the unit and its head, printed from its page (W10).

    The leader whose talent's need it is hears of it, beside the monthly brief (R3), and so does who filed the need.
    """
    year = clock.local(call.now).year
    number = settings.circular_number(year, next_value(session, circular_name(year)))
    unit, text = str(call.parameters.get("unit")), str(call.parameters.get("text") or "")
    record(
        session,
        call.instance,
        kind=ISSUED,
        actor=call.actor,
        now=call.now,
        data={"number": number, "unit": unit, "text": text, "scope": str(call.data.get(SCOPE) or "unit")},
    )
    notify(
        session,
        call.instance,
        "circular",
        actor=call.actor,
        now=call.now,
        role=RESPONSIBLE_UNIT,
        unit=unit,
        units=(unit,),
        text=f"{number}：{text}",
    )
    said = f"区人才办已向{unit_names(session, [unit]).get(unit, unit)}发出{number}：{text}"
    notify(
        session, call.instance, "circular_told", actor=call.actor, now=call.now, usernames=[], units=(unit,), text=said
    )
    return number


# --- The same in a rehearsal -----------------------------------------------------------------------------------------


def _counted(call: RehearsedCall, name: str) -> int:
    """The next number under a name, from 1."""
    n = int(call.remembered.get(name, 0)) + 1
    call.remembered[name] = n
    return n


def _number_rehearsed(call: RehearsedCall, settings: Settings) -> str:
    if "number" not in call.remembered:
        year = clock.local(call.now).year
        call.remembered["number"] = settings.request_number(year, _counted(call, number_name("request", year)))
    return str(call.remembered["number"])


def _circular_rehearsed(call: RehearsedCall, settings: Settings) -> str:
    year = clock.local(call.now).year
    call.tell("circular", role=RESPONSIBLE_UNIT, unit=str(call.parameters.get("unit")))
    call.tell("circular_told", role=LEADER)
    return settings.circular_number(year, _counted(call, circular_name(year)))
