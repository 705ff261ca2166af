"""Definitions: versions of bundles per process key; deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import history, ids
from service.db.memory import remembered
from service.db.prepared import Prepared
from service.errors import NotFound
from service.processes import house_prints
from service.processes.bundles import CheckedBundle, Compiled, digest_of, files_of, keep_files, read_bundle
from service.processes.models import Definition, DefinitionPicture
from service.processes.schedules import sync
from service.rights import Actor


def stream_of(key: str) -> str:
    """The journal stream of a process's deployments."""
    return f"definition:{key}"


def deploy(
    session: Session,
    bundle: CheckedBundle,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
    author: str | None = None,
    changes: Sequence[str] = (),
    restores: int | None = None,
    walk: Mapping[str, object] | None = None,
) -> Definition:
    """Stores the bundle as the next version of its process; the content of the newest version gives that version.

    A template of the house that is another than the newest version prints with makes a version, too. The content of
    an older version becomes the newest version again. ``changes`` says in words what is other than
    before; with the ``note`` it stands in the journal. ``author`` proposed it, where ``actor`` approves it.
    ``restores`` is the version whose content it is once more, where that is not the very same bundle; ``walk`` how the
    content stood with the walk (its ``standing``, and what was not walked).
    """
    key, made = bundle.key, bundle.compiled
    digest = made.digest
    history.lock(session, stream_of(key))  # two deployments at once are one after the other
    newest = find_latest(session, key)
    house = house_prints.of_today(session, key, bundle.files)
    if newest is not None and newest.digest == digest and not house_differs(newest, house):
        return newest
    keep_files(session, digest, bundle.files)
    definition = Definition(
        id=ids.new(),
        key=key,
        version=newest.version + 1 if newest is not None else 1,
        digest=digest,
        name=name_of(made),
        deployed_at=now,
        deployed_by=author or actor.username,
        note=note or None,
        approved_by=actor.username if author else None,
        prints=house_prints.keep(session, house),
        restores=restores if newest is None or newest.digest == digest else restores or _before(session, key, digest),
        walk=str(walk["standing"]) if walk else None,
    )
    session.add(definition)
    said: dict[str, object] = {
        "id": str(definition.id),
        "version": definition.version,
        "digest": digest,
        "files": sorted(bundle.files),
    }
    told = {**_told(definition, author, changes), "restores": definition.restores, "walk": dict(walk or {})}
    said |= {name: value for name, value in told.items() if value}
    _journal(session, key, "deployed", said, actor=actor, now=now)
    session.flush()
    sync(session, definition, made.program, now=now)
    return definition


def _before(session: Session, key: str, digest: str) -> int | None:
    """The newest version that has this very content."""
    mine = (Definition.key == key, Definition.digest == digest)
    return session.scalar(select(func.max(Definition.version)).where(*mine))


def redraw(
    session: Session, definition: Definition, bundle: CheckedBundle, *, note: str, actor: Actor, now: datetime
) -> DefinitionPicture:
    """Stores the bundle as the newest picture of a version that says the same (the caller has compared them)."""
    history.lock(session, stream_of(definition.key))
    mine = (DefinitionPicture.key == definition.key, DefinitionPicture.version == definition.version)
    last = session.scalar(select(func.max(DefinitionPicture.number)).where(*mine)) or 0
    digest = bundle.compiled.digest
    keep_files(session, digest, bundle.files)
    picture = DefinitionPicture(
        key=definition.key,
        version=definition.version,
        number=last + 1,
        digest=digest,
        deployed_at=now,
        deployed_by=actor.username,
        note=note,
    )
    session.add(picture)
    said = {"version": definition.version, "picture": last + 1, "digest": digest, "note": note}
    _journal(session, definition.key, "redrawn", said, actor=actor, now=now)
    session.flush()
    return picture


def shown_digest(session: Session, key: str, version: int, digest: str) -> str:
    """The digest of the bundle that draws a version: its newest picture's, else its own."""
    query = select(DefinitionPicture.digest).where(DefinitionPicture.key == key, DefinitionPicture.version == version)
    return session.scalar(query.order_by(DefinitionPicture.number.desc()).limit(1)) or digest


def house_differs(definition: Definition, house: Mapping[str, bytes]) -> bool:
    """Whether a version prints with other templates of the house than ``house``; never one that has kept none."""
    return definition.prints is not None and definition.prints != (digest_of(house) if house else None)


def _told(made: Definition, author: str | None, changes: Sequence[str]) -> dict[str, object]:
    return {"note": made.note, "author": author, "changes": list(changes), "prints": made.prints}


def _journal(session: Session, key: str, kind: str, data: Mapping[str, object], *, actor: Actor, now: datetime) -> None:
    history.append(
        session,
        stream=stream_of(key),
        kind=kind,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data=data,
    )


def missing_bundles(session: Session, *, bpmn: Path, forms: Path) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """(key, files) of every process folder of the product that the database has no version of yet (first start)."""
    for folder in sorted(path for path in bpmn.iterdir() if path.is_dir() and any(path.glob("*.bpmn"))):
        if find_latest(session, folder.name) is None:
            yield folder.name, read_bundle(folder, forms / folder.name)


def name_of(made: Compiled) -> str:
    """The name of a process: that in its diagram, else its key."""
    return str(made.program.spec.description or made.program.key)


class Newest(NamedTuple):
    """The newest version of a process, without its files."""

    key: str
    version: int
    digest: str
    name: str


def newest_versions(session: Session) -> Mapping[str, Newest]:
    """Process → its newest version, by name of the process; for what only shows them. One statement a transaction."""

    def ask() -> Mapping[str, Newest]:
        return {row[0]: Newest(*row) for row in _NEWEST.rows(session)}

    return remembered(session, newest_versions, ask)


_LAST = select(Definition.key, func.max(Definition.version).label("version")).group_by(Definition.key).subquery()
_NEWEST = Prepared(
    select(Definition.key, Definition.version, Definition.digest, Definition.name)
    .join(_LAST, (Definition.key == _LAST.c.key) & (Definition.version == _LAST.c.version))
    .order_by(Definition.key)
)


def find_latest(session: Session, key: str) -> Definition | None:
    """The newest version of the process, or None."""
    return session.scalar(select(Definition).where(Definition.key == key).order_by(Definition.version.desc()).limit(1))


def newest_files(session: Session, key: str) -> dict[str, bytes]:
    """The files of the newest version of the process; empty for a new process."""
    found = find_latest(session, key)
    return files_of(session, found.digest) if found is not None else {}


def latest(session: Session, key: str) -> Definition:
    """The newest version of the process. Raises NotFound."""
    found = find_latest(session, key)
    if found is None:
        raise NotFound(f"没有流程 {key}")
    return found


def newest_digest(session: Session, key: str) -> str:
    """The digest of the newest version of the process; one statement a transaction. Raises NotFound."""
    found = newest_versions(session).get(key)
    if found is None:
        raise NotFound(f"没有流程 {key}")
    return found.digest


def list_definitions(session: Session) -> list[Definition]:
    """All versions of all processes, newest first within a process."""
    return list(session.scalars(select(Definition).order_by(Definition.key, Definition.version.desc())))
