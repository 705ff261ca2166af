"""The keys that seals are signed with: the private half in a file outside the database, the public ones in a table.

A rotation is written beside the old file first, then into the database, then over the old file: whatever stops in
between, one of the two files is the key that the database names last, and the next use puts it into its place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.db import Database
from service.errors import Conflict, Incident
from service.history.records import record
from service.rights import Actor
from service.seals.models import SealKey
from service.seals.statements import FIRST, LOST, ROTATED, Statement, id_of, statement_text

STREAM = "seals"
"""The journal of what is done about seals: keys, notices of heads, evidence that was given out."""
BEGUN = "seal_key_begun"


@dataclass(frozen=True, slots=True)
class Key:
    """A key at hand."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Its public half, 32 bytes."""
        raw, encoding = serialization.PublicFormat.Raw, serialization.Encoding.Raw
        return self.private.public_key().public_bytes(encoding, raw)

    @property
    def id(self) -> str:
        return id_of(self.public)

    def sign(self, text: str) -> str:
        """The signature of ``text``, in hex."""
        return self.private.sign(text.encode()).hex()


def known_keys(session: Session) -> list[Statement]:
    """All keys ever, the oldest first."""
    rows = session.scalars(select(SealKey).order_by(SealKey.begun_at, SealKey.id))
    return _in_order([Statement(row.statement, row.own, row.old) for row in rows])


def ready(database: Database, file: Path, *, actor: Actor, now: datetime) -> Key:
    """The present key; the very first one is made where there is none.

    Raises Incident where the file is missing, may be read by others, or holds another key than was last put in use.
    """
    with database.reading() as session:
        known = known_keys(session)
    if not known:
        return begin(database, file, actor=actor, now=now)
    return _present(file, str(known[-1].said.get("id")))


def begin(database: Database, file: Path, *, actor: Actor, now: datetime, lost: str | None = None) -> Key:
    """The first key; or with ``lost``, the reason, a new one in the place of one that nobody has any more.

    Raises Conflict where there is a key already.
    """
    with database.reading() as session:
        known = known_keys(session)
    if known and lost is None:
        raise Conflict("已经有密钥。更换请用 liaison key rotate；原密钥遗失的，用 liaison key new --lost 原因")
    if not known and file.exists():
        return _registered(database, _read(file), FIRST, None, "", None, actor=actor, now=now)
    begun, previous = (LOST, str(known[-1].said.get("id"))) if known else (FIRST, None)
    return _put_in_use(database, file, begun, previous, lost or "", None, actor=actor, now=now)


def rotate(database: Database, file: Path, *, reason: str = "", actor: Actor, now: datetime) -> Key:
    """A new key, vouched for by the present one, whose private half is gone afterwards. Raises Incident, Conflict."""
    with database.reading() as session:
        known = known_keys(session)
    if not known:
        raise Conflict("还没有密钥，请先运行 liaison key new")
    old = _present(file, str(known[-1].said.get("id")))
    return _put_in_use(database, file, ROTATED, old.id, reason, old, actor=actor, now=now)


def _put_in_use(
    database: Database,
    file: Path,
    begun: str,
    previous: str | None,
    reason: str,
    old: Key | None,
    *,
    actor: Actor,
    now: datetime,
) -> Key:
    made = Key(Ed25519PrivateKey.generate())
    beside = _beside(file, made.id)
    _write(beside, made)
    try:
        _registered(database, made, begun, previous, reason, old, actor=actor, now=now)
    except Conflict:
        beside.unlink()
        raise
    beside.replace(file)
    return made


def _registered(
    database: Database,
    made: Key,
    begun: str,
    previous: str | None,
    reason: str,
    old: Key | None,
    *,
    actor: Actor,
    now: datetime,
) -> Key:
    """Makes the key known in the database, where nobody else put another one in use meanwhile."""
    text = statement_text(made.public, begun=begun, previous=previous, reason=reason, now=now)
    with database.transaction() as session:
        history.lock(session, STREAM)
        known = known_keys(session)
        if (str(known[-1].said.get("id")) if known else None) != previous:
            raise Conflict("刚才已有人更换了密钥，请重新运行")
        session.add(
            SealKey(
                id=made.id,
                begun_at=now,
                statement=text,
                own=made.sign(text),
                old=old.sign(text) if old is not None else None,
            )
        )
        data = {"key": made.id, "public": made.public.hex(), "begun": begun, "previous": previous, "reason": reason}
        record(session, STREAM, BEGUN, data, actor=actor, now=now)
    return made


def _present(file: Path, wanted: str) -> Key:
    for there in (file, _beside(file, wanted)):
        if there.exists():
            found = _read(there)
            if found.id == wanted:
                if there != file:
                    there.replace(file)
                return found
    if not file.exists():
        raise Incident(
            f"找不到封存用的密钥文件 {file}（密钥 {wanted}）。请从另存的副本恢复；"
            "确已遗失的，运行 liaison key new --lost 原因"
        )
    raise Incident(f"{file} 不是现用的密钥 {wanted}，请换回正确的密钥文件")


def _beside(file: Path, key: str) -> Path:
    return file.with_name(f"{file.name}.{key}.new")


def _read(file: Path) -> Key:
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Incident(f"密钥文件 {file} 的权限太宽，请运行 chmod 600 {file}")
    try:
        found = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise Incident(f"{file} 不是密钥文件，或已损坏") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise Incident(f"{file} 不是 Ed25519 密钥")
    return Key(found)


def _write(file: Path, key: Key) -> None:
    """A new file that nobody else may read, on the disk when this returns."""
    kind = serialization.PrivateFormat.PKCS8
    content = key.private.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as into:
        into.write(content)
        into.flush()
        os.fsync(into.fileno())


def _in_order(statements: Iterable[Statement]) -> list[Statement]:
    """Each key after the one before it, whatever the clock said."""
    left, found, last = list(statements), list[Statement](), None
    while left:
        following = next((one for one in left if one.said.get("previous") == last), left[0])
        left.remove(following)
        found.append(following)
        last = following.said.get("id")
    return found
