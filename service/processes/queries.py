"""Reading tasks and instances: lists with a fixed number of statements, details, timelines, drawn trails."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service import clock, history
from service.db.lists import Page, page_of_ids, whole
from service.db.memory import remembered
from service.errors import Conflict, NotFound
from service.processes import access, extensions, lateness, visibility
from service.processes.bundles import compiled
from service.processes.calendars import DayFunctions, current, days_between, days_left
from service.processes.commands import as_uuid, return_targets
from service.processes.dated import known_days, page_rules
from service.processes.dispatching import all_conditions_of, clauses_of
from service.processes.filters import BEST, NEWEST, case_order, task_clauses
from service.processes.filters import CaseFilter as CaseFilter
from service.processes.filters import TaskFilter as TaskFilter
from service.processes.forms import Form
from service.processes.marking import marks as marks_of
from service.processes.models import (
    COMPLETED,
    DONE,
    OPEN,
    RUNNING,
    SUSPENDED,
    CopyTo,
    Instance,
    UserTask,
)
from service.processes.newest import first_begun, is_plain, newest
from service.processes.prefills import filled_in
from service.processes.ranking import ranked
from service.processes.recording import stream_of
from service.processes.rules import NO_CASE, NO_TASK, light
from service.processes.shown import cases_by_id, tasks_by_id
from service.processes.standing import NOTHING, Absence, Marks
from service.processes.todo import light_counts as light_counts
from service.processes.todo import open_tasks as open_tasks
from service.processes.told_texts import day_facts, told_form
from service.processes.versions import find_versions
from service.processes.visibility import Seen, seen
from service.processes.wide import listed, of_process
from service.processes.wiring import wiring
from service.rights import Actor, may


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """A task with what its page needs. ``may_act``: the reader may complete it now.

    ``form`` is that of the version of the case, of a task that is done that of the version by which it was done.
    ``holder`` has claimed it and could still take it. ``absence``: nobody can act in its role, and who does instead.
    ``listing`` selects the ids of the records that an open task is about, ``listed`` is what they are (``talents``);
    None where it has no list. ``refused`` says why nobody is given the form (``Form.undrawable``). ``proposed`` are the
    fields whose values the service has worked out (``x-fill``).
    """

    task: UserTask
    instance: Instance
    light: str
    form: Form
    schema: Mapping[str, Any]
    ui_schema: Mapping[str, Any]
    data: Mapping[str, Any]
    due_explanation: Mapping[str, Any]
    days_left: int | None
    waiting_days: int
    round: int
    may_act: bool
    may_claim: bool
    may_release: bool
    may_reassign: bool
    may_take_back: bool
    may_ask: bool
    may_extend: bool
    targets: Sequence[tuple[str, str]]
    warnings: Sequence[Mapping[str, Any]]
    dates: Sequence[Mapping[str, Any]]
    on_behalf_of: str | None = None
    holder: str | None = None
    absence: Absence | None = None
    listing: Select[str] | None = None
    listed: str | None = None
    refused: str = ""
    proposed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """An instance with its tasks, what of the open ones is not as it seems, and what the reader may do with it."""

    instance: Instance
    open_tasks: Sequence[UserTask]
    done_tasks: Sequence[UserTask]
    lights: Mapping[str, str]
    standing: lateness.Standing = lateness.IN_TIME
    marks: Marks = NOTHING
    may: Mapping[str, bool] = field(default_factory=dict)


# --- Tasks -----------------------------------------------------------------------------------------------------------


def done_tasks(
    session: Session, actor: Actor, *, today: date, filters: TaskFilter | None = None, limit: int = 50, offset: int = 0
) -> Page[UserTask]:
    """已办: tasks that the actor completed, the latest first. So many as ``MOST_COUNTED`` are counted."""
    wanted = filters or TaskFilter()
    clauses = task_clauses(wanted, today)
    query = select(UserTask).where(UserTask.status == DONE, UserTask.completed_by == actor.username)
    if clauses:
        query = query.join(UserTask.instance).where(*clauses)
    query = query.order_by(UserTask.completed_at.desc(), UserTask.id)
    found = page_of_ids(session, query.with_only_columns(UserTask.id), limit=limit, offset=offset)
    rows = tasks_by_id(session, found.items)
    shown = tuple(rows[one] for one in found.items if one in rows)
    return Page(shown, found.total, found.limit, found.offset, found.more)


def task_detail(session: Session, task_id: UUID | str, actor: Actor) -> TaskDetail:
    """A task with form, prefilled data and the reader's rights. NotFound where the case is not the reader's to see.

    Conflict where the task was for the reader and a colleague has done it.
    """
    task = session.get(UserTask, as_uuid(task_id, NO_TASK))
    if task is None:
        raise NotFound(NO_TASK)
    represented = access.taker(session, actor, task, clock.now())
    if represented is None and not visibility.sees_task(session, task, actor):
        raise NotFound(NO_TASK)
    if task.status != OPEN and not visibility.sees(session, task.instance_id, actor):
        raise Conflict(access.over(session, task))  # it was for the reader, who is told no more of the case than that
    instance = session.get_one(Instance, task.instance_id)
    made = compiled(session, instance.digest, instance.process)
    then = made if task.status == OPEN else find_versions(session, instance).at(task.completed_seq or task.entered_seq)
    form = then.form_of(task.process, task.task)
    calendar, today = current(session), clock.today()
    live = task.status == OPEN and instance.status == RUNNING
    office = may(actor, "operate_cases")
    acts = live and represented is not None
    filled = filled_in(session, task, form, represented if acts else None)
    marks = marks_of(session, [task], today)
    holder = marks.holder(task)
    listing = form.listing if task.status == OPEN else None
    rounds = session.scalar(
        select(func.count()).where(
            UserTask.instance_id == instance.id,
            UserTask.scope == task.scope,
            UserTask.task == task.task,
            UserTask.entered_seq <= task.entered_seq,
        )
    )
    shown = task.data if acts else seen(session, instance, actor).of_task(task, task.data)
    facts = day_facts(task.due_on, clock.local(task.entered_at).date(), calendar)
    schema, ui_schema = told_form(form, {**shown, **facts}, DayFunctions(calendar, task.entered_at).table())
    return TaskDetail(
        task=task,
        instance=instance,
        light=light_of(task, today, suspended=instance.status == SUSPENDED),
        form=form,
        schema=schema,
        ui_schema=ui_schema,
        data=filled.values if acts else seen(session, instance, actor).of_task(task, filled.values),
        proposed=filled.proposed,
        due_explanation=task.due_explanation,
        days_left=days_left(calendar, task.due_on, today, suspended=instance.status == SUSPENDED)
        if task.status == OPEN
        else None,
        waiting_days=days_between(clock.local(task.entered_at).date(), today),
        round=rounds or 1,
        may_act=acts,
        may_claim=acts and holder is None,
        may_release=live and holder is not None and (represented is not None or office),
        may_reassign=live and (represented is not None or office),
        may_take_back=represented is not None
        and task.status == DONE
        and task.completed_by == actor.username
        and instance.status in (RUNNING, COMPLETED),
        may_ask=acts and extensions.askable(task),
        may_extend=live and office and extensions.movable(task),
        targets=return_targets(session, made, task) if acts else [],
        warnings=form.schema.get("x-warn", []),
        dates=page_rules(form, known_days(session, form, task, today)) if task.status == OPEN else [],
        on_behalf_of=represented.on_behalf_of_name if represented is not None else None,
        holder=holder,
        absence=marks.absences.get(task.id),
        listing=wiring(session).listings[listing[0]](task.data, today) if listing is not None else None,
        listed=listing[1] if listing is not None else None,
        refused=form.undrawable,
    )


def warnings_of(session: Session, task: UserTask) -> list[str]:
    """The warnings of a completed task's form at its submission (``x-warn``, ``x-dates``); one statement."""
    return list(history.said(session, stream_of(task.instance_id), task.completed_seq).get("warnings", ()))


