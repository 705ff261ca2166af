"""Impact and migration of many cases: jobs that go on where they stopped, and say of each case how it went.

Cases are taken in the order of their ids. Of a migration each is one transaction, in which it is noted too; what fails
stays where it was, with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, engine, jobs
from service.auth.queries import actor_of
from service.db.failures import BUSY, describe, trouble
from service.errors import Conflict, Finding, Invalid, LiaisonError, NotAllowed
from service.ids import as_id
from service.processes.advance import lock, open_tasks
from service.processes.batches import Batch, Gone, Stayed
from service.processes.bundles import Compiled, compiled
from service.processes.migrating import RIGHT, Choices, migrate, require_choices, version_of
from service.processes.models import WAITING, Instance, Timer
from service.processes.moves import mapping_text
from service.processes.rules import one_line
from service.rights import Actor, require
from service.studio import dated_clocks, drafts, impact
from service.studio.checking import House, verdict

IMPACT, MIGRATION = "impact", "migration"
MOVED, FAILED = "moved", "failed"
BATCH = 25
"""Cases that a look takes at a time."""
TOGETHER = 10
"""Cases that go together: for as long as they take (a tenth of a second) SQLite lets nobody else write, and PostgreSQL
nobody change one of them."""
MOST_NAMED = 5000
"""Cases that one request may name; all of a version are named by the version."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish of somebody: open cases of ``process`` (of the version ``of``, None: of all others; ``only`` these)
    towards the version ``to``, or towards the draft ``draft``."""

    process: str
    to: int | None = None
    draft: UUID | None = None
    of: int | None = None
    only: tuple[UUID, ...] | None = None
    choices: Choices = field(default_factory=Choices)

    def params(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "process": self.process,
            "to": self.to,
            "draft": str(self.draft) if self.draft else None,
            "of": self.of,
            "only": [str(one) for one in self.only] if self.only is not None else None,
            "mapping": mapping_text(self.choices.mapping),
            "due": self.choices.due,
            "reason": self.choices.reason,
        }

    @classmethod
    def read(cls, said: Mapping[str, Any], batch: str = "") -> Wish:
        """The wish that a job keeps."""
        mapping = {(key.partition("/")[0], key.partition("/")[2]): node for key, node in said["mapping"].items()}
        return cls(
            said["process"],
            said["to"],
            UUID(said["draft"]) if said["draft"] else None,
            said["of"],
            tuple(UUID(one) for one in said["only"]) if said["only"] is not None else None,
            Choices(mapping, said["due"], said["reason"], batch),
        )


def mapping_of(said: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """``process/element`` → element, as people write it. Raises Invalid for anything else."""
    wrong = [key for key in said if key.count("/") != 1 or not all(key.split("/"))]
    if wrong:
        raise Invalid(
            "迁移设置有误", [Finding(f"/mapping/{key}", "应写成 流程/步骤，如 request/accept") for key in wrong]
        )
    return {(key.split("/")[0], key.split("/")[1]): node for key, node in said.items()}


def ids_of(said: Sequence[str]) -> tuple[UUID, ...]:
    """The ids of named cases. Raises Invalid."""
    found = [as_id(one) for one in said]
    wrong = [place for place, one in enumerate(found) if one is None]
    if wrong or len(found) > MOST_NAMED:
        message = f"一次最多指定 {MOST_NAMED:,} 件" if not wrong else "不是事项编号"
        raise Invalid("指定的事项有误", [Finding(f"/instances/{place}", message) for place in wrong or [MOST_NAMED]])
    return tuple(one for one in found if one is not None)


def submit_impact(session: Session, *, wish: Wish, actor: Actor, now: datetime) -> jobs.Job:
    """A job that tells the outlook of every open case. Raises NotAllowed, NotFound, Invalid."""
    require(actor, RIGHT)
    require_wish(session, wish, actor)
    return jobs.submit(session, kind=IMPACT, params=wish.params(), actor=actor, now=now, total=len(_ids(session, wish)))


def asked_for(session: Session, *, wish: Wish, actor: Actor) -> int:
    """How many cases a migration would take; at least one. Raises what ``submit_migration`` raises."""
    require(actor, RIGHT)
    if wish.to is None:
        raise Invalid("请指明要迁移到的版本", [Finding("/to", "必填，请填写版本号；草稿须先发布")])
    require_wish(session, wish, actor)
    total = len(_ids(session, wish))
    if not total:
        raise Invalid("没有可以迁移的在办事项", [Finding("/instances", "所选事项都已办结，或已按该版本办理")])
    return total


def submit_migration(session: Session, *, wish: Wish, actor: Actor, now: datetime) -> jobs.Job:
    """A job that moves the cases. Raises NotAllowed, NotFound, Invalid (also where there is no case to move)."""
    total = asked_for(session, wish=wish, actor=actor)
    return jobs.submit(session, kind=MIGRATION, params=wish.params(), actor=actor, now=now, total=total)


def require_wish(session: Session, wish: Wish, actor: Actor) -> None:
    """Raises NotFound and Invalid where versions or choices are wrong."""
    if wish.of is not None and wish.of == wish.to:
        raise Invalid("迁移设置有误", [Finding("/to", "应与原版本不同")])
    if wish.draft is not None:  # which takes its time to check: the job does so
        draft = drafts.get(session, wish.draft, actor)
        if draft.process != wish.process:
            raise Invalid("草稿不属于该流程", [Finding("/draft", f"这份草稿属于流程 {draft.process}")])
        return
    new, _ = target_of(session, wish)
    if wish.of is None:  # of several versions each case is asked by itself
        require_choices(Choices({}, wish.choices.due, wish.choices.reason), new, new)
    else:
        old = compiled(session, version_of(session, wish.process, wish.of).digest, wish.process)
        require_choices(wish.choices, old, new)


def target_of(session: Session, wish: Wish) -> tuple[Compiled, int]:
    """The version to which the cases would move, and its number. Raises NotFound, Invalid."""
    if wish.to is None:
        raise Invalid("请指明版本或草稿", [Finding("/to", "必填，请填写版本号")])
    return compiled(session, version_of(session, wish.process, wish.to).digest, wish.process), wish.to


def _ids(session: Session, wish: Wish, after: UUID | None = None, limit: int | None = None) -> list[UUID]:
    return impact.open_ids(
        session, wish.process, version=wish.of, but=wish.to, only=wish.only, after=after, limit=limit
    )


# --- The work --------------------------------------------------------------------------------------------------------


def look(run: jobs.Run, house: House) -> dict[str, Any]:
    """The work of an impact job: a look at each case; gives which steps need another that takes their tokens."""
    wish = Wish.read(run.params)
    after, homeless = as_id(run.state.get("after") or ""), dict(run.state.get("homeless", {}))
    with run.database.reading() as session:
        actor = actor_of(session, run.made_by)
    require(actor, RIGHT)
    new, version, revision = _target(run, wish, house, actor)
    with run.database.reading() as session:
        looking = impact.Look.of(session, new, version, wish.choices, clock.now())
    while True:
        with run.database.reading() as session:
            ids = _ids(session, wish, after, BATCH)
            found = impact.judged(session, looking, ids)
        if not ids:
            break
        for one in found:
            for why in one.why:
                if why["mappable"]:
                    key = f"{why['process']}/{why['node']}"
                    count = homeless.get(key, {}).get("count", 0)
                    homeless[key] = {"name": why["name"], "count": count + 1}
        after = ids[-1]
        items = [jobs.Item(str(one.instance), one.verdict, one.data()) for one in found]
        state = {"after": str(after), "homeless": homeless, "revision": revision}
        run.tell(done=run.done + len(ids), items=items, state=state)
    return {"homeless": homeless, "targets": targets(new, homeless)}


def _target(run: jobs.Run, wish: Wish, house: House, actor: Actor) -> tuple[Compiled, int | None, int | None]:
    """The version or draft that is looked at, with its number or revision; a draft is checked with no transaction open.

    Raises NotFound, Invalid, Conflict (the draft has changed since the job began).
    """
    with run.database.reading() as session:
        if wish.draft is None:
            return *target_of(session, wish), None
        draft = drafts.get(session, wish.draft, actor)
        files, base, revision = drafts.files(session, draft), drafts.base_files(session, draft), draft.revision
    if run.state and run.state.get("revision") != revision:
        raise Conflict("中断期间草稿又有改动，已看的和没有看的不是同一份；请重新看影响")
    made = verdict(files, key=wish.process, context=house.context, base=base).required().compiled
    return made, None, revision


def targets(new: Compiled, homeless: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """For each step without a place, the steps of its process in the new version that may take its token."""
    return {
        key: [
            {"node": task, "name": one_line(new.program.names[process, task])}
            for process, task in new.program.user_tasks
            if process == key.partition("/")[0]
        ]
        for key in homeless
    }


def move(run: jobs.Run) -> dict[str, Any]:
    """The work of a migration job: some cases in a transaction, in which they are noted too; where that fails as a
    whole, each of them in one of its own."""
    wish = Wish.read(run.params, str(run.id))
    after = as_id(run.state.get("after") or "")
    while True:
        with run.database.reading() as session:
            actor = actor_of(session, run.made_by)
            ids = _ids(session, wish, after, TOGETHER)
        require(actor, RIGHT)
        if not ids:
            return {}
        _move_together(run, wish, ids, actor)
        after = ids[-1]


def _move_together(run: jobs.Run, wish: Wish, ids: Sequence[UUID], actor: Actor) -> None:
    before = run.done
    try:
        with run.database.transaction() as session:
            told = moved_together(session, wish, ids, actor, clock.now())
            run.step(session, done=before + len(ids), state={"after": str(ids[-1])}, items=told)
    except (jobs.Stopped, NotAllowed):
        raise
    except Exception as error:  # of one of them, or of somebody's lock: the others must not wait for it
        if trouble(error) not in (None, BUSY):
            raise
        log.info("migration_one_by_one", cases=len(ids), error=describe(error))
        run.done = before
        for case in ids:
            _move_one(run, wish, case, actor)
    else:
        run.go_on()


def moved_together(session: Session, wish: Wish, ids: Sequence[UUID], actor: Actor, now: datetime) -> list[jobs.Item]:
    """Moves cases and says of each so, with each clock that is elsewhere since, or why it stayed. Raises what is no
    case's own fault."""
    if wish.to is None:
        raise Invalid("请指明要迁移到的版本", [Finding("/to", "必填，请填写版本号；草稿须先发布")])
    batch = Batch(session, wish.process, wish.to, wish.choices, actor=actor, now=now)
    return [_told(one, wish.to, now) for one in batch.move(ids, dated_clocks.of_rows)]


