"""The versions of a process: who put each in force and when, and what is open on it."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service.errors import NotFound
from service.http.context import db
from service.processes.definitions import list_definitions
from service.processes.tallies import open_tallies
from service.usecases.names import Names
from service.web.access import requires
from service.web.studio import RIGHT

blueprint = Blueprint("studio_versions", __name__)


@blueprint.get("/studio/processes/<key>")
@requires(right=RIGHT)
def versions(key: str) -> ResponseReturnValue:
    """The versions of one process, newest first."""
    found = [one for one in list_definitions(db()) if one.key == key]
    if not found:
        raise NotFound("没有这个流程。请从流程管理中选择。")
    names = Names(db()).learn([one.deployed_by for one in found])
    return render_template("studio/versions.html", versions=found, tallies=open_tallies(db()), names=names)
