"""``Idempotency-Key``: a call that is sent again, because its answer got lost, gives the first answer and does nothing.

The answer is kept in the transaction that did the work, under the name of who asked. Two that arrive at once: the
second waits on the first one's row. Kept are answers that say what was done, and refusals that came out of the work
(not found, not allowed, conflict, invalid); after a failure of the service the call may be sent again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

from flask import Response, request
from sqlalchemy.orm import Session

from service.api import errors
from service.canonical import dumps
from service.db import IdempotentAnswer, idempotency
from service.errors import Finding, Incident, Invalid, LiaisonError
from service.http.failures import MEDIA_TYPE

HEADER = "Idempotency-Key"
AGAIN = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def once(session: Session, username: str, work: Callable[[], Response]) -> Response:
    """The answer of ``work``, done at most once for the request's key; without a key simply done.

    Raises ``Invalid`` for a bad key, or one that was used for something else.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        message = "应为 1 至 200 个不含空格的可见 ASCII 字符"
        raise Invalid(f"{HEADER} 请求头有误", [Finding(HEADER, message)])
    wanted, body = f"{request.method} {request.path}"[:300], fingerprint()
    first = idempotency.reserve(session, username=username, key=key, request=wanted, body=body)
    if first is not None:
        return _again(first, wanted, body)
    try:
        with session.begin_nested():
            answer = work()
    except Incident:
        raise
    except LiaisonError as error:
        answer = errors.refusal(error)
    idempotency.keep(session, username=username, key=key, status=answer.status_code, answer=answer.get_data())
    return answer


def fingerprint() -> str:
    """SHA-256 of what was sent: equal for JSON that differs only in spelling, and for parts in another envelope."""
    seal = sha256()
    if request.mimetype == "multipart/form-data":
        for name, value in sorted(request.form.items(multi=True)):
            seal.update(dumps([name, value]).encode(errors="surrogatepass"))
        for name, file in request.files.items(multi=True):
            file.stream.seek(0)  # a first try may have read it
            content = file.stream.read()
            file.stream.seek(0)
            described = [name, file.filename, sha256(content).hexdigest()]
            seal.update(dumps(described).encode(errors="surrogatepass"))
        return seal.hexdigest()
    content = request.get_data()
    # A body that is no JSON is refused later; until then its bytes say enough.
    with suppress(ValueError, RecursionError):
        content = dumps(json.loads(content)).encode()
    seal.update(content)
    return seal.hexdigest()


def _again(row: IdempotentAnswer, wanted: str, body: str) -> Response:
    if (row.request, row.body_sha256) != (wanted, body):
        message = "该值已用于另一个请求（地址或内容不同），请为每次新的操作使用新的值"
        raise Invalid(f"{HEADER} 重复使用", [Finding(HEADER, message)])
    answer = Response(row.answer, row.status)
    answer.content_type = MEDIA_TYPE if row.status >= 400 else "application/json"
    answer.headers[AGAIN] = "true"
    return answer
