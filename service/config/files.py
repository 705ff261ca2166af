"""The settings of attached files: where their bytes stand, what looks through them, how long unsent ones are kept."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from service.config.outside import URL
from service.config.reader import Table

_SCANNER = r"tcp://[\w.-]+:[0-9]{1,5}|unix:///\S+"
_BUCKET = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.-]+)*/?"


@dataclass(frozen=True, slots=True)
class Files:
    """``place``: a folder (absolute), or ``s3://bucket/prefix`` at ``endpoint`` (empty: Amazon's own).

    ``scan_address`` is that of clamd, ``scan_command`` a program that reads a file on its standard input and ends with
    0 (clean), 1 (refused; its first line says why) or another number (failed); at most ``scan_seconds`` each.
    ``scan_required``: without an answer nothing is taken in. ``draft_days``: how long files are kept that were
    uploaded and not handed in.
    """

    place: str
    endpoint: str = ""
    region: str = ""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    scan_address: str = ""
    scan_command: tuple[str, ...] = ()
    scan_seconds: int = 30
    scan_required: bool = True
    draft_days: int = 30


def read_files(table: Table, *, home: Path, data_dir: Path) -> Files:
    """The table ``[files]``; a relative folder is taken from ``home``."""
    place = table.text("place", "")
    if place.startswith("s3:"):
        place = table.text("place", "", pattern=_BUCKET, hint="应写成 s3://桶名/前缀 的样子")
    elif place:
        place = str(home / place)
    command = table.text("scan_command", "")
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
        table.fault("scan_command", "引号不成对")
    found = Files(
        place=place or str(data_dir / "files"),
        endpoint=table.text("endpoint", "", pattern=URL, hint="应写成 https://主机名 的样子"),
        region=table.text("region", ""),
        key=table.text("key", ""),
        secret=table.text("secret", ""),
        scan_address=table.text(
            "scan_address", "", pattern=_SCANNER, hint="应写成 tcp://主机:3310 或 unix:///路径 的样子"
        ),
        scan_command=words,
        scan_seconds=table.integer("scan_seconds", 30, low=1, high=600),
        scan_required=table.boolean("scan_required", default=True),
        draft_days=table.integer("draft_days", 30, low=1, high=365),
    )
    if found.scan_address and found.scan_command:
        table.fault("scan_command", "查毒地址和查毒命令只填一项")
    table.close()
    return found
