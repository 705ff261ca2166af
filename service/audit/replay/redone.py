"""The steps whose work was sent back (退回): they stay readable and count no longer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.audit.replay.steps import Told
from service.processes.bundles import Compiled


def redone(steps: Sequence[Told], definition: Callable[[str], Compiled]) -> dict[int, int]:
    """Number of a completed step → that of the return that moved its token back before it."""
    found: dict[int, int] = {}
    taken_back = {int(one.data["input"]) for one in steps if one.kind == "taken_back"}
    for position, one in enumerate(steps):
        if one.kind != "returned" or one.task is None or one.seq in taken_back:
            continue
        ways = definition(one.digest).program.ways_back
        target, process = one.data["target"], str(one.process)
        done = [
            each
            for each in steps[:position]
            if each.kind == "completed"
            and (each.process, each.scope) == (process, one.scope)
            and each.seq not in taken_back
            and each.seq not in found
        ]
        reached = [each.seq for each in done if each.step == target]
        if not reached:
            continue
        for each in done:
            between = each.step in ways.get((process, str(one.step)), ()) and target in ways.get(
                (process, str(each.step)), ()
            )
            if each.seq >= reached[-1] and (each.step == target or between):
                found[each.seq] = one.seq
    return found
