"""The actions that tell people something: a notice of any kind, an urge (W10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from service import clock
from service.auth.queries import accounts_of_person, is_usable
from service.config import Settings
from service.config.notifications import FOR_DIAGRAMS, KINDS
from service.engine import EngineFailure
from service.liaisons import concerned
from service.people.queries import find_leader, find_person
from service.processes.advance import open_tasks
from service.processes.models import UserTask
from service.processes.operations import count_urge, notify, open_handling
from service.processes.rules import HANDLING
from service.processes.urges import late_urges
from service.processes.wiring import Action, ActionCall, RehearsedCall, RehearsedTask, wiring
from service.rights import LEADER, RESPONSIBLE_UNIT, TALENT_OFFICE

NOTICE_KINDS: Mapping[str, str] = {
    "due_soon": "办理期限将至，请按时办理并回复",
    "due_today": "今日为办理期限，请于今日办理并回复",
    "rejected": "该需求不予受理，请向联系对象说明理由",
    "reminder": "",
}
"""The product's kinds that a diagram may send, each with its text where the diagram gives none."""
REMINDERS = frozenset({"due_soon", "due_today"})
"""Those that say no more than how a deadline stands: what came due after them says more."""
URGE_TEXT = "该事项已超过办理期限，收到请签收。"
LONGEST_TEXT = 1000

Step = TypeVar("Step", UserTask, RehearsedTask)


def actions(settings: Settings) -> tuple[Action, ...]:
    """The actions; ``settings`` say which kinds of notices the office has added."""
    return (
        Action(
            "notice",
            "发送提醒",
            ("kind",),
            lambda session, call: _notice(session, call, settings),
            ("unit", "role", "person", "step", "text"),
            sample=True,
            rehearsed=lambda call: _notice_rehearsed(call, settings),
            takes={"kind": "notices", "role": "roles", "unit": "units", "step": "steps"},
            does=(
                "发通知。`kind` 为 `'rejected'` 不予受理、`'due_soon'` 将到期、`'due_today'` 今日到期、`'reminder'` "
                "工作提醒，或 `config/notifications.toml` 里自己加的一种；`text` 是通知里 `{text}` 处的话。"
                "发给谁只写一种："
                "`role` 担任该角色的人（写了 `unit` 的只给该单位的，可以是几个单位的名单；"
                "`'leader'` 是该人才的联系领导），"
                "`person` 一个或几个人（账号、人员或领导任职的编号），`step` 正在办那一步的人，"
                "只写 `unit` 的是该单位办理处理单的人；"
                "`unit` 是几个单位的名单的，发给 `config/notifications.toml` 的表 `[whom]` 里写的人；"
                "都不写的也按这张表，表里没有写的发给登记人。"
                "结果是发了没有：没有要告诉的人、已答复的、有更晚的提醒同时到时间的不发"
            ),
        ),
        Action(
            "urge",
            "催办",
            (),
            _urge,
            ("unit", "role", "step", "text"),
            sample=1,
            rehearsed=_urge_rehearsed,
            takes={"role": "roles", "unit": "units", "step": "steps"},
            does=(
                "催办，要求签收：只写 `unit` 的，催该单位还没有答复的处理单；写了 `role`、`step` 的，"
                "催该角色、该步骤还没有办的任务，"
                "`text` 是催办的话。结果是累计催办次数，已办的不催，为 0"
            ),
        ),
    )


