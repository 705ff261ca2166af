"""Failures as people see them: a Chinese page with the way out, or problem+json where a script asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf  # type: ignore[import-untyped]  # the library ships no types
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from service.db.failures import BEYOND_HEAD, UNKEEPABLE, is_beyond_head, is_unkeepable, trouble
from service.errors import Finding, Invalid, LiaisonError
from service.history import Stale
from service.http.context import wired
from service.http.failures import problem, status_of, too_large
from service.rights import may
from service.seals import Altered
from service.usecases.sealing import RIGHT
from service.web.access import EnrolmentNeeded, PasswordChangeNeeded, SignInNeeded
from service.web.context import find_actor, wants_json
from service.web.once import FIELD

WORDS = {
    400: ("请求无法识别", "页面可能已过期。请返回上一页刷新后再试。"),
    403: ("没有权限", "您没有查看或办理此内容的权限。如确需办理，请联系系统管理员或区人才办。"),
    404: ("没有找到", "您要找的内容不存在，或者不在您可以查看的范围内。请核对地址，或从工作台重新进入。"),
    405: ("不能这样打开", "这个地址只用于提交内容，不能直接打开。请从工作台进入相应页面办理。"),
    409: ("情况已变化", "此事项已被他人办理或状态已改变。请刷新页面查看最新情况。"),
    413: ("内容过大", "提交的内容超出上限。请精简后重新提交。"),
    422: ("内容需要修改", "提交的内容没有通过检查，请按提示修改后重新提交。"),
    429: ("操作过于频繁", "短时间内操作次数过多，请稍等几分钟再试。"),
    500: (
        "系统出错",
        "操作没有完成，也没有改动任何数据。请稍后再试；仍不成功时，请把下面的时间和编号告诉系统管理员。",
    ),
    503: ("系统暂时不可用", "系统正忙或数据库暂时不能写入，没有改动任何数据。请稍后再试；仍不成功时请联系系统管理员。"),
}

ALTERED = (
    "记录与封存时不符",
    "刷新不能解决。请先保全（《审计员指南》第三节），再到“核验”重新核验全部记录，到“封存”用保存在别处的封存核对。",
)

ASKED = ("条件需要修改", "没有改动任何数据。请按提示修改地址里的条件，或去掉有误的条件再查看。")
"""Of a question in an address, which nobody has submitted."""

_SECRET = frozenset({"web.auth", "web.accounts", "web.second_factor"})
"""The blueprints whose forms take passwords and codes."""


def install(app: Flask) -> None:
    """Registers the handlers of the whole app; a blueprint's own handlers go before them."""
    app.register_error_handler(LiaisonError, _liaison)
    app.register_error_handler(SignInNeeded, _sign_in)
    app.register_error_handler(PasswordChangeNeeded, _change_password)
    app.register_error_handler(EnrolmentNeeded, _enrol)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(NoConnectionFree, _database)


def _show(status: int, kind: str, detail: str, findings: Sequence[Finding] = (), **more: Any) -> ResponseReturnValue:
    title, way_out = WORDS.get(status, WORDS[500] if status >= 500 else WORDS[400])
    title, way_out = more.pop("title", title), more.pop("way_out", way_out)
    if wants_json():
        return problem(status, kind, title, detail or way_out, findings, **more)
    page = render_template(
        "errors/error.html",
        status=status,
        title=title,
        detail=detail,
        way_out=way_out,
        errors=findings,
        reference=g.get("request_id"),
        again=more.get("again"),
        links=more.get("links", ()),
    )
    return page, status


def _liaison(error: LiaisonError) -> ResponseReturnValue:
    more: dict[str, Any] = {}
    if isinstance(error, Stale):
        # the page goes on from the present version: what nobody touched on it becomes as it is now
        more = {"version": error.version, "later": {name: str(one.now or "") for name, one in error.later.items()}}
    elif isinstance(error, Altered):
        more = {"title": ALTERED[0], "way_out": ALTERED[1]}
        more |= {} if wants_json() else {"links": _where_to_check()}
    elif isinstance(error, Invalid) and request.method == "GET" and not wants_json():
        more = {"title": ASKED[0], "way_out": ASKED[1], "links": _without(error.findings)}
    return _show(status_of(error), type(error).__name__.lower(), error.message, error.findings, **more)


