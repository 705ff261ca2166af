"""The process diagrams, read-only: what the staff's work looks like as drawn."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service.errors import NotFound
from service.http.context import actor, db
from service.processes import schedules
from service.processes.bundles import files_of
from service.processes.definitions import list_definitions
from service.processes.first_steps import may_start
from service.processes.rules import NEED
from service.web import diagrams
from service.web.access import requires

blueprint = Blueprint("processes", __name__)


@blueprint.get("/processes")
@requires(right="view_definitions")
def index() -> ResponseReturnValue:
    """Every process with its versions."""
    found = {key: list(versions) for key, versions in groupby(list_definitions(db()), key=lambda one: one.key)}
    return render_template(
        "processes/index.html",
        processes=found,
        starts=next_starts(),
        startable={key for key in found if key != NEED and may_start(db(), key, actor())},
    )


def next_starts() -> dict[str, tuple[datetime, bool]]:
    """Process → (when its next automatic start is planned, whether the last tries failed)."""
    found: dict[str, tuple[datetime, bool]] = {}
    for row in schedules.upcoming(db()):
        planned = schedules.planned_at(row)
        if planned is not None and (row.process not in found or planned < found[row.process][0]):
            found[row.process] = (planned, row.attempts > 0)
    return found


@blueprint.get("/processes/<key>/<int:version>")
@requires(right="view_definitions")
def diagram(key: str, version: int) -> ResponseReturnValue:
    """One version, drawn; its called processes on further tabs."""
    versions = [one for one in list_definitions(db()) if one.key == key]
    definition = next((one for one in versions if one.version == version), None)
    if definition is None:
        raise NotFound("没有这个流程或版本。请从流程图列表中选择。")
    drawn = diagrams.pictures(files_of(db(), definition.digest), key)
    return render_template(
        "processes/diagram.html", definition=definition, versions=versions, drawn=drawn, island=diagrams.island(drawn)
    )
