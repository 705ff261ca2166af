"""The kinds of import: the columns of each sheet, and the command that takes in one of its rows.

A row is taken in by the very command that a page calls, so a sheet is held to the same rules as a form. No row refers
to another row of its own sheet; what two rows may not both say, they say in a ``Mark``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from service import clock, people, talents
from service.errors import Conflict, LiaisonError
from service.exchange.cells import Column, columns_of
from service.exchange.lookups import Basis, Gathered, Lookups, Mark, Twin, Values, day_of, refused
from service.exchange.past_contacts import past_contact_columns, past_contact_twin, take_past_contact
from service.exchange.reading import Row
from service.fields import DATE, chosen, form_of, picked
from service.liaisons import LINK, propose_link
from service.people.fields import PERSON, POST, UNIT
from service.people.models import Person
from service.people.namesakes import CONFIRM
from service.spelling import plain
from service.talents import NewTalent, add_talents
from service.talents.rules import same_person


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sheet for who has ``right``. ``take`` takes in one row; ``twin`` finds the row that said so before."""

    id: str
    name: str
    right: str
    limit: int
    columns: Callable[[Basis], Sequence[Column]]
    take: Callable[[Lookups, Values], object]
    twin: Callable[[Lookups, int, Values], Twin | None]
    about: str
    """The column of what is found without naming one."""
    batch: int = 25
    """Rows rehearsed in one transaction: others wait no longer than these take."""
    take_all: Callable[[Lookups, Sequence[Row]], Mapping[int, LiaisonError]] | None = None
    """Takes in many rows at once where that is much faster: row number -> why it was refused."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Path of a command's finding -> key of the column it is about, where they differ."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Column -> column that may be filled in instead: where that one is wrong, this one is not missed."""


UNLESS = "；确非同一人时请在“确认不重复”填“是”"
"""How a row says that its person is none of those who are there."""


NOT_A_DUPLICATE = Column("not_a_duplicate", "确认不重复", kind="flag", help="系统提示疑似重复而确非同一人时填“是”")


def _called(row: Values) -> str:
    """The name of a row as it is compared, whichever variants it is written with."""
    return plain(row["name"] or "")


def _named(table: Mapping[str, Any]) -> dict[str, str]:
    return {code: one.name for code, one in table.items()}


# --- Units ------------------------------------------------------------------------------------------------------------


def _unit_columns(basis: Basis) -> Sequence[Column]:
    organization = basis.organization
    table = chosen(form_of(UNIT, new=True), kinds=_named(organization.kinds), towns=_named(organization.towns))
    return columns_of(table)


def _unit_twin(lookups: Lookups, number: int, row: Values) -> Twin | None:
    return lookups.seen(number, Mark(("code", row["code"]), ("code",)), Mark(("name", row["name"]), ("name",)))


def _take_unit(lookups: Lookups, row: Values) -> object:
    return people.add_unit(
        lookups.session,
        **{**row, "is_member_unit": bool(row["is_member_unit"])},
        organization=lookups.basis.organization,
        actor=lookups.actor,
        now=lookups.now,
    )


# --- People -----------------------------------------------------------------------------------------------------------


LEADING = {"starts_on": "任职日期"}
"""The names in a sheet of persons for fields of their posts."""


def _people_columns(_basis: Basis) -> Sequence[Column]:
    """A person and, where a class is given, the person's post as a leader."""
    of_person = [replace(one, required=True) if one.name == "unit_code" else one for one in form_of(PERSON, new=True)]
    of_post = picked(POST, "klass", "body", "duty", "portfolio", "stationed", "starts_on")
    post = [replace(one, required=False, label=LEADING.get(one.name, one.label)) for one in of_post]
    return (*columns_of([*of_person, *post]), NOT_A_DUPLICATE)


def _take_person(lookups: Lookups, row: Values) -> object:
    found = Gathered()
    unit = found.of(lambda: lookups.unit(row["unit_code"], "/unit_code"), None)
    person = found.of(lambda: _person(lookups, row, unit), None)
    if row["klass"] is None:
        if any(row[key] is not None for key in ("body", "duty", "starts_on")):
            found.refuse("/klass", "填写了任职情况而没有领导类别，请补填 A 或 B，或删去任职情况")
    else:
        if row["starts_on"] is None:
            found.refuse("/starts_on", "有领导类别的人员须填写任职日期")
        if row["post"] is None:
            found.refuse("/post", "有领导类别的人员须填写职务")
        # A stand-in shows what else is wrong with a row that is refused anyhow.
        found.of(
            lambda: _leader(
                lookups, row, unit, person or _person(lookups, {"name": "某某", "not_a_duplicate": True}, None)
            ),
            None,
        )
    found.done()
    return person


def _person(lookups: Lookups, row: Values, unit: str | None) -> Person:
    try:
        return people.add_person(
            lookups.session,
            name=row["name"],
            unit_code=unit,
            post=row.get("post"),
            phone=row.get("phone"),
            confirm_duplicate=row.get("not_a_duplicate") is True,
            actor=lookups.actor,
            now=lookups.now,
        )
    except Conflict as error:
        if not any(finding.path == CONFIRM for finding in error.findings):
            raise
        named = "；".join(finding.message for finding in error.findings)
        raise refused("/name", f"{named}{UNLESS}") from error


def _leader(lookups: Lookups, row: Values, unit: str | None, person: Person) -> object:
    return people.add_leader(
        lookups.session,
        person_id=person.id,
        klass=row["klass"],
        post=row["post"],
        starts_on=day_of(row["starts_on"]) or clock.local(lookups.now).date(),
        body=row["body"],
        unit_code=unit,
        duty=row["duty"],
        portfolio=row["portfolio"],
        stationed=row["stationed"],
        actor=lookups.actor,
        now=lookups.now,
    )


