"""Cases: a new one, one with its course and diagram, the operations on it, and the lists of one's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, after_this_request, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import auth, clock, contacts
from service.contacts.models import Contact, Opinion
from service.db.lists import Page
from service.errors import Finding, Invalid
from service.history import HistoryEvent
from service.ledger import Cell
from service.ledger.counts import open_matters_of
from service.ledger.papers import PROCESS
from service.liaisons import leaders_of
from service.people.queries import unit_names
from service.processes import commands, operations, queries, sharing
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import current
from service.processes.forms import Form
from service.processes.lateness import standings
from service.processes.models import OPEN, Instance, UserTask
from service.processes.rules import NAMED, STATUSES, one_line
from service.processes.starting import first_step
from service.processes.subjects import subjects_of
from service.processes.visibility import is_round, may_speak
from service.processes.wiring import wiring
from service.rights import may
from service.talents.queries import find_talent, phone_for
from service.web import diagrams, files, present
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset, sent, text, typed_day
from service.web.begins import begins, need
from service.web.context import actor, db, stage_name, web
from service.web.course import course
from service.web.exports import Columns, batches, workbook
from service.web.forms import form_page
from service.web.names import Line, Names
from service.web.prints import papers
from service.workdays import Calendar

blueprint = Blueprint("cases", __name__)

SHORT_LIST = 12
RECORDS: Mapping[str, Callable[[str], str]] = {
    "brief_id": lambda key: url_for("web.briefs.brief", brief_id=key),
    "report_id": lambda key: url_for("web.reports.report", report_id=key),
    "roster_id": lambda key: url_for("web.rosters.roster", roster_id=key),
    "roll_up": lambda key: url_for("web.roll_ups.roll_up", year=key[:4], half=key[5:]),
}
"""The key under which a service task tells of a record -> the address of the record's page."""


