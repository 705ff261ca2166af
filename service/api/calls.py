"""How calls are registered: one line says address, who may, what comes in and what goes out.

All that flask-smorest knows of a call (for checking and for the OpenAPI document) is told here, so no other module
needs the library, and no call can forget its rule, its transaction or its Idempotency-Key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]  # the library ships no types
import marshmallow as ma
from flask import Response, g, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from flask_smorest.utils import (  # type: ignore[import-untyped]  # the library ships no types
    set_status_and_headers_in_response,
    unpack_tuple_response,
)
from sqlalchemy.orm import Session

from service.api import errors
from service.api.access import Rule, SignedOut, asker
from service.api.fields import Nothing
from service.api.limits import limits
from service.api.once import HEADER, once
from service.api.reading import PARSER, Parser, sent
from service.api.versions import IF_MATCH
from service.errors import Finding, LiaisonError
from service.http.context import READING, transaction, wired
from service.http.failures import MEDIA_TYPE
from service.http.second_try import begun, tried_twice
from service.rights import Actor

PREFIX = "/api/v1"
BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}
"""The shape of a file in the OpenAPI document."""

View = TypeVar("View", bound=Callable[..., Any])

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "A value of the caller's own (1 to 200 visible ASCII characters) for this one operation. The same "
    "key and body give the first answer again; the same key with another body is refused (422).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


class _Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # the library ships no types
    ARGUMENTS_PARSER = Parser()


class Calls:
    """The calls of one feature. ``prefix`` stands before every address; ``noun`` is a module's of several."""

    def __init__(self, name: str, description: str, *, prefix: str = PREFIX, noun: str = "") -> None:
        told = f"api_{noun or name}"
        self.blueprint = _Blueprint(told, __name__, url_prefix=prefix or None, description=description)
        self.tag = name
        errors.cover(self.blueprint)

    def get(
        self,
        address: str,
        *,
        answer: Any,
        query: type[ma.Schema] | None = None,
        right: str | None = None,
        for_administrators: bool = False,
    ) -> Callable[[View], View]:
        """A call that reads. The view gets the checked ``query`` as its first argument."""
        rule = Rule(right=right, for_administrators=for_administrators)
        return self._call("GET", address, rule, answer, 200, query=query)

    def file(
        self,
        address: str,
        *,
        media_types: Iterable[str],
        query: type[ma.Schema] | None = None,
        right: str | None = None,
        apart: bool = False,
    ) -> Callable[[View], View]:
        """A call that gives a file of one of ``media_types``: the view gives it whole, by its checked ``query``.

        The view of a call ``apart`` opens its transactions itself, because making the file takes long.
        """
        types = tuple(media_types)
        return self._call("GET", address, Rule(right=right), BYTES, 200, query=query, files=types, apart=apart)

    def post(
        self,
        address: str,
        *,
        answer: Any,
        status: int = 200,
        body: type[ma.Schema] | None = None,
        upload: Mapping[str, Any] | None = None,
        size: int | None = None,
        also: Mapping[int, Any] | None = None,
        right: str | None = None,
        for_administrators: bool = False,
        versioned: bool = False,
        first: Callable[..., Any] | None = None,
        apart: bool = False,
    ) -> Callable[[View], View]:
        """A call that writes. The view gets the checked JSON ``body`` as its first argument.

        ``upload`` is the schema of a multipart body instead, of at most ``size`` bytes, which the view reads itself.
        ``first`` is what takes long: done for those who may, with the parts of the address, before the transaction;
        the view gets what it gives.
        The view of a call ``apart`` opens its transactions itself, because it works long outside them; it takes no
        Idempotency-Key. ``also`` are the shapes of answers with another status that the view gives. A ``versioned`` one
        takes the version of the record that was read (``If-Match``).
        """
        rule, taken = Rule(right=right, size=size, for_administrators=for_administrators), body or Nothing
        return self._call(
            "POST",
            address,
            rule,
            answer,
            status,
            body=taken,
            upload=upload,
            also=also or {},
            versioned=versioned,
            first=first,
            apart=apart,
        )

    def patch(
        self, address: str, *, answer: Any, body: type[ma.Schema], right: str | None = None
    ) -> Callable[[View], View]:
        """A call that changes what is sent and leaves the rest. The view gets the checked JSON ``body`` first."""
        return self._call("PATCH", address, Rule(right=right), answer, 200, body=body, versioned=True)

    def put(
        self, address: str, *, answer: Any, size: int, also: Mapping[int, Any], right: str
    ) -> Callable[[View], View]:
        """A call that takes a file of at most ``size`` bytes as its body, which the view reads itself."""
        return self._call("PUT", address, Rule(right=right, size=size), answer, 200, also=also)

    def delete(
        self, address: str, *, answer: Any, right: str, also: Mapping[int, Any] = MappingProxyType({})
    ) -> Callable[[View], View]:
        """A call that takes something away; it has no body."""
        return self._call("DELETE", address, Rule(right=right), answer, 200, also=also)

    def public(self, address: str, *, answer: Any, media_type: str = "application/json") -> Callable[[View], View]:
        """A call that anybody may make. It has no transaction of its own."""
        return self._call("GET", address, Rule(public=True), answer, 200, media_type=media_type)

    def _call(
        self,
        method: str,
        address: str,
        rule: Rule,
        answer: Any,
        status: int,
        *,
        query: type[ma.Schema] | None = None,
        body: type[ma.Schema] | None = None,
        upload: Mapping[str, Any] | None = None,
        also: Mapping[int, Any] = MappingProxyType({}),
        media_type: str = "application/json",
        files: Sequence[str] = (),
        versioned: bool = False,
        first: Callable[..., Any] | None = None,
        apart: bool = False,
    ) -> Callable[[View], View]:
        def register(view: View) -> View:
            shown = view if body is None else _as_sent(view, body())
            made: Any = self.blueprint.response(status, answer, content_type=files[0] if files else media_type)(shown)
            if query is not None:
                made = self.blueprint.arguments(query, location="query")(made)
            if body is not None and upload is None:
                made = self.blueprint.arguments(body, location="json", required=body is not Nothing)(made)
            for other, shape in also.items():
                kind = MEDIA_TYPE if other >= 400 else media_type
                made = self.blueprint.alt_response(other, schema=shape, content_type=kind)(made)
            name = f"{self.tag}_{view.__name__}"
            told = _documented(method, address, rule, upload, also, files, versioned=versioned, apart=apart)
            made = self.blueprint.doc(operationId=name, **told)(made)
            made = wraps(made)(_plain(shown, _Shapes(query, None if upload else body, answer), status))
            made = _guarded(made, rule, first, apart=apart)
            self.blueprint.add_url_rule(address, view.__name__, made, methods=[method], tags=[self.tag])
            return view

        return register


