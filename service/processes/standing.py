"""Stand-ins where nobody can act, and claims that no longer stand: conditions on ``UserTask`` as of a day.

They are asked when tasks are read, never stored, so nothing lags behind the directory: a role that ends at midnight
gives its tasks back at midnight, whether or not a worker runs. A day's rule is no part of a case's course;
who acted, and for whom, stands with what they did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, true, tuple_
from sqlalchemy.orm import Session

from service import clock
from service.auth import Account
from service.auth.holders import Holder, holders, person_words
from service.auth.queries import accounts_of_role, holdings, is_usable, leaders_signed_up
from service.ids import as_id
from service.people.models import Leader
from service.people.queries import unit_names
from service.processes.models import UserTask
from service.processes.wiring import wiring
from service.rights import LIAISON, OWN_ROLES, TALENT_OFFICE, Actor, service_name

NOBODY = "目前无人可以代办，请系统管理员处理"

# For whom a stand-in acts, where no account can be named: kept in the journal in the place of a sign-in name.
OF_LEADER, OF_UNIT, OF_ROLE, OF_PERSON = "leader:", "unit:", "role:", "person:"


class Whose(NamedTuple):
    """For whom a task is: a role (of a unit), in it the holder of one leader's post or one person alone."""

    role: str | None
    unit: str | None
    leader: UUID | None = None
    person: str | None = None

    @classmethod
    def of(cls, task: UserTask) -> Whose:
        """For whom a task is by its row."""
        return cls(task.role, task.unit, task.leader_id, task.person_key)


@dataclass(frozen=True, slots=True)
class Absence:
    """Nobody can do a task: ``why`` in words, and who does it instead: ``role`` (of ``unit``); None: nobody.

    ``key`` and ``name`` say for whom (a leader, a unit, a role), as the journal and as people call them.
    """

    key: str
    name: str
    why: str
    role: str | None = None
    unit: str | None = None
    stand_in: str = ""

    @property
    def words(self) -> str:
        """The whole sentence, without a full stop."""
        return f"{self.why}，" + (f"由{self.stand_in}代办" if self.role else NOBODY)


@dataclass(frozen=True, slots=True)
class Marks:
    """The facts about open tasks that differ from their rows: claims that ``lapsed`` and absences, by the task's id."""

    lapsed: frozenset[UUID] = frozenset()
    absences: Mapping[UUID, Absence] = field(default_factory=dict)

    def holder(self, task: UserTask) -> str | None:
        """The account that has claimed the task, as long as the claim stands."""
        return None if task.id in self.lapsed else task.assignee


def alone(task: UserTask) -> str | None:
    """The one person of a task by the key under which ``behalf_names`` knows them."""
    return f"{OF_PERSON}{task.person_key}" if task.person_key is not None else None


NOTHING = Marks()
"""Everything is as the rows say."""


def chain_of(session: Session, role: str | None) -> tuple[str, ...]:
    """The roles that stand in for ``role``, in turn."""
    if role is None:
        return ()
    return wiring(session).stand_ins.get(role, () if role == TALENT_OFFICE else (TALENT_OFFICE,))


# --- Conditions ------------------------------------------------------------------------------------------------------


def vacant(day: date) -> ColumnElement[bool]:
    """Tasks for which nobody is there: no usable account holds the role for the unit, or the leader's post; or the one
    person whose it alone is does not."""
    signed_up = leaders_signed_up(day)
    return or_(
        UserTask.leader_id.is_not(None) & UserTask.leader_id.not_in(select(signed_up.c.leader)),
        UserTask.leader_id.is_(None) & unheld(day),
        left_alone(day),
    )


def unheld(day: date) -> ColumnElement[bool]:
    """Tasks whose role no usable account holds, for their unit where they have one."""
    held = holdings(day)
    of_unit = or_(
        tuple_(UserTask.role, UserTask.unit).in_(select(held.c.role, held.c.unit).where(held.c.unit.is_not(None))),
        UserTask.role.in_(select(held.c.role).where(held.c.unit.is_(None))),
    )
    return or_(
        UserTask.unit.is_not(None) & ~of_unit,
        UserTask.unit.is_(None) & UserTask.role.not_in(select(held.c.role)),
    )


