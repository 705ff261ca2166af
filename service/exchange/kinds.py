"""What can be imported: the columns of each sheet, and the command that takes in one of its rows.

A row is taken in by the very command that a page calls, so a sheet is held to the same rules as a form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import people, talents
from service.auth import Actor
from service.config import Organization
from service.contacts import record_contact
from service.contacts.rules import FORMS, TOPICS
from service.errors import Finding, Invalid, LiaisonError
from service.exchange.reading import Column, Row
from service.liaisons import propose_link
from service.liaisons.rules import REASONS
from service.people.checks import BODIES, DUTIES
from service.people.models import Leader, Person, Unit
from service.processes import calendars
from service.talents import CATEGORIES, TYPES, NewTalent, add_talents
from service.talents.models import Talent

Values = Mapping[str, Any]


@dataclass(slots=True)
class Lookups:
    """What rows refer to by name, read once a transaction: names are unique only where the lists hold one entry."""

    session: Session
    actor: Actor
    now: datetime
    units: dict[str, str] = field(default_factory=dict)
    people: dict[str, list[Person]] = field(default_factory=dict)
    leaders: dict[str, list[Leader]] = field(default_factory=dict)
    talents: dict[str, list[Talent]] = field(default_factory=dict)

    def unit(self, name: str | None, path: str = "/unit") -> str | None:
        """The code of the unit with that name (or code)."""
        if name is None:
            return None
        if not self.units:
            rows = self.session.execute(select(Unit.code, Unit.name)).all()
            self.units = {unit_name: code for code, unit_name in rows} | {code: code for code, _ in rows}
        if name not in self.units:
            raise Invalid(f"没有单位“{name}”", [Finding(path, f"没有单位“{name}”，请填单位名录中的全称或代码")])
        return self.units[name]

    def leader(self, name: str, post: str | None, day: date) -> Leader:
        """The leader with that name who held a post on ``day``; ``post`` tells several apart."""
        if name not in self.leaders:
            found = select(Leader).join(Leader.person).where(Person.name == name)
            self.leaders[name] = list(self.session.scalars(found))
        named = [one for one in self.leaders[name] if post is None or post in (one.post, one.unit and one.unit.name)]
        held = [one for one in named if one.serves_on(day)]
        if len(held) == 1:
            return held[0]
        if not named:
            raise _refused("/leader", f"没有领导“{name}{f'（{post}）' if post else ''}”，请先登记其任职")
        if not held:
            raise _refused("/leader", f"{name}在 {day.isoformat()} 没有任职，请核对日期或任职")
        raise _refused("/leader_post", f"有 {len(held)} 项任职符合“{name}”，请填写领导职务以区分")

    def talent(self, text: str, employer: str | None = None) -> Talent:
        """The talent with that number, or with that name (``employer`` tells namesakes apart)."""
        if text not in self.talents:
            found = select(Talent).where((Talent.id == text) | (Talent.name == text), Talent.active)
            self.talents[text] = list(self.session.scalars(found))
        named = [one for one in self.talents[text] if employer is None or employer == one.employer]
        if len(named) == 1:
            return named[0]
        if not named:
            raise _refused("/talent", f"人才库里没有“{text}”，请先登记，或改填人才编号")
        raise _refused("/talent", f"有 {len(named)} 位“{text}”，请改填人才编号：{'、'.join(one.id for one in named)}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sheet. ``take`` takes in one row; ``key`` names what must not stand twice in a sheet."""

    id: str
    name: str
    limit: int
    columns: Callable[[Organization], Sequence[Column]]
    take: Callable[[Lookups, Values], object]
    key: Callable[[Values], object]
    batch: int = 25
    """Rows rehearsed in one transaction: others wait no longer than these take."""
    take_all: Callable[[Lookups, Sequence[Row]], Mapping[int, LiaisonError]] | None = None
    """Takes in many rows at once where that is much faster: row number -> why it was refused."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Path of a command's finding -> key of the column it is about, where they differ."""


def _refused(path: str, message: str) -> Invalid:
    return Invalid(message, [Finding(path, message)])


def _named(table: Mapping[str, Any]) -> dict[str, str]:
    return {one.name: code for code, one in table.items()}


def _turned(table: Mapping[Any, str]) -> dict[str, Any]:
    return {name: code for code, name in table.items()}


# --- Units ------------------------------------------------------------------------------------------------------------


def _unit_columns(organization: Organization) -> Sequence[Column]:
    return (
        Column("code", "单位代码", True, help="小写字母开头，只含小写字母、数字、_ 和 -", example="sci"),
        Column("name", "单位名称", True, example="区科学技术局"),
        Column("kind", "单位类别", True, "choice", example="", choices=_named(organization.kinds)),
        Column("town", "镇街", kind="choice", choices=_named(organization.towns)),
        Column("is_member_unit", "成员单位", kind="flag", help="填“是”或“否”，不填为“否”", example="是"),
    )


