"""Heads kept where the owner of the database does not write: files in a directory, and reading them again.

Each seal leaves two files. ``seal-000012.json`` is the signed head with all public keys so far;
``seal-000012.leaves.gz`` names each event since the head before (a line of hash, seq and stream), so that a change can
be named exactly. A file that is there is never written again: one that differs is reported.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.db import Database
from service.errors import Incident, Invalid
from service.seals.heads import Head, digest_of, head_of, sm3_of
from service.seals.keys import known_keys
from service.seals.models import Seal, SealToken
from service.seals.queries import seal_of
from service.seals.reading import lines
from service.seals.statements import Statement, statement_of

FORMAT, VERSION = "talent-liaison-seal-file", 1
LEAVES = ".leaves.gz"
_NAME = re.compile(r"seal-([0-9]{6,10})\.json")
_LARGEST = 50_000_000


@dataclass(frozen=True, slots=True)
class Witness:
    """A head that was kept elsewhere. ``leaves`` is the file that names its events, where there is one."""

    file: Path
    head: Head
    text: str
    signature: str
    keys: Sequence[Statement] = field(default_factory=tuple)
    leaves: Path | None = None

    @property
    def name(self) -> str:
        """How findings call it."""
        return f"第 {self.head.number} 次封存（{clock.local(self.head.made_at):%Y-%m-%d}，{self.file.name}）"


def name_of(number: int) -> str:
    """The name of a head's file without its ending."""
    return f"seal-{number:06d}"


def head_file(seal: Seal, keys: Sequence[Statement]) -> bytes:
    """The file of a head: readable JSON, the same for ever."""
    used = [one.said.get("id") for one in keys].index(seal.key_id)
    said: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "head": seal.head,
        "sha256": seal.digest,
        "sm3": sm3_of(seal.head),
        "signature": seal.signature,
        "keys": [one.data() for one in keys[: used + 1]],
    }
    return (json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def write(database: Database, folder: Path) -> int:
    """Writes the files of every seal that are not there yet; gives how many seals.

    Raises Incident where the directory cannot be written, or holds another head under a seal's number.
    """
    with database.reading(long=True) as session:
        keys = known_keys(session)
        tokens = {row.number: row.token for row in session.scalars(select(SealToken))}
        written, earlier = 0, 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for seal in session.scalars(select(Seal).order_by(Seal.number)):
                written += _write(session, folder, seal, earlier, keys, tokens.get(seal.number))
                earlier = seal.last_id
        except OSError as error:
            raise Incident(f"封存的见证目录 {folder} 写不进去：{error.strerror}，请检查目录和权限") from error
    return written


def _write(
    session: Session, folder: Path, seal: Seal, earlier: int, keys: Sequence[Statement], token: bytes | None
) -> bool:
    name = name_of(seal.number)
    head = folder / f"{name}.json"
    if token is not None and not (folder / f"{name}.token").exists():
        _whole(folder / f"{name}.token", token)
    if head.exists():
        if _kept(head) != seal.head:
            raise Incident(
                f"见证目录里的 {head.name} 与数据库里的第 {seal.number} 次封存不同，"
                "请立即用它核对（liaison verify --against）"
            )
        return False
    leaves = folder / f"{name}{LEAVES}"
    partial = leaves.with_name(leaves.name + ".partial")
    _write_leaves(session, partial, earlier, seal.last_id)
    partial.replace(leaves)
    _whole(head, head_file(seal, keys))
    return True


def write_leaves(session: Session, number: int, into: Path) -> None:
    """Writes the file that names each event since the head before the ``number``-th. Raises NotFound."""
    seal = seal_of(session, number)
    earlier = session.scalar(select(func.max(Seal.last_id)).where(Seal.number < number)) or 0
    _write_leaves(session, into, earlier, seal.last_id)


def _write_leaves(session: Session, path: Path, after: int, until: int) -> None:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=3, newline="\n") as into:
        for line in lines(session, after=after, until=until):
            into.write(f"{line.hash} {line.seq} {line.stream}\n")


def is_name(name: str) -> bool:
    """Whether a file of that name belongs to a head."""
    return name.startswith("seal-") and bool(_NAME.fullmatch(name.replace(LEAVES, ".json")))


def _kept(file: Path) -> str | None:
    with suppress(Invalid):
        return read(file).text
    return None


def _whole(file: Path, content: bytes) -> None:
    """The file is there whole or not at all."""
    partial = file.with_name(file.name + ".partial")
    with partial.open("wb") as into:
        into.write(content)
        into.flush()
        os.fsync(into.fileno())
    partial.replace(file)


def read(file: Path) -> Witness:
    """The head in ``file``. Raises Invalid, naming the file, where it is none, damaged or of a newer version."""
    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file.name}：文件太大，不是封存")
        said: Any = json.loads(file.read_bytes())
    except OSError as error:
        raise Invalid(f"{file.name}：无法读取（{error.strerror}）") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{file.name}：不是封存的文件，或已损坏") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Invalid(f"{file.name}：不是封存的文件")
    if not isinstance(said.get("version"), int) or said["version"] > VERSION:
        raise Invalid(f"{file.name}：由更新的版本写成，请先升级本系统再核对")
    try:
        text, signature = str(said["head"]), str(said["signature"])
        keys = tuple(statement_of(one) for one in said["keys"])
        head, digest = head_of(text), said["sha256"]
    except (LookupError, TypeError) as error:
        raise Invalid(f"{file.name}：内容残缺") from error
    except Invalid as error:
        raise Invalid(f"{file.name}：{error.message}") from error
    if digest != digest_of(text):
        raise Invalid(f"{file.name}：内容与其摘要不符，文件被改动")
    leaves = file.with_name(f"{name_of(head.number)}{LEAVES}")
    return Witness(file, head, text, signature, keys, leaves if leaves.exists() else None)


def collect(place: Path) -> list[Witness]:
    """The heads in a directory or of one file, by number. Raises Invalid."""
    if place.is_dir():
        files = sorted(one for one in place.iterdir() if _NAME.fullmatch(one.name))
        if not files:
            raise Invalid(f"{place} 里没有封存的文件（seal-000001.json …）")
    elif place.exists():
        files = [place]
    else:
        raise Invalid(f"没有文件或文件夹 {place}")
    return sorted((read(one) for one in files), key=lambda one: one.head.number)


def leaves_of(file: Path) -> Iterator[tuple[str, int, str]]:
    """(hash, seq, stream) of each event that a file of leaves names. Raises Invalid where it is damaged."""
    opened: IO[str]
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="\n") as opened:
            for text in opened:
                digest, seq, stream = text.rstrip("\n").split(" ", 2)
                yield digest, int(seq), stream
    except (OSError, EOFError, ValueError) as error:
        raise Invalid(f"{file.name}：残缺或已损坏") from error
