"""The bytes of files that stand in the store, held against the digests that the journal tells.

Each file is read once; after that only when it was touched. Where it stands (a folder, a bucket) says by itself when
that was (``Store.state``); what it said of the bytes that were right is kept as a mark, keyed as those of cases are.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from service.audit.models import VerifiedFile
from service.errors import Incident
from service.processes.deployed import Mismatch
from service.storage import Attachment, stored_names
from service.storage.stores import LOST, Store, store_of

_AT_ONCE = 500
_MUST = "日志里记有摘要的内容"


@dataclass(frozen=True, slots=True)
class FileMarks:
    """The marks of files, made with the key of the marks of cases."""

    key: str

    def of(self, digest: str, state: str) -> str:
        """The mark of the bytes ``digest`` as the store tells of them."""
        return hmac.new(self.key.encode(), f"file {digest} {state}".encode(), hashlib.sha256).hexdigest()

    def known(self, session: Session) -> dict[str, str]:
        """SHA-256 → mark, of all files that were read and right."""
        return dict(session.execute(select(VerifiedFile.sha256, VerifiedFile.mark)).all())

    def keep(self, session: Session, marks: Mapping[str, str], now: datetime) -> None:
        """Keeps the marks in place of earlier ones."""
        listed = sorted(marks.items())
        for first in range(0, len(listed), _AT_ONCE):
            some = listed[first : first + _AT_ONCE]
            session.execute(delete(VerifiedFile).where(VerifiedFile.sha256.in_([digest for digest, _ in some])))
            rows = [{"sha256": digest, "mark": mark, "made_at": now} for digest, mark in some]
            session.execute(insert(VerifiedFile), rows)


@dataclass
class StoredFiles:
    """The attached files of a database whose bytes stand in ``store``. ``known`` are the marks that are believed."""

    store: Store
    files: Mapping[str, list[tuple[str, str]]]
    marks: FileMarks
    known: Mapping[str, str]
    clean: dict[str, str] = field(default_factory=dict)

    def faults(self) -> Iterator[Mismatch]:
        """The files that are not there or are others; ``clean`` then has the marks of those that were read and right.
        Reads no database: large files keep no transaction open."""
        for digest, named in self.files.items():
            have = self._wrong(digest)
            for stream, name in named if have else ():
                what = f"附件「{name}」的内容{have}"
                yield Mismatch(stream, None, what, Attachment.__tablename__, must=_MUST, have=have)

    def _wrong(self, digest: str) -> str:
        """Words for a fault of the file; '' where it has none."""
        try:
            state = self.store.state(digest)
            if not state:
                return "不在存放处"
            if self.known.get(digest) == self.marks.of(digest, state):
                return ""
            self.store.read(digest)
        except Incident as error:
            return "与日志里的摘要不符，被改动或损坏" if error.message == LOST else "没有核对：存放处连不上"
        self.clean[digest] = self.marks.of(digest, state)
        return ""


def stored_files(session: Session, marks: FileMarks, *, full: bool) -> StoredFiles:
    """The files to be looked at; ``full`` believes no mark. Two statements."""
    files: dict[str, list[tuple[str, str]]] = {}
    for stream, name, digest in stored_names(session):
        files.setdefault(digest, []).append((stream, name))
    return StoredFiles(store_of(session), files, marks, {} if full else marks.known(session))
