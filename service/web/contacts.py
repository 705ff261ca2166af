"""联系记录、意见建议、我的联系对象、访谈进度."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from service import clock, contacts, history, liaisons
from service.contacts.access import leaders_clause
from service.contacts.models import Activity, Contact, ContactTalent, Opinion
from service.contacts.rules import FORMS, INBOUND_FORMS, NEUTRAL_SUMMARY, OPINION_STATUSES, TOPICS
from service.db.lists import MAX_LIMIT, Page, on_day
from service.errors import Finding, Invalid
from service.ids import as_id
from service.people.filters import UnitFilter
from service.people.models import Leader
from service.people.queries import search_units
from service.processes import queries
from service.processes.calendars import current
from service.processes.models import Instance
from service.processes.starting import may_start
from service.rights import LEADER, LIAISON, TALENT_OFFICE, may
from service.talents.models import Talent
from service.web import files, stale
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, asked_day, day, done, offset, sent, text
from service.web.context import actor, db, selves, settings
from service.web.exports import Columns, batches, workbook
from service.web.names import Names

blueprint = Blueprint("contacts", __name__)

ALL_UNITS = 200
FEW_LEADERS = 60
"""So many leaders are listed to choose from; beyond them they are searched for."""
OPINION_LINES = 3
ANSWER_FIELDS = {"status": "处理结果", "answer": "答复内容"}


# --- Contacts --------------------------------------------------------------------------------------------------------


@blueprint.get("/contacts")
@requires()
def index() -> ResponseReturnValue:
    """联系记录."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "contacts/index.html",
        page=page,
        names=Names(db()).learn([row.entered_by for row in page.items]),
        noted=contacts.restricted_notes(db(), actor(), [row.id for row in page.items]),
        units=_units(),
        may_add=_may_add(),
        **_words(),
    )


@blueprint.get("/contacts.xlsx")
@requires()
def export() -> ResponseReturnValue:
    """What the list shows, all its pages, for a spreadsheet; never a restricted note (C4)."""
    return workbook("联系记录", batches(_found), _contact_columns)


@blueprint.get("/contacts/new")
@requires()
def new() -> ResponseReturnValue:
    """登记联系记录: the leader, whom the leader met, how, when, what was said; the rest may be left out."""
    choices = _own_leaders()
    leader = _chosen(choices)
    before = contacts.get_contact(db(), argument("copy") or "", actor()) if argument("copy") else None
    leader = before.leader if before is not None else leader
    served = liaisons.talents_of(db(), [leader.id], clock.today())[leader.id] if leader is not None else ()
    picked = [row.talent for row in before.talents] if before is not None else _asked_talents()
    return render_template(
        "contacts/new.html",
        leader=leader,
        leaders=choices if len(choices) <= FEW_LEADERS else [],
        may_add=_may_add(),
        served=served,
        picked={one.id for one in picked},
        others={one.id: one.name for one in picked if one.id not in {talent.id for talent in served}},
        inbound=before.inbound if before is not None else request.args.get("inbound") == "yes",
        before=before,
        activities=_activities(),
        activity=argument("activity"),
        today=clock.today(),
        lines=range(OPINION_LINES),
        entry_days=settings().contacts.entry_days,
        may_start=may_start(db(), "request", actor()),
        neutral=NEUTRAL_SUMMARY,
        **_words(),
    )


@blueprint.post("/contacts")
@requires()
def record() -> ResponseReturnValue:
    """Enters a contact."""
    fields = sent()
    rules = settings().contacts
    lines, said = _said(fields)
    with _at_lines(lines):
        made = contacts.record_contact(
            db(),
            leader_id=text(fields, "leader_id"),
            talent_ids=[*_list(fields, "talent"), *_list(fields, "other")],
            form=text(fields, "form"),
            held_on=day(fields, "held_on", "联系日期"),
            topics=[int(topic) if len(topic) < 4 else 0 for topic in _list(fields, "topic") if topic.isdecimal()],
            summary=text(fields, "summary"),
            place=text(fields, "place"),
            participants=text(fields, "participants"),
            follow_up=text(fields, "follow_up"),
            tags=_list(fields, "tag"),
            opinions=said,
            restricted=text(fields, "restricted"),
            inbound=text(fields, "inbound") == "yes",
            interview={"yes": True, "no": False}.get(text(fields, "interview")),
            activity_id=text(fields, "activity_id") or None,
            known_tags=rules.tags,
            entry_days=rules.entry_days,
            calendar=current(db()),
            actor=actor(),
            now=clock.now(),
        )
    told = "联系记录已登记。"
    if made.late:
        told = f"联系记录已登记。联系当天起已超过 {rules.entry_days} 个工作日，记录上标为“逾期登记”。"
    if made.opinions and not may_start(db(), "request", actor()):
        told += "意见建议已转给联络员，由其答复或转为需求。"
    return done(told, url_for(".contact", contact_id=made.id))


