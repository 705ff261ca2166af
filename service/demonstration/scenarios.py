"""The ways that demonstration cases go: one for each branch of the process, and one for each place to be stopped at.

A step is named by its id; ``+`` after it means the slot of an assisting unit (协办).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Do:
    """One operation at a step. ``after``: working days since the step opened (None: as staff usually take).

    ``take_back``: the person takes it back at once and does the next one instead; ``return_to``: 退回 to that step.
    """

    outcome: str = ""
    after: int | None = None
    take_back: bool = False
    return_to: str = ""


@dataclass(frozen=True, slots=True)
class Op:
    """An operation, ``after`` working days since the step ``at`` first opened."""

    at: str
    what: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """The course of a case. Steps that are not named, or have run out of operations, go the plain way.

    A case that ``stops_at`` steps stays there, ``age`` working days old; ``path`` is the steps before.
    """

    name: str
    steps: Mapping[str, tuple[Do, ...]] = field(default_factory=dict)
    ops: tuple[Op, ...] = ()
    joint: bool = False
    category: str | None = None
    weight: int = 1
    stops_at: frozenset[str] = frozenset()
    path: tuple[str, ...] = ()
    age: int = 0

    def days(self, path: tuple[str, ...]) -> int:
        """Working days that the steps of ``path`` take one after another (a step without a day: none)."""
        total, seen = 0, dict.fromkeys(path, 0)
        for step in path:
            operations = self.steps.get(step, ())
            if seen[step] < len(operations):
                total += operations[seen[step]].after or 0
            seen[step] += 1
        return total

    @property
    def longest(self) -> int:
        """Working days after which the case is surely at its end."""
        operations = [operation for step in self.steps.values() for operation in step]
        rounds = 1 + any(operation.outcome == "redispatch" for operation in operations)
        return 4 + 12 * rounds + sum(2 if operation.after is None else operation.after for operation in operations)


REFER = {"handle": (Do("done", 3),), "review_reply": (Do("refer", 1),)}
INTAKE = ("record_need", "accept")
OPENED = (*INTAKE, "dispatch")
ANSWERED = (*OPENED, "handle")
REVIEWED = (*ANSWERED, "review_reply")


def _stop(name: str, at: str, path: tuple[str, ...], age: int, **more: object) -> Scenario:
    return Scenario(name, stops_at=frozenset(at.split()), path=path, age=age, **more)  # type: ignore[arg-type]  # named fields


FINISHED: tuple[Scenario, ...] = (
    Scenario("单办按时办结", weight=12),
    Scenario("主办协办均按时办结", joint=True, weight=8),
    Scenario("现场解答", {"record_need": (Do("answered"),)}, weight=5),
    Scenario("退回补正后受理", {"accept": (Do("return"), Do("accept"))}, weight=2),
    Scenario("不予受理", {"accept": (Do("reject"),)}),
    Scenario("分步办理", {"handle": (Do("interim", 5), Do("done", 6))}, weight=2),
    Scenario("退回重办后办结", {"review_reply": (Do("redo"), Do("accept"))}, weight=2),
    Scenario("逾期被催办", {"handle": (Do("done", 9),)}, weight=2),
    Scenario("逾期被通报", {"handle": (Do("done", 14),), "approve_circular": (Do("issue", 1),)}),
    Scenario("逾期暂不通报", {"handle": (Do("done", 14),), "approve_circular": (Do("hold", 1),)}),
    Scenario("不属本单位职责改派", {"handle": (Do("not_ours", 1), Do("done", 5))}, weight=2),
    Scenario(
        "专题会议议定",
        {**REFER, "assess": (Do("meeting"),), "record_minutes": (Do("settled"),)},
    ),
    Scenario(
        "专题会议后重新派单",
        {**REFER, "assess": (Do("meeting"),), "record_minutes": (Do("redispatch"),)},
        joint=True,
    ),
    Scenario(
        "专题会议后上会议定",
        {
            **REFER,
            "assess": (Do("meeting"),),
            "record_minutes": (Do("escalate"),),
            "submit_topic": (Do("government", 3),),
            "record_decision": (Do("settled", 11),),
        },
        joint=True,
    ),
    Scenario(
        "直接上会后重新派单",
        {
            **REFER,
            "assess": (Do("escalate"),),
            "submit_topic": (Do("committee", 4),),
            "record_decision": (Do("redispatch", 12),),
        },
    ),
    Scenario("研判后重新派单", {**REFER, "assess": (Do("redispatch"),)}),
    Scenario("研判后解释说明", {**REFER, "assess": (Do("explain"),), "feedback_result": (Do("policy_limited"),)}),
    Scenario("政策所限", {"feedback_result": (Do("policy_limited"),)}, weight=2),
    Scenario(
        "协办退回不再改派，部分解决",
        {"handle+": (Do("not_ours", 1),), "redispatch+": (Do("drop"),), "feedback_result": (Do("partly"),)},
        joint=True,
        weight=2,
    ),
    Scenario("阶段反馈不同意", {"handle": (Do("interim", 4), Do("done", 4)), "confirm_interim": (Do("redo"),)}),
    Scenario(
        "阶段反馈转研判",
        {
            "handle": (Do("interim", 4),),
            "confirm_interim": (Do("refer"),),
            "assess": (Do("explain"),),
            "feedback_result": (Do("policy_limited"),),
        },
    ),
    Scenario(
        "人工催办",
        {"handle": (Do("done", 6),)},
        ops=(Op("handle", "acknowledge"), Op("handle", "urge", 4), Op("handle", "acknowledge", 5)),
    ),
    Scenario("审核时退回", {"review_reply": (Do(return_to="handle"), Do("accept"))}),
    Scenario("撤回后重新回复", {"handle": (Do("done", 3, take_back=True), Do("done", 0))}),
    Scenario("转办他人", {"handle": (Do("done", 5),)}, ops=(Op("handle", "reassign", 2),), category="education"),
    Scenario("代理人办理", {"handle": (Do("done", 4),)}, ops=(Op("handle", "leave", 1),), category="education"),
    Scenario(
        "沟通抄送",
        {"handle": (Do("done", 5),)},
        ops=(Op("handle", "comment", 2), Op("handle", "copy", 3), Op("review_reply", "comment")),
        joint=True,
    ),
    Scenario("挂起后恢复", {"handle": (Do("done", 6),)}, ops=(Op("handle", "suspend", 1), Op("handle", "resume", 4))),
    Scenario("终止", {"handle": (Do("done", 30),)}, ops=(Op("handle", "terminate", 3),)),
    Scenario(
        "领办后退领，延期",
        {"handle": (Do("done", 8),)},
        ops=(Op("handle", "claim"), Op("handle", "release", 2), Op("handle", "ask", 4), Op("handle", "agree", 5)),
    ),
    Scenario("受理逾期", {"accept": (Do("accept", 4),), "dispatch": (Do("", 3),)}),
    Scenario(
        "协办转研判",
        {"review_reply+": (Do("refer", 1),), "handle+": (Do("done", 8),), "assess": (Do("redispatch"),)},
        joint=True,
    ),
)

STOPPED: tuple[Scenario, ...] = (
    _stop("办理刚开始", "handle handle+", OPENED, 1, joint=True),
    _stop("办理将到期，申请延期", "handle", OPENED, 5, ops=(Op("handle", "ask", 4),)),
    _stop("办理逾期已催办", "handle", OPENED, 10),
    _stop("办理逾期待通报", "handle approve_circular", OPENED, 14),
    _stop("待受理", "accept", ("record_need",), 1),
    _stop("待派单", "dispatch", INTAKE, 1),
    _stop("待审核", "review_reply", ANSWERED, 1, steps={"handle": (Do("done", 4),)}),
    _stop("待研判", "assess", REVIEWED, 1, steps=REFER),
    _stop(
        "待上会",
        "record_decision",
        (*REVIEWED, "assess", "submit_topic"),
        6,
        steps={**REFER, "assess": (Do("escalate", 1),), "submit_topic": (Do("government", 2),)},
    ),
    _stop("待反馈结果", "feedback_result", REVIEWED, 1, steps={"handle": (Do("done", 4),)}),
    _stop("待登记", "record_need", (), 1),
    _stop("受理逾期未办", "accept", ("record_need",), 3),
    _stop(
        "退回补正逾期",
        "record_need",
        (*INTAKE,),
        4,
        steps={"record_need": (Do(),), "accept": (Do("return"),)},
    ),
    _stop("待反馈受理", "feedback_accepted", OPENED, 2, steps={"handle": (Do("done", 1),)}),
    _stop("今日到期", "handle", OPENED, 7),
    _stop("待改派", "redispatch", ANSWERED, 1, steps={"handle": (Do("not_ours", 1),)}),
    _stop("待审阶段反馈", "confirm_interim", ANSWERED, 1, steps={"handle": (Do("interim", 5),)}),
    _stop("审核逾期", "review_reply", ANSWERED, 4, steps={"handle": (Do("done", 5),)}),
    _stop(
        "重办中",
        "handle",
        REVIEWED,
        2,
        steps={"handle": (Do("done", 5),), "review_reply": (Do("redo", 1),)},
    ),
    _stop(
        "分步办理中",
        "handle",
        (*ANSWERED, "confirm_interim"),
        2,
        steps={"handle": (Do("interim", 6),), "confirm_interim": (Do("agree", 1),)},
    ),
    _stop("待召集会议", "convene_meeting", (*REVIEWED, "assess"), 1, steps={**REFER, "assess": (Do("meeting", 1),)}),
    _stop(
        "待会议纪要",
        "record_minutes",
        (*REVIEWED, "assess", "convene_meeting"),
        2,
        steps={**REFER, "assess": (Do("meeting", 1),), "convene_meeting": (Do("", 3),)},
    ),
    _stop(
        "待提交上会",
        "submit_topic",
        (*REVIEWED, "assess"),
        1,
        steps={**REFER, "assess": (Do("escalate", 1),)},
    ),
    _stop(
        "待领导小组意见",
        "group_opinion",
        (*REVIEWED, "assess", "convene_meeting", "record_minutes"),
        1,
        steps={
            **REFER,
            "assess": (Do("meeting", 1),),
            "convene_meeting": (Do("", 3),),
            "record_minutes": (Do("settled", 1),),
        },
    ),
    _stop("已挂起", "handle", OPENED, 5, ops=(Op("handle", "suspend", 2),)),
    _stop(
        "第二轮待派单",
        "dispatch",
        (*REVIEWED, "assess"),
        2,
        steps={**REFER, "dispatch": (Do(),), "assess": (Do("redispatch", 1),)},
    ),
    _stop("协办逾期", "handle+", OPENED, 9, steps={"handle": (Do("done", 4),)}, joint=True),
    _stop("反馈结果逾期", "feedback_result", REVIEWED, 4, steps={"handle": (Do("done", 4),)}),
)
