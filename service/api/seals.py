"""Seals: the signed heads over the journal, proofs that an event is under one, the evidence of a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from service import clock, jobs, seals
from service.api.calls import Calls
from service.api.fields import Count, List, Moment, Nested, Query, Said, Schema, Text, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.audit.evidence.receipts import receipts
from service.errors import NotFound
from service.http.context import actor, db, told, wired
from service.http.files import download
from service.usecases.evidence import RIGHT as EVIDENCE
from service.usecases.evidence import hand_out
from service.usecases.sealing import LARGEST, RIGHT, SEAL, submit_against

calls = Calls("seals", "Seals: signed heads over the journal, proofs, evidence")
ZIP = "application/zip"


class SealItem(Schema):
    """A head. ``head`` is the canonical JSON that is signed, ``digest`` its SHA-256, ``signature`` Ed25519 in hex.

    ``sha256`` and ``sm3`` are the roots of the tree over ``size`` events of ``streams`` streams.
    """

    number = Whole(required=True)
    made_at = Moment(required=True)
    size = Whole(required=True)
    streams = Whole(required=True)
    sha256 = Said(required=True)
    sm3 = Said(required=True, allow_none=True)
    key = Said(required=True)
    head = Said(required=True, attribute="text")
    digest = Said(required=True)
    signature = Said(required=True)
    tokened_at = Moment(required=True, allow_none=True)


class EvidenceReceipt(Schema):
    """One package: who exported it, when, the digests of the whole file, and of its manifest.

    ``seq`` numbers the entry of the journal ``seals`` that tells of it; ``seal`` is the seal that it rests on.
    """

    seq = Whole(required=True)
    at = Moment(required=True)
    by = Said(required=True)
    digest = Said(required=True, metadata={"description": "SHA-256 of manifest.json"})
    sha256 = Said(required=True)
    sm3 = Said(required=True, allow_none=True)
    seal = Whole(required=True, allow_none=True)


class EvidenceReceipts(Schema):
    """All receipts of an instance."""

    items = List(Nested(EvidenceReceipt), required=True)


class EventWish(Query):
    """An event by its place in the journal."""

    stream = Text(longest=100, required=True)
    seq = Count(low=1, high=2**31 - 1, required=True)


class ProofView(Schema):
    """An inclusion proof after RFC 9162: ``hash`` is the ``at``-th leaf (from 0) of ``size``, ``path`` from it up."""

    stream = Said(required=True)
    seq = Whole(required=True)
    at = Whole(required=True)
    size = Whole(required=True)
    hash = Said(required=True)
    path = List(Said(), required=True)
    root = Said(required=True)


@calls.get("/seals", answer=page_of(SealItem, "Seals"), query=Pages, right=RIGHT)
def seal_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """All seals, the newest first."""
    return paged(seals.seals(db(), **query), lambda one: Row(one, one.head))


@calls.post("/seals", answer=JobView, status=202, right=RIGHT)
def make_seal(_: dict[str, Any]) -> Row:
    """Has the journal sealed now, by the worker: the job's result holds ``number`` and ``digest``."""
    return view_of(jobs.submit(db(), kind=SEAL, params={}, actor=actor(), now=clock.now(), total=1))


UPLOAD = {
    "type": "object",
    "required": ["files"],
    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
}


@calls.post("/seals/against", answer=JobView, status=202, upload=UPLOAD, size=LARGEST, right=RIGHT)
def against() -> Row:
    """Has the journal held against heads that were kept elsewhere (``seal-000001.json``, ``seal-000001.leaves.gz``).

    The worker makes every hash anew; the job's ``result`` says ``ok``, and ``mismatches`` with the first event that was
    changed. The files are forgotten afterwards.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    files = [one for one in request.files.getlist("files") if one.filename]
    sent = {str(one.filename): one.read() for one in files}
    for one in files:
        one.stream.seek(0)  # a second try reads them again
    return view_of(submit_against(db(), sent, actor=actor(), now=clock.now()))


@calls.get("/seals/<number>/proof", answer=ProofView, query=EventWish, right=RIGHT)
def event_proof(query: dict[str, Any], number: str) -> seals.Proof:
    """The proof that an event is under a seal. 409 where it came later, or is not as it was sealed."""
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound(f"没有第 {number[:20]} 次封存")
    return seals.proof(db(), seals.seal_of(db(), int(number)), query["stream"], query["seq"])


@calls.file("/instances/<uuid:instance_id>/evidence", media_types=(ZIP,), right=EVIDENCE, apart=True)
def case_evidence(instance_id: UUID) -> Response:
    """The evidence of a case as it stands, with the program that checks it; the export is journaled.

    The header ``Evidence-Receipt`` has the ``seq`` of its receipt.
    """
    made, receipt = hand_out(wired().database, instance_id, actor())
    told()
    answer = download(made.content, ZIP, made.name)
    answer.headers["Evidence-Receipt"] = str(receipt.seq)
    return answer


@calls.get("/instances/<uuid:instance_id>/evidence/receipts", answer=EvidenceReceipts, right=EVIDENCE)
def evidence_receipts(instance_id: UUID) -> Mapping[str, Any]:
    """The receipts of all packages of evidence that were exported of a case, the newest first."""
    return {"items": receipts(db(), instance_id, actor()).items}