@dataclass(frozen=True, slots=True)
class Before:
    """A step that was done before the one on the page, and what it said."""

    step: str
    unit: str
    who: str
    at: datetime
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a service task found out in somebody's ``slot``, and the ``page`` of the record it made, if any.

    ``cases`` are (address, name) of the cases that it names.
    """

    slot: str
    lines: Sequence[Line]
    page: str
    cases: Sequence[tuple[str, str]] = ()


@blueprint.get("/cases/new")
@requires()
def new() -> ResponseReturnValue:
    """登记需求: the first form of the process; ``?opinion=`` begins with what a talent said to a leader (C2)."""
    step = first_step(db(), PROCESS, actor())
    said = contacts.get_opinion(db(), argument("opinion") or "", actor()) if argument("opinion") else None
    opinion, held = said or (None, None)
    known = _said(opinion, held) if opinion is not None and held is not None else {}
    page = form_page(
        step.form,
        url=url_for("web.cases.start"),
        draft=f"new-{PROCESS}" if opinion is None else f"new-{PROCESS}-{opinion.id}",
        names=Names(db()),
        data={name: value for name, value in known.items() if name in step.form.fields},
        extra={"opinion": str(opinion.id)} if opinion is not None else None,
    )
    return render_template(
        "cases/new.html",
        step=step,
        form_page=page,
        opinion=opinion,
        held=held,
        similar=contacts.similar_matters(opinion.text, open_matters_of(db(), opinion.talent_id)) if opinion else [],
    )


@blueprint.post("/cases")
@requires()
def start() -> ResponseReturnValue:
    """Starts a case and completes its first step with what was filled in: both or neither.

    Where it began with an opinion, that one becomes this need.
    """
    fields = sent()
    data = fields.get("data")
    filled = data if isinstance(data, dict) else {}
    instance = commands.start(db(), process=PROCESS, data={}, actor=actor(), now=clock.now())
    opened = queries.case_detail(db(), instance.id, actor()).open_tasks
    commands.complete(db(), task_id=opened[0].id, data=filled, actor=actor(), now=clock.now())
    if opinion := text(fields, "opinion"):
        contacts.get_opinion(db(), opinion, actor())
        contacts.link_opinion(db(), opinion_id=opinion, instance_id=instance.id, actor=actor(), now=clock.now())
    return done("已登记。", url_for("web.cases.case", instance_id=instance.id))


@blueprint.get("/cases/new/<process>")
@requires()
def begin_form(process: str) -> ResponseReturnValue:
    """The first form of a process other than the need's, for whoever takes its first step.

    A link from a record's page names the record that the form begins with (``?talent_id=``).
    """
    step = first_step(db(), process, actor())
    known = _picked(step.form)
    page = form_page(
        step.form,
        url=url_for("web.cases.begin", process=process),
        draft="-".join(["new", process, *known.values()]),
        names=Names(db()),
        data=known,
    )
    return render_template("cases/new.html", step=step, form_page=page, opinion=None, held=None, similar=[])


def _picked(form: Form) -> dict[str, str]:
    """The records that the address names, as far as the form picks such and the reader may know of them."""
    plan = wiring(db())
    found = {}
    for name, schema in form.fields.items():
        kind, value = str(schema.get("x-ref")), argument(name)
        label = plan.references.get(kind)
        if label is None or not value or not schema.get("x-prefill"):
            continue
        if label(db(), value) is not None and plan.shown(db(), kind, value, actor()):
            found[name] = value
    return found


@blueprint.post("/cases/new/<process>")
@requires()
def begin(process: str) -> ResponseReturnValue:
    """Starts the process and completes its first step: both or neither."""
    data = sent().get("data")
    instance = commands.start(db(), process=process, data={}, actor=actor(), now=clock.now())
    opened = queries.case_detail(db(), instance.id, actor()).open_tasks
    filled = data if isinstance(data, dict) else {}
    commands.complete(db(), task_id=opened[0].id, data=filled, actor=actor(), now=clock.now())
    return done("已发起。", url_for("web.cases.case", instance_id=instance.id))


@blueprint.get("/cases/<uuid:instance_id>")
@requires()
def case(instance_id: UUID) -> ResponseReturnValue:
    """One case: the need, where it stands, its course, its diagram, and what the reader may do with it."""
    detail = queries.case_detail(db(), instance_id, actor())
    made = compiled(db(), detail.instance.digest, detail.instance.process)
    names, today, calendar = Names(db()), clock.today(), current(db())
    names.learn([detail.marks.holder(task) for task in detail.open_tasks], [task.unit for task in detail.open_tasks])
    copies = queries.copies_of(db(), detail.instance)
    names.learn(name for copy in copies for name in (copy.username, copy.sent_by))
    if any(copy.username == actor().username and copy.read_at is None for copy in copies):
        _note_reading(instance_id)
    return render_template(
        "cases/case.html",
        detail=detail,
        copies=copies,
        withdrawable={one.username for one in copies if sharing.may_withdraw_copy(one, actor())},
        subjects=subjects_of(db(), detail.open_tasks),
        days={
            str(task.id): calendar.between(today, task.due_on) if task.due_on else None for task in detail.open_tasks
        },
        **about(detail.instance, made, names),
    )


def _note_reading(instance_id: UUID) -> None:
    """Notes that the reader has opened a case that was copied to them; done beside the request, which only reads."""
    who, now = actor(), clock.now()

    @after_this_request
    def note(answer: Response) -> Response:
        web().database.try_aside(partial(sharing.mark_copy_read, instance_id=instance_id, actor=who, now=now))
        return answer


@blueprint.post("/cases/<uuid:instance_id>/read")
@requires()
def read(instance_id: UUID) -> ResponseReturnValue:
    """Notes that a copied case was opened, and opens it."""
    sharing.mark_copy_read(db(), instance_id=instance_id, actor=actor(), now=clock.now())
    return redirect(url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/comment")
@requires()
def comment(instance_id: UUID) -> ResponseReturnValue:
    """沟通: a remark; who is named under ``mention`` is told."""
    fields = sent()
    sharing.comment(
        db(),
        instance_id=instance_id,
        text=text(fields, "text"),
        mention=[name for name in _names(fields, "mention") if auth.find_account(db(), name)],
        actor=actor(),
        now=clock.now(),
    )
    return done("已发送。", url_for("web.cases.case", instance_id=instance_id) + "#course")


@blueprint.post("/cases/<uuid:instance_id>/copy")
@requires()
def copy(instance_id: UUID) -> ResponseReturnValue:
    """抄送."""
    fields = sent()
    sharing.copy(
        db(),
        instance_id=instance_id,
        to=_names(fields, "to"),
        note=text(fields, "note"),
        actor=actor(),
        now=clock.now(),
    )
    return done("已抄送。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/copy/withdraw")
@requires()
def withdraw_copy(instance_id: UUID) -> ResponseReturnValue:
    """撤回抄送."""
    sharing.withdraw_copy(
        db(), instance_id=instance_id, username=text(sent(), "username"), actor=actor(), now=clock.now()
    )
    return done("已撤回抄送。", url_for("web.cases.case", instance_id=instance_id))


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
        actor=actor(),
        now=clock.now(),
    )
    return done(f"已催办，本件累计催办 {count} 次。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/suspend")
@requires()
def suspend(instance_id: UUID) -> ResponseReturnValue:
    """挂起."""
    commands.suspend(db(), instance_id=instance_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已挂起。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/resume")
@requires()
def resume(instance_id: UUID) -> ResponseReturnValue:
    """恢复."""
    commands.resume(db(), instance_id=instance_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
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


@blueprint.get("/cases/started.xlsx")
@requires()
def export_started() -> ResponseReturnValue:
    """我发起的 as the list shows it, all its pages."""
    return workbook("我发起的", batches(_started), _started_columns)


@blueprint.get("/cases/copied")
@requires()
def copied() -> ResponseReturnValue:
    """抄送我的."""
    page = _copied(PER_PAGE, offset())
    return render_template("cases/copied.html", page=page, **_copy_rows(page.items))


@blueprint.get("/cases/copied.xlsx")
@requires()
def export_copied() -> ResponseReturnValue:
    """抄送我的 as the list shows it, all its pages."""
    return workbook("抄送我的", batches(_copied), _copied_columns)


@blueprint.get("/lookup/accounts")
@requires(right="view_directory")
def accounts() -> ResponseReturnValue:
    """The people who can be named in a remark or copied to: found by name, pinyin or initials, for the picker."""
    found = auth.list_accounts(db(), argument("q"), limit=SHORT_LIST, active=True).items
    people = [(account, account.person) for account in found]
    units = unit_names(db(), [person.unit_code for _, person in people if person and person.unit_code])
    items = [
        {
            "id": account.username,
            "name": account.name,
            "unit_name": units.get(person.unit_code or "") if person else None,
            "post": person.post if person else None,
        }
        for account, person in people
    ]
    return jsonify(items=items, total=len(items), next=None)


def about(
    instance: Instance, made: Compiled, names: Names, task: UserTask | None = None, *, shown: Collection[UUID] = ()
) -> dict[str, Any]:
    """The common parts of all pages about a case: the need, the talent, the course, the diagrams.

    With ``task`` only its own slot's facts stand there, and the diagram that it stands in shows only its slot's path.
    ``shown`` are the tasks whose answers stand on the page already.
    """
    events = queries.timeline(db(), instance.id, actor())
    told = course(events, made, names)  # first, since it learns all names at once: a round asks every unit
    need = _need(events, made, names)
    talent = find_talent(db(), instance.talent_id) if instance.talent_id else None
    leaders = leaders_of(db(), [talent.id], clock.today())[talent.id] if talent else ()
    drawn = _drawn(instance, task)
    return {
        "instance": instance,
        "process_name": made.title_of({}) if instance.process == PROCESS else str(made.program.spec.description),
        "facts": _facts(events, names, task),
        "names": names,
        "need": need,
        "before": _before(events, made, names, task, frozenset(map(str, shown))) if task else [],
        "talent": talent,
        "talent_phone": phone_for(actor(), talent, leaders) if talent else None,
        "course": told,
        "drawn": drawn,
        "island": diagrams.island(drawn, task.process if task else _present(drawn)),
        "papers": papers(instance, events),
        "files": None if is_round(instance) else files.of_record(f"instance:{instance.id}"),
        "may_speak": may_speak(db(), instance, actor()),
        "names_people": may(actor(), "view_directory"),
    }


def days_left(calendar: Calendar, today: date, due_on: date | None) -> int | None:
    """Working days from today to a due date, negative when it has passed; None where there is none."""
    return calendar.between(today, due_on) if due_on else None


def _said(opinion: Opinion, held: Contact) -> dict[str, Any]:
    """The first values of the form of a need, from an opinion and the contact at which it was given."""
    known = {
        "talent_id": opinion.talent_id,
        "leader_id": str(held.leader_id),
        "channel": held.form,
        "received_on": held.held_on.isoformat(),
        "description": opinion.text,
        "town": opinion.talent.town,
    }
    return {name: value for name, value in known.items() if value}


def _need(events: Sequence[HistoryEvent], made: Compiled, names: Names) -> list[Line]:
    """The values of the first step, as it was filled in last (a return may have had it corrected).

    Of a round that the calendar began there is nothing: what one slot says is not what the case is about.
    """
    filled = [event.data for event in events if event.kind == "completed"]
    filled = [data for data in filled if data["process"] == made.program.key]
    if not filled:
        return []
    latest = [data for data in filled if data["step"] == filled[0]["step"]][-1]
    return names.lines(made.form_of(latest["process"], latest["step"]), latest["data"])


def _facts(events: Sequence[HistoryEvent], names: Names, task: UserTask | None) -> list[Facts]:
    """The facts that the service tasks have found out, the latest of each action and slot; in a slot, of that alone.

    Facts about the whole case come first.
    """
    slots = {event.data["scope"]: event.data for event in events if event.kind == "entered"}
    latest: dict[tuple[str, str], Facts] = {}
    for event in events:
        result, scope = event.data.get("result"), str(event.data.get("scope") or "")
        if event.kind != "action" or not isinstance(result, dict) or not isinstance(result.get("lines"), list):
            continue
        if task is None or not task.scope or scope in ("", task.scope):
            record = next((name for name in RECORDS if name in result), None)
            lines = [Line(str(title), str(said)) for title, said in result["lines"]]
            slot = _slot(slots[scope], names) if scope and scope in slots else ""
            found = Facts(slot, lines, _record_page(record, result), _cases(result))
            latest[scope, record or str(event.data["name"])] = found
    return sorted((facts for facts in latest.values() if facts.lines), key=lambda facts: bool(facts.slot))


def _cases(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = result.get("cases")
    return (
        [(url_for("web.cases.case", instance_id=key), said) for key, said in named] if isinstance(named, list) else []
    )


def _slot(data: Mapping[str, Any], names: Names) -> str:
    """The slot of a task: the unit, or whom the diagram names."""
    slot = str(data.get("slot") or "")
    return slot.removeprefix(NAMED) if slot.startswith(NAMED) else names.unit(slot or data["unit"])


def _record_page(record: str | None, result: Mapping[str, Any]) -> str:
    """Where the record that a service task made stands; a brief that is not released is the Talent Office's alone."""
    if record is None:
        return ""
    if record == "brief_id" and not result.get("released") and not may(actor(), "release_briefs"):
        return ""
    return RECORDS[record](str(result[record]))


