"""Impact 影响: what another version of a process would mean for each open case. Nothing is locked or changed.

The right to move cases is not one to see them: an item names the case by its number and its steps by the words of the
drawing, never its title, its people or what forms said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock, engine
from service.errors import LiaisonError
from service.people.queries import all_unit_names
from service.processes import effects as fx
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.contexts import context_of
from service.processes.migrating import Choices, frame_now, known_of
from service.processes.models import DONE, IS_OPEN, OPEN, RUNNING, SUSPENDED, WAITING, Instance, Timer, UserTask
from service.processes.moves import RECOUNT, Known, Move, no_action
from service.processes.rules import one_line
from service.processes.wiring import wiring
from service.studio import dated_clocks
from service.workdays import Calendar

MOVES, CHANGES, CANNOT = "moves", "changes", "cannot"
OPEN_CASES = (RUNNING, SUSPENDED)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The outlook of one case. ``verdict``: it moves, moves with a change, or cannot.

    ``why``: what stands in the way, each ``{process, node, name, why, message, mappable, way_out}``. ``stands``: the
    names of the steps at which it would stand. ``due``: dates that would move by the choice made, ``recounted``: those
    that would if dates were counted anew, each ``{step, from, to, late}``. ``timers``: ``{name, at, new, now}`` of
    clocks that would come or go; ``clocks``: all that would be elsewhere, those dates and timers among them
    (``dated_clocks.moved``). ``people``: ``{step, from, to}``; ``missing``: ``{step, field, title}`` that the new
    version wants of steps that are done; ``steps``: ``{from, to}`` of steps that would be called otherwise.
    """

    instance: UUID
    number: str | None
    version: int
    verdict: str
    why: Sequence[Mapping[str, Any]] = ()
    stands: Sequence[str] = ()
    due: Sequence[Mapping[str, Any]] = ()
    recounted: Sequence[Mapping[str, Any]] = ()
    timers: Sequence[Mapping[str, Any]] = ()
    clocks: Sequence[Mapping[str, Any]] = ()
    people: Sequence[Mapping[str, Any]] = ()
    missing: Sequence[Mapping[str, Any]] = ()
    steps: Sequence[Mapping[str, Any]] = ()

    def data(self) -> dict[str, Any]:
        """As a job's item keeps it."""
        lists = ("why", "stands", "due", "recounted", "timers", "clocks", "people", "missing", "steps")
        told = {name: list(getattr(self, name)) for name in lists}
        return {"number": self.number, "version": self.version, **{name: one for name, one in told.items() if one}}


@dataclass(frozen=True, slots=True)
class Case:
    """An open case as it stands: its row, its open and its done tasks, its waiting timers."""

    instance: Instance
    tasks: Sequence[UserTask]
    done: Sequence[UserTask]
    timers: Sequence[Timer]


