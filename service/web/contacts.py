"""联系记录、我的联系对象: contacts found, entered, withdrawn; whom I serve."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts, liaisons
from service.contacts import ASPECTS, INBOUND_FORMS, OPINION_STATUSES, TOPICS, Contact, ContactFilter
from service.contacts.rules import FORMS, NEUTRAL_SUMMARY
from service.db.lists import MAX_LIMIT, Page
from service.errors import Finding, Invalid
from service.http.context import actor, db, settings
from service.people.models import Leader
from service.processes import queries
from service.processes.calendars import current
from service.processes.first_steps import may_start
from service.processes.models import Instance
from service.processes.rules import NEED
from service.talents.queries import talents_by_id
from service.usecases.names import Names
from service.web import attachments as attachments
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, day, done, listed, offset, sent, text
from service.web.asked import asked
from service.web.changes import changes_with_files
from service.web.choices import every_unit
from service.web.exports import Columns, exported
from service.web.opinions import opinion_parts

blueprint = Blueprint("contacts", __name__)

FEW_LEADERS = 60
"""So many leaders are listed to choose from; beyond them they are searched for."""
OPINION_LINES = 3


@blueprint.get("/contacts")
@requires()
def index() -> ResponseReturnValue:
    """联系记录."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "contacts/contacts.html",
        page=page,
        names=Names(db()).learn([row.entered_by for row in page.items]),
        noted=contacts.restricted_notes(db(), actor(), [row.id for row in page.items]),
        units=every_unit(),
        may_add=contacts.may_enter(db(), actor()),
        **_words(),
    )