def _before(
    events: Sequence[HistoryEvent], made: Compiled, names: Names, task: UserTask, shown: frozenset[str]
) -> list[Before]:
    """The steps that ``task`` answers to: the last step done in its own scope, and what the slots have said since."""
    entered = {event.task: event.data for event in events if event.kind == "entered"}
    latest: dict[str, HistoryEvent] = {}
    for event in events:
        if event.kind == "completed" and event.task in entered and event.task != str(task.id):
            latest[str(entered[event.task]["scope"])] = event
    own = latest.get(task.scope)
    since = own.seq if own is not None else 0
    wanted = [
        event for scope, event in latest.items() if event is own or (not task.scope and scope and event.seq > since)
    ]
    return [
        Before(
            step=one_line(event.data["name"]),
            unit=names.unit(entered[event.task].get("unit")),
            who=names.person(event.actor),
            at=event.at,
            lines=names.lines(made.form_of(event.data["process"], event.data["step"]), event.data["data"]),
        )
        for event in sorted(wanted, key=lambda one: one.seq)
        if event.task not in shown
    ]


def case_status(case: Instance) -> str:
    """Where a case stands, in words."""
    if case.status == "running":
        return stage_name(case.process, case.stage) or STATUSES[case.status]
    return (case.status == "completed" and one_line(case.end_name)) or STATUSES[case.status]