def _take_unit(lookups: Lookups, row: Values) -> object:
    return people.add_unit(
        lookups.session,
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        town=row["town"],
        is_member_unit=bool(row["is_member_unit"]),
        actor=lookups.actor,
        now=lookups.now,
    )


# --- People -----------------------------------------------------------------------------------------------------------


def _people_columns(_organization: Organization) -> Sequence[Column]:
    return (
        Column("name", "姓名", True, example="张三"),
        Column("unit", "单位", True, help="单位名录中的全称或代码", example="区科学技术局"),
        Column("post", "职务", example="局长"),
        Column("phone", "联系电话", example="0757-00000000"),
        Column(
            "klass",
            "领导类别",
            kind="choice",
            help="区领导填 A，成员单位领导填 B，其他人员不填",
            choices={"A": "A", "B": "B"},
        ),
        Column("body", "领导班子", kind="choice", help="A 类填写", choices=_turned(BODIES)),
        Column("duty", "分工", kind="choice", help="B 类填写", choices=_turned(DUTIES)),
        Column("portfolio", "分管工作", example="科技、人才"),
        Column("starts_on", "任职日期", kind="date", help="有领导类别的须填", example="2024-01-15"),
    )


def _take_person(lookups: Lookups, row: Values) -> object:
    unit = lookups.unit(row["unit"])
    twin = select(Person.id).where(Person.name == row["name"], Person.unit_code == unit, Person.active).limit(1)
    if lookups.session.scalar(twin):
        raise _refused("/name", f"{row['unit']}已有在任人员“{row['name']}”，请勿重复导入")
    person = people.add_person(
        lookups.session,
        name=row["name"],
        unit_code=unit,
        post=row["post"],
        phone=row["phone"],
        actor=lookups.actor,
        now=lookups.now,
    )
    if row["klass"] is None:
        unused = [key for key in ("body", "duty", "starts_on") if row[key] is not None]
        if unused:
            raise _refused("/klass", "填写了任职情况而没有领导类别，请补填 A 或 B，或删去任职情况")
        return person
    if row["starts_on"] is None:
        raise _refused("/starts_on", "有领导类别的人员须填写任职日期")
    if row["post"] is None:
        raise _refused("/post", "有领导类别的人员须填写职务")
    return people.add_leader(
        lookups.session,
        person_id=person.id,
        klass=row["klass"],
        post=row["post"],
        starts_on=date.fromisoformat(row["starts_on"]),
        body=row["body"],
        unit_code=unit,
        duty=row["duty"],
        portfolio=row["portfolio"],
        actor=lookups.actor,
        now=lookups.now,
    )


# --- Talents ----------------------------------------------------------------------------------------------------------


def _talent_columns(organization: Organization) -> Sequence[Column]:
    return (
        Column("name", "姓名", True, example="李四"),
        Column(
            "category", "人才类别", kind="choice", help="一至四类；与人员类型至少填一项", choices=_turned(CATEGORIES)
        ),
        Column("type", "人员类型", kind="choice", help="五类人员之一", choices=_turned(TYPES)),
        Column("type_reason", "其他人才认定理由", help="人员类型为第五种时填写"),
        Column("employer", "工作单位", True, example="南海某科技有限公司"),
        Column("employer_unit", "主管单位", help="单位名录中的全称或代码"),
        Column("post", "职务", example="首席科学家"),
        Column("phone", "联系电话"),
        Column("email", "电子邮箱"),
        Column("id_tail", "证件号末位", help="身份证件号码最后 4 至 6 位，用于区分同名人员"),
        Column("town", "镇街", kind="choice", choices=_named(organization.towns)),
        Column("in_district", "在我区工作", kind="flag", help="不填为“是”", example="是"),
        Column("recognition", "认定名称"),
        Column("recognition_no", "认定文号"),
        Column("recognized_on", "认定日期", kind="date", example="2023-05-30"),
        Column("recognition_expires_on", "认定有效期至", kind="date", example="2028-05-29"),
        Column("fields", "专业领域", example="半导体材料"),
        Column("platform", "创新平台"),
        Column("contact_person", "单位联系人"),
        Column("contact_phone", "单位联系人电话"),
        Column("works_from", "到岗日期", kind="date"),
        Column("works_until", "离岗日期", kind="date"),
        Column("not_a_duplicate", "确认不重复", kind="flag", help="系统提示疑似重复而确非同一人时填“是”"),
    )


def _talent_values(lookups: Lookups, row: Values) -> dict[str, Any]:
    """The fields of a talent that a row gives, as the registry's commands take them."""
    given = {key: value for key, value in row.items() if key != "not_a_duplicate" and value is not None}
    for key in ("recognized_on", "recognition_expires_on", "works_from", "works_until"):
        if key in given:
            given[key] = date.fromisoformat(given[key])
    if "employer_unit" in given:
        given["employer_unit"] = lookups.unit(given["employer_unit"], "/employer_unit")
    return given


