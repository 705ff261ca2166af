"""The masks of one case for one reader: whose talents its slots are about, and what of these may not be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth.queries import acting_for
from service.history import HistoryEvent
from service.processes.models import Instance, UserTask
from service.processes.versions import find_versions
from service.processes.wiring import wiring
from service.rights import Actor


class Masks:
    """Asks the database only where something private stands, and for each talent once."""

    def __init__(self, session: Session, instance: Instance, reader: Actor) -> None:
        self._session, self._instance, self._reader = session, instance, reader
        self._private = wiring(session).private
        self._readers: list[Actor] | None = None
        self._marked: Mapping[str, str] | None = None
        self._places: tuple[dict[str, str], dict[str, str]] | None = None
        self._withheld: dict[str | None, frozenset[str]] = {}

    def data(self, data: Mapping[str, Any], scope: str = "") -> dict[str, Any]:
        """Data of the case, or of the slot ``scope``, as the reader may see them."""
        marked = self._marks()
        if not self._private.holds(data, marked):
            return dict(data)
        withheld = self._of(self._talent(scope))
        return dict(self._private.shown(data, withheld, marked)) if withheld else dict(data)

    def event(self, event: HistoryEvent) -> HistoryEvent:
        """An entry of the case's journal; a masked one is a copy that no session knows."""
        if not self._private.holds(event.data, self._marks()):
            return event
        scope = str(event.data.get("scope") or "") or self._slots()[0].get(event.task or "", "")
        shown = self.data(event.data, scope)
        if shown == event.data:
            return event
        columns = [column.key for column in HistoryEvent.__mapper__.columns]
        return HistoryEvent(**{**{name: getattr(event, name) for name in columns}, "data": shown})

    def _marks(self) -> Mapping[str, str]:
        if self._marked is None:
            versions = find_versions(self._session, self._instance)  # what one of them marks as private stays so
            marks = [versions.at(start).private for start, _, _ in versions.starts]
            self._marked = {name: kind for each in marks for name, kind in each.items()}
        return self._marked

    def _talent(self, scope: str) -> str | None:
        return self._slots()[1].get(scope, self._instance.talent_id) if scope else self._instance.talent_id

    def _slots(self) -> tuple[dict[str, str], dict[str, str]]:
        """Task → its slot, and slot → the talent whom it is about; one statement."""
        if self._places is None:
            talent = UserTask.data["talent_id"].as_string()
            query = select(UserTask.id, UserTask.scope, talent).where(UserTask.instance_id == self._instance.id)
            rows = self._session.execute(query).all()
            about = {scope: talent_id for _, scope, talent_id in rows if scope and talent_id}
            self._places = {str(task_id): scope for task_id, scope, _ in rows}, about
        return self._places

    def _of(self, talent_id: str | None) -> frozenset[str]:
        """The parts of the talent's data that are withheld from the reader, also as a substitute."""
        if talent_id not in self._withheld:
            if self._readers is None:
                self._readers = [self._reader, *acting_for(self._session, self._reader, clock.today())]
            ask = wiring(self._session).withheld
            kinds = [ask(self._session, one, talent_id) for one in self._readers]
            self._withheld[talent_id] = frozenset.intersection(*kinds)
        return self._withheld[talent_id]
