"""Cases that nobody can move: which they are as of a day, why in words, and to which steps they could be put back.

A running case is stuck where nothing is open in it and no timer is armed (a hole in its drawing), where a part of it (a
unit's, a parallel branch) lies for ever beside what goes on, where an open task is nobody's to take today, or where a
timer has failed so often that it is given up. Asked when read: the page, the interface, the worker's sweep and the
figures share ``stuck``. Whether a part lies follows from the state alone and stands with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, defer

from service import engine
from service.db.lists import Page, page
from service.processes import standing
from service.processes.bundles import Compiled, compiled
from service.processes.models import DONE, IS_OPEN, OPEN, RUNNING, WAITING, Incident, Instance, Timer, UserTask
from service.processes.returning import targets_among
from service.processes.rules import one_line
from service.processes.timers import MAX_ATTEMPTS

UNMANNED, STANDSTILL, FAILED = "unmanned", "standstill", "timer"
KINDS: Mapping[str, str] = {UNMANNED: "无人可办", STANDSTILL: "没有下一步", FAILED: "定时执行失败"}
"""Why a case is stuck, in a word. The same words are the kinds of the incidents."""

_LEAN = (defer(Instance.state), defer(Instance.frame), defer(Instance.data))


@dataclass(frozen=True, slots=True)
class Target:
    """A step to which the token can be put back: its id, its name, in which scope ('' for the case itself)."""

    scope: str
    task: str
    name: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case is stuck: one of ``KINDS``, at which step, in words. ``task`` is the open task that nobody may take;
    ``role``, ``unit`` and ``leader`` say whose it is. ``node`` is the element of the drawing where the token lies."""

    kind: str
    step: str
    message: str
    task: UUID | None = None
    role: str | None = None
    unit: str | None = None
    leader: UUID | None = None
    node: str = ""
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class StuckCase:
    """A case that nobody can move (without its data and state), the name of its process, and why."""

    instance: Instance
    process_name: str
    reasons: tuple[Reason, ...]


# --- The definition --------------------------------------------------------------------------------------------------


def stuck(session: Session, day: date, only: UUID | None = None, *, manned: bool = False) -> ColumnElement[bool]:
    """Instances that nobody can move. ``only`` is the id of the one that is asked about, where it is one: then no
    other's tasks are read; ``manned`` says that somebody is known for each of its open tasks."""
    unmanned = select(UserTask.instance_id).where(IS_OPEN)
    failed = select(Timer.instance_id).where(_given_up())
    if only is not None:
        unmanned, failed = unmanned.where(UserTask.instance_id == only), failed.where(Timer.instance_id == only)
    among = [_lying(), failed] if manned else [_lying(), failed, unmanned.where(standing.unmanned(session, day))]
    return and_(Instance.status == RUNNING, or_(_at_rest(), *(Instance.id.in_(one) for one in among)))


def _at_rest() -> ColumnElement[bool]:
    """No task is open and no timer armed. Such a case may wait for a message, which nothing in the service sends."""
    opened = exists().where(UserTask.instance_id == Instance.id, UserTask.status == OPEN)
    armed = exists().where(Timer.instance_id == Instance.id, Timer.status == WAITING)
    return ~opened & ~armed


def _lying() -> Select[UUID]:
    """The ids of cases of which a part lies. By the index alone: the row's column stands behind its state."""
    one = aliased(Instance)
    return select(one.id).where(one.lying.is_(True))


def _given_up() -> ColumnElement[bool]:
    return and_(Timer.status == WAITING, Timer.attempts >= MAX_ATTEMPTS)


def count(session: Session, day: date) -> int:
    """How many cases nobody can move; one statement."""
    return session.scalar(select(func.count()).select_from(Instance).where(stuck(session, day))) or 0


# --- Which, and why --------------------------------------------------------------------------------------------------


def stuck_cases(session: Session, day: date, *, limit: int = 50, offset: int = 0) -> Page[StuckCase]:
    """The cases that nobody can move, the oldest first; the number of statements does not depend on how many."""
    query = select(Instance).where(stuck(session, day)).options(*_LEAN).order_by(Instance.started_at, Instance.id)
    found = page(session, query, limit=limit, offset=offset)
    return Page(tuple(_explained(session, found.items, day)), found.total, found.limit, found.offset)


def all_stuck(session: Session, day: date) -> list[StuckCase]:
    """All of them, for the worker."""
    query = select(Instance).where(stuck(session, day)).options(*_LEAN).order_by(Instance.id)
    return _explained(session, session.scalars(query).all(), day)


def why_stuck(session: Session, instance: Instance, day: date, *, manned: bool = False) -> tuple[Reason, ...]:
    """Why nobody can move this case; nothing where somebody can. One statement then, a light one where the caller
    knows that each open task is ``manned``."""
    query = select(Instance.id).where(Instance.id == instance.id, stuck(session, day, instance.id, manned=manned))
    if instance.status != RUNNING or session.scalar(query) is None:
        return ()
    return _explained(session, [instance], day)[0].reasons


def unmanned_words(task: UserTask, absence: standing.Absence | None) -> str:
    """Why nobody may take an open task, '' where somebody may. ``absence`` as ``marking.marks`` has it."""
    if task.role is not None and (absence is None or absence.role is not None):
        return ""
    why = absence.words if absence is not None else "没有指定办理角色"
    return f"「{_step(task.name)}」没有人能办理：{why}"[:2000]


