"""单位与人员: persons, leaders' posts and substitutes; each person with the whole history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.actions import posts
from service.actions.leaving import held_by
from service.auth import Account, directory
from service.auth.absence import cover_of, gaps
from service.auth.queries import accounts_of_person, grants_of
from service.db.lists import Page
from service.errors import Conflict, Finding
from service.fields import AREA, CHOICE, DATE, FLAG, PICK, Field
from service.liaisons import search_links, standing_teams
from service.people import BODIES, CLASS_A, CLASS_B, DUTIES, Leader, Person, namesakes, queries
from service.people.commands import LEADER_FIELDS, PERSON_FIELDS
from service.people.edits import leader_edits, person_edits
from service.people.filters import LeaderFilter, PersonFilter, SubstituteFilter
from service.people.models import Substitute
from service.people.namesakes import CONFIRM
from service.processes.standing import ROLE_NAMES
from service.rights import LEADER, LIAISON, may, require
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset
from service.web.asked import asked
from service.web.changes import changes_of
from service.web.context import actor, db
from service.web.exports import Columns, batches, workbook
from service.web.filling import Filling, changed, form_page, submitted
from service.web.names import Names
from service.web.units import CLASSES

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
@requires(right="view_directory")
def persons() -> ResponseReturnValue:
    """人员名录."""
    code, page = argument("unit"), _persons(PER_PAGE, offset())
    unit = queries.find_unit(db(), code) if code else None
    return render_template("people/persons.html", page=page, unit=unit, may_add=_may_add(code))


@blueprint.get("/people.xlsx")
@requires(right="view_directory")
def export_persons() -> ResponseReturnValue:
    """人员名录 as the list shows it, all its pages."""
    return workbook("人员名录", batches(_persons), lambda _: PERSON_COLUMNS)


@blueprint.get("/people/new")
@requires(right="view_directory")
def new_person() -> ResponseReturnValue:
    """登记人员."""
    own = next(iter(sorted(actor().units_of(LIAISON))), None)
    code = argument("unit") or (None if may(actor(), "manage_people") else own)
    require(actor(), "manage_people", unit=code)
    return _new_page(Filling.of(_fields(), {"unit_code": code}))


@blueprint.post("/people")
@requires(right="view_directory")
def add_person() -> ResponseReturnValue:
    """Enters a person; a namesake in the same unit must be confirmed."""

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        with _alike(form, values):
            person = directory.add_person(
                db(), **values, confirm_duplicate=form.confirmed, actor=actor(), now=clock.now()
            )
        return done(f"已登记{person.name}。", url_for("web.people.person", person_id=person.id))

    form = Filling.sent(_fields())
    return submitted(form, deed, _new_page)


@blueprint.get("/people/<uuid:person_id>")
@requires()
def person(person_id: UUID) -> ResponseReturnValue:
    """One person: posts, services as liaison, substitutes and history."""
    found = directory.shown_person(db(), person_id, actor())
    held = queries.posts_of(db(), person_id)
    seen = [post.id for post in held if _sees_links(post)]
    return render_template(
        "people/person.html",
        person=found,
        posts=held,
        kept={post.id for post in held if directory.keeps_leader(actor(), post)},
        served=queries.liaisons_of(db(), person_id=person_id),
        substitutes=queries.search_substitutes(db(), SubstituteFilter(person_id=person_id, include_former=True)),
        links={post: search_links(db(), leader_id=post, include_ended=False, limit=200).items for post in seen},
        teams=standing_teams(db(), seen, clock.today()),
        arranged={post.id for post in held if _may_arrange(post)},
        classes=CLASSES,
        bodies=BODIES,
        duties=DUTIES,
        today=clock.today(),
        may_edit=may(actor(), "manage_people", unit=found.unit_code),
        may_post=_may_post(found),
        may_substitute=directory.may_declare(actor(), found) and may(actor(), "view_directory"),
        accounts=_accounts(person_id) if may(actor(), "manage_accounts") else None,
        changes=changes_of(f"person:{person_id}"),
    )


@blueprint.get("/people/<uuid:person_id>/edit")
@requires(right="view_directory")
def edit_person(person_id: UUID) -> ResponseReturnValue:
    """修改人员信息."""
    found = queries.get_person(db(), person_id)
    require(actor(), "manage_people", unit=found.unit_code)
    return _edit_page(found, Filling.of(_fields(new=False), _values(found, PERSON_FIELDS), person_edits(found)))


@blueprint.post("/people/<uuid:person_id>")
@requires(right="view_directory")
def change_person(person_id: UUID) -> ResponseReturnValue:
    """Changes a person."""
    found = queries.get_person(db(), person_id)

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        wanted = changed(values, _values(found, PERSON_FIELDS))
        with _alike(form, {**_values(found, PERSON_FIELDS), **wanted}, person_id):
            directory.update_person(
                db(),
                person_id=person_id,
                changes=wanted,
                confirm_duplicate=form.confirmed,
                version=form.version,
                actor=actor(),
                now=clock.now(),
            )
        return done("已保存。", url_for("web.people.person", person_id=person_id))

    form = Filling.sent(_fields(new=False))
    return submitted(form, deed, lambda page: _edit_page(found, page))


# --- Leaders' posts ---


@blueprint.get("/leaders")
@requires(right="view_directory")
def leaders() -> ResponseReturnValue:
    """领导名录."""
    page = _leaders(PER_PAGE, offset())
    return render_template(
        "people/leaders.html", page=page, classes=CLASSES, bodies=BODIES, duties=DUTIES, today=clock.today()
    )


@blueprint.get("/leaders.xlsx")
@requires(right="view_directory")
def export_leaders() -> ResponseReturnValue:
    """领导名录 as the list shows it, all its pages."""
    return workbook("领导名录", batches(_leaders), lambda _: LEADER_COLUMNS)


@blueprint.get("/people/<uuid:person_id>/posts/new")
@requires(right="view_directory")
def new_post(person_id: UUID) -> ResponseReturnValue:
    """登记领导任职."""
    found = queries.get_person(db(), person_id)
    if not _may_post(found):
        require(actor(), "manage_leaders_b", unit=found.unit_code)
    first = {"klass": CLASS_B, "unit_code": found.unit_code, "post": found.post, "starts_on": clock.today()}
    return _new_post_page(found, Filling.of(_post_fields(new=True), first))


@blueprint.post("/people/<uuid:person_id>/posts")
@requires(right="view_directory")
def add_post(person_id: UUID) -> ResponseReturnValue:
    """Makes a person a leader."""
    found = queries.get_person(db(), person_id)

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        klass = values.pop("klass") or ""
        made = directory.add_leader(db(), person_id=person_id, klass=klass, **values, actor=actor(), now=clock.now())
        return done(_with_notes("已登记任职。", made), url_for("web.people.person", person_id=person_id))

    return submitted(Filling.sent(_post_fields(new=True)), deed, lambda form: _new_post_page(found, form))


@blueprint.get("/posts/<uuid:leader_id>/edit")
@requires(right="view_directory")
def edit_post(leader_id: UUID) -> ResponseReturnValue:
    """更正领导任职."""
    found = queries.get_leader(db(), leader_id)
    directory.require_leader(actor(), found)
    return _edit_post_page(found, Filling.of(_post_fields(), _values(found, LEADER_FIELDS), leader_edits(found)))


@blueprint.post("/posts/<uuid:leader_id>")
@requires(right="view_directory")
def change_post(leader_id: UUID) -> ResponseReturnValue:
    """Corrects a post."""
    found = queries.get_leader(db(), leader_id)
    person_id = found.person_id

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        wanted = changed(values, _values(found, LEADER_FIELDS))
        corrected = posts.correct_post(
            db(), leader_id=leader_id, changes=wanted, version=form.version, actor=actor(), now=clock.now()
        )
        return done(_with_notes("已更正任职。", corrected), url_for("web.people.person", person_id=person_id))

    form = Filling.sent(_post_fields())
    return submitted(form, deed, lambda page: _edit_post_page(found, page))


@blueprint.get("/posts/<uuid:leader_id>/end")
@requires(right="view_directory")
def end_post_form(leader_id: UUID) -> ResponseReturnValue:
    """结束任职."""
    found = queries.get_leader(db(), leader_id)
    directory.require_leader(actor(), found)
    return _end_post_page(found, Filling.of(LAST_DAY, {"ends_on": clock.today()}))


@blueprint.post("/posts/<uuid:leader_id>/end")
@requires(right="view_directory")
def end_post(leader_id: UUID) -> ResponseReturnValue:
    """Sets the last day of a post; from the next day on the Talent Office holds its links (O4)."""
    found = queries.get_leader(db(), leader_id)
    person_id = found.person_id

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        _, held = posts.end_post(db(), leader_id=leader_id, **values, actor=actor(), now=clock.now())
        said = f"其 {len(held)} 条联系关系由区人才办代管，请尽快移交。" if held else ""
        return done(f"已登记任职结束。{said}", url_for("web.people.person", person_id=person_id))

    return submitted(Filling.sent(LAST_DAY), deed, lambda form: _end_post_page(found, form))


@blueprint.get("/posts/<uuid:leader_id>/end/correct")
@requires(right="view_directory")
def correct_end_form(leader_id: UUID) -> ResponseReturnValue:
    """更正结束日期."""
    found = queries.get_leader(db(), leader_id)
    directory.require_leader(actor(), found)
    return _correct_end_page(found, Filling.of(OTHER_END, {"ends_on": found.ends_on}, leader_edits(found)))


@blueprint.post("/posts/<uuid:leader_id>/end/correct")
@requires(right="view_directory")
def correct_end(leader_id: UUID) -> ResponseReturnValue:
    """Puts the right last day of a post in the place of a wrong one; what was held for it follows (O4)."""
    found = queries.get_leader(db(), leader_id)
    person_id = found.person_id

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        reason = values["reason"] or ""
        leader, links = posts.correct_end(
            db(),
            leader_id=leader_id,
            ends_on=values["ends_on"],
            reason=reason,
            version=form.version,
            actor=actor(),
            now=clock.now(),
        )
        state = "恢复为联系中" if leader.ends_on is None else "按新的日期代管"
        said = f"其 {len(links)} 条联系关系已{state}。" if links else ""
        return done(f"已更正结束日期。{said}", url_for("web.people.person", person_id=person_id))

    form = Filling.sent(OTHER_END)
    return submitted(form, deed, lambda page: _correct_end_page(found, page))


# --- Substitutes ---


@blueprint.get("/substitutes")
@requires(right="view_directory")
def substitutes() -> ResponseReturnValue:
    """代理名录."""
    page = _substitutes(PER_PAGE, offset())
    said = gaps(db(), [cover_of(one) for one in page.items if one.withdrawn_at is None], clock.today())
    standing = [one.id for one in page.items if one.withdrawn_at is None]
    return render_template(
        "people/substitutes.html",
        page=page,
        today=clock.today(),
        may_end=lambda person: directory.may_declare(actor(), person),
        gaps=dict(zip(standing, said, strict=True)),
    )


@blueprint.get("/substitutes.xlsx")
@requires(right="view_directory")
def export_substitutes() -> ResponseReturnValue:
    """代理 as the list shows it, all its pages."""
    return workbook("代理", batches(_substitutes), lambda _: SUBSTITUTE_COLUMNS)


def _substitutes(limit: int, offset: int) -> Page[Substitute]:
    return queries.search_substitutes(db(), asked(SubstituteFilter), limit, offset)


SUBSTITUTE_COLUMNS: Columns[Substitute] = {
    "本人": lambda one: one.person.name,
    "代理人": lambda one: one.substitute.name,
    "开始日期": lambda one: one.starts_on,
    "结束日期": lambda one: one.ends_on,
    "事由": lambda one: one.reason,
    "是否已撤销": lambda one: "已撤销" if one.withdrawn_at else "",
}


@blueprint.get("/people/<uuid:person_id>/substitutes/new")
@requires()
def new_substitute(person_id: UUID) -> ResponseReturnValue:
    """指定代理人."""
    found = directory.shown_person(db(), person_id, actor())
    require(actor(), "declare_substitute", unit=found.unit_code, person_id=found.id)
    return _substitute_page(found, Filling.of(SUBSTITUTE, {"starts_on": clock.today()}))


@blueprint.post("/people/<uuid:person_id>/substitutes")
@requires()
def declare_substitute(person_id: UUID) -> ResponseReturnValue:
    """Declares who acts for a person, from when to when."""
    found = directory.shown_person(db(), person_id, actor())

    def deed(values: dict[str, Any]) -> ResponseReturnValue:
        declared = directory.declare_substitute(db(), person_id=person_id, **values, actor=actor(), now=clock.now())
        [doubts] = gaps(db(), [cover_of(declared)], clock.today())
        if doubts and not form.confirmed:
            form.doubts = doubts
            raise Conflict("代理可能不起作用", [Finding("", "代理期间可能无人办理，请核对后勾选“仍然指定”")])
        return done("已指定代理人。", url_for("web.people.person", person_id=person_id))

    form = Filling.sent(SUBSTITUTE)
    return submitted(form, deed, lambda form: _substitute_page(found, form))


@blueprint.post("/substitutes/<uuid:declaration_id>/withdraw")
@requires()
def withdraw_substitute(declaration_id: UUID) -> ResponseReturnValue:
    """Takes back a declared substitute at once."""
    taken = directory.withdraw_substitute(db(), declaration_id=declaration_id, actor=actor(), now=clock.now())
    return done("已撤销代理。", url_for("web.people.person", person_id=taken.person_id))


PERSON_COLUMNS: Columns[Person] = {
    "姓名": lambda one: one.name,
    "状态": lambda one: "" if one.active else "已离任",
    "单位": lambda one: one.unit.name if one.unit else "",
    "职务": lambda one: one.post,
    "办公电话": lambda one: one.phone,
}

LEADER_COLUMNS: Columns[Leader] = {
    "姓名": lambda post: post.person.name,
    "状态": lambda post: _standing(post),
    "职务": lambda post: post.post,
    "类别": lambda post: CLASSES[post.klass],
    "班子或分工": lambda post: BODIES[post.body] if post.body else DUTIES.get(post.duty or ""),
    "单位": lambda post: post.unit.name if post.unit else "",
    "分管工作": lambda post: post.portfolio,
    "驻点企业": lambda post: post.stationed,
    "任职开始": lambda post: post.starts_on,
    "任职结束": lambda post: post.ends_on,
}

OTHER_END = (
    Field("ends_on", "正确的最后一天", DATE, note="仍在任的留空"),
    Field("reason", "更正原因", required=True, longest=200),
)

LAST_DAY = (Field("ends_on", "任职的最后一天", DATE, required=True),)

SUBSTITUTE = (
    Field("substitute_id", "代理人", PICK, required=True, pick="people"),
    Field("starts_on", "开始日期", DATE, required=True),
    Field("ends_on", "结束日期", DATE, required=True, note="含当天；到期自动失效"),
    Field("reason", "事由", AREA, longest=200),
)


def _persons(limit: int, offset: int) -> Page[Person]:
    return queries.search_people(db(), asked(PersonFilter), limit, offset)


def _leaders(limit: int, offset: int) -> Page[Leader]:
    return queries.search_leaders(db(), asked(LeaderFilter), limit, offset)


def _standing(post: Leader) -> str:
    today = clock.today()
    if post.serves_on(today):
        return ""
    return "已结束" if post.ends_on and post.ends_on < today else "未到任"


def _fields(*, new: bool = True) -> list[Field]:
    fields = [
        Field("name", "姓名", required=True, longest=40),
        Field("unit_code", "所在单位", PICK, pick="units"),
        Field("post", "职务"),
        Field("phone", "办公电话", longest=27),
    ]
    return fields if new else [*fields, Field("active", "在任", FLAG, note="离任的人员不再出现在选择列表中")]


def _post_fields(*, new: bool = False) -> list[Field]:
    first = [Field("klass", "领导类别", CHOICE, required=True, choices=CLASSES, empty="")] if new else []
    last = [Field("ends_on", "结束日期", DATE, note="仍在任的不填")] if new else []
    return [
        *first,
        Field("body", "领导班子", CHOICE, choices=BODIES, note="区领导（A类）必填"),
        Field(
            "unit_code",
            "单位",
            PICK,
            required=new,
            pick="units",
            note="A类填服务该领导的办公室（三办之一）；B类填所在成员单位",
        ),
        Field("duty", "分工", CHOICE, choices=DUTIES, note="成员单位领导（B类）必填"),
        Field("post", "职务", required=True),
        Field("portfolio", "分管工作", AREA, longest=200, note="用于推荐联系对象，多项用顿号隔开"),
        Field(
            "stationed",
            "驻点企业",
            AREA,
            longest=500,
            note="驻点直联、暖春行动的企业全称，多家用顿号隔开；用于推荐联系对象",
        ),
        Field("starts_on", "开始日期", DATE, required=True),
        *last,
    ]


def _values(row: Person | Leader, fields: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(row, name) for name in fields}


def _accounts(person_id: UUID) -> list[tuple[Account, list[str]]]:
    """The accounts of a person, each with its roles of today as people call them."""
    accounts = accounts_of_person(db(), person_id)
    grants = grants_of(db(), [account.username for account in accounts], clock.today())
    names = Names(db()).learn(units=[grant.unit for held in grants.values() for grant in held])
    return [
        (
            account,
            sorted(
                ROLE_NAMES.get(one.role, one.role) + (f"（{names.unit(one.unit)}）" if one.unit else "")
                for one in grants.get(account.username, ())
            ),
        )
        for account in accounts
    ]


@contextmanager
def _alike(form: Filling, values: Mapping[str, Any], except_id: UUID | None = None) -> Iterator[None]:
    """Where the command meets namesakes, the page shows them with the box that says that it is none of them."""
    try:
        yield
    except Conflict as error:
        if not any(finding.path == CONFIRM for finding in error.findings):
            raise
        form.alike = [
            {
                "name": one.name,
                "detail": "，".join(filter(None, [one.unit.name if one.unit else "未填单位", one.post])),
                "address": url_for("web.people.person", person_id=one.id),
                "why": "同一单位已有同名人员",
            }
            for one in namesakes(db(), name=values["name"], unit_code=values["unit_code"], except_id=except_id)
        ]
        said = "同一单位已有同名人员，请核对后勾选“继续保存”"
        raise Conflict("可能重复登记", [Finding("", said)]) from error


def _new_page(form: Filling) -> str:
    return form_page(
        form, title="登记人员", action=url_for("web.people.add_person"), back=url_for("web.people.persons")
    )


def _edit_page(found: Person, form: Filling) -> str:
    back, action = (url_for(f"web.people.{name}", person_id=found.id) for name in ("person", "change_person"))
    return form_page(form, title=f"修改{found.name}的信息", action=action, back=back, lead=_leaving(found))


def _leaving(found: Person) -> str:
    """What goes back to the unit when the person leaves it, or is entered as having left."""
    accounts = accounts_of_person(db(), found.id)
    tasks = [task for one in accounts for task in held_by(db(), one.username, clock.today()).claimed]
    if not tasks:
        return ""
    dates = sorted((task.due_on, task.due_provisional) for task in tasks if task.due_on)
    first = f"（最早 {dates[0][0].isoformat()} 到期{'，暂定' if dates[0][1] else ''}）" if dates else ""
    return f"现领办 {len(tasks)} 项任务{first}。换单位或登记离任后，任务退回原单位待办，原单位的办理角色同时收回。"


def _new_post_page(found: Person, form: Filling) -> str:
    back, action = (url_for(f"web.people.{name}", person_id=found.id) for name in ("person", "add_post"))
    return form_page(form, title=f"登记{found.name}的领导任职", action=action, back=back)


def _edit_post_page(found: Leader, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.person_id)
    action = url_for("web.people.change_post", leader_id=found.id)
    title = f"更正{found.person.name}的任职（{CLASSES[found.klass]}）"
    return form_page(form, title=title, action=action, back=back, lead="开始日期只能改早；任期结束请用“结束任职”。")


def _end_post_page(found: Leader, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.person_id)
    action = url_for("web.people.end_post", leader_id=found.id)
    title = f"结束{found.person.name}的任职：{found.post}"
    lead = "次日起，其联系关系由区人才办代管，直到移交给继任领导；历史记录保留。"
    return form_page(form, title=title, action=action, back=back, submit="结束任职", lead=lead)


def _correct_end_page(found: Leader, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.person_id)
    action = url_for("web.people.correct_end", leader_id=found.id)
    title = f"更正{found.person.name}的任职结束日期：{found.post}"
    lead = "代管的联系关系、工作团队和未办结的交接随之调整；已移交给继任领导的，不能再更正。"
    return form_page(form, title=title, action=action, back=back, submit="更正", lead=lead)


def _with_notes(said: str, post: Leader) -> str:
    """What is odd about a post and yet may be meant: the same person leads elsewhere too (L2)."""
    others = [one for one in queries.leader_posts(db(), post.person_id) if one.id != post.id]
    if not others or not post.serves_on(clock.today()):
        return said
    held = "、".join(f"“{one.post}”（{CLASSES[one.klass]}）" for one in others)
    rule = "；兼任两类的只按 A 类考核配额" if {one.klass for one in (*others, post)} == set(CLASSES) else ""
    return f"{said}请留意：{post.person.name}同时任{held}{rule}。"


def _substitute_page(found: Person, form: Filling) -> str:
    back, action = (url_for(f"web.people.{name}", person_id=found.id) for name in ("person", "declare_substitute"))
    lead = "代理期间，代理人可办理其全部待办，办理记录同时写明两人姓名。"
    return form_page(form, title=f"指定{found.name}的代理人", action=action, back=back, lead=lead)


def _sees_links(post: Leader) -> bool:
    """Whether the reader may see whom the leader serves, as ``liaisons.queries.visible_to`` says of a list."""
    if may(actor(), "view_links_all") or post.unit_code in actor().units_of(LIAISON):
        return True
    return actor().has_role(LEADER) and actor().person_id == post.person_id


def _may_arrange(post: Leader) -> bool:
    right = "manage_links_a" if post.klass == CLASS_A else "manage_links_b"
    return post.ends_on is None and may(actor(), right, unit=post.unit_code)


def _may_add(unit_code: str | None) -> bool:
    return may(actor(), "manage_people", unit=unit_code) or bool(actor().units_of(LIAISON))


def _may_post(found: Person) -> bool:
    return may(actor(), "manage_leaders_a") or may(actor(), "manage_leaders_b", unit=found.unit_code)
