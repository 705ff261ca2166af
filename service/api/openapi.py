"""The OpenAPI document of all calls, and the page that shows it (from this service alone)."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import flask_smorest  # type: ignore[import-untyped]  # the library ships no types
from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from service.api.access import CSRF_HEADER, Rule
from service.api.calls import Calls, problem_name
from service.api.errors import WORDS
from service.api.fields import Problem
from service.http.failures import MEDIA_TYPE

OPENAPI = "3.1.0"
DESCRIPTION = """\
Processes, tasks and registries of the talent liaison service.

Sign in with `Authorization: Bearer <token>` (issued by `liaison token USER`), or with the session of the pages; a
write with the session also needs the header `X-CSRFToken`. Failures are `application/problem+json`. Lists answer
`items`, `total`, and `next`: the offset of the next page, null on the last. Days are calendar days of Asia/Shanghai,
moments carry their offset.
"""

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)

blueprint = Blueprint("api_docs", __name__, url_prefix="/api", template_folder="templates")


class _Document(flask_smorest.Api):  # type: ignore[misc]  # the library ships no types
    """The library's document, with our failures, and without its error handlers and pages."""

    DEFAULT_ERROR_RESPONSE_NAME = problem_name(500)

    def _register_error_handlers(self) -> None:
        """Ours are in ``errors``; the pages have their own."""

    def _register_pagination_header(self) -> None:
        """Ours is in the answers."""

    def _register_responses(self) -> None:
        for status, (_, title, _) in WORDS.items():
            content = {MEDIA_TYPE: {"schema": Problem}}
            self.spec.components.response(problem_name(status), {"description": title, "content": content}, lazy=True)


def install(app: Flask, groups: Iterable[Calls]) -> None:
    """Registers the calls of all ``groups``, and the document that tells of them."""
    document = _Document(
        app,
        spec_kwargs={
            "title": "人才直联 API",
            "version": version("talent-liaison"),
            "openapi_version": OPENAPI,
            "info": {"description": DESCRIPTION},
            "security": [{"token": []}, {"session": []}],
        },
    )
    schemes = document.spec.components
    schemes.security_scheme("token", {"type": "http", "scheme": "bearer", "description": "issued by `liaison token`"})
    session = {"type": "apiKey", "in": "cookie", "name": app.config.get("SESSION_COOKIE_NAME", "session")}
    schemes.security_scheme("session", {**session, "description": f"of the pages; writes also need {CSRF_HEADER}"})
    tags: dict[str, str | None] = {}
    for group in groups:
        document.register_blueprint(group.blueprint)
        tags.setdefault(group.tag, group.blueprint.description)
    app.extensions["liaison-openapi"] = {
        **document.spec.to_dict(),
        "tags": [{"name": name, "description": said} for name, said in tags.items()],
    }
    app.register_blueprint(blueprint)


def document() -> dict[str, Any]:
    """The OpenAPI document of the running app."""
    found: dict[str, Any] = current_app.extensions["liaison-openapi"]
    return found


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """The OpenAPI document."""
    return jsonify(document())


@blueprint.get("/docs")
def docs() -> ResponseReturnValue:
    """The page that shows the document and tries calls."""
    answer = Response(render_template("api/docs.html"))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


for _view in (openapi, docs):
    _view.api_rule = Rule(public=True)  # type: ignore[attr-defined]  # read back by access.rule_of()
