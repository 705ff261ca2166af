"""Cases: one with its timeline and diagram, the operations on it, and the list of those that one has begun."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.config.supervision import filled
from service.db.lists import Page
from service.http.context import actor, db, settings
from service.ledger.board import facts_of
from service.processes import commands, freeing, halting, operations, queries, sharing
from service.processes.bundles import compiled
from service.processes.calendars import current, days_between, days_left
from service.processes.models import SUSPENDED, Instance
from service.processes.standing import alone
from service.processes.stuck import why_stuck
from service.processes.subjects import subjects_of
from service.rights import TALENT_OFFICE, may
from service.usecases.evidence import RIGHT as EVIDENCE
from service.usecases.names import Names
from service.usecases.supervision import require_channel
from service.web import present
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text
from service.web.begins import begins, need
from service.web.case_facts import about
from service.web.case_lists import case_columns, filters, rows
from service.web.copies import note_reading
from service.web.exports import Columns, exported
from service.web.instructions import ways_to_instruct
from service.web.tasks import following
from service.web.units_work import panel

blueprint = Blueprint("cases", __name__)


@blueprint.get("/cases/<uuid:instance_id>")
@requires()
def case(instance_id: UUID) -> ResponseReturnValue:
    """One case: the need, where it stands, its timeline, its diagram, and what the reader may do with it."""
    detail = queries.case_detail(db(), instance_id, actor())
    made = compiled(db(), detail.instance.digest, detail.instance.process)
    names, today, calendar = Names(db()), clock.today(), current(db())
    held = [name for task in detail.open_tasks for name in (detail.marks.holder(task), alone(task))]
    names.learn(held, [task.unit for task in detail.open_tasks])
    manned = not detail.marks.absences and all(task.role is not None for task in detail.open_tasks)
    copies = queries.copies_of(db(), detail.instance)
    names.learn(name for copy in copies for name in (copy.username, copy.sent_by))
    if any(copy.username == actor().username and copy.read_at is None for copy in copies):
        note_reading(instance_id)
    return render_template(
        "cases/case.html",
        detail=detail,
        copies=copies,
        urges=_urges(detail) if detail.may["urge"] else {},
        channels=settings().supervision.channels,
        withdrawable={one.username for one in copies if sharing.may_withdraw_copy(one, actor())},
        subjects=subjects_of(db(), detail.open_tasks),
        stuck=why_stuck(db(), detail.instance, today, manned=manned),
        frees=may(actor(), freeing.RIGHT),
        gives_evidence=may(actor(), EVIDENCE),
        ways_to_instruct=list(ways_to_instruct("about_case", instance_id, detail.instance.leader_id)),
        following=following(instance_id) if "after" in request.args else None,
        days={
            str(task.id): days_left(calendar, task.due_on, today, suspended=detail.instance.status == SUSPENDED)
            for task in detail.open_tasks
        },
        waited={str(task.id): days_between(clock.local(task.entered_at).date(), today) for task in detail.open_tasks},
        units=(units := panel(detail.instance, names)),
        others=[task for task in detail.open_tasks if str(task.id) not in units.told],
        **about(detail.instance, made, names),
    )


@blueprint.post("/cases/<uuid:instance_id>/urge")
@requires()
def urge(instance_id: UUID) -> ResponseReturnValue:
    """催办."""
    fields = sent()
    count = operations.urge(
        db(),
        instance_id=instance_id,
        text=text(fields, "text"),
        task_id=text(fields, "task_id") or None,
        channel=require_channel(text(fields, "channel"), settings().supervision),
        actor=actor(),
        now=clock.now(),
    )
    return done(f"已催办，本件累计催办 {count} 次。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/suspend")
@requires()
def suspend(instance_id: UUID) -> ResponseReturnValue:
    """挂起."""
    fields = sent()
    said = {name: text(fields, name) for name in ("reason", "due", "asked_by", "approved_by")}
    halting.suspend(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **said)
    return done(f"已挂起，恢复后{halting.CHOICES[said['due']]}。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/resume")
@requires()
def resume(instance_id: UUID) -> ResponseReturnValue:
    """恢复."""
    halting.resume(db(), instance_id=instance_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已恢复办理。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/terminate")
@requires()
def terminate(instance_id: UUID) -> ResponseReturnValue:
    """终止."""
    commands.terminate(db(), instance_id=instance_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已终止。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.get("/cases/started")
@requires()
def started() -> ResponseReturnValue:
    """我发起的."""
    page = _started(PER_PAGE, offset())
    return render_template(
        "cases/started.html",
        page=page,
        need=need(),
        begins=begins(),
        **rows(page.items),
    )


def _urges(detail: queries.CaseDetail) -> dict[str, str]:
    """The drafted urge of each open step of others, by the step's id (``supervision.toml``)."""
    tasks = [task for task in detail.open_tasks if task.role != TALENT_OFFICE]
    facts = facts_of(db(), tasks, clock.today())
    return {str(task.id): filled(settings().supervision.urge_text, facts[task.id]) for task in tasks}


def _started(limit: int, offset: int) -> Page[Instance]:
    return queries.started_by(db(), actor(), filters=filters(process=None), limit=limit, offset=offset)


def _started_columns(instances: Sequence[Instance]) -> Columns[Instance]:
    beside = rows(instances)
    names, standings = beside["names"], beside["standings"]
    return {
        **case_columns(names),
        "时限": lambda case: "、".join(present.lateness(standings.get(case.id))),
        "催办次数": lambda case: case.urges,
        "登记单位": lambda case: names.unit(case.initiator_unit),
        "登记人": lambda case: names.person(case.initiator),
        "登记时间": lambda case: case.started_at,
        "办结时间": lambda case: case.ended_at,
    }


exported(blueprint, "/cases/started.xlsx", "我发起的", _started, _started_columns)
