"""Event logs of all cases for process mining: XES (IEEE 1849) and OCEL 2.0, by the one fold of replay.

No form's content leaves the service this way, and no person's name: an activity is called as the diagram calls its step
(a slot's task says whom it is about, its step does not), people are told by codes.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from service.audit.logs.cases import RIGHT, Done, LogWish, asked_of, require_moderate, wish_of
from service.audit.logs.ocel_json import write_json
from service.audit.logs.ocel_sqlite import write_sqlite
from service.audit.logs.xes import write_xes

FORMATS: dict[str, tuple[str, str]] = {
    "xes": ("application/vnd.xes+xml", "XES"),
    "jsonocel": ("application/vnd.ocel+json", "OCEL 2.0（JSON）"),
    "sqlite": ("application/vnd.sqlite3", "OCEL 2.0（SQLite）"),
}
"""The suffix of a log → its media type and its name for people."""

__all__ = [
    "FORMATS",
    "RIGHT",
    "Done",
    "LogWish",
    "asked_of",
    "require_moderate",
    "wish_of",
    "write",
    "write_json",
    "write_sqlite",
    "write_xes",
]


def write(session: Session, path: Path, suffix: str, wish: LogWish) -> Done:
    """Writes a log of one of ``FORMATS`` to a new file; tells of its cases."""
    if suffix == "sqlite":
        return write_sqlite(session, path, wish)
    with path.open("wb") as into:
        return write_xes(session, into, wish) if suffix == "xes" else write_json(session, into, wish)