def _told(one: Gone[dict[dated_clocks.Key, dated_clocks.Clock]] | Stayed, to: int, now: datetime) -> jobs.Item:
    if isinstance(one, Stayed):
        known = {"number": one.number} if one.before is None else {"number": one.number, "version": one.before}
        return jobs.Item(str(one.case), FAILED, {**known, **reason_of(one.error)})
    clocks = dated_clocks.moved(one.seen, dated_clocks.of_landing(one.landing, one.known, one.found, one.new), now)
    return _moved(one.case, one.number, one.before, to, now, clocks)


def _move_one(run: jobs.Run, wish: Wish, case: UUID, actor: Actor) -> None:
    state, done = {"after": str(case)}, run.done + 1
    try:
        with run.database.transaction() as session:
            moved = moved_one(session, wish, case, actor, clock.now())
            run.step(session, done=done, state=state, items=[moved])
    except (jobs.Stopped, NotAllowed):
        raise
    except Exception as error:  # what is wrong with one case must not hold up the others
        if trouble(error) not in (None, BUSY):
            raise
        run.done = done - 1
        run.tell(done=done, state=state, items=[_failed(run, case, error)])
    else:
        run.go_on()


def moved_one(session: Session, wish: Wish, case: UUID, actor: Actor, now: datetime) -> jobs.Item:
    """Moves one case and says so, with each clock that is elsewhere since. Raises what ``migrate`` raises."""
    if wish.to is None:
        raise Invalid("请指明要迁移到的版本", [Finding("/to", "必填，请填写版本号")])
    instance = lock(session, case)  # what its clocks are before nobody changes any more
    was, before = instance.version, _clocks(session, instance)
    moved = migrate(session, instance_id=case, to=wish.to, choices=wish.choices, actor=actor, now=now)
    clocks = dated_clocks.moved(before, _clocks(session, moved), now)
    return _moved(case, moved.number, was, wish.to, now, clocks)