def _by_person(day: date, *who: Any) -> ColumnElement[bool]:
    """Tasks whose one person holds their role (and is ``who``)."""
    held = holders(day)
    columns = [held.c.username] if who else []
    key, role = UserTask.person_key, UserTask.role
    return or_(
        UserTask.unit.is_not(None)
        & tuple_(*who, key, role, UserTask.unit).in_(
            select(*columns, held.c.key, held.c.role, held.c.unit).where(held.c.unit.is_not(None))
        ),
        UserTask.unit.is_not(None)
        & tuple_(*who, key, role).in_(select(*columns, held.c.key, held.c.role).where(held.c.unit.is_(None))),
        UserTask.unit.is_(None) & tuple_(*who, key, role).in_(select(*columns, held.c.key, held.c.role)),
    )


def held_by(actor: Actor) -> ColumnElement[bool]:
    """Tasks whose role the actor holds, for their unit where they have one."""
    grants = [
        (UserTask.role == grant.role)
        & (true() if grant.unit is None else or_(UserTask.unit.is_(None), UserTask.unit == grant.unit))
        for grant in sorted(actor.grants, key=lambda one: (one.role, one.unit or ""))
    ]
    return or_(false(), *grants)


def stands_in(session: Session, actor: Actor, day: date) -> ColumnElement[bool]:
    """Vacant tasks for which the actor is the stand-in of today."""
    return or_(held_by(actor) & left_alone(day), stands_in_role(session, actor, day))


def left_alone(day: date) -> ColumnElement[bool]:
    """Tasks of one person who does not hold their role: everybody else who does stands in."""
    return UserTask.person_key.is_not(None) & ~_by_person(day)


def stands_in_role(session: Session, actor: Actor, day: date) -> ColumnElement[bool]:
    """Tasks whose role, or leader's post, nobody holds, and for which the actor is the stand-in of today."""
    ways: list[ColumnElement[bool]] = []
    rules = stand_in_rules(session)
    for roles, chain in _chains(rules):
        earlier: list[ColumnElement[bool]] = []
        for role in chain:
            if actor.has_role(role):
                own = _own_unit().in_(sorted(actor.units_of(role))) if role in rules.unit_roles else true()
                ways.append(roles & own & and_(true(), *(~one for one in earlier)))
            earlier.append(_filled(rules, role, day))
    return vacant(day) & or_(UserTask.person_key.is_(None), unheld(day)) & or_(false(), *ways) if ways else false()


def claim_stands(session: Session, day: date) -> ColumnElement[bool]:
    """Tasks whose assignee could still take them: in the role, or as a stand-in while nobody holds it."""
    return stands_by(stand_in_rules(session), day)


def stands_by(rules: StandIns, day: date) -> ColumnElement[bool]:
    """As ``claim_stands``, by rules at hand."""
    held, signed_up = holdings(day), leaders_signed_up(day)
    triples = select(held.c.username, held.c.role, held.c.unit).where(held.c.unit.is_not(None))
    pairs = select(held.c.username, held.c.role)
    who = UserTask.assignee
    in_role_of_all = or_(
        UserTask.unit.is_not(None)
        & or_(
            tuple_(who, UserTask.role, UserTask.unit).in_(triples),
            tuple_(who, UserTask.role).in_(pairs.where(held.c.unit.is_(None))),
        ),
        UserTask.unit.is_(None) & tuple_(who, UserTask.role).in_(pairs),
    )
    in_role = or_(
        UserTask.leader_id.is_not(None)
        & tuple_(who, UserTask.leader_id).in_(select(signed_up.c.username, signed_up.c.leader)),
        UserTask.leader_id.is_(None) & UserTask.person_key.is_(None) & in_role_of_all,
        UserTask.person_key.is_not(None) & _by_person(day, who),
    )
    standing: list[ColumnElement[bool]] = []
    for roles, chain in _chains(rules):
        for role in chain:
            held_by = (
                _own_unit().is_not(None) & tuple_(who, literal(role), _own_unit()).in_(triples)
                if role in rules.unit_roles
                else tuple_(who, literal(role)).in_(pairs)
            )
            standing.append(roles & held_by)
    instead = or_(
        UserTask.person_key.is_not(None) & in_role_of_all,
        or_(UserTask.person_key.is_(None), unheld(day)) & or_(false(), *standing),
    )
    return or_(in_role, vacant(day) & instead)


