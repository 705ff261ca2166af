"""How people call what an answer is about: names of accounts, cases, talents, people; each kind in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.access_log import note_shown
from service.audit.models import Acknowledgement
from service.auth.models import Account
from service.auth.queries import account_names
from service.contacts.models import Contact
from service.errors import Finding, Invalid, NotFound
from service.ids import as_id
from service.jobs import KEY as JOBS
from service.jobs import Job
from service.people.models import Leader, Person, Unit
from service.processes.instances import case_id
from service.processes.models import Definition, Instance
from service.processes.recording import stream_of
from service.processes.rules import numbered
from service.processes.standing import behalf_names
from service.processes.wiring import wiring
from service.rights import SERVICE_NAMES
from service.talents.models import Talent

KINDS: Mapping[str, str] = {
    "access": "账号和权限",
    "access_log": "访问记录",
    "calendar": "工作日历",
    "configuration": "系统设置",
    "counter": "编号",
    "handed_out": "导出和打印",
    "incident": "异常",
    "draft": "流程草稿",
    "job": "后台任务",
    "import": "批量导入",
    "report": "半年报告",
    "brief": "专报",
    "roster": "名单",
    "activity": "活动",
    "matter": "单位事项",
    "team": "人才团队",
    "schedule": "定时启动",
    "notice": "提醒",
    "digest": "每日汇总",
    "seals": "封存",
    "contact": "联系记录",
    "demonstration": "演示数据",
    "baseline": "升级补记",
    "verification": "核验",
    "acknowledgement": "核验确认",
    "ledger_view": "台账视图",
    "policy": "政策变化",
}
"""Prefix of a stream → how people call its record, where no better name is known."""

ACKNOWLEDGEMENT = "acknowledgement"
NOTED = ("instance", "talent")
"""Prefixes of the records of which is noted who saw what: an answer names them without loading them."""

Link = tuple[str, str]


class Known:
    """The names of one answer, learnt in a fixed number of statements."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people: dict[str, str] = dict(SERVICE_NAMES)
        self._streams: dict[str, tuple[str, Link | None]] = {}
        self._units: dict[str, str] = {}

    def learn(self, usernames: Iterable[str | None], streams: Iterable[str], units: Iterable[str | None] = ()) -> Known:
        """Fetches the names of these accounts, records and units."""
        wanted = {one for one in usernames if one} - self._people.keys()
        self._people |= account_names(self._session, {one for one in wanted if ":" not in one})
        self._people |= behalf_names(self._session, wanted)
        codes = {one for one in units if one}
        if codes:
            found = select(Unit.code, Unit.name).where(Unit.code.in_(codes))
            self._units |= dict(self._session.execute(found).all())
        asked = list(streams)
        by_prefix = _by_prefix(asked)
        doubtful = self._doubtful(by_prefix[ACKNOWLEDGEMENT]) if ACKNOWLEDGEMENT in by_prefix else {}
        by_prefix = _by_prefix([*asked, *(stream for stream, _ in doubtful.values())]) if doubtful else by_prefix
        for prefix, find in (
            ("instance", self._cases),
            ("talent", self._talents),
            ("person", self._persons),
            ("leader", self._leaders),
            ("unit", self._of_units),
            ("contact", self._contacts),
            ("definition", self._definitions),
            ("job", self._jobs),
        ):
            if names := by_prefix.get(prefix):
                find(names)
        note_shown(*(f"{prefix}:{name}" for prefix in NOTED for name in sorted(by_prefix.get(prefix, ()))))
        for key, (stream, seq) in doubtful.items():
            called, link = self.record(stream)
            self._streams[f"{ACKNOWLEDGEMENT}:{key}"] = f"{KINDS[ACKNOWLEDGEMENT]}：{called} 第 {seq} 条", link
        return self

    def person(self, username: str | None) -> str:
        """The name behind a sign-in name, with it."""
        if not username:
            return ""
        name = self._people.get(username, "")
        return (
            name
            if not name or name == username or username in SERVICE_NAMES or ":" in username
            else f"{name}（{username}）"
        )

    def unit(self, code: str | None) -> str:
        """The name of a unit."""
        return self._units.get(code or "", code or "")

    def record(self, stream: str) -> tuple[str, Link | None]:
        """How people call the record of a stream, and where its page is."""
        found = self._streams.get(stream)
        if found is not None:
            return found
        prefix, _, name = stream.partition(":")
        if prefix == "role":
            return wiring(self._session).role_name(name) or name, None
        if prefix == "job_kind":
            kind = self._session.info.get(JOBS, {}).get(name)
            return kind.title if kind is not None else name, None
        if prefix == "account":
            return self.person(name) or name, None
        return KINDS.get(prefix, "其他记录"), None

    def _cases(self, names: set[str]) -> None:
        query = select(Instance.id, Instance.number, Instance.process, Instance.title)
        query = query.where(Instance.id.in_(_ids(names)))
        for key, number, process, title in self._session.execute(query):
            said = f"{numbered(number, process)} {title}".strip()
            self._streams[stream_of(key)] = said, ("case", str(key))

    def _talents(self, names: set[str]) -> None:
        for key, name in self._session.execute(select(Talent.id, Talent.name).where(Talent.id.in_(names))):
            self._streams[f"talent:{key}"] = f"{name}（{key}）", ("talent", key)

    def _persons(self, names: set[str]) -> None:
        for key, name in self._session.execute(select(Person.id, Person.name).where(Person.id.in_(_ids(names)))):
            self._streams[f"person:{key}"] = name, ("person", str(key))

    def _leaders(self, names: set[str]) -> None:
        query = select(Leader.id, Person.name, Leader.post).join(Person, Person.id == Leader.person_id)
        for key, name, post in self._session.execute(query.where(Leader.id.in_(_ids(names)))):
            self._streams[f"leader:{key}"] = f"{name}（{post}）", None

    def _of_units(self, names: set[str]) -> None:
        for code, name in self._session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(names))):
            self._streams[f"unit:{code}"] = name, None

    def _contacts(self, names: set[str]) -> None:
        query = select(Contact.id, Contact.held_on, Person.name).join(Leader, Leader.id == Contact.leader_id)
        query = query.join(Person, Person.id == Leader.person_id).where(Contact.id.in_(_ids(names)))
        for key, day, name in self._session.execute(query):
            self._streams[f"contact:{key}"] = f"{name} {day.isoformat()} 的联系记录", ("contact", str(key))

    def _jobs(self, names: set[str]) -> None:
        for key, kind in self._session.execute(select(Job.id, Job.kind).where(Job.id.in_(_ids(names)))):
            self._streams[f"job:{key}"] = f"后台任务“{self.record(f'job_kind:{kind}')[0]}”", None

    def _doubtful(self, names: set[str]) -> dict[str, tuple[str, int]]:
        """Acknowledgement → the entry that it is about: its stream and number."""
        query = select(Acknowledgement.id, Acknowledgement.stream, Acknowledgement.seq)
        found = self._session.execute(query.where(Acknowledgement.id.in_(_ids(names))))
        return {str(key): (stream, seq) for key, stream, seq in found}

    def _definitions(self, names: set[str]) -> None:
        newest = (
            select(Definition.key, func.max(Definition.version).label("version")).group_by(Definition.key).subquery()
        )
        query = select(Definition.key, Definition.name).join(
            newest, (newest.c.key == Definition.key) & (newest.c.version == Definition.version)
        )
        for key, name in self._session.execute(query.where(Definition.key.in_(names))):
            self._streams[f"definition:{key}"] = f"流程“{name}”", None