def light_of(task: UserTask, today: date, *, suspended: bool = False) -> str:
    """The light of a task's row."""
    return light(
        due_on=task.due_on,
        warn_on=task.warn_on,
        paused=task.paused or suspended,
        today=today,
        late_days=task.late_days if task.status == DONE else None,
    )


# --- Cases -----------------------------------------------------------------------------------------------------------


def cases(
    session: Session, actor: Actor, *, filters: CaseFilter | None = None, limit: int = 50, offset: int = 0
) -> Page[Instance]:
    """台账 (R2): the cases that the actor may see. Raises Invalid, also for sorts of too many (``ranking``)."""
    wanted = filters or CaseFilter()
    if is_plain(actor, wanted, offset):
        return _shown(session, newest(session, actor, wanted, limit, offset))
    narrow, wide = all_conditions_of(session, wanted)
    if not visibility.sees_all(actor):
        wide.append(visibility.ways_of(session, actor).wide)
    by_date = wanted.sort in (BEST, "-started") and not wanted.sort_said
    order, newest_first = case_order(session, wanted, wiring(session)), NEWEST if by_date else None
    in_order = ranked(session, wanted, wiring(session))
    asked = (wanted.process, narrow, wide)
    found = listed(session, *asked, order=order, newest=newest_first, ranked=in_order, limit=limit, offset=offset)
    return _shown(session, found)


