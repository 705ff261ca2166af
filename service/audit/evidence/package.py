"""Putting the evidence of a case together: one zip that proves itself.

Folders follow DA/T 48 (the original files beside a description of them), the description DA/T 46, and each of the four
tests of DA/T 70 stands with its result. All is read as of one moment; then papers are printed, outside the transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from service import clock, documents, history
from service.audit.evidence import altered, verifier
from service.audit.evidence.description import Words, metadata, report
from service.audit.evidence.page import page
from service.audit.replay.named import NamesThen
from service.audit.replay.readable import readable
from service.auth.queries import account_names
from service.canonical import dumps
from service.errors import Busy, LiaisonError
from service.history import Happened, HistoryEvent
from service.history.records import record
from service.ledger.case_record import Paper, Record
from service.ledger.circulars import circular, circulars_of
from service.ledger.own_papers import own_paper, own_papers, templates_of
from service.ledger.sheet import has_sheet, sheet
from service.ledger.step_papers import step_paper_of, step_papers
from service.processes.bundles import compiled, files_of
from service.processes.calendars import by_digest
from service.processes.definitions import name_of as process_name
from service.processes.models import Instance
from service.processes.queries import visible
from service.processes.recording import stream_of
from service.processes.rules import numbered
from service.rights import SERVICE_NAMES, Actor, require
from service.seals import STREAM, Altered, Seal, last_seal, proofs
from service.seals.keys import known_keys
from service.seals.models import SealToken
from service.seals.witnesses import head_file, name_of
from service.storage import Attachment, content_of

RIGHT = "export_evidence"
EXPORTED = "evidence_exported"
VERIFIER = Path(verifier.__file__)

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A package. ``digest`` is the SHA-256 of its manifest: the receipt; ``uncovered`` are events after the seal."""

    instance: UUID
    name: str
    content: bytes
    digest: str
    events: int
    seal: int | None
    uncovered: Sequence[int]


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a package is made of, read as of one moment; ``drafts`` are the papers still to be printed, by name: an
    error stands for one that cannot be."""

    instance: Instance
    words: Words
    events: Sequence[HistoryEvent]
    seal: Seal | None
    uncovered: Sequence[int]
    bundles: Sequence[str]
    calendars: Sequence[str]
    made: Mapping[str, bytes]
    drafts: Mapping[str, documents.Draft | LiaisonError]
    exporter: Actor


def gather(session: Session, instance_id: UUID | str, actor: Actor, *, by: Actor | None = None) -> Gathered:
    """The evidence of a case as it stands, for who sees it; exported ``by`` whom, if by another.

    Raises NotFound, NotAllowed, Conflict for a damaged journal, Altered (what was sealed in the same part of the
    journal was changed).
    """
    require(actor, RIGHT)
    instance = visible(session, instance_id, actor)
    with readable(session, instance):
        return _gathered(session, instance, actor, by or actor)


def _gathered(session: Session, instance: Instance, actor: Actor, exporter: Actor) -> Gathered:
    stream = stream_of(instance.id)
    events = history.stream_events(session, stream)
    seal = last_seal(session)
    made: Files = {"journal.jsonl": _lines(events)}
    try:
        shown = [] if seal is None else proofs(session, seal, stream)
    except Altered as error:
        altered.tell(session, error, instance)
        raise
    made["proofs.json"] = _json([{"seq": one.seq, "at": one.at, "path": list(one.path)} for one in shown])
    covered = {one.seq for one in shown}
    uncovered = [event.seq for event in events if event.seq not in covered]
    bundles, calendars = _digests(events, instance)
    if seal is not None:
        made |= _seal(session, seal)
    for digest in bundles:
        made |= {f"definitions/{digest}/{name}": content for name, content in files_of(session, digest).items()}
    for digest in calendars:
        made[f"calendars/{digest}.json"] = _json(by_digest(session, digest).to_data())
    made |= _attached(session, stream)
    made["index.html"] = page(session, instance, events)
    drafts = dict(_drafts(session, instance, actor))
    known = account_names(session, [instance.initiator])
    words = Words(
        SERVICE_NAMES.get(instance.initiator) or known.get(instance.initiator, instance.initiator),
        process_name(compiled(session, instance.digest, instance.process)),
        list(_actors(session, events)),
    )
    return Gathered(instance, words, events, seal, uncovered, bundles, calendars, made, drafts, exporter)


def _actors(session: Session, events: Sequence[HistoryEvent]) -> Iterator[str]:
    """Names who acted in each entry, and for whom: the name of then with the sign-in name of the journal."""
    if not events:
        return
    names = NamesThen(session, clock.local(events[0].at).date())
    everybody = {name for event in events for name in (event.actor, event.on_behalf_of) if name}
    names.people(everybody, clock.today())  # all at once
    for event in events:
        some = [name for name in (event.actor, event.on_behalf_of) if name]
        found = names.people(some, clock.local(event.at).date())
        said = [name if found.get(name, name) == name else f"{found[name]}（{name}）" for name in some]
        yield "，代 ".join(said)


def packed(gathered: Gathered) -> Evidence:
    """The package, with its papers printed. Not to be called with an open transaction: printing takes seconds.

    Raises Busy while others print.
    """
    instance, events, seal = gathered.instance, gathered.events, gathered.seal
    made: Files = {**gathered.made, **dict(_printed(gathered.drafts))}
    made["verify.py"] = VERIFIER.read_bytes()
    made["说明.txt"] = _readme(instance, gathered.exporter)
    made["metadata.xml"] = metadata(instance, gathered.words, events, made, seal)
    made_of = [*gathered.bundles, *gathered.calendars]
    made["四性检测.json"] = _json(report(events, gathered.uncovered, made, seal, made_of))
    said = {
        "format": verifier.FORMAT,
        "version": verifier.VERSION,
        "instance": str(instance.id),
        "number": instance.number,
        "title": instance.title,
        "stream": stream_of(instance.id),
        "events": len(events),
        "uncovered": gathered.uncovered,
        "seal": f"seal/{name_of(seal.number)}.json" if seal is not None else None,
        "definitions": gathered.bundles,
        "calendars": gathered.calendars,
        "made_at": clock.now().astimezone(UTC).isoformat(timespec="seconds"),
        "made_by": gathered.exporter.username,
        "files": [_listed(path, made[path]) for path in sorted(made)],
    }
    manifest = _json(said)
    digest = verifier.sha256(manifest)
    made |= {verifier.MANIFEST: manifest, verifier.RECEIPT: f"{digest}  {verifier.MANIFEST}\n".encode()}
    whole = verifier.packed((path, made[path]) for path in sorted(made))
    name = f"证据包 {instance.number or instance.id}.zip"
    return Evidence(instance.id, name, whole, digest, len(events), seal.number if seal else None, gathered.uncovered)


def journal(session: Session, made: Evidence, *, actor: Actor, now: datetime) -> Happened:
    """Notes that the evidence was given out, with the receipt by which it is known again."""
    data = {
        "instance": made.instance,
        "digest": made.digest,
        "sha256": hashlib.sha256(made.content).hexdigest(),
        "sm3": verifier.sm3(made.content),
        "seal": made.seal,
    }
    return record(session, STREAM, EXPORTED, data, actor=actor, now=now)


def _lines(events: Sequence[HistoryEvent]) -> bytes:
    names = (*verifier.SEALED, "hash")
    return "".join(dumps({name: _plain(getattr(event, name)) for name in names}) + "\n" for event in events).encode()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _digests(events: Sequence[HistoryEvent], instance: Instance) -> tuple[list[str], list[str]]:
    """The definitions and the calendars that the journal counted with."""
    bundles, calendars = {instance.digest}, set[str]()
    for event in events:
        data = event.data
        if event.kind == "started":
            bundles.add(str(data["digest"]))
        moved = data.get("to")
        if event.kind == "migrated" and isinstance(moved, Mapping):
            bundles.add(str(moved["digest"]))
        if isinstance(data.get("calendar"), str):
            calendars.add(str(data["calendar"]))
    return sorted(bundles), sorted(calendars)


def _seal(session: Session, seal: Seal) -> Files:
    found = {f"seal/{name_of(seal.number)}.json": head_file(seal, known_keys(session))}
    token = session.scalar(select(SealToken.token).where(SealToken.number == seal.number))
    return found if token is None else found | {f"seal/{name_of(seal.number)}.token": token}


def _attached(session: Session, stream: str) -> Files:
    """The files of the case, withdrawn ones as well: they are part of what happened."""
    kept = select(Attachment).where(Attachment.stream == stream).options(undefer(Attachment.content))
    rows = session.scalars(kept.order_by(Attachment.added_at)).all()
    return {f"files/{row.id}-{row.name}": content_of(session, row) for row in rows}


def _drafts(session: Session, instance: Instance, actor: Actor) -> Iterator[tuple[str, documents.Draft | LiaisonError]]:
    """Drafts every paper of the case, by the templates of the version on which it runs.

    Those of the whole case are as it stands, those of its steps and circulars as of then, with a number in the name.
    """
    templates, record = templates_of(session, instance.id), Record(session, instance.id, actor)
    asked: list[tuple[str, str, Callable[[], Paper]]] = []
    if instance.title and has_sheet(instance):
        asked.append(("sheet", "", lambda: sheet(session, instance.id, actor)))
    asked += [
        ("circular", f"（通报 {one.n}）", partial(circular, session, instance.id, one.n, actor))
        for one in circulars_of(record)
    ]
    asked += [
        (ref.name, f"（第 {ref.seq} 条）", partial(step_paper_of, record, templates, ref.name, ref.seq, actor))
        for ref in step_papers(record, templates)
    ]
    asked += [(name, "", partial(own_paper, session, instance.id, name, actor)) for name, _ in own_papers(record.made)]
    for name, number, made in asked:
        try:
            paper = made()
        except LiaisonError as error:
            yield f"{name}{number}", error
        else:
            draft = documents.Draft({**templates, **paper.files}, name, paper.data, paper.made_at)
            yield f"{paper.name}{number}", draft


def _printed(drafts: Mapping[str, documents.Draft | LiaisonError]) -> Iterator[tuple[str, bytes]]:
    """The papers, printed; one that cannot be printed is told in its place."""
    for name, draft in drafts.items():
        try:
            if isinstance(draft, LiaisonError):
                raise draft
            yield f"papers/{name}.pdf", documents.print_apart(draft).content
        except Busy:
            raise
        except LiaisonError as error:
            yield f"papers/{name}.txt", f"没有打印：{error.message}\n".encode()


def _listed(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "size": len(content), "sha256": verifier.sha256(content), "sm3": verifier.sm3(content)}


def _json(value: Any) -> bytes:
    return dumps(value).encode()


def _readme(instance: Instance, actor: Actor) -> bytes:
    now = clock.local(clock.now())
    return (
        f"证据包：{numbered(instance.number, instance.process)} {instance.title}\n"
        f"导出：{now:%Y-%m-%d %H:%M}，{actor.name}（{actor.username}）\n\n"
        "核对：在装有 Python 3.9 以上的电脑上运行 python verify.py 证据包.zip，或解压后运行 python verify.py；"
        "不需要本系统，不需要联网。\n"
        "浏览：解压后用浏览器打开 index.html，逐步回放办理过程。\n\n"
        "journal.jsonl  办理记录，一行一条\nproofs.json    每条记录在封存里的证明\nseal/          签名的封存和公钥\n"
        "definitions/   当时的流程图和表单\ncalendars/     当时的工作日历\nfiles/         附件\npapers/        打印件\n"
        "metadata.xml   元数据（DA/T 46）\n四性检测.json   真实性、完整性、可用性、安全性（DA/T 70）\n"
        "manifest.json  全部文件的 SHA-256 和 SM3\n\n"
        "包内有个人信息，请按保密要求保管。\n"
    ).encode()