def _moved(
    case: UUID, number: str | None, was: int, to: int, now: datetime, clocks: Sequence[Mapping[str, Any]]
) -> jobs.Item:
    told = {"number": number, "from": was, "to": to, "at": now.isoformat()}
    return jobs.Item(str(case), MOVED, {**told, **({"clocks": list(clocks)} if clocks else {})})


def _clocks(session: Session, instance: Instance) -> dated_clocks.Clocks:
    query = select(Timer).where(Timer.instance_id == instance.id, Timer.status == WAITING)
    tasks, timers = open_tasks(session, instance.id), session.scalars(query)
    return dated_clocks.of_rows(tasks, timers, compiled(session, instance.digest, instance.process))


def reason_of(error: Exception) -> dict[str, Any]:
    """The reason why a case was not moved, for people."""
    if isinstance(error, engine.Unfit):
        nodes = [f"{one.process}/{one.node}" for one in error.misfits if one.mappable]
        out = "；".join(dict.fromkeys(one.way_out for one in error.misfits))
        return {"reason": one_line(error.message), "way_out": out, "homeless": nodes}
    if isinstance(error, LiaisonError):
        return {"reason": "；".join([error.message, *(one.message for one in error.findings[:3])])}
    if trouble(error) is not None:
        return {"reason": "该事项正由他人办理，或系统正忙；请稍后重试"}
    return {"reason": "系统内部错误；请联系系统管理员查看日志"}


def _failed(run: jobs.Run, case: UUID, error: Exception) -> jobs.Item:
    if not isinstance(error, LiaisonError):
        log.warning("migration_failed", case=str(case), error=describe(error), exc_info=error)
    with run.database.reading() as session:
        instance = session.get(Instance, case)
        told = {"number": instance.number, "version": instance.version} if instance is not None else {"number": None}
    return jobs.Item(str(case), FAILED, {**told, **reason_of(error)})


def kinds(house: House) -> tuple[jobs.Kind, ...]:
    """The kinds of these jobs, by the facts of the house."""
    return (
        jobs.Kind(IMPACT, "影响评估", RIGHT, lambda run: look(run, house)),
        jobs.Kind(MIGRATION, "在办事项迁移", RIGHT, move),
    )
