"""Tasks: the inbox, what one has done, one task with its form, and the operations on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import auth, clock, contacts, liaisons
from service.db.lists import Page
from service.errors import NotFound
from service.http.context import actor, db
from service.http.filled import filled_of, unsealed
from service.liaisons.rules import DRAFT, SUPERSEDED
from service.processes import commands, freeing, operations, queries, urges
from service.processes.bundles import compiled
from service.processes.calendars import current, days_between, days_left
from service.processes.definitions import list_definitions
from service.processes.forms import Form
from service.processes.marking import marks
from service.processes.models import DONE, OPEN, SUSPENDED, UserTask
from service.processes.rules import HANDLING, left, one_line
from service.processes.standing import Marks, alone, stand_in_accounts
from service.processes.stuck import unmanned_words
from service.processes.subjects import Subjects, subjects_of, titled
from service.processes.wiring import wiring
from service.rights import may
from service.talents import CATEGORIES, Talent, find_talent, search_talents
from service.talents.filters import TalentFilter
from service.usecases import rosters
from service.usecases.names import Names
from service.usecases.receipts import sign
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, offset, sent, text
from service.web.answers import done as answer
from service.web.asked import asked
from service.web.case_facts import about
from service.web.case_lists import case_status
from service.web.context import stage_name, stage_names
from service.web.exports import Columns, exported
from service.web.forms import form_page
from service.web.present import LIGHTS, case_number
from service.web.talents import STALE_DAYS
from service.web.units_work import panel

PER_CHECKLIST = 20
"""Rows of a list beside a form: the form stays in sight."""

blueprint = Blueprint("tasks", __name__)


@blueprint.get("/tasks")
@requires()
def todo() -> ResponseReturnValue:
    """待办: what the person must do, most urgent first."""
    page = _open(PER_PAGE, offset())
    counts = queries.light_counts(db(), actor(), today=clock.today())
    return render_template("tasks/todo.html", page=page, counts=counts, **_choices(), **rows(page.items))


@blueprint.get("/tasks/done")
@requires()
def done() -> ResponseReturnValue:
    """已办: what the person has completed, the latest first."""
    page = _done(PER_PAGE, offset())
    return render_template("tasks/done.html", page=page, **_choices(), **rows(page.items))


@blueprint.get("/tasks/<uuid:task_id>")
@requires()
def task(task_id: UUID) -> ResponseReturnValue:
    """One task: its form while it is open, what was filled in once it is done; beside it the case."""
    detail = queries.task_detail(db(), task_id, actor())
    names, made = Names(db()), compiled(db(), detail.instance.digest, detail.instance.process)
    form = detail.form
    subjects = subjects_of(db(), [detail.task])
    signs = detail.task.urges or (detail.task.unit and detail.task.stage == HANDLING)
    received = urges.receipt(db(), detail.task) if signs else None
    names.learn([received.actor] if received is not None else ())
    units = panel(detail.instance, names, task=detail.task, subjects=subjects.get(detail.task.id, ()))
    return render_template(
        "tasks/task.html",
        subjects=subjects,
        units=units,
        detail=detail,
        received=received,
        may_sign=detail.may_act and signs and received is None,
        stuck=unmanned_words(detail.task, detail.absence) if detail.task.status == OPEN else "",
        frees=may(actor(), freeing.RIGHT),
        form_page=_form_page(detail, names, form) if detail.may_act else None,
        lines=names.lines(form, detail.data) if detail.task.status == DONE else [],
        subject=_subject(detail),
        list_page=_list_page(detail),
        **_checklist(detail),
        pairs=(pairs := _pairs(detail)),
        pair_versions=contacts.missed_versions(db(), pairs, detail.task.data["period"]["year"]) if pairs else {},
        colleagues=_colleagues(detail) if detail.may_reassign else [],
        **about(detail.instance, made, names, detail.task, shown=units.told),
    )


@blueprint.get("/tasks/<uuid:task_id>/records")
@requires()
def records(task_id: UUID) -> ResponseReturnValue:
    """The records that an open task is about, searched and by pages."""
    detail = queries.task_detail(db(), task_id, actor())
    if detail.listing is None:
        raise NotFound("本步骤没有要逐一核对的名单")
    return render_template("tasks/records.html", detail=detail, task=detail.task, **_checklist(detail))


@blueprint.post("/tasks/<uuid:task_id>/complete")
@requires()
def complete(task_id: UUID) -> ResponseReturnValue:
    """Completes the task. The same content again by the same person is the same success: an answer got lost."""
    fields = sent()
    data, revision = fields.get("data"), fields.get("revision")
    found = db().get(UserTask, task_id)
    if not (found and found.status == DONE and found.completed_by == actor().username and found.submitted == data):
        found = commands.complete(
            db(),
            task_id=task_id,
            data=data if isinstance(data, dict) else {},
            revision=revision if isinstance(revision, int) else None,
            filled=unsealed(fields.get("filled"), str(task_id)),
            actor=actor(),
            now=clock.now(),
        )
    address = url_for("web.cases.case", instance_id=found.instance_id, after=found.id)
    return answer(f"「{one_line(found.name)}」已提交。", address)


@blueprint.post("/tasks/<uuid:task_id>/claim")
@requires()
def claim(task_id: UUID) -> ResponseReturnValue:
    """领办."""
    operations.claim(db(), task_id=task_id, actor=actor(), now=clock.now())
    return answer("已领办。", url_for("web.tasks.task", task_id=task_id))


@blueprint.post("/tasks/<uuid:task_id>/release")
@requires()
def release(task_id: UUID) -> ResponseReturnValue:
    """退领."""
    operations.release(db(), task_id=task_id, actor=actor(), now=clock.now())
    return answer("已退领，同岗位人员都可以办理。", url_for("web.tasks.task", task_id=task_id))


@blueprint.post("/tasks/<uuid:task_id>/acknowledge")
@requires()
def acknowledge(task_id: UUID) -> ResponseReturnValue:
    """签收."""
    sign(db(), task_id=task_id, actor=actor(), now=clock.now())
    return answer("已签收。签收不改变到期日。", url_for("web.tasks.task", task_id=task_id))


@blueprint.post("/tasks/<uuid:task_id>/reassign")
@requires()
def reassign(task_id: UUID) -> ResponseReturnValue:
    """转办."""
    fields = sent()
    found = operations.reassign(
        db(), task_id=task_id, to=text(fields, "to"), reason=text(fields, "reason"), actor=actor(), now=clock.now()
    )
    return answer("已转办。", url_for("web.cases.case", instance_id=found.instance_id))


@blueprint.post("/tasks/<uuid:task_id>/return")
@requires()
def return_task(task_id: UUID) -> ResponseReturnValue:
    """退回."""
    fields = sent()
    found = commands.return_task(
        db(),
        task_id=task_id,
        target=text(fields, "target"),
        reason=text(fields, "reason"),
        actor=actor(),
        now=clock.now(),
    )
    return answer("已退回。", url_for("web.cases.case", instance_id=found.instance_id))


@blueprint.post("/tasks/<uuid:task_id>/take-back")
@requires()
def take_back(task_id: UUID) -> ResponseReturnValue:
    """撤回."""
    reason = text(sent(), "reason")
    operations.take_back(db(), task_id=task_id, reason=reason, actor=actor(), now=clock.now())
    return answer("已撤回，可以修改后重新提交。", url_for("web.tasks.task", task_id=task_id))


def rows(tasks: Any) -> dict[str, Any]:
    """The facts that a table of tasks needs beside the rows: names, lights, working days left and days waited."""
    today, calendar = clock.today(), current(db())
    marked = marks(db(), tasks, today)
    names = Names(db()).learn(
        usernames=[name for task in tasks for name in (marked.holder(task), task.on_behalf_of, alone(task))],
        units=[task.unit for task in tasks],
        talents=[task.instance.talent_id for task in tasks],
    )
    suspended = {task.id: task.instance.status == "suspended" for task in tasks}
    return {
        "names": names,
        "subjects": subjects_of(db(), tasks, today=today),
        "marks": marked,
        "lights": {task.id: queries.light_of(task, today, suspended=suspended[task.id]) for task in tasks},
        "waited": {task.id: days_between(clock.local(task.entered_at).date(), today) for task in tasks},
        "days": {task.id: days_left(calendar, task.due_on, today, suspended=suspended[task.id]) for task in tasks},
    }


def time_left(task: UserTask, beside: Mapping[str, Any]) -> str:
    """How far a step's date is; of one without a date how long it waits: 待上会，已等待 12 天."""
    if task.due_on and beside["days"][task.id] is None:
        return "挂起期间不计时"
    if task.due_on:
        return left(beside["days"][task.id], task.due_on)
    return f"{'待上会' if task.paused else '不计时'}，已等待 {beside['waited'][task.id]} 天"


