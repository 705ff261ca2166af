"""How people call what a finding is about: by the number of a case, the name of a unit or a person, never by an id."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from service import clock
from service.audit.questions.known import KINDS as RECORDS
from service.audit.tables.called import case_gone, contact_called
from service.audit.tables.registry import FAMILIES, HELD
from service.auth.models import Account
from service.auth.queries import account_names
from service.config.notifications import KINDS
from service.db.failures import is_unreadable
from service.db.raw_rows import rows
from service.errors import DAMAGE
from service.history import HistoryEvent
from service.history.notices import NOTICE, Notice
from service.ids import as_id
from service.people.models import Person, Unit
from service.people.queries import unit_names
from service.processes.called import counter_called
from service.processes.models import Instance
from service.processes.rules import one_line
from service.processes.wiring import wiring

TABLES: Mapping[str, str] = {
    "instance": "事项",
    "user_task": "任务",
    "timer": "定时",
    "copy_to": "抄送",
    "clock_run": "计时记录",
    "case_span": "各日状态",
    "case_text": "检索内容",
    "case_reader": "可见范围",
    "figure_case": "统计的底稿",
    "case_order": "列表排序用的底稿",
    "case_said": "筛选表单内容用的底稿",
    "figure_tally": "统计的合计",
    "figure_within": "统计的分项合计",
    "case_way": "流程图谱的底稿",
    "counter": "编号",
    "definition": "流程版本",
    "definition_file": "流程文件",
    "definition_picture": "流程新图",
    "calendar_version": "工作日历",
    "history_event": "日志",
    "history_head": "链头",
    "seal": "封存",
    "seal_block": "封存的分段",
    "seal_key": "封存密钥",
    "seal_token": "外部签章",
    "kept_content": "草稿内容",
    "access_entry": "访问记录",
    "access_subject": "访问记录的索引",
    "urge": "催办",
    "case_link": "事项之间的关联",
    "figure_due": "统计的待办底稿",
    "seal_offer": "待签章的封存",
    "verified_case": "核验过的事项",
    "verified_notices": "核验过的提醒",
    "verified_seal": "核验过的封存",
    "verified_file": "核验过的附件",
    "staged_file": "待提交的附件",
    "phrase_use": "常用语的使用",
    "former_password": "用过的密码",
    "directory_stamp": "名录的版本",
    "web_session": "登录会话",
    "sign_in_lock": "登录锁定",
    "idempotent_answer": "重复请求的回复",
    "rebuilding": "重建的进度",
    "worker_beat": "后台进程的心跳",
}
"""Tables that have no noun of their own among the rules of records."""

WHOLE: Mapping[str, str] = {
    "database": "数据库",
    "definition": "流程",
    "schedule": "定时开始",
    "access": "账号和登录",
    "search": "检索",
    "figures": "统计",
}
"""Prefixes of streams that are called by their kind, and the database itself."""


def table_names() -> Mapping[str, str]:
    """Table → how people call what it holds."""
    return {**{one.__tablename__: held.noun for one, held in HELD.items()}, **TABLES}


def named(session: Session, stream: str) -> str:
    """The name of the record of a stream: its kind with its id where it is gone; the stream where nothing is known."""
    prefix, _, name = stream.partition(":")
    if prefix == "counter":
        return counter_called(name)
    if prefix in WHOLE:
        return f"{WHOLE[prefix]} {name}".strip()
    if prefix == "notice" and (told := _notice(session, name)) is not None:
        return told
    contact = as_id(name) if prefix == "contact" else None
    if contact is not None and (said := contact_called(session, contact)) is not None:
        return f"联系记录 {said}"
    if prefix not in ("instance", "person") and (noun := RECORDS.get(prefix) or table_names().get(stream)):
        return f"{noun} {_titled(session, prefix, name) or short(name)}".strip()
    if prefix == "unit":
        return f"单位 {session.scalar(select(Unit.name).where(Unit.code == name)) or name}"
    if prefix == "talent":
        return f"人才 {name}"
    try:
        key = UUID(name)
    except ValueError:
        return stream
    if prefix == "person":
        found = session.scalar(select(Person.name).where(Person.id == key))
        return f"人员 {found or name}"
    return _case(session, name, key) if prefix == "instance" else stream


def _case(session: Session, name: str, key: UUID) -> str:
    try:
        row = session.execute(select(Instance.number, Instance.title).where(Instance.id == key)).first()
    except DBAPIError as error:
        if not is_unreadable(error):
            raise
        return f"事项 {name}"
    if row is None:
        return case_gone(session, name)
    return f"事项 {row.number or (f'“{row.title}”' if row.title else _begun(session, key))}"


def _begun(session: Session, key: UUID) -> str:
    """A case that nobody has numbered or entitled yet: by who began it, and when, as its journal says."""
    with suppress(*DAMAGE):
        began = select(HistoryEvent.actor, HistoryEvent.at).where(HistoryEvent.stream == f"instance:{key}")
        row = session.execute(began.order_by(HistoryEvent.seq).limit(1)).first()
        if row is not None:
            by = account_names(session, [row.actor]).get(row.actor, row.actor)
            return f"未编号（{by} {clock.local(row.at):%Y-%m-%d %H:%M} 发起，{short(str(key))}）"
    return f"未编号（{short(str(key))}）"


def _notice(session: Session, name: str) -> str | None:
    """A notice by its kind, its case and step, and to whom it goes, people with their units; None where it is gone."""
    with suppress(*DAMAGE):
        event = session.get(HistoryEvent, int(name)) if name.isdecimal() else None
        if event is None or event.kind != NOTICE:
            return None
        data = Notice.of(event.data)
        to = data.to
        units = unit_names(session, {*(to.units or ()), *([to.unit] if to.unit else [])})
        account, person, unit = Account.username, Person.name, Unit.name
        known = select(account, person, unit).outerjoin(Person, Person.id == Account.person_id)
        known = known.outerjoin(Unit, Unit.code == Person.unit_code).where(account.in_(to.usernames or ()))
        people = [
            f"{called or username}（{of}）" if of else called or username
            for username, called, of in session.execute(known.order_by(account)).all()
        ]
        goal = "、".join([*units.values(), *people]) or (wiring(session).role_name(to.role) if to.role else "")
        parts = [named(session, event.stream)]
        parts += [f"步骤「{one_line(data.step)}」"] if data.step else []
        parts += [f"发给 {goal}"] if goal else []
        return f"提醒“{KINDS.get(data.template, data.template)}”（{'，'.join(parts)}）"
    return None


def short(name: str) -> str:
    """A name that is an id by its beginning; all else as it is."""
    key = as_id(name)
    return f"标识 {str(key)[:8]}…" if key is not None else name


def _titled(session: Session, prefix: str, name: str) -> str | None:
    """The record of a stream as the rule of its table calls it; None where it is gone, or has no table of its own."""
    for held in FAMILIES[prefix].held if prefix in FAMILIES else ():
        owner, keys = held.owner, list(held.model.__table__.primary_key)
        if owner is None or held.through or [owner.key] != [one.name for one in keys]:
            continue
        with suppress(*DAMAGE):
            key = _key(owner.type, name)
            return next((str(held.title(row)) for row in rows(session, held.model, owner == key)), None)
    return None


def _key(kind: TypeEngine[Any], name: str) -> UUID | int | str:
    """A name as the key of a column of ``kind``. Raises ValueError where no such key is spelled so."""
    if isinstance(kind, Uuid):
        return UUID(name)
    if not isinstance(kind, Integer):
        return name
    if str(number := int(name)) != name or number >= 2**63:
        raise ValueError(name)
    return number
