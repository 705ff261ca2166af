"""How people call what a finding is about: by the number of a case, the name of a unit or a person, never by an id."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit.questions.known import KINDS
from service.audit.tables.registry import HELD
from service.people.models import Person, Unit
from service.processes.models import Instance

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
    "figure_tally": "统计的合计",
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
}
"""Tables that have no noun of their own among the rules of records."""

WHOLE: Mapping[str, str] = {
    "database": "数据库",
    "definition": "流程",
    "schedule": "定时开始",
    "counter": "编号",
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
    if prefix in WHOLE:
        return f"{WHOLE[prefix]} {name}".strip()
    if prefix not in ("instance", "person") and (noun := KINDS.get(prefix) or table_names().get(stream)):
        return f"{noun} {name}".strip()
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
    if prefix != "instance":
        return stream
    row = session.execute(select(Instance.number, Instance.title).where(Instance.id == key)).first()
    return f"事项 {row.number or f'“{row.title}”'}" if row is not None else f"事项 {name}"
