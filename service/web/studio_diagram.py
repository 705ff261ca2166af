"""The tab 流程图: the diagrams of a draft with the editor's panel, and what it asks while somebody types."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue
from lxml import etree

from service import clock
from service.auth.holders import offered
from service.checks.bundle import Bundle, read
from service.checks.findings import Enough, Report
from service.engine.xml import parse_xml
from service.errors import Invalid
from service.http.context import actor, db, settings, wired
from service.processes.calendars import current
from service.studio import drafts
from service.studio.models import Draft
from service.studio.names import bundle_of
from service.studio.panel import panel
from service.studio.reckoning import Reckoning, spelled
from service.usecases import check_context
from service.usecases.holders import named_people
from service.usecases.panels import choices_of
from service.web.access import requires
from service.web.answers import argument, sent, text
from service.web.studio import RIGHT, editing, tab_page

blueprint = Blueprint("studio_diagram", __name__)

ENDPOINT = "web.studio_diagram.diagram"
KEPT = 8
"""Drafts that are read and at hand: several people type at once, and each key asks."""


@blueprint.get("/studio/<uuid:draft_id>/diagram")
@requires(right=RIGHT)
def diagram(draft_id: UUID) -> ResponseReturnValue:
    """The diagrams, drawn and to be changed."""
    draft = drafts.get(db(), draft_id, actor())
    files = drafts.files(db(), draft)
    island = _island(draft, files)
    return tab_page("studio/diagram.html", draft, ENDPOINT, island=island)


@blueprint.post("/studio/<uuid:draft_id>/panel")
@requires(right=RIGHT)
def panel_again(draft_id: UUID) -> ResponseReturnValue:
    """The choices and the known data as they are now: forms, tables and data may have come and gone."""
    draft = drafts.get(db(), draft_id, actor())
    return jsonify(_panel(draft))


@blueprint.post("/studio/<uuid:draft_id>/reckon")
@requires(right=RIGHT)
def reckon(draft_id: UUID) -> ResponseReturnValue:
    """``{problems, says}`` of an expression where it stands: ``{kind, text, due, element}``, see ``Reckoning.told``."""
    draft = drafts.get(db(), draft_id, actor())
    fields = sent()
    context = check_context(settings(), wired().organization)
    reckoning = Reckoning(_bundle(draft), context, current(db()), clock.now())
    return jsonify(
        reckoning.told(text(fields, "kind"), text(fields, "text"), text(fields, "due"), text(fields, "element"))
    )


@blueprint.get("/studio/people")
@requires(right=RIGHT)
def people() -> ResponseReturnValue:
    """``{items: [{value, name, post, roles}]}``: who may be chosen for a step, found by name, pinyin or unit (``q``);
    those who hold ``role`` stand first."""
    found = offered(db(), argument("q") or "", argument("role") or "", clock.today())
    return jsonify(
        items=[{"value": one.username, "name": one.name, "post": one.post, "roles": sorted(one.roles)} for one in found]
    )


@blueprint.post("/studio/spelling")
@requires(right=RIGHT)
def spelling() -> ResponseReturnValue:
    """``{id}`` for a Chinese name."""
    return jsonify(id=spelled(text(sent(), "text")))


_read: LRUCache[tuple[str, UUID, int], Bundle] = LRUCache(KEPT)
_lock = threading.Lock()


def _bundle(draft: Draft, files: Mapping[str, bytes] | None = None) -> Bundle:
    """The readable files of a draft; those that cannot be read are told by the checks. A revision is read once.

    ``files`` are the draft's where somebody has them at hand.
    """
    # a district that was made from another's backup has drafts of the same ids, and goes on by itself
    key = (str(wired().database.url), draft.id, draft.revision)
    with _lock:
        if (known := _read.get(key)) is not None:
            return known
    content = bundle_of(drafts.files(db(), draft) if files is None else files)
    try:
        made = read(content, Report())
    except Enough:  # nothing but faults
        made = Bundle(content)
    with _lock:
        _read[key] = made
    return made


def _panel(draft: Draft, files: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    bundle = _bundle(draft, files)
    house = choices_of(settings(), wired().organization, named_people(db(), bundle.files))
    return panel(bundle, house, draft.process)


def _island(draft: Draft, files: Mapping[str, bytes]) -> dict[str, Any]:
    diagrams = {name: _text(name, content) for name, content in files.items() if name.endswith(".bpmn")}
    first = f"bpmn/{draft.process}.bpmn"
    ordered = dict(sorted(diagrams.items(), key=lambda one: (one[0] != first, one[0])))
    return {
        "files": ordered,
        "open": next(iter(ordered), ""),
        "panel": _panel(draft, files),
        "today": clock.today(),
        "tomorrow": clock.today() + timedelta(days=1),
        **editing(
            draft,
            reckon=url_for("web.studio_diagram.reckon", draft_id=draft.id),
            panel=url_for("web.studio_diagram.panel_again", draft_id=draft.id),
            spelling=url_for("web.studio_diagram.spelling"),
            people=url_for("web.studio_diagram.people"),
            forms=url_for("web.studio_forms.page", draft_id=draft.id),
        ),
    }


def _text(name: str, content: bytes) -> str:
    """A diagram as text, whatever encoding it declares; what is no XML as far as it can be read."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        root = parse_xml(content, name=name)
    except Invalid:
        return content.decode("utf-8", errors="replace")
    return etree.tostring(root, encoding="unicode")
