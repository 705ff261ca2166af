"""Print templates of a draft: what a template may name, and the data of a paper that is looked at before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import documents
from service.checks.bundle import Bundle
from service.checks.prints import for_paper, sample_of
from service.errors import NotFound
from service.ledger.case_record import Record
from service.ledger.circulars import circular_of, circulars_of
from service.ledger.own_papers import given, title_of
from service.ledger.sheet import sheet_of
from service.ledger.step_papers import step_paper_of, step_papers
from service.processes.filters import CaseFilter
from service.processes.models import COMPLETED, Instance
from service.processes.queries import cases
from service.rights import Actor
from service.studio.written import Written, WrittenRecord

Json = dict[str, Any]

FOLDER = "print/"
HOUSE: Mapping[str, str] = {"sheet": "需求处理单", "circular": "通报"}
"""Papers of the house that a process may print by a template of its own."""
CASE: Mapping[str, str] = {
    "number": "编号",
    "title": "标题",
    "process": "流程的名称",
    "started_on": "开始的日期",
    "ended_on": "结束的日期",
    "end": "怎样结束的",
    "starter": "发起人",
    "unit": "发起人的单位",
}
STEP: Mapping[str, str] = {
    "name": "步骤的名称",
    "unit_name": "办理的单位",
    "on": "办完的日期",
    "due": "期限",
    "late_days": "超期几个工作日",
    "sign": "签字（sign.name 姓名、sign.on 日期）",
    "fields": "填写的内容，各有 title、words",
}
MOST_CASES = 20


def templates(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of the print templates by name, those of the house for what the draft does not replace."""
    own = {name.removeprefix(FOLDER): content for name, content in files.items() if name.startswith(FOLDER)}
    house = {name: content for name, content in documents.house_templates().items() if name != documents.SHARED}
    return {**house, **own}


def title(name: str, content: bytes) -> str:
    """The name by which people know a template."""
    return HOUSE.get(name) or title_of(content) or name


def names_for(bundle: Bundle) -> Json:
    """``{fields, steps}``: what a template may name, each ``{id, title}``; fields also say of which form they are."""
    data = sample_of(bundle)
    forms = {
        name: str(form.schema.get("title") or form.name) if isinstance(form.schema, dict) else form.name
        for form in bundle.forms.values()
        for name in form.fields
    }
    return {
        "fields": [
            {"id": name, "title": str(one["title"]), "of": forms.get(name, "")} for name, one in data["fields"].items()
        ],
        "steps": [{"id": str(one["id"]), "title": str(one["name"]), "of": ""} for one in data["steps"]],
    }


def sample_data(bundle: Bundle, name: str, template: bytes) -> Json:
    """The data of a made-up case in which all was filled in."""
    return for_paper(sample_of(bundle), name, template)


def finished(session: Session, process: str, actor: Actor) -> list[Instance]:
    """The newest finished cases of the process that ``actor`` may see."""
    found = cases(session, actor, filters=CaseFilter(process=process, status=COMPLETED), limit=MOST_CASES)
    return list(found.items)


def case_numbered(session: Session, process: str, number: str, actor: Actor) -> UUID:
    """The case of the process with a number, where ``actor`` may see it. Raises NotFound."""
    found = cases(session, actor, filters=CaseFilter(process=process, number=number), limit=1)
    if not found.items:
        raise NotFound(f"没有编号为 {number} 的事项，或者您不能查看")
    return found.items[0].id


def case_data(
    session: Session,
    process: str,
    instance_id: UUID,
    name: str,
    actor: Actor,
    templates: Mapping[str, bytes] | None = None,
) -> Json:
    """The data of a real case as the paper ``name`` gets them, as ``actor`` may see it. Raises NotFound, Conflict."""
    record = Record(session, instance_id, actor)
    if record.instance.process != process:
        raise NotFound("没有这件事项")
    return _data(record, name, actor, templates or {})


def rehearsed_data(
    session: Session, rehearsal: Written, name: str, actor: Actor, templates: Mapping[str, bytes] | None = None
) -> Json:
    """The data of a rehearsed case as the paper ``name`` gets them: made as those of a real one, of its journal.

    Raises NotFound, Conflict.
    """
    data = _data(WrittenRecord(session, rehearsal), name, actor, templates or {})
    if "person" in data:  # the talent of a scenario is nobody
        data["person"] = documents.SAMPLES.get(name, documents.OF_A_STEP)["person"]
    return data


def _data(record: Record, name: str, actor: Actor, templates: Mapping[str, bytes]) -> Json:
    if documents.about(templates.get(f"{name}.typ", b"")).each:
        found = [one for one in step_papers(record, templates) if one.name == name]
        if not found:
            raise NotFound("这件事项还没有办过出这份文书的步骤")
        return dict(step_paper_of(record, templates, name, found[-1].seq, actor).data)
    if name == "sheet":
        return dict(sheet_of(record, actor).data)
    if name == "circular":
        if not (issued := circulars_of(record)):
            raise NotFound("这件事项没有发过通报")
        return dict(circular_of(record, issued[0].n, actor).data)
    return given(record, actor)
