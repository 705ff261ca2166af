"""The checks in a process of their own: a hostile definition harms nobody, and never while a transaction is open.

An upload may be made to unfold without end, in ways that no rule foresees. The child has little time and
memory and no secrets; when it dies, the file that it was looking at is named (rule check-limit).
"""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from service import children
from service.checks.findings import CheckContext, DefinitionFinding
from service.errors import Conflict, Incident

WALL_SECONDS = 60
"""Of one definition, on a machine that has much else to do."""
AT_ONCE = 2
"""Children of one process; more people wait."""
PATIENCE_SECONDS = 30

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the check of one definition: processor seconds, and bytes beyond the child's first ones.

    The largest definition that passes takes about two seconds.
    """

    seconds: int = 8
    memory: int = 200_000_000


PRINTING = Limits(seconds=20, memory=900_000_000)
"""The limits of rendering the print templates of one definition: the type alone takes 300 MB."""
CHILD, PRINT_CHILD = "service.checks.child", "service.checks.print_child"

Job = tuple[Mapping[str, bytes], CheckContext]

_slots = threading.BoundedSemaphore(AT_ONCE)


def check_confined(files: Mapping[str, bytes], *, context: CheckContext) -> list[DefinitionFinding]:
    """As ``checks.check``, in a process of its own. Raises Conflict while others have all the places.

    Not to be called with an open transaction: it may take ``WALL_SECONDS``.
    """
    return check_all_confined([(files, context)])[0]


def check_all_confined(jobs: Sequence[Job], limits: Limits = Limits()) -> list[list[DefinitionFinding]]:
    """The findings of several definitions, each with limits of its own, in as few processes as will do."""
    if not _slots.acquire(timeout=PATIENCE_SECONDS):
        raise Conflict("正在检查其他流程定义，请稍后再试")
    try:
        found: list[list[DefinitionFinding]] = []
        while len(found) < len(jobs):
            found.extend(_some(jobs[len(found) :], limits))
        for place, (files, context) in enumerate(jobs):
            if any(name.startswith("print/") for name in files) and not _wrong(found[place]):
                found[place] = sorted(found[place] + _some([(files, context)], PRINTING, PRINT_CHILD)[0])
        return found
    finally:
        _slots.release()


def _wrong(findings: Sequence[DefinitionFinding]) -> bool:
    return any(one.severity == "error" for one in findings)


def _some(jobs: Sequence[Job], limits: Limits, program: str = CHILD) -> list[list[DefinitionFinding]]:
    """The findings of the first jobs, at least one: a child that dies takes the job that it was at with it."""
    given = pickle.dumps(([(dict(files), context) for files, context in jobs], limits))
    ended = children.run(program, given, wall=WALL_SECONDS * len(jobs))
    lines = ended.said.splitlines()
    if ended.code:
        _note(ended, began=bool(lines))
    return list(_read(lines, jobs, limits))


def _note(ended: children.Ended, *, began: bool) -> None:
    """The log says how a child ended. Raises Incident where it failed before it had begun: no file did that."""
    log.warning("check_child_ended", code=ended.code, said=ended.complained)
    if ended.code > 0 and not began:
        raise Incident("检查流程定义的程序没有启动成功，没有改动任何内容；请联系系统管理员查看日志")


def _read(lines: Sequence[bytes], jobs: Sequence[Job], limits: Limits) -> Iterable[list[DefinitionFinding]]:
    at, done = "-", 0
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:  # the child died in the middle of a line
            break
        if "at" in said:
            at = said["at"]
        else:
            yield [DefinitionFinding(*finding) for finding in said["findings"]]
            at, done = "-", done + 1
    if done < len(jobs):
        file = at if at in jobs[done][0] else "-"
        message = (
            f"检查用了超过 {limits.seconds} 秒或 {limits.memory // 1_000_000} MB，已经停止；"
            "多半是引用、嵌套或重复太多，请拆小、精简后再试"
        )
        yield [DefinitionFinding(file, 1 if file != "-" else 0, "-", "check-limit", message)]
