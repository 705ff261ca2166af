"""Look-ups: from a sign-in name, a token or an identity to an actor with the rights of a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Date,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from service import clock
from service.access_log import note_absent
from service.auth.directory import known
from service.auth.models import Account, RoleGrant, Token
from service.auth.roles import account_rules, permissions, roles_of
from service.auth.rules import DISABLED, USERNAME, normal_name
from service.db.lists import Page, matching, on_day, page
from service.db.memory import remembered
from service.errors import NotAllowed, NotFound
from service.people.models import Leader, Liaison, Person, Unit
from service.people.queries import represented_by
from service.rights import ADMINISTRATORS, LEADER, LIAISON, Actor, Grant, effective, service_name


def find_account(session: Session, username: str) -> Account | None:
    """The account of that sign-in name, active or not, or ``None``."""
    name = normal_name(username)
    return session.get(Account, name) if USERNAME.fullmatch(name) else None


def get_account(session: Session, username: str) -> Account:
    """The account of that sign-in name; raises ``NotFound``."""
    account = find_account(session, username)
    if account is None:
        raise NotFound("没有这个账号")
    return account


def account_names(session: Session, usernames: Collection[str]) -> dict[str, str]:
    """Sign-in name → the person's name, or the sign-in name where no person stands behind it; at most one statement."""
    if not usernames:
        return {}
    named = (
        select(Account.username, func.coalesce(Person.name, Account.username))
        .outerjoin(Person, Person.id == Account.person_id)
        .where(Account.username.in_(usernames))
    )
    served = {one: name for one in usernames if (name := service_name(one)) is not None}
    return served | dict(session.execute(named).all())


def actor_of(session: Session, username: str, *, on: date | None = None) -> Actor:
    """The actor behind a sign-in name with the rights of ``on`` (default today); two statements.

    Raises ``NotAllowed``.
    """
    account = find_account(session, username)
    if account is None:
        raise NotAllowed("没有这个账号")
    return actor_of_account(session, account, on)


def actor_of_account(session: Session, account: Account, on: date | None = None) -> Actor:
    """The actor of an account; raises ``NotAllowed`` where it, or its person, is no longer active."""
    if not is_usable(account):
        raise NotAllowed(DISABLED)
    return _actor(session, account, grants_of(session, [account.username], on or clock.today())[account.username])


def actor_of_oidc(session: Session, issuer: str, subject: str, *, on: date | None = None) -> Actor:
    """The actor whose account is bound to that identity of the single sign-on; raises ``NotAllowed``."""
    account = account_of_oidc(session, issuer, subject)
    if account is None:
        raise NotAllowed("统一身份认证的身份尚未绑定本系统账号，请联系系统管理员")
    return actor_of_account(session, account, on)


def account_of_oidc(session: Session, issuer: str, subject: str) -> Account | None:
    """The account bound to that identity, or ``None``."""
    bound = select(Account).where(Account.oidc_issuer == issuer, Account.oidc_subject == subject)
    return session.scalars(bound).one_or_none()


def acting_for(session: Session, actor: Actor, on: date | None = None) -> list[Actor]:
    """As whom else ``actor`` may act ``on`` that day (default today): one actor for each who declared it (代理).

    Each keeps the actor's own name, and the unit, person and delegable rights of the absent one. A substitute cannot
    pass it on. At most three statements a transaction, none where it is remembered (``directory``).
    """
    day = on or clock.today()
    person = actor.person_id
    if person is None or actor.on_behalf_of is not None or (actor.separate and actor.roles & ADMINISTRATORS):
        return []
    found = list(
        known(
            session,
            (acting_for, actor, day),
            lambda: remembered(session, (acting_for, actor, day), lambda: _acting_for(session, actor, person, day)),
        )
    )
    note_absent(one.on_behalf_of for one in found if one.on_behalf_of is not None)
    return found


def _acting_for(session: Session, actor: Actor, person_id: UUID, day: date) -> tuple[Actor, ...]:
    absent = [declared.person_id for declared in represented_by(session, person_id, day)]
    if not absent:
        return ()
    accounts = session.scalars(select(Account).where(Account.person_id.in_(absent)).order_by(Account.username)).all()
    usable = [account for account in accounts if is_usable(account)]
    grants = grants_of(session, [account.username for account in usable], day)
    return tuple(_for(session, actor, account, grants[account.username]) for account in usable)


