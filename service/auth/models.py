"""Tables of sign-in and rights. No secret is stored in the clear: passwords as argon2id, tokens as SHA-256."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, UtcDateTime
from service.db.base import Json
from service.people.models import Person


class Account(Base):
    """A sign-in name of a person.

    ``oidc_issuer`` and ``oidc_subject`` name the account's identity at the single sign-on. A user whose password
    somebody else chose ``must_change_password`` before anything else. ``last_address`` is where the last sign-in came
    from, ``failures_since`` counts those that failed after it.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)

    username: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool]
    demo: Mapped[bool]
    oidc_issuer: Mapped[str | None] = mapped_column(String(300))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    must_change_password: Mapped[bool] = mapped_column(server_default=false())
    last_address: Mapped[str | None] = mapped_column(String(64))
    failures_since: Mapped[int] = mapped_column(server_default="0", default=0)

    person: Mapped[Person | None] = relationship(lazy="joined")

    @property
    def name(self) -> str:
        """The name to show: the person's, or the sign-in name where no person stands behind it."""
        return self.person.name if self.person is not None else self.username


class FormerPassword(Base):
    """A password that an account had, so that it is not taken again; as many as the settings ask for."""

    __tablename__ = "former_password"

    username: Mapped[str] = mapped_column(ForeignKey("account.username"), primary_key=True)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))


class RoleGrant(Base):
    """An account holds a role, for one unit or for none in particular, between two dates, both included.

    Revoking takes effect at once, so it has its own moment.
    """

    __tablename__ = "role_grant"
    __table_args__ = (CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("account.username"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessProposal(Base):
    """A step about rights that one has proposed and another decides: a role for an account, or a new second factor.

    ``kind`` is ``grant`` (then ``role`` … ``ends_on`` say which) or ``factor_reset``. ``outcome`` is ``approved``,
    ``refused``, ``withdrawn`` or ``expired``; without one it waits until ``expires_at``, and is void afterwards.
    """

    __tablename__ = "access_proposal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    username: Mapped[str] = mapped_column(ForeignKey("account.username"), index=True)
    role: Mapped[str | None] = mapped_column(String(32))
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    proposed_by: Mapped[str] = mapped_column(String(32))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(32))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(500))

    account: Mapped[Account] = relationship(lazy="joined")


class SecondFactor(Base):
    """The second factor of an account (TOTP, RFC 6238), once it was confirmed with a code.

    ``secret`` is encrypted under a key outside the database; ``recovery`` are the keyed digests (hex) of the codes for
    the day when the telephone is lost. A code counts once: ``last_step`` is the number of the 30 seconds of the last.
    """

    __tablename__ = "second_factor"

    username: Mapped[str] = mapped_column(ForeignKey("account.username"), primary_key=True)
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    secret: Mapped[str] = mapped_column(String(200))
    recovery: Mapped[list[str]] = mapped_column(Json)
    last_step: Mapped[int] = mapped_column(BigInteger)


class Token(Base):
    """A bearer token of the API; only its SHA-256 (hex) is known here."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_username_created_at", "username", "created_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("account.username"))
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DirectoryStamp(Base):
    """A number that is another one after each change of who may do what (adr/0064); at most one row, whose ``id`` is 1.

    Triggers of the database write it and nobody else. It is drawn, not counted: a database that was put back to an
    earlier state never comes to a number that some process has seen before.
    """

    __tablename__ = "directory_stamp"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stamp: Mapped[int] = mapped_column(BigInteger)


class WebSession(Base):
    """A browser in which somebody is signed in. Only the SHA-256 (hex) of what its cookie holds is known here.

    It is there as long as it counts: whoever signs out leaves no row. While it ``waits`` for the second factor it opens
    nothing. ``second_factor``: it was given. ``enrolling`` is the encrypted secret of a second factor that is not
    confirmed yet. One that a newer sign-in has ended stays for a while, to say since when (``ended_at``) and from
    where.
    """

    __tablename__ = "web_session"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("account.username"), index=True)
    way: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen: Mapped[datetime] = mapped_column(UtcDateTime)
    waits: Mapped[bool] = mapped_column(server_default=false(), default=False)
    second_factor: Mapped[bool] = mapped_column(server_default=false(), default=False)
    enrolling: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_from: Mapped[str | None] = mapped_column(String(64))


class SignInLock(Base):
    """Failed sign-ins of a name at a place, of a name anywhere, or of an address, account or not.

    ``key`` is the SHA-256 (hex) of which of these it is: people type passwords into the field of the name. ``username``
    is filled in only where there is such an account. Failures count since ``since``; ``used_at`` is when the name last
    signed in at the place.
    """

    __tablename__ = "sign_in_lock"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str | None] = mapped_column(String(32), index=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    last_try: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
