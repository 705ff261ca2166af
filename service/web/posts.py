"""领导名录: the posts of leaders, added, corrected, ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, people
from service.db.lists import Page
from service.fields import Field, form_of, held
from service.http.context import actor, db
from service.people import BODIES, CLASS_B, DUTIES, Leader, Person, queries
from service.people.access import require_leader
from service.people.edits import leader_edits
from service.people.fields import LAST_DAY, OTHER_END, POST
from service.people.filters import LeaderFilter
from service.people.posts import KEPT
from service.people.rules import CLASSES
from service.rights import require
from service.usecases import posts
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset
from service.web.asked import asked
from service.web.exports import Columns, exported
from service.web.filling import Filling, changed, form_page, submitted
from service.web.people import may_post

blueprint = Blueprint("posts", __name__)


@blueprint.get("/leaders")
@requires(right="view_directory")
def leaders() -> ResponseReturnValue:
    """领导名录."""
    page = _leaders(PER_PAGE, offset())
    return render_template(
        "people/leaders.html", page=page, classes=CLASSES, bodies=BODIES, duties=DUTIES, today=clock.today()
    )


@blueprint.get("/people/<uuid:person_id>/posts/new")
@requires(right="view_directory")
def new_post(person_id: UUID) -> ResponseReturnValue:
    """登记领导任职."""
    found = queries.get_person(db(), person_id)
    if not may_post(found):
        require(actor(), "manage_leaders_b", unit=found.unit_code)
    first = {"klass": CLASS_B, "unit_code": found.unit_code, "post": found.post, "starts_on": clock.today()}
    return _new_post_page(found, Filling.of(_new_fields(), first))


@blueprint.post("/people/<uuid:person_id>/posts")
@requires(right="view_directory")
def add_post(person_id: UUID) -> ResponseReturnValue:
    """Makes a person a leader."""
    found = queries.get_person(db(), person_id)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        klass = values.pop("klass") or ""
        made = people.add_leader(db(), person_id=person_id, klass=klass, **values, actor=actor(), now=clock.now())
        return done(_with_notes("已登记任职。", made), url_for("web.people.person", person_id=person_id))

    return submitted(Filling.sent(_new_fields()), operation, lambda form: _new_post_page(found, form))


@blueprint.get("/posts/<uuid:leader_id>/edit")
@requires(right="view_directory")
def edit_post(leader_id: UUID) -> ResponseReturnValue:
    """更正领导任职."""
    found = queries.get_leader(db(), leader_id)
    require_leader(actor(), found)
    return _edit_post_page(found, Filling.of(KEPT, held(found, KEPT), leader_edits(found)))


@blueprint.post("/posts/<uuid:leader_id>")
@requires(right="view_directory")
def change_post(leader_id: UUID) -> ResponseReturnValue:
    """Corrects a post."""
    found = queries.get_leader(db(), leader_id)
    person_id = found.person_id

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        wanted = changed(values, held(found, KEPT))
        corrected = posts.correct_post(
            db(), leader_id=leader_id, changes=wanted, version=form.version, actor=actor(), now=clock.now()
        )
        return done(_with_notes("已更正任职。", corrected), url_for("web.people.person", person_id=person_id))

    form = Filling.sent(KEPT)
    return submitted(form, operation, lambda page: _edit_post_page(found, page))


@blueprint.get("/posts/<uuid:leader_id>/end")
@requires(right="view_directory")
def end_post_form(leader_id: UUID) -> ResponseReturnValue:
    """结束任职."""
    found = queries.get_leader(db(), leader_id)
    require_leader(actor(), found)
    return _end_post_page(found, Filling.of([LAST_DAY], {"ends_on": clock.today()}))


@blueprint.post("/posts/<uuid:leader_id>/end")
@requires(right="view_directory")
def end_post(leader_id: UUID) -> ResponseReturnValue:
    """Sets the last day of a post; from the next day on the Talent Office holds its links (O4)."""
    found = queries.get_leader(db(), leader_id)
    person_id = found.person_id

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        _, links = posts.end_post(db(), leader_id=leader_id, **values, actor=actor(), now=clock.now())
        said = f"其 {len(links)} 条联系关系由区人才办代管，请尽快移交。" if links else ""
        return done(f"已登记任职结束。{said}", url_for("web.people.person", person_id=person_id))

    return submitted(Filling.sent([LAST_DAY]), operation, lambda form: _end_post_page(found, form))


@blueprint.get("/posts/<uuid:leader_id>/end/correct")
@requires(right="view_directory")
def correct_end_form(leader_id: UUID) -> ResponseReturnValue:
    """更正结束日期."""
    found = queries.get_leader(db(), leader_id)
    require_leader(actor(), found)
    return _correct_end_page(found, Filling.of(OTHER_END, {"ends_on": found.ends_on}, leader_edits(found)))


@blueprint.post("/posts/<uuid:leader_id>/end/correct")
@requires(right="view_directory")
def correct_end(leader_id: UUID) -> ResponseReturnValue:
    """Puts the right last day of a post in the place of a wrong one; what was held for it follows (O4)."""
    found = queries.get_leader(db(), leader_id)
    person_id = found.person_id

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
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
    return submitted(form, operation, lambda page: _correct_end_page(found, page))


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


def _leaders(limit: int, offset: int) -> Page[Leader]:
    return queries.search_leaders(db(), asked(LeaderFilter), limit, offset)


def _standing(post: Leader) -> str:
    today = clock.today()
    if post.serves_on(today):
        return ""
    return "已结束" if post.ends_on and post.ends_on < today else "未到任"


def _new_post_page(found: Person, form: Filling) -> str:
    back, action = (url_for(f"web.{name}", person_id=found.id) for name in ("people.person", "posts.add_post"))
    return form_page(form, title=f"登记{found.name}的领导任职", action=action, back=back)


def _edit_post_page(found: Leader, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.person_id)
    action = url_for("web.posts.change_post", leader_id=found.id)
    title = f"更正{found.person.name}的任职（{CLASSES[found.klass]}）"
    return form_page(form, title=title, action=action, back=back, lead="开始日期只能改早；任期结束请用“结束任职”。")


def _end_post_page(found: Leader, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.person_id)
    action = url_for("web.posts.end_post", leader_id=found.id)
    title = f"结束{found.person.name}的任职：{found.post}"
    lead = "次日起，其联系关系由区人才办代管，直到移交给继任领导；历史记录保留。"
    return form_page(form, title=title, action=action, back=back, submit="结束任职", lead=lead)


def _correct_end_page(found: Leader, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.person_id)
    action = url_for("web.posts.correct_end", leader_id=found.id)
    title = f"更正{found.person.name}的任职结束日期：{found.post}"
    lead = "代管的联系关系、工作团队和未办结的交接随之调整；已移交给继任领导的，不能再更正。"
    return form_page(form, title=title, action=action, back=back, submit="更正", lead=lead)


def _with_notes(said: str, post: Leader) -> str:
    """The odd points about a post that may yet be meant: the same person leads elsewhere too (L2)."""
    others = [one for one in queries.leader_posts(db(), post.person_id) if one.id != post.id]
    if not others or not post.serves_on(clock.today()):
        return said
    others_held = "、".join(f"“{one.post}”（{CLASSES[one.klass]}）" for one in others)
    rule = "；兼任两类的只按 A 类考核配额" if {one.klass for one in (*others, post)} == set(CLASSES) else ""
    return f"{said}请留意：{post.person.name}同时任{others_held}{rule}。"


def _new_fields() -> list[Field]:
    """The fields of a new post: each names its unit, which older ones of class A may lack."""
    return [replace(one, required=True) if one.name == "unit_code" else one for one in form_of(POST, new=True)]


exported(blueprint, "/leaders.xlsx", "领导名录", _leaders, LEADER_COLUMNS, right="view_directory")
