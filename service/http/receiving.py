"""Files that come in, taken before the request's transaction: looked at, scanned, put into the store."""

from __future__ import annotations

from service import attachments, clock
from service.http.context import actor, wired
from service.storage import Infected, Received, receive
from service.storage.stores import KEY as STORE


def received(name: str, content: bytes) -> Received:
    """A file of the one who asks, kept in the store. Not to be called within a transaction.

    One that the scanner refuses is journaled in a transaction of its own. Raises ``Invalid`` (``/file``), ``Incident``.
    """
    database = wired().database
    try:
        return receive(database.session_info[STORE], wired().settings.files, name, content)
    except Infected as refused:
        with database.transaction() as session:
            attachments.note_refused(session, refused, actor=actor(), now=clock.now())
        raise
