"""Keeping and finding attached files. The caller checks the right and writes the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, undefer

from service import ids
from service.config.files import Files
from service.errors import Finding, Invalid, NotFound
from service.ids import as_id
from service.spelling import written_ways
from service.storage.models import Attachment, StagedFile
from service.storage.rules import fault, media_type, plain_name
from service.storage.scanning import threat_in
from service.storage.stores import Store, store_of

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Received:
    """A file whose bytes are in the store: its name as it is kept, its media type, size in bytes and SHA-256."""

    name: str
    media_type: str
    size: int
    sha256: str


class Infected(Invalid):
    """The scanner refused a file, and so it was not kept; ``name``, ``sha256``, and ``found`` in its own words."""

    def __init__(self, name: str, size: int, digest: str, found: str) -> None:
        said = f"文件“{name}”未通过查毒（{found}），没有保存；请先杀毒，或换一个文件"
        super().__init__(said, [Finding("/file", said)])
        self.name, self.size, self.sha256, self.found = name, size, digest, found


def receive(store: Store, files: Files | None, name: str, content: bytes) -> Received:
    """Puts a file into the store after its kind, its content and (with ``files``) the scanner have let it pass.

    Not to be called with an open transaction where there is a scanner or a store of the network. Raises ``Invalid``
    (path ``/file``), ``Infected``, ``Incident``.
    """
    clean = plain_name(name)
    found = fault(clean, content)
    if found is None and len(clean) > LONGEST_NAME:
        found = f"文件名最多 {LONGEST_NAME} 个字，请改短后上传"
    if found is not None:
        raise Invalid(found, [Finding("/file", found)])
    if files is not None and (threat := threat_in(content, files)) is not None:
        raise Infected(clean, len(content), sha256(content).hexdigest(), threat)
    return Received(clean, media_type(clean), len(content), store.put(content))


def keep(session: Session, *, stream: str, file: Received, added_by: str, now: datetime) -> Attachment:
    """Keeps a file that was received as belonging to the record of journal ``stream``."""
    kept = Attachment(
        id=ids.new(),
        stream=stream,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        content=None,
        added_by=added_by,
        added_at=now,
    )
    session.add(kept)
    session.flush()
    return kept


def content_of(session: Session, kept: Attachment | StagedFile) -> bytes:
    """The bytes of a file, wherever they stand. Raises ``Incident`` where they are lost or the store is not reached."""
    content = kept.content if isinstance(kept, Attachment) else None
    return store_of(session).read(kept.sha256) if content is None else content


def stored_digests(session: Session) -> Iterator[str]:
    """The SHA-256 of every file whose bytes must be in the store, each once; in order."""
    attached = select(Attachment.sha256).where(Attachment.content.is_(None))
    yield from session.scalars(attached.union(select(StagedFile.sha256)).order_by("sha256"))


def stored_contents(session: Session) -> Iterator[bytes]:
    """The bytes of all files that must be in the store, one after the other. Raises ``Incident`` where some are not."""
    for digest in list(stored_digests(session)):
        yield store_of(session).read(digest)


def stored_names(session: Session) -> list[tuple[str, str, str]]:
    """(journal stream, name, SHA-256) of each attached file whose bytes must be in the store; one statement."""
    kept = select(Attachment.stream, Attachment.name, Attachment.sha256).where(Attachment.content.is_(None))
    rows = session.execute(kept.order_by(Attachment.stream, Attachment.added_at))
    return [(stream, name, digest) for stream, name, digest in rows]


def attachment_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Id, as forms hold it, → the name of the file; of those that are none nothing. At most one statement."""
    wanted = {key for one in ids if (key := as_id(one)) is not None}
    if not wanted:
        return {}
    found = select(Attachment.id, Attachment.name).where(Attachment.id.in_(wanted))
    return {str(key): name for key, name in session.execute(found)}


def attachments_of(
    session: Session, streams: Collection[str], *, withdrawn: bool = False
) -> dict[str, list[Attachment]]:
    """Stream → its files, the oldest first, without their content; those that were ``withdrawn`` too, if asked for.
    One statement."""
    found: dict[str, list[Attachment]] = {}
    wanted = select(Attachment).where(Attachment.stream.in_(streams))
    if not withdrawn:
        wanted = wanted.where(Attachment.withdrawn_at.is_(None))
    for row in session.scalars(wanted.order_by(Attachment.added_at, Attachment.id)):
        found.setdefault(row.stream, []).append(row)
    return found


def files_of_tasks(session: Session, tasks: Collection[UUID]) -> list[UUID]:
    """The ids of the files that were handed in with these steps, withdrawn ones too; at most one statement."""
    return list(session.scalars(select(Attachment.id).where(Attachment.task_id.in_(tasks)))) if tasks else []


def attachments_called(session: Session, q: str, limit: int) -> list[Attachment]:
    """The newest files, whoever's, whose name holds ``q`` in any way of writing it; one statement."""
    ways = [Attachment.name.icontains(way, autoescape=True) for way in written_ways(q)]
    query = select(Attachment).where(or_(*ways), Attachment.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(Attachment.added_at.desc(), Attachment.id).limit(limit)))


def get_attachment(
    session: Session, attachment_id: UUID, *, with_content: bool = False, withdrawn: bool = False
) -> Attachment:
    """A file that was not withdrawn, or that was, where ``withdrawn`` ones are asked for; raises ``NotFound``."""
    wanted = select(Attachment).where(Attachment.id == attachment_id)
    if not withdrawn:
        wanted = wanted.where(Attachment.withdrawn_at.is_(None))
    found = session.scalar(wanted.options(undefer(Attachment.content)) if with_content else wanted)
    if found is None:
        raise NotFound("没有这个附件，或已撤回")
    return found
