"""Files of heads that were kept elsewhere, handed in to hold the journal against them; they are not kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.errors import Finding, Invalid
from service.history.records import record
from service.rights import Actor
from service.seals.keys import STREAM
from service.seals.models import SealOffer
from service.seals.witnesses import Witness, collect, is_name

HELD_AGAINST = "held_against"
_WHICH = "请选择保存下来的封存文件：seal-000001.json，和同一次的 seal-000001.leaves.gz；文件名不要改"


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Name → SHA-256 of each file. Raises Invalid for files that are no heads, or damaged ones."""
    faults = [name for name in files if not is_name(name)]
    if faults or not any(name.endswith(".json") for name in files):
        said = f"{'、'.join(faults)} 不是封存的文件。{_WHICH}" if faults else _WHICH
        raise Invalid(said, [Finding("/files", said)])
    with laid_out(files):
        return {name: sha256(content).hexdigest() for name, content in files.items()}


@contextmanager
def laid_out(files: Mapping[str, bytes]) -> Iterator[list[Witness]]:
    """The heads of the files, which lie in a directory of their own meanwhile. Raises Invalid."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        yield collect(Path(folder))


def offer(session: Session, job_id: UUID, files: Mapping[str, bytes]) -> None:
    """Keeps the files for a job."""
    session.add_all(SealOffer(job_id=job_id, name=name, content=content) for name, content in files.items())


def offered(session: Session, job_id: UUID) -> dict[str, bytes]:
    """The files of a job; one statement."""
    query = select(SealOffer.name, SealOffer.content).where(SealOffer.job_id == job_id)
    return {row.name: row.content for row in session.execute(query)}


def waiting_for(session: Session) -> set[UUID]:
    """The jobs for which there are files; one statement."""
    return set(session.scalars(select(SealOffer.job_id).distinct()))


def withdraw(session: Session, job_ids: Collection[UUID]) -> None:
    """Forgets the files of some jobs."""
    if job_ids:
        session.execute(delete(SealOffer).where(SealOffer.job_id.in_(job_ids)))


def note_held(session: Session, data: Mapping[str, Any], *, actor: Actor, now: datetime) -> None:
    """Journals what came of it: the ``files`` with their digests, whether ``ok``, how many ``seals``, events (``size``)
    and ``mismatches``."""
    record(session, STREAM, HELD_AGAINST, dict(data), actor=actor, now=now)
