"""The one who owns the database and rewrites history so that nothing inside the database tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, text, update

from service.db import Database
from service.history.chain import seal as chained
from service.history.models import HistoryEvent, HistoryHead
from service.seals.growth import Growth
from service.seals.heads import NOTHING, digest_of, head_of
from service.seals.keys import STREAM, Key
from service.seals.models import Seal, SealBlock, SealKey, SealToken
from service.seals.reading import lines
from service.seals.statements import FIRST, statement_text
from tests.factories.journal import tamper

EVENTS, HEADS = HistoryEvent.__table__, HistoryHead.__table__


def rewrite(database: Database, stream: str, seq: int, *, seals: bool = True, **data: Any) -> None:
    """Other content of one event; its hash, all that follow in its stream, the head and all ``seals`` made anew."""
    _rechain(database, stream, seq, data)
    if seals:
        reseal(database)


def _rechain(database: Database, stream: str, seq: int, data: dict[str, Any]) -> None:
    _unguarded(database)
    with database.engine.begin() as connection:
        _replica(connection, database)
        found = select(EVENTS).where(EVENTS.c.stream == stream, EVENTS.c.seq >= seq).order_by(EVENTS.c.seq)
        previous = None
        for row in connection.execute(found).mappings().all():
            new = dict(row)
            if row["seq"] == seq:
                new["data"] = {**row["data"], **data}
            if previous is not None:
                new["prev_hash"] = previous
            covered = ("stream", "seq", "at", "actor", "on_behalf_of", "kind", "task", "data", "prev_hash")
            previous = chained(**{name: new[name] for name in covered})
            told = {"data": new["data"], "prev_hash": new["prev_hash"], "hash": previous}
            connection.execute(update(EVENTS).where(EVENTS.c.id == row["id"]).values(**told))
        connection.execute(update(HEADS).where(HEADS.c.stream == stream).values(hash=previous))


def remove(database: Database, stream: str) -> None:
    """A whole stream is gone, and all seals are made anew over the rest."""
    _unguarded(database)
    with database.engine.begin() as connection:
        _replica(connection, database)
        connection.execute(delete(EVENTS).where(EVENTS.c.stream == stream))
        connection.execute(delete(HEADS).where(HEADS.c.stream == stream))
    reseal(database)


def reseal(database: Database) -> None:
    """The seals as they would be had history been so, signed with the forger's own key."""
    key = Key(Ed25519PrivateKey.generate())
    _rechain(database, STREAM, 1, {"key": key.id, "public": key.public.hex()})
    with database.transaction() as session:
        _replica(session, database)
        old = list(session.scalars(select(Seal).order_by(Seal.number)))
        for model in (SealToken, Seal, SealBlock, SealKey):
            session.execute(delete(model))
        session.expunge_all()
        begun = statement_text(key.public, begun=FIRST, previous=None, reason="", now=old[0].made_at)
        session.add(SealKey(id=key.id, begun_at=old[0].made_at, statement=begun, own=key.sign(begun), old=None))
        session.flush()
        growth, previous, after = Growth(), NOTHING, 0
        for row in old:
            for line in lines(session, after=after, until=row.last_id):
                growth.add(line)
            after = row.last_id
            said = json.loads(row.head)
            said["sha256"], said["sm3"] = growth.roots()
            said |= {"size": growth.size, "streams": growth.streams, "previous": previous, "key": key.id}
            said["days"] = {day: list(counts) for day, counts in growth.counts().items()}
            said["key_begun"] = FIRST
            head = head_of(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
            made = head.text()
            previous = digest_of(made)
            columns = {"number": row.number, "made_at": row.made_at, "size": head.size, "last_id": row.last_id}
            session.add(Seal(**columns, head=made, digest=previous, key_id=key.id, signature=key.sign(made)))
            growth.forget_days()
        session.add_all(growth.full)


def heads_in(folder: Path) -> list[str]:
    """The names of the files in a witness directory."""
    return sorted(one.name for one in folder.iterdir())


def _unguarded(database: Database) -> None:
    tamper(database, "SELECT 1")  # on SQLite all triggers are gone after it


def _replica(connection: Any, database: Database) -> None:
    if not database.is_sqlite:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
