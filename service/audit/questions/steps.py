"""Questions about cases and their steps: late ones, approvals by who entered, steps that nobody holds, a past day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, false, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from service import clock
from service.audit.questions import again
from service.audit.questions.declared import Asked, Row
from service.audit.questions.journal import beginning_of, period, wanted_of
from service.audit.questions.known import Known, the_case, the_people, the_unit
from service.config import Organization
from service.db.lists import MAX_LIMIT, Page
from service.errors import Finding, Invalid
from service.history import HistoryEvent, of_kinds
from service.ledger.cases import COLUMNS, ledger_rows
from service.processes import queries
from service.processes.calendars import current, days_late
from service.processes.filters import CaseFilter
from service.processes.models import DONE, IS_OPEN, ClockRun, Definition, Instance, UserTask
from service.processes.recording import stream_of
from service.processes.rules import STATUSES, one_line
from service.rights import SYSTEM
from service.workdays import Calendar

APPROVING = ("审核", "审批", "审定", "核准", "批准", "签发", "复核")
"""A step approves if its name says so."""
UNUSUAL: Mapping[str, str] = {
    "returned": "退回",
    again.COMPLETED: f"在表单里退回、{again.AGAIN}",
    "taken_back": "撤回",
    "migrated": "换流程版本",
    "reassigned": "转办",
    "suspended": "挂起",
    "extended": "同意延期",
    "terminated": "终止",
}
"""Kinds of entries that leave the usual course of a case, and their words."""
BEGAN = "began"
"""The filter for approvals by who started the case."""
DAYS_SHOWN, LONGEST_DAYS = 90, 366


def _bounds(asked: Asked) -> tuple[int, int]:
    return max(1, min(asked.limit, MAX_LIMIT)), max(0, asked.offset)


def _case(known: Known, instance_id: UUID) -> dict[str, Any]:
    about, link = known.record(stream_of(instance_id))
    return {"about": about, "links": {"about": link} if link is not None else {}}


def late(asked: Asked) -> Page[Row]:
    """Steps that were done late or stand open past their date, each with its urges and its case's circulars."""
    limit, offset = _bounds(asked)
    session, today = asked.session, clock.today()
    run = or_(ClockRun.until_on.is_(None), ClockRun.due_on < ClockRun.until_on)
    ran = select(ClockRun.task_id).where(run, ClockRun.due_on < today, ClockRun.void_on.is_(None))
    query = select(UserTask).where(
        UserTask.id.in_(ran),
        or_(UserTask.late_days > 0, and_(IS_OPEN, UserTask.due_on < today)),
    )
    if written := asked.text("case"):
        query = query.where(UserTask.instance_id == the_case(session, written))
    if unit := asked.text("unit"):
        code = the_unit(session, unit)
        office = and_(UserTask.unit.is_(None), UserTask.role.in_(_roles_called(asked, code, unit)))
        query = query.where(or_(UserTask.unit == code, office))
    since, until = asked.day("since"), asked.day("until")
    query = query.where(UserTask.due_on >= since) if since is not None else query
    query = query.where(UserTask.due_on <= until) if until is not None else query
    total = session.scalar(query.with_only_columns(func.count())) or 0
    rows = list(session.scalars(query.order_by(UserTask.due_on.desc(), UserTask.id).limit(limit).offset(offset)))
    calendar = current(session)
    said = _urges(session, {one.instance_id for one in rows})
    known = Known(session).learn(
        (one.completed_by for one in rows),
        (stream_of(one.instance_id) for one in rows),
        (one.unit for one in rows),
    )
    return Page(tuple(_late(one, known, asked.organization, calendar, said) for one in rows), total, limit, offset)


def _roles_called(asked: Asked, code: str, written: str) -> list[str]:
    """The roles whose steps are of no unit, and which are themselves that unit (区人才办)."""
    return [one.id for one in asked.organization.roles.values() if one.id == code or one.name == written]


def _whose(one: UserTask, known: Known, organization: Organization) -> str:
    """The unit of a step; of one of no unit the role."""
    role = organization.roles.get(one.role or "")
    return known.unit(one.unit) or (role.name if role is not None else "")