def _started(limit: int, offset: int) -> Page[Instance]:
    return queries.started_by(db(), actor(), filters=filters(process=None), limit=limit, offset=offset)


def _copied(limit: int, offset: int) -> Page[Instance]:
    return queries.copied_to(db(), actor(), filters=filters(process=None), limit=limit, offset=offset)


def _copy_rows(instances: Sequence[Instance]) -> dict[str, Any]:
    """The facts that a table of copied cases needs beside the rows."""
    beside, copies = rows(instances), sharing.received(db(), [row.id for row in instances], actor())
    beside["names"].learn(copy.sent_by for copy in copies.values())
    return {**beside, "copies": copies}


def _case_columns(names: Names) -> dict[str, Callable[[Instance], Cell]]:
    return {
        "编号": lambda case: case.number or "未编号",
        "人才": lambda case: names.talent(case.talent_id),
        "事项": lambda case: case.title or "（尚未登记）",
        "状态": case_status,
    }


def _started_columns(instances: Sequence[Instance]) -> Columns[Instance]:
    beside = rows(instances)
    names, standings = beside["names"], beside["standings"]
    return {
        **_case_columns(names),
        "时限": lambda case: "、".join(present.lateness(standings.get(case.id))),
        "催办次数": lambda case: case.urges,
        "登记单位": lambda case: names.unit(case.initiator_unit),
        "登记人": lambda case: names.person(case.initiator),
        "登记时间": lambda case: case.started_at,
        "办结时间": lambda case: case.ended_at,
    }


