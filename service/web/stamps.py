"""印章和签名: the pictures, who may use them, and the register of their uses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.auth.queries import account_names
from service.errors import Invalid
from service.http.context import actor, db
from service.http.files import download
from service.people import stamps
from service.people.rules import STATUSES
from service.people.stamp_picture import LARGEST
from service.rights import may, units_with
from service.usecases.names import Names
from service.usecases.stamping import keepers_of, keepers_of_new
from service.web.access import requires
from service.web.answers import PER_PAGE, day, done, listed, offset, sent, text

blueprint = Blueprint("stamps", __name__)

UPLOAD = LARGEST + 100_000


@blueprint.get("/stamps")
@requires()
def index() -> ResponseReturnValue:
    """The stamps that the reader may use, keep or audit; what waits for consent; the register."""
    found = stamps.stamps_of(db(), actor())
    usable = [one.id for one in found if stamps.may_use(one, actor())]
    page = stamps.uses_of(db(), [one.id for one in found], limit=PER_PAGE, offset=offset())
    waiting = stamps.uses_of(db(), usable, status="asked", limit=PER_PAGE)
    return render_template(
        "stamps/stamps.html",
        stamps=found,
        usable=set(usable),
        page=page,
        waiting=waiting.items,
        states=STATUSES,
        today=clock.today(),
        may_add=may(actor(), stamps.RIGHT) or bool(units_with(actor(), stamps.RIGHT)) or actor().person_id is not None,
        names=Names(db()).learn(
            [name for one in (*page.items, *waiting.items) for name in (one.asked_by, one.decided_by)],
            [one.unit_code for one in found],
        ),
    )


@blueprint.get("/stamps/new")
@requires()
def new() -> ResponseReturnValue:
    """The form for another stamp."""
    return _form({"valid_from": clock.today().isoformat()})


@blueprint.post("/stamps")
@requires(body=UPLOAD)
def add() -> ResponseReturnValue:
    """Takes in a picture; where it is refused the form comes back with what was typed and why."""
    fields, file = sent(), request.files.get("picture")
    try:
        with db().begin_nested():
            owner = {name: text(fields, name) or None for name in ("unit_code", "person_id")}
            keepers = keepers_of_new(db(), listed(fields, "keepers"), **owner, actor=actor())
            made = stamps.add_stamp(
                db(),
                fields=_said(fields),
                content=file.read() if file is not None else b"",
                keepers=keepers,
                **owner,
                actor=actor(),
                now=clock.now(),
            )
    except Invalid as error:
        return _form(fields, error), 422
    return done("已登记。", url_for("web.stamps.stamp", stamp_id=made.id))


@blueprint.get("/stamps/<uuid:stamp_id>")
@requires()
def stamp(stamp_id: UUID) -> ResponseReturnValue:
    """One stamp with its uses."""
    found = stamps.get_stamp(db(), stamp_id, actor())
    page = stamps.uses_of(db(), [found.id], limit=PER_PAGE, offset=offset())
    people = [name for one in page.items for name in (one.asked_by, one.decided_by)]
    return render_template(
        "stamps/stamp.html",
        stamp=found,
        keepers=account_names(db(), set(found.keepers)),
        may_keep=stamps.may_keep(db(), found, actor()) and found.withdrawn_at is None,
        page=page,
        states=STATUSES,
        names=Names(db()).learn([*people, found.added_by], [found.unit_code]),
    )


@blueprint.get("/stamps/<uuid:stamp_id>/picture")
@requires()
def picture(stamp_id: UUID) -> ResponseReturnValue:
    """The picture, for who may use, keep or audit the stamp."""
    found = stamps.get_stamp(db(), stamp_id, actor(), with_content=True)
    return download(found.content, "image/png", "stamp.png", save=False)


@blueprint.post("/stamps/<uuid:stamp_id>")
@requires()
def change(stamp_id: UUID) -> ResponseReturnValue:
    """Another name, period or keepers."""
    fields = sent()
    keepers = keepers_of(db(), listed(fields, "keepers"), stamp_id=stamp_id, actor=actor())
    said = _said(fields)
    stamps.change_stamp(db(), stamp_id=stamp_id, fields=said, keepers=keepers, actor=actor(), now=clock.now())
    return done("已保存。", url_for("web.stamps.stamp", stamp_id=stamp_id))


@blueprint.post("/stamps/<uuid:stamp_id>/withdraw")
@requires()
def withdraw(stamp_id: UUID) -> ResponseReturnValue:
    """停用."""
    stamps.withdraw_stamp(db(), stamp_id=stamp_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已停用。", url_for("web.stamps.stamp", stamp_id=stamp_id))


def _form(fields: dict[str, Any], error: Invalid | None = None) -> str:
    faults = {one.path.lstrip("/"): one.message for one in error.findings} if error is not None else {}
    return render_template("stamps/new.html", said=fields, error=error, faults=faults)


def _said(fields: dict[str, Any]) -> dict[str, object]:
    ends = day(fields, "valid_to", "停用日期") if text(fields, "valid_to") else None
    begins = day(fields, "valid_from", "启用日期")
    return {"name": text(fields, "name"), "valid_from": begins, "valid_to": ends}