def _late(
    one: UserTask,
    known: Known,
    organization: Organization,
    calendar: Calendar,
    said: Mapping[UUID, Sequence[Any]],
) -> Row:
    told = said.get(one.instance_id, ())
    urged = [event for event in told if event.kind == "urged" and event.task == str(one.id)]
    circulars = [str(event.data.get("number")) for event in told if event.kind == "circular_issued"]
    return {
        **_case(known, one.instance_id),
        "step": one_line(one.name),
        "unit": _whose(one, known, organization),
        "due": one.due_on,
        "done": one.completed_at,
        "late": one.late_days if one.status == DONE else days_late(calendar, one.due_on, clock.today()),
        "who": known.person(one.completed_by) if one.status == DONE else "尚未办结",
        "urges": len(urged),
        "circular": "、".join(circulars),
        "detail": str(urged[-1].data.get("text", "")) if urged else "",
    }


def _urges(session: Session, cases: set[UUID]) -> dict[UUID, list[Any]]:
    """The urges and circulars of these cases, in order; one statement."""
    streams = {stream_of(one): one for one in cases}
    query = select(HistoryEvent.stream, HistoryEvent.kind, HistoryEvent.task, HistoryEvent.data).where(
        HistoryEvent.stream.in_(streams), of_kinds("urged", "circular_issued")
    )
    found: dict[UUID, list[Any]] = {}
    for event in session.execute(query.order_by(HistoryEvent.id)) if streams else ():
        found.setdefault(streams[event.stream], []).append(event)
    return found


def by_who_entered(asked: Asked) -> Page[Row]:
    """Approvals by who also did an earlier step of the case, or started it (四眼), the newest first.

    Of the cases that began in the days asked for, by default the last 90, at most 366: their steps are read once.
    """
    limit, offset = _bounds(asked)
    session = asked.session
    query = _approvals(asked)
    newest = query.add_columns(func.count().over().label("total"))  # looked for once
    newest = newest.order_by(UserTask.completed_at.desc(), UserTask.instance_id, UserTask.completed_seq)
    found = session.execute(newest.limit(limit).offset(offset)).all()
    total = found[0].total if found else 0
    if offset and not found:  # behind the last of them
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    known = Known(session).learn((one.by for one in found), (stream_of(one.case) for one in found))
    rows = tuple(
        {
            **_case(known, one.case),
            "at": one.at,
            "who": known.person(one.by),
            "step": one_line(one.step),
            "entered": "发起事项" if one.by == one.initiator else one_line(one.entered),
        }
        for one in found
    )
    return Page(rows, total, limit, offset)


def _approvals(asked: Asked) -> Select[Any]:
    """Approving steps (case, at, by, step), who started the case, and the first step there of who approved: only those
    whose doer started the case, or did another step first."""
    session, first = asked.session, aliased(UserTask)
    of_doer = select(first.task).where(
        first.instance_id == UserTask.instance_id,
        first.status == DONE,
        first.completed_by == UserTask.completed_by,
    )
    of_doer = of_doer.order_by(first.completed_seq).limit(1).correlate(UserTask)
    entered = of_doer.with_only_columns(first.name).scalar_subquery()
    query = (
        select(
            UserTask.instance_id.label("case"),
            UserTask.completed_at.label("at"),
            UserTask.completed_by.label("by"),
            UserTask.name.label("step"),
            Instance.initiator,
            entered.label("entered"),
        )
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(
            func.coalesce(UserTask.status, "") == DONE,  # written so that no index of all that is done is walked
            or_(*(UserTask.name.contains(word) for word in APPROVING)),
            or_(Instance.initiator == UserTask.completed_by, of_doer.scalar_subquery() != UserTask.task),
        )
    )
    if asked.text(BEGAN):
        query = query.where(Instance.initiator == UserTask.completed_by)
    if person := asked.text("person"):
        # written so that not all that somebody ever did is walked: the cases of the days asked for are fewer
        query = query.where(func.coalesce(UserTask.completed_by, "").in_(the_people(session, person)))
    if written := asked.text("case"):
        return query.where(UserTask.instance_id == the_case(session, written))
    until = asked.day("until") or clock.today()
    since = asked.day("since") or until - timedelta(days=DAYS_SHOWN)
    if (until - since).days > LONGEST_DAYS:
        raise Invalid("不能这样查询", [Finding("/since", f"一次最多查 {LONGEST_DAYS} 天内登记的事项，请缩小范围")])
    began = aliased(Instance)
    cases = select(began.id).where(
        began.process.in_(select(Definition.key)),  # all there are: the index begins with the process
        began.started_at >= beginning_of(since),
        began.started_at < clock.end_of(until),
    )
    return query.where(UserTask.instance_id.in_(cases))


