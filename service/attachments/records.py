"""The files of a record: rights to attach, withdraw and read them, and their entry in the record's journal.

A file belongs to the record of a journal ``stream``: ``contact:<id>``, ``activity:<id>``, ``matter:<id>``,
``unit:<code>`` (a unit's regulation, R6), ``report:<id>`` (a half-year report, T6) or ``instance:<id>`` (a case: the
evidence of a reported change, R9, or the signed form of a need, W3). Rights are those of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import contacts, reports
from service.auth.queries import account_names
from service.contacts.access import acting_for_unit, acting_on_leader, selves
from service.contacts.models import Activity, Contact, Matter
from service.db import Base
from service.errors import Conflict, LiaisonError, NotAllowed, NotFound
from service.fields import Checks, Entry, Field, take
from service.history import HistoryEvent, stream_events
from service.history.records import record
from service.people.models import Unit
from service.people.queries import get_unit
from service.processes import queries
from service.processes.commands import require_running
from service.processes.models import Instance
from service.processes.steps import step_names
from service.processes.visibility import is_round, require_part, seen
from service.reports.models import HalfYearReport
from service.reports.rules import EDITABLE
from service.rights import Actor, may
from service.storage import Attachment, Received, attachments_called, attachments_of, get_attachment, keep

MOST = 20
"""Files of one record."""
MOST_OF_CASE = 100
"""Files of one case, in whose steps many people hand some in."""

LOOKED_THROUGH = 40
"""Files of a name that a search looks through for those that somebody may see."""

_FILE = (Field("name", "文件"),)
WITHDRAWAL = Field("reason", "撤回原因", required=True, longest=200)
"""Why a file is taken back: an auditor who reads it later asks."""
ENTRIES: Mapping[str, Entry] = {
    "file_attached": Entry("上传附件", _FILE),
    "file_withdrawn": Entry("撤回附件", (*_FILE, WITHDRAWAL)),
    "file_refused": Entry("附件未通过查毒", (*_FILE, Field("found", "查毒结果"))),
}
"""Kinds of entries of the journal of a record that tell of its files."""

READ_WITHDRAWN = "view_history_all"
"""The right to read files that were withdrawn: what was once there stays readable to auditors."""
RESTRICTED = "本次联系有受限记录，附件一并保密：只有该领导、其联络员和区人才办可以查看"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A file that was taken back: by whom (the sign-in name) and why, as its entry says; releases of before asked for
    no reason."""

    file: Attachment
    by: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a record as somebody sees them; ``withdrawable`` are the ids of those that may be taken back.

    ``hidden``: whoever may see the record may not see its files (C4). ``people`` names who uploaded them, ``steps`` the
    steps of a case with whose forms they were handed in. ``gone`` are those that were withdrawn, for who reads them.
    """

    stream: str
    items: tuple[Attachment, ...]
    may_attach: bool
    withdrawable: frozenset[UUID]
    hidden: bool = False
    people: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[UUID, str] = field(default_factory=dict)
    gone: tuple[Withdrawn, ...] = ()


def require_attach(session: Session, *, stream: str, actor: Actor, now: datetime) -> None:
    """Raises as ``attach`` does where the actor may attach no file to a record: asked before a file is taken in."""
    row = _seen(session, stream, actor)
    _require_beside(row)
    _KINDS[stream.partition(":")[0]].change(session, row, actor, now)
    _require_room(stream, attachments_of(session, [stream]).get(stream, []))


def attach(session: Session, *, stream: str, file: Received, actor: Actor, now: datetime) -> Attachment:
    """Attaches a file that was received to a record.

    Raises ``NotAllowed``, ``NotFound``, and ``Conflict`` where the record takes no files any more, has as many as it
    may or the very same one.
    """
    row, entering = _to_change(session, stream, actor, now)
    _require_beside(row)
    there = attachments_of(session, [stream]).get(stream, [])
    _require_room(stream, there)
    if any(one.sha256 == file.sha256 for one in there):
        raise Conflict(f"附件“{file.name}”已经上传过")
    kept = keep(session, stream=stream, file=file, added_by=entering.username, now=now)
    record(session, stream, "file_attached", said_of(kept), actor=entering, now=now)
    return kept


def _require_room(stream: str, there: Collection[Attachment]) -> None:
    most = MOST_OF_CASE if stream.startswith("instance:") else MOST
    if len(there) >= most:
        raise Conflict(f"一条记录最多 {most} 个附件，请先撤回不用的附件")


def said_of(kept: Attachment) -> dict[str, object]:
    """The words of the journal about a file that stands in the store."""
    return {"id": kept.id, "name": kept.name, "size": kept.size, "sha256": kept.sha256, "stored": True}


def withdraw_attachment(
    session: Session, *, attachment_id: UUID, reason: str, actor: Actor, now: datetime
) -> Attachment:
    """Hides a file; it stays in the database, and the journal names its SHA-256.

    Of a case only who attached it and the Talent Office may: others' evidence is not one's own to take away. The entry
    names the step with whose form the file was handed in (in a round no other unit reads its name), and why it was
    withdrawn. Raises ``Invalid`` without a ``reason``.
    """
    stream = attachment_for(session, attachment_id, actor).stream
    row, entering = _to_change(session, stream, actor, now)
    kept = get_attachment(session, attachment_id)  # once more: who was first to lock the record may have withdrawn it
    if not _may_withdraw(session, row, kept, actor):
        raise NotAllowed("只有上传人和区人才办可以撤回事项的附件")
    checks = Checks()
    why = take([WITHDRAWAL], {"reason": reason}, checks)
    checks.done()
    kept.withdrawn_at = now
    session.flush()
    data = {"id": kept.id, "name": kept.name, "sha256": kept.sha256, **why}
    record(session, stream, "file_withdrawn", data, actor=entering, now=now, task=kept.task_id)
    return kept


def attachment_for(session: Session, attachment_id: UUID, actor: Actor, *, with_content: bool = False) -> Attachment:
    """A file, for who may see its record; raises ``NotFound`` for others.

    One that was withdrawn stays readable to who may see all that was done (``READ_WITHDRAWN``).
    """
    withdrawn = may(actor, READ_WITHDRAWN)
    kept = get_attachment(session, attachment_id, with_content=with_content, withdrawn=withdrawn)
    try:
        row = _seen(session, kept.stream, actor)
    except LiaisonError as error:
        raise NotFound("没有这个附件，或您无权查看") from error
    if hides_files(session, row, actor) or not _of_own_part(session, row, actor, [kept]):
        raise NotFound("没有这个附件，或您无权查看")
    return kept


def files_called(session: Session, q: str, actor: Actor, limit: int) -> list[Attachment]:
    """The newest files whose name holds ``q``, of records that the actor may see; among ``LOOKED_THROUGH`` of them."""
    known: dict[str, Base | None] = {}
    found = []
    for kept in attachments_called(session, q, LOOKED_THROUGH):
        if kept.stream not in known:
            known[kept.stream] = _record_shown(session, kept.stream, actor)
        row = known[kept.stream]
        if row is not None and _of_own_part(session, row, actor, [kept]):
            found.append(kept)
        if len(found) == limit:
            break
    return found


def _record_shown(session: Session, stream: str, actor: Actor) -> Base | None:
    """The record of a stream if the actor may see it and its files."""
    try:
        row = _seen(session, stream, actor)
    except LiaisonError:
        return None
    return None if hides_files(session, row, actor) else row


def _of_own_part(session: Session, row: Base, actor: Actor, files: Iterable[Attachment]) -> list[Attachment]:
    """Those of a record's files that the actor may see, who sees the record: of a round those of their own slot and
    those that belong to all."""
    if not isinstance(row, Instance) or not is_round(row):
        return list(files)
    part = seen(session, row, actor)
    return [one for one in files if str(one.task_id) not in part.tasks]


def _is_round(row: Base) -> bool:
    return isinstance(row, Instance) and is_round(row)


def _require_beside(row: Base) -> None:
    """Raises ``NotAllowed`` for a round, whose files come with the steps of its units alone: so each keeps its own."""
    if _is_round(row):
        raise NotAllowed("多单位共同办理的事项，附件只能随本单位的步骤一起提交")


def files_of(session: Session, stream: str, actor: Actor, now: datetime) -> Files:
    """The files of a record and what the actor may do with them. Raises ``NotFound``, ``NotAllowed``."""
    row = _seen(session, stream, actor)
    if hides_files(session, row, actor):
        return Files(stream, (), False, frozenset(), hidden=True)
    everything = attachments_of(session, [stream], withdrawn=may(actor, READ_WITHDRAWN)).get(stream, [])
    own = _of_own_part(session, row, actor, everything)
    items = tuple(one for one in own if one.withdrawn_at is None)
    gone = _withdrawn(session, stream, [one for one in own if one.withdrawn_at is not None])
    names = {one.added_by for one in own} | {one.by for one in gone}
    people = account_names(session, names) if names else {}
    tasks = {one.task_id for one in items} - {None}
    found = Files(
        stream,
        items,
        may_attach=False,
        withdrawable=frozenset(),
        people=people,
        steps=step_names(session, tasks) if tasks else {},
        gone=gone,
    )
    if not _takes_files(session, row, actor, now):
        return found
    mine = frozenset(one.id for one in items if _may_withdraw(session, row, one, actor))
    return replace(found, may_attach=not _is_round(row), withdrawable=mine)


def _withdrawn(session: Session, stream: str, files: Sequence[Attachment]) -> tuple[Withdrawn, ...]:
    """The files with who withdrew each and why, by the record's journal; one statement where there is any."""
    if not files:
        return ()
    told = {one.data.get("id"): one for one in stream_events(session, stream) if one.kind == "file_withdrawn"}
    found = []
    for file in files:
        event = told.get(str(file.id))
        found.append(Withdrawn(file, event.actor if event else "", event.data.get("reason") if event else None))
    return tuple(found)