def _explained(session: Session, cases: Sequence[Instance], day: date) -> list[StuckCase]:
    if not cases:
        return []
    ids = [one.id for one in cases]
    made = {one.id: compiled(session, one.digest, one.process) for one in cases}
    done = _done(session, ids)
    reasons: dict[UUID, list[Reason]] = {one: [] for one in ids}
    for task, words in _unmanned(session, ids, day):
        steps = [row.task for row in done.get(task.instance_id, ()) if row.scope == task.scope]
        back = targets_among(made[task.instance_id], task.process, task.task, set(steps))
        targets = tuple(Target(task.scope, name, title) for name, title in back)
        whose = (task.id, task.role, task.unit, task.leader_id)
        reasons[task.instance_id].append(Reason(UNMANNED, _step(task.name), words, *whose, targets=targets))
    still = _at_rest().label("at_rest")
    lying = select(Instance.id, Instance.state, still).where(
        Instance.id.in_(ids), or_(still, Instance.id.in_(_lying()))
    )
    for case, state, at_rest in session.execute(lying):
        why = _standstill if at_rest else _partly
        reasons[case] += why(made[case], state, done.get(case, ()))
    for case, name, message in session.execute(_failures(ids)):
        words = str(message or f"定时「{one_line(name)}」多次执行失败")
        reasons[case].append(Reason(FAILED, one_line(name), words))
    return [StuckCase(one, str(made[one.id].program.spec.description), tuple(reasons[one.id])) for one in cases]


def _unmanned(session: Session, ids: Sequence[UUID], day: date) -> list[tuple[UserTask, str]]:
    query = select(UserTask).where(
        UserTask.instance_id.in_(ids), UserTask.status == OPEN, standing.unmanned(session, day)
    )
    tasks = list(session.scalars(query.order_by(UserTask.instance_id, UserTask.entered_seq, UserTask.id)))
    whose = [task for task in tasks if task.role is not None]
    told = standing.absences(session, [standing.Whose.of(task) for task in whose], day)
    absences = dict(zip((task.id for task in whose), told, strict=True))
    return [(task, unmanned_words(task, absences.get(task.id))) for task in tasks]


def _done(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Target]]:
    """Of each case the steps that somebody has completed, the latest first, each of a scope once."""
    query = (
        select(UserTask.instance_id, UserTask.scope, UserTask.task, UserTask.name)
        .where(UserTask.instance_id.in_(ids), UserTask.status == DONE)
        .order_by(UserTask.completed_seq.desc())
    )
    found: dict[UUID, dict[tuple[str, str], Target]] = {}
    for case, scope, task, name in session.execute(query):
        found.setdefault(case, {}).setdefault((scope, task), Target(scope, task, _step(name)))
    return {case: list(steps.values()) for case, steps in found.items()}


def _standstill(made: Compiled, state: str, done: Iterable[Target]) -> list[Reason]:
    lying = engine.held(made.program, state)
    scopes = list(dict.fromkeys(one.scope for one in lying))  # the innermost first
    return [_of(made, lying, tuple(one for scope in scopes for one in done if one.scope == scope))]


def _partly(made: Compiled, state: str, done: Iterable[Target]) -> list[Reason]:
    """A reason for each process, called or not, in which tokens lie while others of the case go on.

    Where all of that process lies, each of its steps may be taken up again; else only those on the way to the token.
    """
    lying, all_held = engine.lying_in(made.program, state), engine.held(made.program, state)
    found = []
    for scope in dict.fromkeys(one.scope for one in lying):
        here = [one for one in lying if one.scope == scope]
        whole = {one.node for one in all_held if one.scope == scope} == {one.node for one in here}
        before = {task for one in here for task in engine.ways_back_of(made.program, one.process, one.node)}
        targets = tuple(one for one in done if one.scope == scope and (whole or one.task in before))
        found.append(_of(made, here, targets, "；本事项的其他步骤还在办"))
    return found


def _of(made: Compiled, lying: Sequence[engine.Held], targets: tuple[Target, ...], more: str = "") -> Reason:
    tokens = [one for one in lying if one.kind != engine.CALL] or lying
    names = list(dict.fromkeys(_step(made.program.names.get((one.process, one.node))) for one in tokens))
    place = "、".join(f"「{name}」" for name in names if name)
    kinds = {one.kind for one in tokens}
    if kinds == {engine.JOIN}:
        why = f"停在汇合处{place}，等其余分支，但不会再有分支到来"
    elif kinds == {engine.MESSAGE}:
        why = f"停在{place or '等消息处'}，等一个没有人会发出的消息"
    else:
        why = f"停在{place}，没有待办，没有定时，也没有结束" if place else "没有待办，没有定时，也没有结束"
    node = tokens[0].node if tokens else ""
    return Reason(
        STANDSTILL, "、".join(name for name in names if name), (why + more)[:2000], node=node, targets=targets
    )


def _failures(ids: Sequence[UUID]) -> Select[UUID, str, str]:
    return (
        select(Timer.instance_id, Timer.name, Incident.message)
        .outerjoin(Incident, and_(Incident.timer_id == Timer.id, Incident.resolved_at.is_(None)))
        .where(Timer.instance_id.in_(ids), _given_up())
        .order_by(Timer.fire_at, Timer.id)
    )


def _step(name: object) -> str:
    """A step's name without whose it is, which stands behind it and is a case's content."""
    return one_line(name).partition("：")[0]
