"""The seal of the day: made, kept by the witness, given the word of an outside service; each part tried again alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service.config.sealing import Sealing
from service.db import Database
from service.rights import Actor
from service.seals import tokens, witnesses
from service.seals.keys import ready
from service.seals.models import Seal
from service.seals.rules import is_due
from service.seals.sealing import last_seal, seal


@dataclass(frozen=True, slots=True)
class Sealer:
    """Makes seals as the settings say. ``mail``: whether letters leave the service at all."""

    database: Database
    settings: Sealing
    mail: bool

    def is_due(self, now: datetime) -> bool:
        """Whether the daily seal is due."""
        if self.settings.at is None:
            return False
        with self.database.reading() as session:
            newest = last_seal(session)
            return is_due(self.settings.at, newest.made_at if newest is not None else None, now)

    def seal(self, *, by: Actor, now: datetime) -> Seal | None:
        """One seal (``sealing.seal``). Raises Incident where the key is not at hand."""
        key = ready(self.database, self.settings.key_file, actor=by, now=now)
        return seal(self.database, key, by=by, tell=self.settings.mail and self.mail, now=now)

    def rest(self, now: datetime) -> list[tuple[str, Callable[[], object]]]:
        """The work left about seals that are made, each with its name for people."""
        found: list[tuple[str, Callable[[], object]]] = []
        command, seconds, folder = self.settings.command, self.settings.command_seconds, self.settings.witness
        if command:
            found.append(("取封存的外部签章", lambda: tokens.fetch(self.database, command, seconds, now=now)))
        if folder is not None:
            found.append(("写封存的见证文件", lambda: witnesses.write(self.database, folder)))
        return found