def _notice(session: Session, call: ActionCall, settings: Settings) -> bool:
    """Word to those whom the diagram names (W10); gives whether anybody is told."""
    kind, text = _kind_and_text(call, settings)
    if call.overtaken and kind in REMINDERS:
        return False
    said: dict[str, Any] = {"actor": call.actor, "now": call.now, "text": text}
    role, unit = _given(call, "role"), _given(call, "unit")
    if "person" in call.parameters:
        return _tell_people(session, call, kind, said)
    if role is not None:
        return _tell_role(session, call, role, kind, said)
    if (step := _given(call, "step")) is not None:
        tasks = list(_fitting(open_tasks(session, call.instance.id), call, step=step, unit=unit))
        for task in tasks:
            notify(session, call.instance, kind, task=task, **said)
        return bool(tasks)
    if unit is None:
        notify(session, call.instance, kind, usernames=[call.instance.initiator], units=(), **said)
        return True
    if isinstance(call.parameters["unit"], list):
        units = [one for one in _units(call) if one]
        notify(session, call.instance, kind, usernames=[], units=units, **said)
        return bool(units)
    handling = open_handling(session, call.instance.id, unit, call.scope)
    if handling is not None:
        notify(session, call.instance, kind, task=handling, **said)
    elif kind not in KINDS:
        notify(session, call.instance, kind, role=RESPONSIBLE_UNIT, unit=unit, **said)
    return handling is not None or kind not in KINDS


def _tell_role(session: Session, call: ActionCall, role: str, kind: str, said: Mapping[str, Any]) -> bool:
    """Word to who holds a role, of the named units alone; to the leaders whom the case concerns."""
    if role == LEADER:
        leaders = concerned(session, call.instance.talent_id, call.instance.leader_id, clock.local(call.now).date())
        for leader in leaders:
            notify(session, call.instance, kind, leader=leader.id, **said)
        return bool(leaders)
    if role not in wiring(session).role_names:
        raise EngineFailure(f"没有角色 {role}，请检查流程图")
    for one in _units(call):
        notify(session, call.instance, kind, role=role, unit=one, **said)
    return bool(_units(call))


def _tell_people(session: Session, call: ActionCall, kind: str, said: Mapping[str, Any]) -> bool:
    """Word to persons, by sign-in name, by id, or by the id of a leader's post.

    A person without an account is told by the Talent Office, which hears for whom it is.
    """
    value = call.parameters["person"]
    names = [str(each) for each in (value if isinstance(value, list) else [value]) if each]
    usernames = []
    for name in names:
        if leader := find_leader(session, name):
            notify(session, call.instance, kind, leader=leader.id, **said)
        elif person := find_person(session, name):
            known = [account.username for account in accounts_of_person(session, person.id) if is_usable(account)]
            usernames += known
            if not known:
                text = f"（{person.name}没有使用本系统，请代为告知）{said['text']}"
                notify(session, call.instance, kind, role=TALENT_OFFICE, **{**said, "text": text})
        else:
            usernames.append(name)
    if usernames:
        notify(session, call.instance, kind, usernames=list(dict.fromkeys(usernames)), **said)
    return bool(names)


def _urge(session: Session, call: ActionCall) -> int:
    """催办 by the clock: only while the answer is still out (W10). Gives the number of urges of the task.

    The first by the clock of a unit that is late is also told to whom the office's table names for ``late``.
    """
    handling = open_handling(session, call.instance.id, _given(call, "unit") or "", call.scope)
    tasks = _urged(call, lambda: open_tasks(session, call.instance.id), handling)
    said: dict[str, Any] = {"actor": call.actor, "now": call.now, "text": _urge_text(call), "by_hand": False}
    most = max((count_urge(session, call.instance, task, **said) for task in tasks), default=0)
    if (
        handling in tasks
        and handling is not None
        and _is_late(handling, call)
        and late_urges(session, handling.id) == 1
    ):
        notify(
            session,
            call.instance,
            "late",
            task=handling,
            usernames=[],
            units=(handling.unit,) if handling.unit else (),
            actor=call.actor,
            now=call.now,
        )
    return most


def _is_late(task: UserTask, call: ActionCall) -> bool:
    return task.due_on is not None and task.due_on < clock.local(call.now).date()


# --- What a diagram gave ---------------------------------------------------------------------------------------------


def _given(call: ActionCall | RehearsedCall, name: str) -> str | None:
    """A parameter as text; None where it is not there or empty."""
    value = call.parameters.get(name)
    return str(value) if value not in (None, "") else None


