"""The page that names the software and type of others, and their licences."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from service.web.access import ANYONE, requires
from service.web.components import PARTS, components

blueprint = Blueprint("licences", __name__)


@blueprint.get("/licences")
@requires(ANYONE)
def licences() -> ResponseReturnValue:
    """Every component with version, licence and what this one asks for."""
    return render_template("licences/licences.html", components=components(), parts=PARTS)


@blueprint.get("/licences/<part>/<version>/<path:name>")
@requires(ANYONE)
def licence_text(part: str, version: str, name: str) -> ResponseReturnValue:
    """The text of one component's licence, as it came with the component."""
    wanted = (part, version, name)
    found = next((one.text for one in components() if (one.part, one.version, one.name) == wanted), "")
    return Response(found, mimetype="text/plain") if found else abort(404)
