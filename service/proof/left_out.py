"""The rest that a walk has left out, in words for the owner of a process: what, why, what it means, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.proof.explorer import Explorer

ROUNDS = (
    "「{name}」同时开着 {more} 份或更多的情形没有走：限于 {most} 份才走得完。{most} 份以内怎样办都走过了；"
    "再多一份会怎样，请在“试办”里办一遍，或请系统管理员调高走查的上限"
)
"""More open copies of one task than are walked: ``name`` of it, ``most`` that are, ``more``: one beyond."""
SLOTS = (
    "「{name}」同时办理 {more} 份或更多的情形没有走：限于 {most} 份才走得完。{most} 份以内怎样办都走过了；"
    "再多一份会怎样，请在“试办”里办一遍，或请系统管理员调高走查的上限"
)
"""As ROUNDS, of slots side by side."""
SECONDS, STATES = "时间用完", "情形过多"
"""Why a walk has stopped before its end."""


def left_out(walked: Explorer) -> list[str]:
    """The parts that were not walked."""
    cuts = sorted((why, count) for why, count in walked.cuts.items())
    return [*(f"{why}（遇到 {count} 次）" for why, count in cuts), *_stopped(walked), *_untried(walked)]


def bound_of(walked: Explorer) -> str:
    """The bound at which a walk has stopped; empty where it came to its end."""
    bounds = walked.bounds
    if not walked.left:
        return ""
    spent = len(walked.states) > bounds.states
    return f"走满了 {bounds.states:,} 种情形" if spent else f"用完了 {bounds.seconds:g} 秒"


def untried(walked: Explorer) -> int:
    """How many steps and lists there are of which not everything was tried."""
    return len(list(_untried(walked)))


def _stopped(walked: Explorer) -> Iterator[str]:
    if walked.left:
        yield (
            f"还有 {walked.left:,} 种情形没有往下走：{bound_of(walked)}，到了上限。"
            "报出的问题都是真的，没有报出的不等于没有；走不到的步骤、定时和结束，这次没有判断。请先改好报出的问题，减少表单里决定走向的选项，或把流程拆小；"
            "也可请系统管理员调高走查的上限"
        )


def _untried(walked: Explorer) -> Iterator[str]:
    names = walked.diagram.made.program.names
    for task in sorted(walked.outcomes.shortened):
        title = next((name for (_, node), name in sorted(names.items()) if node == task), task)
        yield (
            f"「{title}」的表单填法太多：每个选项都试过，没有试遍所有组合。几个选项凑在一起才有的问题，这次可能没有找到；"
            "走不到的因此只作提示，请自己核对。减少这张表单里决定走向的选项，或拆成两步，就能试遍"
        )
    for name, (compared, most) in _lists(walked).items():
        yield (
            f"流程要看「{name}」有没有 {compared} 个，走查最多试到 {most} 个：更多的没有走，走不到的因此只作提示。"
            f"{compared} 个以上会怎样，请在“试办”里办一遍"
        )


def _lists(walked: Explorer) -> Mapping[str, tuple[int, int]]:
    """Title of a list → the length that it is compared with, and the most that is tried."""
    diagram, outcomes = walked.diagram, walked.outcomes
    lengths = {name: diagram.readings.longest(name) - 1 for name in outcomes.beyond}
    return {diagram.title(name): (length, outcomes.most) for name, length in lengths.items()}