def unmanned(session: Session, day: date) -> ColumnElement[bool]:
    """Tasks that nobody may take at all, not even a stand-in."""
    rules = stand_in_rules(session)
    filled = [roles & or_(false(), *(_filled(rules, role, day) for role in chain)) for roles, chain in _chains(rules)]
    colleagues = UserTask.person_key.is_not(None) & ~unheld(day)
    return or_(UserTask.role.is_(None), vacant(day) & ~or_(colleagues, *filled))


class StandIns(NamedTuple):
    """The office's rules of who stands in for whom: role and chain, in order, and the roles that a unit has."""

    stand_ins: tuple[tuple[str, tuple[str, ...]], ...]
    unit_roles: frozenset[str]


def stand_in_rules(session: Session) -> StandIns:
    """Those that the office has set."""
    plan = wiring(session)
    return StandIns(tuple(plan.stand_ins.items()), plan.unit_roles)


def _chains(rules: StandIns) -> list[tuple[ColumnElement[bool], tuple[str, ...]]]:
    """(tasks of these roles, who stands in for them), one for each chain."""
    declared = {TALENT_OFFICE: (), **dict(rules.stand_ins)}
    by_chain: dict[tuple[str, ...], list[str]] = {}
    for role, chain in declared.items():
        by_chain.setdefault(chain, []).append(role)
    found: list[tuple[ColumnElement[bool], tuple[str, ...]]] = [
        (UserTask.role.in_(sorted(roles)), chain) for chain, roles in by_chain.items() if chain
    ]
    return [*found, (UserTask.role.not_in(sorted(declared)), (TALENT_OFFICE,))]


def _own_unit() -> ColumnElement[Any]:
    """The unit whose task it is: the task's own, or that which serves the leader."""
    serving = select(Leader.unit_code).where(Leader.id == UserTask.leader_id).correlate_except(Leader).scalar_subquery()
    return func.coalesce(UserTask.unit, serving)


def _filled(rules: StandIns, role: str, day: date) -> ColumnElement[bool]:
    """Whether somebody holds the stand-in's role (for the task's unit, where it is bound to one)."""
    held = holdings(day)
    if role not in rules.unit_roles:
        return literal(role).in_(select(held.c.role))
    units = select(held.c.unit).where(held.c.role == role, held.c.unit.is_not(None))
    return _own_unit().is_not(None) & _own_unit().in_(units)


# --- Of tasks that were read -----------------------------------------------------------------------------------------


def absence_of(session: Session, task: UserTask, day: date) -> Absence | None:
    """The words about a task, open or done, for which nobody is there today; None where somebody is."""
    if session.scalar(select(UserTask.id).where(UserTask.id == task.id, vacant(day))) is None:
        return None
    return absences(session, [Whose.of(task)], day)[0]


