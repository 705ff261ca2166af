"""The tables of the seals. Triggers of the migrations refuse UPDATE, DELETE and TRUNCATE of each but ``SealOffer``."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime

BigId = BigInteger().with_variant(Integer, "sqlite")


class SealKey(Base):
    """A key that seals are signed with, its public half alone.

    ``statement`` is canonical JSON about it, signed by itself (``own``) and by the key before it (``old``; none at the
    first key and after a loss).
    """

    __tablename__ = "seal_key"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    statement: Mapped[str] = mapped_column(Text)
    own: Mapped[str] = mapped_column(String(128))
    old: Mapped[str | None] = mapped_column(String(128))


class Seal(Base):
    """One signed head of the tree. ``head`` is the canonical JSON that is signed, and says all that is sealed.

    ``size`` events are covered, the last of which is ``last_id``; ``digest`` is the SHA-256 of ``head``.
    """

    __tablename__ = "seal"
    __table_args__ = (CheckConstraint("number > 0", name="number_positive"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    size: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    head: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16), ForeignKey("seal_key.id"))
    signature: Mapped[str] = mapped_column(String(128))


class SealBlock(Base):
    """A full block of leaves: the ``number``-th thousand (``tree.BLOCK``) of events, and the digests over them.

    ``sm3`` is missing where the machine that sealed had no SM3.
    """

    __tablename__ = "seal_block"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_id: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    sm3: Mapped[str | None] = mapped_column(String(64))


class SealToken(Base):
    """The word that an outside service gave for a seal (``[seal] command``), as it was given."""

    __tablename__ = "seal_token"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, ForeignKey("seal.number"), unique=True)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    token: Mapped[bytes] = mapped_column(LargeBinary)


class SealOffer(Base):
    """A file of a head that somebody kept elsewhere and handed in, until the job ``job_id`` has held the journal
    against it."""

    __tablename__ = "seal_offer"

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