def following(instance_id: UUID) -> dict[str, Any]:
    """办理下一件: the reader's next task after one was done, of the same case if there is one, and how many wait."""
    page = queries.open_tasks(db(), actor(), today=clock.today(), limit=PER_PAGE)
    able = [one for one in page.items if one.instance.status != SUSPENDED]
    task = next((one for one in able if one.instance_id == instance_id), able[0] if able else None)
    return {"task": task, "total": page.total, **rows([task] if task is not None else [])}


def _open(limit: int, offset: int) -> Page[UserTask]:
    return queries.open_tasks(db(), actor(), today=clock.today(), filters=_filters(), limit=limit, offset=offset)


def _done(limit: int, offset: int) -> Page[UserTask]:
    return queries.done_tasks(db(), actor(), today=clock.today(), filters=_filters(), limit=limit, offset=offset)


def _open_columns(tasks: Sequence[UserTask]) -> Columns[UserTask]:
    beside = rows(tasks)
    names: Names = beside["names"]
    marked: Marks = beside["marks"]
    return {
        "灯号": lambda task: LIGHTS[beside["lights"][task.id]],
        "编号": lambda task: case_number(task.instance),
        "人才": lambda task: names.talent(task.instance.talent_id),
        "事项": lambda task: task.instance.title or "（尚未登记）",
        "是否挂起": lambda task: "已挂起" if task.instance.status == "suspended" else "",
        "催办次数": lambda task: task.urges,
        "当前步骤": lambda task: _step(task, beside["subjects"]),
        "到期日": lambda task: task.due_on,
        "原定期限": lambda task: task.first_due_on,
        "申请延至": lambda task: task.asked_due_on,
        "剩余时间": lambda task: time_left(task, beside),
        "是否暂定": lambda task: "暂定" if task.due_provisional else "",
        "已等待天数": lambda task: None if task.due_on else beside["waited"][task.id],
        "承办": lambda task: names.holder(task.unit, task.role, task.person_key),
        "领办人": lambda task: names.person(marked.holder(task)),
        "代办": lambda task: marked.absences[task.id].words if task.id in marked.absences else "",
    }


