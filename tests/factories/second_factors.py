"""A telephone with the second factor of an account."""

from __future__ import annotations

from datetime import datetime

import pyotp
from sqlalchemy.orm import Session

from service import auth
from service.auth.codes import Vault
from service.auth.queries import actor_of, token_hash


def enrol(session: Session, username: str, vault: Vault, now: datetime) -> pyotp.TOTP:
    """Enrols a second factor for an account, in a session that begins for it; gives the telephone."""
    key = auth.begin_session(session, username=username, way="password", address="192.0.2.1", now=now)
    mine = {"username": username, "sha256": token_hash(key), "vault": vault}
    telephone = pyotp.TOTP(auth.begin_enrolling(session, **mine))
    auth.confirm_enrolling(session, **mine, code=telephone.at(now), actor=actor_of(session, username), now=now)
    return telephone
