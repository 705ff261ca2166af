"""Drafts: a process being changed, saved while people type; whoever may edit one may edit all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service import ids
from service.clock import local
from service.errors import Conflict, Finding, Invalid, NotFound
from service.history.records import record
from service.processes.bundles import files_of
from service.processes.definitions import find_latest, shown_digest
from service.processes.models import Definition, DefinitionFile
from service.rights import SYSTEM, Actor, require
from service.spelling import tidy
from service.studio import fields, names, templates
from service.studio.canonical import canonical
from service.studio.contents import contents_of, forget_unheld, keep
from service.studio.models import Draft, DraftFile, KeptContent, VersionScenario

EDIT = "edit_definitions"


@dataclass(frozen=True, slots=True)
class Change:
    """A file of a draft that somebody changed after a revision that was read; ``content`` None: it was deleted."""

    name: str
    by: str
    at: datetime
    revision: int
    content: bytes | None


class OtherRevision(Conflict):
    """The draft was changed after the revision that was read. ``revision`` is the present one."""

    def __init__(self, revision: int, changes: Sequence[Change], name: str | None) -> None:
        same = next((one for one in changes if one.name == name), None)
        last = same or (changes[0] if changes else None)
        who = f"{last.by} 于 {_when(last.at)} " if last is not None else "他人"
        what = "本文件" if same is not None else "草稿的其他文件"
        super().__init__(
            f"{who}已修改{what}，您的修改没有保存。请选择保留您的（以修订号 {revision} 再次保存）或采用对方的",
            [Finding(one.name, f"{one.by} 于 {_when(one.at)} 修改（修订号 {one.revision}）") for one in changes],
        )
        self.revision, self.changes, self.theirs = revision, tuple(changes), same


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as a list shows it: the digest of its content, who changed it in this draft and when."""

    name: str
    digest: str
    size: int
    revision: int
    changed_by: str
    changed_at: datetime


def stream_of(draft_id: UUID) -> str:
    """The journal stream of a draft."""
    return f"draft:{draft_id}"


def create(
    session: Session,
    *,
    process: str,
    files: Mapping[str, bytes] | None = None,
    title: str = "",
    restores: int | None = None,
    actor: Actor,
    now: datetime,
) -> Draft:
    """A draft of ``process``: of its newest version, or of ``files`` (of a template, a zip, or the version
    ``restores``).

    Raises NotAllowed, NotFound (no such process, and no files), Invalid, Conflict (too many drafts).
    """
    require(actor, EDIT)
    base = find_latest(session, process)
    given = dict(files) if files is not None else None
    if given is None:
        if base is None:
            raise NotFound(f"没有流程 {process}，请从模板新建")
        given = version_files(session, base)
    for name, content in given.items():
        names.require_file(name, content)
    names.require_whole({name: len(content) for name, content in given.items()})
    _require_room(session, actor)
    called = tidy(title).strip() or (base.name if base is not None else process)
    if len(called) > fields.LONGEST_TITLE:
        raise Invalid("草稿名称太长", [Finding("/title", f"不能超过 {fields.LONGEST_TITLE} 个字")])
    made = Draft(
        id=ids.new(),
        process=process,
        base_version=base.version if base is not None else None,
        revision=1,
        title=called,
        author=actor.username,
        created_at=now,
        updated_at=now,
        updated_by=actor.username,
        restores=restores,
    )
    session.add(made)
    session.flush()
    listed = sorted(given.items())
    digests = dict(zip([name for name, _ in listed], keep(session, [one for _, one in listed]), strict=True))
    for name, digest in digests.items():
        _put_row(session, made, name, digest, actor, now)
    said = {"process": process, "base_version": made.base_version, "title": called, "files": digests}
    said |= {"restores": restores} if restores is not None else {}
    journal(session, made, fields.MADE, said, actor, now)
    session.flush()
    return made