def unusual(asked: Asked) -> Page[Row]:
    """Cases that were returned, taken back, moved, handed to others, suspended or ended early; how often each."""
    limit, offset = _bounds(asked)
    session = asked.session
    plain, beside = wanted_of(asked, [kind for kind in UNUSUAL if kind != again.COMPLETED], again.BY_FORM)
    parts: list[Any] = []
    if plain:
        parts.append(
            select(HistoryEvent.stream, HistoryEvent.at, HistoryEvent.kind).where(
                HistoryEvent.kind.in_(plain),
                HistoryEvent.stream.startswith("instance:", autoescape=True),
                *period(asked, HistoryEvent.at),
            )
        )
    if beside is not None:
        few = beside.subquery()
        stream = again.stream_in_sql(session, few.c.case).label("stream")
        parts.append(select(stream, few.c.at, literal(again.COMPLETED).label("kind")))
    every = union_all(*parts).subquery()
    counted = [func.sum(case((every.c.kind == kind, 1), else_=0)).label(kind) for kind in UNUSUAL]
    query = select(every.c.stream, func.max(every.c.at).label("at"), *counted).group_by(every.c.stream)
    newest = query.add_columns(func.count().over().label("total"))  # of all groups: what is counted is grouped once
    newest = newest.order_by(func.max(every.c.at).desc(), every.c.stream)
    rows = session.execute(newest.limit(limit).offset(offset)).all()
    total = rows[0].total if rows else 0
    known = Known(session).learn((), (row.stream for row in rows))
    states = _states(session, [row.stream for row in rows])
    found = []
    for row in rows:
        about, link = known.record(row.stream)
        told = [f"{word} {getattr(row, name)} 次" for name, word in UNUSUAL.items() if getattr(row, name)]
        process, version, status, end = states.get(row.stream, ("", None, "", ""))
        found.append(
            {
                "at": row.at,
                "about": about,
                "process": f"{process} 第 {version} 版" if version is not None else "",
                "state": one_line(end) or STATUSES.get(status, ""),
                "detail": "、".join(told),
                "links": {"about": link} if link is not None else {},
            }
        )
    return Page(tuple(found), total, limit, offset)


def _states(session: Session, streams: Sequence[str]) -> dict[str, tuple[str, int, str, str]]:
    """Process, version, status and end of the cases of these streams; one statement."""
    ids = [UUID(one.partition(":")[2]) for one in streams]
    query = (
        select(Instance.id, Definition.name, Instance.version, Instance.status, Instance.end_name)
        .outerjoin(Definition, and_(Definition.key == Instance.process, Definition.version == Instance.version))
        .where(Instance.id.in_(ids))
    )
    return {
        stream_of(row.id): (row.name, row.version, row.status, row.end_name or "") for row in session.execute(query)
    }


NOT_TAKEN, IDLE = "not_taken", "idle"
GAPS: Mapping[str, str] = {NOT_TAKEN: "无人领办的步骤", IDLE: "没有后台活动的日子"}