@blueprint.get("/contacts/<uuid:contact_id>")
@requires()
def contact(contact_id: UUID) -> ResponseReturnValue:
    """One contact with its opinions, files and, for those who may read it, the restricted note."""
    found = contacts.get_contact(db(), contact_id, actor())
    names = Names(db()).learn([found.entered_by])
    return render_template(
        "contacts/contact.html",
        contact=found,
        names=names,
        restricted=contacts.restricted_notes(db(), actor(), [found.id]),
        activity=db().get(Activity, found.activity_id) if found.activity_id else None,
        files=files.of_record(f"contact:{found.id}"),
        may_change=_may_change(found),
        **_opinion_parts([(one, found) for one in found.opinions]),
        **_words(),
    )


@blueprint.post("/contacts/<uuid:contact_id>/withdraw")
@requires()
def withdraw(contact_id: UUID) -> ResponseReturnValue:
    """Takes a contact entered by mistake off the lists."""
    contacts.get_contact(db(), contact_id, actor())
    contacts.withdraw_contact(
        db(), contact_id=contact_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now()
    )
    return done("联系记录已撤回，不再计入统计；可以更正后重新登记。", url_for(".contact", contact_id=contact_id))


@blueprint.get("/my-talents")
@requires()
def mine() -> ResponseReturnValue:
    """我的联系对象: whom I serve, what they need, a contact in a minute. For a liaison: whom my leaders serve."""
    leaders = _own_leaders()[:FEW_LEADERS]
    served = liaisons.talents_of(db(), [one.id for one in leaders], clock.today())
    ids = {talent.id for listed in served.values() for talent in listed}
    return render_template(
        "contacts/mine.html",
        leaders=leaders,
        served=served,
        needs=_open_needs(ids),
        last=_last_contacts([one.id for one in leaders]),
        pairs={
            (pair.leader.id, pair.talent.id): pair
            for pair in contacts.interview_counts(
                db(), year=clock.today().year, on=clock.today(), leader_ids=Leader.id.in_([one.id for one in leaders])
            )
        },
        **_words(),
    )


# --- Opinions --------------------------------------------------------------------------------------------------------


@blueprint.get("/opinions")
@requires()
def opinions() -> ResponseReturnValue:
    """意见建议."""
    page = _found_opinions(PER_PAGE, offset())
    return render_template(
        "contacts/opinions.html", page=page, units=_units(), **_opinion_parts(page.items), **_words()
    )


@blueprint.get("/opinions.xlsx")
@requires()
def export_opinions() -> ResponseReturnValue:
    """意见建议 as the list shows it, all its pages."""
    return workbook("意见建议", batches(_found_opinions), _opinion_columns)


@blueprint.post("/opinions/<uuid:opinion_id>/answer")
@requires()
def answer(opinion_id: UUID) -> ResponseReturnValue:
    """What became of an opinion that needs no case."""
    fields = sent()
    _, found = contacts.get_opinion(db(), opinion_id, actor())
    with stale.named(fields, words=OPINION_STATUSES, labels=ANSWER_FIELDS):
        contacts.answer_opinion(
            db(),
            opinion_id=opinion_id,
            status=text(fields, "status"),
            answer=text(fields, "answer"),
            version=stale.version(fields),
            actor=actor(),
            now=clock.now(),
        )
    return done("处理结果已登记。", url_for(".contact", contact_id=found.id) + "#opinions")


