"""Failures as programs read them: problem+json (RFC 9457), always of the same shape, with a Chinese way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from service.api.access import SignedOut
from service.db.failures import BEYOND_HEAD, UNKEEPABLE, Trouble, is_beyond_head, is_unkeepable, trouble
from service.errors import Finding, LiaisonError
from service.http import failures
from service.http.failures import status_of

WORDS = {
    400: ("bad_request", "请求无法识别", "请求内容不是有效的 JSON，或写法有误"),
    401: ("signed_out", "未登录", "请用 Authorization: Bearer 令牌 访问接口"),
    403: ("not_allowed", "没有权限", "您没有进行此操作的权限；如确需办理，请联系系统管理员或区人才办"),
    404: ("not_found", "没有找到", "没有这个地址或记录，或者不在您可以查看的范围内"),
    405: ("method_not_allowed", "方法不对", "该地址不支持这种请求方法，请查看接口文档"),
    409: ("conflict", "情况已变化", "此事项已被他人办理或状态已改变，请重新读取后再试"),
    413: ("too_large", "内容过大", "提交的内容超出上限，请精简后重新提交"),
    415: (
        "unsupported_media_type",
        "内容类型不对",
        "请以 Content-Type: application/json 提交内容（上传文件时为 multipart/form-data）",
    ),
    422: ("invalid", "内容有误", "提交的内容没有通过检查，请按 errors 中的说明修改"),
    429: ("too_many_requests", "请求过于频繁", "已超过每分钟的请求次数上限，请稍后再试"),
    500: ("incident", "系统出错", "操作没有完成，没有改动任何数据；请把 request_id 告诉系统管理员"),
    503: ("unavailable", "系统暂时不可用", "系统正忙或数据库暂时不能写入，没有改动任何数据，请稍后再试"),
}
"""Status → type, title and, where nothing more is known, detail."""

log = structlog.get_logger(__name__)


def problem(
    status: int, detail: str = "", findings: Iterable[Finding] = (), *, more: Mapping[str, Any] | None = None
) -> Response:
    """A problem+json answer; ``more`` are further members."""
    kind, title, way_out = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    return failures.problem(
        status, kind, title, detail or way_out, findings, request_id=g.get("request_id"), **(more or {})
    )


def refusal(error: LiaisonError) -> Response:
    """The answer to an expected failure."""
    status = status_of(error)
    if status >= 500:
        log.error("incident", kind=type(error).__name__, exc_info=error)
    return problem(status, error.message, error.findings)


def cover(blueprint: Blueprint) -> None:
    """All that the views of ``blueprint`` raise ends in problem+json."""
    blueprint.register_error_handler(LiaisonError, refusal)
    blueprint.register_error_handler(SignedOut, _signed_out)
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(DBAPIError, _database)
    blueprint.register_error_handler(NoConnectionFree, _database)
    blueprint.register_error_handler(OSError, _machine)


def install(app: Flask) -> None:
    """Addresses under ``/api`` that lead nowhere end in problem+json too; all others stay with the pages."""
    pages = app.error_handler_spec[None][None].get(HTTPException)

    def lost(error: HTTPException) -> ResponseReturnValue:
        if request.path.startswith("/api/") or pages is None:
            return _http(error)
        found: ResponseReturnValue = current_app.ensure_sync(pages)(error)
        return found

    app.register_error_handler(HTTPException, lost)


def _signed_out(error: SignedOut) -> Response:
    answer = problem(401, str(error))
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < 400:  # a redirect is no failure
        return error.get_response()
    status = error.code or 500
    answer = problem(status, failures.too_large() if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "")
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _database(error: DBAPIError | NoConnectionFree) -> Response:
    if is_unkeepable(error):
        return problem(422, UNKEEPABLE)
    if is_beyond_head(error):
        return problem(409, BEYOND_HEAD)
    known = trouble(error)
    log.error("database failure", exc_info=error)
    return _unavailable(known) if known else problem(500)


def _machine(error: OSError) -> Response:
    known = trouble(error)
    log.error("machine failure", exc_info=error)
    return _unavailable(known) if known else problem(500)


def _unavailable(known: Trouble) -> Response:
    answer = problem(503, known.told)
    answer.headers["Retry-After"] = str(known.retry_after)
    return answer