def gaps(asked: Asked) -> Page[Row]:
    """Open steps that nobody has taken, the longest first; then the working days without work in the background.

    ``kind`` asks for one of the two.
    """
    limit, offset = _bounds(asked)
    session, kind = asked.session, asked.text("kind")
    days = _idle_days(asked) if kind != NOT_TAKEN else []
    query = (
        select(UserTask)
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(IS_OPEN, UserTask.assignee.is_(None), Instance.status == "running")
    )
    if kind == IDLE:
        query = query.where(false())
    total = session.scalar(query.with_only_columns(func.count())) or 0
    idle: list[Row] = [{"what": GAPS[IDLE], "since": day, "days": None, "links": {}} for day in days]
    listed: list[Row] = []
    tasks = list(session.scalars(query.order_by(UserTask.entered_at, UserTask.id).limit(limit).offset(offset)))
    known = Known(session).learn((), (stream_of(one.instance_id) for one in tasks), (one.unit for one in tasks))
    for one in tasks:
        entered = clock.local(one.entered_at).date()
        listed.append(
            {
                **_case(known, one.instance_id),
                "what": GAPS[NOT_TAKEN],
                "step": one_line(one.name),
                "unit": _whose(one, known, asked.organization),
                "since": entered,
                "days": (clock.today() - entered).days,
                "due": one.due_on,
            }
        )
    start = max(0, offset - total)
    listed += idle[start : start + limit - len(listed)]
    return Page(tuple(listed), total + len(idle), limit, offset)


def _idle_days(asked: Asked) -> list[Any]:
    """The working days asked for (by default of the last 90) on which the service did nothing, since it first did.

    One statement: an entry of the service a day is enough, and the index finds the next one.
    """
    today = clock.today()
    until = min(asked.day("until") or today, today)
    since = asked.day("since") or until - timedelta(days=DAYS_SHOWN - 1)
    since = max(since, until - timedelta(days=366))
    # Days of Shanghai begin at 16:00 of the day before in UTC, all the year.
    at = HistoryEvent.at
    if asked.session.get_bind().dialect.name == "sqlite":
        day: Any = func.date(at, "+8 hours")
    else:
        day = func.to_char(func.timezone("Asia/Shanghai", at), "YYYY-MM-DD")
    query = (
        select(day)
        .distinct()
        .where(HistoryEvent.actor == SYSTEM.username, at >= beginning_of(since), at < clock.end_of(until))
    )
    active = set(asked.session.scalars(query))
    first = min(active, default=None)
    working = current(asked.session).is_working_day
    listed = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    return [
        one
        for one in reversed(listed)
        if first is not None
        and one.isoformat() > first
        and one < today
        and working(one)
        and one.isoformat() not in active
    ]


def on_a_day(asked: Asked) -> Page[Row]:
    """Every case as it stood at the end of a day, as the ledger tells it."""
    day = asked.day("day")
    if day is None or day > clock.today():
        raise Invalid("不能这样查询", [Finding("/day", "请填写一个不晚于今天的日期")])
    wanted = CaseFilter(process=None, as_of=day, q=asked.text("q") or None)
    page = queries.cases(asked.session, asked.reader, filters=wanted, limit=asked.limit, offset=asked.offset)
    rows = ledger_rows(asked.session, page.items, asked.organization, day)
    told = tuple(
        {
            **dict(zip(DAY_COLUMNS, (_cell(cell) for cell in cells), strict=True)),
            "links": {"title": ("case", str(instance.id))},
        }
        for instance, cells in zip(page.items, rows, strict=True)
    )
    return Page(told, page.total, page.limit, page.offset, page.more)


DAY_COLUMNS = (
    "number",
    "title",
    "status",
    "stage",
    "talent",
    "leader",
    "category",
    "town",
    "initiator_unit",
    "unit",
    "lead",
    "assisting",
    "rounds",
    "received",
    "due",
    "first_due",
    "due_unit",
    "due_units",
    "left",
    "step_due",
    "step_left",
    "started",
    "ended",
    "end",
    "outcome",
    "urges",
    "late",
    "late_steps",
)
"""The names of the ledger's columns, in their order."""
DAY_TITLES: Mapping[str, str] = dict(zip(DAY_COLUMNS, COLUMNS, strict=True))


def _cell(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