def accounts_of_role(session: Session, role: str, unit: str | None = None, *, on: date | None = None) -> list[Account]:
    """The usable accounts that hold ``role`` on the day (for ``unit`` where given), by sign-in name; one statement."""
    held = _holdings(on or clock.today(), None).subquery()
    query = select(Account).where(
        exists().where(
            held.c.username == Account.username,
            held.c.role == role,
            held.c.unit == unit if unit is not None else held.c.role.is_not(None),
        )
    )
    found = session.scalars(query.order_by(Account.username))
    return [account for account in found if is_usable(account)]


def held_units(role: str, on: date) -> Select[str]:
    """The units for which somebody with a usable account holds ``role`` on the day."""
    held = _holdings(on, None).subquery()
    return (
        select(held.c.unit)
        .join(Account, Account.username == held.c.username)
        .outerjoin(Account.person)
        .where(held.c.role == role, held.c.unit.is_not(None), usable())
    )


_making = Lock()
"""Held while a part is made: a thread that comes meanwhile must not make another one of the same name."""


def holdings(on: date) -> CTE:
    """(username, role, unit) of every role that a usable account holds on the day, as a part of a larger statement.

    The same object for the same day, in all threads: a statement that asks for it twice computes it once.
    """
    with _making:
        return _holdings_on(on)


@lru_cache(maxsize=8)
def _holdings_on(on: date) -> CTE:
    held = _holdings(on, None).subquery()
    return (
        select(held.c.username, held.c.role, held.c.unit)
        .join(Account, Account.username == held.c.username)
        .outerjoin(Account.person)
        .where(usable())
        .cte("held")
    )


def leaders_signed_up(on: date) -> CTE:
    """(username, leader) of every post of a leader whose holder has a usable account on the day; ``leader`` its id."""
    with _making:
        return _leaders_on(on)


@lru_cache(maxsize=8)
def _leaders_on(on: date) -> CTE:
    return (
        select(Account.username, Leader.id.label("leader"))
        .join(Person, Person.id == Account.person_id)
        .join(Leader, Leader.person_id == Account.person_id)
        .where(usable(), on_day(Leader.starts_on, Leader.ends_on, on))
        .cte("signed_up")
    )


def units_held(session: Session, role: str, on: date) -> set[str]:
    """The same as a set; one statement."""
    return set(session.scalars(held_units(role, on)))


def list_accounts(
    session: Session,
    q: str | None = None,
    limit: int = 50,
    offset: int = 0,
    *,
    role: str | None = None,
    active: bool | None = None,
    on: date | None = None,
) -> Page[Account]:
    """Accounts by sign-in name or by the person's name, pinyin or initials; two statements.

    ``role`` keeps those that hold it on the day (default today), ``active`` those in use, or those that are not.
    """
    query = select(Account).outerjoin(Account.person)
    condition, _ = matching(q, Person.search_key, Person.name, Person.initials)
    if condition is not None and q is not None:
        query = query.where(or_(condition, Account.username.contains(normal_name(_typed(q)), autoescape=True)))
    if role is not None:
        held = _holdings(on or clock.today(), None).subquery()
        query = query.where(exists().where(held.c.username == Account.username, held.c.role == role))
    if active is not None:
        query = query.where(Account.active == active)
    return page(session, query.order_by(Account.username), limit=limit, offset=offset)


def accounts_of_person(session: Session, person_id: UUID) -> list[Account]:
    """The accounts of a person, disabled ones too; one statement."""
    return list(session.scalars(select(Account).where(Account.person_id == person_id).order_by(Account.username)))


def signs_in(session: Session, person_id: UUID) -> bool:
    """Whether the person uses the system: has an account that works.

    A person without such an account gets things on paper.
    """
    return any(is_usable(account) for account in accounts_of_person(session, person_id))


def list_role_grants(session: Session, usernames: Iterable[str], on: date | None = None) -> list[RoleGrant]:
    """The roles given by hand to these accounts that hold on the day or later; one statement."""
    query = select(RoleGrant).where(
        RoleGrant.username.in_(list(usernames)),
        RoleGrant.revoked_at.is_(None),
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= (on or clock.today())),
    )
    return list(session.scalars(query.order_by(RoleGrant.username, RoleGrant.role, RoleGrant.unit_code)))