# --- Links ------------------------------------------------------------------------------------------------------------


def _link_columns(_organization: Organization) -> Sequence[Column]:
    return (
        Column("leader", "领导姓名", True, example="王五"),
        Column("leader_post", "领导职务", help="同名或一人多职时填写职务或单位名称，以区分"),
        Column("talent", "联系对象", True, help="人才编号（如 T0001）或姓名", example="T0001"),
        Column("employer", "工作单位", help="人才同名时填写，以区分"),
        Column("reason", "确定原则", True, "choice", choices=_turned(REASONS)),
        Column("note", "说明", help="B 类须说明与本部门业务的关系"),
        Column("starts_on", "开始日期", True, "date", example="2026-01-15"),
    )


def _take_link(lookups: Lookups, row: Values) -> object:
    starts_on = date.fromisoformat(row["starts_on"])
    return propose_link(
        lookups.session,
        leader_id=lookups.leader(row["leader"], row["leader_post"], starts_on).id,
        talent_id=lookups.talent(row["talent"], row["employer"]).id,
        reason=row["reason"],
        note=row["note"],
        starts_on=starts_on,
        actor=lookups.actor,
        now=lookups.now,
    )


# --- Contacts ---------------------------------------------------------------------------------------------------------


def _contact_columns(_organization: Organization) -> Sequence[Column]:
    return (
        Column("leader", "领导姓名", True, example="王五"),
        Column("leader_post", "领导职务", help="同名或一人多职时填写职务或单位名称，以区分"),
        Column("talents", "联系对象", True, "many", help="人才编号或姓名，多人用“、”分开", example="T0001、T0002"),
        Column("held_on", "日期", True, "date", example="2026-03-12"),
        Column("form", "联系形式", True, "choice", choices=_turned(FORMS)),
        Column("topics", "联系内容", True, "many", help="可填多项，用“、”分开", choices=_turned(TOPICS)),
        Column("place", "地点"),
        Column("participants", "参加人员"),
        Column("summary", "情况摘要", True),
        Column("follow_up", "后续事项"),
    )


def _take_contact(lookups: Lookups, row: Values) -> object:
    held_on = date.fromisoformat(row["held_on"])
    return record_contact(
        lookups.session,
        leader_id=lookups.leader(row["leader"], row["leader_post"], held_on).id,
        talent_ids=[lookups.talent(one).id for one in row["talents"]],
        form=row["form"],
        held_on=held_on,
        topics=row["topics"],
        summary=row["summary"],
        place=row["place"],
        participants=row["participants"],
        follow_up=row["follow_up"],
        calendar=calendars.current(lookups.session),
        actor=lookups.actor,
        now=lookups.now,
    )


def _take_talent(lookups: Lookups, row: Values) -> object:
    return talents.add_talent(lookups.session, **_talent_values(lookups, row), actor=lookups.actor, now=lookups.now)


def _take_talents(lookups: Lookups, rows: Sequence[Row]) -> Mapping[int, LiaisonError]:
    refused: dict[int, LiaisonError] = {}
    new: dict[int, NewTalent] = {}
    for row in rows:
        try:
            new[row.number] = NewTalent(_talent_values(lookups, row.values), row.values["not_a_duplicate"] is True)
        except LiaisonError as error:
            refused[row.number] = error
    numbers = list(new)
    added = add_talents(lookups.session, talents=list(new.values()), actor=lookups.actor, now=lookups.now)
    return refused | {numbers[position]: error for position, error in added.refused.items()}


KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("units", "单位", 2_000, _unit_columns, _take_unit, lambda row: row["code"]),
        Kind(
            "people",
            "人员和任职",
            2_000,
            _people_columns,
            _take_person,
            lambda row: (row["name"], row["unit"]),
            titles={"unit_code": "unit"},
        ),
        Kind(
            "talents",
            "高层次人才",
            20_000,
            _talent_columns,
            _take_talent,
            lambda row: (row["name"], row["id_tail"] or row["employer"]),
            batch=500,
            take_all=_take_talents,
        ),
        Kind(
            "links",
            "联系关系",
            2_000,
            _link_columns,
            _take_link,
            lambda row: (row["leader"], row["leader_post"], row["talent"], row["employer"]),
            titles={"leader_id": "leader", "talent_id": "talent"},
        ),
        Kind(
            "contacts",
            "历史联系记录",
            2_000,
            _contact_columns,
            _take_contact,
            lambda row: (row["leader"], str(row["talents"]), row["held_on"], row["form"], row["summary"]),
            titles={"leader_id": "leader", "talent_ids": "talents"},
        ),
    )
}
"""In the order in which a new office imports them: each refers to what those before it hold."""
