"""The versions of a process: who put each in force, when and why, what is open on it, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db, settings, wired
from service.processes.definitions import list_definitions
from service.processes.models import Definition
from service.processes.tallies import open_tallies
from service.studio import drafts, house_prints
from service.studio.difference import REMOVED, Difference, compare
from service.studio.publishing import DEPLOY, PROPOSED
from service.usecases.holders import named_people
from service.usecases.names import Names
from service.usecases.panels import choices_of
from service.usecases.studio import back_to, house_of, kept_for_walks
from service.usecases.walks import CLEAN, CUT, FAILED, FAULTY, NONE, STALE, UNDER_WAY, note_of
from service.web import diagrams
from service.web.access import requires
from service.web.answers import asked_whole, done, going_to, sent, text, whole
from service.web.diagrams import Picture
from service.web.studio import RIGHT

blueprint = Blueprint("studio_versions", __name__)

WALKS = {
    CLEAN: "发布前走查通过",
    CUT: "发布前走查没有走完，发布人确认后发布",
    FAULTY: "发布前走查有错误",
    UNDER_WAY: "发布时走查还没有走完",
    **dict.fromkeys((NONE, STALE, FAILED), "发布前没有走查"),
}
"""How the content of a version stood with the walk when it was published."""

Files = Mapping[str, bytes]


@blueprint.get("/studio/processes/<key>")
@requires(right=RIGHT)
def versions(key: str) -> ResponseReturnValue:
    """The versions of one process, newest first, and the difference between two of them: the newest, or those asked."""
    found = _versions(key)
    numbers = {one.version: one for one in found}
    after = asked_whole("after", numbers) or found[0].version
    before = asked_whole("before", numbers) or next((one.version for one in found if one.version < after), None)
    compared: dict[str, Any] = {}
    if before is not None and before != after:
        old, new = (drafts.version_files(db(), numbers[one]) for one in (before, after))
        mine, theirs = house_prints.between(db(), numbers[before], numbers[after])
        compared = difference_page({**old, **mine}, {**new, **theirs}, key, f"第 {before} 版")
    names = Names(db()).learn([name for one in found for name in (one.deployed_by, one.approved_by)])
    return render_template(
        "studio/versions.html",
        versions=found,
        tallies=open_tallies(db()),
        names=names,
        before=before,
        after=after,
        walks=WALKS,
        restored=_restored(found),
        notes={version: note_of(db(), one.id) for version, one in kept_for_walks(db(), key, actor()).items()},
        **compared,
    )


@blueprint.post("/studio/processes/<key>")
@requires(right=RIGHT)
def draft_of(key: str) -> ResponseReturnValue:
    """A draft that holds what an earlier version did, to be put in force again."""
    wanted = whole(sent(), "version")
    version = next((one for one in _versions(key) if one.version == wanted), None)
    if version is None:
        raise NotFound("没有这个版本。请从版本列表中选择。")
    files, title = drafts.version_files(db(), version), f"{version.name}（恢复第 {version.version} 版）"
    given: dict[str, Any] = {"files": files, "restores": version.version, "actor": actor(), "now": clock.now()}
    made = drafts.create(db(), process=key, title=title, **given)
    return going_to(url_for("web.studio.draft", draft_id=made.id))


def _back(key: str, version: int) -> str:
    """Puts the content of an earlier version in force, with transactions of its own; what came of it, in words."""
    house = house_of(settings(), wired().organization)
    fields = sent()
    note, consent = text(fields, "note"), text(fields, "consent") == "yes"
    if not note.strip():  # before the checks take their time
        raise Invalid("没有恢复：请写明为什么", [Finding("/note", "请写明为什么恢复")])
    made = back_to(wired().database, house, key, version, note=note, consent=consent, actor=g.actor, now=clock.now())
    if made.outcome == PROPOSED:
        return "已提请恢复，须由另一位有权发布的人核准。"
    return f"第 {version} 版的内容已恢复，为第 {made.definition.version if made.definition else version} 版。"


@blueprint.post("/studio/processes/<key>/<int:version>/back")
@requires(right=DEPLOY, ahead=_back)
def back(key: str, version: int) -> ResponseReturnValue:
    """An earlier version as the newest one, after today's checks."""
    return done(g.ahead, url_for("web.studio_versions.versions", key=key))


def difference_page(before: Files, after: Files, key: str, called: str) -> dict[str, Any]:
    """The names that ``studio/difference.html`` uses: the difference in words and drawn; ``called`` is the old one."""
    house = choices_of(settings(), wired().organization, named_people(db(), before, after))
    told = compare(before, after, house)
    drawn = _drawn(told, diagrams.pictures(before, key), diagrams.pictures(after, key), called)
    return {"difference": told, "drawn": drawn, "island": diagrams.island(drawn)}


def _drawn(told: Difference, before: Sequence[Picture], after: Sequence[Picture], called: str) -> list[Picture]:
    """The diagrams on which something changed: the new ones, and the old ones of which something was removed."""
    for picture in after:
        found = told.elements.get(picture.id, {})
        picture.marks = {element: kind for element, kind in found.items() if kind != REMOVED}
    new = [picture for picture in after if picture.marks]
    for picture in before:
        found = told.elements.get(picture.id, {})
        picture.marks = {element: kind for element, kind in found.items() if kind == REMOVED}
        picture.id, picture.name = f"{picture.id} ", f"{picture.name}（{called}）"
    return [*new, *(picture for picture in before if picture.marks)]


def _restored(found: Sequence[Definition]) -> dict[int, int]:
    """Version → the earlier one whose content it is once more, where no other content of its own came between.

    Versions of before that was noted are told by their digest.
    """
    told = {one.version: one.restores for one in found if one.restores is not None}
    for one in found:
        same = [other.version for other in found if other.digest == one.digest and other.version < one.version]
        if one.version not in told and same and same[0] != one.version - 1:
            told[one.version] = same[0]
    return told


def _versions(key: str) -> list[Definition]:
    found = [one for one in list_definitions(db()) if one.key == key]
    if not found:
        raise NotFound("没有这个流程。请从流程管理中选择。")
    return found
