"""常用语: the phrases of the reader and of the reader's unit, kept here and given to long text fields of all pages."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db
from service.people import phrases as kept
from service.people.fields import PHRASE
from service.rights import may
from service.web.access import requires
from service.web.answers import done, sent, text

blueprint = Blueprint("phrases", __name__)


@blueprint.get("/phrases")
@requires()
def index() -> ResponseReturnValue:
    """The phrases that the reader may use, to be added to, changed and removed."""
    return render_template(
        "phrases/phrases.html",
        phrases=kept.phrases_of(db(), actor()),
        longest=PHRASE[0].longest,
        may_share=_may_share(),
    )


@blueprint.get("/phrases/choices")
@requires()
def choices() -> ResponseReturnValue:
    """The same as JSON, for a text field: those used last first; ``may_share`` whether one may be the unit's."""
    found = kept.phrases_of(db(), actor())
    items = [
        {
            "id": str(one.id),
            "text": one.text,
            "shared": one.shared,
            "address": url_for("web.phrases.use", phrase_id=one.id),
        }
        for one in found
    ]
    return jsonify(items=items, may_share=_may_share())


@blueprint.post("/phrases")
@requires()
def add() -> ResponseReturnValue:
    """Adds a phrase."""
    fields = sent()
    shared = text(fields, "shared") == "yes"
    kept.add_phrase(db(), text=text(fields, "text"), shared=shared, actor=actor(), now=clock.now())
    return done("已添加常用语。", url_for("web.phrases.index"))


@blueprint.post("/phrases/<uuid:phrase_id>")
@requires()
def change(phrase_id: UUID) -> ResponseReturnValue:
    """Other words for a phrase."""
    kept.change_phrase(db(), phrase_id=phrase_id, text=text(sent(), "text"), actor=actor(), now=clock.now())
    return done("已修改常用语。", url_for("web.phrases.index"))


@blueprint.post("/phrases/<uuid:phrase_id>/remove")
@requires()
def remove(phrase_id: UUID) -> ResponseReturnValue:
    """Removes a phrase."""
    kept.remove_phrase(db(), phrase_id=phrase_id, actor=actor(), now=clock.now())
    return done("已删除常用语。", url_for("web.phrases.index"))


@blueprint.post("/phrases/<uuid:phrase_id>/use")
@requires()
def use(phrase_id: UUID) -> ResponseReturnValue:
    """Notes that the reader has put a phrase into a text."""
    kept.note_used(db(), phrase_id=phrase_id, actor=actor(), now=clock.now())
    return jsonify(location=url_for("web.phrases.index"))


def _may_share() -> bool:
    unit = actor().unit
    return unit is not None and may(actor(), kept.RIGHT, unit=unit)
