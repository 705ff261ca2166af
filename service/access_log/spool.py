"""Entries that wait, on the disk of this machine too: what a killed process leaves behind, the next one writes.

A line of JSON is handed to the operating system before the answer leaves, and not forced to the disk: a kill loses
nothing, a loss of power what the system had not written yet. Each file is locked while its process lives.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from service import ids
from service.access_log.entries import Look

ENDING, UNFINISHED = ".jsonl", ".new"
NAMES = tuple(one.name for one in fields(Look))


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of entries, open and locked."""

    path: Path
    opened: int

    def looks(self) -> Iterator[Look]:
        """Its entries; a line that was cut off is none."""
        for line in self.path.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                yield Look(**{**said, "at": datetime.fromisoformat(said["at"])})

    def remove(self) -> None:
        """Its entries are in the database."""
        self.path.unlink(missing_ok=True)
        os.close(self.opened)


class Spool:
    """The files of this process in ``folder``. Each method raises OSError where the disk takes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._present: Kept | None = None

    def add(self, look: Look) -> None:
        """Keeps an entry, in one write."""
        if self._present is None:
            self._present = self._begun()
        told = {name: getattr(look, name) for name in NAMES}
        os.write(self._present.opened, f"{json.dumps(told, ensure_ascii=False, default=str)}\n".encode())

    def cut(self) -> Kept | None:
        """Ends the present file and gives it; None where nothing was added since."""
        ended, self._present = self._present, None
        return ended

    def abandoned(self) -> Iterator[Kept]:
        """The files of processes that are no more, each of them to one process."""
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            with suppress(OSError):  # another process has it, or has removed it
                opened = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.fstat(opened).st_nlink == 0:
                        raise FileNotFoundError(path)
                except OSError:
                    os.close(opened)
                    raise
                yield Kept(path, opened)

    def _begun(self) -> Kept:
        """A new file, under its name only once it is locked: nobody takes it for abandoned."""
        path = self.folder / f"{ids.new().hex}{ENDING}"
        first = path.with_suffix(UNFINISHED)
        opened = os.open(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(opened, fcntl.LOCK_EX)
        first.rename(path)
        return Kept(path, opened)
