"""The replay of one case as a reader may see it: the same entries and the same masks as its timeline and journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.audit.replay.changes import Change, Filled, changes
from service.audit.replay.fold import ATTACHED, fold
from service.audit.replay.forms import FormSeen, form_seen
from service.audit.replay.readable import readable
from service.audit.replay.steps import Form, Happened
from service.errors import NotFound
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes import queries
from service.processes.bundles import compiled
from service.processes.calendars import by_digest
from service.processes.course import replayer_of, steps_of
from service.processes.masks import Masks
from service.processes.models import Instance, UserTask
from service.processes.recording import stream_of
from service.processes.versions import Versions, versions_of
from service.processes.visibility import Seen, seen
from service.rights import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as the reader sees it, and what it changed in the data of the case, which were ``before``.

    ``filled`` has the fields by which the changed values were filled in, by path.
    """

    step: Happened
    changes: Sequence[Change]
    before: Mapping[str, Any]
    filled: Mapping[str, Mapping[str, Any]]


class CaseReplay:
    """A case step by step. ``shown`` are the steps that the reader sees, the first is its start."""

    def __init__(self, session: Session, instance: Instance, mine: Seen, events: Sequence[HistoryEvent]) -> None:
        self.instance, self.events = instance, events
        self.versions: Versions = versions_of(session, instance, events)
        self._session, self._mine = session, mine
        self._by_seq = {event.seq: event for event in events}

    @cached_property
    def shown(self) -> list[Shown]:
        """The steps in order, each with what changed since the one before it. Raises Conflict for a damaged journal."""
        with readable(self._session, self.instance):
            return list(self._shown())

    def _shown(self) -> Iterator[Shown]:
        before: Mapping[str, Any] = {}
        raw: Mapping[str, Any] | None = None
        filled = Filled()
        for one in fold(self.instance.id, self.events, self._definition):
            if not self._mine.event(self._by_seq[one.seq]):
                continue
            case = before if one.case is raw else self._mine.data(one.case)
            told = list(changes(before, case))
            fields = filled.take(self.versions.at(one.seq), one, told)
            yield Shown(self._as_seen(one, case), told, before, fields)
            before, raw = case, one.case

    def at(self, seq: int | None) -> Shown:
        """The step to which the entry ``seq`` of the journal belongs, the last before it where it is not seen; of none
        the last. Raises NotFound before the first."""
        fitting = [one for one in self.shown if seq is None or one.step.seq <= seq]
        if not fitting:
            raise NotFound("没有这一步，或您无权查看")
        return fitting[-1]

    def form(self, one: Happened) -> FormSeen | None:
        """The form as it lay before who took the step; None where the step has none."""
        if one.form is None:
            return None
        with readable(self._session, self.instance):
            made, calendar = self._definition(one.digest), by_digest(self._session, one.form.calendar)
            entered = self._mine.masks.data(self._entered_with(one.form), one.scope)
            return form_seen(made, one.form, entered, calendar)

    def events_shown(self) -> list[HistoryEvent]:
        """The entries of the journal that the reader sees, as the timeline tells them."""
        return self._mine.events(self.events)

    def _definition(self, digest: str) -> Any:
        return compiled(self._session, digest, self.instance.process)

    def _entered_with(self, form: Form) -> Mapping[str, Any]:
        """The data of the case as its task was given them. The row keeps those of the last time that it came up: of a
        task that came up twice, after a step before it was taken back, the case is run again up to there."""
        times = [one for one in self.events if one.kind == fx.ENTERED and one.task == form.task]
        row = self._rows.get(form.task)
        if row is not None and (len(times) == 1 or row.entered_seq == form.entered):
            return row.data
        steps = steps_of(self.events)
        until = [step for step in steps if step.event.seq <= form.entered]
        landing = replayer_of(self._session, self.instance, steps[0].event).run(until).landing
        opened = landing.open_tasks.get(form.task) if landing is not None else None
        return opened.data if opened is not None else {}

    @cached_property
    def _rows(self) -> Mapping[str, UserTask]:
        """The tasks of the case, by id."""
        rows = self._session.scalars(select(UserTask).where(UserTask.instance_id == self.instance.id))
        return {str(row.id): row for row in rows}

    def _as_seen(self, one: Happened, case: Mapping[str, Any]) -> Happened:
        mine = self._mine
        masked = mine.masks.event(self._by_seq[one.seq]).data
        form = one.form
        if form is not None:
            typed = None if form.typed is None else mine.masks.data(form.typed, one.scope)
            filled = None if form.filled is None else mine.masks.data(form.filled, one.scope)
            form = replace(form, typed=typed, filled=filled, before=mine.masks.data(form.before, one.scope))
        told = replace(one, data=masked, case=case, form=form)
        told = replace(told, actions=[self._answer(action) for action in told.actions])
        if mine.everything:
            return told
        tasks = {key: row for key, row in one.tasks.items() if mine.scope(row["scope"])}
        return replace(
            told,
            tasks=tasks,
            files=[each for each in one.files if each.id not in self._elsewhere],
            timers=[],
            marking=[place for place in one.marking if mine.scope(place[1])],
            passed=[each for each in one.passed if mine.scope(each[1])],
            entered=[key for key in one.entered if key in tasks],
            actions=[each for each in told.actions if mine.scope(each["scope"])],
            due_changes=[each for each in one.due_changes if mine.scope(each.scope)],
            notices=[each for each in one.notices if mine.event(self._by_seq[each.seq])],
        )

    @cached_property
    def _elsewhere(self) -> frozenset[str]:
        """The files that others handed in, in slots of theirs."""
        added = [one for one in self.events if one.kind == ATTACHED and not self._mine.event(one)]
        return frozenset(str(one.data["id"]) for one in added)

    def _answer(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of an action, masked like all that stands in its slot."""
        return {**action, **self._mine.masks.data({"result": action["result"]}, action["scope"])}


def case_replay(session: Session, instance_id: UUID | str, actor: Actor) -> CaseReplay:
    """The replay of a case for whoever may see it; of a round without what is other units' alone.

    Raises NotFound where the actor may not see the case, Conflict for a damaged journal. A fixed number of statements,
    however long the case.
    """
    instance = queries.visible(session, instance_id, actor)
    events = history.stream_events(session, stream_of(instance.id))
    with readable(session, instance):
        return CaseReplay(session, instance, seen(session, instance, actor), events)


def whole_replay(session: Session, instance: Instance, events: Sequence[HistoryEvent]) -> CaseReplay:
    """The replay of a case with nothing withheld, for its evidence; ``events`` are its whole journal."""
    return CaseReplay(session, instance, Seen(Masks(session, instance, SYSTEM)), events)