def _shown(session: Session, found: Page[UUID]) -> Page[Instance]:
    """A page with its cases in the place of their ids; one statement."""
    rows = instances_by_id(session, found.items)
    shown = tuple(rows[one] for one in found.items if one in rows)
    return Page(shown, found.total, found.limit, found.offset, found.more)


def case_ids(session: Session, actor: Actor, filters: CaseFilter) -> list[UUID]:
    """The ids of all cases of ``cases``, in its order. One statement."""
    return list(session.scalars(_all_ids(session, actor, filters)))


def each_case_id(session: Session, actor: Actor, filters: CaseFilter) -> Iterator[UUID]:
    """The same, one after the other, for whoever reads a whole ledger: it is sorted once, and the database keeps what
    has not been read yet. One statement; the session may ask others meanwhile."""
    yield from whole(session, _all_ids(session, actor, filters))


def _all_ids(session: Session, actor: Actor, filters: CaseFilter) -> Select[UUID]:
    mine = visibility.visible_clause(session, actor)
    order = case_order(session, filters, wiring(session))
    return select(Instance.id).where(mine, *clauses_of(session, filters)).order_by(*order)


def count_each(session: Session, actor: Actor, questions: Sequence[CaseFilter], most: int) -> list[int]:
    """How many cases each question finds that the actor may see, ``most`` for as many or more; one statement."""
    if not questions:
        return []
    mine = visibility.visible_clause(session, actor)
    counted = []
    for wanted in questions:
        some = select(Instance.id).where(mine, *clauses_of(session, wanted)).limit(most).subquery()
        counted.append(select(func.count()).select_from(some).scalar_subquery())
    return list(session.execute(select(*counted)).one())


def first_started(session: Session, actor: Actor, process: str) -> date | None:
    """The day on which the first of the cases of a process began that the actor may see."""
    if visibility.sees_all(actor):
        found = session.scalar(select(func.min(Instance.started_at)).where(*of_process(process, found=False)))
    else:
        found = first_begun(session, actor, process)
    return clock.local(found).date() if found is not None else None


def seen_among(session: Session, ids: Collection[UUID], actor: Actor) -> frozenset[UUID]:
    """Those of the cases ``ids`` that the actor may see; one statement."""
    query = select(Instance.id).where(Instance.id.in_(ids), visibility.visible_clause(session, actor))
    return frozenset(session.scalars(query)) if ids else frozenset()


def find_by_number(session: Session, number: str, actor: Actor) -> Instance | None:
    """The case with this number, if the actor may see it."""
    mine = visibility.visible_clause(session, actor)
    return session.scalar(select(Instance).where(Instance.number == number, mine))


def started_by(
    session: Session, actor: Actor, *, filters: CaseFilter | None = None, limit: int = 50, offset: int = 0
) -> Page[Instance]:
    """我发起的: cases that the actor started."""
    wanted = filters or CaseFilter(process=None)
    plan, mine = wiring(session), Instance.initiator == actor.username
    query = select(Instance.id).where(mine, *clauses_of(session, wanted)).order_by(*case_order(session, wanted, plan))
    return _shown(session, page_of_ids(session, query, limit=limit, offset=offset))


