"""The demonstration's people: nobody in it exists. Reproducible: the same ids at every build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from service import auth, liaisons, people, talents
from service.errors import Conflict
from service.people import find_unit
from service.rights import LIAISON, SYSTEM

PASSWORD = "zhilian-demo-2026"
"""Of every demonstration account; production refuses to start with such accounts."""

SPACE = UUID("6f1f3c1e-5a0b-4f5e-9d39-2b1f0a6f2018")
SINCE = date(2026, 1, 1)
"""Since when the demonstration's people hold their posts, unless its cases begin before."""


@dataclass(frozen=True, slots=True)
class Served:
    """A talent as a case needs it (联系对象)."""

    id: str
    name: str
    employer: str
    town: str
    leader_id: str


# (user name, name, unit, post, roles with the unit they are for)
AccountEntry = tuple[str, str, str, str, tuple[tuple[str, str | None], ...]]
ACCOUNTS: tuple[AccountEntry, ...] = (
    ("office", "梁文韬", "talent_office", "区人才办副主任", (("talent_office", None),)),
    ("liaison-hrss", "何静怡", "hrss", "联络员", (("liaison", "hrss"),)),
    ("office-2", "岳听澜", "talent_office", "区人才办科员", (("talent_office", None),)),
    ("liaison-district_office", "尹知秋", "district_office", "联络员", (("liaison", "district_office"),)),
    ("liaison-cppcc_office", "傅青岚", "cppcc_office", "联络员", (("liaison", "cppcc_office"),)),
    ("liaison-sci", "施云帆", "sci", "联络员", (("liaison", "sci"),)),
    ("handler-hrss", "冯启明", "hrss", "人才服务科科长", (("responsible_unit", "hrss"),)),
    ("handler-hrss-2", "卢思远", "hrss", "人才服务科科员", (("responsible_unit", "hrss"),)),
    ("handler-edu", "谭雅文", "edu", "基础教育科科长", (("responsible_unit", "edu"),)),
    ("handler-edu-2", "温以宁", "edu", "基础教育科科员", (("responsible_unit", "edu"),)),
    ("deputy-edu", "殷若溪", "edu", "学生资助科科长", ()),
    ("handler-housing", "黎志航", "housing", "住房保障科科长", (("responsible_unit", "housing"),)),
    ("handler-health", "苏婉晴", "health", "医政科科长", (("responsible_unit", "health"),)),
    ("handler-guicheng", "关子昂", "guicheng", "人才服务中心主任", (("responsible_unit", "guicheng"),)),
    ("leader", "陈砚秋", "district_office", "副区长", (("leader", None),)),
    ("auditor", "麦知行", "finance", "审计员", (("auditor", None),)),
    ("owner", "潘思齐", "organization", "流程管理员", (("owner", None),)),
    ("admin", "区若谷", "organization", "系统管理员", (("admin", None),)),
    ("security", "柳知微", "organization", "安全管理员", (("security", None),)),
)

# further handlers, so that every unit that a need may be dispatched to has somebody
_MORE: tuple[tuple[str, str], ...] = (
    ("jiujiang", "岑乐山"),
    ("xiqiao", "霍临川"),
    ("danzao", "邓听雨"),
    ("shishan", "罗景行"),
    ("dali", "简若水"),
    ("lishui", "叶怀瑾"),
    ("sci", "郭望舒"),
    ("finance", "邹明远"),
    ("police", "严守正"),
    ("hitech", "闻人月"),
    ("fintech", "梅疏影"),
)

# (name, category, type, employer, post, town, leader's place in _LEADERS)
_TALENTS: tuple[tuple[str, int | None, int | None, str, str, str, int], ...] = (
    ("周慕白", 1, 1, "岭南先进材料研究院", "首席科学家", "guicheng", 0),
    ("沈清越", 1, 2, "南海智能制造实验室", "实验室主任", "shishan", 1),
    ("顾长风", 2, 2, "珠江氢能动力有限公司", "总工程师", "danzao", 0),
    ("林栖梧", 2, 3, "佛山千灯光电科技有限公司", "研发总监", "guicheng", 0),
    ("方亦舟", 2, 3, "华南生物医药产业园", "创新团队负责人", "lishui", 1),
    ("江照野", 3, 3, "广工大数控装备协同创新研究院", "教授级高工", "shishan", 2),
    ("许南乔", 3, 4, "南海区人民医院", "学科带头人", "guicheng", 0),
    ("秦砚书", 3, 4, "岭南职业技术学院", "重点学科带头人", "xiqiao", 2),
    ("杜若飞", 4, 5, "西樵纺织新材料有限公司", "技术副总", "xiqiao", 1),
    ("唐知微", 4, 5, "九江酒业工程技术中心", "首席酿造师", "jiujiang", 2),
    ("陆星沉", 3, 3, "大沥有色金属研究所", "所长", "dali", 1),
    ("白听澜", 4, 5, "里水花卉育种中心", "育种专家", "lishui", 2),
    ("宋怀瑾", 2, 2, "粤港澳机器人学院", "特聘教授", "shishan", 0),
    ("叶归舟", 3, 3, "千灯湖金融科技研究院", "首席经济学家", "guicheng", 1),
    ("孟扶摇", 4, 5, "丹灶仙湖实验室", "青年研究员", "danzao", 2),
)