def absences(session: Session, keys: Sequence[Whose], day: date) -> list[Absence]:
    """The words about tasks that are known to be vacant; at most seven statements."""
    if not keys:
        return []
    ids = [one.leader for one in keys if one.leader is not None]
    leaders = {one.id: one for one in session.scalars(select(Leader).where(Leader.id.in_(ids)))} if ids else {}
    accounts: dict[UUID, Account] = {}
    if leaders:
        of = select(Account).where(Account.person_id.in_([one.person_id for one in leaders.values()]))
        accounts = {one.person_id: one for one in session.scalars(of) if one.person_id is not None}
    held = holdings(day)
    filled = {(row.role, row.unit) for row in session.execute(select(held.c.role, held.c.unit).distinct())}
    units = {one.unit for one in keys if one.unit} | {one.unit_code for one in leaders.values() if one.unit_code}
    people = person_words(session, {one.person for one in keys if one.person}, day)
    names = unit_names(session, units) if units else {}
    called, of_unit = wiring(session).role_name, wiring(session).unit_roles
    found = []
    for role, unit, leader_id, person in keys:
        leader = leaders.get(leader_id) if leader_id is not None else None
        own = unit or (leader.unit_code if leader is not None else None)
        key, name, why = (
            _of_leader(leader, accounts, day)
            if leader is not None
            else _of_person(person, people[person], role, called(role), unit, names)
            if person is not None
            else _of_role(role, called(role), unit, names)
        )
        chain = (role, *chain_of(session, role)) if person is not None and role is not None else chain_of(session, role)
        instead = _first_filled(chain, own, filled, of_unit)
        stand_in = called(instead) or instead or ""
        bound = own if instead in of_unit else None
        found.append(
            Absence(key, name, why, instead, bound, f"{names.get(bound, bound)}{stand_in}" if bound else stand_in)
        )
    return found


def stand_in_accounts(session: Session, absence: Absence, day: date) -> list[Account]:
    """The accounts of who stands in."""
    return accounts_of_role(session, absence.role, absence.unit, on=day) if absence.role else []


def behalf_names(session: Session, keys: Iterable[str | None]) -> dict[str, str]:
    """The names of those for whom a stand-in acted, by what the journal keeps; at most two statements."""
    wanted = {key for key in keys if key and ":" in key}
    named = wiring(session).role_name
    found = {key: named(key.removeprefix(OF_ROLE)) for key in wanted if key.startswith(OF_ROLE)}
    found |= {key: name for key in wanted if (name := service_name(key)) is not None}
    people = {key.removeprefix(OF_PERSON): key for key in wanted if key.startswith(OF_PERSON)}
    found |= {people[key]: one.name for key, one in person_words(session, people, clock.today()).items()}
    units = {key.removeprefix(OF_UNIT): key for key in wanted if key.startswith(OF_UNIT)}
    if units:
        found |= {units[code]: name for code, name in unit_names(session, units).items()}
    posts = {as_id(key.removeprefix(OF_LEADER)): key for key in wanted if key.startswith(OF_LEADER)}
    if posts:
        leaders = session.scalars(select(Leader).where(Leader.id.in_([post for post in posts if post is not None])))
        found |= {posts[one.id]: one.person.name for one in leaders}
    return found


def _of_leader(leader: Leader, accounts: Mapping[UUID, Account], day: date) -> tuple[str, str, str]:
    name, account = leader.person.name, accounts.get(leader.person_id)
    if not leader.serves_on(day):
        state = "不再任该职" if leader.starts_on <= day else "尚未任职"
    elif account is None:
        state = "无账号"
    else:
        state = "账号已停用" if not is_usable(account) else "不能办理"
    return f"{OF_LEADER}{leader.id}", name, f"{name}（{leader.post}）{state}"


def _of_role(role: str | None, called: str, unit: str | None, names: Mapping[str, str]) -> tuple[str, str, str]:
    said = called or "指定人员"
    if unit is None:
        return f"{OF_ROLE}{role}", said, f"{said}没有能办理的人员"
    name = names.get(unit, unit)
    return f"{OF_UNIT}{unit}", name, f"{name}没有能办理的{said if role == LIAISON or role not in OWN_ROLES else '人员'}"


def _of_person(
    key: str, holder: Holder, role: str | None, called: str, unit: str | None, names: Mapping[str, str]
) -> tuple[str, str, str]:
    if not holder.usable:
        state = "没有能用的账号，或已不在岗"
    else:
        of = f"{names.get(unit, unit)}的" if unit and role in holder.roles else ""
        state = f"不是{of}{called or '指定人员'}"
    return f"{OF_PERSON}{key}", holder.name, f"{holder.name}{state}"


def _first_filled(
    chain: Sequence[str], unit: str | None, filled: set[tuple[str, str | None]], of_unit: frozenset[str]
) -> str | None:
    roles = {role for role, _ in filled}
    return next((one for one in chain if ((one, unit) in filled if one in of_unit else one in roles)), None)