def _done_columns(tasks: Sequence[UserTask]) -> Columns[UserTask]:
    beside = rows(tasks)
    names: Names = beside["names"]
    return {
        "编号": lambda task: case_number(task.instance),
        "人才": lambda task: names.talent(task.instance.talent_id),
        "事项": lambda task: task.instance.title or "（尚未登记）",
        "步骤": lambda task: _step(task, beside["subjects"]),
        "代理": lambda task: names.person(task.on_behalf_of),
        "办结时间": lambda task: task.completed_at,
        "是否按时": lambda task: f"超期 {task.late_days} 个工作日" if task.late_days else "按时",
        "现在": lambda task: case_status(task.instance),
    }


def _step(task: UserTask, subjects: Subjects) -> str:
    stage = stage_name(task.instance.process, task.stage)
    name = titled(task.name, subjects.get(task.id, ()))
    return name if stage in ("", one_line(task.name)) else f"{stage} · {name}"


def _filters() -> queries.TaskFilter:
    return asked(queries.TaskFilter, instance=None)


def _choices() -> dict[str, Any]:
    """The processes to choose from, and the stages of the chosen one; of all where none is chosen."""
    processes = {one.key: one.name for one in reversed(list_definitions(db()))}
    names, chosen = stage_names(), argument("process")
    stages = names.newest(chosen) if chosen in processes and chosen is not None else names.every()
    return {"processes": processes, "stages": stages}