def _units(call: ActionCall | RehearsedCall) -> Sequence[str | None]:
    """The units whose people are told: those of the parameter, one or several; [None] where it is not given."""
    value = call.parameters.get("unit")
    if isinstance(value, list):
        return [str(one) for one in dict.fromkeys(value) if one]
    return [_given(call, "unit")]


def _kind_and_text(call: ActionCall | RehearsedCall, settings: Settings) -> tuple[str, str]:
    kind = str(call.parameters.get("kind"))
    if kind not in FOR_DIAGRAMS and kind not in settings.notice_kinds:
        raise EngineFailure(f"没有这种提醒：{kind}")
    text = _given(call, "text") or NOTICE_KINDS.get(kind, "")
    if kind == "rejected" and "text" not in call.parameters:
        text = str(call.data.get("reason") or text)
    return kind, text[:LONGEST_TEXT]


def _urge_text(call: ActionCall) -> str:
    return (_given(call, "text") or URGE_TEXT)[:LONGEST_TEXT]


def _urged(
    call: ActionCall | RehearsedCall, every: Callable[[], Sequence[Step]], handling: Step | None
) -> Sequence[Step]:
    """The tasks that are urged: of a role or a step, else the unit's that handles."""
    role, step, unit = _given(call, "role"), _given(call, "step"), _given(call, "unit")
    if role is None and step is None:
        if unit is None:
            raise EngineFailure("催办没有写明催谁（unit、role 或 step），请检查流程图")
        return [handling] if handling is not None else []
    return list(_fitting(every(), call, role=role, step=step, unit=unit))


def _fitting(
    tasks: Sequence[Step],
    call: ActionCall | RehearsedCall,
    *,
    role: str | None = None,
    step: str | None = None,
    unit: str | None = None,
) -> Iterator[Step]:
    """Of open tasks those of a role, a step and a unit; within a called process its own."""
    for task in tasks:
        right = role in (None, task.role) and step in (None, task.task) and unit in (None, task.unit)
        if right and call.scope in ("", task.scope):
            yield task


# --- The same in a rehearsal -----------------------------------------------------------------------------------------


def _handling(call: RehearsedCall, unit: str | None) -> RehearsedTask | None:
    """The open task of the unit in the handling stage, as ``open_handling`` finds it."""
    for task in reversed(call.open_tasks):
        if task.unit == unit and task.stage == HANDLING and call.scope in ("", task.scope):
            return task
    return None


def _notice_rehearsed(call: RehearsedCall, settings: Settings) -> bool:
    kind, _ = _kind_and_text(call, settings)
    role, unit, step = _given(call, "role"), _given(call, "unit"), _given(call, "step")
    if "person" in call.parameters:
        if told := bool(call.parameters["person"]):
            call.tell(kind)
        return told
    if role is not None:
        for one in _units(call):
            call.tell(kind, role=role, unit=one)
        return bool(_units(call))
    if step is not None:
        tasks = list(_fitting(call.open_tasks, call, step=step, unit=unit))
        for task in tasks:
            call.tell(kind, step=task)
        return bool(tasks)
    if unit is None:
        call.tell(kind)
        return True
    if isinstance(call.parameters["unit"], list):
        for one in _units(call):
            call.tell(kind, unit=one)
        return bool(_units(call))
    handling = _handling(call, unit)
    if handling is not None:
        call.tell(kind, step=handling)
    elif kind not in KINDS:
        call.tell(kind, role=RESPONSIBLE_UNIT, unit=unit)
    return handling is not None or kind not in KINDS


def _urge_rehearsed(call: RehearsedCall) -> int:
    most = 0
    for task in _urged(call, lambda: call.open_tasks, _handling(call, _given(call, "unit"))):
        call.tell("urge", step=task)
        key = f"urges:{task.id}"
        call.remembered[key] = int(call.remembered.get(key, 0)) + 1
        most = max(most, call.remembered[key])
    return most
