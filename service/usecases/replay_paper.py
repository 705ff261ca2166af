"""The whole course of a case on paper: every step of its replay, as the reader sees it, and at each what is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.audit.evidence.telling import words
from service.audit.replay import case_replay
from service.auth.queries import account_names
from service.documents import Draft
from service.documents.templates import COMMON, TEMPLATE_FOLDER
from service.processes.bundles import compiled
from service.processes.definitions import name_of
from service.processes.rules import numbered
from service.rights import Actor

REPLAY = "replay"
"""The name of its template, and of the paper in the journal."""
_STANDING, _FILES = "当前步骤", "附件"


def replay_draft(session: Session, instance_id: UUID, reader: Actor) -> tuple[Draft, str, int]:
    """The paper ready to be made, its name, and the last entry of the journal that it tells of. Raises NotFound."""
    found = case_replay(session, instance_id, reader)
    case, name = found.instance, account_names(session, [reader.username])
    told = words(session, found)
    now = clock.now()
    called = f"{numbered(case.number, case.process)} {case.title}".strip()
    facts = {
        "受理编号": case.number or "",
        "事项": case.title,
        "流程": name_of(compiled(session, case.digest, case.process)),
        "流程版本": "、".join(
            f"第 {version} 版（自第 {seq} 条）" if seq else f"第 {version} 版"
            for seq, _, version in found.versions.starts
        ),
        "发起": clock.written(clock.local(case.started_at).date()),
        "结束": clock.written(clock.local(case.ended_at).date()) if case.ended_at is not None else "办理中",
    }
    data = {
        "title": "办理过程",
        "facts": [{"name": key, "value": value} for key, value in facts.items() if value],
        "note": f"“{_STANDING}”只在与前一步不同时列出，“{_FILES}”只列前一步没有或已变动的。",
        "steps": [_step(number, one) for number, one in enumerate(_news(told), 1)],
        "printed": f"{name.get(reader.username, reader.username)} {clock.local(now):%Y-%m-%d %H:%M} 打印",
    }
    sources = {one: (TEMPLATE_FOLDER / one).read_bytes() for one in (f"{REPLAY}.typ", COMMON)}
    return Draft(sources, REPLAY, data, now), f"{called} 办理过程", found.shown[-1].step.last


def _news(told: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The steps without what stands of the one before: the open steps only where they are others, of the files those
    that are new or changed. A long case that lists all again at each step would be longer than a document may be."""
    before: dict[str, list[list[str]]] = {}
    for one in told:
        now = {head: rows for head, rows in one["parts"] if head in (_STANDING, _FILES)}
        files = [row for row in now.get(_FILES, ()) if row not in before.get(_FILES, ())]
        parts = [[head, files if head == _FILES else rows] for head, rows in one["parts"]]
        same = now.get(_STANDING) == before.get(_STANDING)
        yield {**one, "parts": [[head, rows] for head, rows in parts if rows and not (same and head == _STANDING)]}
        before = now


def _step(number: int, one: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: one[name] for name in ("seq", "at", "who", "what", "off")}
    return {**said, "number": number, "parts": [{"heading": head, "rows": rows} for head, rows in one["parts"]]}
