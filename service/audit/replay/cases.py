"""The replay of one case as a reader may see it: the same entries and the same masks as its timeline and journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit.replay.changes import Change, Filled, changes, unseen
from service.audit.replay.course import OPENS, course
from service.audit.replay.fold import ATTACHED, fold
from service.audit.replay.forms import FormSeen, form_seen
from service.audit.replay.readable import readable
from service.audit.replay.steps import NO_STEP, Form, Happened, Told
from service.errors import NotFound
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes import queries
from service.processes.bundles import compiled
from service.processes.calendars import by_digest
from service.processes.course import replayer_of, steps_of
from service.processes.masks import Masks
from service.processes.models import Instance, UserTask
from service.processes.versions import Versions, versions_of
from service.processes.visibility import Seen
from service.rights import SYSTEM, Actor

H = TypeVar("H", bound=Told)


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

    def __init__(
        self,
        session: Session,
        instance: Instance,
        mine: Seen,
        events: Sequence[HistoryEvent],
        shown: Sequence[HistoryEvent],
    ) -> None:
        """``shown`` are those of the ``events`` that the reader sees, in order, masked."""
        self.instance, self.events, self.events_shown = instance, events, shown
        self.versions: Versions = versions_of(session, instance, events)
        self._session, self._mine = session, mine
        self._by_seq = {event.seq: event for event in events}

    @cached_property
    def course(self) -> list[Told]:
        """The steps in order without how the case stood after each: what its page tells. Raises as ``shown``."""
        with readable(self._session, self.instance):
            found = course(self.events, self._definition)
            return [self._told(one) for one in found if self._mine.event(self._by_seq[one.seq])]

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
            if case is not before and raw is not None:
                told = sorted([*told, *unseen(raw, one.case, case, told)], key=lambda change: change.path)
            fields = filled.take(self.versions.at(one.seq), one, told)
            yield Shown(self._as_seen(one, case), told, before, fields)
            before, raw = case, one.case

    def at(self, seq: int | None) -> Shown:
        """The step to which the entry ``seq`` of the journal belongs, the last before it where it is not seen; of none
        the last. Raises NotFound before the first, and after the last entry."""
        fitting = [one for one in self.shown if seq is None or one.step.seq <= seq]
        if not fitting or (seq is not None and seq > self.events[-1].seq):
            raise NotFound(NO_STEP)
        return fitting[-1]

    def form(self, one: Happened) -> FormSeen | None:
        """The form as it lay before who took the step; None where the step has none."""
        if one.form is None:
            return None
        with readable(self._session, self.instance):
            made, calendar = self._definition(one.digest), by_digest(self._session, one.form.calendar)
            entered = self._mine.masks.data(self._entered_with(one.form), one.scope)
            return form_seen(made, one.form, entered, calendar)

    @cached_property
    def _masked(self) -> Mapping[int, HistoryEvent]:
        """The entries that the reader sees, by number."""
        return {event.seq: event for event in self.events_shown}

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

    def _told(self, one: H) -> H:
        """The step with what the reader sees of all that belongs to it."""
        masked, mine = self._masked, self._mine
        told = replace(
            one,
            data=masked[one.seq].data,
            entries=[masked[each.seq] for each in one.entries if each.seq in masked],
            actions=[{**each, **masked[each["seq"]].data} for each in one.actions if each["seq"] in masked],
        )
        if mine.everything:
            return told
        return replace(
            told,
            places={seq: row for seq, row in one.places.items() if mine.scope(row["scope"])},
            entered=[each.task or "" for each in told.entries if each.kind in OPENS],
            due_changes=[each for each in one.due_changes if mine.scope(each.scope)],
            notices=[each for each in one.notices if each.seq in masked],
        )

    def _as_seen(self, one: Happened, case: Mapping[str, Any]) -> Happened:
        mine = self._mine
        form = one.form
        if form is not None:
            typed = None if form.typed is None else mine.masks.data(form.typed, one.scope)
            filled = None if form.filled is None else mine.masks.data(form.filled, one.scope)
            form = replace(form, typed=typed, filled=filled, before=mine.masks.data(form.before, one.scope))
        told = replace(self._told(one), case=case, form=form)
        if mine.everything:
            return told
        return replace(
            told,
            tasks={key: row for key, row in one.tasks.items() if mine.scope(row["scope"])},
            files=[each for each in one.files if each.id not in self._elsewhere],
            timers=[],
            marking=[place for place in one.marking if mine.scope(place[1])],
            passed=[each for each in one.passed if mine.scope(each[1])],
        )

    @cached_property
    def _elsewhere(self) -> frozenset[str]:
        """The files that others handed in, in slots of theirs."""
        added = [one for one in self.events if one.kind == ATTACHED and not self._mine.event(one)]
        return frozenset(str(one.data["id"]) for one in added)


def case_replay(session: Session, instance_id: UUID | str, actor: Actor) -> CaseReplay:
    """The replay of a case for whoever may see it; of a round without what is other units' alone.

    Raises NotFound where the actor may not see the case, Conflict for a damaged journal. A fixed number of statements,
    however long the case.
    """
    instance, mine, events = queries.journal(session, instance_id, actor)
    with readable(session, instance):
        return CaseReplay(session, instance, mine, events, queries.timeline(session, instance_id, actor))


def whole_replay(session: Session, instance: Instance, events: Sequence[HistoryEvent]) -> CaseReplay:
    """The replay of a case with nothing withheld, for its evidence; ``events`` are its whole journal."""
    mine = Seen(Masks(session, instance, SYSTEM))
    return CaseReplay(session, instance, mine, events, mine.events(events))