def list_tokens(session: Session, username: str) -> list[Token]:
    """The tokens of an account that are not revoked, newest first; those that have come to their end too."""
    query = select(Token).where(Token.username == normal_name(_typed(username)), Token.revoked_at.is_(None))
    return list(session.scalars(query.order_by(Token.created_at.desc(), Token.sha256)))


def has_demo_accounts(session: Session) -> bool:
    """Whether a demonstration account could sign in (production refuses to start then)."""
    return session.scalar(select(exists().where(Account.demo, Account.active))) or False


def grants_of(session: Session, usernames: Collection[str], on: date) -> dict[str, frozenset[Grant]]:
    """The rights of each account on a day; one statement.

    Beside the roles given by hand, a unit's liaison is ``liaison`` of that unit and who holds a leader's post is
    ``leader``: naming the successor in the directory moves the right with it.
    """
    found: dict[str, set[Grant]] = {username: set() for username in usernames}
    if found:
        for username, role, unit in session.execute(_HELD, {"day": on, "usernames": list(usernames)}):
            found[username].add(Grant(role, unit))
    return {username: frozenset(grants) for username, grants in found.items()}


def is_usable(account: Account) -> bool:
    """Whether somebody may work with the account: it is active and its person has not left."""
    return account.active and (account.person is None or account.person.active)


def usable_name(session: Session, username: object) -> str | None:
    """The name under which the account of whoever is meant is stored; None where nobody can work with it."""
    account = find_account(session, username) if isinstance(username, str) else None
    return account.username if account is not None and is_usable(account) else None


def usable() -> ColumnElement[bool]:
    """``is_usable`` as a condition on ``Account``, joined with its person where it has one."""
    return and_(Account.active, or_(Account.person_id.is_(None), Person.active))


def token_hash(token: str) -> str:
    """Under what a token is stored."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def _holdings(
    on: date | BindParameter[date], usernames: BindParameter[Collection[str]] | None
) -> CompoundSelect[str, str, str | None]:
    accounts = select(Account.username).where(true() if usernames is None else Account.username.in_(usernames))
    given = select(
        RoleGrant.username.label("username"),
        RoleGrant.role.label("role"),
        RoleGrant.unit_code.label("unit"),
    ).where(
        RoleGrant.username.in_(accounts),
        RoleGrant.revoked_at.is_(None),
        on_day(RoleGrant.starts_on, RoleGrant.ends_on, on),
        # Of a unit that is closed nobody has anything left to do.
        or_(RoleGrant.unit_code.is_(None), RoleGrant.unit_code.in_(select(Unit.code).where(Unit.active))),
    )
    named = (
        select(Account.username, literal(LIAISON), Liaison.unit_code)
        .join(Liaison, Liaison.person_id == Account.person_id)
        .where(Account.username.in_(accounts), on_day(Liaison.starts_on, Liaison.ends_on, on))
    )
    leading = (
        select(Account.username, literal(LEADER), cast(null(), String))
        .join(Leader, Leader.person_id == Account.person_id)
        .where(Account.username.in_(accounts), on_day(Leader.starts_on, Leader.ends_on, on))
    )
    return union_all(given, named, leading)


# Built once, because it is asked for often.
_HELD = _holdings(bindparam("day", type_=Date), bindparam("usernames", expanding=True))


def _actor(session: Session, account: Account, grants: frozenset[Grant]) -> Actor:
    separate = account_rules(session).separate
    if separate:
        grants = effective(grants)
    unit = account.person.unit_code if account.person is not None else None
    if unit is None:
        units = {grant.unit for grant in grants if grant.unit is not None}
        unit = units.pop() if len(units) == 1 else None
    return Actor(
        username=account.username,
        name=account.name,
        unit=unit,
        grants=grants,
        permissions=permissions(session, grants),
        person_id=account.person_id,
        separate=separate,
    )


def _for(session: Session, actor: Actor, account: Account, grants: frozenset[Grant]) -> Actor:
    known, absent = roles_of(session), _actor(session, account, grants)
    kept = frozenset(grant for grant in absent.grants if grant.role in known and known[grant.role].delegable)
    return Actor(
        username=actor.username,
        name=actor.name,
        unit=absent.unit,
        grants=kept,
        permissions=permissions(session, kept),
        person_id=absent.person_id,
        on_behalf_of=absent.username,
        on_behalf_of_name=absent.name,
        separate=absent.separate,
    )


def _typed(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
