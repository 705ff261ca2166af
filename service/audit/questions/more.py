"""Further columns of questions about the journal: of moved dates, of returned steps, of versions of processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from service.audit.questions.journal import Event
from service.audit.questions.known import Known
from service.audit.questions.words import detail, word
from service.history import HistoryEvent
from service.ids import as_id
from service.ledger.case_record import PRINTED
from service.processes.models import Definition, DefinitionFile, UserTask
from service.processes.rules import one_line
from service.studio.difference import compare

CHANGES_TOLD = 6
"""Changes of a version that are told; of more the number is."""


def dates(session: Session, events: Sequence[Event], _known: Known) -> Mapping[int, Mapping[str, Any]]:
    """Of moved dates: the step, the date before and after, and the notice that moved it; one statement."""
    ids = [key for one in events if one.task and (key := as_id(one.task)) is not None]
    names: dict[str, str] = {}
    if ids:
        for key, name in session.execute(select(UserTask.id, UserTask.name).where(UserTask.id.in_(ids))):
            names[str(key)] = one_line(name)
    return {
        one.id: {
            "step": names.get(one.task or "", ""),
            "before": day(one.data.get("old_due_on")),
            "after": day(one.data.get("due_on")),
            "detail": str(one.data.get("notice") or one.data.get("source") or ""),
        }
        for one in events
    }


def returns(session: Session, events: Sequence[Event], _known: Known) -> Mapping[int, Mapping[str, Any]]:
    """Of returned steps (退回): to which step, before the rest of the detail; one statement."""
    targets = {
        one.id: (case, str(one.data.get("target")))
        for one in events
        if one.kind == "returned" and (case := as_id(one.stream.partition(":")[2])) is not None
    }
    if not targets:
        return {}
    asked = select(UserTask.instance_id, UserTask.task, UserTask.name)
    asked = asked.where(UserTask.instance_id.in_({case for case, _ in targets.values()}))
    names = {
        (case, task): one_line(name)
        for case, task, name in session.execute(asked.where(UserTask.task.in_({task for _, task in targets.values()})))
    }
    return {
        one.id: {"detail": f"退回到「{names[targets[one.id]]}」；{told}".rstrip("；")}
        for one in events
        if targets.get(one.id) in names
        for told in [detail(one.kind, one.stream, one.data, str)]
    }


def prints(session: Session, events: Sequence[Event], _known: Known) -> Mapping[int, Mapping[str, Any]]:
    """Of printed papers of cases: as of which step, with a link to that step's replay; one statement."""
    # an address of before was journaled as it was typed: nothing was printed as of a later entry
    asked = {
        one.id: (one.stream, max(0, min(int(one.data.get("as_of") or one.seq), one.seq)))
        for one in events
        if one.kind == PRINTED
    }
    past = {one.id: asked[one.id] for one in events if one.kind == PRINTED and one.data.get("as_of")}
    names: dict[tuple[str, int], str] = {}
    if past:
        query = select(HistoryEvent.stream, HistoryEvent.seq, HistoryEvent.kind, HistoryEvent.data).where(
            HistoryEvent.stream.in_({stream for stream, _ in past.values()}),
            HistoryEvent.seq.in_({seq for _, seq in past.values()}),
        )
        for stream, seq, kind, data in session.execute(query):
            names[stream, seq] = (
                f"“{word(kind)}{one_line(data.get('name'))}”" if data.get("name") else f"“{word(kind)}”"
            )
    found = {}
    for one in (one for one in events if one.kind == PRINTED):
        place = asked[one.id]
        case = one.stream.partition(":")[2]
        as_of = (
            f"第 {place[1]} 条{names.get(place, '')}之后的样子"
            if one.id in past
            else f"打印时（第 {one.seq} 条）的样子"
        )
        told = detail(one.kind, one.stream, one.data, str)
        about = {"about": ("case", case)} if as_id(case) is not None else {}
        found[one.id] = {
            "detail": f"{told}；印的是{as_of}",
            "links": {**about, "what": ("step", f"{case}@{place[1]}")},
        }
    return found


def day(value: Any) -> date | None:
    """A day of the journal."""
    return date.fromisoformat(value) if isinstance(value, str) and value else None


def versions(session: Session, events: Sequence[Event], known: Known) -> Mapping[int, Mapping[str, Any]]:
    """Of deployed versions: number, note, second person, and what differs from the version before; two statements."""
    deployed = [one for one in events if one.kind == "deployed"]
    pairs = {(one.stream.partition(":")[2], int(one.data.get("version", 0))) for one in deployed}
    wanted = {(key, version - back) for key, version in pairs for back in (0, 1) if version > back}
    digests: dict[tuple[str, int], str] = {}
    if wanted:
        query = select(Definition.key, Definition.version, Definition.digest).where(
            or_(*(and_(Definition.key == key, Definition.version == version) for key, version in sorted(wanted)))
        )
        digests = {(key, version): digest for key, version, digest in session.execute(query)}
    files: dict[str, dict[str, bytes]] = {}
    if digests:
        kept = select(DefinitionFile.digest, DefinitionFile.name, DefinitionFile.content)
        for digest, name, content in session.execute(kept.where(DefinitionFile.digest.in_(set(digests.values())))):
            files.setdefault(digest, {})[name] = content
    found = {}
    for one in deployed:
        key, version = one.stream.partition(":")[2], int(one.data.get("version", 0))
        now, before = digests.get((key, version)), digests.get((key, version - 1))
        told = "第一版" if version == 1 else ""
        if now is not None and before is not None:
            told = _difference(_Bundle(before, files.get(before, {})), _Bundle(now, files.get(now, {})))
        found[one.id] = {
            "version": version or None,
            "detail": str(one.data.get("note") or ""),
            "second": known.person(one.data.get("approved_by")),
            "changes": told,
        }
    return found


class _Bundle:
    """The files of a version, told from others by their digest."""

    def __init__(self, digest: str, files: Mapping[str, bytes]) -> None:
        self.digest, self.files = digest, files

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bundle) and other.digest == self.digest


@lru_cache(maxsize=200)
def _difference(before: _Bundle, after: _Bundle) -> str:
    if before == after:
        return "与上一版相同"
    changes = compare(before.files, after.files).lines
    told = "；".join(changes[:CHANGES_TOLD])
    return f"{told}；另有 {len(changes) - CHANGES_TOLD} 处" if len(changes) > CHANGES_TOLD else told
