"""Papers that a process prints by templates of its own (``forms/<process>/print``), of the version of the case.

Every template, the house's too, is given ``case``, ``fields`` and ``steps`` beside what is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.documents import about
from service.errors import NotFound
from service.ledger.case_record import Done, Paper, Record, Then, day
from service.processes.bundles import Compiled, compiled
from service.processes.house_prints import prints_of
from service.processes.models import Instance
from service.processes.rules import one_line
from service.processes.told_fields import words
from service.rights import Actor

HOUSE = frozenset({"common", "sheet", "circular"})
"""Templates that are no papers of a process's own: what all share, and the house's, which a process may replace."""


def own_papers(made: Compiled) -> list[tuple[str, str]]:
    """(name, title) of the papers of a version; the title is the comment on the template's first line."""
    found = []
    for file, content in sorted(made.prints.items()):
        name, _, kind = file.rpartition(".")
        if kind == "typ" and name not in HOUSE and not about(content).each:
            found.append((name, title_of(content) or name))
    return found


def title_of(template: bytes) -> str:
    """The title that a template gives its paper; '' where it gives none."""
    return about(template).title


def templates_of(session: Session, instance_id: UUID, then: Then | None = None) -> Mapping[str, bytes]:
    """The print templates of the version that a case runs on, or ran on ``then``: its own, and those of the house that
    it came with."""
    instance = session.get_one(Instance, instance_id)
    version, digest = (instance.version, instance.digest) if then is None else (then.row["version"], then.row["digest"])
    return prints_of(session, instance.process, version, compiled(session, digest, instance.process))


def own_paper(session: Session, instance_id: UUID, name: str, actor: Actor, then: Then | None = None) -> Paper:
    """The paper ``name`` of a case as it stands, or stood ``then``.

    Raises NotFound where there is none, or ``actor`` may not see the case.
    """
    record = Record(session, instance_id, actor, then)
    title = dict(own_papers(record.made)).get(name)
    if title is None:
        raise NotFound("没有这份打印件")
    instance = record.instance
    return Paper(given(record, actor), record.last_at, f"{title} {instance.number or instance.title or ''}".strip())


def given(record: Record, actor: Actor, until: int | None = None) -> dict[str, Any]:
    """``case``, ``fields``, ``steps`` and ``waiting`` of a case, as ``actor`` may see them.

    ``until`` an entry of the journal: the steps up to it, and none that wait.
    """
    teller = _Teller(record, actor, until)
    done = [one for one in record.done() if until is None or one.event.seq <= until]
    steps = [teller.step(one) for one in done]
    return {
        "case": teller.case(),
        "fields": teller.results() | {one["id"]: one for step in steps if not step["slot"] for one in step["fields"]},
        "steps": steps,
        "waiting": list(teller.waiting()) if until is None else [],
    }


def told_step(record: Record, actor: Actor, one: Done) -> dict[str, Any]:
    """A completed step as ``given`` tells it."""
    return _Teller(record, actor, None).step(one)


class _Teller:
    def __init__(self, record: Record, actor: Actor, until: int | None) -> None:
        self._record, self._actor, self._until = record, actor, until

    def case(self) -> dict[str, str]:
        instance = self._record.instance
        return {
            "number": instance.number or "",
            "title": instance.title or "",
            "process": str(self._record.made.program.spec.description or instance.process),
            "started_on": day(instance.started_at),
            "ended_on": day(instance.ended_at),
            "end": one_line(instance.end_name),
            "starter": self._record.person(instance.initiator),
            "unit": self._record.unit(instance.initiator_unit),
        }

    def step(self, one: Done) -> dict[str, Any]:
        said = one.event.data
        unit = one.entered.data["unit"]
        return {
            "id": one.step,
            "name": one_line(one.entered.data["name"]),
            "stage": one.entered.data["stage"] or "",
            "slot": one.entered.data["slot"] or "",
            "unit": unit or "",
            "unit_name": self._record.unit(unit),
            "sign": self._record.sign(one.event),
            "on": day(one.event.at),
            "due": day(said.get("due_on"), provisional=one.provisional),
            "late_days": said.get("late_days") or 0,
            "fields": self._record.told(one),
        }

    def results(self) -> dict[str, dict[str, Any]]:
        """The results of service tasks that are kept under a name: numbers, values that were set."""
        record = self._record
        shown = record.shown(self._actor)
        found: dict[str, dict[str, Any]] = {}
        for step in record.steps:
            for action in step.actions if self._until is None or step.event.seq <= self._until else ():
                name = str(action.data["variable"])
                value = shown.get(name)
                if action.data["scope"] or isinstance(value, dict) or value is None:
                    continue
                label = record.made.program.names.get((record.made.program.key, action.task or ""), name)
                found[name] = {
                    "id": name,
                    "title": one_line(label),
                    "value": value,
                    "words": words({}, value, self._record.named),
                }
        return found

    def waiting(self) -> Iterator[dict[str, Any]]:
        """The open steps."""
        for row in self._record.waiting():
            if any(event.task == str(row.id) for event in self._record.events):  # of a round, those that are seen
                yield {
                    "id": row.task,
                    "name": one_line(row.name),
                    "unit_name": self._record.unit(row.unit),
                    "due": day(row.due_on, provisional=row.due_provisional),
                }
