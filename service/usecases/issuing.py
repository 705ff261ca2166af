"""发文: papers of cases get their numbers (机关代字〔年〕号), each once, kind by kind without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.config.language import number_in
from service.errors import Conflict
from service.ledger.case_record import Record
from service.ledger.own_papers import templates_of
from service.ledger.step_papers import number_of, step_paper_of
from service.processes.commands import locked_instance
from service.processes.counters import next_value, paper_name
from service.processes.recording import record
from service.processes.visibility import known_only
from service.rights import Actor, require

RIGHT = "number_papers"


@known_only
def number_paper(
    session: Session,
    *,
    instance_id: UUID,
    name: str,
    seq: int,
    formats: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> str:
    """Gives the paper ``name`` of the entry ``seq`` of a case the next number of its kind in this year.

    ``formats`` are those of the settings, by the name of a template. A paper of a step that is taken back later keeps
    its number: none is given twice. Raises NotFound where there is no such paper, NotAllowed, Conflict where it has a
    number already or its kind has no format.
    """
    require(actor, RIGHT)
    instance = locked_instance(session, instance_id)
    course = Record(session, instance_id, actor)
    paper = step_paper_of(course, templates_of(session, instance_id), name, seq, actor)
    if known := number_of(course, name, seq):
        raise Conflict(f"这份文书已经编号：{known}")
    if paper.files:
        raise Conflict("这份文书已经用印，不能再编号")
    taken = taken_number(session, name, paper.name.split()[0], formats, now)
    said = {"paper": name, "of": seq, **taken}
    record(session, instance, kind="numbered", actor=actor, now=now, data=said)
    session.flush()
    return str(taken["number"])


def taken_number(
    session: Session, template: str, title: str, formats: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Takes the next number of a kind of papers in this year, as the journal tells it: ``name``, ``n``, ``number``.

    ``title`` is what people call the papers. Raises Conflict where the kind has no format.
    """
    if (text := formats.get(template)) is None:
        raise Conflict(f"“{title}”没有编号规则，请系统管理员在 config/settings.toml 的 [papers] 里添加 {template}")
    today = clock.local(now).date()
    name = paper_name(template, today.year)
    n = next_value(session, name)
    return {"name": name, "n": n, "number": number_in(text, year=today.year, month=today.month, seq=n, per="")}
