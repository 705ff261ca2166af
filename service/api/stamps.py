"""印章和签名 by the API: the pictures, the register of their uses, and their use on a paper of an instance (用印)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Response, g

from service import clock, documents
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import Pages, Row, paged, whole
from service.api.shapes import page_of
from service.documents import PDF
from service.errors import Finding, Invalid
from service.http.context import actor, db, told, wired
from service.http.files import download, printed
from service.people import stamps as kept
from service.people.models import Stamp, StampUse
from service.people.rules import STATUSES
from service.people.stamp_picture import LARGEST
from service.usecases import stamping

calls = Calls("stamps", "印章和签名: pictures of seals and signatures, and each use of them on a paper (用印)")

ENCODED = LARGEST * 4 // 3 + 100
"""Characters of the longest picture in Base64."""
PAPER = "/instances/<uuid:instance_id>/papers/<name>/<int:n>"


class StampItem(Schema):
    """A seal of a ``unit`` or the signature of a ``person``; ``keepers`` are the accounts that may use a seal."""

    id = Id(required=True)
    name = Said(required=True)
    kind = Choice("seal", "signature", required=True)
    unit = Said(required=True, allow_none=True, attribute="unit_code")
    person = Id(required=True, allow_none=True, attribute="person_id")
    keepers = List(Said(), required=True)
    valid_from = Day(required=True)
    valid_to = Day(required=True, allow_none=True)
    sha256 = Said(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    may_use = Flag(required=True)
    may_keep = Flag(required=True)


class UseItem(Schema):
    """A use that was asked for, on the paper ``paper``, ``n`` of an instance; ``paper_sha256`` of the one that bears
    the stamp. ``note`` is the asker's, ``refusal`` the keeper's."""

    id = Id(required=True)
    stamp = Id(required=True, attribute="stamp_id")
    stamp_name = Said(required=True, attribute="stamp.name")
    instance = Id(required=True, attribute="case_id")
    paper = Said(required=True)
    n = Whole(required=True)
    title = Said(required=True)
    status = Choice(*STATUSES, required=True)
    note = Said(required=True, allow_none=True)
    asked_by = Said(required=True)
    asked_at = Moment(required=True)
    decided_by = Said(required=True, allow_none=True)
    decided_at = Moment(required=True, allow_none=True)
    refusal = Said(required=True, allow_none=True)
    paper_sha256 = Said(required=True, allow_none=True)


_USE = [column.name for column in StampUse.__table__.columns]


class StampBody(Body):
    """Name, period and keepers of a stamp."""

    name = Text(required=True)
    valid_from = Day(required=True)
    valid_to = Day(load_default=None, allow_none=True)
    keepers = List(Text(), load_default=list)


class NewStamp(StampBody):
    """A seal of a ``unit`` with its ``keepers``, or the signature of a ``person``. ``picture``: a PNG in Base64."""

    unit_code = Text(load_default=None, allow_none=True, data_key="unit")
    person_id = Id(load_default=None, allow_none=True, data_key="person")
    picture = Text(required=True, longest=ENCODED)


class Consent(Body):
    """The consent to one paper: ``seen`` is the SHA-256 of the PDF with the stamp that was looked at, ``use`` the
    request that it answers."""

    stamp = Id(required=True)
    seen = Text(required=True)
    consent = Flag(required=True)
    use = Id(load_default=None, allow_none=True)


class Asked(Body):
    """A request to the keepers of a stamp."""

    stamp = Id(required=True)
    note = Text(load_default="", longest=500)


class Why(Body):
    """A reason."""

    reason = Text(required=True, longest=500)


class PaperUses(Schema):
    """The uses asked for on a paper, the oldest first."""

    items = List(Nested(UseItem), required=True)


@calls.get("/stamps", answer=page_of(StampItem, "Stamps"))
def stamps() -> Mapping[str, Any]:
    """The stamps that I may use, keep or audit, those in use first."""
    return whole(_rows(kept.stamps_of(db(), actor())))


@calls.post("/stamps", answer=StampItem, status=201, body=NewStamp, size=ENCODED + 10_000)
def add(body: dict[str, Any]) -> Row:
    """Takes in a picture of a seal or signature."""
    owner = {"unit_code": body["unit_code"], "person_id": body["person_id"], "actor": actor()}
    keepers = stamping.keepers_of_new(db(), body["keepers"], **owner)
    content = _decoded(body["picture"])
    made = kept.add_stamp(db(), fields=_said(body), content=content, keepers=keepers, now=clock.now(), **owner)
    return _rows([made])[0]


@calls.file("/stamps/<uuid:stamp_id>/picture", media_types=("image/png",))
def picture(stamp_id: UUID) -> Response:
    """The picture, for who may use, keep or audit the stamp."""
    found = kept.get_stamp(db(), stamp_id, actor(), with_content=True)
    return download(found.content, "image/png", "stamp.png")


@calls.post("/stamps/<uuid:stamp_id>", answer=StampItem, body=StampBody)
def change(body: dict[str, Any], stamp_id: UUID) -> Row:
    """Another name, period or keepers; another picture is another stamp."""
    keepers = stamping.keepers_of(db(), body["keepers"], stamp_id=stamp_id, actor=actor())
    row = kept.change_stamp(
        db(), stamp_id=stamp_id, fields=_said(body), keepers=keepers, actor=actor(), now=clock.now()
    )
    return _rows([row])[0]


@calls.post("/stamps/<uuid:stamp_id>/withdraw", answer=StampItem, body=Why)
def withdraw(body: dict[str, Any], stamp_id: UUID) -> Row:
    """Nobody can use the stamp from now on (停用); papers that bear it keep it."""
    kept.withdraw_stamp(db(), stamp_id=stamp_id, reason=body["reason"], actor=actor(), now=clock.now())
    return _rows([kept.get_stamp(db(), stamp_id, actor())])[0]


@calls.get("/stamps/<uuid:stamp_id>/uses", answer=page_of(UseItem, "StampUses"), query=Pages)
def uses(query: dict[str, Any], stamp_id: UUID) -> Mapping[str, Any]:
    """用印登记: the uses of a stamp, the newest first."""
    found = kept.get_stamp(db(), stamp_id, actor())
    return paged(kept.uses_of(db(), [found.id], **query))


@calls.get(f"{PAPER}/stamps", answer=PaperUses)
def on_paper(instance_id: UUID, name: str, n: int) -> Mapping[str, Any]:
    """The stamps that were asked for on a paper, and what became of each request."""
    stamping.title_of(db(), instance_id, name, n, actor())
    return {"items": kept.uses_on(db(), instance_id, name, n)}


@calls.file(f"{PAPER}/with/<uuid:stamp_id>.pdf", media_types=(PDF,), apart=True)
def look(instance_id: UUID, name: str, n: int, stamp_id: UUID) -> Response:
    """The paper as it will be with the stamp, for who may use it; its SHA-256 is what a consent names."""
    with wired().database.reading() as session:
        kept.require_user(kept.get_stamp(session, stamp_id, g.actor), g.actor)
        draft = stamping.with_stamp(session, stamp_id, instance_id, name, n, g.actor)
    told()
    return printed(documents.print_apart(draft), "用印预览")


@calls.post(f"{PAPER}/stamp", answer=UseItem, body=Consent, apart=True)
def stamp(body: dict[str, Any], instance_id: UUID, name: str, n: int) -> Mapping[str, Any]:
    """用印: consents to the paper that was looked at, for who may use the stamp."""
    with wired().database.reading() as session:
        draft = stamping.with_stamp(session, body["stamp"], instance_id, name, n, g.actor)
    made = documents.print_apart(draft)
    with wired().database.transaction() as session:
        used = stamping.stamp_paper(
            session,
            stamp_id=body["stamp"],
            instance_id=instance_id,
            name=name,
            n=n,
            paper_sha256=sha256(made.content).hexdigest(),
            seen=body["seen"],
            printed=draft,
            consent=body["consent"],
            use_id=body["use"],
            actor=g.actor,
            now=clock.now(),
        )
        return {one: getattr(used, one) for one in _USE} | {"stamp": {"name": used.stamp.name}}


@calls.post(f"{PAPER}/ask", answer=UseItem, status=201, body=Asked)
def ask(body: dict[str, Any], instance_id: UUID, name: str, n: int) -> StampUse:
    """申请用印: asks the keepers of a stamp who see the instance."""
    return stamping.ask_stamp(
        db(),
        stamp_id=body["stamp"],
        instance_id=instance_id,
        name=name,
        n=n,
        note=body["note"],
        actor=actor(),
        now=clock.now(),
    )


@calls.post("/stamp-uses/<uuid:use_id>/decline", answer=UseItem, body=Why)
def decline(body: dict[str, Any], use_id: UUID) -> StampUse:
    """不同意用印, for who may use the stamp."""
    return kept.decline_stamp(db(), use_id=use_id, reason=body["reason"], actor=actor(), now=clock.now())


@calls.post("/stamp-uses/<uuid:use_id>/recall", answer=UseItem)
def recall(_body: dict[str, Any], use_id: UUID) -> StampUse:
    """撤回用印申请, for who asked: the paper is free again."""
    return kept.recall_stamp(db(), use_id=use_id, actor=actor(), now=clock.now())


def _rows(found: Iterable[Stamp]) -> list[Row]:
    return [Row(one, may_use=kept.may_use(one, actor()), may_keep=kept.may_keep(db(), one, actor())) for one in found]


def _said(body: Mapping[str, Any]) -> dict[str, object]:
    return {name: body[name] for name in ("name", "valid_from", "valid_to")}


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        said = "图片应为 Base64 编码的 PNG"
        raise Invalid(said, [Finding("/picture", said)]) from error