@dataclass
class Look:
    """A look at open cases of one process as of ``now``, all towards ``new`` (the number of whose version is
    ``version``, None for a draft)."""

    new: Compiled
    version: int | None
    frame: Mapping[str, Any]
    choices: Choices
    calendar: Calendar
    now: datetime
    role_name: Any
    opening: Any
    unit_names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, new: Compiled, version: int | None, choices: Choices, now: datetime) -> Look:
        """A look by what is in force today."""
        plan = wiring(session)
        calendar = current(session)
        given = (calendar, now, plan.role_name, plan.opening, all_unit_names(session))
        return cls(new, version, frame_now(session), choices, *given)

    def at(self, old: Compiled, case: Case) -> Outlook:
        """The outlook of ``case``, whose version is ``old``."""
        instance, known = case.instance, known_of(case.tasks)
        outlook = partial(Outlook, instance.id, instance.number, instance.version)
        days = DayFunctions(self.calendar, self.now)
        context = replace(context_of(instance.id, 0, days, no_action, self.opening), in_memory=True)
        mapping = {pair: to for pair, to in self.choices.mapping.items() if pair in old.program.names}
        move = Move(old, self.new, instance.frame, self.frame, mapping, self.choices.due, self.version)
        try:
            landing = move.land(instance.state, known, self.calendar, context)
            found = move.effects(landing, known, days, engine.RULES)
            anew = found if move.recount else replace(move, due=RECOUNT).dues(landing, known, days, engine.RULES)
        except engine.Unfit as error:
            return outlook(CANNOT, why=[_misfit(one) for one in error.misfits])
        except LiaisonError as error:
            why = {"process": "", "node": "", "name": "", "why": "fails", "message": error.message, "mappable": False}
            return outlook(CANNOT, why=[why])
        stands = [self._step(one.process, one.task) for one in landing.open_tasks.values()]
        seen = outlook(
            MOVES,
            stands=stands,
            due=list(self._dues(found, known, landing)),
            recounted=list(self._dues(anew, known, landing)),
            timers=list(self._timers(case.timers, landing)),
            clocks=dated_clocks.moved(
                dated_clocks.of_rows(case.tasks, case.timers, old),
                dated_clocks.of_landing(landing, known, found, self.new),
                self.now,
            ),
            people=list(self._people(found, known)),
            missing=list(self._missing(old, case)),
            steps=list(self._steps(old, found, known)),
        )
        changes = (seen.clocks, seen.people, seen.missing, seen.steps)
        return replace(seen, verdict=CHANGES) if any(changes) else seen

    def _step(self, process: str, task: str) -> str:
        return dated_clocks.step_of(self.new, process, task)

    def _dues(
        self, found: Sequence[fx.Effect], known: Mapping[str, Known], landing: engine.Landing
    ) -> Iterator[dict[str, Any]]:
        today = clock.local(self.now).date().isoformat()
        for effect in found:
            if effect.kind == fx.DUE_CHANGED and effect.task:
                task, new = landing.open_tasks[effect.task], effect.data["due_on"]
                old = known[effect.task].due["due_on"]
                if old != new:
                    late = new is not None and new < today and not (old is not None and old < today)
                    yield {"step": self._step(task.process, task.task), "from": old, "to": new, "late": late}

    def _timers(self, before: Sequence[Timer], landing: engine.Landing) -> Iterator[dict[str, Any]]:
        there = {str(timer.id): timer for timer in before}
        for timer_id, armed in landing.timers.items():
            if timer_id not in there:
                now = armed.fire_at <= self.now
                yield {"name": one_line(armed.name), "at": armed.fire_at.isoformat(), "new": True, "now": now}
        for timer_id, timer in there.items():
            if timer_id not in landing.timers:
                told = {"name": one_line(timer.name), "at": timer.fire_at.isoformat()}
                yield {**told, "new": False, "now": False}

    def _people(self, found: Sequence[fx.Effect], known: Mapping[str, Known]) -> Iterator[dict[str, Any]]:
        for effect in found:
            if effect.kind == fx.RENEWED and effect.data["handed_on"] and effect.task:
                said, before = effect.data, known[effect.task].facts
                step = self._step(said["process"], said["task"])
                yield {"step": step, "from": self._whose(before), "to": self._whose(said)}

    def _whose(self, facts: Mapping[str, Any]) -> str:
        role = self.role_name(facts["role"]) or facts["role"] or "无人"
        unit = facts["unit"]
        return f"{role}（{self.unit_names.get(unit, unit)}）" if unit else str(role)

    def _steps(self, old: Compiled, found: Sequence[fx.Effect], known: Mapping[str, Known]) -> Iterator[dict[str, Any]]:
        for effect in found:
            if effect.kind == fx.RENEWED and effect.task:
                was = (known[effect.task].facts["process"], known[effect.task].facts["task"])
                before = dated_clocks.step_of(old, *was)
                after = self._step(effect.data["process"], effect.data["task"])
                if before != after:
                    yield {"from": before, "to": after}

    def _missing(self, old: Compiled, case: Case) -> Iterator[dict[str, Any]]:
        """The fields that the new version's forms want of steps that are done, and of which nobody was asked then."""
        seen: set[tuple[str, str]] = set()
        for task in case.done:
            key = (task.process, task.task)
            if key in seen or key not in self.new.program.user_tasks:
                continue
            seen.add(key)
            form = self.new.form_of(*key)
            asked = set(old.form_of(*key).fields) if key in old.program.user_tasks else set()
            data = case.instance.data
            slot = data.get("slots", {}).get(task.scope, {}) if task.scope else {}
            for name in form.schema.get("required", ()):
                if name not in asked and name not in data and name not in slot:
                    title = str(form.fields.get(name, {}).get("title") or name)
                    yield {"step": self._step(*key), "field": name, "title": title}