def _by_prefix(streams: Iterable[str]) -> dict[str, set[str]]:
    """The kind of record → the names of those that the streams tell of."""
    found: dict[str, set[str]] = {}
    for stream in streams:
        prefix, _, name = stream.partition(":")
        found.setdefault(prefix, set()).add(name)
    return found


def _ids(names: Iterable[str]) -> list[UUID]:
    return [key for name in names if (key := as_id(name)) is not None]


def the_case(session: Session, written: str) -> UUID:
    """The case that a filter names by its number. Raises Invalid at the filter."""
    try:
        return case_id(session, written)
    except NotFound as error:
        raise Invalid(
            "不能这样查询", [Finding("/case", f"{error.message}，请写完整的编号，如 2026-需-0001")]
        ) from error


def the_talents(session: Session, written: str) -> list[str]:
    """The ids of the talents that a filter names, by id or name. Raises Invalid at the filter."""
    found = list(session.scalars(select(Talent.id).where(or_(Talent.id == written, Talent.name == written))))
    if not found:
        raise Invalid("不能这样查询", [Finding("/talent", f"没有叫“{written}”的人才，请写全名或编号")])
    return found


def the_unit(session: Session, written: str) -> str:
    """The code of the unit that a filter names, by code or name. Raises Invalid at the filter."""
    found = session.scalars(select(Unit.code).where(or_(Unit.code == written, Unit.name == written))).first()
    if found is None:
        raise Invalid("不能这样查询", [Finding("/unit", f"没有叫“{written}”的单位，请从列表中选择")])
    return found


def the_people(session: Session, written: str) -> list[str]:
    """The sign-in names that a filter names, by sign-in name or name. Raises Invalid at the filter."""
    if written in SERVICE_NAMES:
        return [written]
    by_name = [key for key, name in SERVICE_NAMES.items() if name == written]
    query = select(Account.username).outerjoin(Person, Person.id == Account.person_id)
    found = list(session.scalars(query.where(or_(Account.username == written, Person.name == written))))
    if not found and not by_name:
        raise Invalid("不能这样查询", [Finding("/person", f"没有叫“{written}”的账号，请写姓名或用户名")])
    return [*by_name, *found]
