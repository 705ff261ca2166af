"""Failures as programs read them: problem+json (RFC 9457), the status of each kind of error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, jsonify, request

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


def too_large() -> str:
    """The words for a body over the limit of its address: how much goes at once, and what to do."""
    size = (request.max_content_length or 0) / 1_000_000
    most = f"{size:.1f}".removesuffix(".0") if size < 3 else int(size)
    return f"提交的内容超出上限，一次最多 {most} MB。文字请精简，文件请压缩后或分几次上传。"
