"""Migration 迁移版本: a running case goes on by another version of its process. Never by itself: a person says so.

One case a transaction, the case locked first as by every command: who completes a task meanwhile comes before or after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import engine
from service.errors import Conflict, Finding, Invalid, NotFound
from service.processes import effects as fx
from service.processes.advance import advance, lock, open_tasks
from service.processes.applying import due_of_row, facts_of_row
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.models import RUNNING, SUSPENDED, Definition, Instance, UserTask
from service.processes.moves import KEEP, MIGRATED, RECOUNT, Known, Move, mapping_text
from service.processes.recording import Input
from service.processes.wiring import wiring
from service.rights import Actor, require

RIGHT = "migrate_instances"
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of who migrates. ``mapping``: (process, element) of the old version → the element of the new one
    that takes its token; ``due``: KEEP or RECOUNT; ``batch`` is the job that does it, '' for one case alone."""

    mapping: Mapping[tuple[str, str], str] = field(default_factory=dict)
    due: str = KEEP
    reason: str = ""
    batch: str = ""


def version_of(session: Session, process: str, version: int) -> Definition:
    """A version of a process. Raises NotFound."""
    found = session.scalar(select(Definition).where(Definition.key == process, Definition.version == version))
    if found is None:
        raise NotFound(f"流程 {process} 没有第 {version} 版")
    return found


def frame_now(session: Session) -> dict[str, Any]:
    """The settings and scopes of today, by which a migrated case goes on."""
    plan = wiring(session)
    return {"scopes": dict(plan.scopes), "settings": dict(plan.settings)}


def require_choices(choices: Choices, old: Compiled, new: Compiled) -> None:
    """Raises Invalid, naming the field, where the choices do not fit the two versions."""
    findings = []
    if choices.due not in (KEEP, RECOUNT):
        findings.append(Finding("/due", f"请选择 {KEEP}（保持已承诺的期限）或 {RECOUNT}（按新版重新计算）"))
    if len(choices.reason) > LONGEST_REASON:
        findings.append(Finding("/reason", f"不能超过 {LONGEST_REASON} 个字"))
    for (process, node), target in choices.mapping.items():
        path = f"/mapping/{process}/{node}"
        if (process, node) not in old.program.names:
            findings.append(Finding(path, "原版本里没有这个步骤，请核对"))
        elif (process, target) not in new.program.names:
            elsewhere = [key for key in new.program.names if key[1] == target]
            where = "在另一个流程里，令牌不能跨流程移动" if elsewhere else "在新版里没有"
            findings.append(Finding(path, f"「{target}」{where}，请在同一流程中选择一个步骤"))
        elif ((process, node) in old.program.user_tasks) != ((process, target) in new.program.user_tasks):
            findings.append(Finding(path, f"「{target}」与原步骤种类不同，请选择一个由人办理的步骤"))
    if findings:
        raise Invalid(f"迁移设置有 {len(findings)} 处需要修改", findings)


def migrate(session: Session, *, instance_id: UUID, to: int, choices: Choices, actor: Actor, now: datetime) -> Instance:
    """Moves a running or suspended case to version ``to``: the same open tasks, with new words, people and clocks.

    Raises NotFound, NotAllowed, Invalid, Conflict (it has ended, it is there already), engine.Unfit (with the tasks
    that have no place) and what the new version's own words about a task raise; the case then stays where it was.
    """
    require(actor, RIGHT)
    instance = lock(session, instance_id)
    if instance.status not in (RUNNING, SUSPENDED):
        raise Conflict("该事项已经结束，不能迁移")
    target = version_of(session, instance.process, to)
    here = version_of(session, instance.process, instance.version)
    if (target.digest, target.prints) == (instance.digest, here.prints):  # it runs, and prints, the same
        raise Conflict(f"该事项已经按第 {to} 版办理，无需迁移")
    old = compiled(session, instance.digest, instance.process)
    new = compiled(session, target.digest, instance.process)
    require_choices(choices, old, new)
    frame = frame_now(session)
    said = said_of(instance, target, choices, frame)
    move = Move.of(said, old, new, instance.frame, frame)
    known = known_of(open_tasks(session, instance.id))
    state = instance.state
    instance.version, instance.digest, instance.frame = target.version, target.digest, frame

    def judge(_made: Compiled, landing: engine.Landing, days: DayFunctions) -> list[fx.Effect]:
        return move.effects(landing, known, days, engine.RULES)

    def run(_made: Compiled, context: engine.Context) -> engine.Landing:
        return move.land(state, known, current(session), context)

    advance(session, instance, Input(MIGRATED, said), run, actor=actor, now=now, judge=judge)
    return instance


def said_of(instance: Instance, target: Definition, choices: Choices, frame: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the input that moves a case."""
    return {
        "from": {"version": instance.version, "digest": instance.digest},
        "to": {"version": target.version, "digest": target.digest},
        "mapping": mapping_text(choices.mapping),
        "due": choices.due,
        "frame": frame,
        "reason": choices.reason,
        "batch": choices.batch,
    }


def known_of(rows: Iterable[UserTask]) -> dict[str, Known]:
    """The open tasks of a case before it is moved, by id."""
    return {str(row.id): Known(row.entered_at, facts_of_row(row), due_of_row(row), row.kept) for row in rows}