@blueprint.get("/contacts/new")
@requires()
def new() -> ResponseReturnValue:
    """登记联系记录: the leader, whom the leader met, how, when, what was said; the rest may be left out."""
    today = clock.today()
    choices = contacts.leaders_to_enter(db(), actor(), today, FEW_LEADERS)
    before = contacts.get_contact(db(), argument("copy") or "", actor()) if argument("copy") else None
    leader = before.leader if before is not None else _chosen(choices)
    served = liaisons.talents_of(db(), [leader.id], today)[leader.id] if leader is not None else ()
    wanted = request.args.getlist("talent")[:20]
    picked = [row.talent for row in before.talents] if before is not None else talents_by_id(db(), wanted)
    return render_template(
        "contacts/new.html",
        leader=leader,
        leaders=choices if len(choices) <= FEW_LEADERS else [],
        may_add=contacts.may_enter(db(), actor()),
        served=served,
        picked={one.id for one in picked},
        others={one.id: one.name for one in picked if one.id not in {talent.id for talent in served}},
        inbound=before.inbound if before is not None else request.args.get("inbound") == "yes",
        before=before,
        activities=contacts.latest_activities(db(), today),
        activity=argument("activity"),
        today=today,
        lines=range(OPINION_LINES),
        entry_days=settings().contacts.entry_days,
        may_start=may_start(db(), NEED, actor()),
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
    aspects, learnt = _learnt(fields)
    with _at_lines(lines, aspects):
        made = contacts.record_contact(
            db(),
            leader_id=text(fields, "leader_id"),
            talent_ids=[*listed(fields, "talent"), *listed(fields, "other")],
            form=text(fields, "form"),
            held_on=day(fields, "held_on", "联系日期"),
            topics=[int(topic) if len(topic) < 4 else 0 for topic in listed(fields, "topic") if topic.isdecimal()],
            summary=text(fields, "summary"),
            place=text(fields, "place"),
            participants=text(fields, "participants"),
            follow_up=text(fields, "follow_up"),
            tags=listed(fields, "tag"),
            opinions=said,
            notes=learnt,
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
    if made.opinions and not may_start(db(), NEED, actor()):
        told += "意见建议已转给联络员，由其答复或转为需求。"
    return done(told, url_for(".contact", contact_id=made.id))


@blueprint.get("/contacts/<uuid:contact_id>")
@requires()
def contact(contact_id: UUID) -> ResponseReturnValue:
    """One contact with its opinions, files and, for those who may read it, the restricted note."""
    found = contacts.get_contact(db(), contact_id, actor())
    parts = opinion_parts([(one, found) for one in found.opinions])
    return render_template(
        "contacts/contact.html",
        contact=found,
        names=Names(db()).learn([found.entered_by]),
        restricted=contacts.restricted_note(db(), actor(), found.id),
        activity=contacts.activity_of(db(), found),
        files=attachments.of_record(f"contact:{found.id}"),
        changes=changes_with_files(f"contact:{found.id}"),
        may_change=bool(contacts.leaders_to_record(db(), actor(), [found.leader_id])),
        **parts,
        **_words(),
    )


@blueprint.post("/contacts/<uuid:contact_id>/withdraw")
@requires()
def withdraw(contact_id: UUID) -> ResponseReturnValue:
    """Takes a contact entered by mistake off the lists."""
    contacts.withdraw_contact(
        db(), contact_id=contact_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now()
    )
    return done("联系记录已撤回，不再计入统计；可以更正后重新登记。", url_for(".contact", contact_id=contact_id))


@blueprint.post("/contacts/<uuid:contact_id>/notes")
@requires()
def note(contact_id: UUID) -> ResponseReturnValue:
    """补记 what the contact learnt of a talent's work (C3)."""
    aspects, learnt = _learnt(sent())
    with _at_lines((), aspects):
        contacts.add_notes(db(), contact_id=contact_id, notes=learnt, actor=actor(), now=clock.now())
    return done("已记入人才档案。", url_for(".contact", contact_id=contact_id, _anchor="notes"))


@blueprint.post("/contacts/notes/<uuid:note_id>/withdraw")
@requires()
def withdraw_note(note_id: UUID) -> ResponseReturnValue:
    """Takes a wrong note off the file."""
    found = contacts.withdraw_note(db(), note_id=note_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已撤回，不再显示在人才档案中。", url_for(".contact", contact_id=found.contact_id, _anchor="notes"))


@blueprint.get("/my-talents")
@requires()
def mine() -> ResponseReturnValue:
    """我的联系对象: whom I serve, what they need, a contact in a minute. For a liaison: whom my leaders serve."""
    today = clock.today()
    leaders = contacts.leaders_to_enter(db(), actor(), today, FEW_LEADERS)[:FEW_LEADERS]
    ids = [one.id for one in leaders]
    served = liaisons.talents_of(db(), ids, today)
    return render_template(
        "contacts/mine.html",
        leaders=leaders,
        served=served,
        needs=_open_needs({talent.id for talents in served.values() for talent in talents}),
        last=contacts.last_contacts(db(), ids),
        pairs=contacts.interviews_of(db(), ids, today),
        **_words(),
    )


def _found(limit: int, offset: int) -> Page[Contact]:
    return contacts.search_contacts(db(), actor(), asked(ContactFilter), limit, offset)


def _columns(found: Sequence[Contact]) -> Columns[Contact]:
    """Never a restricted note (C4)."""
    names, tags = Names(db()).learn(row.entered_by for row in found), settings().contacts.tags
    return {
        "日期": lambda row: row.held_on,
        "联系领导": lambda row: row.leader.name,
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
        "科研、学科、经营、培养情况": lambda row: "\n".join(
            f"{one.talent.name}（{ASPECTS[one.aspect]}）：{one.text}" for one in row.notes if one.withdrawn_at is None
        ),
        "后续跟进": lambda row: row.follow_up,
        "标签": lambda row: "、".join(tags.get(tag, tag) for tag in row.tags),
        "计入访谈": lambda row: "是" if row.interview and row.leader.klass == "B" else "否",
        "人才主动反映": lambda row: "是" if row.inbound else "否",
        "登记人": lambda row: names.person(row.entered_by),
        "登记时间": lambda row: row.entered_at,
        "逾期登记": lambda row: "是" if row.late else "补录" if row.supplementary else "否",
    }


def _chosen(choices: Sequence[Leader]) -> Leader | None:
    """The leader that the address names, or who goes without saying."""
    named = argument("leader")
    if named is None:
        own = [one for one in choices if one.person_id == actor().person_id]
        return own[0] if own else choices[0] if len(choices) == 1 else None
    known = next((one for one in choices if str(one.id) == named), None)
    if known is not None or len(choices) <= FEW_LEADERS:
        return known
    return contacts.leader_to_enter(db(), actor(), named)


def _open_needs(talent_ids: Collection[str]) -> dict[str, list[Instance]]:
    """Talent → the open needs that the actor may see; at most one page of them."""
    found: dict[str, list[Instance]] = {}
    if talent_ids:
        wanted = queries.CaseFilter(process=NEED, status="running", talents=talent_ids)
        for case in queries.cases(db(), actor(), filters=wanted, limit=MAX_LIMIT, offset=0).items:
            found.setdefault(str(case.talent_id), []).append(case)
    return found


def _said(fields: Mapping[str, Any]) -> tuple[list[int], list[dict[str, str]]]:
    """The opinions, and in which of the form's boxes each stands: boxes may be left empty."""
    lines = [
        (n, {"text": text(dict(fields), f"opinion_{n}"), "talent_id": text(dict(fields), f"opinion_talent_{n}")})
        for n in range(OPINION_LINES)
    ]
    filled = [(n, line) for n, line in lines if line["text"].strip()]
    return [n for n, _ in filled], [line for _, line in filled]


def _learnt(fields: Mapping[str, Any]) -> tuple[list[str], list[dict[str, str]]]:
    """The notes for the talents' files, and in which of the form's boxes each stands: one for each aspect."""
    told = dict(fields)
    boxes = [
        {"aspect": one, "text": text(told, f"note_{one}"), "talent_id": text(told, f"of_{one}")} for one in ASPECTS
    ]
    filled = [one for one in boxes if one["text"].strip()]
    return [one["aspect"] for one in filled], filled


@contextmanager
def _at_lines(lines: Sequence[int], aspects: Sequence[str]) -> Iterator[None]:
    """Findings about the n-th opinion, or the n-th note, stand at the box in which it was written."""
    try:
        yield
    except Invalid as error:
        raise Invalid(error.message, [_at_line(finding, lines, aspects) for finding in error.findings]) from error


def _at_line(finding: Finding, lines: Sequence[int], aspects: Sequence[str]) -> Finding:
    if found := re.fullmatch(r"/opinions/(\d+)/\w+", finding.path):
        return Finding(f"/opinion_{lines[int(found[1])]}", finding.message)
    if found := re.fullmatch(r"/notes/(\d+)/\w+", finding.path):
        return Finding(f"/note_{aspects[int(found[1])]}", finding.message)
    return finding if finding.path != "/notes" else Finding(f"/note_{next(iter(ASPECTS))}", finding.message)


def _words() -> dict[str, Any]:
    return {
        "forms": FORMS,
        "inbound_forms": INBOUND_FORMS,
        "topics": TOPICS,
        "aspects": ASPECTS,
        "tags": settings().contacts.tags,
        "form_name": contacts.form_name,
    }


# Never a restricted note (C4).
exported(blueprint, "/contacts.xlsx", "联系记录", _found, _columns)