def _without(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """The ways on from a question that was refused: the page without what is wrong in its address, and the page that
    asks for nothing. Nothing of what is downloaded, which would be another file than the one asked for."""
    given = request.args
    if not given or PurePosixPath(request.path).suffix:
        return []
    wrong = {one.path.lstrip("/") for one in findings} & set(given)
    kept = urlencode([(name, value) for name, value in given.items(multi=True) if name not in wrong])
    ways = [("去掉有误的条件再查看", f"{request.path}?{kept}")] if wrong and kept else []
    return [*ways, ("清除全部条件", request.path)]


def _where_to_check() -> list[tuple[str, str]]:
    pages = ("核验", "web.verifications.index"), ("封存", "web.seals.index")
    return [(name, url_for(page)) for name, page in pages] if may(g.actor, RIGHT) else []


def _sign_in(_error: SignInNeeded) -> ResponseReturnValue:
    if wants_json():
        return problem(401, "signed_out", "登录已过期", "请重新登录后再试。")
    here = quote(request.path) + (f"?{request.query_string.decode()}" if request.query_string else "")
    goal = f"?next={quote(here)}" if request.method == "GET" and here != "/" else ""
    return redirect(url_for("web.auth.sign_in") + goal)


def _change_password(_error: PasswordChangeNeeded) -> ResponseReturnValue:
    if wants_json():
        return problem(403, "password_change", "须先修改密码", "请先在“我的账号”修改密码，再继续办理。")
    return redirect(url_for("web.auth.account"))


def _enrol(_error: EnrolmentNeeded) -> ResponseReturnValue:
    if wants_json():
        return problem(403, "second_factor", "须先登记二次验证", "请先在“我的账号”登记二次验证，再继续办理。")
    return redirect(url_for("web.second_factor.enrol"))


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    if wired().settings.secure_cookies and not request.is_secure:  # the browser keeps none of our cookies
        return _show(400, "csrf", "本系统只能通过 https:// 的网址使用，请改用该网址打开。")
    return _show(400, "csrf", "页面已过期，没有提交。请返回上一页刷新后再试。")


def _http(error: HTTPException) -> ResponseReturnValue:
    _know_who_asks()
    if error.response is not None:
        return error.response
    status = error.code or 500
    more: dict[str, Any] = {"way_out": too_large()} if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else {}
    return _show(status, HTTPStatus(status).name.lower(), "", **more)


def _know_who_asks() -> None:
    """Where no view was reached, or it failed early, the page still has the menu of who is signed in."""
    if "actor" not in g and not wants_json():
        with suppress(DBAPIError, NoConnectionFree), wired().database.reading() as session:
            g.actor = find_actor(session)


def _database(error: DBAPIError | NoConnectionFree) -> ResponseReturnValue:
    if is_unkeepable(error):
        return _show(422, "invalid", UNKEEPABLE)
    if is_beyond_head(error):
        return _show(409, "altered", BEYOND_HEAD, title=ALTERED[0], way_out=ALTERED[1])
    current_app.logger.error("database failure", exc_info=error)
    known = trouble(error)
    if known is None:  # a defect: nothing that is over in a while
        return _show(500, "incident", "")
    again = {} if wants_json() else _again(known.retry_after)
    answer = make_response(_show(503, "unavailable", known.told, title=known.title, **again))
    answer.headers["Retry-After"] = str(known.retry_after)
    return answer


def _again(seconds: int) -> dict[str, Any]:
    """The form that was sent, for the page to send again after so many ``seconds``: with its own ``once``, so that it
    is done once. Empty where none was, or where it holds files, or may hold what is secret and no page shows."""
    plain = request.method == "POST" and not request.files and request.blueprint not in _SECRET
    if not plain or not request.form.get(FIELD):
        return {}
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    fields = [*sent, ("csrf_token", generate_csrf())]
    return {"again": {"action": request.full_path.rstrip("?"), "seconds": seconds, "fields": fields}}