def _copied_columns(instances: Sequence[Instance]) -> Columns[Instance]:
    beside = _copy_rows(instances)
    names, copies, standings = beside["names"], beside["copies"], beside["standings"]
    return {
        **_case_columns(names),
        "时限": lambda case: "、".join(present.lateness(standings.get(case.id))),
        "登记单位": lambda case: names.unit(case.initiator_unit),
        "抄送时间": lambda case: copies[case.id].sent_at,
        "抄送人": lambda case: names.person(copies[case.id].sent_by),
        "阅读": lambda case: "已读" if copies[case.id].read_at else "未读",
    }


def rows(instances: Any) -> dict[str, Any]:
    """The facts that a table of cases needs beside the rows."""
    names = Names(db()).learn(
        [row.initiator for row in instances],
        [row.initiator_unit for row in instances],
        [row.talent_id for row in instances],
    )
    return {"names": names, "standings": standings(db(), instances, clock.today())}


def filters(process: str | None = PROCESS, *, on: date | None = None) -> queries.CaseFilter:
    """The filters of a list of cases as of a day (default: today), from the address bar."""
    late = request.args.get("late", "")
    return queries.CaseFilter(
        process=process,
        status=argument("status"),
        stage=argument("stage"),
        category=argument("category"),
        town=argument("town"),
        unit=argument("unit"),
        talent_id=argument("talent"),
        late={"yes": True, "no": False}.get(late),
        late_steps=True if late == "steps" else None,
        since=_day("since"),
        until=_day("until"),
        q=argument("q"),
        sort=request.args.get("sort", "-started")[:20],
        as_of=on,
    )


def as_of() -> date | None:
    """The day as of which a list is asked for. Raises Invalid for what is no day."""
    said = request.args.get("as_of", "").strip()
    if not said:
        return None
    found = _day("as_of")
    if found is None:
        raise Invalid("不能这样筛选", [Finding("/as_of", "截至日期请写成 2026-01-31 的格式")])
    return found


def _day(name: str) -> date | None:
    try:
        return typed_day(request.args.get(name, ""))
    except ValueError:
        return None


def _names(fields: dict[str, Any], name: str) -> list[str]:
    value = fields.get(name)
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str) and one]


def _drawn(instance: Instance, task: UserTask | None) -> list[diagrams.Picture]:
    drawings = queries.drawings(db(), instance.id, actor())
    found = [diagrams.Picture(one.process, one.name, one.xml, active=list(one.present)) for one in drawings]
    passed = [
        (one.process, step["node"], step["from"])
        for one in drawings
        for step in one.trail
        if task is None or one.process != task.process or step["scope"] == task.scope
    ]
    if task is not None:
        for picture in found:
            if picture.id == task.process:
                picture.active = [task.task] if task.status == OPEN else []
    return diagrams.travelled(found, passed)


def _present(drawn: list[diagrams.Picture]) -> str | None:
    """The diagram to open first: the innermost one in which somebody must act."""
    return next((picture.id for picture in reversed(drawn) if picture.active), None)
