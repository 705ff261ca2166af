"""流程管理: the shell of the studio: processes with their versions and open cases, drafts, and the tabs of a draft.

A tab is a blueprint of its own that shows ``studio/<tab>.html`` (which extends ``studio/draft.html``) and a row in
``TABS``: the shell knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db, wired
from service.processes.definitions import list_definitions
from service.processes.stuck import count as stuck_count
from service.processes.tallies import open_tallies
from service.rights.policy import ADMIN, AUDITOR, OWNER
from service.studio import drafts
from service.studio.models import Draft
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import done, going_to

blueprint = Blueprint("studio", __name__)

RIGHT = drafts.EDIT
KEEPERS = frozenset({AUDITOR, OWNER, ADMIN})
"""The roles that handle no matters: a new process does not begin with a step of theirs."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a draft: its label, the endpoint of its page (which takes ``draft_id``) and whose files it edits."""

    label: str
    endpoint: str
    edits: Callable[[str], bool] = lambda _name: False


TABS: list[Tab] = [
    Tab("流程图", "web.studio_diagram.diagram", lambda name: name.endswith(".bpmn")),
    Tab("规则表", "web.studio_tables.page", lambda name: name.endswith(".dmn")),
    Tab("表单", "web.studio_forms.page", lambda name: name.startswith("forms/") and name.endswith(".json")),
    Tab("打印模板", "web.studio_prints.page", lambda name: name.startswith("print/")),
    Tab("试办", "web.studio_try.page"),
    Tab("用例", "web.studio_scenarios.page", lambda name: name.startswith("scenarios/")),
    Tab("走查", "web.studio_proof.page"),
    Tab("影响", "web.studio_impact.page"),
    Tab("回测", "web.studio_backtest.page"),
    Tab("发布", "web.studio_publish.page"),
]
"""In the order of the page."""


def tab_page(template: str, draft: Draft, endpoint: str, **more: Any) -> str:
    """The page of a tab, with the head and the tabs of the draft."""
    return render_template(template, draft=draft, tabs=TABS, tab=endpoint, **more)


def editing(draft: Draft, **urls: str) -> dict[str, Any]:
    """The part of an island that every tab with an editor has: the draft, who edits, where files are saved and checked.

    ``urls`` are the tab's own addresses beside these.
    """
    files = url_for("web.studio_files.read_file", name="x", draft_id=draft.id).removesuffix("x")
    check = url_for("web.studio_files.check", draft_id=draft.id)
    return {
        "draft": {"id": str(draft.id), "process": draft.process, "revision": draft.revision, "editable": draft.is_open},
        "user": actor().username,
        "sign_in": url_for("web.auth.sign_in"),
        "urls": {"files": files, "check": check, **urls},
    }


@blueprint.get("/studio")
@requires(right=RIGHT)
def index() -> ResponseReturnValue:
    """The processes with their versions and what is open on each, and the drafts."""
    definitions = {key: list(rows) for key, rows in groupby(list_definitions(db()), key=lambda one: one.key)}
    open_, discarded = (drafts.listed(db(), actor(), discarded=away) for away in (False, True))
    names = Names(db()).learn([one.updated_by for one in (*open_, *discarded)])
    return render_template(
        "studio/index.html",
        processes=definitions,
        tallies=open_tallies(db()),
        roles={role.id: role.name for role in wired().organization.roles.values() if role.id not in KEEPERS},
        drafts=open_,
        discarded=discarded,
        names=names,
        stuck=stuck_count(db(), clock.today()),
    )


@blueprint.get("/studio/<uuid:draft_id>")
@requires(right=RIGHT)
def draft(draft_id: UUID) -> ResponseReturnValue:
    """The first tab of a draft."""
    drafts.get(db(), draft_id, actor())
    return going_to(url_for(TABS[0].endpoint, draft_id=draft_id))


@blueprint.post("/studio/<uuid:draft_id>/discard")
@requires(right=RIGHT)
def discard(draft_id: UUID) -> ResponseReturnValue:
    """Puts a draft away; it can be brought back for a while."""
    drafts.discard(db(), draft_id=draft_id, actor=actor(), now=clock.now())
    return done("草稿已弃置，30 天内可以找回。", url_for("web.studio.index"))


@blueprint.post("/studio/<uuid:draft_id>/restore")
@requires(right=RIGHT)
def restore(draft_id: UUID) -> ResponseReturnValue:
    """Brings a discarded draft back."""
    drafts.restore(db(), draft_id=draft_id, actor=actor(), now=clock.now())
    return done("草稿已找回。", url_for("web.studio.draft", draft_id=draft_id))
