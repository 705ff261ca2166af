"""Files that are handed in with a step's form: they become the case's, bound to the step and the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.attachments.records import MOST_OF_CASE, said_of
from service.errors import Finding, Invalid
from service.history import append
from service.history.records import as_json
from service.processes.forms import FILES, Form
from service.processes.models import AS_ENTERED, Instance, UserTask
from service.processes.recording import stream_of
from service.processes.visibility import is_round
from service.rights import Actor
from service.storage import Attachment, StagedFile, attachments_of, kind_of


def hand_in(
    session: Session,
    instance: Instance,
    task: UserTask,
    form: Form,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """Makes the files that ``data`` names the case's own, each with its entry in the journal, before the step's.

    Files of the same step that ``data`` names no longer (it was taken back and done again) are withdrawn. Raises
    ``Invalid`` at the field for a file of another case, of a kind that the field does not take, that the form
    names twice, or one too many.
    """
    fields = form.files
    if not fields:
        return
    named = [one for one in form.references(data) if one[1] == FILES]
    if not named and task.revision == AS_ENTERED:  # nor can an earlier answer of it have left files
        return
    stream = stream_of(instance.id)
    there = {one.id: one for one in _beside(session, instance, task, stream)}
    staged = {path: session.get(StagedFile, UUID(value)) for path, _, value in named}
    findings = list(_faults(form, named, there, staged))
    fresh = [one for one in staged.values() if one is not None]
    if len(there) + len(fresh) > MOST_OF_CASE:
        findings.append(Finding(named[0][0], f"一件事项最多 {MOST_OF_CASE} 个附件，请先撤回不用的附件"))
    if findings:
        raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)
    kept = {UUID(value) for _, _, value in named}
    for old in there.values():
        if old.task_id == task.id and old.field in fields and old.id not in kept:
            old.withdrawn_at = now
            said_old = {"id": old.id, "name": old.name, "sha256": old.sha256}
            _note(session, stream, "file_withdrawn", said_old, task, actor, now)
    for path, one in staged.items():
        if one is not None:
            _keep(session, stream, one, task, path.split("/")[2], actor, now)


def _beside(session: Session, instance: Instance, task: UserTask, stream: str) -> list[Attachment]:
    """The files of the case, from which a form may choose; of a round those of the step's own slot alone."""
    found = attachments_of(session, [stream]).get(stream, [])
    if not found or not is_round(instance):
        return found
    slot = select(UserTask.id).where(UserTask.instance_id == instance.id, UserTask.scope == task.scope)
    own = set(session.scalars(slot))
    return [one for one in found if one.task_id in own]


def _faults(
    form: Form,
    named: list[tuple[str, str, str]],
    there: Mapping[UUID, Attachment],
    staged: Mapping[str, StagedFile | None],
) -> Iterator[Finding]:
    digests: dict[str, str] = {}  # of this form alone: a later step may hand in the same paper again
    for path, _, value in named:
        file = staged[path] or there.get(UUID(value))
        if file is None:
            yield Finding(path, "所选附件不是本事项的，请删去后重新上传")
            continue
        kinds = form.fields[path.split("/")[2]].get("x-file-kinds")
        if kinds and kind_of(file.name) not in kinds:
            yield Finding(path, f"附件“{file.name}”不是本栏要的种类（{'、'.join(kinds)}），请删去后换一个文件")
        elif file.sha256 in digests:
            yield Finding(path, f"附件“{file.name}”与“{digests[file.sha256]}”内容相同，请删去其中一个")
        else:
            digests[file.sha256] = file.name


def _keep(
    session: Session, stream: str, one: StagedFile, task: UserTask, field: str, actor: Actor, now: datetime
) -> None:
    """The file under the same id, which the form's data name."""
    kept = Attachment(
        id=one.id,
        stream=stream,
        name=one.name,
        media_type=one.media_type,
        size=one.size,
        sha256=one.sha256,
        content=None,
        added_by=actor.username,
        added_at=now,
        task_id=task.id,
        field=field,
    )
    session.delete(one)
    session.add(kept)
    session.flush()
    _note(session, stream, "file_attached", {**said_of(kept), "field": field}, task, actor, now)


def _note(
    session: Session, stream: str, kind: str, data: dict[str, object], task: UserTask, actor: Actor, now: datetime
) -> None:
    append(
        session,
        stream=stream,
        kind=kind,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        task=str(task.id),
        data=as_json(data),
    )
