"""The word of an outside service on a seal: a program of the office's own choice is given the digest of a head.

A time stamp authority (RFC 3161), a signing server, a store that is written once: the product has a library for none
of them. The program reads the SHA-256 of the head, in hex, from its standard input and writes its token to its
standard output; ``SEAL_NUMBER``, ``SEAL_SHA256`` and ``SEAL_SM3`` stand in its environment. It runs outside any
transaction and may be asked again.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.db import Database
from service.errors import Incident
from service.seals.heads import sm3_of
from service.seals.keys import STREAM
from service.seals.models import Seal, SealToken

LARGEST = 1_000_000
"""Bytes of a token."""


def without_token(session: Session) -> list[Seal]:
    """The seals that have no token yet, the oldest first."""
    has = select(SealToken.number)
    return list(session.scalars(select(Seal).where(Seal.number.not_in(has)).order_by(Seal.number)))


def fetch(database: Database, command: Sequence[str], seconds: int, *, now: datetime) -> int:
    """Asks for the token of every seal that has none; gives how many came. Raises Incident, in words, at the first
    that fails: it is asked for again the next time."""
    with database.reading() as session:
        waiting = without_token(session)
        session.expunge_all()
    for seal in waiting:
        token = _token(seal, command, seconds)
        with database.transaction() as session:
            history.lock(session, STREAM)
            if session.scalar(select(SealToken.id).where(SealToken.number == seal.number)) is None:
                session.add(SealToken(number=seal.number, given_at=now, token=token))
    return len(waiting)


def _token(seal: Seal, command: Sequence[str], seconds: int) -> bytes:
    told = {"SEAL_NUMBER": str(seal.number), "SEAL_SHA256": seal.digest, "SEAL_SM3": sm3_of(seal.head) or ""}
    try:
        done = subprocess.run(  # noqa: S603 - the administrator's own program
            list(command),
            input=f"{seal.digest}\n".encode(),
            capture_output=True,
            timeout=seconds,
            env={**os.environ, **told},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Incident(f"封存的外部命令 {command[0]} 在 {seconds} 秒内没有完成") from error
    except OSError as error:
        raise Incident(f"封存的外部命令 {command[0]} 无法运行：{error.strerror}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise Incident(f"封存的外部命令 {command[0]} 以 {done.returncode} 退出：{said}")
    if not done.stdout or len(done.stdout) > LARGEST:
        raise Incident(f"封存的外部命令 {command[0]} 没有给出可用的签章（{len(done.stdout)} 字节）")
    return done.stdout
