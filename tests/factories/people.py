"""Units, persons and accounts as tests need them."""

from __future__ import annotations

from contextvars import Context
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from service import auth, people
from service.app import HOME
from service.auth import Account
from service.auth.sign_in import conclude, look_up
from service.config import Organization
from service.config.organization import load_organization
from service.errors import NotAllowed
from service.people import Leader, Person, Unit
from service.rights import SYSTEM, Actor, Grant

EARLY = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
PASSWORD = "南海-correct-horse"


@cache
def organization() -> Organization:
    """The shipped organization."""
    return load_organization(HOME / "config")


def unit(session: Session, code: str = "hrss", name: str = "区人力资源和社会保障局", **fields: Any) -> Unit:
    """A bureau of the district."""
    fields = {"kind": "bureau", "is_member_unit": True, "organization": organization(), **fields}
    return people.add_unit(session, code=code, name=name, actor=SYSTEM, now=EARLY, **fields)


def person(session: Session, name: str = "陈志明", **fields: Any) -> Person:
    """Somebody of the district; a namesake is meant."""
    return people.add_person(session, name=name, actor=SYSTEM, now=EARLY, **{"confirm_duplicate": True, **fields})


def leader(session: Session, who: Person, **fields: Any) -> Leader:
    """``who`` becomes a leader of class A, served by one of the three offices (T4)."""
    if fields.get("klass", "A") == "A" and "unit_code" not in fields:
        if people.find_unit(session, "district_office") is None:
            unit(session, "district_office", "区委办公室（区府办）", kind="office", is_member_unit=False)
        fields["unit_code"] = "district_office"
    fields = {
        "klass": "A",
        "body": "government",
        "post": "副区长",
        "starts_on": EARLY.date(),
        **fields,
    }
    return people.add_leader(session, person_id=who.id, actor=SYSTEM, now=EARLY, **fields)


def account(session: Session, username: str = "handler-hrss", **fields: Any) -> Account:
    """An account with ``PASSWORD``."""
    password = fields.pop("password", PASSWORD)
    fields["password"] = None if password is None else prepared(password)
    return auth.add_user(session, username=username, actor=SYSTEM, now=EARLY, **fields)


def prepared(password: str) -> auth.NewPassword:
    """A password hashed as if before the transaction that the test has open."""
    return Context().run(auth.prepare, password)


def try_in(
    session: Session, username: str, password: str, now: datetime, limits: auth.Limits | None = None, **place: Any
) -> auth.SignIn:
    """An attempt to sign in, all in the one transaction of a test."""
    place = {"address": "192.0.2.1", "browser": None, **place}
    attempt = Context().run(look_up(session, username=username, now=now, **place).tried, password)
    return conclude(session, attempt, now=now, limits=limits)


def signed_in(session: Session, username: str, password: str, now: datetime) -> Actor:
    """The actor who signs in so; raises ``NotAllowed``."""
    found = try_in(session, username, password, now)
    if found.actor is None:
        raise NotAllowed(found.refusal or "")
    return found.actor


def grant(session: Session, username: str, role: str, unit_code: str | None = None) -> None:
    """Gives a role from the first day on."""
    auth.grant_role(session, username=username, role=role, unit_code=unit_code, actor=SYSTEM, now=EARLY)


def actor(*grants: tuple[str, str | None], username: str = "somebody", **fields: Any) -> Actor:
    """An actor with these ``(role, unit)``, in no database."""
    held = frozenset(Grant(role, unit_code) for role, unit_code in grants)
    return Actor(username=username, name=username, grants=held, **fields)