# --- Interviews ------------------------------------------------------------------------------------------------------


@blueprint.get("/interviews")
@requires()
def interviews() -> ResponseReturnValue:
    """访谈进度: two interviews a year of each pair of class B (F2); reasons from its last reminder on."""
    today = clock.today()
    year, pairs = _interviews()
    explains = _may_add() and today >= date(year, 12, 1)
    return render_template(
        "contacts/interviews.html",
        pairs=(shown := _shown(pairs)),
        versions=contacts.missed_versions(db(), shown, year) if explains else {},
        total=len(pairs),
        done=sum(pair.short == 0 for pair in pairs),
        year=year,
        years=[(str(one), f"{one} 年") for one in range(today.year, today.year - 5, -1)],
        units=_units(),
        may_explain=explains,
    )


@blueprint.get("/interviews.xlsx")
@requires()
def export_interviews() -> ResponseReturnValue:
    """访谈进度 as the list shows it."""
    year, pairs = _interviews()
    return workbook(f"{year} 年访谈进度", [_shown(pairs)], lambda _: PAIR_COLUMNS)


@blueprint.post("/interviews/reason")
@requires()
def missed() -> ResponseReturnValue:
    """Why a pair had too few interviews."""
    fields = sent()
    year = text(fields, "year")
    with stale.named(fields):
        contacts.give_missed_reason(
            db(),
            leader_id=text(fields, "leader_id"),
            talent_id=text(fields, "talent_id"),
            year=int(year) if year.isdecimal() and len(year) == 4 else 0,
            reason=text(fields, "reason"),
            version=stale.version(fields),
            actor=actor(),
            now=clock.now(),
        )
    if (task := as_id(text(fields, "task"))) is not None:
        return done("原因已登记。", url_for("web.tasks.task", task_id=task))
    return done("原因已登记。", url_for(".interviews", year=year))


# --- Parts -----------------------------------------------------------------------------------------------------------


def _filters() -> contacts.ContactFilter:
    topic = argument("topic")
    return contacts.ContactFilter(
        q=argument("q"),
        leader_id=argument("leader"),
        talent_id=argument("talent"),
        unit=argument("unit"),
        form=argument("form"),
        topic=int(topic) if topic in {str(one) for one in TOPICS} else None,
        tag=argument("tag"),
        activity_id=argument("activity"),
        inbound={"yes": True}.get(request.args.get("inbound", "")),
        interview={"yes": True}.get(request.args.get("interview", "")),
        late={"yes": True, "no": False}.get(request.args.get("late", "")),
        since=asked_day("since"),
        until=asked_day("until"),
        withdrawn=request.args.get("withdrawn") == "yes",
    )


def _found(limit: int, offset: int) -> Page[Contact]:
    return contacts.search_contacts(db(), actor(), filters=_filters(), limit=limit, offset=offset)


def _contact_columns(found: Sequence[Contact]) -> Columns[Contact]:
    """Never a restricted note (C4)."""
    names, tags = Names(db()).learn(row.entered_by for row in found), settings().contacts.tags
    return {
        "日期": lambda row: row.held_on,
        "联系领导": lambda row: row.leader.person.name,
        "领导职务": lambda row: row.leader.post,
        "联系对象": lambda row: "、".join(one.talent.name for one in row.talents),
        "形式": lambda row: contacts.form_name(row.form, inbound=row.inbound),
        "内容": lambda row: "、".join(TOPICS[one.topic] for one in row.topics),
        "地点": lambda row: row.place,
        "参加人员": lambda row: row.participants,
        "情况摘要": lambda row: row.summary,
        "意见建议": lambda row: "\n".join(
            f"{one.talent.name}：{one.text}（{OPINION_STATUSES[one.status]}）" for one in row.opinions
        ),
        "后续跟进": lambda row: row.follow_up,
        "标签": lambda row: "、".join(tags.get(tag, tag) for tag in row.tags),
        "计入访谈": lambda row: "是" if row.interview and row.leader.klass == "B" else "否",
        "人才主动反映": lambda row: "是" if row.inbound else "否",
        "登记人": lambda row: names.person(row.entered_by),
        "登记时间": lambda row: row.entered_at,
        "逾期登记": lambda row: "是" if row.late else "补录" if row.supplementary else "否",
    }


