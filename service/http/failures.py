"""Failures as programs read them: problem+json (RFC 9457), the status of each kind of error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, jsonify

from service.errors import Busy, Conflict, Finding, Incident, Invalid, LiaisonError, NotAllowed, NotFound

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[LiaisonError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
    Busy: 503,
    Incident: 500,
}


def status_of(error: LiaisonError) -> int:
    """The status of the answer to an expected failure."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def problem(
    status: int, kind: str, title: str, detail: str, findings: Iterable[Finding] = (), /, **more: Any
) -> Response:
    """A problem+json answer; ``more`` are further members."""
    errors = [{"path": finding.path, "message": finding.message} for finding in findings]
    answer = jsonify(type=kind, title=title, status=status, detail=detail, errors=errors, **more)
    answer.status_code, answer.content_type = status, MEDIA_TYPE
    return answer
