"""Tables of sign-in and rights. No secret is stored in the clear: passwords as argon2id, tokens as SHA-256."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, UtcDateTime
from service.people.models import Person


class Account(Base):
    """A sign-in name of a person.

    ``session_stamp`` grows whenever open sessions must end (new password, disabled); a web session carries the
    stamp it was opened with. ``oidc_issuer`` and ``oidc_subject`` name the account's identity at the single sign-on.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)

    username: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool]
    demo: Mapped[bool]
    session_stamp: Mapped[int]
    oidc_issuer: Mapped[str | None] = mapped_column(String(300))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person | None] = relationship(lazy="joined")

    @property
    def name(self) -> str:
        """The name to show: the person's, or the sign-in name where no person stands behind it."""
        return self.person.name if self.person is not None else self.username


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


class Token(Base):
    """A bearer token of the API; only its SHA-256 (hex) is known here."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_username_created_at", "username", "created_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("account.username"))
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInLock(Base):
    """Failed sign-ins in a row of a name, whether or not an account has it, so that a lock gives nothing away.

    ``key`` is the SHA-256 (hex) of the name: people type passwords into the wrong field.
    """

    __tablename__ = "sign_in_lock"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_failure: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