def _found_opinions(limit: int, offset: int) -> Page[tuple[Opinion, Contact]]:
    return contacts.search_opinions(
        db(),
        actor(),
        q=argument("q"),
        status=argument("status"),
        talent_id=argument("talent"),
        leader_id=argument("leader"),
        unit=argument("unit"),
        since=asked_day("since"),
        until=asked_day("until"),
        limit=limit,
        offset=offset,
    )


def _opinion_columns(found: Sequence[tuple[Opinion, Contact]]) -> Columns[tuple[Opinion, Contact]]:
    cases = _cases_of(found)

    def number(opinion: Opinion) -> str:
        case = cases.get(opinion.instance_id)
        return case.number or "待受理" if case is not None else ""

    return {
        "日期": lambda pair: pair[1].held_on,
        "人才": lambda pair: pair[0].talent.name,
        "意见建议": lambda pair: pair[0].text,
        "处理结果": lambda pair: pair[0].answer,
        "联系领导": lambda pair: pair[1].leader.person.name,
        "状态": lambda pair: OPINION_STATUSES[pair[0].status],
        "需求编号": lambda pair: number(pair[0]),
    }


def _interviews() -> tuple[int, list[contacts.PairCount]]:
    """The year that the address asks for, and its pairs."""
    today = clock.today()
    year = request.args.get("year", today.year, type=int)
    year = year if 2000 <= year <= today.year else today.year
    pairs = contacts.interview_counts(
        db(),
        year=year,
        on=today,
        unit=argument("unit"),
        leader_id=argument("leader"),
        leader_ids=leaders_clause(db(), actor()),
    )
    return year, pairs


def _shown(pairs: Sequence[contacts.PairCount]) -> list[contacts.PairCount]:
    short = request.args.get("short") == "yes"
    return [pair for pair in pairs if pair.short or not short]


PAIR_COLUMNS: Columns[contacts.PairCount] = {
    "进度": lambda pair: "已满" if not pair.short else f"还差 {pair.short} 次" if pair.count else "尚未访谈",
    "联系领导": lambda pair: pair.leader.person.name,
    "领导职务": lambda pair: pair.leader.post,
    "联系对象": lambda pair: pair.talent.name,
    "工作单位": lambda pair: pair.talent.employer,
    "已访谈": lambda pair: pair.count,
    "应访谈": lambda pair: pair.required,
    "分次": lambda pair: (
        "，".join(f"{leader.person.name} {count} 次" for leader, count in pair.split) if len(pair.split) > 1 else ""
    ),
    "未完成原因": lambda pair: pair.reason,
}


def _opinion_parts(pairs: Sequence[tuple[Opinion, Contact]]) -> dict[str, Any]:
    """What a list of opinions needs beside the rows: their needs, who may answer, what else is open."""
    return {
        "cases": _cases_of(pairs),
        "may_start": may_start(db(), "request", actor()),
        "may_answer": {held.id for _, held in pairs if _may_change(held)},
        "versions": history.versions_of(db(), {one.id: contacts.opinion_edits(one) for one, _ in pairs}),
    }


def _cases_of(pairs: Sequence[tuple[Opinion, Contact]]) -> dict[UUID | None, Any]:
    """The needs that opinions became: id → (id, number, title, status); at most one statement."""
    wanted = [one.instance_id for one, _ in pairs if one.instance_id is not None]
    if not wanted:
        return {}
    found = select(Instance.id, Instance.number, Instance.title, Instance.status).where(Instance.id.in_(wanted))
    return {row.id: row for row in db().execute(found)}


def _may_change(found: Contact) -> bool:
    leader = found.leader
    return any(may(one, "record_contacts", unit=leader.unit_code, person_id=leader.person_id) for one in selves())


def _may_add() -> bool:
    return any(one.roles & {TALENT_OFFICE, LIAISON, LEADER} for one in selves())


