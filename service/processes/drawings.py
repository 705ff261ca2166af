"""The drawings of a case: its diagrams with the path so far, also those of versions that it was migrated away from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service.processes.advance import open_tasks as open_rows
from service.processes.bundles import compiled
from service.processes.definitions import shown_digest
from service.processes.models import WAITING, Instance, Timer
from service.processes.queries import timeline, visible
from service.processes.versions import Versions, versions_of
from service.processes.visibility import seen
from service.rights import Actor


@dataclass(frozen=True, slots=True)
class Drawing:
    """One diagram of an instance: its XML, nodes and flows passed in order, and the nodes where tokens stand.

    ``version`` is that of the drawing where the case was migrated away from it, None for the present one.
    """

    process: str
    name: str
    xml: str
    trail: Sequence[Mapping[str, Any]]
    present: Sequence[str]
    version: int | None = None

    @property
    def key(self) -> str:
        """Its id among the drawings of the case."""
        return self.process if self.version is None else f"{self.process}@{self.version}"

    @property
    def title(self) -> str:
        """Its name among the drawings of the case."""
        return self.name if self.version is None else f"{self.name}（原第 {self.version} 版）"


_AWAITED = select(Timer.process, Timer.event).where(
    Timer.instance_id == bindparam("instance"), Timer.status == WAITING, Timer.task_id.is_(None)
)


def drawings(session: Session, instance_id: UUID | str, actor: Actor) -> list[Drawing]:
    """The diagrams of a case with the path so far and the present position; the main process first."""
    instance = visible(session, instance_id, actor)
    shown = shown_digest(session, instance.process, instance.version, instance.digest)
    made, mine = compiled(session, shown, instance.process), seen(session, instance, actor)
    passed: dict[str, list[dict[str, Any]]] = {}
    events = timeline(session, instance_id, actor)  # the path, which they tell whole, is narrowed below
    for event in events:
        if event.kind == "advanced":
            for process, scope, node, source in event.data["passed"]:
                if not mine.scope(scope):
                    continue
                step = {"node": node, "from": source, "scope": scope, "at": event.at.isoformat(), "seq": event.seq}
                passed.setdefault(process, []).append(step)
    present: dict[str, list[str]] = {}
    for task in mine.rows(open_rows(session, instance.id)):
        present.setdefault(task.process, []).append(task.task)
    if mine.everything:  # where nobody's task is open, the token stands at what is waited for
        for process, awaited in session.execute(_AWAITED, {"instance": instance.id}):
            present.setdefault(process, []).append(awaited)
    found = []
    for process, (name, xml) in made.diagrams.items():
        if process == instance.process or process in passed or process in present:
            found.append(Drawing(process, name, xml, passed.get(process, []), sorted(set(present.get(process, [])))))
    found.sort(key=lambda drawing: (drawing.process != made.program.key, drawing.process))
    return [*found, *_earlier(session, instance, versions_of(session, instance, events), passed)]


def _earlier(
    session: Session, instance: Instance, versions: Versions, passed: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[Drawing]:
    """The drawings of the versions that the case was migrated away from, with the path passed on each."""
    ends = [start for start, _, _ in versions.starts[1:]]
    for (start, digest, version), end in zip(versions.starts, ends, strict=False):
        shown = shown_digest(session, instance.process, version, digest)
        drawn = compiled(session, shown, instance.process).diagrams
        for process, steps in passed.items():
            trail = [step for step in steps if start <= step["seq"] < end]
            if trail and process in drawn:
                name, xml = drawn[process]
                yield Drawing(process, name, xml, trail, [], version)