def _misfit(one: engine.Misfit) -> dict[str, Any]:
    told = {"process": one.process, "node": one.node, "name": one_line(one.name), "why": one.why}
    return {**told, "message": one_line(one.message), "mappable": one.mappable, "way_out": one.way_out}


# --- Which cases -----------------------------------------------------------------------------------------------------


def open_ids(
    session: Session,
    process: str,
    *,
    version: int | None,
    but: int | None = None,
    only: Sequence[UUID] | None = None,
    after: UUID | None = None,
    limit: int | None = None,
) -> list[UUID]:
    """Ids of the open cases of a process (of one ``version``; not of ``but``; of ``only``), in order, behind
    ``after``.

    Of thousands that are named each look asks for the next few only.
    """
    if only is not None and limit is not None:
        left = sorted(one for one in only if after is None or one > after)
        for start in range(0, len(left), limit):
            some = left[start : start + limit]
            if found := open_ids(session, process, version=version, but=but, only=some):
                return found
        return []
    query = select(Instance.id).where(Instance.process == process, Instance.status.in_(OPEN_CASES))
    if version is not None:
        query = query.where(Instance.version == version)
    if but is not None:
        query = query.where(Instance.version != but)
    if only is not None:
        query = query.where(Instance.id.in_(only))
    if after is not None:
        query = query.where(Instance.id > after)
    return list(session.scalars(query.order_by(Instance.id).limit(limit)))


def cases(session: Session, ids: Sequence[UUID]) -> list[Case]:
    """The open cases of these ids, in order of id; four statements."""
    instances = session.scalars(select(Instance).where(Instance.id.in_(ids)).order_by(Instance.id)).all()
    query = select(UserTask).where(UserTask.instance_id.in_(ids), UserTask.status.in_((OPEN, DONE)))
    tasks: dict[UUID, list[UserTask]] = {}
    for task in session.scalars(query.order_by(UserTask.entered_seq, UserTask.id)):
        tasks.setdefault(task.instance_id, []).append(task)
    timers: dict[UUID, list[Timer]] = {}
    for timer in session.scalars(select(Timer).where(Timer.instance_id.in_(ids), Timer.status == WAITING)):
        timers.setdefault(timer.instance_id, []).append(timer)
    return [
        Case(
            one,
            [task for task in tasks.get(one.id, ()) if task.status == OPEN],
            [task for task in tasks.get(one.id, ()) if task.status == DONE],
            timers.get(one.id, ()),
        )
        for one in instances
        if one.status in OPEN_CASES
    ]


def judged(session: Session, look: Look, ids: Sequence[UUID]) -> list[Outlook]:
    """The outlooks of these cases."""
    return [
        look.at(compiled(session, case.instance.digest, case.instance.process), case) for case in cases(session, ids)
    ]


def open_by_step(session: Session, process: str) -> list[tuple[int, str, str, int]]:
    """(version, process, step, how many) of the open tasks of a process's open cases: what owners may know of them."""
    query = (
        select(Instance.version, UserTask.process, UserTask.task, func.count(func.distinct(Instance.id)))
        .join(UserTask, UserTask.instance_id == Instance.id)
        .where(Instance.process == process, Instance.status.in_(OPEN_CASES), IS_OPEN)
        .group_by(Instance.version, UserTask.process, UserTask.task)
        .order_by(Instance.version.desc(), UserTask.process, UserTask.task)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]
