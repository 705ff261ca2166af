"""Definitions: versions of bundles per process key; deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import history, ids
from service.errors import Conflict, NotFound
from service.processes.bundles import CheckedBundle, Compiled, read_bundle
from service.processes.models import Definition, DefinitionFile
from service.processes.schedules import sync
from service.rights import Actor


def stream_of(key: str) -> str:
    """The journal stream of a process's deployments."""
    return f"definition:{key}"


def deploy(session: Session, bundle: CheckedBundle, *, actor: Actor, now: datetime) -> Definition:
    """Stores the bundle as the next version of its process; the same content again gives the version that has it."""
    key, files, made = bundle.key, bundle.files, bundle.compiled
    digest = made.digest
    history.lock(session, stream_of(key))  # two deployments at once are one after the other
    same = session.scalar(select(Definition).where(Definition.key == key, Definition.digest == digest))
    if same is not None:
        newest = latest(session, key)
        if newest.id == same.id:
            return same
        raise Conflict(
            f"该内容已是流程 {key} 的第 {same.version} 版，最新为第 {newest.version} 版；如需恢复旧版请先修改再部署"
        )
    if not session.scalar(select(func.count()).where(DefinitionFile.digest == digest)):
        session.add_all(
            DefinitionFile(digest=digest, name=name, content=content) for name, content in sorted(files.items())
        )
    last = session.scalar(select(func.max(Definition.version)).where(Definition.key == key)) or 0
    definition = Definition(
        id=ids.new(),
        key=key,
        version=last + 1,
        digest=digest,
        name=name_of(made),
        deployed_at=now,
        deployed_by=actor.username,
    )
    session.add(definition)
    history.append(
        session,
        stream=stream_of(key),
        kind="deployed",
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data={"version": definition.version, "digest": digest, "files": sorted(files)},
    )
    session.flush()
    sync(session, definition, made.program, now=now)
    return definition


def missing_bundles(session: Session, *, bpmn: Path, forms: Path) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """(key, files) of every process folder of the product that the database has no version of yet (first start)."""
    for folder in sorted(path for path in bpmn.iterdir() if path.is_dir() and any(path.glob("*.bpmn"))):
        if find_latest(session, folder.name) is None:
            yield folder.name, read_bundle(folder, forms / folder.name)


def name_of(made: Compiled) -> str:
    """The name of a process: that in its diagram, else its key."""
    return str(made.program.spec.description or made.program.key)


def find_latest(session: Session, key: str) -> Definition | None:
    """The newest version of the process, or None."""
    return session.scalar(select(Definition).where(Definition.key == key).order_by(Definition.version.desc()).limit(1))


def latest(session: Session, key: str) -> Definition:
    """The newest version of the process. Raises NotFound."""
    found = find_latest(session, key)
    if found is None:
        raise NotFound(f"没有流程 {key}")
    return found


def list_definitions(session: Session) -> list[Definition]:
    """All versions of all processes, newest first within a process."""
    return list(session.scalars(select(Definition).order_by(Definition.key, Definition.version.desc())))