@dataclass(frozen=True, slots=True)
class _Shapes:
    """The schemas of the address, of the body and of the answer."""

    query: type[ma.Schema] | None
    body: type[ma.Schema] | None
    answer: Any


def _plain(view: View, shapes: _Shapes, status: int) -> Callable[..., Response]:
    """The view between checking what was sent and writing what it gives, at once.

    The library's own wrappers, which do the same, are there for the OpenAPI document; at each request they would ask
    anew what stands fast since the start, for about as long as a small call works.
    """
    query = shapes.query() if shapes.query is not None else None
    body = shapes.body() if shapes.body is not None else None
    answer = shapes.answer() if isinstance(shapes.answer, type) else shapes.answer
    dump = answer.dump if isinstance(answer, ma.Schema) else _as_it_is

    def plain(**arguments: Any) -> Response:
        given: list[Any] = []
        if body is not None:
            given.append(sent(body))
        if query is not None:
            given.append(PARSER.parse(query, request, location="query"))
        made, other, headers = unpack_tuple_response(view(*given, **arguments))
        told = made if isinstance(made, Response) else jsonify(dump(made))
        if not isinstance(made, Response) and other is None:
            told.status_code = status
        set_status_and_headers_in_response(told, other, headers)
        return told

    return plain


def _as_it_is(made: Any) -> Any:
    return made


