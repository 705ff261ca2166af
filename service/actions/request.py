"""The actions of ``request``: a need gets its number, is dispatched, urged and named when late (W3 W4 W10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.config import Settings
from service.engine import EngineFailure
from service.ledger.circulars import ISSUED
from service.liaisons import leaders_of
from service.people.models import Leader
from service.people.queries import find_leader, unit_names
from service.processes.counters import circular_name, next_value, number_name
from service.processes.operations import count_urge, notify, open_handling
from service.processes.recording import record
from service.processes.wiring import Action, ActionCall, RehearsedCall, RehearsedTask
from service.rights import LEADER, RESPONSIBLE_UNIT

NOTICE_KINDS: Mapping[str, str] = {
    "due_soon": "办理期限将至，请按时办理并回复",
    "due_today": "今日为办理期限，请于今日办理并回复",
    "rejected": "该需求不予受理，请向联系对象说明理由",
}
URGE_TEXT = "该事项已超过办理期限，请尽快办理并回复区人才办，收到请签收"


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
            does="发出处理单，开始一轮办理；结果是单位名单，主办排第一，重复的只列一次",
        ),
        Action(
            "notice",
            "发送提醒",
            ("kind",),
            _notice,
            ("unit",),
            sample=True,
            rehearsed=_notice_rehearsed,
            does=(
                "发通知：`kind` 为 `'rejected'` 不予受理、`'due_soon'` 将到期、`'due_today'` 今日到期；"
                "不写 `unit` 的发给登记人。结果是发了没有：已答复的、有更晚的提醒同时到时间的不发"
            ),
        ),
        Action(
            "urge",
            "催办",
            ("unit",),
            _urge,
            sample=1,
            rehearsed=_urge_rehearsed,
            does="催办还没有答复的单位，要求签收；结果是累计催办次数，已答复的不催，为 0",
        ),
        Action(
            "issue_circular",
            "发出通报",
            ("unit", "text"),
            _issue_circular,
            sample="通报〔2026〕1号",
            rehearsed=_circular_rehearsed,
            does="发出经人审批的通报：编号、通知该单位和联系领导、可打印；结果是通报文号",
        ),
    )


def _issue_number(session: Session, call: ActionCall, settings: Settings) -> str:
    """The case's number, given once (W3): a step that is taken again keeps it."""
    instance = call.instance
    if instance.number is None:
        year = clock.local(call.now).year
        name = number_name(instance.process, year)
        instance.number = settings.request_number(year, next_value(session, name))
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


def _notice(session: Session, call: ActionCall) -> bool:
    """A reminder to those who must act, or word to the office that filed the need (W10).

    A reminder that was overtaken stays unsaid: what came due after it says more.
    """
    kind, unit = str(call.parameters.get("kind")), call.parameters.get("unit")
    if kind not in NOTICE_KINDS:
        raise EngineFailure(f"没有这种提醒：{kind}")
    if call.overtaken:
        return False
    if unit is None:
        text = str(call.data.get("reason") or NOTICE_KINDS[kind])
        usernames = [call.instance.initiator]
        notify(session, call.instance, kind, actor=call.actor, now=call.now, usernames=usernames, text=text)
        return True
    task = open_handling(session, call.instance.id, str(unit), call.scope)
    if task is None:
        return False
    notify(session, call.instance, kind, actor=call.actor, now=call.now, task=task, text=NOTICE_KINDS[kind])
    return True


def _urge(session: Session, call: ActionCall) -> int:
    """催办 by the clock: only while the answer is still out (W10). Gives the number of urges of the task."""
    task = open_handling(session, call.instance.id, str(call.parameters.get("unit")), call.scope)
    if task is None:
        return 0
    return count_urge(session, call.instance, task, actor=call.actor, now=call.now, text=URGE_TEXT, by_hand=False)


def _issue_circular(session: Session, call: ActionCall) -> str:
    """通报 that a person approved: numbered, journaled, told to the unit; printed from the case page (W10).

    The leader whose talent's need it is hears of it at once, beside the monthly brief (R3).
    """
    year = clock.local(call.now).year
    number = _circular_number(year, next_value(session, circular_name(year)))
    unit, text = str(call.parameters.get("unit")), str(call.parameters.get("text") or "")
    record(
        session,
        call.instance,
        kind=ISSUED,
        actor=call.actor,
        now=call.now,
        data={"number": number, "unit": unit, "text": text},
    )
    notify(
        session,
        call.instance,
        "circular",
        actor=call.actor,
        now=call.now,
        role="responsible_unit",
        unit=unit,
        text=f"{number}：{text}",
    )
    said = f"区人才办已向{unit_names(session, [unit]).get(unit, unit)}发出{number}：{text}"
    for leader in _concerned(session, call):
        notify(session, call.instance, "circular_told", actor=call.actor, now=call.now, leader=leader.id, text=said)
    return number


def _circular_number(year: int, n: int) -> str:
    return f"通报〔{year}〕{n}号"


def _concerned(session: Session, call: ActionCall) -> Sequence[Leader]:
    """The leaders who serve the talent today; where nobody does, the one to whom the need was told, while in office."""
    talent_id, today = call.instance.talent_id or "", clock.local(call.now).date()
    if serving := leaders_of(session, [talent_id], today)[talent_id]:
        return serving
    leader = find_leader(session, call.instance.leader_id or "")
    return [leader] if leader is not None and leader.serves_on(today) else []


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


def _handling(call: RehearsedCall) -> RehearsedTask | None:
    """The open task of the called unit in the handling stage, as ``open_handling`` finds it."""
    unit = str(call.parameters.get("unit"))
    for task in reversed(call.open_tasks):
        if task.unit == unit and task.stage == "handling" and call.scope in ("", task.scope):
            return task
    return None


def _notice_rehearsed(call: RehearsedCall) -> bool:
    kind = str(call.parameters.get("kind"))
    if kind not in NOTICE_KINDS:
        raise EngineFailure(f"没有这种提醒：{kind}")
    if call.parameters.get("unit") is None:
        call.tell(kind)
        return True
    task = _handling(call)
    if task is not None:
        call.tell(kind, step=task)
    return task is not None


def _urge_rehearsed(call: RehearsedCall) -> int:
    task = _handling(call)
    if task is None:
        return 0
    call.tell("urge", step=task)
    return _counted(call, f"urges:{task.id}")


def _circular_rehearsed(call: RehearsedCall) -> str:
    year = clock.local(call.now).year
    call.tell("circular", role=RESPONSIBLE_UNIT, unit=str(call.parameters.get("unit")))
    call.tell("circular_told", role=LEADER)
    return _circular_number(year, _counted(call, circular_name(year)))