def _form_page(detail: queries.TaskDetail, names: Names, form: Form) -> dict[str, Any]:
    task, today = detail.task, clock.today()
    return form_page(
        replace(form, schema=detail.schema, ui_schema=detail.ui_schema),
        url=url_for("web.tasks.complete", task_id=task.id),
        draft=str(task.id),
        names=names,
        data=detail.data,
        extra={"revision": task.revision, "filled": filled_of(detail)},
        records=f"/api/v1/tasks/{task.id}/records" if detail.listing is not None else None,
        dates=detail.dates,
        proposed=detail.proposed,
        age=current(db()).between(clock.local(task.entered_at).date(), today),
    )


def _checklist(detail: queries.TaskDetail) -> dict[str, Any]:
    """The page of the talents whose files the task is about; nothing where it is about none."""
    if detail.listing is None:
        return {"checklist": None}
    today = clock.today()
    page = search_talents(db(), TalentFilter(argument("q")), PER_CHECKLIST, offset(), among=detail.listing)
    return {"checklist": page, "today": today, "stale": today - timedelta(days=STALE_DAYS), "categories": CATEGORIES}


def _pairs(detail: queries.TaskDetail) -> list[contacts.PairCount]:
    """The pairs of a unit with too few interviews, where the task asks why (F2)."""
    task, period = detail.task, detail.task.data.get("period")
    if task.task != "explain_missed" or task.status != OPEN or not task.unit or not isinstance(period, dict):
        return []
    year = int(period["year"])
    found = contacts.interview_counts(db(), year=year, on=min(clock.today(), date(year, 12, 31)), unit=task.unit)
    return [pair for pair in found if pair.short]


def _subject(detail: queries.TaskDetail) -> Talent | None:
    """The talent whose file a slot of a round is about, where the case itself is about nobody; as far as I may know."""
    talent_id = detail.task.data.get("talent_id")
    if detail.instance.talent_id is not None or not isinstance(talent_id, str):
        return None
    return find_talent(db(), talent_id) if wiring(db()).shown(db(), "talents", talent_id, actor()) else None


def _list_page(detail: queries.TaskDetail) -> tuple[str, str] | None:
    """(address, words) of the page of the list that a step of ``roster`` is about; None elsewhere (Q2 Q4)."""
    if detail.instance.process != rosters.PROCESS or detail.task.slot is None or detail.task.status != OPEN:
        return None
    scope = rosters.scope_of(detail.task.slot)
    found = liaisons.search_rosters(db(), liaisons.RosterFilter(scope=scope), 1, reader=actor()).items
    if found and found[0].status != SUPERSEDED and (found[0].status == DRAFT or detail.task.task == "file_list"):
        return url_for("web.rosters.roster", roster_id=found[0].id), f"查看名单第 {found[0].version} 版"
    return (url_for("web.rosters.new_roster", scope=scope), "起草名单") if detail.may_act else None


def _colleagues(detail: queries.TaskDetail) -> list[auth.Account]:
    """To whom the task can be handed: the others who hold its role for its unit, or stand in where nobody does; nobody
    where it is one person's."""
    if detail.task.role is None or (detail.task.person_key is not None and detail.absence is None):
        return []
    if detail.absence is not None:
        accounts = stand_in_accounts(db(), detail.absence, clock.today())
    else:
        accounts = auth.accounts_of_role(db(), detail.task.role, detail.task.unit)
    return [account for account in accounts if account.username != detail.holder]


exported(blueprint, "/tasks.xlsx", "待办", _open, _open_columns, name="export_todo")
exported(blueprint, "/tasks/done.xlsx", "已办", _done, _done_columns, name="export_done")