_LEADERS: tuple[tuple[str, str, str, str], ...] = (
    ("leader", "government", "副区长", "district_office"),
    ("程望津", "party_committee", "区委常委", "district_office"),
    ("温如故", "conference", "区政协副主席", "cppcc_office"),
)


def build_organization(session: Session, *, password_hash: str, now: datetime, since: date = SINCE) -> list[str]:
    """Persons, accounts, roles, leaders, liaisons and talents of the demonstration; units must be there.

    Posts and roles hold from ``since`` on; all accounts have the same password (``PASSWORD``), hashed once and before
    the transaction, because that is slow on purpose. Gives the user names. Raises Conflict where there is one already.
    """
    if auth.find_account(session, "office") is not None:
        raise Conflict("演示数据已经存在")
    names = []
    for username, name, unit, post, grants in accounts():
        if find_unit(session, unit) is None:
            continue
        _account(session, username, name, unit, post, grants, password_hash, since, now)
        if username.startswith("liaison-"):
            person_id = derived("person", username)
            people.name_liaison(session, unit_code=unit, person_id=person_id, starts_on=since, actor=SYSTEM, now=now)
        names.append(username)
    leaders = [_leader(session, *entry, since, now) for entry in _LEADERS]
    for place, (name, category, kind, employer, post, town, leader) in enumerate(_TALENTS, start=1):
        talents.add_talent(
            session,
            talent_id=f"T{place:04d}",
            confirm_duplicate=True,
            name=name,
            category=category,
            type=kind,
            type_reason="本行业业务骨干，经主管部门推荐" if kind == 5 else None,
            employer=employer,
            post=post,
            town=town,
            phone=f"0757-0000{place:04d}",  # no subscriber's number begins with 0
            actor=SYSTEM,
            now=now,
        )
        liaisons.propose_link(
            session,
            link_id=derived("link", f"{place}"),
            leader_id=leaders[leader],
            talent_id=f"T{place:04d}",
            reason="known",
            starts_on=since,
            actor=SYSTEM,
            now=now,
        )
    return names


def accounts() -> tuple[AccountEntry, ...]:
    """Every account of the demonstration: ``ACCOUNTS``, and a handler for each further unit that handles needs."""
    more = ((f"handler-{unit}", name, unit, "人才工作经办人", (("responsible_unit", unit),)) for unit, name in _MORE)
    return (*ACCOUNTS, *more)


def served() -> Iterator[Served]:
    """The demonstration's talents, with the leader who serves each."""
    for place, (name, _, _, employer, _, town, leader) in enumerate(_TALENTS, start=1):
        yield Served(f"T{place:04d}", name, employer, town, str(derived("leader", _LEADERS[leader][0])))


def derived(kind: str, name: str) -> UUID:
    """The id that the demonstration gives to something of this name."""
    return uuid5(SPACE, f"{kind}:{name}")


def _account(
    session: Session,
    username: str,
    name: str,
    unit: str,
    post: str,
    grants: tuple[tuple[str, str | None], ...],
    password: str,
    since: date,
    now: datetime,
) -> None:
    person = people.add_person(
        session,
        person_id=derived("person", username),
        name=name,
        unit_code=unit,
        post=post,
        actor=SYSTEM,
        now=now,
    )
    account = auth.add_user(session, username=username, person_id=person.id, demo=True, actor=SYSTEM, now=now)
    account.password_hash = password
    session.flush()  # before a role is granted: that reads the account anew
    for role, bound in grants:
        if role == LIAISON:
            continue  # the directory gives it to whom it names, and takes it back with the office
        auth.grant_role(session, username=username, role=role, unit_code=bound, starts_on=since, actor=SYSTEM, now=now)


def _leader(session: Session, who: str, body: str, post: str, office: str, since: date, now: datetime) -> UUID:
    person_id = derived("person", who)
    if people.find_person(session, person_id) is None:
        people.add_person(session, person_id=person_id, name=who, unit_code=office, post=post, actor=SYSTEM, now=now)
    leader = people.add_leader(
        session,
        person_id=person_id,
        klass="A",
        body=body,
        post=post,
        unit_code=office,
        starts_on=since,
        leader_id=derived("leader", who),
        actor=SYSTEM,
        now=now,
    )
    liaisons.set_service_team(
        session,
        leader_id=leader.id,
        head_id=person_id,
        liaison_id=derived("person", f"liaison-{office}"),
        members=[{"person_id": derived("person", "office")}],
        starts_on=since,
        actor=SYSTEM,
        now=now,
    )
    return leader.id
