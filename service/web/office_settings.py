"""系统设置: what holds now and who says so, and the forms by which the system administrator changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.config.editable import DEFAULT, FLAG, LONG, Editable, by_name
from service.config.overlay import outranked_by, shown, typed
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db, wired
from service.usecases import office_settings as held
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import done, listed, sent, text
from service.web.stale import named, version

blueprint = Blueprint("office_settings", __name__)


@blueprint.get("/settings")
@requires(right=held.RIGHT)
def index() -> ResponseReturnValue:
    """All settings that may be changed here, and the last changes."""
    sheet = held.sheet(db(), wired().settings)
    return render_template(
        "office_settings/settings.html",
        sheet=sheet,
        sources=held.SOURCES,
        default=DEFAULT,
        labels={name: one.label for name, one in by_name(wired().settings).items()},
        names=Names(db()).learn([event.actor for event in sheet.changes]),
    )


@blueprint.get("/settings/<code>")
@requires(right=held.RIGHT)
def form(code: str) -> ResponseReturnValue:
    """The form of a group."""
    sheet = held.sheet(db(), wired().settings)
    found = next(((group, some) for group, some in sheet.groups if group.code == code), None)
    if found is None:
        raise NotFound("没有这组设置")
    return render_template(
        "office_settings/form.html",
        group=found[0],
        some=found[1],
        version=sheet.version,
        fault=sheet.fault,
        shown=lambda one, value: shown(one, value, held.titles_of(one)),
        flag=FLAG,
        long=LONG,
        default=DEFAULT,
        longest=held.LONGEST_REASON,
        reset=held.set_by_page(db()),
    )


@blueprint.post("/settings/<code>")
@requires(right=held.RIGHT)
def change(code: str) -> ResponseReturnValue:
    """Saves the form of a group."""
    settings, fields = wired().settings, sent()
    mine = next((group.settings for group, _ in held.sheet(db(), settings).groups if group.code == code), None)
    if mine is None:
        raise NotFound("没有这组设置")
    reset = [name for name in listed(fields, "reset") if name in {one.name for one in mine}]
    free = [one for one in mine if not outranked_by(settings, one.name) and one.name not in reset]
    values = _typed(free, fields)
    with named(fields, labels={one.name: one.label for one in mine}):
        changed = held.change_settings(
            db(),
            settings=settings,
            values=values,
            reset=reset,
            reason=text(fields, "reason"),
            seen=version(fields),
            actor=actor(),
            now=clock.now(),
        )
    return done("已保存，立即生效。" if changed else "没有改动，没有保存。", url_for("web.office_settings.index"))


def _typed(some: list[Editable], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a form; a field that is not sent is empty. Raises Invalid with all that is wrong."""
    values, findings = {}, list[Finding]()
    for one in some:
        try:
            values[one.name] = typed(one, text(dict(fields), one.name), held.titles_of(one))
        except Invalid as error:
            findings += error.findings
    if findings:
        raise Invalid("设置没有保存", findings)
    return values
