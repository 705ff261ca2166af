"""The settings of the seals: when, with which key, and where their heads go."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from service.config.reader import Table

USUAL = "19:00"
"""The time of the daily seal where the settings say nothing of it."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """``at``: the time of day of the daily seal, None for none. ``key_file`` holds the private key.

    ``witness`` is a directory that takes every head; ``mail``: auditors get word of each. ``command`` is a program that
    is given the head's digest and answers with a token, within ``command_seconds``; empty is none.
    """

    at: time | None
    key_file: Path
    witness: Path | None
    mail: bool
    command: tuple[str, ...]
    command_seconds: int


def read_sealing(table: Table, *, home: Path, data_dir: Path) -> Sealing:
    """The table ``[seal]``; relative paths are taken from ``home``."""
    written = table.text("at", "", pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]", hint="应写成 19:00 的样子，留空为不封存")
    at = written if table.has("at") else USUAL
    key_file, witness = table.text("key_file", ""), table.text("witness", "")
    command = table.text("command", "")
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
        table.fault("command", "引号不成对")
    found = Sealing(
        at=time.fromisoformat(at) if at else None,
        key_file=home / key_file if key_file else data_dir / "seal.key",
        witness=home / witness if witness else None,
        mail=table.boolean("mail", default=True),
        command=words,
        command_seconds=table.integer("command_seconds", 60, low=1, high=3600),
    )
    table.close()
    return found