def _own_leaders() -> list[Leader]:
    """The leaders of today for whom the actor may enter contacts, one's own posts first."""
    if not _may_add():
        return []
    today = clock.today()
    query = select(Leader).where(leaders_clause(db(), actor()), on_day(Leader.starts_on, Leader.ends_on, today))
    mine = {one.person_id for one in selves()}
    found = db().scalars(query.limit(FEW_LEADERS + 1))
    return sorted(found, key=lambda one: (one.person_id not in mine, one.klass, one.person.pinyin, str(one.id)))


def _chosen(choices: Sequence[Leader]) -> Leader | None:
    asked = argument("leader")
    if asked is None:
        own = [one for one in choices if one.person_id == actor().person_id]
        return own[0] if own else choices[0] if len(choices) == 1 else None
    listed = next((one for one in choices if str(one.id) == asked), None)
    if listed is not None or len(choices) <= FEW_LEADERS:
        return listed
    try:
        return db().scalar(select(Leader).where(Leader.id == UUID(asked), leaders_clause(db(), actor())))
    except ValueError:
        return None


def _asked_talents() -> list[Talent]:
    asked = request.args.getlist("talent")[:20]
    return list(db().scalars(select(Talent).where(Talent.id.in_(asked)))) if asked else []


def _activities() -> list[Activity]:
    """The latest activities, to choose from."""
    query = select(Activity).where(Activity.cancelled_at.is_(None), Activity.held_on <= clock.today())
    return list(db().scalars(query.order_by(Activity.held_on.desc(), Activity.id).limit(20)))


def _open_needs(talent_ids: set[str]) -> dict[str, list[Instance]]:
    """Talent → the open needs that the actor may see; at most one page of them."""
    found: dict[str, list[Instance]] = {}
    if talent_ids:
        wanted = queries.CaseFilter(process="request", status="running", talents=talent_ids)
        for case in queries.cases(db(), actor(), filters=wanted, limit=MAX_LIMIT, offset=0).items:
            found.setdefault(str(case.talent_id), []).append(case)
    return found


def _last_contacts(leader_ids: Sequence[UUID]) -> dict[tuple[UUID, str], date]:
    """(leader, talent) → the day of their newest contact; one statement."""
    query = (
        select(Contact.leader_id, ContactTalent.talent_id, func.max(Contact.held_on))
        .join(ContactTalent, ContactTalent.contact_id == Contact.id)
        .where(Contact.leader_id.in_(leader_ids), Contact.withdrawn_at.is_(None))
        .group_by(Contact.leader_id, ContactTalent.talent_id)
    )
    return {(leader_id, talent_id): held_on for leader_id, talent_id, held_on in db().execute(query)}


def _said(fields: Mapping[str, Any]) -> tuple[list[int], list[dict[str, str]]]:
    """The opinions, and in which of the form's boxes each stands: boxes may be left empty."""
    lines = [
        (n, {"text": text(dict(fields), f"opinion_{n}"), "talent_id": text(dict(fields), f"opinion_talent_{n}")})
        for n in range(OPINION_LINES)
    ]
    filled = [(n, line) for n, line in lines if line["text"].strip()]
    return [n for n, _ in filled], [line for _, line in filled]


@contextmanager
def _at_lines(lines: Sequence[int]) -> Iterator[None]:
    """Findings about the n-th opinion stand at the box in which it was written."""
    try:
        yield
    except Invalid as error:
        raise Invalid(error.message, [_at_line(finding, lines) for finding in error.findings]) from error


def _at_line(finding: Finding, lines: Sequence[int]) -> Finding:
    if found := re.fullmatch(r"/opinions/(\d+)/\w+", finding.path):
        return Finding(f"/opinion_{lines[int(found[1])]}", finding.message)
    return finding


def _list(fields: Mapping[str, Any], name: str) -> list[str]:
    value = fields.get(name)
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str) and one]


def _units() -> Sequence[Any]:
    return search_units(db(), UnitFilter(member_units_only=True), limit=ALL_UNITS).items


def _words() -> dict[str, Any]:
    return {
        "forms": FORMS,
        "inbound_forms": INBOUND_FORMS,
        "topics": TOPICS,
        "statuses": OPINION_STATUSES,
        "tags": settings().contacts.tags,
        "form_name": contacts.form_name,
    }