def _person_twin(lookups: Lookups, number: int, row: Values) -> Twin | None:
    twin = lookups.seen(
        number, Mark((_called(row), lookups.unit(row["unit_code"], "/unit_code")), ("name", "unit_code"))
    )
    return None if twin is None or row["not_a_duplicate"] is True else replace(twin, unless=UNLESS)


# --- Talents ----------------------------------------------------------------------------------------------------------


def _talent_columns(basis: Basis) -> Sequence[Column]:
    table = chosen(form_of(talents.FIELDS, new=True), towns=_named(basis.organization.towns))
    return (*columns_of(table), NOT_A_DUPLICATE)


def _talent_values(lookups: Lookups, row: Values) -> dict[str, Any]:
    """The fields of a talent that a row gives, as the registry's commands take them."""
    given = {key: value for key, value in row.items() if key != "not_a_duplicate" and value is not None}
    dates = (one.name for one in talents.FIELDS if one.kind == DATE)
    return given | {name: date.fromisoformat(given[name]) for name in dates if name in given}


def _talent_twin(lookups: Lookups, number: int, row: Values) -> Twin | None:
    """The first row above that is likely the same person, unless the row says that it is not."""
    tail = row["id_tail"].upper() if row["id_tail"] else None
    for other, other_tail, employer in lookups.namesakes.setdefault(_called(row), []):
        if row["not_a_duplicate"] is not True and same_person(tail, row["employer"], other_tail, employer):
            both = tail is not None and other_tail is not None
            return Twin(other, ("name", "id_tail" if both else "employer"), UNLESS)
    lookups.namesakes[_called(row)].append((number, tail, row["employer"]))
    return None


# --- Links ------------------------------------------------------------------------------------------------------------


LEADER_POST = Column("leader_post", "领导职务", help="同名或一人多职时填写职务或单位名称，以区分")
EMPLOYER = Column("employer", "工作单位", help="人才同名时填写，以区分")
"""The column that tells namesakes apart, where a sheet names people."""


def _link_columns(_basis: Basis) -> Sequence[Column]:
    leader, talent, *others = columns_of(picked(LINK, "leader_id", "talent_id", "reason", "note", "starts_on"))
    return (replace(leader, key="leader"), LEADER_POST, replace(talent, key="talent"), EMPLOYER, *others)


def _take_link(lookups: Lookups, row: Values) -> object:
    found = Gathered()
    starts_on = day_of(row["starts_on"])
    leader = found.of(lambda: lookups.leader(row["leader"], row["leader_post"], starts_on), None)
    talent = found.of(lambda: lookups.talent(row["talent"], row["employer"]), None)
    found.of(
        lambda: propose_link(
            lookups.session,
            leader_id=leader.id if leader else "",
            talent_id=talent.id if talent else "",
            reason=row["reason"],
            note=row["note"],
            starts_on=starts_on or clock.local(lookups.now).date(),
            actor=lookups.actor,
            now=lookups.now,
        ),
        None,
    )
    found.done()
    return row


def _link_twin(lookups: Lookups, number: int, row: Values) -> Twin | None:
    leader = lookups.leader(row["leader"], row["leader_post"], day_of(row["starts_on"]))
    talent = lookups.talent(row["talent"], row["employer"])
    return lookups.seen(number, Mark((leader.id, talent.id), ("leader", "talent")))


def _take_talent(lookups: Lookups, row: Values) -> object:
    given = _talent_values(lookups, row)
    given["employer_unit"] = lookups.unit(row["employer_unit"], "/employer_unit")
    confirmed = row["not_a_duplicate"] is True
    return talents.add_talent(
        lookups.session, **given, confirm_duplicate=confirmed, actor=lookups.actor, now=lookups.now
    )


def _take_talents(lookups: Lookups, rows: Sequence[Row]) -> Mapping[int, LiaisonError]:
    found = {row.number: Gathered() for row in rows}
    new = []
    for row in rows:
        given = _talent_values(lookups, row.values)
        unit = found[row.number].of(partial(lookups.unit, row.values["employer_unit"], "/employer_unit"), None)
        given.pop("employer_unit", None)
        if unit is not None:
            given["employer_unit"] = unit
        new.append(NewTalent(given, row.values["not_a_duplicate"] is True))
    # The sheet has been compared with itself: here only a part of it may be known.
    added = add_talents(lookups.session, talents=new, among_themselves=False, actor=lookups.actor, now=lookups.now)
    for position, error in added.refused.items():
        found[rows[position].number].note(error)
    return {number: error for number, one in found.items() for error in one.errors()}


KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("units", "单位", "manage_units", 2_000, _unit_columns, _take_unit, _unit_twin, "code"),
        Kind(
            "people",
            "人员和任职",
            "manage_people",
            2_000,
            _people_columns,
            _take_person,
            _person_twin,
            "name",
        ),
        Kind(
            "talents",
            "高层次人才",
            "edit_talents",
            20_000,
            _talent_columns,
            _take_talent,
            _talent_twin,
            "name",
            batch=500,
            take_all=_take_talents,
            instead={"category": "type"},
        ),
        Kind(
            "links",
            "联系关系",
            "manage_links_a",
            2_000,
            _link_columns,
            _take_link,
            _link_twin,
            "talent",
            titles={"leader_id": "leader", "talent_id": "talent"},
        ),
        Kind(
            "contacts",
            "历史联系记录",
            "record_contacts",
            2_000,
            past_contact_columns,
            take_past_contact,
            past_contact_twin,
            "summary",
            titles={"leader_id": "leader", "talent_ids": "talents"},
        ),
    )
}
"""In the order in which a new office imports them: each refers to what those before it hold."""
