"""The templates of the house in the comparison of versions: no part of a bundle, and yet what a case prints."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from service.processes import house_prints as kept_prints
from service.processes.models import Definition
from service.studio.names import bundle_of

Files = Mapping[str, bytes]
FOLDER = "house/"
"""Under this name ``difference.compare`` is given them."""


def since(session: Session, newest: Definition | None, files: Files) -> tuple[Files, Files]:
    """The templates that ``newest`` prints with, and those that it would when ``files`` are deployed today.

    Those that both sides take from the house; none where the version has kept none.
    """
    if newest is None or newest.prints is None:
        return {}, {}
    today = kept_prints.of_today(session, newest.key, bundle_of(files))
    return _both(kept_prints.kept(session, newest), today)


def between(session: Session, before: Definition, after: Definition) -> tuple[Files, Files]:
    """The templates of the house that both versions print with, as each does."""
    return _both(kept_prints.kept(session, before), kept_prints.kept(session, after))


def _both(before: Files, after: Files) -> tuple[Files, Files]:
    shared = before.keys() & after.keys()
    old, new = ({FOLDER + name: side[name] for name in sorted(shared)} for side in (before, after))
    return old, new
