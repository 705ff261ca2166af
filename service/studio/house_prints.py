"""The templates of the house in the comparison of versions: no part of a bundle, and yet what a case prints."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from service.processes import house_prints as kept_prints
from service.processes.bundles import files_of
from service.processes.models import Definition
from service.studio.names import bundle_of

Files = Mapping[str, bytes]
FOLDER = "house/"
"""Under this name ``difference.compare`` is given them."""


def since(session: Session, newest: Definition | None, files: Files) -> tuple[Files, Files]:
    """The templates that ``newest`` prints with, and those that it would when ``files`` are deployed today.

    Those that both sides take from the house, and those that the house has got since; none where the version has kept
    none.
    """
    if newest is None or newest.prints is None:
        return {}, {}
    kept, today = kept_prints.kept(session, newest), kept_prints.of_today(session, newest.key, bundle_of(files))
    own = files_of(session, newest.digest)
    fresh = {FOLDER + name: content for name, content in today.items() if name not in kept and name not in own}
    old, new = _both(kept, today)
    return old, {**new, **fresh}


def changed(session: Session, newest: Definition | None, files: Files, key: str) -> Files:
    """The templates of the house that ``files`` would print with, where one of them is not as ``newest`` keeps it."""
    today = kept_prints.of_today(session, key, files)
    before = kept_prints.kept(session, newest) if newest is not None else {}
    return today if today != before else {}


def between(session: Session, before: Definition, after: Definition) -> tuple[Files, Files]:
    """The templates of the house that both versions print with, as each does."""
    return _both(kept_prints.kept(session, before), kept_prints.kept(session, after))


def _both(before: Files, after: Files) -> tuple[Files, Files]:
    shared = before.keys() & after.keys()
    old, new = ({FOLDER + name: side[name] for name in sorted(shared)} for side in (before, after))
    return old, new
