"""The tab 发布: what changes, whether checks and scenarios pass, the note, and the second pair of eyes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from service import clock
from service.http.context import actor, db, settings, wired
from service.processes.bundles import CheckedBundle
from service.processes.definitions import find_latest
from service.processes.options import frozen
from service.processes.tallies import open_tallies
from service.rights import may
from service.studio import drafts, house_prints, publishing
from service.studio.checking import Checked, House, checked
from service.usecases.names import Names
from service.usecases.studio import Read, house_of, knowing, read_draft
from service.usecases.walks import (
    CUT,
    FAILED,
    FAULTY,
    NONE,
    STALE,
    UNDER_WAY,
    Walk,
    content_of,
    note_of,
    require_clean,
    said_of,
    submit,
    walk_of,
)
from service.web.access import requires
from service.web.answers import done, sent, text
from service.web.studio import RIGHT, tab_page
from service.web.studio_files import file_in_words, names_of, readable, shown
from service.web.studio_versions import difference_page

blueprint = Blueprint("studio_publish", __name__)

ENDPOINT = "web.studio_publish.page"
SAID = {
    publishing.LAYOUT: "已发布：只有布局不同，第 {} 版换了一张图，办理不变。",
    publishing.SCENARIOS: "已发布：第 {} 版的用例已更新，流程不变。",
    publishing.VERSION: "已发布，现为第 {} 版。以后登记的事项按新版办理；在办的事项要改按新版办的，点“在办事项迁移”。",
}

UNWALKED = {
    FAULTY: "走查发现的错误还没有改正。",
    CUT: "走查没有走完，您已确认仍要发布，确认已记入历史。",
    **dict.fromkeys((NONE, STALE, FAILED), "这份内容没有走查过。"),
}
"""The words that publishing adds where no walk of this content was without a fault."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A draft that was read and checked, with no transaction open."""

    house: House
    read: Read
    checked: Checked


def _ahead(draft_id: UUID) -> Ahead:
    found = read_draft(wired().database, draft_id, g.actor)
    house = knowing(house_of(settings(), wired().organization), found.people)
    told = checked(found.files, key=found.process, house=house, calendar=found.calendar, base=found.base)
    return Ahead(house, found, told)


def _fit(draft_id: UUID) -> tuple[Ahead, CheckedBundle]:
    """The draft, checked. Raises Invalid naming what forbids it."""
    ahead = _ahead(draft_id)
    return ahead, ahead.checked.require(scenarios=ahead.house.scenarios)


def _content(ahead: Ahead) -> str:
    return content_of(ahead.read.files, wired().organization.lists)


@blueprint.get("/studio/<uuid:draft_id>/publish")
@requires(right=RIGHT, ahead=_ahead)
def page(draft_id: UUID) -> ResponseReturnValue:
    """All that the one who publishes, and the second one who approves, must see."""
    ahead: Ahead = g.ahead
    draft = drafts.get(db(), draft_id, actor())
    newest = find_latest(db(), draft.process)
    before = drafts.version_files(db(), newest) if newest is not None else {}
    # with the choices of today's settings in the forms and today's templates of the house, as it would be deployed
    after = frozen(ahead.read.files, wired().organization.lists)
    old, new = house_prints.since(db(), newest, after)
    verdict = ahead.checked.verdict
    found = shown(draft_id, verdict.findings, readable(ahead.read.files, verdict.findings))
    tallies = open_tallies(db())
    return tab_page(
        "studio/publish.html",
        draft,
        ENDPOINT,
        newest=newest,
        superseded=newest is not None and draft.is_open and newest.version != draft.base_version,
        errors=[one for one in found if one["severity"] == "error"],
        warnings=[one for one in found if one["severity"] != "error"],
        outcomes=ahead.checked.outcomes,
        failed=[one for one in ahead.checked.outcomes if not one.passed],
        strict=ahead.house.scenarios,
        walk=walk_of(db(), _content(ahead), draft_id),
        must_walk=ahead.house.walked,
        note=note_of(db(), draft_id),
        four_eyes=ahead.house.four_eyes,
        may_publish=may(actor(), publishing.DEPLOY),
        mine=draft.proposed_by == actor().username,
        names=Names(db()).learn([draft.proposed_by]),
        open_cases=sum(one.cases for (process, _), one in tallies.items() if process == draft.process),
        **difference_page({**before, **old}, {**after, **new}, draft.process, "现行版本"),
    )


@blueprint.post("/studio/<uuid:draft_id>/publish")
@requires(right=publishing.DEPLOY, ahead=_fit)
def publish(draft_id: UUID) -> ResponseReturnValue:
    """Publishes the draft as it was checked, proposes it, or approves what somebody else proposed."""
    ahead, bundle = g.ahead
    content, now, fields = _content(ahead), clock.now(), sent()
    walk, note = walk_of(db(), content, draft_id), text(fields, "note")
    if ahead.house.walked and not require_clean(walk):
        submit(db(), draft_id=draft_id, content=content, note=note, actor=actor(), now=now)
        told = "这份内容还没有走查，已开始走查，还没有发布。走完没有错误，再到“发布”页发布，说明不用重写。"
        return done(told, url_for("web.studio_proof.page", draft_id=draft_id))
    made = publishing.publish(
        db(),
        draft_id=draft_id,
        revision=ahead.read.revision,
        note=note,
        bundle=bundle,
        four_eyes=ahead.house.four_eyes,
        words=ahead.house.words,
        walk=said_of(walk, consent=text(fields, "consent") == "yes"),
        actor=actor(),
        now=now,
    )
    if made.definition is None:
        return done("已提请发布，须由另一位有权发布的人审核后发布。", url_for(ENDPOINT, draft_id=draft_id))
    message = SAID[made.outcome].format(made.definition.version) + _unwalked(walk)
    return done(message, url_for("web.studio_versions.versions", key=made.definition.key))


def _unwalked(walk: Walk) -> str:
    """The words that publishing adds on the walk of the content, with a link to one that is under way."""
    if walk.standing != UNDER_WAY or walk.job is None:
        return UNWALKED.get(walk.standing, "")
    address = url_for("web.studio_proof.page", draft_id=walk.job.params["draft"])
    return Markup('发布时走查还没有走完，请看<a href="{}">它的结果</a>。').format(address)


@blueprint.post("/studio/<uuid:draft_id>/recall")
@requires(right=publishing.DEPLOY)
def recall(draft_id: UUID) -> ResponseReturnValue:
    """Takes a proposal back, or turns it down."""
    publishing.recall(db(), draft_id=draft_id, actor=actor(), now=clock.now())
    return done("已退回，草稿可以继续修改。", url_for(ENDPOINT, draft_id=draft_id))


@blueprint.post("/studio/<uuid:draft_id>/rebase")
@requires(right=RIGHT)
def rebase(draft_id: UUID) -> ResponseReturnValue:
    """Lets the draft stand on the version now in force; what both changed is decided file by file."""
    fields = sent()
    kept = {name.removeprefix("keep:"): value == "mine" for name, value in fields.items() if name.startswith("keep:")}
    draft = drafts.get(db(), draft_id, actor())
    _, undecided = publishing.rebase(
        db(), draft_id=draft_id, keep_mine=kept, revision=draft.revision, actor=actor(), now=clock.now()
    )
    if not undecided:
        return done("草稿已改以现行版本为底。", url_for(ENDPOINT, draft_id=draft_id))
    names = names_of(readable(drafts.files(db(), draft)))
    told = [(name, file_in_words(names, name)) for name in undecided]
    return tab_page("studio/rebase.html", draft, ENDPOINT, undecided=told)