def create_new(
    session: Session,
    *,
    process: str,
    name: str,
    template: str = "empty",
    role: str,
    roles: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> Draft:
    """A draft of a new process called ``name``: empty but runnable for ``role`` (of ``roles``, id to name), or a copy.

    ``template`` is ``empty`` or the process to copy. Raises as ``create`` does, Conflict where there is ``process``.
    """
    require(actor, EDIT)
    called = templates.require_new(process, name)
    if find_latest(session, process) is not None:
        message = f"代码 {process} 已是另一个流程的，请换一个"
        raise Conflict(message, [Finding("/process", message)])
    if template == "empty":
        if role not in roles:
            raise Invalid("没有这个角色", [Finding("/role", f"可用：{'、'.join(sorted(roles))}")])
        given = templates.empty(process, called, role=role, role_name=roles[role])
    else:
        given = templates.copy(version_files(session, version(session, template, None)), template, process, called)
    return create(session, process=process, files=given, title=called, actor=actor, now=now)


def sweep(session: Session, now: datetime) -> int:
    """Forgets drafts that were discarded over 30 days ago, and contents that nothing holds; gives how many drafts."""
    gone = select(Draft.id).where(Draft.discarded_at < now - fields.KEPT_FOR)
    old = list(session.scalars(gone))
    for draft_id in old:
        record(session, stream_of(draft_id), fields.FORGOTTEN, {}, actor=SYSTEM, now=now)
    session.execute(delete(DraftFile).where(DraftFile.draft_id.in_(old)))
    session.execute(delete(Draft).where(Draft.id.in_(old)))
    forget_unheld(session)
    return len(old)


def get(session: Session, draft_id: UUID, actor: Actor) -> Draft:
    """The draft. Raises NotAllowed, NotFound."""
    require(actor, EDIT)
    found = session.get(Draft, draft_id)
    if found is None:
        raise NotFound("没有这份草稿")
    return found


def listed(session: Session, actor: Actor, *, process: str | None = None, discarded: bool = False) -> list[Draft]:
    """The drafts that may be changed, or those that were discarded and can be brought back; the newest first."""
    require(actor, EDIT)
    query = select(Draft).where(Draft.published_at.is_(None))
    query = query.where(Draft.discarded_at.is_not(None) if discarded else Draft.discarded_at.is_(None))
    if process is not None:
        query = query.where(Draft.process == process)
    return list(session.scalars(query.order_by(Draft.updated_at.desc(), Draft.id)))


def states(session: Session, draft: Draft) -> list[FileState]:
    """The files of a draft, by name, without their contents."""
    rows = session.execute(
        select(DraftFile, func.length(KeptContent.content))
        .join(KeptContent, DraftFile.digest == KeptContent.digest)
        .where(DraftFile.draft_id == draft.id)
        .order_by(DraftFile.name)
    )
    return [
        FileState(one.name, one.digest or "", size, one.revision, one.changed_by, one.changed_at) for one, size in rows
    ]


def files(session: Session, draft: Draft) -> dict[str, bytes]:
    """The files of a draft by name, scenarios among them."""
    rows = session.execute(
        select(DraftFile.name, KeptContent.content)
        .join(KeptContent, DraftFile.digest == KeptContent.digest)
        .where(DraftFile.draft_id == draft.id)
        .order_by(DraftFile.name)
    )
    return {row.name: row.content for row in rows}


def file(session: Session, draft: Draft, name: str) -> bytes:
    """The content of a file. Raises NotFound."""
    row = session.get(DraftFile, (draft.id, name))
    if row is None or row.digest is None:
        raise NotFound(f"草稿里没有文件 {name[:120]}")
    return content(session, row.digest)


def content(session: Session, digest: str) -> bytes:
    """The content of a digest that a file has."""
    return session.get_one(KeptContent, digest).content


def base_files(session: Session, draft: Draft) -> dict[str, bytes]:
    """The files of the version on which the draft stands; empty for a new process."""
    return version_files(session, version(session, draft.process, draft.base_version)) if draft.base_version else {}


def version(session: Session, process: str, number: int | None) -> Definition:
    """A version of a process, the newest without a number. Raises NotFound."""
    if number is None:
        found = find_latest(session, process)
    else:
        found = session.scalar(select(Definition).where(Definition.key == process, Definition.version == number))
    if found is None:
        raise NotFound(f"流程 {process} 没有第 {number} 版" if number else f"没有流程 {process}")
    return found


def version_files(session: Session, definition: Definition) -> dict[str, bytes]:
    """The files of a version as it is drawn now, with its scenarios."""
    digest = shown_digest(session, definition.key, definition.version, definition.digest)
    rows = session.execute(
        select(VersionScenario.name, KeptContent.content)
        .join(KeptContent, VersionScenario.digest == KeptContent.digest)
        .where(VersionScenario.process == definition.key, VersionScenario.version == definition.version)
    )
    return {**files_of(session, digest), **{row.name: row.content for row in rows}}


def put(
    session: Session, *, draft_id: UUID, name: str, content: bytes, revision: int, actor: Actor, now: datetime
) -> int:
    """Saves a file for who read ``revision``; gives the new one, or the same where nothing changed.

    Raises NotAllowed, NotFound, Invalid (name, size), Conflict (discarded, published), OtherRevision.
    """
    draft = locked(session, draft_id, actor)
    names.require_file(name, content)
    row = session.get(DraftFile, (draft.id, name))
    require_revision(session, draft, revision, name)
    content = _as_base(session, draft, name, content)
    if row is not None and row.digest == sha256(content).hexdigest():
        return draft.revision
    names.require_whole({one.name: one.size for one in states(session, draft)} | {name: len(content)})
    [digest] = keep(session, [content])
    return change(session, draft, {name: digest}, actor, now)


def delete_file(session: Session, *, draft_id: UUID, name: str, revision: int, actor: Actor, now: datetime) -> int:
    """Takes a file out of a draft; gives the new revision. Raises as ``put`` does, NotFound for no such file."""
    draft = locked(session, draft_id, actor)
    file(session, draft, name)
    require_revision(session, draft, revision, name)
    return change(session, draft, {name: None}, actor, now)


def discard(session: Session, *, draft_id: UUID, actor: Actor, now: datetime) -> Draft:
    """Puts a draft away; it can be brought back for 30 days. Raises NotAllowed, NotFound, Conflict."""
    draft = locked(session, draft_id, actor)
    draft.discarded_at, draft.discarded_by = now, actor.username
    draft.proposed_at = draft.proposed_by = draft.proposed_revision = draft.proposed_note = None
    journal(session, draft, fields.DISCARDED, {"revision": draft.revision}, actor, now)
    return draft


def restore(session: Session, *, draft_id: UUID, actor: Actor, now: datetime) -> Draft:
    """Brings a discarded draft back. Raises NotAllowed, NotFound, Conflict (not discarded, too many drafts)."""
    draft = _locked(session, draft_id, actor)
    if draft.discarded_at is None:
        raise Conflict("这份草稿没有弃置")
    _require_room(session, actor)
    draft.discarded_at = draft.discarded_by = None
    draft.updated_at, draft.updated_by = now, actor.username
    journal(session, draft, fields.RESTORED, {"revision": draft.revision}, actor, now)
    return draft


# --- For the other modules of this room ------------------------------------------------------------------------------


def locked(session: Session, draft_id: UUID, actor: Actor) -> Draft:
    """The draft, which nobody else changes until the transaction ends. Raises Conflict where nobody may any more."""
    draft = _locked(session, draft_id, actor)
    if draft.published_at is not None:
        raise Conflict("这份草稿已经发布，不能再改；请从现行版本新建一份草稿")
    if draft.discarded_at is not None:
        raise Conflict("这份草稿已经弃置；请先找回再改")
    return draft


def require_revision(session: Session, draft: Draft, revision: int, name: str | None = None) -> None:
    """Raises OtherRevision where the draft is not at the ``revision`` that was read."""
    if revision == draft.revision:
        return
    if revision > draft.revision or revision < 1:
        raise Invalid("修订号不对", [Finding("If-Match", f"草稿的修订号是 {draft.revision}")])
    later = session.scalars(
        select(DraftFile)
        .where(DraftFile.draft_id == draft.id, DraftFile.revision > revision)
        .order_by(DraftFile.revision.desc(), DraftFile.name)
    ).all()
    known = contents_of(session, [one.digest for one in later if one.digest and one.name == name])
    changes = [
        Change(one.name, one.changed_by, one.changed_at, one.revision, known.get(one.digest or "")) for one in later
    ]
    raise OtherRevision(draft.revision, changes, name)


def change(session: Session, draft: Draft, digests: Mapping[str, str | None], actor: Actor, now: datetime) -> int:
    """Sets the digests of files (None: deleted) as one revision; gives it."""
    draft.revision += 1
    draft.updated_at, draft.updated_by = now, actor.username
    for name, digest in sorted(digests.items()):
        _put_row(session, draft, name, digest, actor, now)
    journal(session, draft, fields.SAVED, {"revision": draft.revision, "files": dict(digests)}, actor, now)
    session.flush()
    return draft.revision


def journal(session: Session, draft: Draft, kind: str, data: Mapping[str, object], actor: Actor, now: datetime) -> None:
    """Appends to the draft's journal."""
    record(session, stream_of(draft.id), kind, data, actor=actor, now=now)


def _locked(session: Session, draft_id: UUID, actor: Actor) -> Draft:
    require(actor, EDIT)
    query = select(Draft).where(Draft.id == draft_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("没有这份草稿")
    return found


def _as_base(session: Session, draft: Draft, name: str, content: bytes) -> bytes:
    """The bytes that an editor gave, in the words of the file that it was opened from."""
    if not name.endswith((".bpmn", ".dmn")):
        return content
    row = session.get(DraftFile, (draft.id, name))
    current = session.get_one(KeptContent, row.digest).content if row is not None and row.digest else None
    if current == content:
        return content
    return canonical(name, content, _base_file(session, draft, name), current)


def _base_file(session: Session, draft: Draft, name: str) -> bytes | None:
    """The file in the version on which the draft stands, as it is drawn now."""
    if draft.base_version is None:
        return None
    base = version(session, draft.process, draft.base_version)
    row = session.get(DefinitionFile, (shown_digest(session, base.key, base.version, base.digest), name))
    return row.content if row is not None else None


def _put_row(session: Session, draft: Draft, name: str, digest: str | None, actor: Actor, now: datetime) -> None:
    row = session.get(DraftFile, (draft.id, name)) if draft.revision > 1 else None
    if row is None:
        row = DraftFile(draft_id=draft.id, name=name)
        session.add(row)
    row.former = row.digest if digest is None else None
    row.digest, row.revision, row.changed_by, row.changed_at = digest, draft.revision, actor.username, now


def _require_room(session: Session, actor: Actor) -> None:
    mine = select(func.count()).where(
        Draft.author == actor.username, Draft.discarded_at.is_(None), Draft.published_at.is_(None)
    )
    if (session.scalar(mine) or 0) >= fields.MOST_DRAFTS:
        raise Conflict(f"您已有 {fields.MOST_DRAFTS} 份草稿，请先发布或弃置不用的")


def _when(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}"