def copied_to(
    session: Session, actor: Actor, *, filters: CaseFilter | None = None, limit: int = 50, offset: int = 0
) -> Page[Instance]:
    """抄送我的: cases that were copied to the actor, the latest first."""
    wanted = filters or CaseFilter(process=None)
    query = (
        select(Instance.id)
        .join(CopyTo, CopyTo.instance_id == Instance.id)
        .where(CopyTo.username == actor.username, visibility.copied_clause(session, actor))
        .where(*clauses_of(session, wanted))
        .order_by(CopyTo.sent_at.desc(), Instance.id)
    )
    return _shown(session, page_of_ids(session, query, limit=limit, offset=offset))


def case_detail(session: Session, instance_id: UUID | str, actor: Actor) -> CaseDetail:
    """A case with its tasks and what the reader may do. Raises NotFound where the reader may not see it."""
    instance = visible(session, instance_id, actor)
    query = select(UserTask).where(UserTask.instance_id == instance.id).order_by(UserTask.entered_seq, UserTask.id)
    rows = seen(session, instance, actor).rows(session.scalars(query))
    today, office = clock.today(), may(actor, "operate_cases")
    running, suspended = instance.status == RUNNING, instance.status == SUSPENDED
    opened = [row for row in rows if row.status == OPEN]
    return CaseDetail(
        instance=instance,
        open_tasks=opened,
        done_tasks=[row for row in rows if row.status == DONE],
        lights={str(row.id): light_of(row, today, suspended=suspended) for row in rows},
        standing=lateness.standings(session, [instance], today).get(instance.id, lateness.IN_TIME),
        marks=marks_of(session, opened, today),
        may={
            "urge": office and running and any(row.role != access.OFFICE for row in opened),
            "suspend": office and running,
            "resume": office and suspended,
            "terminate": office and (running or suspended),
            "comment": visibility.may_speak(session, instance, actor),
            "copy": visibility.handles(session, instance, actor),
        },
    )


def instances_by_id(session: Session, instance_ids: Collection[UUID]) -> dict[UUID, Instance]:
    """Id → case, of those of ``instance_ids`` that there are, whoever asks; at most one statement."""
    return cases_by_id(session, instance_ids)


def copies_of(session: Session, instance: Instance) -> list[CopyTo]:
    """To whom the case is copied (抄送), the latest first; for whoever may see it."""
    query = select(CopyTo).where(CopyTo.instance_id == instance.id)
    return list(session.scalars(query.order_by(CopyTo.sent_at.desc(), CopyTo.username)))


def visible(session: Session, instance_id: UUID | str, actor: Actor) -> Instance:
    """The instance, if the actor may see it; or may do one of its open tasks as a substitute. Else NotFound."""
    return visibility.visible_instance(session, as_uuid(instance_id, NO_CASE), actor)


def timeline(session: Session, instance_id: UUID | str, actor: Actor) -> list[history.HistoryEvent]:
    """The journal of a case, in order, for whoever may see it; of a round without what is other units' alone."""
    instance = visible(session, instance_id, actor)

    def ask() -> list[history.HistoryEvent]:
        _, mine, events = journal(session, instance.id, actor)
        return mine.events(events)

    return list(remembered(session, (timeline, instance.id, actor), ask))


def journal(
    session: Session, instance_id: UUID | str, actor: Actor
) -> tuple[Instance, Seen, Sequence[history.HistoryEvent]]:
    """A case, the part of it that the actor sees, and its whole journal. Raises NotFound where the actor may not see
    the case."""
    instance = visible(session, instance_id, actor)

    def ask() -> tuple[Instance, Seen, Sequence[history.HistoryEvent]]:
        return instance, seen(session, instance, actor), history.stream_events(session, stream_of(instance.id))

    return remembered(session, (journal, instance.id, actor), ask)


# --- Shared ----------------------------------------------------------------------------------------------------------
