"""The templates of the house that a version prints with: kept with it, so that a case prints as its version did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.documents.templates import CIRCULAR, COMMON, SHEET, about
from service.processes.bundles import PRINT, Compiled, digest_of, files_of, keep_files
from service.processes.models import Definition
from service.processes.rules import NEED
from service.processes.wiring import KEY, Wiring
from service.rights import SYSTEM

ISSUE = "issue_circular"
"""The action that issues a circular."""
KEPT = "prints_kept"
"""The entry of a process's journal by which a version from before got the templates that it prints with."""


def needed(house: Mapping[str, bytes], key: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files among the templates of the house (by name) that the process ``key`` prints with and does not replace.

    Under the names that they have in a bundle; none of a process that prints nothing.
    """
    own = {name for name in files if name.startswith(f"{PRINT}/")}
    wanted = [SHEET] if key == NEED else []
    if any(ISSUE.encode() in content for name, content in files.items() if name.endswith(".bpmn")):
        wanted.append(CIRCULAR)
    diagrams = b"".join(content for name, content in files.items() if name.endswith(".bpmn"))
    wanted += [name for name, content in house.items() if _made_of(content, key, diagrams)]
    wanted += [word for word in (name.replace(".typ", ".docx") for name in wanted) if word in house]
    if wanted or any(name.endswith(".typ") for name in own):
        wanted.append(COMMON)
    named = {f"{PRINT}/{name}": house[name] for name in wanted if name in house}
    return {name: content for name, content in named.items() if name not in own}


def _made_of(template: bytes, key: str, diagrams: bytes) -> bool:
    """Whether a template makes papers of a step that the diagrams have, or of entries of a need's journal."""
    told = about(template)
    return any(f'id="{step}"'.encode() in diagrams for step in told.steps) or (key == NEED and bool(told.entries))


def of_today(session: Session, key: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """As ``needed``, of the templates that the house has now."""
    return needed(_house(session), key, files)


def keep(session: Session, files: Mapping[str, bytes]) -> str | None:
    """Stores the templates of a version, each set once; gives their digest, None for none."""
    if not files:
        return None
    digest = digest_of(files)
    keep_files(session, digest, files)
    return digest


def kept(session: Session, definition: Definition) -> dict[str, bytes]:
    """The templates of the house that a version was deployed with, under their names in a bundle."""
    return files_of(session, definition.prints) if definition.prints else {}


def prints_of(session: Session, key: str, version: int, made: Compiled) -> dict[str, bytes]:
    """Every template that a case of the version (which ``made`` runs) prints with, by name.

    Its own stand before those of the house that it was deployed with, and it has no others: a paper that the house
    has got since does not fit the shared part of then. A version that has kept none uses today's.
    """
    query = select(Definition.prints).where(Definition.key == key, Definition.version == version)
    digest = session.scalar(query)
    house = files_of(session, digest) if digest else {}
    by_name = {name.removeprefix(f"{PRINT}/"): content for name, content in house.items()}
    return {**(by_name or _house(session)), **made.prints}


def adopt(session: Session, *, now: datetime) -> int:
    """Gives the versions that were deployed before templates were kept those of today, for good; how many they were.

    Once after an upgrade: until then a case printed by what lay in the folder.
    """
    found = 0
    without = select(Definition).where(Definition.prints.is_(None)).order_by(Definition.key, Definition.version)
    for definition in session.scalars(without):
        files = of_today(session, definition.key, files_of(session, definition.digest))
        if not files:
            continue
        definition.prints = keep(session, files)
        history.append(
            session,
            stream=f"definition:{definition.key}",
            kind=KEPT,
            actor=SYSTEM.username,
            at=now,
            data={"version": definition.version, "prints": definition.prints},
        )
        found += 1
    session.flush()
    return found


def _house(session: Session) -> Mapping[str, bytes]:
    wired: Wiring | None = session.info.get(KEY)
    return wired.house_prints() if wired is not None else {}