def record_history(session: Session, stream: str, actor: Actor) -> list[HistoryEvent]:
    """The journal of a record for who sees it; who is not told of its files reads of none. Raises as ``files_of``."""
    row = _seen(session, stream, actor)
    events = stream_events(session, stream)
    return [one for one in events if one.kind not in ENTRIES] if hides_files(session, row, actor) else events


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the records of a kind are seen, and as who the actor changes them; both raise what pages tell."""

    model: type[Base]
    see: Callable[[Session, str, Actor], Base]
    change: Callable[[Session, Any, Actor, datetime], Actor]


def _seen(session: Session, stream: str, actor: Actor) -> Base:
    name, _, key = stream.partition(":")
    kind = _KINDS.get(name)
    if kind is None:
        raise NotFound("没有可以添加附件的记录，请刷新后重试")
    return kind.see(session, key, actor)


def _to_change(session: Session, stream: str, actor: Actor, now: datetime) -> tuple[Base, Actor]:
    """The record, locked so that nobody closes it or counts its files meanwhile, and as who it is changed."""
    row = _seen(session, stream, actor)
    kind = _KINDS[stream.partition(":")[0]]
    session.refresh(row, with_for_update={"of": kind.model})
    return row, kind.change(session, row, actor, now)


def _takes_files(session: Session, row: Base, actor: Actor, now: datetime) -> bool:
    kind = next(one for one in _KINDS.values() if isinstance(row, one.model))
    try:
        kind.change(session, row, actor, now)
    except (NotAllowed, Conflict):
        return False
    return True


def _may_withdraw(session: Session, row: Base, kept: Attachment, actor: Actor) -> bool:
    if not isinstance(row, Instance) or kept.added_by == actor.username:
        return True
    return any(may(one, "operate_cases") for one in selves(session, actor))


def hides_files(session: Session, row: Base, actor: Actor) -> bool:
    """Whether the record is a contact with a restricted note that the actor may not read (C4).

    The files of such a talk are as delicate as what was said, a file's name too.
    """
    if not isinstance(row, Contact):
        return False
    noted = contacts.restricted_notes(session, actor, [row.id])
    return row.id in noted and noted[row.id] is None


def _see_unit(session: Session, key: str, _actor: Actor) -> Unit:
    return get_unit(session, key)  # a unit's regulation is for everybody to read


def _see_case(session: Session, key: str, actor: Actor) -> Instance:
    return queries.visible(session, key, actor)


def _change_contact(session: Session, contact: Contact, actor: Actor, now: datetime) -> Actor:
    entering = acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    if contact.withdrawn_at is not None:
        raise Conflict("该联系记录已撤回，不能增减附件")
    return entering


def _change_activity(session: Session, activity: Activity, actor: Actor, now: datetime) -> Actor:
    entering = acting_for_unit(session, actor, "manage_activities", activity.organizer_unit, now)
    if activity.cancelled_at is not None:
        raise Conflict("该活动已取消，不能增减附件")
    return entering


def _change_matter(session: Session, matter: Matter, actor: Actor, now: datetime) -> Actor:
    return acting_for_unit(session, actor, "record_matters", matter.unit_code, now)


def _change_unit(session: Session, unit: Unit, actor: Actor, now: datetime) -> Actor:
    return acting_for_unit(session, actor, "record_matters", unit.code, now)


def _change_report(session: Session, report: HalfYearReport, actor: Actor, now: datetime) -> Actor:
    entering = acting_for_unit(session, actor, "submit_reports", report.unit_code, now)
    if report.status not in EDITABLE:
        raise Conflict("该报告已报送，不能增减附件；需要修改请由区人才办退回")
    return entering


def _change_case(session: Session, instance: Instance, actor: Actor, now: datetime) -> Actor:
    entering = require_part(session, instance, actor, now)
    require_running(instance)
    return entering


_KINDS: dict[str, _Kind] = {
    "contact": _Kind(Contact, contacts.get_contact, _change_contact),
    "activity": _Kind(Activity, contacts.get_activity, _change_activity),
    "matter": _Kind(Matter, contacts.get_matter, _change_matter),
    "unit": _Kind(Unit, _see_unit, _change_unit),
    "report": _Kind(HalfYearReport, reports.get_report, _change_report),
    "instance": _Kind(Instance, _see_case, _change_case),
}