def _refuse(refusal: LiaisonError) -> NoReturn:
    raise refusal


def _as_sent(view: View, body: ma.Schema) -> View:
    """The view, whose findings on fields of the records name the fields of the request: one place for all calls."""

    @wraps(view)
    def renaming(*arguments: Any, **more: Any) -> Any:
        try:
            return view(*arguments, **more)
        except LiaisonError as error:
            error.findings = tuple(Finding(sent_path(body, one.path), one.message) for one in error.findings)
            raise

    return cast(View, renaming)


def sent_path(body: ma.Schema, path: str) -> str:
    """The path of a field of a command as the request of that ``body`` names it: ``/leader_id`` is ``/leader``."""
    parts, schema = path.split("/"), body
    for place, part in enumerate(parts):
        if part == "" or part.isdecimal():
            continue
        known = schema.fields.get(part)
        if known is None:
            break
        parts[place] = known.data_key or part
        inner = known.inner if isinstance(known, ma.fields.List) else known
        if not isinstance(inner, ma.fields.Nested):
            break
        schema = inner.schema
    return "/".join(parts)


def _guarded(
    view: Callable[..., Any], rule: Rule, first: Callable[..., Any] | None = None, *, apart: bool = False
) -> Callable[..., ResponseReturnValue]:
    """The view within the request's limit, its rule and its one transaction."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if rule.public:
            return make_response(view(**arguments))
        counted = limits()
        note = partial(counted.note, counted.count())
        if rule.size is not None:
            request.max_content_length = rule.size  # before anybody reads the body
        if first is not None or apart:
            with wired().database.reading() as session:
                g.actor = _known(session, rule, note)
        if apart:
            return make_response(view(**arguments))
        work = partial(view, **arguments)
        if first is not None:
            try:
                work = partial(work, prepared=first(**arguments))
            except LiaisonError as refusal:
                work = partial(_refuse, refusal)  # told unless the same was done before, and is sent again

        def answer() -> Response:
            with transaction() as session:
                actor = g.actor = _known(session, rule, note)
                begun()
                if request.method in READING:
                    return make_response(work())
                return once(session, actor.username, lambda: make_response(work()))

        # what was made first may have been used up by the first try
        return answer() if first is not None else tried_twice(answer, keyed=lambda: HEADER in request.headers)

    guarded.api_rule = rule  # type: ignore[attr-defined]  # read back by access.rule_of()
    return guarded


def _known(session: Session, rule: Rule, note: Callable[..., None]) -> Actor:
    """``asker``, who counts for the limit as somebody, as whoever is signed out counts as nobody."""
    try:
        found = asker(session, rule)
    except SignedOut:
        note(known=False)
        raise
    note(known=True)
    return found


def _documented(
    method: str,
    address: str,
    rule: Rule,
    upload: Mapping[str, Any] | None,
    also: Mapping[int, Any],
    files: Sequence[str],
    *,
    versioned: bool,
    apart: bool,
) -> dict[str, Any]:
    """The OpenAPI document's words about a call besides its schemas."""
    if rule.public:
        return {"security": []}
    statuses = {401, 403, 422, 429} | ({404} if "<" in address else set())
    found: dict[str, Any] = {}
    if method not in READING:
        statuses |= {400, 409, 413, 415, 503}
        found["parameters"] = [*([] if apart else [IDEMPOTENCY_KEY]), *([IF_MATCH] if versioned else [])]
    found["responses"] = {str(status): problem_name(status) for status in sorted(statuses - set(also))}
    if files:
        found["responses"]["200"] = {"content": {media_type: {"schema": BYTES} for media_type in files}}
    if upload is not None:
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": upload}}}
    if method == "PUT":
        found["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": BYTES}}}
    if rule.right is not None:
        found["x-right"] = rule.right
    return found


def problem_name(status: int) -> str:
    """The name of a refusal among the components of the OpenAPI document."""
    return f"Problem{status}"
